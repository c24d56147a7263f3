//! Files read whole, up to a stated length: a device, a pipe that never ends or a sparse file does not fill the memory.

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// Most bytes of a text: networks, parameters, prices, tables of a run folder.
pub const TEXT: Limit = Limit { bytes: 64 << 20, of: "a text" };
/// Most bytes of arrays, recordings, networks of other programs, images.
pub const DATA: Limit = Limit { bytes: 2 << 30, of: "a file" };
/// Most bytes of a pipe or device, whose length is unknown before its end.
const STREAM: Limit = Limit { bytes: 256 << 20, of: "a pipe or device" };

/// How much is read, and of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// This many bytes.
    pub bytes: u64,
    of: &'static str,
}

impl Limit {
    /// The error of something that is longer.
    pub fn exceeded(self) -> io::Error {
        io::Error::new(ErrorKind::FileTooLarge, format!("it is longer than {self}"))
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MiB, the most that is read of {}", self.bytes >> 20, self.of)
    }
}

/// A file of [`DATA`].
///
/// # Errors
/// It cannot be read, or is longer.
pub fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let (file, limit) = open(path, DATA)?;
    all(file, limit)
}

/// A file of [`TEXT`].
///
/// # Errors
/// It cannot be read, is longer, or is not UTF-8.
pub fn text(path: &Path) -> io::Result<String> {
    let (file, limit) = open(path, TEXT)?;
    as_text(all(file, limit)?)
}

/// Bytes as text.
///
/// # Errors
/// They are no UTF-8.
pub fn as_text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not UTF-8 text"))
}

/// A file, and how much of it is read: refused at once if it says itself that it is longer.
///
/// # Errors
/// It cannot be opened, or is longer.
pub fn open(path: &Path, limit: Limit) -> io::Result<(File, Limit)> {
    let file = File::open(path)?;
    let about = file.metadata()?;
    if about.is_file() && about.len() > limit.bytes {
        return Err(limit.exceeded());
    }
    // What a folder says when it is read names it better than its length.
    let is_stream = !about.is_file() && !about.is_dir();
    Ok((file, if is_stream && STREAM.bytes < limit.bytes { STREAM } else { limit }))
}

/// Everything that can be read, if it is not more than the limit.
///
/// # Errors
/// It cannot be read, or is longer.
pub fn all(source: impl Read, limit: Limit) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    Limited::new(source, limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A source that fails where it continues beyond a limit.
pub struct Limited<R> {
    source: R,
    left: u64,
    limit: Limit,
}

impl<R> Limited<R> {
    /// Reads from `source` up to `limit`.
    pub const fn new(source: R, limit: Limit) -> Self {
        Self { source, left: limit.bytes, limit }
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            // It may end just here.
            return if self.source.read(&mut [0])? == 0 { Ok(0) } else { Err(self.limit.exceeded()) };
        }
        let count = (&mut self.source).take(self.left).read(into)?;
        self.left -= count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Limit = Limit { bytes: 1 << 20, of: "a test" };

    #[test]
    fn what_is_longer_than_the_limit_is_refused() {
        let most = usize::try_from(SMALL.bytes).unwrap();
        assert_eq!(all(&*vec![1; most], SMALL).unwrap().len(), most);
        let error = all(io::repeat(7), SMALL).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        assert_eq!(error.to_string(), "it is longer than 1 MiB, the most that is read of a test");
    }

    #[test]
    fn a_sparse_file_is_refused_before_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sparse");
        let file = File::create(&path).unwrap();
        file.set_len(1 << 40).unwrap();
        for said in [bytes(&path).unwrap_err().to_string(), text(&path).unwrap_err().to_string()] {
            assert!(said.contains("the most that is read of"), "{said}");
        }
        file.set_len(3).unwrap();
        assert_eq!(bytes(&path).unwrap(), [0; 3]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_device_without_end_is_refused() {
        let said = text(Path::new("/dev/zero")).unwrap_err().to_string();
        assert_eq!(said, "it is longer than 64 MiB, the most that is read of a text");
        let said = bytes(Path::new("/dev/zero")).unwrap_err().to_string();
        assert_eq!(said, "it is longer than 256 MiB, the most that is read of a pipe or device");
    }

    #[test]
    fn text_is_utf_8() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        std::fs::write(&path, "größer").unwrap();
        assert_eq!(text(&path).unwrap(), "größer");
        std::fs::write(&path, [b'a', 0xFF]).unwrap();
        assert_eq!(text(&path).unwrap_err().to_string(), "it is not UTF-8 text");
        assert!(bytes(folder.path()).is_err());
    }
}
