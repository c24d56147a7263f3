//! Connections of the TOML form.

use super::drawn::Draws;
use super::form::{ConnectionForm, LearningForm, TraceForm, WeightsKind};
use super::values::{Numbers, WeightsForm, array, is_rows};
use super::{InvalidValue, population_of};
use crate::network::conv::planes;
use crate::network::{
    Connection, Conv2d, Each, Endpoint, Learning, Network, Pool2d, SYNAPSES_MAX, Signs, SparseSynapse, TraceShape,
    Weights, size,
};
use loihi_core::num::{Delay, WeightExponent};
use std::ops::Range;
use std::path::Path;
use toml::Spanned;

/// The connection of a table.
pub(super) fn connection(network: &Network, form: &ConnectionForm, folder: &Path) -> Result<Connection, InvalidValue> {
    if let Some((key, span)) = form.without_effect() {
        let what = format!("`{key}` has no meaning for this `kind` of connection");
        return Err(InvalidValue::new(span, what));
    }
    let from = network.find(form.from.get_ref()).ok_or_else(|| {
        let inputs = network.inputs.iter().map(|input| input.name.as_str());
        let names: Vec<&str> = inputs.chain(network.populations.iter().map(|own| own.name.as_str())).collect();
        let what = format!("unknown input or population `{}`; there are: {}", form.from.get_ref(), names.join(", "));
        InvalidValue::new(form.from.span(), what)
    })?;
    let to = population_of(network, &form.to)?;
    let signs = form.signs.map_or(Signs::Mixed, Into::into);
    let wgt_exp = form.wgt_exp.as_ref().map_or(Ok(WeightExponent::saturating(0)), |form| {
        let value = i32::try_from(*form.get_ref()).unwrap_or(i32::MAX);
        WeightExponent::new(value).map_err(|error| InvalidValue::new(form.span(), error.to_string()))
    })?;
    let ends = [network.shape_of(from), network.shape_of(Endpoint::Population(to))];
    let is_recurrent = from == Endpoint::Population(to);
    let seed = [network.seed, u32::try_from(network.connections.len()).unwrap_or(u32::MAX)];
    Ok(Connection {
        compartment: form.compartment.unwrap_or(0),
        weights: weights(form, folder, ends, signs, is_recurrent, seed)?,
        wgt_exp,
        signs,
        weight_bits: form.weight_bits.as_ref().map_or(8, |bits| *bits.get_ref()),
        delay: delay(form.delay.as_ref(), folder)?,
        learning: form.learning.as_ref().map(|form| learning(form.get_ref())).transpose()?,
        ..Connection::new(from, Endpoint::Population(to), Weights::Dense(Vec::new()))
    })
}

/// What is given, or the default.
fn own<T: Copy>(form: Option<&Spanned<T>>, default: T) -> T {
    form.map_or(default, |form| *form.get_ref())
}

