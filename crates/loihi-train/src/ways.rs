//! Which source reaches which neuron, and the three products of a connection: sums from spikes, and backward the derivatives by
//! spikes and by weights.
//!
//! Rows are steps and samples.

use crate::few_spikes;
use crate::matrix::{Matrix, add_product};
use crate::sparse::{self, Sparse};
use crate::windows::Windows;
use loihi_net::network::{Conv2d, Each, Weights, planes, size};

/// The kinds of connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ways {
    /// All to all; weights are a row of neurons for each source.
    Dense {
        /// Sources.
        sources: usize,
        /// Neurons.
        neurons: usize,
    },
    /// Each to that of its number; a weight a neuron.
    OneToOne(usize),
    /// Those that are given one by one.
    Sparse(Sparse),
    /// Windows of planes, as of convolutions and pools; by group, weights are a row of outputs for each tap.
    Windows(Windows),
}

impl Ways {
    /// Those of a connection between these shapes, and its mantissas in their order.
    ///
    /// # Errors
    /// What is not trained.
    pub fn of(weights: &Weights, [from, to]: [&[usize]; 2]) -> Result<(Self, Vec<i16>), String> {
        let (sources, neurons) = (size(from), size(to));
        match weights {
            Weights::Dense(weights) => {
                let column = |source| weights.iter().skip(source).step_by(sources.max(1)).copied();
                Ok((Self::Dense { sources, neurons }, (0..sources).flat_map(column).collect()))
            }
            Weights::Compressed(weights) => Self::of(&weights.expanded(), [from, to]),
            Weights::OneToOne(weights) => {
                Ok((Self::OneToOne(neurons), (0..neurons).filter_map(|neuron| weights.get(neuron).copied()).collect()))
            }
            Weights::Conv2d(conv) => {
                let (from, to) = planes(from).zip(planes(to)).ok_or("its ends are not planes")?;
                let [_, _, height, width] = conv.shape;
                let Conv2d { stride, padding, dilation, groups, .. } = *conv;
                let own =
                    Windows { from, to, kernel: [height, width], stride, padding, dilation, groups: groups.max(1) };
                let mantissas = own.places().map(|at| conv.weights.get(at).copied().unwrap_or(0)).collect();
                Ok((Self::Windows(own), mantissas))
            }
            Weights::Pool2d(pool) => {
                let (from, to) = planes(from).zip(planes(to)).ok_or("its ends are not planes")?;
                let (kernel, stride, padding) = (pool.kernel, pool.stride, pool.padding);
                let own = Windows { from, to, kernel, stride, padding, dilation: [1, 1], groups: from[0] };
                Ok((Self::Windows(own.clone()), vec![pool.weight; own.weights()]))
            }
            Weights::Sparse(synapses) => {
                let mantissas = synapses.iter().map(|synapse| synapse.weight).collect();
                Ok((Self::Sparse(Sparse::new(synapses, [sources, neurons])), mantissas))
            }
        }
    }

    /// Weights of a kind with these mantissas, which are in the order of [`Ways::of`].
    pub fn put(&self, weights: &Weights, mantissas: &[i16]) -> Weights {
        let own = |at: usize| mantissas.get(at).copied().unwrap_or(0);
        match (self, weights) {
            (Self::Dense { sources, neurons }, _) => {
                let row = |neuron| (0..*sources).map(move |source| source * neurons + neuron);
                Weights::Dense((0..*neurons).flat_map(row).map(own).collect())
            }
            (Self::Windows(windows), Weights::Conv2d(conv)) => {
                let mut put = vec![0; conv.weights.len()];
                for (at, place) in windows.places().enumerate() {
                    put[place] = own(at);
                }
                Weights::Conv2d(conv.clone().weights(put))
            }
            (Self::Sparse(_), Weights::Sparse(synapses)) => sparse::put(synapses, mantissas),
            (Self::Sparse(_), Weights::Compressed(weights)) => self.put(&weights.expanded(), mantissas),
            (Self::OneToOne(_), Weights::OneToOne(_)) => Weights::OneToOne(Each::of(mantissas.to_vec())),
            _ => weights.clone(),
        }
    }

    /// Places of the weights of a convolution in an array `[outputs, inputs / groups, rows, columns]`, in the order of this.
    pub fn places(&self) -> impl Iterator<Item = usize> + use<> {
        let windows = match self {
            Self::Windows(windows) => Some(windows.places()),
            Self::Dense { .. } | Self::OneToOne(_) | Self::Sparse(_) => None,
        };
        windows.into_iter().flatten()
    }

