//! The power goes at every single operation of the flash.

use super::*;
use embedded_storage::nor_flash::{ErrorType, ReadNorFlash, check_erase, check_write};
use loihi_core::num::word;

/// Flash whose power goes: in the middle of an operation, which leaves undefined bits.
struct Failing {
    memory: Vec<u8>,
    /// Operations, each of a word or of a block, until the power goes.
    left: Option<u32>,
    /// Names what an interrupted operation leaves.
    seed: u32,
}

const BLOCK: usize = 256;

impl Failing {
    fn new() -> Self {
        Self { memory: vec![0x5A; 8 * BLOCK], left: None, seed: 0 }
    }

    /// Counts an operation; false if the power goes in it.
    fn has_power(&mut self) -> Result<bool, NorFlashErrorKind> {
        match &mut self.left {
            None => Ok(true),
            Some(0) => Err(NorFlashErrorKind::Other),
            Some(left) => {
                *left -= 1;
                Ok(*left > 0)
            }
        }
    }

    /// Some bits of `before` have become those of `after`.
    fn torn(&self, at: usize, before: u8, after: u8) -> u8 {
        let mask = word(self.seed, u32::try_from(at).unwrap(), 0, 0).to_le_bytes()[0];
        before & !mask | after & mask
    }
}

impl ErrorType for Failing {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Failing {
    const READ_SIZE: usize = 4;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        assert!(offset.is_multiple_of(4) && bytes.len().is_multiple_of(4), "whole words are read");
        bytes.copy_from_slice(&self.memory[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.memory.len()
    }
}

impl NorFlash for Failing {
    const WRITE_SIZE: usize = 8;
    const ERASE_SIZE: usize = BLOCK;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        for block in (from as usize..to as usize).step_by(BLOCK) {
            let is_whole = self.has_power()?;
            for at in block..block + BLOCK {
                self.memory[at] = if is_whole { 0xFF } else { self.torn(at, self.memory[at], 0xFF) };
            }
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, bytes.len())?;
        for (number, word) in bytes.chunks(Self::WRITE_SIZE).enumerate() {
            let is_whole = self.has_power()?;
            for (at, byte) in (offset as usize + Self::WRITE_SIZE * number..).zip(word) {
                assert_eq!(self.memory[at], 0xFF, "a word is written once after it was erased");
                self.memory[at] = if is_whole { *byte } else { self.torn(at, 0xFF, *byte) };
            }
        }
        Ok(())
    }
}

fn data(number: u32) -> Vec<u8> {
    (0..300).map(|at| word(7, number, at, 1).to_le_bytes()[0]).collect()
}

fn entry(number: u32) -> Entry {
    Entry { image_hash: 0x0123_4567_89AB_CDEF, samples: 10 * number, right: number, bytes: 300 }
}

/// Which of the states is kept, all of it.
fn kept(store: &mut Store<Failing>) -> Option<u32> {
    let found = store.entry()?;
    let mut read = vec![0; found.bytes];
    store.read(0, &mut read).unwrap();
    assert_eq!((found, read), (entry(found.right), data(found.right)));
    Some(found.right)
}

fn keep(store: &mut Store<Failing>, number: u32) -> Result<(), StoreError> {
    let all = data(number);
    let (head, rest) = all.split_at(77);
    store.keep(entry(number), [head, rest])
}

/// A store with as many states kept one after the other.
fn with(states: u32) -> Store<Failing> {
    let mut store = Store::open(Failing::new()).unwrap();
    for number in 1..=states {
        keep(&mut store, number).unwrap();
        assert_eq!(kept(&mut store), Some(number));
    }
    store
}

#[test]
fn wherever_the_power_goes_there_is_the_old_state_or_the_new_one() {
    for before in 0..4 {
        let mut cut = 0;
        let mut is_new = false;
        while !is_new || cut < 5 {
            for seed in 0..8 {
                let mut store = with(before);
                (store.flash.left, store.flash.seed) = (Some(cut), seed);
                let done = keep(&mut store, before + 1).is_ok();
                let mut after = Store::open(Failing { left: None, ..store.flash }).unwrap();
                let found = kept(&mut after).unwrap_or(0);
                is_new = found == before + 1;
                assert!(is_new || found == before, "{found} after {before}, cut at {cut}");
                assert!(is_new || !done, "what was kept is there, cut at {cut}");
                // It goes on from there, and over that again.
                for next in [found + 1, found + 2] {
                    keep(&mut after, next).unwrap();
                    assert_eq!(kept(&mut after), Some(next));
                }
                let mut again = Store::open(after.flash).unwrap();
                assert_eq!(kept(&mut again), Some(found + 2));
            }
            cut += 1;
        }
        // Two blocks, 38 words of data, of which 300 bytes fill the last in part, and 8 of the head.
        assert!((45..60).contains(&cut), "{cut} operations");
    }
}

#[test]
fn a_second_cut_while_the_first_is_made_good_changes_nothing() {
    for first in 0..50 {
        for second in 0..50 {
            let mut store = with(3);
            (store.flash.left, store.flash.seed) = (Some(first), first);
            let _cut = keep(&mut store, 4);
            let mut store = Store::open(Failing { left: None, ..store.flash }).unwrap();
            let between = kept(&mut store).unwrap();
            (store.flash.left, store.flash.seed) = (Some(second), second + 99);
            let _cut = keep(&mut store, between + 1);
            let mut store = Store::open(Failing { left: None, ..store.flash }).unwrap();
            let found = kept(&mut store).unwrap();
            assert!((between..=between + 1).contains(&found), "{found} after {between}, cut at {first} and {second}");
        }
    }
}

#[test]
fn numbers_wrap() {
    let mut store = Store::open(Failing::new()).unwrap();
    store.current = Some(Valid { slot: Slot::Second, sequence: u32::MAX - 2, entry: entry(0) });
    for number in 1..7 {
        keep(&mut store, number).unwrap();
        store = Store::open(store.flash).unwrap();
        assert_eq!(kept(&mut store), Some(number));
    }
    assert_eq!(store.current.unwrap().sequence, 3);
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let mut store = with(1);
    let long = vec![0; 4 * BLOCK];
    assert_eq!(store.keep(entry(2), [&*long]), Err(StoreError::TooSmall));
    assert_eq!(kept(&mut store), Some(1));
    let most = 4 * BLOCK - HEAD_BYTES;
    store.keep(entry(2), [&long[..most]]).unwrap();
    assert_eq!(store.entry().unwrap().bytes, most);
    assert_eq!(store.read(most - 1, &mut [0; 2]), Err(StoreError::Outside));
    let tiny = Store::open(Failing { memory: vec![0; BLOCK], left: None, seed: 0 });
    assert_eq!(tiny.unwrap().keep(entry(1), [&b"x"[..]]), Err(StoreError::TooSmall));
}

#[test]
fn a_changed_byte_makes_a_slot_invalid() {
    for at in 0..HEAD_BYTES + 300 {
        let mut store = with(2);
        // The second state lies in the second slot.
        store.flash.memory[4 * BLOCK + at] ^= 1;
        let mut store = Store::open(store.flash).unwrap();
        let unused = 40..HEAD_BYTES;
        assert_eq!(kept(&mut store), Some(if unused.contains(&at) { 2 } else { 1 }), "byte {at}");
    }
}
