//! What was learned, in flash: whole as it was, or whole as it is, wherever the power goes.
//!
//! The flash has two slots, and they take turns. A slot is a head of 64 bytes, then the data:
//!
//! | bytes | what |
//! |---|---|
//! | 0..4 | `LRN1` |
//! | 4..8 | sequence number |
//! | 8..12 | length of the data in bytes |
//! | 12..16, 16..20 | samples that were learned, and those of them that were answered right before |
//! | 24..32 | hash of the image that has learned |
//! | 32..40 | FNV-1a 64 of bytes 0..32, then of the data |
//!
//! Numbers have their low byte first, and the other bytes are 0. The head is written last, so that a slot which is not
//! complete is not valid, and the other one, which was left alone, counts. Of two that are valid the later one counts.
//!
//! `sequential-storage` keeps an item in one page of flash, and this one is longer than the pages of most chips.

use core::fmt;
use embedded_storage::nor_flash::{NorFlash, NorFlashErrorKind};
use loihi_core::num::Fnv64;

/// First bytes of a slot.
const MAGIC: [u8; 4] = *b"LRN1";
/// Bytes of a head, and of what is read and written at a time: a multiple of the word of any flash.
const HEAD_BYTES: usize = 64;
/// Bytes of a head that its hash is of.
const HASHED_BYTES: usize = 32;

/// What a store says of what it keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Hash of the image that has learned.
    pub image_hash: u64,
    /// Samples that were learned.
    pub samples: u32,
    /// Those of them that were answered right before they were learned.
    pub right: u32,
    /// Bytes of data.
    pub bytes: usize,
}

/// Why something was not kept or read. What was kept before is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// The flash has no two slots for as many bytes.
    TooSmall,
    /// There is nothing to read at this place.
    Outside,
    /// The flash has failed.
    Flash(NorFlashErrorKind),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooSmall => {
                write!(f, "the store is too small for what this network learns: give the board a larger one")
            }
            Self::Outside => write!(f, "the store keeps less than was asked for"),
            Self::Flash(kind) => write!(f, "the flash has failed: {kind}"),
        }
    }
}

impl core::error::Error for StoreError {}

/// Which of the two slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    First,
    Second,
}

/// A slot whose contents are whole.
#[derive(Clone, Copy, Debug)]
struct Valid {
    slot: Slot,
    sequence: u32,
    entry: Entry,
}

/// A store in some flash.
///
/// # Example
/// ```
/// use firmware_standalone::ram_flash::RamFlash;
/// use firmware_standalone::store::{Entry, Store};
///
/// let mut memory = [0; 4096];
/// let mut store = Store::open(RamFlash::new(&mut memory))?;
/// assert_eq!(store.entry(), None);
/// store.keep(Entry { samples: 7, ..Entry::default() }, [&b"what was "[..], b"learned"])?;
/// drop(store);
///
/// // After a reset.
/// let mut store = Store::open(RamFlash::new(&mut memory))?;
/// let mut read = [0; 7];
/// store.read(9, &mut read)?;
/// assert_eq!((store.entry().map(|entry| entry.samples), &read), (Some(7), b"learned"));
/// # Ok::<(), firmware_standalone::store::StoreError>(())
/// ```
#[derive(Debug)]
pub struct Store<F> {
    flash: F,
    current: Option<Valid>,
}

impl<F: NorFlash> Store<F> {
    const SIZES_FIT: () = assert!(
        HEAD_BYTES.is_multiple_of(F::WRITE_SIZE)
            && HEAD_BYTES.is_multiple_of(F::READ_SIZE)
            && F::ERASE_SIZE.is_multiple_of(HEAD_BYTES),
        "a head is made of whole words of the flash, and a block of whole heads"
    );

    /// The store in this flash, with what was kept last; nothing if neither slot is whole.
    ///
    /// # Errors
    /// [`StoreError::Flash`].
    pub fn open(flash: F) -> Result<Self, StoreError> {
        let () = Self::SIZES_FIT;
        let mut store = Self { flash, current: None };
        let [first, second] = [store.look(Slot::First)?, store.look(Slot::Second)?];
        store.current = match (first, second) {
            // Numbers wrap, and two that are valid differ by one.
            (Some(first), Some(second)) => {
                let is_later = second.sequence.wrapping_sub(first.sequence).cast_signed() > 0;
                Some(if is_later { second } else { first })
            }
            (first, second) => first.or(second),
        };
        Ok(store)
    }

    /// What is kept, if anything is.
    pub fn entry(&self) -> Option<Entry> {
        self.current.map(|current| current.entry)
    }

    /// Reads the data that are kept from `offset` on.
    ///
    /// # Errors
    /// [`StoreError::Outside`], [`StoreError::Flash`].
    pub fn read(&mut self, offset: usize, into: &mut [u8]) -> Result<(), StoreError> {
        let Valid { slot, entry, .. } = self.current.ok_or(StoreError::Outside)?;
        let end = offset.checked_add(into.len()).filter(|end| *end <= entry.bytes).ok_or(StoreError::Outside)?;
        let mut chunk = [0; HEAD_BYTES];
        // Flash is read in whole words, from a multiple of them on.
        for (at, to) in (offset..end).zip(into) {
            if at == offset || at.is_multiple_of(HEAD_BYTES) {
                self.read_chunk(slot, at / HEAD_BYTES, &mut chunk)?;
            }
            *to = chunk.get(at % HEAD_BYTES).copied().unwrap_or(0);
        }
        Ok(())
    }

