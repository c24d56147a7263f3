//! Texts in an `.npy` file, as numpy keeps them: each of the same length, filled up with zeros.

use super::elements::{ELEMENTS_MAX, Npy};
use super::{ArrayError, Texts};
use npyz::{DType, Endianness, Order, TypeChar};

/// The texts of an array; `None` if its elements are something else.
pub(super) fn of(npy: Npy<'_>) -> Result<Option<Texts>, ArrayError> {
    let DType::Plain(kind) = &npy.dtype else { return Ok(None) };
    let text = match (kind.type_char(), kind.endianness()) {
        (TypeChar::ByteStr, _) => bytes,
        (TypeChar::UnicodeStr, Endianness::Big) => code_points_big,
        (TypeChar::UnicodeStr, _) => code_points,
        _ => return Ok(None),
    };
    let count = npy.shape.iter().try_fold(1_usize, |product, extent| product.checked_mul(*extent));
    let too_large = || ArrayError::TooLarge(npy.shape.iter().map(|extent| *extent as u64).collect());
    let count = count.filter(|count| *count <= ELEMENTS_MAX).ok_or_else(too_large)?;
    if npy.order == Order::Fortran && npy.shape.len() > 1 {
        return Err(ArrayError::Damaged("its texts have several extents, the first one fastest".to_owned()));
    }
    let stride = kind.num_bytes().filter(|stride| *stride > 0).ok_or_else(|| ArrayError::Type(kind.to_string()))?;
    let undecoded = || ArrayError::Damaged("it has texts that are not Unicode".to_owned());
    let texts = npy.data.chunks_exact(stride).take(count).map(|each| text(each).ok_or_else(undecoded));
    let texts = texts.collect::<Result<Vec<String>, _>>()?;
    if texts.len() == count { Ok(Some(Texts { shape: npy.shape, texts })) } else { Err(ArrayError::Cut) }
}

/// A text in UTF-8.
fn bytes(each: &[u8]) -> Option<String> {
    let length = each.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    Some(std::str::from_utf8(&each[..length]).ok()?.to_owned())
}

/// A text in code points of 32 bits.
fn code_points(each: &[u8]) -> Option<String> {
    decoded(each.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)))
}

fn code_points_big(each: &[u8]) -> Option<String> {
    decoded(each.as_chunks().0.iter().map(|bytes| u32::from_be_bytes(*bytes)))
}

fn decoded(codes: impl Iterator<Item = u32>) -> Option<String> {
    let text: String = codes.map(char::from_u32).collect::<Option<_>>()?;
    Some(text.trim_end_matches('\0').to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::{ArrayError, Texts, texts};

    fn npy(descr: &str, shape: &str, values: &[u8]) -> Vec<u8> {
        let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}\n");
        let length = u16::try_from(text.len()).unwrap().to_le_bytes();
        [b"\x93NUMPY\x01\x00", &length[..], text.as_bytes(), values].concat()
    }

    #[test]
    fn texts_are_read_in_every_type() {
        let expected = Ok(Some(Texts { shape: vec![2], texts: vec!["né".to_owned(), "b".to_owned()] }));
        let codes = ['n', 'é', '\0', 'b', '\0', '\0'].map(u32::from);
        let little: Vec<u8> = codes.iter().flat_map(|code| code.to_le_bytes()).collect();
        let big: Vec<u8> = codes.iter().flat_map(|code| code.to_be_bytes()).collect();
        assert_eq!(texts(&npy("<U3", "(2,)", &little), ""), expected);
        assert_eq!(texts(&npy(">U3", "(2,)", &big), ""), expected);
        assert_eq!(texts(&npy("|S4", "(2,)", "né\0b\0\0\0".as_bytes()), ""), expected);
        assert_eq!(texts(&npy("<i2", "(1,)", &[1, 0]), ""), Ok(None));
    }

    #[test]
    fn damaged_texts_are_refused() {
        let said = |descr, shape, values: &[u8]| texts(&npy(descr, shape, values), "").unwrap_err();
        assert_eq!(said("<U1", "(2,)", &[65, 0, 0, 0, 66, 0, 0]), ArrayError::Cut);
        assert_eq!(said("|S0", "(2,)", &[]), ArrayError::Type("|S0".to_owned()));
        assert!(said("<U1", "(1,)", &[0, 0, 0xFF, 0xFF]).to_string().contains("not Unicode"));
        assert!(said("|S2", "(1,)", &[0xFF, 0xFE]).to_string().contains("not Unicode"));
        assert!(matches!(said("|S1", "(99999999999,)", &[0]), ArrayError::TooLarge(_)));
    }
}
