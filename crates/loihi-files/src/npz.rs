//! Arrays in `.npz` and `.npy` files: what networks keep their weights in, and samples of other programs.
//!
//! ```
//! use loihi_files::npz::{self, Array, Values};
//!
//! let weights = Array::new(vec![2, 2], Values::Whole(vec![1, -2, 3, 4])).expect("2 x 2 elements");
//! let file = npz::bytes(&[("weights".to_owned(), weights), ("tau".to_owned(), Array::from(0.02))])?;
//! assert_eq!(npz::names_in(&file)?, ["tau", "weights"]);
//! assert_eq!(npz::parse(&file, "weights")?.shape(), [2, 2]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bytes;
pub(crate) mod elements;
mod texts;

pub use bytes::ByteRows;

use crate::whole;
use elements::Npy;
use npyz::WriterBuilder as _;
use std::io::{self, Cursor, Read, Seek, Write as _};
use std::path::{Path, PathBuf};
use zip::ZipArchive;
use zip::write::{SimpleFileOptions, ZipWriter};

/// Why an array of a file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[error("{}, array {array}: {what}", path.display())]
pub struct NpzError {
    /// The file.
    pub path: PathBuf,
    /// The array.
    pub array: String,
    /// What is wrong.
    pub what: String,
}

/// Why bytes give no array.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArrayError {
    /// They are not archive, and no single array either.
    #[error("not an .npz file: {0}")]
    NotAnArchive(String),
    /// The archive has other arrays.
    #[error("it has no such array; it has: {}", there.join(", "))]
    NoSuchArray {
        /// Those that it has.
        there: Vec<String>,
    },
    /// Something contradicts itself.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// The file ends too early.
    #[error("it has fewer elements than its shape says")]
    Cut,
    /// More elements than are read.
    #[error("its shape {0:?} has too many elements")]
    TooLarge(Vec<u64>),
    /// The elements are not numbers.
    #[error("its elements are of type {0}: there are bool, integers, float16, float32 and float64")]
    Type(String),
    /// The elements are records of these fields.
    #[error("its elements are records, not numbers; their fields are {}", fields(.0))]
    Records(Vec<String>),
    /// A field of records is an array or record of its own.
    #[error("it is not a single number")]
    NotANumber,
    /// An unsigned number that 64 bits with a sign do not hold.
    #[error("it has elements beyond 2^63")]
    Beyond,
    /// The error of a field of records.
    #[error("field `{}`: {error}", field.escape_debug())]
    Field {
        /// The field.
        field: String,
        /// What is wrong with it.
        error: Box<Self>,
    },
}

fn fields(names: &[String]) -> String {
    names.join(", ").escape_debug().to_string()
}

/// Elements of an array.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Integers and booleans.
    Whole(Vec<i64>),
    /// Floating point.
    Real(Vec<f64>),
}

/// An array, the last extent fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    shape: Vec<usize>,
    values: Values,
}

/// An array of texts, the last extent fastest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Texts {
    /// Its extents.
    pub shape: Vec<usize>,
    /// Its elements, as many as the product of the extents.
    pub texts: Vec<String>,
}

impl Array {
    /// An array of a shape; `None` if it has another number of elements.
    pub fn new(shape: Vec<usize>, values: Values) -> Option<Self> {
        let elements = shape.iter().try_fold(1_usize, |product, extent| product.checked_mul(*extent))?;
        let found = match &values {
            Values::Whole(values) => values.len(),
            Values::Real(values) => values.len(),
        };
        (elements == found).then_some(Self { shape, values })
    }

    /// Its extents.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Its elements.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Its elements as whole numbers; `None` if one is not whole, or beyond 2^53.
    pub fn whole(&self) -> Option<Vec<i64>> {
        let whole = |value: &f64| {
            #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
            (value.fract() == 0.0 && value.abs() < 9.0e15).then_some(*value as i64)
        };
        match &self.values {
            Values::Whole(values) => Some(values.clone()),
            Values::Real(values) => values.iter().map(whole).collect(),
        }
    }

    /// Its shape, and its elements as [`Array::whole`] gives them.
    pub fn into_whole(self) -> Option<(Vec<usize>, Vec<i64>)> {
        match self.values {
            Values::Whole(values) => Some((self.shape, values)),
            Values::Real(_) => self.whole().map(|values| (self.shape, values)),
        }
    }

    /// Its elements in double precision.
    pub fn real(&self) -> Vec<f64> {
        match &self.values {
            #[expect(clippy::cast_precision_loss, reason = "what double precision is")]
            Values::Whole(values) => values.iter().map(|value| *value as f64).collect(),
            Values::Real(values) => values.clone(),
        }
    }
}

/// A single number, of no extents.
impl From<f64> for Array {
    fn from(value: f64) -> Self {
        Self { shape: Vec::new(), values: Values::Real(vec![value]) }
    }
}

/// Numbers in a row, of one extent.
impl From<Vec<f64>> for Array {
    fn from(values: Vec<f64>) -> Self {
        Self { shape: vec![values.len()], values: Values::Real(values) }
    }
}

