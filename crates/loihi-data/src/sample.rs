//! A sample: what a network is shown, and its class.

use super::events::Events;

/// What is shown to a network.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Events of a sensor.
    Events(Events),
}

/// A sample.
///
/// ```
/// use loihi_data::{Sample, SampleData};
///
/// let sample = Sample::values("black", &[1, 2], vec![0, 0]).labelled(3);
/// assert_eq!((sample.label, sample.flat()), (Some(3), Some(&[0, 0][..])));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sample {
    /// Its file, or its number in the file.
    pub name: String,
    /// Its class, if it is known.
    pub label: Option<u32>,
    /// What it is.
    pub data: SampleData,
}

impl Sample {
    /// Values of a shape. Where they are not as many as the shape says, they are a single row.
    pub fn values(name: impl Into<String>, shape: &[usize], values: Vec<u8>) -> Self {
        let fits = shape.iter().try_fold(1_usize, |product, extent| product.checked_mul(*extent)) == Some(values.len());
        let shape = if fits { shape.to_vec() } else { vec![values.len()] };
        Self { name: name.into(), label: None, data: SampleData::Values { shape, values } }
    }

    /// Events of a sensor.
    pub fn events(name: impl Into<String>, events: Events) -> Self {
        Self { name: name.into(), label: None, data: SampleData::Events(events) }
    }

    /// The same with a class, or without.
    #[must_use]
    pub fn labelled(self, label: impl Into<Option<u32>>) -> Self {
        Self { label: label.into(), ..self }
    }

    /// All values in a row, if it has values.
    pub fn flat(&self) -> Option<&[u8]> {
        match &self.data {
            SampleData::Values { values, .. } => Some(values),
            SampleData::Events(_) => None,
        }
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

/// Brings values of 0 to `from` to 0 to `to`, rounded down.
pub fn rescale(values: &mut [u8], from: u8, to: u8) {
    for value in values {
        let scaled = u16::from(*value) * u16::from(to) / u16::from(from.max(1));
        *value = u8::try_from(scaled).unwrap_or(u8::MAX).min(to);
    }
}
