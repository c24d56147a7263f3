//! Images in flash: an image is followed by its hash, so that nothing else is taken for one.

use super::{HEADER_WORDS, MAGIC, VERSION, index};
use crate::num::Fnv64;
use core::fmt;

/// Bytes of the hash behind an image.
pub const SEAL_BYTES: usize = 8;

/// Why there is no image at the beginning of a region of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealError {
    /// Nothing was written: the first word is erased or missing.
    Blank,
    /// The first word is not an image's.
    NotAnImage,
    /// The layout is of another version than [`VERSION`].
    Version,
    /// The image and its hash are longer than the region.
    TooLong,
    /// The bytes have another hash than the one behind them.
    Damaged,
}

impl SealError {
    /// What is wrong, and what to do: a sentence without figures, for boards that have no room to format them.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Blank => "there is no network in flash: write the file of `loihi image` there",
            Self::NotAnImage => {
                "what lies in flash is not a network: write the file of `loihi image` to the beginning of its region"
            }
            Self::Version => {
                "the network in flash has another layout version than this firmware: build both from the same source"
            }
            Self::TooLong => "the network in flash is longer than its region: take a smaller one",
            Self::Damaged => "the network in flash is cut or damaged: write it again",
        }
    }
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl core::error::Error for SealError {}

/// FNV-1a 64 of an image's bytes: its name, and its seal.
pub fn hash(image: &[u8]) -> u64 {
    let mut hash = Fnv64::new();
    hash.bytes(image);
    hash.finish()
}

/// The image at the beginning of a region that has its hash, low byte first, behind it. What else the region holds does not
/// matter. [`Image::open`](super::Image::open) checks what is in the image.
///
/// # Errors
/// [`SealError`].
///
/// # Example
/// ```
/// use loihi_core::image::{SealError, hash, sealed, write};
///
/// let mut words = [0; 60];
/// let length = write(&mut words, [0; 5], &[]).expect("it fits");
/// let image = zerocopy::IntoBytes::as_bytes(&words[..length]);
/// let region = [image, &hash(image).to_le_bytes(), &[0xFF; 100]].concat();
/// assert_eq!(sealed(&region), Ok(image));
/// assert_eq!(sealed(&[0xFF; 100]), Err(SealError::Blank));
/// ```
pub fn sealed(region: &[u8]) -> Result<&[u8], SealError> {
    let word = |at: usize| region.as_chunks::<4>().0.get(at).map(|bytes| u32::from_le_bytes(*bytes));
    match word(0) {
        Some(MAGIC) => {}
        None | Some(0 | u32::MAX) => return Err(SealError::Blank),
        Some(_) => return Err(SealError::NotAnImage),
    }
    if word(1) != Some(VERSION) {
        return Err(SealError::Version);
    }
    let length = index(word(2).unwrap_or(0));
    if length < HEADER_WORDS {
        return Err(SealError::NotAnImage);
    }
    let (image, rest) = region.split_at_checked(length.saturating_mul(4)).ok_or(SealError::TooLong)?;
    let found = rest.first_chunk().ok_or(SealError::TooLong)?;
    if hash(image).to_le_bytes() == *found { Ok(image) } else { Err(SealError::Damaged) }
}

#[cfg(test)]
mod tests {
    use super::super::write;
    use super::*;
    use std::vec::Vec;

    fn region() -> Vec<u8> {
        let mut words = [0; 60];
        let length = write(&mut words, [1, 2, 3, 4, 5], &[]).unwrap();
        let image = zerocopy::IntoBytes::as_bytes(&words[..length]);
        [image, &hash(image).to_le_bytes(), &[0xFF; 16]].concat()
    }

    #[test]
    fn any_changed_byte_is_refused() {
        let whole = region();
        let length = whole.len() - 16;
        assert_eq!(sealed(&whole), Ok(&whole[..length - SEAL_BYTES]));
        for at in 0..length {
            let mut changed = whole.clone();
            changed[at] ^= 1 << (at % 8);
            assert!(sealed(&changed).is_err(), "byte {at}");
        }
        let mut changed = whole;
        changed[length] = 0;
        assert!(sealed(&changed).is_ok(), "what lies behind it does not matter");
    }

    #[test]
    fn any_cut_is_refused() {
        let whole = region();
        let length = whole.len() - 16;
        for end in 0..length {
            assert!(sealed(&whole[..end]).is_err(), "{end} bytes in a region as long");
            let mut rest = whole.clone();
            rest[end..].fill(0xFF);
            assert!(sealed(&rest).is_err(), "{end} bytes in an erased region");
        }
        assert!(sealed(&whole[4..]).is_err(), "in the wrong place");
    }

    #[test]
    fn what_is_wrong_is_said_in_a_sentence() {
        let mut region = region();
        region[4] += 1;
        assert_eq!(sealed(&region), Err(SealError::Version));
        region[0] = b'x';
        assert_eq!(sealed(&region), Err(SealError::NotAnImage));
        for blank in [&[0; 8][..], &[0xFF; 100], &[]] {
            assert_eq!(sealed(blank), Err(SealError::Blank));
        }
    }
}