/// A single whole number, of no extents.
impl From<i64> for Array {
    fn from(value: i64) -> Self {
        Self { shape: Vec::new(), values: Values::Whole(vec![value]) }
    }
}

/// Whole numbers in a row, of one extent.
impl From<Vec<i64>> for Array {
    fn from(values: Vec<i64>) -> Self {
        Self { shape: vec![values.len()], values: Values::Whole(values) }
    }
}

/// Reads an array of an `.npz` file, or the one of an `.npy` file, whose name does not matter.
///
/// # Errors
/// [`NpzError`] names file, array, and what is wrong.
pub fn read(path: &Path, array: &str) -> Result<Array, NpzError> {
    let error = |what: String| NpzError { path: path.to_owned(), array: array.to_owned(), what };
    let bytes = whole::bytes(path).map_err(|cause| error(cause.to_string()))?;
    parse(&bytes, array).map_err(|cause| error(cause.to_string()))
}

/// The names of the arrays in the bytes of an `.npz` file, in alphabetical order; none in those of an `.npy` file.
///
/// # Errors
/// [`ArrayError::NotAnArchive`].
pub fn names_in(bytes: &[u8]) -> Result<Vec<String>, ArrayError> {
    if bytes.starts_with(b"\x93NUMPY") {
        return Ok(Vec::new());
    }
    Ok(names_of(&archive(bytes)?))
}

