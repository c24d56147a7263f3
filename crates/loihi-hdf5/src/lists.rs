//! Lists of numbers, each of its own length, read one after the other: HDF5's sequences of variable length.
//!
//! An element of such an array is 16 bytes: its length, and where it lies, which is the address of a collection ("global
//! heap") and a number in it. A collection is `GCOL`, a version, its size, and objects: number, uses, size, and the bytes,
//! filled up to a multiple of 8. The crate reads lists of letters only, so that the collections are read here.
//!
//! Source: the HDF5 file format specification, version 3, III.E.

use super::{H5Error, damaged, dataset_of, guarded};
use hdf5_pure::{Datatype, DatatypeByteOrder};
use loihi_files::npz::{self, Array, Values};
use std::collections::BTreeMap;

/// Most lists of an array, and most numbers of one beside them.
const LISTS_MAX: u64 = 1 << 20;
/// Bytes of an element: length, address, number.
const ELEMENT: usize = 16;
/// Bytes before the objects of a collection, and before the bytes of an object.
const HEAD: usize = 16;
/// What a file begins with, at 0 or after a block of its user.
const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";

/// A file whose arrays are read one by one.
pub struct File {
    inner: hdf5_pure::File,
}

/// The lists of an array, in its order.
pub struct Lists<'f> {
    bytes: &'f [u8],
    /// Where addresses count from.
    base: usize,
    elements: std::vec::IntoIter<[u8; ELEMENT]>,
    /// The type of the numbers, as numpy writes it, and its bytes.
    kind: String,
    number_bytes: usize,
    /// By the address of their collection: where objects lie, by their number.
    collections: BTreeMap<u64, BTreeMap<u16, (usize, usize)>>,
    /// Bytes of objects that there can still be. Valid files have none twice: their sum is that of the file.
    unseen: usize,
    /// Bytes of lists that there can still be, for the same reason.
    unread: usize,
}

impl File {
    /// Opens a file in memory.
    ///
    /// # Errors
    /// It is not an HDF5 file, or damaged.
    pub fn open(bytes: Vec<u8>) -> Result<Self, H5Error> {
        let read = guarded(|| Ok(Self { inner: hdf5_pure::File::from_bytes(bytes).map_err(damaged)? }));
        read.map_err(H5Error::whole)
    }

    /// The array of numbers at a path, `group/name`, of up to 2^20 elements.
    ///
    /// # Errors
    /// It is not there, holds no numbers, or is damaged.
    pub fn array(&self, path: &str) -> Result<Array, H5Error> {
        let read = guarded(|| {
            let dataset = self.inner.dataset(path).map_err(|error| error.to_string())?;
            let mut budget = super::Budget { elements: LISTS_MAX, items: 1 };
            match dataset_of(&dataset, &mut budget)? {
                super::H5Item::Array(array) => Ok(array),
                _ => Err("its elements are not numbers".to_owned()),
            }
        });
        read.map_err(|what| H5Error::at(path, what))
    }

    /// The lists of numbers at a path.
    ///
    /// # Errors
    /// They are not there, are not lists of numbers, or are damaged.
    pub fn lists(&self, path: &str) -> Result<Lists<'_>, H5Error> {
        guarded(|| self.read_lists(path)).map_err(|what| H5Error::at(path, what))
    }

    fn read_lists(&self, path: &str) -> Result<Lists<'_>, String> {
        let dataset = self.inner.dataset(path).map_err(|error| error.to_string())?;
        let Datatype::VariableLength { is_string: false, base_type, .. } = dataset.datatype().map_err(damaged)? else {
            return Err("its elements are not lists of numbers".to_owned());
        };
        let (kind, number_bytes) = numpy_type(&base_type).ok_or_else(|| {
            format!("its lists are of {base_type}: there are integers and real numbers of 2 to 8 bytes")
        })?;
        let extents = dataset.shape().map_err(damaged)?;
        let count = extents.iter().try_fold(1_u64, |product, extent| product.checked_mul(*extent));
        if count.is_none_or(|count| count > LISTS_MAX) {
            return Err(format!("its shape {extents:?} has more than {LISTS_MAX} lists"));
        }
        if self.inner.superblock().offset_size != 8 {
            return Err("the file has addresses of fewer than 8 bytes, which are not read".to_owned());
        }
        let raw = dataset.read_raw().map_err(damaged)?;
        let bytes = self.inner.as_bytes();
        let starts = std::iter::once(0).chain((9..32).map(|power| 1_usize << power));
        let base = starts.into_iter().find(|at| bytes.get(*at..).is_some_and(|rest| rest.starts_with(SIGNATURE)));
        Ok(Lists {
            bytes,
            base: base.unwrap_or(0),
            elements: raw.as_chunks::<ELEMENT>().0.to_vec().into_iter(),
            kind,
            number_bytes,
            collections: BTreeMap::new(),
            unseen: bytes.len(),
            unread: bytes.len(),
        })
    }
}

/// The name that numpy has for a type of numbers, and its bytes.
fn numpy_type(kind: &Datatype) -> Option<(String, usize)> {
    let (letter, size, order) = match kind {
        Datatype::FixedPoint { size, byte_order, layout } => (if layout.signed { 'i' } else { 'u' }, *size, byte_order),
        Datatype::FloatingPoint { size, byte_order, .. } if *size > 1 => ('f', *size, byte_order),
        _ => return None,
    };
    let order = match order {
        DatatypeByteOrder::LittleEndian => '<',
        DatatypeByteOrder::BigEndian => '>',
        DatatypeByteOrder::Vax => return None,
    };
    matches!(size, 1 | 2 | 4 | 8).then(|| (format!("{order}{letter}{size}"), size as usize))
}

