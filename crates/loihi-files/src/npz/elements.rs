//! The elements of an `.npy` file: numbers of every type and byte order, and records of them.

use super::{Array, ArrayError, Values};
use half::f16;
use npyz::{DType, Endianness, NpyHeader, Order, TypeChar, TypeStr};
use std::io;

/// Most elements of an array that is read as a whole; a header that says more is taken for damage.
pub(super) const ELEMENTS_MAX: usize = 1 << 28;

/// An `.npy` file whose header was read.
pub(crate) struct Npy<'b> {
    pub(crate) shape: Vec<usize>,
    pub(crate) order: Order,
    pub(crate) dtype: DType,
    /// Everything behind the header.
    pub(crate) data: &'b [u8],
}

/// Where the numbers of an array, or of one field of its records, lie.
#[derive(Clone, Copy)]
struct Lane {
    /// Bytes before the first one.
    offset: usize,
    /// Bytes from one to the next.
    stride: usize,
    /// How many there are.
    count: usize,
}

impl<'b> Npy<'b> {
    /// Reads a header.
    pub(crate) fn of(bytes: &'b [u8]) -> Result<Self, ArrayError> {
        // The library takes memory for as much header as the file announces.
        if header_bytes(bytes).is_some_and(|length| length > bytes.len()) {
            return Err(ArrayError::Damaged("its header is longer than the file".to_owned()));
        }
        let mut data = bytes;
        let header = NpyHeader::from_reader(&mut data).map_err(|error| damaged(&error))?;
        let extents = header.shape().iter().map(|extent| usize::try_from(*extent));
        let shape = extents.collect::<Result<_, _>>().map_err(|_| ArrayError::TooLarge(header.shape().to_vec()))?;
        Ok(Self { shape, order: header.order(), dtype: header.dtype(), data })
    }

    /// The array.
    pub(super) fn array(&self) -> Result<Array, ArrayError> {
        let DType::Plain(kind) = &self.dtype else {
            let names = match &self.dtype {
                DType::Record(fields) => fields.iter().map(|field| field.name.clone()).collect(),
                _ => Vec::new(),
            };
            return Err(ArrayError::Records(names));
        };
        let stride = kind.num_bytes().ok_or_else(|| no_numbers(kind))?;
        self.lane(kind, 0, stride)
    }

    /// The fields of its records; `None` if its elements are single numbers. Fields without a name are gaps.
    pub(super) fn fields(&self) -> Result<Option<Vec<(String, Array)>>, ArrayError> {
        let DType::Record(fields) = &self.dtype else { return Ok(None) };
        let size = |dtype: &DType| {
            size_of(dtype).ok_or_else(|| ArrayError::Damaged("its records have no certain length".to_owned()))
        };
        let stride = size(&self.dtype)?;
        let (mut offset, mut arrays) = (0, Vec::new());
        for field in fields {
            let named = |error| ArrayError::Field { field: field.name.clone(), error: Box::new(error) };
            match &field.dtype {
                _ if field.name.is_empty() => {}
                DType::Plain(kind) => {
                    arrays.push((field.name.clone(), self.lane(kind, offset, stride).map_err(named)?));
                }
                _ => return Err(named(ArrayError::NotANumber)),
            }
            offset += size(&field.dtype)?;
        }
        Ok(Some(arrays))
    }

    fn lane(&self, kind: &TypeStr, offset: usize, stride: usize) -> Result<Array, ArrayError> {
        let count = self.shape.iter().try_fold(1_usize, |product, extent| product.checked_mul(*extent));
        let count = count.filter(|count| *count <= ELEMENTS_MAX);
        let too_large = || ArrayError::TooLarge(self.shape.iter().map(|extent| *extent as u64).collect());
        let lane = Lane { offset, stride, count: count.ok_or_else(too_large)? };
        let values = values(self.data, lane, kind)?;
        let values = if self.order == Order::Fortran { in_c_order(&self.shape, values) } else { values };
        Array::new(self.shape.clone(), values).ok_or(ArrayError::Cut)
    }
}

