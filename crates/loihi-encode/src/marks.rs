//! A set of elements that is filled and emptied once a step: they come out ascending, each once, without being sorted.

use std::mem;

/// Marked elements below a number.
pub(crate) struct Marks {
    /// A bit for each element.
    words: Vec<u64>,
    /// A bit for each word that is not 0.
    marked: Vec<u64>,
}

impl Marks {
    /// None of `elements` elements is marked.
    pub(crate) fn of(elements: usize) -> Self {
        let words = elements.div_ceil(64);
        Self { words: vec![0; words], marked: vec![0; words.div_ceil(64)] }
    }

    /// Marks an element; one that is out of range is ignored.
    pub(crate) fn mark(&mut self, element: usize) {
        let word = element / 64;
        if let (Some(bits), Some(marked)) = (self.words.get_mut(word), self.marked.get_mut(word / 64)) {
            *bits |= 1 << (element % 64);
            *marked |= 1 << (word % 64);
        }
    }

    /// Passes on the marked elements in ascending order, and clears them.
    pub(crate) fn drain(&mut self, mut give: impl FnMut(usize)) {
        for (first, marked) in (0..).step_by(64).zip(&mut self.marked) {
            for word in ones(mem::take(marked), first) {
                if let Some(bits) = self.words.get_mut(word) {
                    ones(mem::take(bits), word * 64).for_each(&mut give);
                }
            }
        }
    }
}

/// The places of the ones of a word, counted from `first`.
fn ones(mut bits: u64, first: usize) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = (bits != 0).then(|| first + bits.trailing_zeros() as usize)?;
        bits &= bits - 1;
        Some(place)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_come_ascending_and_once() {
        for elements in [1, 63, 64, 65, 5000, 100_000] {
            let mut marks = Marks::of(elements);
            for stride in [1, 7, 64, 4099] {
                let own: Vec<usize> = (0..elements).step_by(stride).collect();
                own.iter().rev().chain(&own).for_each(|element| marks.mark(*element));
                marks.mark(elements.next_multiple_of(64));
                let mut drained = Vec::new();
                marks.drain(|element| drained.push(element));
                assert_eq!(drained, own, "every {stride} of {elements}");
                marks.drain(|element| panic!("{element} is left"));
            }
        }
    }
}