/// Weights of the kind; `seed` is the network's and the connection's number.
fn weights(
    form: &ConnectionForm,
    folder: &Path,
    [source, to]: [&[usize]; 2],
    signs: Signs,
    is_recurrent: bool,
    seed: [u32; 2],
) -> Result<Weights, InvalidValue> {
    let span = form.weights.span();
    let invalid = |what: String| InvalidValue::new(span.clone(), what);
    let draws = Draws {
        seed: seed[0],
        number: seed[1],
        sources: size(source),
        is_recurrent,
        step: if signs == Signs::Mixed { 2 } else { 1 },
        limits: [-256, 255],
        what: "weights",
    };
    let elements = |wanted: usize| -> Result<(Vec<usize>, Vec<i16>), InvalidValue> {
        if wanted > SYNAPSES_MAX {
            return Err(invalid(format!("{wanted} synapses, but a connection can have {SYNAPSES_MAX}")));
        }
        let mantissa =
            |value: &i64| i16::try_from(*value).map_err(|_| invalid(format!("a weight of {value}: at most 255")));
        let (shape, values) = match form.weights.get_ref() {
            WeightsForm::One(value) => return Ok((vec![wanted], vec![mantissa(value)?; wanted])),
            WeightsForm::Drawn(from) => return Ok((vec![wanted], draws.weights(wanted, *from, &span)?)),
            WeightsForm::Many(shape, values) => (shape.clone(), values.clone()),
            WeightsForm::Text(text) => array(&Spanned::new(span.clone(), text.clone()), folder)?,
        };
        Ok((shape, values.iter().map(mantissa).collect::<Result<_, _>>()?))
    };
    match form.kind.unwrap_or(WeightsKind::Dense) {
        WeightsKind::Dense => {
            let (sources, neurons) = (size(source), size(to));
            if let WeightsForm::Drawn(from) = form.weights.get_ref()
                && from.density.is_some()
            {
                return Ok(draws.compressed([1, neurons, sources], *from, &span)?.into());
            }
            let (shape, weights) = elements(sources.saturating_mul(neurons))?;
            let one_for_all = matches!(form.weights.get_ref(), WeightsForm::One(_) | WeightsForm::Drawn(_));
            if !one_for_all && !is_rows(&shape, neurons, sources) {
                let turned = if is_rows(&shape, sources, neurons) { ": transpose them" } else { "" };
                return Err(invalid(format!(
                    "weights of shape {shape:?}, but {neurons} neurons with a row of {sources} sources each take \
                     [{neurons}, {sources}]{turned}"
                )));
            }
            Ok(Weights::Dense(weights))
        }
        WeightsKind::OneToOne => Ok(Weights::OneToOne(Each::of(elements(size(to))?.1))),
        WeightsKind::Conv2d => {
            let (shape, weights) = kernels(form, [source, to], &elements)?;
            let shape: [usize; 4] = match *shape {
                [outputs, inputs, height, width] => [outputs, inputs, height, width],
                [outputs, inputs, width] => [outputs, inputs, 1, width],
                _ => {
                    return Err(invalid(format!(
                        "a convolution takes weights [outputs, inputs, height, width], not {shape:?}"
                    )));
                }
            };
            Ok(Weights::Conv2d(Conv2d {
                weights,
                shape,
                stride: own(form.stride.as_ref(), [1, 1]),
                padding: own(form.padding.as_ref(), [0, 0]),
                dilation: own(form.dilation.as_ref(), [1, 1]),
                groups: own(form.groups.as_ref(), 1),
            }))
        }
        WeightsKind::Pool2d => {
            let (WeightsForm::One(weight), Some(kernel)) = (form.weights.get_ref(), &form.kernel) else {
                return Err(invalid("a pool takes one weight, and `kernel = [height, width]`".to_owned()));
            };
            let weight = i16::try_from(*weight).map_err(|_| invalid(format!("a weight of {weight}: at most 255")))?;
            let kernel = *kernel.get_ref();
            let stride = own(form.stride.as_ref(), kernel);
            // A shape without planes is found by the check of the network.
            let _planes = planes(source);
            Ok(Weights::Pool2d(Pool2d { kernel, stride, padding: own(form.padding.as_ref(), [0, 0]), weight }))
        }
        WeightsKind::Sparse => sparse_of(form.weights.get_ref(), folder, &span),
        WeightsKind::Rows => {
            let [rows, of_population] = [source, to].map(|shape| shape.first().copied().unwrap_or(0));
            if rows != of_population || rows == 0 {
                return Err(invalid(format!(
                    "row to row takes as many rows in the source ({rows}) as in the population ({of_population})"
                )));
            }
            let [sources, neurons] = [source, to].map(|shape| size(shape) / rows);
            if let WeightsForm::Drawn(from) = form.weights.get_ref() {
                return Ok(draws.compressed([rows, neurons, sources], *from, &span)?.into());
            }
            let wanted = size(to).saturating_mul(sources);
            let (_, weights) = elements(wanted)?;
            if weights.len() != wanted {
                let found = weights.len();
                return Err(invalid(format!("{found} weights, but rows of {sources} to {neurons} take {wanted}")));
            }
            Ok(Weights::Sparse(row_to_row(&weights, sources, neurons)))
        }
    }
}

/// Kernels of a convolution between these shapes, whose weights `elements` reads or draws.
fn kernels(
    form: &ConnectionForm,
    ends: [&[usize]; 2],
    elements: &dyn Fn(usize) -> Result<(Vec<usize>, Vec<i16>), InvalidValue>,
) -> Result<(Vec<usize>, Vec<i16>), InvalidValue> {
    if matches!(form.weights.get_ref(), WeightsForm::Drawn(_)) {
        return drawn_kernels(form, ends, elements);
    }
    if let Some(kernel) = &form.kernel {
        let what = "`kernel` of a convolution is for weights that are drawn: others have its extents";
        return Err(InvalidValue::new(kernel.span(), what));
    }
    elements(0)
}

/// Kernels of a convolution between these shapes whose weights `elements` draws.
fn drawn_kernels(
    form: &ConnectionForm,
    [source, to]: [&[usize]; 2],
    elements: &dyn Fn(usize) -> Result<(Vec<usize>, Vec<i16>), InvalidValue>,
) -> Result<(Vec<usize>, Vec<i16>), InvalidValue> {
    let invalid = |what: &str| InvalidValue::new(form.weights.span(), what);
    let [height, width] = own(form.kernel.as_ref(), [0, 0]);
    if height == 0 || width == 0 {
        return Err(invalid("a convolution whose weights are drawn takes `kernel = [rows, columns]`, of 1 or more"));
    }
    let (from, to) =
        planes(source).zip(planes(to)).ok_or_else(|| invalid("a convolution takes planes at both ends"))?;
    let shape = vec![to[0], from[0] / own(form.groups.as_ref(), 1).max(1), height, width];
    let (_, weights) = elements(shape.iter().copied().fold(1, usize::saturating_mul))?;
    Ok((shape, weights))
}

