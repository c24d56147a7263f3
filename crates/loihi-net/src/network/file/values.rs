//! Values of the TOML form: numbers, lists of them, text with a unit, arrays in files.

use super::InvalidValue;
use crate::network::ELEMENTS_MAX;
use loihi_files::npz;
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use std::fmt;
use std::path::Path;
use toml::Spanned;

/// A whole number for all, one for each, or text: a duration, or an array in a file.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Numbers {
    One(i64),
    Many(Vec<i64>),
    Text(String),
}

/// Weights: as [`Numbers`] with rows of any depth, or drawn.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum WeightsForm {
    One(i64),
    /// Extents, and the elements with the last extent fastest.
    Many(Vec<usize>, Vec<i64>),
    Text(String),
    Uniform {
        low: i64,
        high: i64,
        density: f64,
    },
}

/// Rows of numbers, of any depth.
enum Nested {
    Number(i64),
    Rows(Vec<Self>),
}

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Numbers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a whole number, a list of them, a duration like \"20 ms\", or an array \"file.npz:name\"")
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Numbers, E> {
                Ok(Numbers::One(value))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Numbers, E> {
                Ok(Numbers::Text(value.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Numbers, A::Error> {
                let mut numbers = Vec::new();
                while let Some(number) = list.next_element()? {
                    numbers.push(number);
                }
                Ok(Numbers::Many(numbers))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl<'de> Deserialize<'de> for Nested {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Nested;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a whole number, or a row of them")
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Nested, E> {
                Ok(Nested::Number(value))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Nested, A::Error> {
                let mut rows = Vec::new();
                while let Some(row) = list.next_element()? {
                    rows.push(row);
                }
                Ok(Nested::Rows(rows))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl Nested {
    /// Extents and elements; `None` if rows are of different lengths.
    fn flat(&self) -> Option<(Vec<usize>, Vec<i64>)> {
        let rows = match self {
            Self::Number(number) => return Some((Vec::new(), vec![*number])),
            Self::Rows(rows) => rows,
        };
        let mut inner: Option<Vec<usize>> = None;
        let mut elements = Vec::new();
        for row in rows {
            let (shape, row) = row.flat()?;
            if *inner.get_or_insert_with(|| shape.clone()) != shape {
                return None;
            }
            elements.extend(row);
        }
        let mut shape = vec![rows.len()];
        shape.extend(inner.unwrap_or_default());
        Some((shape, elements))
    }
}

impl<'de> Deserialize<'de> for WeightsForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = WeightsForm;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(
                    f,
                    "a whole number, rows of them, an array \"file.npz:name\", or {{ uniform = [low, high], density = 1.0 }}"
                )
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<WeightsForm, E> {
                Ok(WeightsForm::One(value))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<WeightsForm, E> {
                Ok(WeightsForm::Text(value.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<WeightsForm, A::Error> {
                let mut rows = Vec::new();
                while let Some(row) = list.next_element::<Nested>()? {
                    rows.push(row);
                }
                let flat = Nested::Rows(rows).flat();
                let (shape, elements) = flat.ok_or_else(|| de::Error::custom("the rows are of different lengths"))?;
                Ok(WeightsForm::Many(shape, elements))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<WeightsForm, A::Error> {
                #[derive(serde::Deserialize)]
                #[serde(deny_unknown_fields)]
                struct Drawn {
                    uniform: [i64; 2],
                    density: Option<f64>,
                }
                let Drawn { uniform: [low, high], density } =
                    Drawn::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(WeightsForm::Uniform { low, high, density: density.unwrap_or(1.0) })
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// Whether an array of this shape is a row of this many sources for each neuron: its first extents are the neurons, the
/// others the sources.
pub(super) fn is_rows(shape: &[usize], neurons: usize, sources: usize) -> bool {
    let product = |extents: &[usize]| extents.iter().copied().fold(1, usize::saturating_mul);
    (0..=shape.len()).any(|at| product(&shape[..at]) == neurons && product(&shape[at..]) == sources)
}

/// A shape as the network has it.
pub(super) fn shape(form: &Spanned<Vec<usize>>) -> Result<Vec<usize>, InvalidValue> {
    let shape = form.get_ref();
    let elements = crate::network::size(shape);
    if elements > ELEMENTS_MAX {
        return Err(InvalidValue::new(
            form.span(),
            format!("{elements} elements, but a network can have {ELEMENTS_MAX} of each"),
        ));
    }
    if (1..=3).contains(&shape.len()) && shape.iter().all(|extent| *extent > 0) {
        Ok(shape.clone())
    } else {
        Err(InvalidValue::new(form.span(), "a shape has 1 to 3 extents of 1 or more, channels first"))
    }
}

/// Reads `file.npz:name`, the file in `folder`; whole numbers only.
pub(super) fn array(text: &Spanned<String>, folder: &Path) -> Result<(Vec<usize>, Vec<i64>), InvalidValue> {
    let invalid = |what: String| InvalidValue::new(text.span(), what);
    let Some((file, name)) = text.get_ref().rsplit_once(':').filter(|(file, _)| !file.is_empty()) else {
        return Err(invalid(format!("`{}` is not an array: write \"file.npz:name\"", text.get_ref())));
    };
    let path = folder.join(file);
    let array = npz::read(&path, name).map_err(|error| invalid(error.to_string()))?;
    let whole = array.into_whole();
    whole.ok_or_else(|| invalid(format!("{file}: the array {name} has numbers that are not whole")))
}
