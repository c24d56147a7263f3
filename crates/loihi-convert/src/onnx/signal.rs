//! What flows between nodes: activations of layers, or sums that are not rectified yet.

use super::tensor::Constant;
use crate::ann::{Map, Source, Way, channels};
use loihi_net::network::size;

/// Most layers whose activations stand side by side.
pub(super) const PARTS_MAX: usize = 64;

/// A named value of a graph.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// An array of the file.
    Constant(Constant),
    /// What depends on the input.
    Signal(Signal),
}

/// What depends on the input.
#[derive(Clone, Debug)]
pub(super) struct Signal {
    /// Extents without that of samples.
    pub(super) shape: Vec<usize>,
    /// What it is.
    pub(super) kind: Kind,
    /// Whether nothing may come after it.
    pub(super) ends: bool,
}

/// Kinds of signals.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// Activations, one after the other along the first extent.
    Parts(Vec<Part>),
    /// A sum that is not rectified yet.
    Sum(Sum),
}

/// Activations of a source.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// Whose.
    pub(super) from: Source,
    /// Extents as they are seen here.
    pub(super) shape: Vec<usize>,
}

/// A sum that is not rectified yet.
#[derive(Clone, Debug)]
pub(super) struct Sum {
    /// The node that makes it.
    pub(super) name: String,
    /// Extents of the layer that it will be; the signal may be flattened.
    pub(super) shape: Vec<usize>,
    /// What is summed.
    pub(super) ways: Vec<Way>,
    /// One a channel, or empty.
    pub(super) bias: Vec<f32>,
}

impl Part {
    /// The same, flattened.
    pub(super) fn flat(&self) -> Self {
        Self { from: self.from, shape: vec![size(&self.shape)] }
    }
}

impl Sum {
    /// Adds a bias a channel.
    pub(super) fn add(&mut self, bias: &[f32]) {
        if self.bias.is_empty() {
            self.bias = vec![0.0; channels(&self.shape)[0]];
        }
        let own = |at: usize| bias.get(at).or(bias.first()).copied().unwrap_or(0.0);
        self.bias.iter_mut().enumerate().for_each(|(at, sum)| *sum += own(at));
    }

    /// Multiplies each channel by its factor.
    pub(super) fn multiply(&mut self, factors: &[f32]) {
        self.bias.iter_mut().zip(factors).for_each(|(bias, factor)| *bias *= factor);
        let count = factors.len().max(1);
        for way in &mut self.ways {
            match &mut way.map {
                Map::Dense(weights) => {
                    weights.chunks_mut(count).flat_map(|row| row.iter_mut().zip(factors)).for_each(times);
                }
                Map::Conv(_, weights) => {
                    let row = weights.len() / count;
                    for (row, factor) in weights.chunks_mut(row.max(1)).zip(factors) {
                        for weight in row {
                            *weight *= factor;
                        }
                    }
                }
                Map::Scale(own) => {
                    if own.len() != count {
                        *own = vec![own.first().copied().unwrap_or(1.0); count];
                    }
                    own.iter_mut().zip(factors).for_each(times);
                }
                // Pools are layers at once.
                Map::Pool(..) => {}
            }
        }
    }
}

fn times((own, factor): (&mut f32, &f32)) {
    *own *= factor;
}
