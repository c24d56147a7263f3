//! Values of the TOML form: numbers, lists of them, text with a unit, arrays in files.

use super::InvalidValue;
use crate::network::ELEMENTS_MAX;
use loihi_files::npz;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
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
    Drawn(Drawn),
}

/// Weights drawn uniformly from a range, ends included, or normally with a standard deviation in steps of the format; others
/// than a share of `density` are 0.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Drawn {
    pub(super) uniform: Option<[i64; 2]>,
    pub(super) normal: Option<f64>,
    /// Where training begins; `std` is the standard deviation in units of the mantissa.
    pub(super) init: Option<Init>,
    pub(super) std: Option<f64>,
    pub(super) density: Option<f64>,
    /// Names the draws: a weight is drawn by `word(seed, neuron, source, stream)`, a bias by `word(seed, neuron, 0, stream)`.
    pub(super) stream: Option<u32>,
    /// Draws by `word(seed, source, neuron, stream)`.
    pub(super) by_source: Option<bool>,
    /// Whether a neuron reaches itself.
    pub(super) autapses: Option<bool>,
}

/// A distribution of initial weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Init {
    /// Normal, of mean 0.
    Normal,
}

impl From<Numbers> for WeightsForm {
    fn from(numbers: Numbers) -> Self {
        match numbers {
            Numbers::One(value) => Self::One(value),
            Numbers::Many(values) => Self::Many(vec![values.len()], values),
            Numbers::Text(text) => Self::Text(text),
        }
    }
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

impl Serialize for Numbers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(value) => value.serialize(serializer),
            Self::Many(values) => values.serialize(serializer),
            Self::Text(text) => text.serialize(serializer),
        }
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
                    "a whole number, rows of them, an array \"file.npz:name\", {{ normal = 10.0 }}, or {{ uniform = \
                     [low, high], density = 1.0 }}"
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
                let drawn = Drawn::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(WeightsForm::Drawn(drawn))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl Serialize for WeightsForm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(value) => value.serialize(serializer),
            Self::Many(shape, values) => Rows { shape, values }.serialize(serializer),
            Self::Text(text) => text.serialize(serializer),
            Self::Drawn(drawn) => drawn.serialize(serializer),
        }
    }
}

/// Elements as rows of this shape, the last extent innermost.
struct Rows<'v> {
    shape: &'v [usize],
    values: &'v [i64],
}

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let [_, inner @ ..] = self.shape else { return self.values.serialize(serializer) };
        if inner.is_empty() {
            return self.values.serialize(serializer);
        }
        let rows = self.values.chunks(crate::network::size(inner).max(1));
        serializer.collect_seq(rows.map(|values| Rows { shape: inner, values }))
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

/// What is given, or the default.
pub(super) fn own<T: Copy>(form: Option<&Spanned<T>>, default: T) -> T {
    form.map_or(default, |form| *form.get_ref())
}
