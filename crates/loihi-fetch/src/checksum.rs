//! SHA-512: of packages, as registries write it, and of files, as `sha512sum` writes it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha512};
use std::fmt;
use std::io::{self, Read, Write};
use std::str::FromStr;

/// A SHA-512.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Checksum([u8; 64]);

/// The text is not a checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a checksum is written `sha512-` and 88 characters of base64")]
pub struct NoChecksum;

impl Checksum {
    /// The checksum of all that can be read.
    ///
    /// # Errors
    /// Those of reading.
    pub fn of(mut source: impl Read) -> io::Result<Self> {
        let mut sink = Summing::new(io::sink());
        io::copy(&mut source, &mut sink)?;
        Ok(sink.finish())
    }

    /// As 128 hexadecimal digits.
    pub fn hexadecimal(&self) -> String {
        let (words, _) = self.0.as_chunks::<8>();
        let words: Vec<String> = words.iter().map(|word| format!("{:016x}", u64::from_be_bytes(*word))).collect();
        words.concat()
    }
}

/// As the registry writes it.
impl FromStr for Checksum {
    type Err = NoChecksum;

    fn from_str(text: &str) -> Result<Self, NoChecksum> {
        let digits = text.strip_prefix("sha512-").ok_or(NoChecksum)?;
        let bytes = STANDARD.decode(digits).map_err(|_| NoChecksum)?;
        Ok(Self(bytes.try_into().map_err(|_| NoChecksum)?))
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha512-{}", STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Writes on, and sums what goes through.
pub(crate) struct Summing<W> {
    to: W,
    sum: Sha512,
}

impl<W: Write> Summing<W> {
    pub(crate) fn new(to: W) -> Self {
        Self { to, sum: Sha512::new() }
    }

    pub(crate) fn finish(self) -> Checksum {
        Checksum(self.sum.finalize().into())
    }
}

impl<W: Write> Write for Summing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.sum.update(&bytes[..written.min(bytes.len())]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_text_has_its_known_checksum() {
        let sum = Checksum::of(&b"abc"[..]).unwrap();
        assert!(sum.hexadecimal().starts_with("ddaf35a193617abacc417349ae204131"), "{}", sum.hexadecimal());
        assert!(sum.hexadecimal().ends_with("2a9ac94fa54ca49f"));
        assert_eq!(sum.to_string().parse(), Ok(sum));
    }

    #[test]
    fn what_is_no_checksum_is_refused() {
        let short = "sha512-yNMiXGBeeSNgm/OnD4v/Ag==";
        for text in ["", "sha512-", "sha512-?", "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=", short] {
            assert_eq!(text.parse::<Checksum>(), Err(NoChecksum), "{text}");
        }
    }
}