    /// Sources and neurons.
    pub fn extents(&self) -> [usize; 2] {
        match self {
            Self::Dense { sources, neurons } => [*sources, *neurons],
            Self::OneToOne(neurons) => [*neurons, *neurons],
            Self::Sparse(sparse) => sparse.extents,
            Self::Windows(windows) => [windows.from.iter().product(), windows.to.iter().product()],
        }
    }

    /// Synapses of a neuron, at most.
    pub fn fan_in(&self) -> usize {
        match self {
            Self::Dense { sources, .. } => *sources,
            Self::OneToOne(_) => 1,
            Self::Sparse(sparse) => sparse.fan_in(),
            Self::Windows(windows) => windows.taps(),
        }
    }

    /// Adds what spikes come to, to sums; rows of both.
    pub fn add(&self, sums: &mut [f32], spikes: &[f32], weights: &[f32]) {
        let [sources, neurons] = self.extents();
        match self {
            Self::Dense { .. } => {
                if few_spikes::are_few(spikes) {
                    return few_spikes::add_rows(sums, spikes, weights, [sources, neurons]);
                }
                let rows = spikes.len() / sources;
                add_product(sums, Matrix::new(spikes, rows, sources), Matrix::new(weights, sources, neurons));
            }
            Self::OneToOne(_) => scaled(sums, spikes, weights),
            Self::Sparse(sparse) => sparse.add(sums, spikes, weights),
            Self::Windows(windows) => {
                windows.lowered(spikes, |row, group, columns| {
                    let weights = Matrix::new(&weights[windows.weights_of(group)], windows.taps(), windows.outputs());
                    let sums = &mut sums[windows.neurons_of(row, group)];
                    add_product(sums, weights.transposed(), columns.transposed());
                });
            }
        }
    }

    /// Adds to the derivatives by spikes what those by sums come to.
    pub fn back(&self, by_spikes: &mut [f32], by_sums: &[f32], weights: &[f32]) {
        let [sources, neurons] = self.extents();
        match self {
            Self::Dense { .. } => {
                let rows = by_sums.len() / neurons;
                let weights = Matrix::new(weights, sources, neurons).transposed();
                add_product(by_spikes, Matrix::new(by_sums, rows, neurons), weights);
            }
            Self::OneToOne(_) => scaled(by_spikes, by_sums, weights),
            Self::Sparse(sparse) => sparse.back(by_spikes, by_sums, weights),
            Self::Windows(windows) => {
                let (mut columns, outputs) = (Vec::new(), windows.outputs());
                for (by_spikes, by_sums) in by_spikes.chunks_mut(sources).zip(by_sums.chunks(neurons)) {
                    for (group, by_sums) in by_sums.chunks(outputs * windows.area()).enumerate() {
                        columns.clear();
                        columns.resize(windows.area() * windows.taps(), 0.0);
                        let weights = Matrix::new(&weights[windows.weights_of(group)], windows.taps(), outputs);
                        let by_sums = Matrix::new(by_sums, outputs, windows.area());
                        add_product(&mut columns, by_sums.transposed(), weights.transposed());
                        windows.raise(group, &columns, by_spikes);
                    }
                }
            }
        }
    }

    /// Adds to the derivatives by weights what spikes and the derivatives by sums come to.
    pub fn gradient(&self, gradient: &mut [f32], spikes: &[f32], by_sums: &[f32]) {
        let [sources, neurons] = self.extents();
        match self {
            Self::Dense { .. } => {
                if few_spikes::are_few(spikes) {
                    return few_spikes::add_outer(gradient, spikes, by_sums, [sources, neurons]);
                }
                let rows = spikes.len() / sources;
                let spikes = Matrix::new(spikes, rows, sources).transposed();
                add_product(gradient, spikes, Matrix::new(by_sums, rows, neurons));
            }
            Self::OneToOne(_) => {
                for (spikes, by_sums) in spikes.chunks(neurons).zip(by_sums.chunks(neurons)) {
                    let each = gradient.iter_mut().zip(spikes).zip(by_sums);
                    each.for_each(|((own, spike), by_sum)| *own += spike * by_sum);
                }
            }
            Self::Sparse(sparse) => sparse.gradient(gradient, spikes, by_sums),
            Self::Windows(windows) => {
                windows.lowered(spikes, |row, group, columns| {
                    let by_sums = &by_sums[windows.neurons_of(row, group)];
                    let by_sums = Matrix::new(by_sums, windows.outputs(), windows.area());
                    add_product(&mut gradient[windows.weights_of(group)], columns.transposed(), by_sums.transposed());
                });
            }
        }
    }
}