/// What the library says of a header: for one that is not Python it prints a diagram, whose first line says what is wrong, in one
/// sentence.
pub(super) fn damaged(error: &io::Error) -> ArrayError {
    let said = error.to_string().replace(". ", "; ");
    ArrayError::Damaged(said.lines().next().unwrap_or_default().trim_end_matches([':', ' ']).to_owned())
}

/// Length of the header's text: 16 bits in version 1, 32 bits later.
pub(super) fn header_bytes(bytes: &[u8]) -> Option<usize> {
    match bytes.get(6)? {
        1 => bytes.get(8..)?.first_chunk().map(|length| u16::from_le_bytes(*length).into()),
        _ => usize::try_from(u32::from_le_bytes(*bytes.get(8..)?.first_chunk()?)).ok(),
    }
}

/// Bytes of an element, if they are always as many.
fn size_of(dtype: &DType) -> Option<usize> {
    match dtype {
        DType::Plain(kind) => kind.num_bytes(),
        DType::Array(count, each) => usize::try_from(*count).ok()?.checked_mul(size_of(each)?),
        DType::Record(fields) => fields.iter().try_fold(0_usize, |sum, field| sum.checked_add(size_of(&field.dtype)?)),
    }
}

/// Numbers of a type, as many as there are bytes for.
pub(super) fn numbers_of(kind: &str, bytes: &[u8]) -> Result<Values, ArrayError> {
    let kind: TypeStr = kind.parse().map_err(|_| ArrayError::Type(kind.to_owned()))?;
    let stride = kind.num_bytes().ok_or_else(|| no_numbers(&kind))?;
    values(bytes, Lane { offset: 0, stride, count: bytes.len() / stride.max(1) }, &kind)
}

fn no_numbers(kind: &TypeStr) -> ArrayError {
    ArrayError::Type(kind.to_string())
}

fn values(data: &[u8], lane: Lane, kind: &TypeStr) -> Result<Values, ArrayError> {
    let big_endian = kind.endianness() == Endianness::Big;
    macro_rules! numbers {
        ($type:ty, $into:ty) => {
            numbers(data, lane, big_endian, |bytes| <$into>::from(<$type>::from_le_bytes(bytes)))
        };
    }
    Ok(match (kind.type_char(), kind.size_field()) {
        (TypeChar::Bool, 1) => {
            let values = numbers!(u8, i64);
            if values.iter().any(|value| *value > 1) {
                return Err(ArrayError::Damaged("it has booleans that are neither 0 nor 1".to_owned()));
            }
            Values::Whole(values)
        }
        (TypeChar::Int, 1) => Values::Whole(numbers!(i8, i64)),
        (TypeChar::Int, 2) => Values::Whole(numbers!(i16, i64)),
        (TypeChar::Int, 4) => Values::Whole(numbers!(i32, i64)),
        (TypeChar::Int, 8) => Values::Whole(numbers!(i64, i64)),
        (TypeChar::Uint, 1) => Values::Whole(numbers!(u8, i64)),
        (TypeChar::Uint, 2) => Values::Whole(numbers!(u16, i64)),
        (TypeChar::Uint, 4) => Values::Whole(numbers!(u32, i64)),
        (TypeChar::Uint, 8) => {
            let whole = numbers!(u64, u64).into_iter().map(i64::try_from).collect::<Result<_, _>>();
            Values::Whole(whole.map_err(|_| ArrayError::Beyond)?)
        }
        (TypeChar::Float, 2) => Values::Real(numbers!(f16, f64)),
        (TypeChar::Float, 4) => Values::Real(numbers!(f32, f64)),
        (TypeChar::Float, 8) => Values::Real(numbers!(f64, f64)),
        _ => return Err(no_numbers(kind)),
    })
}

