//! HDF5 files as trees of groups, arrays and texts, in Rust alone: no C library.
//!
//! [`parse`] and [`bytes`] take a file as a whole; [`File`] reads single arrays, and lists of numbers of different lengths,
//! of files that are too large for that.
//!
//! ```
//! use loihi_files::npz::Array;
//! use loihi_hdf5::{H5Item, Note, bytes, parse};
//! use std::collections::BTreeMap;
//!
//! let group = H5Item::Group(BTreeMap::from([("tau".to_owned(), H5Item::Array(Array::from(vec![0.01, 0.02])))]));
//! let about = H5Item::Note(Note::Text("time constants in seconds".to_owned()));
//! let file = bytes(&H5Item::Group(BTreeMap::from([("lif".to_owned(), group), ("about".to_owned(), about)])))?;
//!
//! let root = parse(&file)?;
//! let Some(H5Item::Array(tau)) = root.get("lif").and_then(|lif| lif.get("tau")) else { panic!("no array") };
//! assert_eq!(tau.shape(), [2]);
//! assert!(parse(&file[..100]).unwrap_err().to_string().contains("HDF5"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Limits: 2^26 elements and 2^16 groups and arrays in a file, 16 groups within each other. Links to other names are not
//! followed, but kept as [`H5Item::Unread`].

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod links;
mod lists;
mod write;

use half::f16;
use hdf5_pure::{DType, Dataset, Datatype, DatatypeByteOrder, FloatingPointLayout, FormatError, Group};
use loihi_files::npz::{Array, Values};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub use lists::{File, Lists};
pub use write::bytes;

/// Most elements of all arrays of a file; a file that says more is taken for damaged.
const ELEMENTS_MAX: u64 = 1 << 26;

/// Most groups within each other; links of a damaged file can go in circles.
const DEPTH_MAX: usize = 16;

/// Most groups, arrays and texts of a file.
const ITEMS_MAX: usize = 1 << 16;

/// Why a file cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("{}{what}", array.as_ref().map_or_else(String::new, |array| format!("`{array}`: ")))]
pub struct H5Error {
    /// The array in the file, `group/name`, if it is about one.
    pub array: Option<String>,
    /// What is wrong.
    pub what: String,
}

impl H5Error {
    const fn whole(what: String) -> Self {
        Self { array: None, what }
    }

    fn at(array: &str, what: String) -> Self {
        Self { array: Some(array.to_owned()), what }
    }
}

/// Something with a name in a file, or a file's root.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum H5Item {
    /// Things with names.
    Group(BTreeMap<String, Self>),
    /// A note on the group that it is in; only written, what is read has none.
    Note(Note),
    /// Numbers and truth values; a shape of no extents for a single one.
    Array(Array),
    /// Texts, the last extent fastest.
    Text {
        /// Extents; none for a single one.
        shape: Vec<usize>,
        /// The texts.
        words: Vec<String>,
    },
    /// Something that is there, but is not read, and why; never written. It is an error only for who needs it.
    Unread(String),
}

/// What HDF5 calls an attribute.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Note {
    /// A text.
    Text(String),
    /// A real number.
    Real(f64),
    /// An integer.
    Whole(i64),
}

impl H5Item {
    /// A single text.
    pub fn text(word: impl Into<String>) -> Self {
        Self::Text { shape: Vec::new(), words: vec![word.into()] }
    }

    /// What a group has under this name.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Group(items) => items.get(name),
            _ => None,
        }
    }

    /// Why it was not read.
    pub fn unread(&self) -> Option<&str> {
        match self {
            Self::Unread(reason) => Some(reason),
            _ => None,
        }
    }

    /// Takes a name that a link has for unread in every group that has nothing of this name.
    fn mark(&mut self, name: &str, reason: &str) {
        if let Self::Group(items) = self {
            for item in items.values_mut() {
                item.mark(name, reason);
            }
            items.entry(name.to_owned()).or_insert_with(|| Self::Unread(reason.to_owned()));
        }
    }
}

/// What is left of the limits while a file is read.
struct Budget {
    elements: u64,
    items: usize,
}

