//! Weights of a connection of the TOML form, by its kind.

use super::InvalidValue;
use super::drawn::Draws;
use super::form::{ConnectionForm, WeightsKind};
use super::values::{WeightsForm, array, is_rows, own};
use crate::network::conv::planes;
use crate::network::{Conv2d, Each, Pool2d, SYNAPSES_MAX, Signs, SparseSynapse, Weights, size};
use std::ops::Range;
use std::path::Path;
use toml::Spanned;

/// What a connection connects: the shapes of its ends, and whether they are one population.
#[derive(Clone, Copy)]
pub(super) struct Ends<'n> {
    pub(super) from: &'n [usize],
    pub(super) to: &'n [usize],
    pub(super) is_recurrent: bool,
}

/// Weights of the kind; `seed` is the network's and the connection's number.
pub(super) fn weights(
    form: &ConnectionForm,
    folder: &Path,
    ends: Ends<'_>,
    signs: Signs,
    [seed, number]: [u32; 2],
) -> Result<Weights, InvalidValue> {
    let draws = Draws {
        seed,
        number,
        sources: size(ends.from),
        is_recurrent: ends.is_recurrent,
        step: if signs == Signs::Mixed { 2 } else { 1 },
        limits: [-256, 255],
        what: "weights",
    };
    let table = Table { form, folder, ends, draws, span: form.weights.span() };
    match form.kind.unwrap_or(WeightsKind::Dense) {
        WeightsKind::Dense => table.dense(),
        WeightsKind::OneToOne => Ok(Weights::OneToOne(Each::of(table.elements(size(ends.to))?.1))),
        WeightsKind::Conv2d => table.convolution(),
        WeightsKind::Pool2d => table.pool(),
        WeightsKind::Sparse => table.sparse(),
        WeightsKind::Rows => table.rows(),
    }
}

/// What the table of a connection says of its weights.
struct Table<'f> {
    form: &'f ConnectionForm,
    folder: &'f Path,
    ends: Ends<'f>,
    draws: Draws,
    /// Where the weights stand in the file.
    span: Range<usize>,
}

