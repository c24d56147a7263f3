//! A sample: what a network is shown, and what it is to learn from it: a class, targets, the stage it belongs to.

use super::events::Events;

/// What is shown to a network.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SampleData {
    /// Values of 0 to 255, the last extent fastest. Images, features of sounds, and rows of values that follow each other
    /// in time are values: their first extents count rows.
    Values {
        /// Extents.
        shape: Vec<usize>,
        /// As many as the product of the extents.
        values: Vec<u8>,
    },
    /// Real numbers as the file has them, not scaled; only where [`DataOptions::reals`](super::DataOptions::reals) asks for
    /// them.
    Reals {
        /// Extents.
        shape: Vec<usize>,
        /// As many as the product of the extents, the last one fastest; finite in what was read from files.
        values: Vec<f32>,
    },
    /// Events of a sensor.
    Events(Events),
}

/// A sample.
///
/// ```
/// use loihi_data::Sample;
///
/// let sample = Sample::values("black", &[1, 2], vec![0, 0]).labelled(3);
/// assert_eq!((sample.label, sample.flat()), (Some(3), Some(&[0, 0][..])));
/// let sample = Sample::reals("step 0", &[2], vec![0.5, -1.0]).with_targets(vec![0.25]).in_stage("heavy".to_owned());
/// assert_eq!((sample.targets, sample.stage.as_deref()), (vec![0.25], Some("heavy")));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Sample {
    /// Its file, or its number in the file.
    pub name: String,
    /// Its class, if it is known.
    pub label: Option<u32>,
    /// Numbers that are to be answered, in the order and unit of the file; empty if there are none.
    pub targets: Vec<f32>,
    /// Extents of the targets, the last one fastest.
    pub target_shape: Vec<usize>,
    /// The stage of continual learning that it belongs to, if one is known.
    pub stage: Option<String>,
    /// What it is.
    pub data: SampleData,
    /// What further inputs of the network are shown with it.
    pub beside: Vec<Self>,
}

impl Sample {
    /// A sample without a class, targets or a stage.
    pub fn new(name: impl Into<String>, data: SampleData) -> Self {
        let (targets, target_shape, beside) = (Vec::new(), Vec::new(), Vec::new());
        Self { name: name.into(), label: None, targets, target_shape, stage: None, data, beside }
    }

    /// Values of a shape. Where they are not as many as the shape says, they are a single row.
    pub fn values(name: impl Into<String>, shape: &[usize], values: Vec<u8>) -> Self {
        Self::new(name, SampleData::Values { shape: fitting(shape, values.len()), values })
    }

    /// Real numbers of a shape. Where they are not as many as the shape says, they are a single row.
    pub fn reals(name: impl Into<String>, shape: &[usize], values: Vec<f32>) -> Self {
        Self::new(name, SampleData::Reals { shape: fitting(shape, values.len()), values })
    }

    /// Events of a sensor.
    pub fn events(name: impl Into<String>, events: Events) -> Self {
        Self::new(name, SampleData::Events(events))
    }

    /// The same with a class, or without.
    #[must_use]
    pub fn labelled(self, label: impl Into<Option<u32>>) -> Self {
        Self { label: label.into(), ..self }
    }

    /// The same with targets in a row; an empty list takes them away.
    #[must_use]
    pub fn with_targets(self, targets: Vec<f32>) -> Self {
        let target_shape = vec![targets.len()];
        self.with_targets_of(&target_shape, targets)
    }

    /// The same with targets of a shape. Where they are not as many as the shape says, they are a single row.
    #[must_use]
    pub fn with_targets_of(self, shape: &[usize], targets: Vec<f32>) -> Self {
        let target_shape = if targets.is_empty() { Vec::new() } else { fitting(shape, targets.len()) };
        Self { targets, target_shape, ..self }
    }

    /// The same in a stage, or in none.
    #[must_use]
    pub fn in_stage(self, stage: impl Into<Option<String>>) -> Self {
        Self { stage: stage.into(), ..self }
    }

    /// All values of 0 to 255 in a row, if it has such.
    pub fn flat(&self) -> Option<&[u8]> {
        match &self.data {
            SampleData::Values { values, .. } => Some(values),
            SampleData::Reals { .. } | SampleData::Events(_) => None,
        }
    }

    /// All real numbers in a row, if it has such.
    pub fn flat_reals(&self) -> Option<&[f32]> {
        match &self.data {
            SampleData::Reals { values, .. } => Some(values),
            SampleData::Values { .. } | SampleData::Events(_) => None,
        }
    }

    /// The same with its values as real numbers, not scaled; events stay.
    #[must_use]
    pub(crate) fn with_reals(mut self) -> Self {
        if let SampleData::Values { shape, values } = self.data {
            self.data = SampleData::Reals { shape, values: values.into_iter().map(f32::from).collect() };
        }
        self
    }

    /// The same with values of 0 to `to`, which were of 0 to `from`; rounded down.
    #[must_use]
    pub(crate) fn rescaled(mut self, from: u8, to: u8) -> Self {
        if let SampleData::Values { values, .. } = &mut self.data
            && from != to
        {
            rescale(values, from, to);
        }
        self
    }
}

/// The shape if it holds this many values, else that of a single row.
fn fitting(shape: &[usize], values: usize) -> Vec<usize> {
    let fits = shape.iter().try_fold(1_usize, |product, extent| product.checked_mul(*extent)) == Some(values);
    if fits { shape.to_vec() } else { vec![values] }
}

/// Brings values of 0 to `from` to 0 to `to`, rounded down.
pub fn rescale(values: &mut [u8], from: u8, to: u8) {
    for value in values {
        let scaled = u16::from(*value) * u16::from(to) / u16::from(from.max(1));
        *value = u8::try_from(scaled).unwrap_or(u8::MAX).min(to);
    }
}
