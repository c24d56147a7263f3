//! An image in the words in which it is loaded.

use loihi_core::image::{Image, ImageError, SnipRecord, hash};
use loihi_core::snip::{SnipType, Snips};
use zerocopy::IntoBytes as _;

/// A finished image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFile {
    words: Vec<u32>,
    snips: Vec<SnipType>,
}

impl ImageFile {
    pub(super) fn new(words: Vec<u32>, snips: Vec<SnipType>) -> Self {
        Self { words, snips }
    }

    /// The programs of the embedded CPU that it names: what [`Chip::new`](loihi_core::chip::Chip::new) takes.
    pub fn snips(&self) -> &[SnipType] {
        &self.snips
    }

    /// The bytes that are loaded.
    pub fn bytes(&self) -> &[u8] {
        self.words.as_bytes()
    }

    /// The network in it.
    ///
    /// # Errors
    /// None for an image that [`ImageBuilder::build`](super::ImageBuilder::build) made.
    pub fn open(&self) -> Result<Image<'_>, ImageError> {
        Image::open(self.bytes(), &Snips(&self.snips))
    }

    /// Words that one of its programs learns; 0 for a program that it does not name.
    pub fn learned_words(&self, snip: &SnipRecord) -> usize {
        let found = self.snips.iter().find(|found| found.kind == snip.kind);
        found.map_or(0, |found| found.learned_words(&snip.params))
    }

    /// FNV-1a 64 of the bytes: the image's name in manifests.
    pub fn hash(&self) -> u64 {
        hash(self.bytes())
    }

    /// The bytes followed by their hash, as written to flash and checked by [`sealed`](loihi_core::image::sealed).
    pub fn sealed(&self) -> Vec<u8> {
        [self.bytes(), &self.hash().to_le_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::super::ImageBuilder;
    use loihi_core::image::{ImageError, Profile};

    #[test]
    fn a_cut_or_changed_image_is_refused() {
        let mut builder = ImageBuilder::new();
        builder.group(3, Profile::DEFAULT);
        let mut file = builder.build().unwrap();
        let words = file.words.len();
        file.words.truncate(words - 1);
        assert!(file.open().unwrap_err().to_string().contains("cut"));
        file.words[0] ^= 1;
        assert_eq!(file.open().unwrap_err(), ImageError::NotAnImage);
    }
}
