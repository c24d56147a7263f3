//! Arrays in the .npy form (version 1.0), written row by row: aside, and renamed once they are whole.

use crate::aside;
use crate::whole;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// Bytes of magic, version, length and header together; room for any shape.
const HEADER: usize = 192;

/// Words of 32 bits.
pub const I32: &str = "'<i4'";
/// A spike: step, core, compartment of the core, payload (1, as spikes of a Loihi 1 are binary).
pub const SPIKE: &str = "[('step', '<u4'), ('core', '<u2'), ('id', '<u2'), ('payload', '<i4')]";

/// An array under way.
#[derive(Debug)]
pub struct NpyWriter {
    path: PathBuf,
    file: BufWriter<File>,
    descr: &'static str,
    rows: u64,
    finished: bool,
    /// What could not be written first: the array stays unfinished, even if there is room again later.
    failed: Option<(io::ErrorKind, String)>,
}

impl NpyWriter {
    /// Begins an array; nothing is at `path` before [`NpyWriter::finish`].
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn create(path: &Path, descr: &'static str) -> io::Result<Self> {
        let file = BufWriter::new(File::create(aside::name(path)).map_err(|error| named(path, &error))?);
        let mut writer = Self { path: path.to_owned(), file, descr, rows: 0, finished: false, failed: None };
        writer.named(|file| file.write_all(&[0; HEADER]))?;
        Ok(writer)
    }

    /// Adds a row.
    ///
    /// # Errors
    /// The file cannot be written: the disk may be full.
    pub fn row(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.rows += 1;
        self.named(|file| file.write_all(bytes))
    }

    /// Rows so far.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Closes the array and puts it in its place. `columns`: values of a row; `None` for an array of one dimension.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish(mut self, columns: Option<usize>) -> io::Result<()> {
        let rows = self.rows;
        let shape = columns.map_or_else(|| format!("({rows},)"), |columns| format!("({rows}, {columns})"));
        let header = header(self.descr, &shape);
        self.named(|file| {
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&header)?;
            file.flush()
        })?;
        fs::rename(aside::name(&self.path), &self.path).map_err(|error| named(&self.path, &error))?;
        self.finished = true;
        Ok(())
    }

    fn named(&mut self, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
        if let Some((kind, why)) = &self.failed {
            return Err(io::Error::new(*kind, why.clone()));
        }
        write(&mut self.file).map_err(|error| {
            let error = named(&self.path, &error);
            self.failed = Some((error.kind(), error.to_string()));
            error
        })
    }
}

impl Drop for NpyWriter {
    fn drop(&mut self) {
        if !self.finished {
            // Whoever reads the folder must not take a part for the whole; there is nobody to tell an error here.
            let _removed = fs::remove_file(aside::name(&self.path));
        }
    }
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{} cannot be written: {error}", path.display()))
}

fn header(descr: &str, shape: &str) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((u16::try_from(HEADER).unwrap_or(0) - 10).to_le_bytes());
    bytes.extend(format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}").bytes());
    bytes.resize(HEADER - 1, b' ');
    bytes.push(b'\n');
    bytes
}

/// Reads words that [`NpyWriter`] wrote as [`I32`]: their shape, and their values.
///
/// # Errors
/// The file cannot be read, or is another one.
pub fn words(path: &Path) -> io::Result<(Vec<usize>, Vec<i32>)> {
    let bytes = whole::bytes(path).map_err(|error| unread(path, &error))?;
    parse(&bytes).ok_or_else(|| damaged(path))
}

fn parse(bytes: &[u8]) -> Option<(Vec<usize>, Vec<i32>)> {
    let rest = bytes.strip_prefix(b"\x93NUMPY\x01\x00")?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let (head, values) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    let head = std::str::from_utf8(head).ok()?;
    let (found, shape) = head.strip_prefix("{'descr': ")?.split_once(", 'fortran_order': False, 'shape': (")?;
    let shape = shape.split_once(')')?.0.split(',').map(str::trim).filter(|size| !size.is_empty());
    let shape: Vec<usize> = shape.map(|size| size.parse().ok()).collect::<Option<_>>()?;
    let expected = shape.iter().try_fold(4, |bytes: usize, size| bytes.checked_mul(*size))?;
    let words = || values.as_chunks::<4>().0.iter().map(|word| i32::from_le_bytes(*word)).collect();
    (found == I32 && values.len() == expected).then(|| (shape, words()))
}