fn archive(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, ArrayError> {
    ZipArchive::new(Cursor::new(bytes)).map_err(|error| ArrayError::NotAnArchive(error.to_string()))
}

/// Reads an array from the bytes of an `.npz` or `.npy` file.
///
/// # Errors
/// [`ArrayError`].
pub fn parse(bytes: &[u8], array: &str) -> Result<Array, ArrayError> {
    member(bytes, array, |npy| Npy::of(npy)?.array())
}

/// Reads an array of records from the bytes of an `.npz` or `.npy` file: an array for each field, by its name, in the order
/// of the file; `None` if its elements are single numbers.
///
/// # Errors
/// [`ArrayError`].
pub fn records(bytes: &[u8], array: &str) -> Result<Option<Vec<(String, Array)>>, ArrayError> {
    if !entry(bytes, array, |mut npy| bytes::are_records(&mut npy))? {
        return Ok(None);
    }
    member(bytes, array, |npy| Npy::of(npy)?.fields())
}

/// Reads the first `most` rows of an array of bytes or booleans from the bytes of an `.npz` or `.npy` file; `None` if its elements
/// are something else, or its first extent is the fastest.
///
/// # Errors
/// [`ArrayError`].
pub fn byte_rows(bytes: &[u8], array: &str, most: usize) -> Result<Option<ByteRows>, ArrayError> {
    entry(bytes, array, |mut npy| bytes::rows(&mut npy, most))
}

/// Reads an array of texts (`<U...`, or `|S...` in UTF-8) from the bytes of an `.npz` or `.npy` file; `None` if its elements
/// are something else.
///
/// # Errors
/// [`ArrayError`].
pub fn texts(bytes: &[u8], array: &str) -> Result<Option<Texts>, ArrayError> {
    member(bytes, array, |npy| texts::of(Npy::of(npy)?))
}

/// What `read` makes of the `.npy` bytes of an array.
fn member<R>(bytes: &[u8], array: &str, read: impl Fn(&[u8]) -> Result<R, ArrayError>) -> Result<R, ArrayError> {
    if bytes.starts_with(b"\x93NUMPY") {
        return read(bytes);
    }
    entry(bytes, array, |npy| {
        let npy = whole::all(npy, whole::DATA).map_err(|error| ArrayError::Damaged(error.to_string()))?;
        read(&npy)
    })
}

/// What `read` makes of an array as it is unpacked.
fn entry<R>(
    bytes: &[u8],
    array: &str,
    read: impl FnOnce(&mut dyn Read) -> Result<R, ArrayError>,
) -> Result<R, ArrayError> {
    if bytes.starts_with(b"\x93NUMPY") {
        return read(&mut &*bytes);
    }
    let mut archive = archive(bytes)?;
    let there = names_of(&archive);
    read(&mut archive.by_name(&format!("{array}.npy")).map_err(|_| ArrayError::NoSuchArray { there })?)
}

/// Numbers of a type that has this name in numpy (`<f2`), as many as there are bytes for.
///
/// # Errors
/// [`ArrayError::Type`] for another type, [`ArrayError::Damaged`] for bytes that it cannot have.
pub fn numbers(kind: &str, bytes: &[u8]) -> Result<Values, ArrayError> {
    elements::numbers_of(kind, bytes)
}

fn names_of<R: Read + Seek>(archive: &ZipArchive<R>) -> Vec<String> {
    let mut names: Vec<String> =
        archive.file_names().flatten().filter_map(|name| Some(name.strip_suffix(".npy")?.to_owned())).collect();
    names.sort_unstable();
    names
}

/// The bytes of an `.npz` file with these arrays; whole numbers take the smallest type that holds them.
///
/// # Errors
/// An array is too large for the format.
pub fn bytes(arrays: &[(String, Array)]) -> io::Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, array) in arrays {
        // The time of the files is fixed, so that equal arrays give equal bytes.
        let options = SimpleFileOptions::default().last_modified_time(zip::DateTime::default());
        zip.start_file(format!("{name}.npy"), options)?;
        zip.write_all(&npy_bytes(array)?)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// The bytes of an `.npy` file.
fn npy_bytes(array: &Array) -> io::Result<Vec<u8>> {
    fn written<T: npyz::AutoSerialize + Copy>(shape: &[u64], values: impl Iterator<Item = T>) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut writer = npyz::WriteOptions::new().default_dtype().shape(shape).writer(&mut bytes).begin_nd()?;
        writer.extend(values)?;
        writer.finish()?;
        Ok(bytes)
    }
    let shape: Vec<u64> = array.shape.iter().map(|extent| *extent as u64).collect();
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked before")]
    match &array.values {
        Values::Real(values) => written(&shape, values.iter().copied()),
        Values::Whole(values) => {
            let within = |low: i64, high: i64| values.iter().all(|value| (low..=high).contains(value));
            let values = values.iter().copied();
            if within(i8::MIN.into(), i8::MAX.into()) {
                written(&shape, values.map(|value| value as i8))
            } else if within(i16::MIN.into(), i16::MAX.into()) {
                written(&shape, values.map(|value| value as i16))
            } else if within(i32::MIN.into(), i32::MAX.into()) {
                written(&shape, values.map(|value| value as i32))
            } else {
                written(&shape, values)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_read_as_they_were_written() {
        let arrays = [
            ("small".to_owned(), Array::new(vec![2, 3], Values::Whole(vec![1, -2, 3, -4, 5, 127])).unwrap()),
            ("wide".to_owned(), Array::new(vec![2], Values::Whole(vec![-40_000, 1 << 40])).unwrap()),
            ("real".to_owned(), Array::new(vec![1, 2, 1], Values::Real(vec![0.5, -1e300])).unwrap()),
            ("none".to_owned(), Array::new(vec![0, 4], Values::Whole(Vec::new())).unwrap()),
        ];
        let bytes = bytes(&arrays).unwrap();
        for (name, array) in &arrays {
            assert_eq!(parse(&bytes, name).unwrap(), *array, "{name}");
        }
        let said = parse(&bytes, "other").unwrap_err().to_string();
        assert_eq!(said, "it has no such array; it has: none, real, small, wide");
        assert_eq!(super::bytes(&arrays).unwrap(), bytes, "equal arrays, equal bytes");
    }

    fn npy(descr: &str, order: &str, values: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        let text = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': (2, 3)}}\n");
        bytes.extend(u16::try_from(text.len()).unwrap().to_le_bytes());
        bytes.extend(text.as_bytes());
        bytes.extend(values);
        bytes
    }

    #[test]
    fn the_first_extent_can_be_fastest() {
        let array = parse(&npy("|i1", "True", &[1, 4, 2, 5, 3, 6]), "").unwrap();
        assert_eq!((array.shape(), array.whole().unwrap()), (&[2, 3][..], vec![1, 2, 3, 4, 5, 6]));
    }

    #[test]
    fn the_highest_byte_can_be_first() {
        let values = |descr, bytes: &[u8]| parse(&npy(descr, "False", bytes), "").map(|array| array.whole().unwrap());
        assert_eq!(values(">i2", &[255, 255, 1, 0, 0, 2, 0, 3, 0, 4, 0, 5]).unwrap(), [-1, 256, 2, 3, 4, 5]);
        assert_eq!(values("<i2", &[255, 255, 1, 0, 0, 2, 0, 3, 0, 4, 0, 5]).unwrap()[..3], [-1, 1, 512]);
        assert_eq!(values("|b1", &[0, 1, 1, 0, 0, 1]).unwrap(), [0, 1, 1, 0, 0, 1]);
        assert!(values("|b1", &[0, 1, 2, 0, 0, 1]).unwrap_err().to_string().contains("neither 0 nor 1"));
        assert!(values("|u1", &[0, 1, 2, 0, 0]).unwrap_err().to_string().contains("fewer elements"));
    }

    #[test]
    fn what_is_damaged_is_said_to_be() {
        let array = Array::new(vec![4], Values::Real(vec![1.0; 4])).unwrap();
        let whole = bytes(&[("a".to_owned(), array)]).unwrap();
        for cut in 0..whole.len() {
            assert!(parse(&whole[..cut], "a").is_err(), "cut at {cut}");
        }
        let huge = b"\x93NUMPY\x01\x00\x46\x00{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999, 99999)}\n";
        assert!(parse(huge, "").unwrap_err().to_string().contains("too many elements"));
        assert!(parse(b"PK nonsense", "a").unwrap_err().to_string().contains("not an .npz file"));
    }
}
