//! Weights of which only those that are not 0 are kept.

use super::{SparseSynapse, Weights};
use std::ops::Range;

/// Mantissas are counted from the smallest one.
const LEAST: i16 = -256;
/// Bits of a mantissa, below those of its neuron.
const MANTISSA_BITS: u32 = 9;

/// A matrix of weights `[neurons, sources]`, or one for each row of a connection row to row, without the weights that are 0:
/// 4 bytes a weight, and 4 a source.
///
/// ```
/// use loihi_net::network::CompressedWeights;
///
/// let weight = |[_, neuron, source]: [usize; 3]| if neuron == source { 6 } else { 0 };
/// let weights = CompressedWeights::from_fn([1, 100, 100], 1000, weight).expect("100 of at most 1000");
/// assert_eq!((weights.len(), weights.places()), (100, 10_000));
/// assert_eq!(weights.of_source(7).collect::<Vec<_>>(), [(7, 6)]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompressedWeights {
    /// Rows, neurons of a row, sources of a row.
    extents: [usize; 3],
    /// Where the weights of each source begin, and the end of the last.
    starts: Vec<u32>,
    /// Source by source, neurons ascending: neuron of the row, and below it the mantissa, counted from [`LEAST`].
    words: Vec<u32>,
}

impl CompressedWeights {
    /// Most neurons of a row.
    pub const NEURONS_MAX: usize = 1 << (u32::BITS - MANTISSA_BITS);

    /// Weights of rows of neurons and sources, each −256..=255: that of row, neuron and source, the latter two counted in their
    /// row, is what `weight` says. `None` if more than `most` are not 0, or a row has more than [`Self::NEURONS_MAX`] neurons.
    pub fn from_fn(extents: [usize; 3], most: usize, mut weight: impl FnMut([usize; 3]) -> i16) -> Option<Self> {
        let [rows, neurons, sources] = extents;
        if neurons > Self::NEURONS_MAX {
            return None;
        }
        let (mut starts, mut words) = (vec![0], Vec::new());
        for (row, source) in (0..rows).flat_map(|row| (0..sources).map(move |source| (row, source))) {
            for (number, neuron) in (0_u32..).zip(0..neurons) {
                let weight = weight([row, neuron, source]);
                if weight != 0 {
                    let mantissa = weight.clamp(LEAST, -LEAST - 1).abs_diff(LEAST);
                    words.push(number << MANTISSA_BITS | u32::from(mantissa));
                }
            }
            if words.len() > most {
                return None;
            }
            starts.push(u32::try_from(words.len()).ok()?);
        }
        words.shrink_to_fit();
        Some(Self { extents, starts, words })
    }

    /// Rows, neurons of a row, sources of a row.
    pub const fn extents(&self) -> [usize; 3] {
        self.extents
    }

    /// Sources of all rows; saturates.
    pub const fn sources(&self) -> usize {
        self.extents[0].saturating_mul(self.extents[2])
    }

    /// Weights that are not 0.
    pub const fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether all are 0.
    pub const fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Weights, those that are 0 too; saturates.
    pub fn places(&self) -> usize {
        super::size(&self.extents)
    }

    /// The weights of a source that are not 0; none of a source that is not there.
    pub fn source(&self, source: usize) -> SourceWeights<'_> {
        let range = self.starts.get(source).zip(self.starts.get(source + 1));
        let range = range.map_or(0..0, |(start, end)| *start as usize..*end as usize);
        SourceWeights { first: self.neurons_of(source).start, words: self.words.get(range).unwrap_or_default() }
    }

    /// Neuron, counted through all rows, and mantissa of every weight of a source that is not 0; neurons ascend.
    pub fn of_source(&self, source: usize) -> impl Iterator<Item = (usize, i16)> {
        let own = self.source(source);
        own.words.iter().map(move |word| own.weight(*word))
    }

    /// Hands neuron and mantissa of every weight of a source to `visit`, those that are 0 too; neurons ascend.
    pub fn visit_all(&self, source: usize, mut visit: impl FnMut(usize, i16)) {
        let mut kept = self.of_source(source).peekable();
        for neuron in self.neurons_of(source) {
            visit(neuron, kept.next_if(|(own, _)| *own == neuron).map_or(0, |(_, mantissa)| mantissa));
        }
    }

    /// Mantissas that are not 0, source by source.
    pub fn mantissas(&self) -> impl Iterator<Item = i16> {
        self.words.iter().map(|word| parts(*word).1)
    }

    /// The same with a place for every weight: [`Weights::Dense`], or [`Weights::Sparse`] if there are several rows.
    pub fn expanded(&self) -> Weights {
        let [rows, neurons, sources] = self.extents;
        if rows != 1 {
            let mut synapses = Vec::with_capacity(self.places());
            for source in 0..rows * sources {
                self.visit_all(source, |neuron, weight| {
                    synapses.push(SparseSynapse { source, neuron, weight, delay: 0 });
                });
            }
            return Weights::Sparse(synapses);
        }
        let mut weights = vec![0; neurons * sources];
        for source in 0..sources {
            self.of_source(source).for_each(|(neuron, mantissa)| weights[neuron * sources + source] = mantissa);
        }
        Weights::Dense(weights)
    }

    /// Neurons of the row of a source.
    fn neurons_of(&self, source: usize) -> Range<usize> {
        let [_, neurons, sources] = self.extents;
        let first = source / sources.max(1) * neurons;
        first..first + neurons
    }
}

