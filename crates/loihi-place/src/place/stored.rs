//! What is stored for rows of synapses: once for all that are equal.

use super::row::SynapseRow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};

/// What is stored for rows; only looked up, never gone through.
#[derive(Debug)]
pub(super) struct Stored<'l, T> {
    /// By the brief mark of a row: the first row that has it.
    first: HashMap<u64, (SynapseRow<'l>, T), BuildHasherDefault<OfMark>>,
    /// Rows that are not equal to the first one of their brief mark.
    others: HashMap<SynapseRow<'l>, T, BuildHasherDefault<OfMark>>,
}

impl<'l, T: Copy> Stored<'l, T> {
    pub(super) fn new() -> Self {
        Self { first: HashMap::default(), others: HashMap::default() }
    }

    /// What is stored for an equal row, or what `store` makes of this one; and whether it is the first.
    pub(super) fn of(&mut self, row: SynapseRow<'l>, store: impl FnOnce(&SynapseRow<'l>) -> T) -> (T, bool) {
        // Rows that differ mostly do so in what the brief mark is made of: only the others are read as a whole.
        match self.first.entry(row.brief_mark()) {
            Entry::Vacant(place) => (place.insert((row, store(&row))).1, true),
            Entry::Occupied(first) if first.get().0 == row => (first.get().1, false),
            Entry::Occupied(_) => match self.others.entry(row) {
                Entry::Vacant(place) => (*place.insert(store(&row)), true),
                Entry::Occupied(found) => (*found.get(), false),
            },
        }
    }
}

/// Brief marks that several rows have: only such rows can be equal.
#[derive(Debug)]
pub(super) struct Repeated(Vec<u64>);

impl Repeated {
    /// Those of the brief marks of some rows.
    pub(super) fn of(mut marks: Vec<u64>) -> Self {
        marks.sort_unstable();
        Self(marks.chunk_by(u64::eq).filter(|own| own.len() > 1).map(|own| own[0]).collect())
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has(&self, mark: u64) -> bool {
        self.0.binary_search(&mark).is_ok()
    }
}

/// Takes a mark, whose bits are spread already, as its hash.
#[derive(Default)]
struct OfMark(u64);

impl Hasher for OfMark {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64((*byte).into());
        }
    }

    fn write_u64(&mut self, mark: u64) {
        self.0 = self.0.rotate_left(8) ^ mark;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::listed::{Listed, Synapses};
    use super::*;

    #[test]
    fn marks_are_repeated_that_are_there_twice() {
        let repeated = Repeated::of(vec![7, 3, 9, 3, 7, 7, 1]);
        assert_eq!((0..12).filter(|mark| repeated.has(*mark)).collect::<Vec<u64>>(), [3, 7]);
    }

    /// Rows of which only the middle differs have the same brief mark.
    #[test]
    fn equal_rows_and_no_others_are_one() {
        let list = |weight: i16, base: u32| -> Vec<Listed> {
            let of = |at| Listed::new(if at == 20 { weight } else { 2 }, false, false).at(base + at, 0);
            (0..40).map(of).collect()
        };
        let lists: Vec<Vec<Listed>> =
            [(2, 0), (4, 0), (2, 7), (6, 0), (4, 100), (6, 3)].map(|(w, b)| list(w, b)).to_vec();
        let mut stored = Stored::new();
        let mut number = 0;
        let found: Vec<(usize, bool)> = lists
            .iter()
            .map(|list| SynapseRow::new(Synapses::Listed(list), 8, true, false))
            .map(|row| {
                stored.of(row, |_| {
                    number += 1;
                    number
                })
            })
            .collect();
        assert_eq!(found, [(1, true), (2, true), (1, false), (3, true), (2, false), (3, false)]);
        assert_eq!((stored.first.len(), stored.others.len()), (1, 2));
    }
}
