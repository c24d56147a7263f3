//! The elements of an `.npy` file: numbers of every type and byte order, and records of them.

use super::{Array, Values};
use half::f16;
use npyz::{DType, Endianness, NpyHeader, Order, TypeChar, TypeStr};
use std::io;

/// Most elements of an array; a header that says more is taken for damage.
const ELEMENTS_MAX: u64 = 1 << 28;

/// An `.npy` file whose header was read.
pub(super) struct Npy<'b> {
    shape: Vec<usize>,
    order: Order,
    dtype: DType,
    data: &'b [u8],
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
    ///
    /// # Errors
    /// What is wrong, in a sentence.
    pub(super) fn of(bytes: &'b [u8]) -> Result<Self, String> {
        let damaged = |error: io::Error| {
            // For a header that is not Python the library prints a diagram; the first line says what is wrong, in one
            // sentence.
            let said = error.to_string().replace(". ", "; ");
            format!("it is damaged: {}", said.lines().next().unwrap_or_default().trim_end_matches([':', ' ']))
        };
        // The library takes memory for as much header as the file announces.
        if header_bytes(bytes).is_some_and(|length| length > bytes.len()) {
            return Err("it is cut: its header is longer than the file".to_owned());
        }
        let mut data = bytes;
        let header = NpyHeader::from_reader(&mut data).map_err(damaged)?;
        let too_long = || format!("its shape {:?} has too many elements", header.shape());
        let elements = header.shape().iter().try_fold(1_u64, |product, extent| product.checked_mul(*extent));
        elements.filter(|elements| *elements <= ELEMENTS_MAX).ok_or_else(too_long)?;
        let extents = header.shape().iter().map(|extent| usize::try_from(*extent).map_err(|_| too_long()));
        Ok(Self { shape: extents.collect::<Result<_, _>>()?, order: header.order(), dtype: header.dtype(), data })
    }

    /// The array.
    ///
    /// # Errors
    /// Its elements are not numbers, or there are too few of them.
    pub(super) fn array(&self) -> Result<Array, String> {
        let DType::Plain(kind) = &self.dtype else {
            let names = match &self.dtype {
                DType::Record(fields) => fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>().join(", "),
                _ => String::new(),
            };
            return Err(format!("its elements are records, not numbers; their fields are {}", names.escape_debug()));
        };
        let stride = kind.num_bytes().ok_or_else(|| no_numbers(kind))?;
        self.lane(kind, 0, stride)
    }

    /// The fields of its records; `None` if its elements are single numbers. Fields without a name are gaps.
    ///
    /// # Errors
    /// A field is not a number, or there are too few records.
    pub(super) fn fields(&self) -> Result<Option<Vec<(String, Array)>>, String> {
        let DType::Record(fields) = &self.dtype else { return Ok(None) };
        let size = |dtype: &DType| {
            size_of(dtype).ok_or_else(|| "it is damaged: its records have no certain length".to_owned())
        };
        let stride = size(&self.dtype)?;
        let (mut offset, mut arrays) = (0, Vec::new());
        for field in fields {
            let named = |what: String| format!("field `{}`: {what}", field.name.escape_debug());
            match &field.dtype {
                _ if field.name.is_empty() => {}
                DType::Plain(kind) => {
                    arrays.push((field.name.clone(), self.lane(kind, offset, stride).map_err(named)?));
                }
                _ => return Err(named("it is not a single number".to_owned())),
            }
            offset += size(&field.dtype)?;
        }
        Ok(Some(arrays))
    }

    fn lane(&self, kind: &TypeStr, offset: usize, stride: usize) -> Result<Array, String> {
        let lane = Lane { offset, stride, count: self.shape.iter().product() };
        let values = values(self.data, lane, kind)?;
        let values = if self.order == Order::Fortran { in_c_order(&self.shape, values) } else { values };
        Array::new(self.shape.clone(), values).ok_or_else(|| "it has fewer elements than its shape says".to_owned())
    }
}

/// Length of the header's text: 16 bits in version 1, 32 bits later.
fn header_bytes(bytes: &[u8]) -> Option<usize> {
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
///
/// # Errors
/// It is not a type of numbers, or there are others than it can have.
pub(super) fn numbers_of(kind: &str, bytes: &[u8]) -> Result<Values, String> {
    let kind: TypeStr = kind.parse().map_err(|error| format!("`{kind}` is not a type of numbers: {error}"))?;
    let stride = kind.num_bytes().ok_or_else(|| no_numbers(&kind))?;
    values(bytes, Lane { offset: 0, stride, count: bytes.len() / stride.max(1) }, &kind)
}

fn no_numbers(kind: &TypeStr) -> String {
    format!("its elements are of type {kind}: there are bool, integers, float16, float32 and float64")
}

fn values(data: &[u8], lane: Lane, kind: &TypeStr) -> Result<Values, String> {
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
                return Err("it is damaged: it has booleans that are neither 0 nor 1".to_owned());
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
            Values::Whole(whole.map_err(|_| "it has elements beyond 2^63".to_owned())?)
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
        assert!(Npy::of(&file).unwrap().array().unwrap_err().contains("records"));
        let cut = Npy::of(&file[..file.len() - 1]).unwrap().fields().unwrap_err();
        assert_eq!(cut, "field `t`: it has fewer elements than its shape says");
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
            assert!(found.as_ref().unwrap_err().contains(said), "{descr}: {found:?}");
        }
    }
}