/// The tree of a file.
///
/// # Errors
/// The file is damaged, beyond the limits, or no HDF5 file. A single array that cannot be read is not an error: it
/// becomes [`H5Item::Unread`].
pub fn parse(bytes: &[u8]) -> Result<H5Item, H5Error> {
    let read = guarded(|| {
        let file = hdf5_pure::File::from_bytes(bytes.to_vec()).map_err(damaged)?;
        let mut budget = Budget { elements: ELEMENTS_MAX, items: ITEMS_MAX };
        let mut root = group(&file.root(), "/", 0, &mut budget)?;
        let end = file.superblock().eof_address;
        if end > bytes.len() as u64 {
            return Err(format!("it is cut: it has {} bytes, and begins as one of {end}", bytes.len()));
        }
        for (name, target) in links::find(bytes)? {
            let reason = format!("it is a link to `{target}`, and links are not read: store the array itself");
            root.mark(&name, &reason);
        }
        Ok(root)
    });
    read.map_err(H5Error::whole)
}

/// What `read` returns. The crate checks what it reads, but it is large and young, and files come from anywhere: a panic in
/// it is damage of the file, not the end of this process. Only reads are guarded, which leave nothing half changed.
fn guarded<R>(read: impl FnOnce() -> Result<R, String>) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err("it is damaged: its structure contradicts itself".to_owned()))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn damaged(error: hdf5_pure::Error) -> String {
    format!("it is not an HDF5 file, or it is damaged: {error}")
}

/// What is wrong with a group in which something cannot be found.
fn without_place(path: &str, error: hdf5_pure::Error) -> String {
    match error {
        // Links of the oldest layout have this for an address if they name their target instead.
        hdf5_pure::Error::Format(FormatError::UnexpectedEof { expected: usize::MAX, .. }) => format!(
            "the group `{path}` has a soft link, which is not read: store the array itself in its place (h5py: `w = f[name][()]`, `del \
             f[name]`, `f[name] = w`)"
        ),
        _ => damaged(error),
    }
}

fn group(group: &Group, path: &str, depth: usize, budget: &mut Budget) -> Result<H5Item, String> {
    if depth > DEPTH_MAX {
        return Err(format!("it is damaged: more than {DEPTH_MAX} groups within each other"));
    }
    let wrong = |error| without_place(path, error);
    let mut items = BTreeMap::new();
    let (groups, datasets) = (group.groups().map_err(wrong)?, group.datasets().map_err(wrong)?);
    let left = budget.items.checked_sub(groups.len() + datasets.len());
    budget.items = left.ok_or_else(|| format!("it has more than {ITEMS_MAX} groups and arrays"))?;
    for name in groups {
        let inner = group.group(&name).map_err(wrong)?;
        let path = format!("{}/{name}", path.trim_end_matches('/'));
        let item = self::group(&inner, &path, depth + 1, budget)?;
        items.insert(name, item);
    }
    for name in datasets {
        let dataset = group.dataset(&name).map_err(wrong)?;
        let item = dataset_of(&dataset, budget).unwrap_or_else(H5Item::Unread);
        items.insert(name, item);
    }
    Ok(H5Item::Group(items))
}

fn dataset_of(dataset: &Dataset, budget: &mut Budget) -> Result<H5Item, String> {
    let stored = |error: hdf5_pure::Error| {
        format!("it is damaged, or stored in a way that is not read ({error}); h5py's default layout and gzip are")
    };
    let extents = dataset.shape().map_err(stored)?;
    let elements = extents.iter().try_fold(1_u64, |product, extent| product.checked_mul(*extent));
    let left = elements.and_then(|elements| budget.elements.checked_sub(elements));
    let left = left.ok_or_else(|| format!("its shape {extents:?} has too many elements"))?;
    let shape: Vec<usize> = extents
        .iter()
        .map(|extent| usize::try_from(*extent).map_err(|error| error.to_string()))
        .collect::<Result<_, _>>()?;
    let values = match dataset.dtype().map_err(stored)? {
        DType::String | DType::VariableLengthString => {
            let words = dataset.read_string().map_err(stored)?;
            let whole = words.len() as u64 == elements.unwrap_or(0);
            budget.elements = left;
            return if whole { Ok(H5Item::Text { shape, words }) } else { Err("it has texts too few".to_owned()) };
        }
        DType::F32 | DType::F64 => Values::Real(dataset.read_f64().map_err(stored)?),
        DType::Enum(_) => Values::Whole(dataset.read_raw().map_err(stored)?.into_iter().map(i64::from).collect()),
        DType::I8 | DType::I16 | DType::I32 | DType::I64 | DType::U8 | DType::U16 | DType::U32 | DType::U64 => {
            Values::Whole(dataset.read_i64().map_err(stored)?)
        }
        DType::Other(kind) if is_half(&kind) => {
            let bytes = dataset.read_raw().map_err(stored)?;
            let little = matches!(*kind, Datatype::FloatingPoint { byte_order: DatatypeByteOrder::LittleEndian, .. });
            let half = |pair: [u8; 2]| if little { f16::from_le_bytes(pair) } else { f16::from_be_bytes(pair) };
            Values::Real(bytes.as_chunks().0.iter().map(|pair| half(*pair).to_f64()).collect())
        }
        other => return Err(format!("its elements are {other}, neither numbers nor text")),
    };
    budget.elements = left;
    Array::new(shape, values).map(H5Item::Array).ok_or_else(|| "it has elements too few".to_owned())
}