impl Table<'_> {
    fn invalid(&self, what: impl Into<String>) -> InvalidValue {
        InvalidValue::new(self.span.clone(), what.into())
    }

    fn mantissa(&self, value: i64) -> Result<i16, InvalidValue> {
        i16::try_from(value).map_err(|_| self.invalid(format!("a weight of {value}: at most 255")))
    }

    /// Weights and their shape: `wanted` of them if they are drawn or all alike, else those that are given.
    fn elements(&self, wanted: usize) -> Result<(Vec<usize>, Vec<i16>), InvalidValue> {
        if wanted > SYNAPSES_MAX {
            return Err(self.invalid(format!("{wanted} synapses, but a connection can have {SYNAPSES_MAX}")));
        }
        let (shape, values) = match self.form.weights.get_ref() {
            WeightsForm::One(value) => return Ok((vec![wanted], vec![self.mantissa(*value)?; wanted])),
            WeightsForm::Drawn(from) => return Ok((vec![wanted], self.draws.weights(wanted, *from, &self.span)?)),
            WeightsForm::Many(shape, values) => (shape.clone(), values.clone()),
            WeightsForm::Text(text) => array(&Spanned::new(self.span.clone(), text.clone()), self.folder)?,
        };
        Ok((shape, values.into_iter().map(|value| self.mantissa(value)).collect::<Result<_, _>>()?))
    }

    fn dense(&self) -> Result<Weights, InvalidValue> {
        let (sources, neurons) = (size(self.ends.from), size(self.ends.to));
        if let WeightsForm::Drawn(from) = self.form.weights.get_ref()
            && from.density.is_some()
        {
            return Ok(self.draws.compressed([1, neurons, sources], *from, &self.span)?.into());
        }
        let (shape, weights) = self.elements(sources.saturating_mul(neurons))?;
        let one_for_all = matches!(self.form.weights.get_ref(), WeightsForm::One(_) | WeightsForm::Drawn(_));
        if !one_for_all && !is_rows(&shape, neurons, sources) {
            let turned = if is_rows(&shape, sources, neurons) { ": transpose them" } else { "" };
            return Err(self.invalid(format!(
                "weights of shape {shape:?}, but {neurons} neurons with a row of {sources} sources each take [{neurons}, \
                 {sources}]{turned}"
            )));
        }
        Ok(Weights::Dense(weights))
    }

    fn convolution(&self) -> Result<Weights, InvalidValue> {
        let form = self.form;
        let (shape, weights) = self.kernels()?;
        let shape: [usize; 4] = match *shape {
            [outputs, inputs, height, width] => [outputs, inputs, height, width],
            [outputs, inputs, width] => [outputs, inputs, 1, width],
            _ => {
                let what = format!("a convolution takes weights [outputs, inputs, height, width], not {shape:?}");
                return Err(self.invalid(what));
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

    /// Kernels of a convolution, and their shape.
    fn kernels(&self) -> Result<(Vec<usize>, Vec<i16>), InvalidValue> {
        if matches!(self.form.weights.get_ref(), WeightsForm::Drawn(_)) {
            return self.drawn_kernels();
        }
        if let Some(kernel) = &self.form.kernel {
            let what = "`kernel` of a convolution is for weights that are drawn: others have its extents";
            return Err(InvalidValue::new(kernel.span(), what));
        }
        self.elements(0)
    }

    fn drawn_kernels(&self) -> Result<(Vec<usize>, Vec<i16>), InvalidValue> {
        let [height, width] = own(self.form.kernel.as_ref(), [0, 0]);
        if height == 0 || width == 0 {
            let what = "a convolution whose weights are drawn takes `kernel = [rows, columns]`, of 1 or more";
            return Err(self.invalid(what));
        }
        let planes = planes(self.ends.from).zip(planes(self.ends.to));
        let (from, to) = planes.ok_or_else(|| self.invalid("a convolution takes planes at both ends"))?;
        let shape = vec![to[0], from[0] / own(self.form.groups.as_ref(), 1).max(1), height, width];
        let (_, weights) = self.elements(shape.iter().copied().fold(1, usize::saturating_mul))?;
        Ok((shape, weights))
    }

    fn pool(&self) -> Result<Weights, InvalidValue> {
        let form = self.form;
        let (WeightsForm::One(weight), Some(kernel)) = (form.weights.get_ref(), &form.kernel) else {
            return Err(self.invalid("a pool takes one weight, and `kernel = [height, width]`"));
        };
        let (weight, kernel) = (self.mantissa(*weight)?, *kernel.get_ref());
        let stride = own(form.stride.as_ref(), kernel);
        Ok(Weights::Pool2d(Pool2d { kernel, stride, padding: own(form.padding.as_ref(), [0, 0]), weight }))
    }

    /// Row to row.
    fn rows(&self) -> Result<Weights, InvalidValue> {
        let ends = [self.ends.from, self.ends.to];
        let [rows, of_population] = ends.map(|shape| shape.first().copied().unwrap_or(0));
        if rows != of_population || rows == 0 {
            return Err(self.invalid(format!(
                "row to row takes as many rows in the source ({rows}) as in the population ({of_population})"
            )));
        }
        let [sources, neurons] = ends.map(|shape| size(shape) / rows);
        if let WeightsForm::Drawn(from) = self.form.weights.get_ref() {
            return Ok(self.draws.compressed([rows, neurons, sources], *from, &self.span)?.into());
        }
        let wanted = size(self.ends.to).saturating_mul(sources);
        let (_, weights) = self.elements(wanted)?;
        if weights.len() != wanted {
            let found = weights.len();
            return Err(self.invalid(format!("{found} weights, but rows of {sources} to {neurons} take {wanted}")));
        }
        Ok(Weights::Sparse(row_to_row(&weights, sources, neurons)))
    }

    /// Synapses of a list, or of an array in a file.
    fn sparse(&self) -> Result<Weights, InvalidValue> {
        let (shape, values) = match self.form.weights.get_ref() {
            WeightsForm::Many(shape, values) => (shape.clone(), values.clone()),
            WeightsForm::Text(text) => array(&Spanned::new(self.span.clone(), text.clone()), self.folder)?,
            WeightsForm::One(_) | WeightsForm::Drawn(_) => {
                return Err(self.invalid("sparse weights are rows of source, neuron, weight, and delay"));
            }
        };
        sparse(&shape, &values, &self.span)
    }
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
