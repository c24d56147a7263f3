//! Connections that are given synapse by synapse, and their three products.

use loihi_net::network::{SparseSynapse, Weights};

/// Which source reaches which neuron, one entry a weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sparse {
    /// Sources and neurons.
    pub extents: [usize; 2],
    /// Source and neuron of each synapse.
    ends: Vec<[usize; 2]>,
}

impl Sparse {
    /// Synapses between this many sources and neurons, which the network has checked.
    pub fn new(synapses: &[SparseSynapse], extents: [usize; 2]) -> Self {
        Self { extents, ends: synapses.iter().map(|own| [own.source, own.neuron]).collect() }
    }

    /// Synapses of a neuron, at most.
    pub fn fan_in(&self) -> usize {
        let mut counts = vec![0; self.extents[1]];
        self.ends.iter().for_each(|[_, neuron]| counts[*neuron] += 1);
        counts.into_iter().max().unwrap_or(0)
    }

    /// Adds what spikes come to, to sums; rows of both.
    pub fn add(&self, sums: &mut [f32], spikes: &[f32], weights: &[f32]) {
        let [sources, neurons] = self.extents;
        for (sums, spikes) in sums.chunks_mut(neurons.max(1)).zip(spikes.chunks(sources.max(1))) {
            let each = self.ends.iter().zip(weights);
            each.for_each(|([source, neuron], weight)| sums[*neuron] += spikes[*source] * weight);
        }
    }

    /// Adds to the derivatives by spikes what those by sums come to.
    pub fn back(&self, by_spikes: &mut [f32], by_sums: &[f32], weights: &[f32]) {
        let [sources, neurons] = self.extents;
        for (by_spikes, by_sums) in by_spikes.chunks_mut(sources.max(1)).zip(by_sums.chunks(neurons.max(1))) {
            let each = self.ends.iter().zip(weights);
            each.for_each(|([source, neuron], weight)| by_spikes[*source] += by_sums[*neuron] * weight);
        }
    }

    /// Adds to the derivatives by weights what spikes and the derivatives by sums come to.
    pub fn gradient(&self, gradient: &mut [f32], spikes: &[f32], by_sums: &[f32]) {
        let [sources, neurons] = self.extents;
        for (spikes, by_sums) in spikes.chunks(sources.max(1)).zip(by_sums.chunks(neurons.max(1))) {
            let each = gradient.iter_mut().zip(&self.ends);
            each.for_each(|(own, [source, neuron])| *own += spikes[*source] * by_sums[*neuron]);
        }
    }
}

/// The same synapses with other mantissas.
pub fn put(synapses: &[SparseSynapse], mantissas: &[i16]) -> Weights {
    let own = |(synapse, weight): (&SparseSynapse, &i16)| SparseSynapse { weight: *weight, ..*synapse };
    Weights::Sparse(synapses.iter().zip(mantissas).map(own).collect())
}

/// By source, the steps of delay that its synapses have on top of those of the connection; none for weights of other kinds.
///
/// # Errors
/// Synapses of a source differ.
pub fn delays(weights: &Weights, sources: usize) -> Result<Vec<usize>, String> {
    let mut delays: Vec<Option<usize>> = vec![None; sources];
    let Weights::Sparse(synapses) = weights else { return Ok(vec![0; sources]) };
    for SparseSynapse { source, delay, .. } in synapses {
        let Some(own) = delays.get_mut(*source) else { continue };
        if *own.get_or_insert(usize::from(*delay)) != usize::from(*delay) {
            return Err(format!("synapses of source {source} have different delays: give a connection for each delay"));
        }
    }
    Ok(delays.into_iter().map(Option::unwrap_or_default).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn synapse(source: usize, neuron: usize, delay: u8) -> SparseSynapse {
        SparseSynapse { source, neuron, weight: 2, delay }
    }

    #[test]
    fn delays_are_those_of_sources() {
        let of = |synapses: Vec<SparseSynapse>| delays(&Weights::Sparse(synapses), 3);
        assert_eq!(of(vec![synapse(0, 1, 4), synapse(2, 0, 1), synapse(2, 1, 1)]), Ok(vec![4, 0, 1]));
        assert!(of(vec![synapse(1, 0, 1), synapse(1, 1, 2)]).is_err_and(|what| what.contains("source 1")));
        assert_eq!(delays(&Weights::Dense(vec![2; 6]), 3), Ok(vec![0; 3]));
    }

    /// Two synapses may lead from a source to one neuron.
    #[test]
    fn synapses_add_up() {
        let sparse = Sparse::new(&[synapse(0, 1, 0), synapse(0, 1, 0), synapse(2, 0, 0)], [3, 2]);
        assert_eq!(sparse.fan_in(), 2);
        let mut sums = vec![0.0; 4];
        sparse.add(&mut sums, &[1.0, 1.0, 0.0, 0.0, 1.0, 1.0], &[2.0, 4.0, 6.0]);
        assert_eq!(sums, vec![0.0, 6.0, 6.0, 0.0]);
    }
}
