//! Arrays of a file: as many elements as their extents say, finite, or a sentence.

use super::message::{DOUBLE, EXTERNAL, FLOAT, INT64, Tensor};

/// An array.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Constant {
    /// Extents.
    pub(super) dims: Vec<usize>,
    /// Elements, the last extent fastest.
    pub(super) numbers: Numbers,
}

/// Elements of an array.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Numbers {
    /// Real numbers.
    Reals(Vec<f32>),
    /// Whole numbers.
    Whole(Vec<i64>),
}

impl Constant {
    /// The elements, if they are real numbers.
    pub(super) fn reals(&self) -> Option<&[f32]> {
        match &self.numbers {
            Numbers::Reals(values) => Some(values),
            Numbers::Whole(_) => None,
        }
    }

    /// The array of a message.
    pub(super) fn of(tensor: Tensor) -> Result<Self, String> {
        if tensor.data_location == EXTERNAL {
            return Err("its elements are in another file: export the network as one file".to_owned());
        }
        let dims = tensor.dims.iter().map(|dim| usize::try_from(*dim).ok()).collect::<Option<Vec<usize>>>();
        let dims = dims.ok_or_else(|| format!("its extents {:?} are not all 0 or more", tensor.dims))?;
        let elements = loihi_net::network::size(&dims);
        let numbers = match tensor.data_type {
            FLOAT if tensor.raw_data.is_empty() => Numbers::Reals(tensor.float_data),
            FLOAT => Numbers::Reals(raw(&tensor.raw_data, f32::from_le_bytes)?),
            DOUBLE if tensor.raw_data.is_empty() => {
                Numbers::Reals(tensor.double_data.into_iter().map(single).collect())
            }
            DOUBLE => Numbers::Reals(raw(&tensor.raw_data, |bytes| single(f64::from_le_bytes(bytes)))?),
            INT64 if tensor.raw_data.is_empty() => Numbers::Whole(tensor.int64_data),
            INT64 => Numbers::Whole(raw(&tensor.raw_data, i64::from_le_bytes)?),
            other => {
                return Err(format!(
                    "its elements are of type {other}, not single precision (1), 64-bit whole numbers (7) or double precision (11)"
                ));
            }
        };
        let found = match &numbers {
            Numbers::Reals(values) => values.len(),
            Numbers::Whole(values) => values.len(),
        };
        if found != elements {
            return Err(format!("it has {found} elements, and its extents {dims:?} take {elements}"));
        }
        if let Numbers::Reals(values) = &numbers
            && let Some(at) = values.iter().position(|value| !value.is_finite())
        {
            return Err(format!("element {at} is not finite"));
        }
        Ok(Self { dims, numbers })
    }
}

/// In single precision.
fn single(value: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "what is too large is not finite, and refused")]
    let value = value as f32;
    value
}

/// Elements of bytes.
fn raw<T, const N: usize>(bytes: &[u8], element: impl Fn([u8; N]) -> T) -> Result<Vec<T>, String> {
    let (chunks, rest) = bytes.as_chunks::<N>();
    if !rest.is_empty() {
        return Err(format!("its {} bytes are not whole elements of {N}", bytes.len()));
    }
    Ok(chunks.iter().map(|chunk| element(*chunk)).collect())
}
