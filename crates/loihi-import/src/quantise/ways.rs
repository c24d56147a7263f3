//! The weights of a connection, and to which of its neurons each of them leads.

use super::compose::Weights;
use std::borrow::Cow;

/// Weights with the rows of neurons that they lead to.
#[derive(Clone, Debug)]
pub(super) struct Ways<'w> {
    /// All of them, each once.
    pub(super) weights: &'w [f64],
    /// Rows that have weights of their own: one a neuron, one a channel, or one in all.
    pub(super) rows: usize,
    /// Row of each weight; none if they stand row by row.
    listed: Cow<'w, [usize]>,
    /// Synapses of a neuron.
    pub(super) fan_in: usize,
}

impl<'w> Ways<'w> {
    /// The weights of a connection to `neurons` neurons; `stored` are [`Weights::stored`].
    pub(super) fn of(weights: &Weights, stored: &'w [f64], neurons: usize) -> Self {
        let even = |rows: usize| (rows.max(1), Vec::new());
        let (rows, listed) = match weights {
            Weights::Dense(_) | Weights::OneToOne(_) => even(neurons),
            Weights::Conv(conv, _) => even(conv.shape[0]),
            Weights::Pool(..) => even(1),
            Weights::Sparse(synapses) => (neurons.max(1), synapses.iter().map(|(_, neuron, ..)| *neuron).collect()),
        };
        Self { weights: stored, rows, listed: listed.into(), fan_in: weights.fan_in(neurons) }
    }

    /// A weight for each neuron.
    pub(super) fn each(weights: &'w [f64]) -> Self {
        Self { weights, rows: weights.len().max(1), listed: Cow::Borrowed(&[]), fan_in: 1 }
    }

    /// The row of a weight.
    pub(super) fn row(&self, at: usize) -> usize {
        let even = || at * self.rows / self.weights.len().max(1);
        self.listed.get(at).copied().unwrap_or_else(even)
    }
}