/// The numbers of a lane, as far as there are bytes; `number` reads one from its bytes in little-endian order.
fn numbers<const N: usize, T>(data: &[u8], lane: Lane, big_endian: bool, number: impl Fn([u8; N]) -> T) -> Vec<T> {
    let rows = data.chunks_exact(lane.stride.max(1)).take(lane.count);
    let bytes = rows.filter_map(|row| row.get(lane.offset..)?.first_chunk::<N>().copied());
    if big_endian {
        let lowest_first = |mut bytes: [u8; N]| {
            bytes.reverse();
            bytes
        };
        return bytes.map(|bytes| number(lowest_first(bytes))).collect();
    }
    bytes.map(number).collect()
}

/// Elements whose first extent is fastest, with the last one fastest.
fn in_c_order(shape: &[usize], values: Values) -> Values {
    fn turned<T: Copy>(shape: &[usize], values: &[T]) -> Vec<T> {
        let place = |mut at: usize| {
            let mut coordinates = vec![0; shape.len()];
            for (coordinate, extent) in coordinates.iter_mut().zip(shape).rev() {
                *coordinate = at % extent;
                at /= extent;
            }
            coordinates.iter().zip(shape).rev().fold(0, |sum, (coordinate, extent)| sum * extent + coordinate)
        };
        (0..values.len()).filter_map(|at| values.get(place(at)).copied()).collect()
    }
    match values {
        Values::Whole(values) => Values::Whole(turned(shape, &values)),
        Values::Real(values) => Values::Real(turned(shape, &values)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An `.npy` file of this type and shape.
    fn npy(descr: &str, shape: &str, values: &[u8]) -> Vec<u8> {
        let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n");
        let length = u16::try_from(text.len()).unwrap().to_le_bytes();
        [b"\x93NUMPY\x01\x00", &length[..], text.as_bytes(), values].concat()
    }

    #[test]
    fn half_precision_is_read_in_both_byte_orders() {
        // 1, -2, the largest and the smallest above 0, infinity.
        let numbers = [0x3C00_u16, 0xC000, 0x7BFF, 0x0001, 0x7C00];
        let expected = [1.0, -2.0, 65504.0, (-24.0_f64).exp2(), f64::INFINITY];
        let little: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        let big: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
        for (descr, bytes) in [("'<f2'", little), ("'>f2'", big)] {
            let file = npy(descr, "(5,)", &bytes);
            assert_eq!(Npy::of(&file).unwrap().array().unwrap().real(), expected, "{descr}");
        }
    }

    #[test]
    fn fields_are_arrays_of_their_own() {
        let descr = "[('t', '>u4'), ('', '|V1'), ('on', '|b1'), ('x', '<i2')]";
        let rows = [0, 0, 1, 2, 99, 1, 3, 0, 0, 0, 0, 7, 99, 0, 0xFF, 0xFF];
        let file = npy(descr, "(2,)", &rows);
        let fields = Npy::of(&file).unwrap().fields().unwrap().unwrap();
        let fields: Vec<(&str, Vec<i64>)> =
            fields.iter().map(|(name, array)| (name.as_str(), array.whole().unwrap())).collect();
        assert_eq!(fields, [("t", vec![258, 7]), ("on", vec![1, 0]), ("x", vec![3, -1])]);
        assert!(Npy::of(&file).unwrap().array().unwrap_err().to_string().contains("records"));
        let cut = Npy::of(&file[..file.len() - 1]).unwrap().fields().unwrap_err();
        assert_eq!(cut.to_string(), "field `t`: it has fewer elements than its shape says");
        assert!(Npy::of(&npy("'<i2'", "(1,)", &[1, 0])).unwrap().fields().unwrap().is_none());
    }

    #[test]
    fn other_types_are_refused_in_a_sentence() {
        for (descr, said) in [
            ("'<c8'", "its elements are of type <c8"),
            ("'|S3'", "its elements are of type |S3"),
            ("[('x', '<i2', (2,))]", "it is not a single number"),
            ("[('x', '|O')]", "no certain length"),
        ] {
            let file = npy(descr, "(1,)", &[0; 16]);
            let npy = Npy::of(&file).unwrap();
            let found = npy.fields().and_then(|fields| fields.map_or_else(|| npy.array().map(drop), |_| Ok(())));
            assert!(found.as_ref().unwrap_err().to_string().contains(said), "{descr}: {found:?}");
        }
    }
}