/// Adds factors times elements, row by row.
fn scaled(sums: &mut [f32], elements: &[f32], factors: &[f32]) {
    let rows = sums.chunks_mut(factors.len().max(1)).zip(elements.chunks(factors.len().max(1)));
    for (row, elements) in rows {
        row.iter_mut().zip(elements).zip(factors).for_each(|((own, element), factor)| *own += element * factor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_net::network::{Connection, Network, Pool2d, Population, SparseSynapse};
    use proptest::prelude::*;

    fn whole(count: usize, seed: u32) -> Vec<f32> {
        let one = |at| f32::from(u8::try_from(loihi_core::num::word(seed, at, 0, 0) >> 28).unwrap()) - 7.0;
        (0..u32::try_from(count).unwrap()).map(one).collect()
    }

    /// Sums, derivatives by spikes and derivatives by weights are those of the single synapses.
    fn compare(connection: &Connection, shapes: [&[usize]; 2]) {
        let (ways, mantissas) = Ways::of(&connection.weights, shapes).unwrap();
        assert_eq!(ways.put(&connection.weights, &mantissas), connection.weights);
        let [sources, neurons] = ways.extents();
        let weights: Vec<f32> = mantissas.iter().map(|own| f32::from(*own)).collect();
        let (spikes, by_sums) = (whole(2 * sources, 1), whole(2 * neurons, 2));
        let (mut sums, mut by_spikes) = (vec![0.0; 2 * neurons], vec![0.0; 2 * sources]);
        for row in 0..2 {
            for source in 0..sources {
                connection.visit(shapes, source, |neuron, weight, _| {
                    sums[row * neurons + neuron] += f32::from(weight) * spikes[row * sources + source];
                    by_spikes[row * sources + source] += f32::from(weight) * by_sums[row * neurons + neuron];
                });
            }
        }
        let (mut own_sums, mut own_by_spikes) = (vec![0.0; 2 * neurons], vec![0.0; 2 * sources]);
        ways.add(&mut own_sums, &spikes, &weights);
        ways.back(&mut own_by_spikes, &by_sums, &weights);
        assert_eq!((own_sums, own_by_spikes), (sums, by_spikes));
        // The sum of sums times factors is linear in the weights: each derivative is its own share.
        let mut gradient = vec![0.0; weights.len()];
        ways.gradient(&mut gradient, &spikes, &by_sums);
        for at in (0..weights.len()).step_by(weights.len() / 9 + 1) {
            let (mut only, mut sums) = (vec![0.0; weights.len()], vec![0.0; 2 * neurons]);
            only[at] = 1.0;
            ways.add(&mut sums, &spikes, &only);
            let expected: f32 = sums.iter().zip(&by_sums).map(|(sum, by_sum)| sum * by_sum).sum();
            assert!((gradient[at] - expected).abs() < 1e-3, "{at}: {} and {expected}", gradient[at]);
        }
    }

    #[test]
    fn sparse_connections_are_their_synapses() {
        let mut network = Network::new("n");
        let (source, to) = (network.input("in", 4), network.population(Population::new("p", 3)));
        let synapse = |at: usize| SparseSynapse {
            source: at * 3 % 4,
            neuron: at * 5 % 3,
            weight: i16::try_from(at).unwrap() * 2 - 6,
            delay: 0,
        };
        let mut synapses: Vec<SparseSynapse> = (0..7).map(synapse).collect();
        synapses.sort_unstable();
        compare(&Connection::new(source, to, synapses), [&[4], &[3]]);
    }

    proptest! {
        #[test]
        fn windows_are_the_synapses_of_convolutions_and_pools(
            [groups, outputs, inputs] in [1_usize..3, 1..3, 1..3],
            [height, width, kernel_height, kernel_width] in [1_usize..6, 1..6, 1..4, 1..4],
            stride in [1_usize..3, 1..3], padding in [0_usize..2, 0..2], dilation in [1_usize..3, 1..3],
        ) {
            let shape = [outputs * groups, inputs, kernel_height, kernel_width];
            let weights: Vec<i16> = (1..).step_by(2).take(shape.iter().product()).collect();
            let conv = Conv2d::new(shape, weights).stride(stride).padding(padding).dilation(dilation).groups(groups);
            let from = [inputs * groups, height, width];
            let mut network = Network::new("n");
            let (source, to) = (network.input("in", 1), network.population(Population::new("p", 1)));
            if let Some(to_shape) = conv.output_shape(from) {
                compare(&Connection::new(source, to, conv), [&from, &to_shape]);
            }
            let pool = Pool2d::new([kernel_height, kernel_width], 6).stride(stride).padding(padding);
            if let Some(to_shape) = pool.output_shape(from) {
                compare(&Connection::new(source, to, pool), [&from, &to_shape]);
            }
        }
    }
}
