//! Data sets.

pub mod digits;

/// One thing to classify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Its values.
    pub values: Vec<u8>,
    /// Its class.
    pub label: u8,
}

/// Samples to learn from and to test on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// Its name.
    pub name: &'static str,
    /// Values per sample.
    pub inputs: u32,
    /// Classes; labels are below.
    pub classes: u32,
    /// To learn from.
    pub learn: Vec<Sample>,
    /// To test on.
    pub test: Vec<Sample>,
}

impl Dataset {
    /// Without its test samples: instead, the last ones to learn from, so many, are tested on and not learned.
    #[must_use]
    pub fn validation(mut self, samples: usize) -> Self {
        self.test = self.learn.split_off(self.learn.len().saturating_sub(samples));
        self
    }

    /// Only the first samples of both kinds, so many of each.
    #[must_use]
    pub fn shortened(mut self, samples: usize) -> Self {
        self.learn.truncate(samples);
        self.test.truncate(samples);
        self
    }
}