/// Whether a type is that of numbers of half precision.
fn is_half(kind: &Datatype) -> bool {
    let layout = FloatingPointLayout {
        bit_offset: 0,
        bit_precision: 16,
        exponent_location: 10,
        exponent_size: 5,
        mantissa_location: 0,
        mantissa_size: 10,
        exponent_bias: 15,
    };
    matches!(kind, Datatype::FloatingPoint { size: 2, layout: own, .. } if *own == layout)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hdf5_pure::AttrValue;

    #[test]
    fn a_tree_is_read_as_it_was_written() {
        let real = |shape: &[usize], values: Vec<f64>| {
            H5Item::Array(Array::new(shape.to_vec(), Values::Real(values)).unwrap())
        };
        let whole = |shape: &[usize], values| H5Item::Array(Array::new(shape.to_vec(), Values::Whole(values)).unwrap());
        let inner = BTreeMap::from([
            ("lif1.lif".to_owned(), real(&[2, 3], vec![0.5, -1.25, 0.0, 1e-3, 3e30, 1.0])),
            ("many".to_owned(), real(&[10, 20], (0..200).map(|at| f64::from(at) / 4.0).collect())),
            ("shape".to_owned(), whole(&[1], vec![784])),
            ("single".to_owned(), whole(&[], vec![-7])),
        ]);
        let edges = H5Item::Text { shape: vec![1, 2], words: vec!["a.b".to_owned(), "ü".to_owned()] };
        let tree = H5Item::Group(BTreeMap::from([
            ("edges".to_owned(), edges),
            ("nodes".to_owned(), H5Item::Group(inner)),
            ("version".to_owned(), H5Item::text("1.0")),
        ]));
        let written = bytes(&tree).unwrap();
        assert_eq!(parse(&written).unwrap(), tree);
        assert_eq!(bytes(&tree).unwrap(), written, "equal trees, equal bytes");
        for cut in [0, 7, 8, 100, written.len() / 2, written.len() - 1] {
            assert!(parse(&written[..cut]).is_err(), "cut at {cut}");
        }
        let said = parse(&written[..written.len() - 1]).unwrap_err().to_string();
        assert!(said.starts_with("it is cut: it has "), "{said}");
    }

    /// An array that cannot be read and is not needed does not stop the rest; a link is never taken for a missing default.
    #[test]
    fn what_is_not_read_is_there_with_its_reason() {
        let inner = H5Item::Group(BTreeMap::from([("bias".to_owned(), H5Item::text("own"))]));
        let mut tree =
            H5Item::Group(BTreeMap::from([("a".to_owned(), inner), ("b".to_owned(), H5Item::Group(BTreeMap::new()))]));
        tree.mark("bias", "a link");
        let of = |name: &str| tree.get(name).and_then(|inner| inner.get("bias")).unwrap().unread();
        assert_eq!((of("a"), of("b")), (None, Some("a link")));
    }

    #[test]
    fn notes_are_attributes() {
        let note = |note| H5Item::Note(note);
        let group = H5Item::Group(BTreeMap::from([("dt".to_owned(), note(Note::Real(0.5)))]));
        let class = note(Note::Text("NIRGraphData".to_owned()));
        let root = [("__type__".to_owned(), class), ("n".to_owned(), note(Note::Whole(7))), ("a".to_owned(), group)];
        let written = bytes(&H5Item::Group(root.into())).unwrap();
        let file = hdf5_pure::File::from_bytes(written).unwrap();
        let attrs = file.root().attrs().unwrap();
        assert!(matches!(&attrs["__type__"], AttrValue::VarLenString(text) if text == "NIRGraphData"), "{attrs:?}");
        assert!(matches!(attrs["n"], AttrValue::I64(7)), "{attrs:?}");
        assert!(matches!(file.root().group("a").unwrap().attrs().unwrap()["dt"], AttrValue::F64(0.5)));
    }
}
