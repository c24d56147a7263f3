//! Arrays in .npy files (version 1.0): complete ones, and ones that grow during a run.
//!
//! One that grows can be read at any time, also after its writer was killed: its header never announces rows that are not
//! in the file, and readers here take the rows that came after the last header too, up to the last whole one.

mod read;

use crate::atomic_file;
use read::Head;
pub use read::{Spike, has_rows, spikes, told, words};
use std::fs::File;
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Bytes of magic, version, length and header together; room for any shape.
const HEADER: usize = 192;
/// Longest time for which rows are kept in memory while others come.
const FLUSH_EVERY: Duration = Duration::from_millis(500);

/// Type of the elements of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ElementType {
    descr: &'static str,
    bytes: usize,
}

/// Words of 32 bits.
pub const I32: ElementType = ElementType { descr: "'<i4'", bytes: 4 };
/// A spike: step, core, compartment of the core, payload (1, as spikes of a Loihi 1 are binary).
pub const SPIKE: ElementType =
    ElementType { descr: "[('step', '<u4'), ('core', '<u2'), ('id', '<u2'), ('payload', '<i4')]", bytes: SPIKE_BYTES };
/// Bytes of a spike.
const SPIKE_BYTES: usize = 12;

/// What a row of an array is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowShape {
    /// An item: the array has one dimension.
    Item,
    /// Several items, as many in each; the first row says how many.
    Items,
}

/// An array under way.
#[derive(Debug)]
pub struct NpyWriter {
    path: PathBuf,
    file: BufWriter<File>,
    element: ElementType,
    row: RowShape,
    /// Bytes of a row; 0 before the first one of [`RowShape::Items`].
    row_bytes: usize,
    rows: u64,
    /// When all rows were last in the file.
    flushed_at: Instant,
    /// What could not be written first: nothing is added any more, even if there is room again later.
    failed: Option<(io::ErrorKind, String)>,
}

impl NpyWriter {
    /// Begins an array, over what is at `path`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn create(path: &Path, element: ElementType, row: RowShape) -> io::Result<Self> {
        let file = File::create(path).map_err(|error| unwritten(path, &error))?;
        let row_bytes = if row == RowShape::Item { element.bytes } else { 0 };
        let mut writer = Self::of(path, file, element, row, row_bytes, 0);
        writer.flush()?;
        Ok(writer)
    }

    /// Goes on with an array when it was `bytes` long, and forgets what was added later.
    ///
    /// # Errors
    /// The file cannot be written, is another one, or is shorter.
    pub fn go_on(path: &Path, element: ElementType, row: RowShape, bytes: u64) -> io::Result<Self> {
        let of = |error: io::Error| unwritten(path, &error);
        let mut file = File::options().read(true).write(true).open(path).map_err(of)?;
        let head = Head::read(&mut file).map_err(of)?.filter(|head| head.element == element && head.row == row);
        let head = head.ok_or_else(|| damaged(path))?;
        let data = bytes.checked_sub(HEADER as u64).ok_or_else(|| damaged(path))?;
        let rows = data.checked_div(head.row_bytes as u64).unwrap_or(0);
        if rows * head.row_bytes as u64 != data || file.metadata().map_err(of)?.len() < bytes {
            return Err(damaged(path));
        }
        file.set_len(bytes).and_then(|()| file.seek(SeekFrom::End(0))).map_err(of)?;
        let mut writer = Self::of(path, file, element, row, head.row_bytes, rows);
        writer.flush()?;
        Ok(writer)
    }

    fn of(path: &Path, file: File, element: ElementType, row: RowShape, row_bytes: usize, rows: u64) -> Self {
        let (path, file, flushed_at) = (path.to_owned(), BufWriter::new(file), Instant::now());
        Self { path, file, element, row, row_bytes, rows, flushed_at, failed: None }
    }

    /// Adds whole rows, of [`RowShape::Items`] one.
    ///
    /// # Errors
    /// The file cannot be written: the disk may be full.
    pub fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.row_bytes == 0 {
            self.row_bytes = bytes.len();
        }
        self.named(|file| file.write_all(bytes))?;
        let first = self.rows == 0;
        self.rows += bytes.len().checked_div(self.row_bytes).unwrap_or(0) as u64;
        // Only a header with a row says how long a row is.
        if first || self.flushed_at.elapsed() >= FLUSH_EVERY { self.flush() } else { Ok(()) }
    }

    /// Rows so far.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Items of a row; 0 if there was none yet.
    pub const fn columns(&self) -> usize {
        self.row_bytes / self.element.bytes
    }

    /// Puts all rows and a header that announces them into the file.
    fn flush(&mut self) -> io::Result<()> {
        let shape = match self.row {
            RowShape::Item => format!("({},)", self.rows),
            RowShape::Items => format!("({}, {})", self.rows, self.columns()),
        };
        let head = header(self.element, &shape);
        self.flushed_at = Instant::now();
        self.named(|file| {
            // The rows before the header that announces them.
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&head)?;
            file.seek(SeekFrom::End(0)).map(|_| ())
        })
    }

    /// Puts all rows on the disk; returns the length of the file, for [`NpyWriter::go_on`].
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn sync(&mut self) -> io::Result<u64> {
        self.flush()?;
        self.named(|file| file.get_ref().sync_data())?;
        Ok(HEADER as u64 + self.rows * self.row_bytes as u64)
    }

    fn named(&mut self, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
        if let Some((kind, why)) = &self.failed {
            return Err(io::Error::new(*kind, why.clone()));
        }
        write(&mut self.file).map_err(|error| {
            let error = unwritten(&self.path, &error);
            self.failed = Some((error.kind(), error.to_string()));
            error
        })
    }
}

