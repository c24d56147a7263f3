//! Short names that travel in images and errors.

use core::fmt;
use serde::{Deserialize, Serialize};

/// A name of at most [`Name::BYTES`] bytes of ASCII; longer ones are cut, other characters are shown as `?`.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, postcard_schema::Schema)]
pub struct Name([u8; Self::BYTES]);

impl Name {
    /// Longest name.
    pub const BYTES: usize = 24;
    /// Words that a name takes.
    pub const WORDS: usize = Self::BYTES / 4;

    /// This name.
    pub fn new(name: &str) -> Self {
        let mut bytes = [0; Self::BYTES];
        for (to, from) in bytes.iter_mut().zip(name.bytes()) {
            *to = from;
        }
        Self(bytes)
    }

    /// The name in these words, low byte first.
    pub fn from_words(words: &[u32; Self::WORDS]) -> Self {
        let mut bytes = [0; Self::BYTES];
        for (to, from) in bytes.iter_mut().zip(words.iter().flat_map(|word| word.to_le_bytes())) {
            *to = from;
        }
        Self(bytes)
    }

    /// Its words, low byte first.
    pub fn words(&self) -> [u32; Self::WORDS] {
        let mut words = [0; Self::WORDS];
        for (word, bytes) in words.iter_mut().zip(self.0.as_chunks::<4>().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        words
    }

    /// Whether this is the name.
    pub fn is(&self, name: &str) -> bool {
        *self == Self::new(name)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0.iter().take_while(|byte| **byte != 0) {
            let shown = if byte.is_ascii_graphic() { char::from(*byte) } else { '?' };
            fmt::Write::write_char(f, shown)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_survives_its_words_and_is_shown_in_ascii() {
        let name = Name::new("eprop");
        assert!(name.is("eprop") && !name.is("eprop2"));
        assert_eq!(Name::from_words(&name.words()), name);
        assert_eq!(std::format!("{}", Name::new("ä b")), "???b");
        assert_eq!(
            std::format!("{name} {}", Name::new("a name that is longer than that")),
            "eprop a?name?that?is?longer?th"
        );
    }
}
