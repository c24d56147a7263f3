//! Spikes of an artificial cochlea, as the Heidelberg data sets (SHD, SSC) come, see [`super::cochlea`].

#[cfg(feature = "hdf5")]
use super::cochlea::read;
use super::format::Format;

/// Files of many words.
pub(crate) const FORMAT: Format =
    Format::new("shd", &["h5", "hdf5"], "spoken words of the Heidelberg data sets, in HDF5", read)
        .begins(&[b"\x89HDF\r\n\x1a\n"])
        .of_many("in the file")
        .needs("hdf5", cfg!(feature = "hdf5"));

/// Stands for the reader that is left out.
#[cfg(not(feature = "hdf5"))]
fn read(
    _: &[u8],
    _: usize,
    _: &super::options::DataOptions,
) -> Result<super::format::Content, super::error::FormatError> {
    Err("HDF5 files are read with the feature `hdf5`".into())
}