/// Every source of a row to every neuron of the row of the same number; weights are a row a neuron.
fn row_to_row(weights: &[i16], sources: usize, neurons: usize) -> Vec<SparseSynapse> {
    let synapse = |(at, weight): (usize, &i16)| {
        let (neuron, source) = (at / sources, at % sources);
        SparseSynapse { source: neuron / neurons * sources + source, neuron, weight: *weight, delay: 0 }
    };
    let mut synapses: Vec<SparseSynapse> = weights.iter().enumerate().map(synapse).collect();
    synapses.sort_unstable();
    synapses
}

/// Synapses of a list, or of an array in a file.
fn sparse_of(form: &WeightsForm, folder: &Path, span: &Range<usize>) -> Result<Weights, InvalidValue> {
    let (shape, values) = match form {
        WeightsForm::Many(shape, values) => (shape.clone(), values.clone()),
        WeightsForm::Text(text) => array(&Spanned::new(span.clone(), text.clone()), folder)?,
        WeightsForm::One(_) | WeightsForm::Drawn(_) => {
            let what = "sparse weights are rows of source, neuron, weight, and delay";
            return Err(InvalidValue::new(span.clone(), what));
        }
    };
    sparse(&shape, &values, span)
}

/// Rows of source, neuron, weight, and if there are four, delay.
fn sparse(shape: &[usize], values: &[i64], span: &Range<usize>) -> Result<Weights, InvalidValue> {
    let &[_, columns @ (3 | 4)] = shape else {
        let what = format!("sparse weights are rows of source, neuron, weight, and delay, not {shape:?}");
        return Err(InvalidValue::new(span.clone(), what));
    };
    let row = |row: &[i64]| {
        let &[source, neuron, weight, ref delay @ ..] = row else { return None };
        Some(SparseSynapse {
            source: usize::try_from(source).ok()?,
            neuron: usize::try_from(neuron).ok()?,
            weight: i16::try_from(weight).ok()?,
            delay: u8::try_from(delay.first().copied().unwrap_or(0)).ok()?,
        })
    };
    let mut synapses = Vec::new();
    for (number, values) in values.chunks(columns).enumerate() {
        let synapse = row(values).ok_or_else(|| {
            let what = format!(
                "row {number} of the synapses is {values:?}: expected [source, neuron, weight] or [source, neuron, weight, \
                 delay]"
            );
            InvalidValue::new(span.clone(), what)
        });
        synapses.push(synapse?);
    }
    synapses.sort_unstable();
    Ok(Weights::Sparse(synapses))
}

fn delay(form: Option<&Spanned<Numbers>>, folder: &Path) -> Result<Each<Delay>, InvalidValue> {
    let Some(form) = form else { return Ok(Each::Same(Delay::saturating(0))) };
    let span = form.span();
    let one = |value: i64| {
        let value = i32::try_from(value).unwrap_or(i32::MAX);
        Delay::new(value).map_err(|error| InvalidValue::new(span.clone(), error.to_string()))
    };
    let values = match form.get_ref() {
        Numbers::One(value) => return one(*value).map(Each::Same),
        Numbers::Many(values) => values.clone(),
        Numbers::Text(text) => array(&Spanned::new(span.clone(), text.clone()), folder)?.1,
    };
    values.into_iter().map(one).collect::<Result<_, _>>().map(Each::Every)
}

fn learning(form: &LearningForm) -> Result<Learning, InvalidValue> {
    let traces = [&form.x1, &form.x2, &form.y1, &form.y2, &form.y3];
    let mut shapes = [None; 5];
    for (shape, form) in shapes.iter_mut().zip(traces) {
        *shape = form.as_ref().map(trace).transpose()?;
    }
    let rule = form.rule.get_ref().trim();
    if rule.is_empty() {
        let what = "an empty rule: write \"dw = ...\", or leave the weights to a `[[snip]]`";
        return Err(InvalidValue::new(form.rule.span(), what));
    }
    let learning = Learning::new(form.rule.get_ref().clone()).epoch_steps(own(form.epoch_steps.as_ref(), 1));
    let signed_by_profile = form.signed_by_profile.unwrap_or(false);
    Ok(Learning { traces: shapes, signed_by_profile, ..learning })
}

fn trace(form: &Spanned<TraceForm>) -> Result<TraceShape, InvalidValue> {
    let TraceForm { impulse, tau_steps } = *form.get_ref();
    let tau = tau_steps.unwrap_or(0.0) * 1000.0;
    if !(0..=127).contains(&impulse) || !(0.0..=4e9).contains(&tau) {
        return Err(InvalidValue::new(form.span(), "a trace has an impulse of 0..=127 and a tau_steps of 0 or more"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
    Ok(TraceShape::new(impulse, tau.round() as u32))
}
