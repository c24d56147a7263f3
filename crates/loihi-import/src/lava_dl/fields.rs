//! The fields of a layer of a `.net` file, with their ranges.

use loihi_core::image::Profile;
use loihi_core::num::{Delay, ThresholdMantissa};
use loihi_files::npz::Array;
use loihi_hdf5::H5Item;
use loihi_net::network::{Each, size};
use loihi_nir::import::NodeError;
use std::ops::RangeInclusive;

/// A layer.
pub(super) struct LavaLayer<'f> {
    pub(super) number: usize,
    /// As in the file: `layer/3`.
    pub(super) name: String,
    pub(super) kind: String,
    /// Empty if the file does not say.
    pub(super) shape: Vec<usize>,
    pub(super) neuron: Option<&'f H5Item>,
    fields: &'f H5Item,
    /// What of it is taken for something else, which ends the import unless that is allowed.
    pub(super) unsupported: Vec<String>,
}

/// The only element of an array, or the first of several equal ones.
pub(super) fn single(item: &H5Item) -> Option<f64> {
    let H5Item::Array(array) = item else { return None };
    let values = array.real();
    values.first().copied().filter(|first| values.iter().all(|value| value.total_cmp(first).is_eq()))
}

/// The nearest integer, if 32 bits hold it.
pub(super) fn rounded(value: f64) -> Option<i32> {
    #[expect(clippy::cast_possible_truncation, reason = "in range")]
    (value.abs() < f64::from(i32::MAX)).then(|| value.round() as i32)
}

/// A shape without the extents of 1 after the first.
pub(super) fn squeezed(shape: &[usize]) -> Vec<usize> {
    if shape.iter().filter(|extent| **extent != 1).count() <= 1 { vec![size(shape)] } else { shape.to_vec() }
}

/// The value of each neuron of a population, from one for all, one a channel, or one a neuron.
fn by_neuron(values: &[f64], shape: &[usize]) -> Option<Vec<f64>> {
    let (elements, channels) = (size(shape), shape.first().copied().unwrap_or(1));
    let repeats = match values.len() {
        1 => elements,
        own if own == elements => 1,
        own if own == channels => elements / channels,
        _ => return None,
    };
    Some(values.iter().flat_map(|value| std::iter::repeat_n(*value, repeats)).collect())
}

/// Channels, height and width.
pub(super) fn planes(shape: &[usize]) -> Option<[usize; 3]> {
    match *shape {
        [width] => Some([1, 1, width]),
        [channels, width] => Some([channels, 1, width]),
        [channels, height, width] => Some([channels, height, width]),
        _ => None,
    }
}

impl<'f> LavaLayer<'f> {
    pub(super) fn new(number: usize, fields: &'f H5Item) -> Result<Self, NodeError> {
        let name = format!("layer/{number}");
        let needed = [Some(fields), fields.get("type"), fields.get("neuron")];
        if let Some(reason) = needed.into_iter().flatten().find_map(H5Item::unread) {
            return Err(NodeError::at(&name, reason));
        }
        let kind = match fields.get("type") {
            Some(H5Item::Text { words, .. }) => words.first().cloned().unwrap_or_default(),
            _ => return Err(NodeError::at(&name, "it has no `type`")),
        };
        let (shape, neuron, unsupported) = (Vec::new(), fields.get("neuron"), Vec::new());
        let mut layer = Self { number, name, kind, shape, neuron, fields, unsupported };
        if let Some(values) = layer.whole("shape")? {
            let extents: Option<Vec<usize>> = values.iter().map(|extent| usize::try_from(*extent).ok()).collect();
            let valid = extents.filter(|extents| (1..=1 << 24).contains(&size(extents)));
            layer.shape = valid.ok_or_else(|| layer.invalid(format!("invalid shape {values:?}")))?;
        }
        Ok(layer)
    }

    pub(super) fn invalid(&self, what: impl Into<String>) -> NodeError {
        NodeError::at(&self.name, what)
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.fields.get(field).is_some()
    }