/// Weights of a source of [`CompressedWeights`] that are not 0, or some of them that follow each other; neurons ascend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceWeights<'w> {
    /// First neuron of the row of the source.
    first: usize,
    words: &'w [u32],
}

impl SourceWeights<'_> {
    /// How many there are.
    pub const fn len(self) -> usize {
        self.words.len()
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.words.is_empty()
    }

    /// Neuron, counted through all rows, and mantissa of the weight of this number.
    #[inline]
    pub fn get(self, at: usize) -> Option<(usize, i16)> {
        self.words.get(at).map(|word| self.weight(*word))
    }

    /// Those of these numbers; none if some of them are not there.
    #[must_use]
    pub fn range(self, range: Range<usize>) -> Self {
        Self { words: self.words.get(range).unwrap_or_default(), ..self }
    }

    #[inline]
    fn weight(self, word: u32) -> (usize, i16) {
        let (neuron, mantissa) = parts(word);
        (self.first + neuron, mantissa)
    }
}

/// Neuron of the row, and mantissa.
fn parts(word: u32) -> (usize, i16) {
    let mantissa = i16::try_from(word & ((1 << MANTISSA_BITS) - 1)).unwrap_or(0);
    ((word >> MANTISSA_BITS) as usize, mantissa + LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every mantissa that there is, and zeros between.
    fn weight([row, neuron, source]: [usize; 3]) -> i16 {
        let at = i16::try_from((row * 7 + neuron) * 5 + source).unwrap();
        if at % 3 == 0 { 0 } else { (at * 37).rem_euclid(512) - 256 }
    }

    #[test]
    fn a_matrix_comes_back_from_what_is_kept() {
        let [neurons, sources] = [211, 5];
        let weights = CompressedWeights::from_fn([1, neurons, sources], 1000, weight).unwrap();
        let all: Vec<i16> =
            (0..neurons).flat_map(|neuron| (0..sources).map(move |source| weight([0, neuron, source]))).collect();
        assert_eq!(weights.len(), all.iter().filter(|weight| **weight != 0).count());
        let ordered: Vec<i16> =
            (0..sources).flat_map(|source| (0..neurons).map(move |neuron| weight([0, neuron, source]))).collect();
        let mut visited = Vec::new();
        (0..sources).for_each(|source| weights.visit_all(source, |_, weight| visited.push(weight)));
        assert_eq!(visited, ordered);
        assert_eq!(
            weights.mantissas().collect::<Vec<_>>(),
            ordered.into_iter().filter(|own| *own != 0).collect::<Vec<_>>()
        );
        assert_eq!(weights.expanded(), Weights::Dense(all));
        assert_eq!(weights.of_source(sources).count(), 0, "there is no such source");
        let some = weights.source(2).range(3..9);
        let found: Vec<(usize, i16)> = (0..some.len()).filter_map(|at| some.get(at)).collect();
        assert_eq!(found, weights.of_source(2).skip(3).take(6).collect::<Vec<_>>());
        assert!(weights.source(2).range(200..300).is_empty());
    }

    #[test]
    fn rows_reach_their_own_neurons() {
        let weights = CompressedWeights::from_fn([3, 7, 5], 1000, weight).unwrap();
        let Weights::Sparse(synapses) = weights.expanded() else { panic!("several rows") };
        assert_eq!((synapses.len(), weights.places()), (105, 105));
        assert!(synapses.is_sorted());
        for synapse in synapses {
            let row = synapse.source / 5;
            assert_eq!(synapse.neuron / 7, row);
            assert_eq!(synapse.weight, weight([row, synapse.neuron % 7, synapse.source % 5]));
        }
    }

    #[test]
    fn more_than_may_be_are_none() {
        assert!(CompressedWeights::from_fn([1, 4, 4], 16, |_| 2).is_some());
        assert!(CompressedWeights::from_fn([1, 4, 4], 15, |_| 2).is_none());
        assert!(CompressedWeights::from_fn([1, CompressedWeights::NEURONS_MAX + 1, 0], 0, |_| 2).is_none());
    }
}
