//! Sparse spikes: counted, and visited one by one.
//!
//! Most neurons do not spike in a step, so adding a row of weights for each spike takes less time than a matrix product. Each loop is
//! a structure, not a closure: a closure would not be inlined into the code that is compiled for the processor's widest registers.

use gemm_common::pulp::{Arch, NullaryFnOnce};

/// Spikes are few if there are at least this many elements for each.
const SPARSE: u64 = 8;
/// Elements that are skipped together if none of them spikes.
const CHUNK: usize = 16;

/// Whether spikes are so few that visiting them one by one is faster than a matrix product.
pub fn are_few(spikes: &[f32]) -> bool {
    count(spikes) * SPARSE < spikes.len() as u64
}

/// Spikes among elements.
pub fn count(spikes: &[f32]) -> u64 {
    Arch::new().dispatch(Count(spikes))
}

/// Adds to the sums of each row the weights of the sources that spike in it, `[sources, neurons]`.
///
/// # Panics
/// The lengths do not meet.
pub fn add_rows(sums: &mut [f32], spikes: &[f32], weights: &[f32], extents: [usize; 2]) {
    Arch::new().dispatch(AddRows { sums, spikes, weights, extents });
}

/// Adds to the derivatives by weights, `[sources, neurons]`, the derivatives by the sums of each row, for sources that spike in it.
///
/// # Panics
/// The lengths do not meet.
pub fn add_outer(gradient: &mut [f32], spikes: &[f32], by_sums: &[f32], extents: [usize; 2]) {
    Arch::new().dispatch(AddOuter { gradient, spikes, by_sums, extents });
}

struct Count<'s>(&'s [f32]);

impl NullaryFnOnce for Count<'_> {
    type Output = u64;

    #[inline(always)]
    fn call(self) -> u64 {
        let mut all = 0;
        for part in self.0.chunks(1 << 16) {
            let mut count = 0_u32;
            for spike in part {
                count += u32::from(*spike != 0.0);
            }
            all += u64::from(count);
        }
        all
    }
}

struct AddRows<'s> {
    sums: &'s mut [f32],
    spikes: &'s [f32],
    weights: &'s [f32],
    extents: [usize; 2],
}

impl NullaryFnOnce for AddRows<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let [sources, neurons] = self.extents.map(|extent| extent.max(1));
        let mut places = [0; CHUNK];
        for (sums, spikes) in self.sums.chunks_exact_mut(neurons).zip(self.spikes.chunks_exact(sources)) {
            for (chunk, weights) in spikes.chunks(CHUNK).zip(self.weights.chunks(CHUNK * neurons)) {
                for place in spiking(chunk, &mut places) {
                    add_scaled(sums, &weights[place * neurons..(place + 1) * neurons], chunk[*place]);
                }
            }
        }
    }
}

struct AddOuter<'s> {
    gradient: &'s mut [f32],
    spikes: &'s [f32],
    by_sums: &'s [f32],
    extents: [usize; 2],
}

impl NullaryFnOnce for AddOuter<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let [sources, neurons] = self.extents.map(|extent| extent.max(1));
        let mut places = [0; CHUNK];
        for (by_sums, spikes) in self.by_sums.chunks_exact(neurons).zip(self.spikes.chunks_exact(sources)) {
            for (chunk, gradient) in spikes.chunks(CHUNK).zip(self.gradient.chunks_mut(CHUNK * neurons)) {
                for place in spiking(chunk, &mut places) {
                    add_scaled(&mut gradient[place * neurons..(place + 1) * neurons], by_sums, chunk[*place]);
                }
            }
        }
    }
}

#[inline(always)]
fn add_scaled(sums: &mut [f32], values: &[f32], factor: f32) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += factor * value;
    }
}

/// The places of the spikes of a chunk, without a branch for each, which no processor could foresee.
#[inline(always)]
fn spiking<'p>(chunk: &[f32], places: &'p mut [usize; CHUNK]) -> &'p [usize] {
    let mut any = 0;
    for spike in chunk {
        any |= spike.to_bits();
    }
    let mut count = 0;
    if any != 0 {
        for (at, spike) in chunk.iter().enumerate() {
            places[count % CHUNK] = at;
            count += usize::from(*spike != 0.0);
        }
    }
    &places[..count.min(CHUNK)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_core::num::word;

    /// Rows of sources, `per_mille` of which spike.
    fn spikes(rows: usize, sources: usize, per_mille: u32) -> Vec<f32> {
        let one = |at| f32::from(u8::from(word(1, at, 0, 0) % 1000 < per_mille));
        (0..u32::try_from(rows * sources).unwrap()).map(one).collect()
    }

    fn whole(count: usize, seed: u32) -> Vec<f32> {
        let one = |at| f32::from(u8::try_from(word(seed, at, 0, 0) >> 26).unwrap()) - 31.0;
        (0..u32::try_from(count).unwrap()).map(one).collect()
    }

    #[test]
    fn sums_over_spikes_are_those_over_all_sources() {
        for [rows, sources, neurons] in [[1, 1, 1], [3, 15, 7], [4, 16, 5], [9, 17, 33], [5, 100, 40]] {
            for per_mille in [0, 20, 120, 1000] {
                let spikes = spikes(rows, sources, per_mille);
                let (weights, by_sums) = (whole(sources * neurons, 2), whole(rows * neurons, 3));
                let (mut sums, mut gradient) = (vec![1.0; rows * neurons], vec![2.0; sources * neurons]);
                let (mut all_sums, mut all_gradient) = (sums.clone(), gradient.clone());
                for (row, source, neuron) in (0..rows).flat_map(|row| {
                    (0..sources).flat_map(move |source| (0..neurons).map(move |neuron| (row, source, neuron)))
                }) {
                    let spike = spikes[row * sources + source];
                    all_sums[row * neurons + neuron] += spike * weights[source * neurons + neuron];
                    all_gradient[source * neurons + neuron] += spike * by_sums[row * neurons + neuron];
                }
                add_rows(&mut sums, &spikes, &weights, [sources, neurons]);
                add_outer(&mut gradient, &spikes, &by_sums, [sources, neurons]);
                assert_eq!((sums, gradient), (all_sums, all_gradient), "{rows} {sources} {neurons} {per_mille}");
                assert_eq!(count(&spikes), spikes.iter().filter(|spike| **spike > 0.0).count() as u64);
            }
        }
        assert!(are_few(&spikes(9, 100, 100)) && !are_few(&spikes(9, 100, 200)) && !are_few(&[]));
    }
}