    /// Whether a shape in the file, if there is one, has this many elements.
    pub(super) fn expect_elements(&self, elements: usize) -> Result<(), NodeError> {
        if self.shape.is_empty() || size(&self.shape) == elements {
            return Ok(());
        }
        Err(self.invalid(format!("its shape is {:?}, but it gives {elements} elements", self.shape)))
    }

    fn array(&self, field: &str) -> Result<Option<&'f Array>, NodeError> {
        match self.fields.get(field) {
            None => Ok(None),
            Some(H5Item::Array(array)) => {
                let valid = array.real().iter().all(|value| value.is_finite());
                if valid {
                    Ok(Some(array))
                } else {
                    Err(self.invalid(format!("`{field}` has values that are not numbers")))
                }
            }
            Some(other) => {
                Err(self.invalid(format!("`{field}`: {}", other.unread().unwrap_or("it is not an array of numbers"))))
            }
        }
    }

    fn whole(&self, field: &str) -> Result<Option<Vec<i64>>, NodeError> {
        let Some(array) = self.array(field)? else { return Ok(None) };
        let whole = array.whole().ok_or_else(|| self.invalid(format!("`{field}` has values that are not whole")))?;
        Ok(Some(whole))
    }

    /// A single number.
    pub(super) fn number(&self, field: &str) -> Result<Option<f64>, NodeError> {
        if self.array(field)?.is_none() {
            return Ok(None);
        }
        let number = self.fields.get(field).and_then(single);
        Ok(Some(number.ok_or_else(|| self.invalid(format!("`{field}` is not a single number")))?))
    }

    /// Vertical and horizontal, or one number for both.
    pub(super) fn pair(&self, field: &str, default: usize) -> Result<[usize; 2], NodeError> {
        let Some(values) = self.whole(field)? else { return Ok([default; 2]) };
        let values: Option<Vec<usize>> = values.iter().map(|value| usize::try_from(*value).ok()).collect();
        match values.as_deref() {
            Some([both]) => Ok([*both; 2]),
            Some([vertical, horizontal] | [vertical, horizontal, _]) => Ok([*vertical, *horizontal]),
            _ => Err(self.invalid(format!("`{field}` is not two numbers of 0 or more"))),
        }
    }

    /// Weight mantissas and their extents.
    pub(super) fn weights(&self, field: &str) -> Result<(Vec<i16>, Vec<usize>), NodeError> {
        let array = self.array(field)?.ok_or_else(|| self.invalid(format!("it has no `{field}`")))?;
        let whole = self.whole(field)?.unwrap_or_default();
        let mantissa = |weight: &i64| i16::try_from(*weight).ok().filter(|weight| (-256..=255).contains(weight));
        let mantissas: Option<Vec<i16>> = whole.iter().map(mantissa).collect();
        let mantissas =
            mantissas.ok_or_else(|| self.invalid("a weight is beyond -256 to 255, the chip's mantissas"))?;
        Ok((mantissas, array.shape().to_vec()))
    }

    /// The bias of each element of a population, in units of 64; nothing if all are 0 or missing.
    pub(super) fn biases(&self, shape: &[usize]) -> Result<Option<Vec<f64>>, NodeError> {
        let Some(array) = self.array("bias")? else { return Ok(None) };
        let values = array.real();
        let biases = by_neuron(&values, shape).ok_or_else(|| {
            let (elements, channels) = (size(shape), shape.first().copied().unwrap_or(1));
            self.invalid(format!("{} biases do not fit {elements} neurons in {channels} channels", values.len()))
        })?;
        Ok(biases.iter().any(|bias| *bias != 0.0).then_some(biases))
    }

    /// The delay of each spike of a layer.
    pub(super) fn delays(&mut self, elements: usize) -> Result<Option<Vec<Delay>>, NodeError> {
        let Some(array) = self.array("delay")? else { return Ok(None) };
        let mut values: Vec<f64> = array.real();
        if let [same] = *values {
            values = vec![same; elements];
        }
        if values.len() != elements {
            return Err(self.invalid(format!("{} delays do not fit {elements} neurons", values.len())));
        }
        // Training keeps fractions; what it computes with is the whole steps in them.
        #[expect(clippy::cast_possible_truncation, reason = "in range")]
        let delay = |value: &f64| Delay::saturating(value.floor().clamp(0.0, 62.0) as i32);
        if let Some(beyond) = values.iter().find(|value| !(0.0..63.0).contains(*value)) {
            self.unsupported.push(format!("a delay of {beyond} steps, but the chip has 0 to 62: held to them"));
        }
        Ok(Some(values.iter().map(delay).collect()))
    }

    /// A register that all of its neurons share.
    pub(super) fn register(&self, field: &str, default: i32, range: RangeInclusive<i32>) -> Result<i32, NodeError> {
        let Some(item) = self.neuron.and_then(|neuron| neuron.get(field)) else { return Ok(default) };
        let value = single(item).ok_or_else(|| {
            let why = item.unread().unwrap_or("it is not a single number");
            self.invalid(format!("`neuron/{field}`: {why}"))
        })?;
        self.within(field, value, &range)
    }

    /// A register of its neurons: one for all, one a channel, or one a neuron.
    fn registers(
        &self,
        field: &str,
        default: i32,
        range: RangeInclusive<i32>,
        shape: &[usize],
    ) -> Result<Each<i32>, NodeError> {
        let item = self.neuron.and_then(|neuron| neuron.get(field));
        let Some(H5Item::Array(array)) = item.filter(|item| single(item).is_none()) else {
            return self.register(field, default, range).map(Each::Same);
        };
        let values = array.real();
        let values = by_neuron(&values, shape).ok_or_else(|| {
            let (elements, channels) = (size(shape), shape.first().copied().unwrap_or(1));
            let found = values.len();
            self.invalid(format!(
                "{found} values of `neuron/{field}` do not fit {elements} neurons in {channels} channels"
            ))
        })?;
        Ok(Each::of(values.into_iter().map(|value| self.within(field, value, &range)).collect::<Result<_, _>>()?))
    }

    fn within(&self, field: &str, value: f64, range: &RangeInclusive<i32>) -> Result<i32, NodeError> {
        let valid = value.fract() == 0.0 && (f64::from(*range.start())..=f64::from(*range.end())).contains(&value);
        #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
        let held = valid.then_some(value as i32);
        held.ok_or_else(|| self.invalid(format!("`neuron/{field}` is {value}, the chip has {range:?}")))
    }

    /// The registers of its neurons.
    pub(super) fn profiles(&mut self, shape: &[usize]) -> Result<Each<Profile>, NodeError> {
        let kind = self.neuron.and_then(|neuron| neuron.get("type"));
        let kind = match kind {
            Some(H5Item::Text { words, .. }) => words.first().map_or("", String::as_str),
            _ => "",
        };
        if !matches!(kind, "CUBA" | "LOIHI") {
            let what = format!("neurons of type `{kind}` are taken for CUBA");
            self.unsupported.push(what);
        }
        if self.register("gradedSpike", 0, 0..=1)? != 0 {
            self.unsupported.push("the values that its spikes carry (`gradedSpike`) are left out".to_owned());
        }
        let decay_u = self.registers("iDecay", 4096, 0..=4096, shape)?;
        let decay_v = self.registers("vDecay", 0, 0..=4096, shape)?;
        let v_th = self.registers("vThMant", 0, 0..=ThresholdMantissa::MAX, shape)?;
        let refractory = self.registers("refDelay", 1, 1..=64, shape)?;
        let at = |neuron: usize| {
            Some(Profile {
                decay_u: *decay_u.get(neuron)?,
                decay_v: *decay_v.get(neuron)?,
                v_th: *v_th.get(neuron)? << 6,
                refractory: *refractory.get(neuron)?,
                ..Profile::DEFAULT
            })
        };
        let shared = [&decay_u, &decay_v, &v_th, &refractory].iter().all(|each| matches!(each, Each::Same(_)));
        let neurons = if shared { 1 } else { size(shape) };
        Ok(Each::of((0..neurons).filter_map(at).collect()))
    }
}