    /// Keeps the parts, one behind the other, instead of what is kept. `entry.bytes` is set.
    ///
    /// # Errors
    /// [`StoreError`]; then what was kept before is still there.
    pub fn keep<'d>(
        &mut self,
        entry: Entry,
        parts: impl IntoIterator<Item = &'d [u8]> + Clone,
    ) -> Result<(), StoreError> {
        let bytes = parts.clone().into_iter().map(<[u8]>::len).sum();
        let entry = Entry { bytes, ..entry };
        let slot = match self.current {
            Some(Valid { slot: Slot::First, .. }) => Slot::Second,
            _ => Slot::First,
        };
        let sequence = self.current.map_or(0, |current| current.sequence).wrapping_add(1);
        let begin = self.begin(slot);
        let end = begin + (HEAD_BYTES + bytes).next_multiple_of(F::ERASE_SIZE);
        if end > begin + self.slot_bytes() {
            return Err(StoreError::TooSmall);
        }
        self.flash.erase(address(begin), address(end)).map_err(|error| failed(&error))?;
        let mut head = head(sequence, &entry);
        let mut hash = Fnv64::new();
        hash.bytes(&head[..HASHED_BYTES]);
        let (mut chunk, mut filled, mut number) = ([0; HEAD_BYTES], 0, 0);
        for byte in parts.into_iter().flatten() {
            chunk[filled] = *byte;
            filled += 1;
            if filled == HEAD_BYTES {
                hash.bytes(&chunk);
                self.write_chunk(begin, number, &chunk)?;
                (filled, number) = (0, number + 1);
            }
        }
        if filled > 0 {
            hash.bytes(&chunk[..filled]);
            self.write_chunk(begin, number, &chunk)?;
        }
        head[HASHED_BYTES..HASHED_BYTES + 8].copy_from_slice(&hash.finish().to_le_bytes());
        self.flash.write(address(begin), &head).map_err(|error| failed(&error))?;
        self.current = Some(Valid { slot, sequence, entry });
        Ok(())
    }

    /// What a slot keeps, if it is whole.
    fn look(&mut self, slot: Slot) -> Result<Option<Valid>, StoreError> {
        let mut head = [0; HEAD_BYTES];
        if self.slot_bytes() < HEAD_BYTES {
            return Ok(None);
        }
        self.flash.read(address(self.begin(slot)), &mut head).map_err(|error| failed(&error))?;
        let word = |at: usize| head.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |word| u32::from_le_bytes(*word));
        let wide = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
        let bytes = word(8) as usize;
        if !head.starts_with(&MAGIC) || bytes > self.slot_bytes() - HEAD_BYTES {
            return Ok(None);
        }
        let mut hash = Fnv64::new();
        hash.bytes(&head[..HASHED_BYTES]);
        let (mut chunk, mut left) = ([0; HEAD_BYTES], bytes);
        for number in 0..bytes.div_ceil(HEAD_BYTES) {
            self.read_chunk(slot, number, &mut chunk)?;
            hash.bytes(&chunk[..left.min(HEAD_BYTES)]);
            left = left.saturating_sub(HEAD_BYTES);
        }
        let entry = Entry { image_hash: wide(24), samples: word(12), right: word(16), bytes };
        Ok((hash.finish() == wide(HASHED_BYTES)).then_some(Valid { slot, sequence: word(4), entry }))
    }

    /// Bytes of a slot, whole blocks.
    fn slot_bytes(&self) -> usize {
        let half = self.flash.capacity() / 2;
        half - half % F::ERASE_SIZE
    }

    fn begin(&self, slot: Slot) -> usize {
        match slot {
            Slot::First => 0,
            Slot::Second => self.slot_bytes(),
        }
    }

    fn read_chunk(&mut self, slot: Slot, number: usize, chunk: &mut [u8; HEAD_BYTES]) -> Result<(), StoreError> {
        let at = self.begin(slot) + HEAD_BYTES * (number + 1);
        self.flash.read(address(at), chunk).map_err(|error| failed(&error))
    }

    fn write_chunk(&mut self, begin: usize, number: usize, chunk: &[u8; HEAD_BYTES]) -> Result<(), StoreError> {
        self.flash.write(address(begin + HEAD_BYTES * (number + 1)), chunk).map_err(|error| failed(&error))
    }
}

/// The head of a slot, without its hash.
fn head(sequence: u32, entry: &Entry) -> [u8; HEAD_BYTES] {
    let mut head = [0; HEAD_BYTES];
    let Entry { image_hash, samples, right, bytes } = *entry;
    let numbers = [sequence, address(bytes), samples, right, 0].map(u32::to_le_bytes);
    let all = MAGIC.iter().chain(numbers.as_flattened()).copied().chain(image_hash.to_le_bytes());
    head.iter_mut().zip(all).for_each(|(to, from)| *to = from);
    head
}

/// A place in flash as drivers count; no flash has 2^32 bytes.
fn address(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn failed<E: embedded_storage::nor_flash::NorFlashError>(error: &E) -> StoreError {
    StoreError::Flash(error.kind())
}

#[cfg(test)]
mod tests;
