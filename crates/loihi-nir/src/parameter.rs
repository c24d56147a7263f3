//! Types of parameters: how they are read, written and checked.

use loihi_files::npz::{Array, Values};
use loihi_hdf5::H5Item;

/// Largest stride, kernel, padding, dilation, number of groups.
const NUMBER_MAX: usize = 1 << 16;

/// A parameter of a node.
pub(super) trait Parameter: Sized {
    /// Reads it; `None` if it is missing. Errors are predicates: `has values that are not numbers`.
    fn read(item: Option<&H5Item>) -> Result<Option<Self>, String>;

    /// Its form in a file; `None` to leave it out.
    fn item(&self) -> Option<H5Item>;

    /// Checks its range; errors are predicates.
    fn check(&self) -> Result<(), String>;

    /// The array, if it is one.
    fn array(&self) -> Option<&Array> {
        None
    }
}

/// Zeros around the input of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding<T> {
    /// Keeps the extents of the input at a stride of 1; the extra one of an odd number is at the end.
    Same,
    /// None.
    Valid,
    /// On both sides of each extent.
    Zeros(T),
}

/// The array of a parameter in a file; `None` for anything else.
fn array_of(item: Option<&H5Item>) -> Option<&Array> {
    match item {
        Some(H5Item::Array(array)) => Some(array),
        _ => None,
    }
}

/// The elements as numbers from 0; `None` if one is not.
fn numbers(array: &Array) -> Option<Vec<usize>> {
    array.whole()?.iter().map(|value| usize::try_from(*value).ok()).collect()
}

/// Numbers in a row, as HDF5 has them.
fn row(values: &[usize]) -> H5Item {
    H5Item::Array(Array::from(values.iter().map(|value| whole(*value)).collect::<Vec<i64>>()))
}

fn whole(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl Parameter for Array {
    fn read(item: Option<&H5Item>) -> Result<Option<Self>, String> {
        Ok(array_of(item).cloned())
    }

    fn item(&self) -> Option<H5Item> {
        Some(H5Item::Array(self.clone()))
    }

    fn check(&self) -> Result<(), String> {
        let finite = match self.values() {
            Values::Whole(_) => true,
            Values::Real(values) => values.iter().all(|value| value.is_finite()),
        };
        if finite { Ok(()) } else { Err("has values that are not numbers".to_owned()) }
    }

    fn array(&self) -> Option<&Array> {
        Some(self)
    }
}

impl Parameter for Vec<usize> {
    fn read(item: Option<&H5Item>) -> Result<Option<Self>, String> {
        let Some(array) = array_of(item) else { return Ok(None) };
        numbers(array).map(Some).ok_or_else(|| format!("{:?} is not a shape: extents are from 1", array.real()))
    }

    fn item(&self) -> Option<H5Item> {
        Some(row(self))
    }

    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

impl Parameter for usize {
    fn read(item: Option<&H5Item>) -> Result<Option<Self>, String> {
        let Some(array) = array_of(item) else { return Ok(None) };
        match numbers(array).as_deref() {
            Some([number]) => Ok(Some(*number)),
            _ => Err("is not a number from 0 to 65,536".to_owned()),
        }
    }

    fn item(&self) -> Option<H5Item> {
        Some(H5Item::Array(Array::from(whole(*self))))
    }

    fn check(&self) -> Result<(), String> {
        if *self <= NUMBER_MAX { Ok(()) } else { Err("is not a number from 0 to 65,536".to_owned()) }
    }
}

/// Vertical and horizontal; a file may have one number for both.
impl Parameter for [usize; 2] {
    fn read(item: Option<&H5Item>) -> Result<Option<Self>, String> {
        let Some(array) = array_of(item) else { return Ok(None) };
        match numbers(array).as_deref() {
            Some([both]) => Ok(Some([*both; 2])),
            Some([vertical, horizontal]) => Ok(Some([*vertical, *horizontal])),
            _ => Err("is not two numbers from 0 to 65,536".to_owned()),
        }
    }

    fn item(&self) -> Option<H5Item> {
        Some(row(self))
    }

    fn check(&self) -> Result<(), String> {
        let within = self.iter().all(|number| *number <= NUMBER_MAX);
        if within { Ok(()) } else { Err("is not two numbers from 0 to 65,536".to_owned()) }
    }
}

impl Parameter for i64 {
    fn read(item: Option<&H5Item>) -> Result<Option<Self>, String> {
        let Some(array) = array_of(item) else { return Ok(None) };
        match array.whole().as_deref() {
            Some([number]) => Ok(Some(*number)),
            _ => Err("is not a single whole number".to_owned()),
        }
    }

    fn item(&self) -> Option<H5Item> {
        Some(H5Item::Array(Array::from(*self)))
    }

    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

impl<T: Parameter> Parameter for Padding<T> {
    fn read(item: Option<&H5Item>) -> Result<Option<Self>, String> {
        match item {
            Some(H5Item::Text { words, .. }) => match words.first().map(String::as_str) {
                Some("same") => Ok(Some(Self::Same)),
                Some("valid") => Ok(Some(Self::Valid)),
                other => {
                    Err(format!("is `{}`: there are numbers, same and valid", other.unwrap_or_default().escape_debug()))
                }
            },
            _ => Ok(T::read(item)?.map(Self::Zeros)),
        }
    }

    fn item(&self) -> Option<H5Item> {
        match self {
            Self::Same => Some(H5Item::text("same")),
            Self::Valid => Some(H5Item::text("valid")),
            Self::Zeros(zeros) => zeros.item(),
        }
    }

    fn check(&self) -> Result<(), String> {
        match self {
            Self::Zeros(zeros) => zeros.check(),
            Self::Same | Self::Valid => Ok(()),
        }
    }
}

/// One that may be missing.
impl<T: Parameter> Parameter for Option<T> {
    fn read(item: Option<&H5Item>) -> Result<Option<Self>, String> {
        T::read(item).map(Some)
    }

    fn item(&self) -> Option<H5Item> {
        self.as_ref()?.item()
    }

    fn check(&self) -> Result<(), String> {
        self.as_ref().map_or(Ok(()), T::check)
    }

    fn array(&self) -> Option<&Array> {
        self.as_ref()?.array()
    }
}