/// Writes words as a whole array of one dimension.
///
/// # Errors
/// The file cannot be written.
pub fn write_words(path: &Path, words: &[i32]) -> io::Result<()> {
    let written = atomic_file::fill(path, |file| {
        file.write_all(&header(I32, &format!("({},)", words.len())))?;
        words.iter().try_for_each(|word| file.write_all(&word.to_le_bytes()))
    });
    written.map_err(|error| unwritten(path, &error))
}

fn header(element: ElementType, shape: &str) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((u16::try_from(HEADER).unwrap_or(0) - 10).to_le_bytes());
    bytes.extend(format!("{{'descr': {}, 'fortran_order': False, 'shape': {shape}, }}", element.descr).bytes());
    bytes.resize(HEADER - 1, b' ');
    bytes.push(b'\n');
    bytes
}

fn unwritten(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{} cannot be written: {error}", path.display()))
}

fn damaged(path: &Path) -> io::Error {
    let why = format!("{} is cut, or no array that a run has written", path.display());
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::read::parse;
    use super::*;
    use std::fs;

    fn row(words: [i32; 2]) -> Vec<u8> {
        words.map(i32::to_le_bytes).concat()
    }

    #[test]
    fn rows_come_back_and_a_cut_file_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        let mut writer = NpyWriter::create(&path, I32, RowShape::Items).unwrap();
        for words in [[1_i32, -2], [3, 4], [5, i32::MIN]] {
            writer.add(&row(words)).unwrap();
        }
        assert_eq!(writer.sync().unwrap(), HEADER as u64 + 24);
        assert_eq!(words(&path).unwrap(), (vec![3, 2], vec![1, -2, 3, 4, 5, i32::MIN]));
        let npy = npyz::NpyFile::new(File::open(&path).unwrap()).unwrap();
        assert_eq!(npy.into_vec::<i32>().unwrap(), [1, -2, 3, 4, 5, i32::MIN]);
        let bytes = fs::read(&path).unwrap();
        for cut in 0..bytes.len() {
            assert!(parse(&bytes[..cut]).is_none(), "cut at {cut}");
        }
        assert!(spikes(&path).is_err(), "words are not spikes");
        write_words(&path, &[7, -8]).unwrap();
        assert_eq!(words(&path).unwrap(), (vec![2], vec![7, -8]));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    /// What a killed writer leaves: a header that is old, rows, and a part of one.
    #[test]
    fn an_array_whose_writer_was_killed_is_read_to_its_last_whole_row() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        let mut writer = NpyWriter::create(&path, I32, RowShape::Items).unwrap();
        assert_eq!(words(&path).unwrap(), (vec![0, 0], vec![]));
        writer.add(&row([1, 2])).unwrap();
        writer.sync().unwrap();
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend(row([3, 4]));
        bytes.extend(&row([5, 6])[..7]);
        fs::write(&path, &bytes).unwrap();
        assert_eq!(words(&path).unwrap(), (vec![2, 2], vec![1, 2, 3, 4]));
        let npy = npyz::NpyFile::new(File::open(&path).unwrap()).unwrap();
        assert_eq!(npy.into_vec::<i32>().unwrap(), [1, 2], "others read what is announced");
    }

    #[test]
    fn an_array_goes_on_where_it_was_and_forgets_what_came_later() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        let mut writer = NpyWriter::create(&path, I32, RowShape::Items).unwrap();
        let empty = writer.sync().unwrap();
        writer.add(&row([1, 2])).unwrap();
        let one = writer.sync().unwrap();
        writer.add(&row([9, 9])).unwrap();
        drop(writer);
        let mut writer = NpyWriter::go_on(&path, I32, RowShape::Items, one).unwrap();
        writer.add(&row([3, 4])).unwrap();
        let two = writer.sync().unwrap();
        assert_eq!(words(&path).unwrap(), (vec![2, 2], vec![1, 2, 3, 4]));
        for wrong in [two + 8, one + 1, 3] {
            let error = NpyWriter::go_on(&path, I32, RowShape::Items, wrong).unwrap_err().to_string();
            assert!(error.contains("a.npy is cut"), "{wrong}: {error}");
        }
        assert!(NpyWriter::go_on(&path, SPIKE, RowShape::Item, one).is_err(), "words are not spikes");
        let mut writer = NpyWriter::go_on(&path, I32, RowShape::Items, empty).unwrap();
        writer.add(&row([5, 6])).unwrap();
        assert_eq!(words(&path).unwrap(), (vec![1, 2], vec![5, 6]));
    }

    /// A long run has more spikes than are read of an array as a whole.
    #[test]
    fn spikes_are_read_one_after_the_other_however_many_there_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spikes.npy");
        let many = 1_u64 << 30;
        fs::write(&path, header(SPIKE, &format!("({many},)"))).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_len(HEADER as u64 + many * SPIKE_BYTES as u64).unwrap();
        let mut found = spikes(&path).unwrap();
        assert_eq!(found.size_hint().0 as u64, many);
        assert_eq!(found.next().unwrap().unwrap(), Spike { step: 0, core: 0, id: 0 });
    }

    /// Whatever program has written them, as long as the elements are the same.
    #[test]
    fn arrays_of_other_programs_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        let text = "{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }\n";
        let length = u16::try_from(text.len()).unwrap().to_le_bytes();
        let bytes = [b"\x93NUMPY\x01\x00", &length[..], text.as_bytes(), &[7, 0, 0, 0, 255, 255, 255, 255]].concat();
        fs::write(&path, bytes).unwrap();
        assert_eq!(words(&path).unwrap(), (vec![2], vec![7, -1]));
        assert!(NpyWriter::go_on(&path, I32, RowShape::Item, HEADER as u64).is_err(), "its header has another length");
    }

    #[test]
    fn an_array_of_which_a_row_failed_takes_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        let mut writer = NpyWriter::create(&path, I32, RowShape::Item).unwrap();
        writer.add(&1_i32.to_le_bytes()).unwrap();
        // A disk that is full for one write, and has room when the array is closed.
        let full = |_: &mut BufWriter<File>| Err(io::Error::from(io::ErrorKind::StorageFull));
        assert!(writer.named(full).is_err());
        let error = writer.sync().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{error}");
        assert!(error.to_string().contains("a.npy cannot be written"), "{error}");
        assert_eq!(words(&path).unwrap(), (vec![1], vec![1]));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_said_in_one_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        std::os::unix::fs::symlink("/dev/full", &path).unwrap();
        let error = NpyWriter::create(&path, I32, RowShape::Item).unwrap_err().to_string();
        assert!(error.contains("a.npy cannot be written: No space left on device"), "{error}");
    }
}