impl Iterator for Lists<'_> {
    type Item = Result<Values, H5Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let element = self.elements.next()?;
        Some(self.list(element).map_err(H5Error::whole))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.elements.size_hint()
    }
}

impl ExactSizeIterator for Lists<'_> {}

impl<'f> Lists<'f> {
    fn list(&mut self, element: [u8; ELEMENT]) -> Result<Values, String> {
        let [a, b, c, d, address @ .., e, f, g, h] = element;
        let count = u32::from_le_bytes([a, b, c, d]) as usize;
        let bytes = if count == 0 {
            &[][..]
        } else {
            self.object(u64::from_le_bytes(address), u32::from_le_bytes([e, f, g, h]))?
        };
        let length = count.checked_mul(self.number_bytes);
        let list =
            length.and_then(|length| bytes.get(..length)).ok_or("it is damaged: a list is longer than its bytes")?;
        self.unread = self.unread.checked_sub(list.len()).ok_or("it is damaged: its lists are longer than the file")?;
        npz::numbers(&self.kind, list).map_err(|error| error.to_string())
    }

    /// The bytes of an object.
    fn object(&mut self, address: u64, number: u32) -> Result<&'f [u8], String> {
        if !self.collections.contains_key(&address) {
            let collection = self.collection(address).ok_or("it is damaged: a list lies in no collection")?;
            self.collections.insert(address, collection);
        }
        let number = u16::try_from(number).ok();
        let found = number.and_then(|number| self.collections.get(&address)?.get(&number));
        let bytes = found.and_then(|(at, size)| self.bytes.get(*at..)?.get(..*size));
        bytes.ok_or_else(|| "it is damaged: a list is not in its collection".to_owned())
    }

    /// Where the objects of a collection lie.
    fn collection(&mut self, address: u64) -> Option<BTreeMap<u16, (usize, usize)>> {
        let start = self.base.checked_add(usize::try_from(address).ok()?)?;
        let rest = self.bytes.get(start..)?;
        let size = rest.strip_prefix(b"GCOL\x01")?.get(3..)?.first_chunk().map(|size| u64::from_le_bytes(*size))?;
        let collection = rest.get(..usize::try_from(size).ok()?)?;
        let (mut at, mut objects) = (HEAD, BTreeMap::new());
        while let Some([a, b, _, _, _, _, _, _, size @ ..]) = collection.get(at..).and_then(<[u8]>::first_chunk::<HEAD>)
        {
            let number = u16::from_le_bytes([*a, *b]);
            // The rest is free.
            if number == 0 {
                break;
            }
            let size = usize::try_from(u64::from_le_bytes(*size)).ok()?;
            let taken = HEAD.checked_add(size.checked_next_multiple_of(8)?)?;
            self.unseen = self.unseen.checked_sub(taken)?;
            objects.insert(number, (start + at + HEAD, size));
            at += taken;
        }
        Some(objects)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files of the same lists: of h5py in the oldest and the newest layout, and of `PyTables`.
    const FILES: [(&str, &[u8]); 3] = [
        ("h5py", include_bytes!("../../../tests/golden/shd/h5py.h5")),
        ("latest", include_bytes!("../../../tests/golden/shd/latest.h5")),
        ("pytables", include_bytes!("../../../tests/golden/shd/pytables.h5")),
    ];

    #[test]
    fn lists_of_other_writers_are_read() {
        for (name, bytes) in FILES {
            let file = File::open(bytes.to_vec()).unwrap();
            let times: Vec<Values> = file.lists("spikes/times").unwrap().map(Result::unwrap).collect();
            let real = |values: &[f64]| Values::Real(values.to_vec());
            let expected = [real(&[0.25, 0.0, 0.0625]), real(&[]), real(&[0.5, 1.0]), real(&[0.125])];
            assert_eq!(times, expected, "{name}");
            let units: Vec<Values> = file.lists("spikes/units").unwrap().map(Result::unwrap).collect();
            assert_eq!(units[0], Values::Whole(vec![5, 699, 0]), "{name}");
            assert_eq!(file.array("labels").unwrap().whole().unwrap(), [7, 0, 19, 3], "{name}");
            assert!(file.lists("labels").err().unwrap().to_string().contains("not lists of numbers"), "{name}");
            assert!(file.lists("spikes/none").err().unwrap().to_string().starts_with("`spikes/none`: "), "{name}");
        }
    }

    #[test]
    fn damage_is_no_more_than_an_error() {
        for (name, bytes) in FILES {
            let read = |bytes: Vec<u8>| -> Result<Vec<Values>, H5Error> {
                File::open(bytes)?.lists("spikes/times")?.collect()
            };
            let places: Vec<usize> =
                bytes.windows(4).enumerate().filter(|(_, part)| *part == b"GCOL").map(|(at, _)| at).collect();
            assert!(!places.is_empty(), "{name}");
            for at in places {
                // The signature, and the size of a collection.
                for (byte, value) in [(at, b'X'), (at + 12, 0xFF), (at + 15, 0x80)] {
                    let mut damaged = bytes.to_vec();
                    damaged[byte] = value;
                    let whole = read(bytes.to_vec());
                    let read = read(damaged);
                    assert!(read.is_err() || read == whole, "{name}, byte {byte}: {read:?}");
                }
            }
            assert!(read(bytes[..bytes.len() / 2].to_vec()).is_err(), "{name}");
        }
    }
}
