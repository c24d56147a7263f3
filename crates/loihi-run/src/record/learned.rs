//! Learned state in a file, which another run begins with.

use super::RecordError;
use super::container::{self, ContainerError, Contents, LEARNED};
use loihi_core::num::Fnv64;
use loihi_data::Scale;
use loihi_files::whole;
use std::path::Path;

/// The bytes of the file.
pub(super) fn to_bytes(image_hash: u64, learned: &[u8], scale: Option<Scale>) -> Vec<u8> {
    container::to_bytes(LEARNED, Contents { image_hash, head: learned, body: &body(scale) })
}

/// The numbers that become 0 and 255 in double precision; nothing where the numbers of each file say it themselves.
fn body(scale: Option<Scale>) -> Vec<u8> {
    scale.and_then(Scale::kept).map_or_else(Vec::new, |scale| scale.ends().map(f64::to_le_bytes).concat())
}

/// Learned state that was written by a run, and the hash of the image that learned it.
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    /// Hash of the image.
    pub image_hash: u64,
    /// What [`loihi_core::chip::SnapshotScope::Learned`] is.
    pub bytes: Vec<u8>,
    /// How numbers of the samples became values while it was learned, if they were scaled: what it is shown later is scaled alike.
    pub scale: Option<Scale>,
    /// Classes of the samples that it learned, where the table of confusion of its run is beside it.
    pub classes: Option<u32>,
}

impl Learned {
    /// Reads a file, or the file `learned.bin` of a run folder.
    ///
    /// # Errors
    /// [`RecordError`] says what is wrong with it.
    pub fn read(path: &Path) -> Result<Self, RecordError> {
        let path = if path.is_dir() { path.join("learned.bin") } else { path.to_owned() };
        let bytes = whole::bytes(&path).map_err(|error| RecordError::File { path: path.clone(), error })?;
        let classes = classes_beside(&path);
        let learned = Self::parse(&bytes).map_err(|why| RecordError::Learned { path, why })?;
        Ok(Self { classes, ..learned })
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
        hash.bytes(&body(self.scale));
        hash.finish()
    }

    fn parse(bytes: &[u8]) -> Result<Self, ContainerError> {
        let Contents { image_hash, head, body } = container::parse(LEARNED, bytes)?;
        let scale = match body.as_chunks::<8>() {
            ([], []) => None,
            ([low, high], []) => {
                let scale = Scale::of_ends([low, high].map(|end| f64::from_le_bytes(*end)));
                Some(scale.ok_or(ContainerError::Scale)?)
            }
            _ => return Err(ContainerError::Length),
        };
        Ok(Self { image_hash, bytes: head.to_vec(), scale, classes: None })
    }
}

/// Rows of the table of confusion in the folder of a file, one for each class, after that with the names of its columns.
fn classes_beside(path: &Path) -> Option<u32> {
    let table = whole::text(&path.with_file_name("table-confusion.csv")).ok()?;
    u32::try_from(table.lines().count().checked_sub(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learned_state_comes_back() {
        let bytes = to_bytes(0x1234, &[1, 2, 255], None);
        assert_eq!(&bytes[..24], b"LOIHILS3\x34\x12\0\0\0\0\0\0\x03\0\0\0\0\0\0\0", "as ever");
        let learned = Learned { image_hash: 0x1234, bytes: vec![1, 2, 255], scale: None, classes: None };
        assert_eq!(Learned::parse(&bytes), Ok(learned.clone()));
        let scale = Scale::of_ends([-1.5, 4.0]);
        let scaled = Learned { scale, ..learned.clone() };
        assert_eq!(Learned::parse(&to_bytes(0x1234, &[1, 2, 255], scale)), Ok(scaled.clone()));
        assert_ne!(scaled.hash(), learned.hash(), "with another scale it answers otherwise");
        assert_eq!(to_bytes(0x1234, &[1, 2, 255], Some(Scale::BYTES)), bytes, "files say it themselves");
    }

    #[test]
    fn a_scale_is_two_numbers_of_which_the_second_is_larger() {
        let ends = |ends: [f64; 2]| ends.map(f64::to_le_bytes).concat();
        let (length, scale) = (ContainerError::Length, ContainerError::Scale);
        for (body, error) in [
            (vec![0; 8], length),
            (vec![0; 17], length),
            (vec![0; 16], scale),
            (ends([4.0, -4.0]), scale),
            (ends([-1e308, 1e308]), scale),
        ] {
            let bytes = container::to_bytes(LEARNED, Contents { image_hash: 1, head: &[2], body: &body });
            assert_eq!(Learned::parse(&bytes), Err(error), "{body:?}");
        }
    }

    #[test]
    fn the_classes_are_those_of_the_table_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("learned.bin");
        std::fs::write(&path, to_bytes(1, &[2], None)).unwrap();
        assert_eq!(Learned::read(folder.path()).unwrap().classes, None);
        std::fs::write(folder.path().join("table-confusion.csv"), "row,0,1\n0,5,0\n1,0,5\n").unwrap();
        for path in [folder.path(), &path] {
            assert_eq!(Learned::read(path).unwrap().classes, Some(2));
        }
    }
}
