//! Arrays of bytes and booleans, a row after the other: as many bytes in memory as they have elements.

use super::ArrayError;
use super::elements::{damaged, header_bytes};
use crate::whole;
use npyz::{DType, NpyHeader, Order, TypeChar};
use std::io::{self, Read};

/// Bytes of magic, version and length of a header, in version 2 and later.
const BEFORE_TEXT: usize = 12;

/// The rows of an array of bytes or booleans: the elements of its first extent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ByteRows {
    /// Extents of the array.
    pub shape: Vec<usize>,
    /// Its first rows, each with the last extent fastest: booleans are 0 and 1.
    pub rows: Vec<Vec<u8>>,
    /// The largest element of all rows, of those that are not kept, too; 0 if there are none.
    pub largest: u8,
}

/// Reads the first `most` rows of an `.npy` file, and what is the largest of all elements; `None` if they are not bytes or
/// booleans, the last extent fastest.
///
/// # Errors
/// [`ArrayError`].
pub(super) fn rows(npy: &mut dyn Read, most: usize) -> Result<Option<ByteRows>, ArrayError> {
    let header = header(npy)?;
    let DType::Plain(kind) = header.dtype() else { return Ok(None) };
    let is_bool = kind.type_char() == TypeChar::Bool;
    if !(is_bool || kind.type_char() == TypeChar::Uint) || kind.size_field() != 1 || header.order() == Order::Fortran {
        return Ok(None);
    }
    let too_large = || ArrayError::TooLarge(header.shape().to_vec());
    let extents = header.shape().iter().map(|extent| usize::try_from(*extent));
    let shape: Vec<usize> = extents.collect::<Result<_, _>>().map_err(|_| too_large())?;
    let [count, row @ ..] = &*shape else { return Ok(None) };
    let product = |extents: &[usize]| extents.iter().try_fold(1_usize, |product, extent| product.checked_mul(*extent));
    let all = product(&shape).filter(|all| *all as u64 <= whole::DATA.bytes);
    let (Some(_), Some(each)) = (all, product(row)) else { return Err(too_large()) };
    if shape.contains(&0) {
        // However many rows without elements there are.
        return Ok(Some(ByteRows { shape, rows: Vec::new(), largest: 0 }));
    }
    let (mut rows, mut other, mut largest) = (Vec::new(), Vec::new(), 0);
    for number in 0..*count {
        other.resize(each, 0);
        npy.read_exact(&mut other).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => ArrayError::Cut,
            _ => ArrayError::Damaged(error.to_string()),
        })?;
        largest = other.iter().copied().max().unwrap_or(0).max(largest);
        if number < most {
            rows.push(std::mem::take(&mut other));
        }
    }
    if is_bool && largest > 1 {
        return Err(ArrayError::Damaged("it has booleans that are neither 0 nor 1".to_owned()));
    }
    // What an archive keeps of a member to see damage comes at its end.
    npy.read(&mut [0]).map_err(|error| ArrayError::Damaged(error.to_string()))?;
    Ok(Some(ByteRows { shape, rows, largest }))
}

/// Whether the elements of an `.npy` file are records.
///
/// # Errors
/// [`ArrayError`].
pub(super) fn are_records(npy: &mut dyn Read) -> Result<bool, ArrayError> {
    Ok(matches!(header(npy)?.dtype(), DType::Record(_)))
}

/// Reads a header, and no more memory than it has bytes: the library takes as much as the file announces.
fn header(npy: &mut dyn Read) -> Result<NpyHeader, ArrayError> {
    let mut bytes = Vec::new();
    let mut read =
        |more: usize, bytes: &mut Vec<u8>| npy.take(more as u64).read_to_end(bytes).map_err(|error| damaged(&error));
    read(BEFORE_TEXT, &mut bytes)?;
    if let Some(text) = header_bytes(&bytes) {
        // In version 1 two bytes of the text are read already.
        let before = if bytes.get(6) == Some(&1) { BEFORE_TEXT - 2 } else { BEFORE_TEXT };
        let missing = (before + text).saturating_sub(bytes.len());
        if read(missing, &mut bytes)? < missing {
            return Err(ArrayError::Damaged("its header is longer than the file".to_owned()));
        }
    }
    NpyHeader::from_reader(&*bytes).map_err(|error| damaged(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn npy(descr: &str, order: &str, shape: &str, values: &[u8]) -> Vec<u8> {
        let text = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}}}\n");
        let length = u16::try_from(text.len()).unwrap().to_le_bytes();
        [b"\x93NUMPY\x01\x00", &length[..], text.as_bytes(), values].concat()
    }

    fn read(bytes: &[u8], most: usize) -> Result<Option<ByteRows>, ArrayError> {
        rows(&mut &*bytes, most)
    }

    #[test]
    fn bytes_and_booleans_are_read_row_by_row() {
        let file = npy("|u1", "False", "(3, 1, 2)", &[1, 2, 3, 4, 255, 6]);
        let found = read(&file, 2).unwrap().unwrap();
        assert_eq!((found.shape, found.rows, found.largest), (vec![3, 1, 2], vec![vec![1, 2], vec![3, 4]], 255));
        let found = read(&npy("|b1", "False", "(2,)", &[1, 0]), 9).unwrap().unwrap();
        assert_eq!((found.rows, found.largest), (vec![vec![1], vec![0]], 1));
        for shape in ["(0, 4)", "(9000000000, 0)"] {
            let empty = read(&npy("|u1", "False", shape, &[]), 9).unwrap().unwrap();
            assert_eq!((empty.rows.len(), empty.largest), (0, 0), "{shape}");
        }
        for (descr, order, shape) in
            [("|i1", "False", "(2,)"), ("<u2", "False", "(1,)"), ("|u1", "True", "(2,)"), ("|u1", "False", "()")]
        {
            assert_eq!(read(&npy(descr, order, shape, &[1, 2]), 9), Ok(None), "{descr} {order} {shape}");
        }
    }

    #[test]
    fn what_is_damaged_is_said_to_be() {
        let whole = npy("|u1", "False", "(2, 2)", &[1, 2, 3, 4]);
        for cut in 0..whole.len() {
            assert!(read(&whole[..cut], 9).is_err(), "cut at {cut}");
            assert!(read(&whole[..cut], 0).is_err(), "cut at {cut}, none are kept");
        }
        assert!(read(&npy("|b1", "False", "(2,)", &[1, 2]), 9).unwrap_err().to_string().contains("neither 0 nor 1"));
        let huge = npy("|u1", "False", "(9999999999, 99999)", &[]);
        assert!(read(&huge, 9).unwrap_err().to_string().contains("too many elements"));
        assert!(
            read(b"\x93NUMPY\x02\x00\xFF\xFF\xFF\xFF{", 9).unwrap_err().to_string().contains("longer than the file")
        );
    }
}