fn unread(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// A spike of `spikes.npy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spike {
    /// The step, from 0.
    pub step: u32,
    /// The core.
    pub core: u16,
    /// The compartment of the core.
    pub id: u16,
}

/// Items from one report of progress to the next.
const TOLD_EVERY: u64 = 1 << 16;

/// Bytes of a spike.
const SPIKE_BYTES: usize = 12;

/// Spikes that [`NpyWriter`] wrote, one after the other: a long run has more of them than fit the memory.
///
/// # Errors
/// The file cannot be read, or is another one.
pub fn spikes(path: &Path) -> io::Result<impl Iterator<Item = io::Result<Spike>> + use<>> {
    let of = |error: io::Error| unread(path, &error);
    let mut file = File::open(path).map_err(of)?;
    let bytes = file.metadata().map_err(of)?.len();
    let mut head = Vec::new();
    io::Read::by_ref(&mut file).take(HEADER as u64).read_to_end(&mut head).map_err(of)?;
    let rows = bytes.saturating_sub(HEADER as u64) / SPIKE_BYTES as u64;
    // The header is that of an array of as many rows as there are bytes for.
    if head != header(SPIKE, &format!("({rows},)")) || bytes != HEADER as u64 + rows * SPIKE_BYTES as u64 {
        return Err(damaged(path));
    }
    let mut file = io::BufReader::new(file);
    let path = path.to_owned();
    let spike = move |_| {
        let mut row = [0; SPIKE_BYTES];
        file.read_exact(&mut row).map_err(|error| unread(&path, &error))?;
        let [a, b, c, d, e, f, g, h, ..] = row;
        let (core, id) = (u16::from_le_bytes([e, f]), u16::from_le_bytes([g, h]));
        Ok(Spike { step: u32::from_le_bytes([a, b, c, d]), core, id })
    };
    Ok((0..rows).map(spike))
}

/// Items as they are; `after` is told now and then how many of how many are done.
pub(crate) fn told<I>(items: impl Iterator<Item = I>, after: &mut dyn FnMut(u64, u64)) -> impl Iterator<Item = I> {
    let total = items.size_hint().0 as u64;
    (0..).zip(items).map(move |(done, item)| {
        if done % TOLD_EVERY == 0 {
            after(done, total);
        }
        item
    })
}

fn damaged(path: &Path) -> io::Error {
    let why = format!("{} is cut, or no array that a run has written", path.display());
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_and_a_cut_file_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        let mut writer = NpyWriter::create(&path, I32).unwrap();
        for row in [[1_i32, -2], [3, 4], [5, i32::MIN]] {
            writer.row(&row.map(i32::to_le_bytes).concat()).unwrap();
        }
        assert!(!path.exists());
        writer.finish(Some(2)).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(words(&path).unwrap(), (vec![3, 2], vec![1, -2, 3, 4, 5, i32::MIN]));
        let npy = npyz::NpyFile::new(File::open(&path).unwrap()).unwrap();
        assert_eq!(npy.into_vec::<i32>().unwrap(), [1, -2, 3, 4, 5, i32::MIN]);
        let bytes = fs::read(&path).unwrap();
        for cut in 0..bytes.len() {
            assert!(parse(&bytes[..cut]).is_none(), "cut at {cut}");
        }
        assert!(spikes(&path).is_err(), "words are no spikes");
    }

    #[test]
    fn what_is_not_finished_is_not_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        drop(NpyWriter::create(&folder.path().join("a.npy"), I32).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn an_array_of_which_a_row_failed_is_never_finished() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        let mut writer = NpyWriter::create(&path, I32).unwrap();
        writer.row(&1_i32.to_le_bytes()).unwrap();
        // A disk that is full for one write, and has room when the array is closed.
        let full = |_: &mut BufWriter<File>| Err(io::Error::from(io::ErrorKind::StorageFull));
        assert!(writer.named(full).is_err());
        let error = writer.finish(None).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{error}");
        assert!(error.to_string().contains("a.npy cannot be written"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_said_in_one_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        std::os::unix::fs::symlink("/dev/full", aside::name(&path)).unwrap();
        let mut writer = NpyWriter::create(&path, I32).unwrap();
        let error = (0..10_000).find_map(|_| writer.row(&[0; 64]).err()).unwrap().to_string();
        assert!(error.contains("a.npy cannot be written: No space left on device"), "{error}");
        drop(writer);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
