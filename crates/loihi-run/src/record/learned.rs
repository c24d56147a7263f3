//! Learned state in a file, which another run begins with.

use super::RecordError;
use super::container::{self, ContainerError, Contents, LEARNED};
use loihi_core::num::Fnv64;
use loihi_files::whole;
use std::path::Path;

/// The bytes of the file.
pub(super) fn to_bytes(image_hash: u64, learned: &[u8]) -> Vec<u8> {
    container::to_bytes(LEARNED, Contents { image_hash, head: learned, body: &[] })
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

    fn parse(bytes: &[u8]) -> Result<Self, ContainerError> {
        let Contents { image_hash, head, body } = container::parse(LEARNED, bytes)?;
        if body.is_empty() { Ok(Self { image_hash, bytes: head.to_vec() }) } else { Err(ContainerError::Length) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learned_state_comes_back() {
        let bytes = to_bytes(0x1234, &[1, 2, 255]);
        assert_eq!(&bytes[..24], b"LOIHILS2\x34\x12\0\0\0\0\0\0\x03\0\0\0\0\0\0\0", "as ever");
        assert_eq!(Learned::parse(&bytes), Ok(Learned { image_hash: 0x1234, bytes: vec![1, 2, 255] }));
    }
}
