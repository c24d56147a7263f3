//! A list of numbers with one writer and several readers, in turns.

use std::iter;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Length of the first block; each further one is twice as long.
const BLOCK_FIRST: usize = 256;

/// Blocks, enough for every list that a `u32` can count.
const BLOCKS: usize = 24;

/// A list whose length the writer tells the readers. Blocks are allocated when a list first needs them, and kept.
#[derive(Default)]
pub(super) struct List([OnceLock<Box<[AtomicU32]>>; BLOCKS]);

impl List {
    /// Writes a list. Nobody may read it meanwhile.
    pub(super) fn write(&self, numbers: &[u32]) {
        let mut rest = numbers;
        for (block, length) in self.0.iter().zip(block_lengths()) {
            if rest.is_empty() {
                break;
            }
            let block = block.get_or_init(|| iter::repeat_with(AtomicU32::default).take(length).collect());
            let (first, others) = rest.split_at(rest.len().min(length));
            block.iter().zip(first).for_each(|(to, number)| to.store(*number, Ordering::Relaxed));
            rest = others;
        }
    }

    /// Appends the first `length` numbers to `to`.
    pub(super) fn read(&self, length: usize, to: &mut Vec<u32>) {
        let mut left = length;
        for block in self.0.iter().map_while(OnceLock::get) {
            let numbers = block.get(..left).unwrap_or(block);
            to.extend(numbers.iter().map(|number| number.load(Ordering::Relaxed)));
            left -= numbers.len();
            if left == 0 {
                break;
            }
        }
    }
}

/// Lengths of the blocks.
fn block_lengths() -> impl Iterator<Item = usize> {
    iter::successors(Some(BLOCK_FIRST), |length| length.checked_mul(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_any_length_are_read_as_written() {
        let list = List::default();
        for length in [0_u32, 3, 255, 256, 257, 0, 768, 769, 100_000, 1] {
            let numbers: Vec<u32> = (0..length).map(|at| at * 7 + length).collect();
            list.write(&numbers);
            let mut read = vec![9];
            list.read(numbers.len(), &mut read);
            assert_eq!(read[0], 9);
            assert_eq!(read[1..], numbers, "{length} numbers");
        }
    }
}
