//! WAV recordings: features of their sound, see [`super::mel`].

use super::format::Format;
#[cfg(feature = "audio")]
use super::mel::read;

/// Sounds; each becomes 50 frames of 20 channels.
pub(crate) const FORMAT: Format = Format::new("wav", &["wav"], "sounds, as 50 frames of 20 log-mel channels", read)
    .begins(&[b"RIFF"])
    .needs("audio", cfg!(feature = "audio"));

/// Stands for the reader that is left out.
#[cfg(not(feature = "audio"))]
fn read(
    _: &[u8],
    _: usize,
    _: &super::options::DataOptions,
) -> Result<super::format::Content, super::error::FormatError> {
    Err("sounds are read with the feature `audio`".into())
}
