//! Learned state in a file, which another run begins with.

use super::RecordError;
use loihi_core::num::Fnv64;
use loihi_core::wire::frame::CRC;
use loihi_files::whole;
use std::path::Path;

/// First bytes of a file of learned state; the version of the file follows as a digit.
const LEARNED_MAGIC: [u8; 7] = *b"LOIHILS";
/// Version of the file.
const LEARNED_VERSION: u8 = b'2';

/// Magic, version, image hash, number of bytes, the bytes, CRC-32 of all before it; little-endian.
pub(super) fn to_bytes(image_hash: u64, learned: &[u8]) -> Vec<u8> {
    let mut bytes = LEARNED_MAGIC.to_vec();
    bytes.push(LEARNED_VERSION);
    bytes.extend(image_hash.to_le_bytes());
    bytes.extend((learned.len() as u64).to_le_bytes());
    bytes.extend(learned);
    bytes.extend(CRC.checksum(&bytes).to_le_bytes());
    bytes
}

/// Learned state that was written by a run, and the hash of the image that learned it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learned {
    /// Hash of the image.
    pub image_hash: u64,
    /// What [`loihi_core::chip::SnapshotScope::Learned`] is.
    pub bytes: Vec<u8>,
}

impl Learned {
    /// Reads a file, or the file `learned.bin` of a run folder.
    ///
    /// # Errors
    /// [`RecordError`] says what is wrong with it.
    pub fn read(path: &Path) -> Result<Self, RecordError> {
        let path = if path.is_dir() { path.join("learned.bin") } else { path.to_owned() };
        let bytes = whole::bytes(&path).map_err(|error| RecordError::File { path: path.clone(), error })?;
        Self::parse(&bytes).map_err(|why| RecordError::Learned { path, why })
    }

    /// The learned state, for a device that runs the image of this hash.
    ///
    /// # Errors
    /// Another image learned it.
    pub fn state_of(&self, image_hash: u64) -> Result<&[u8], RecordError> {
        if self.image_hash == image_hash {
            Ok(&self.bytes)
        } else {
            Err(RecordError::OtherImage { expected: image_hash, found: self.image_hash })
        }
    }

    /// Hash of the learned state and of the image that learned it.
    pub fn hash(&self) -> u64 {
        let mut hash = Fnv64::new();
        hash.bytes(&self.image_hash.to_le_bytes());
        hash.bytes(&self.bytes);
        hash.finish()
    }

    fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        let (checked, check) = bytes.split_last_chunk::<4>().ok_or("the file is too short for learned state")?;
        let rest = checked.strip_prefix(&LEARNED_MAGIC).ok_or("this is not a file of learned state")?;
        let (version, rest) = rest.split_first().ok_or("the file ends within its header")?;
        if *version != LEARNED_VERSION {
            return Err("the file is of another version of this program: learn again");
        }
        if CRC.checksum(checked) != u32::from_le_bytes(*check) {
            return Err("the file is cut or damaged (its check does not match)");
        }
        let (image_hash, rest) = rest.split_first_chunk::<8>().ok_or("the file ends within its header")?;
        let (count, rest) = rest.split_first_chunk::<8>().ok_or("the file ends within its header")?;
        if rest.len() as u64 != u64::from_le_bytes(*count) {
            return Err("the file holds another number of bytes than it announces");
        }
        Ok(Self { image_hash: u64::from_le_bytes(*image_hash), bytes: rest.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learned_state_comes_back_and_damage_is_noticed() {
        let bytes = to_bytes(0x1234, &[1, 2, 255]);
        let read = Learned::parse(&bytes).unwrap();
        assert_eq!((read.image_hash, read.bytes.as_slice()), (0x1234, &[1, 2, 255][..]));
        assert!(Learned::parse(b"LOIHILS1 and learned state of before").unwrap_err().contains("another version"));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert!(Learned::parse(&damaged).is_err(), "byte {at}");
            assert!(Learned::parse(&bytes[..at]).is_err(), "cut at {at}");
        }
    }
}
