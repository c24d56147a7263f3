//! A setting: a path with the values that it takes, one after the other.

use crate::key::Key;
use crate::key_error::KeyError;
use crate::run::RUNS_MAX;
use std::collections::BTreeSet;
use std::str::FromStr;
use toml::de::DeValue;

/// `KEY=VALUES`: values are a range of whole numbers with both ends (`9..12`) or a list of TOML values (`0.1,0.2`,
/// `"a","b"`, `true,false`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Where they are put.
    pub key: Key,
    /// What is put there, one or more.
    pub values: Vec<Value>,
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// As TOML.
    pub toml: String,
    /// As a cell of a table: of texts without the quotes.
    pub cell: String,
}

/// Why a setting cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingError {
    /// An argument without `=`.
    #[error("`{0}` sets nothing: give KEY=VALUES")]
    NoValues(String),
    /// The path.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The values.
    #[error(
        "invalid values `{values}` of {key}: give a range of whole numbers (9..12), or a list (0.1,0.2), in which texts are \
         quoted (\"a\",\"b\")"
    )]
    Values {
        /// The path.
        key: String,
        /// What stands after the `=`.
        values: String,
    },
    /// A range that holds nothing, or too much.
    #[error("invalid range `{values}` of {key}: give the smaller number first, and at most {RUNS_MAX} numbers")]
    Range {
        /// The path.
        key: String,
        /// What stands after the `=`.
        values: String,
    },
    /// The same run would be made twice.
    #[error("{key} takes {value} twice: give it once")]
    Twice {
        /// The path.
        key: String,
        /// The value.
        value: String,
    },
}

impl FromStr for Setting {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        let (key, values) = text.split_once('=').ok_or_else(|| SettingError::NoValues(text.to_owned()))?;
        let (key, text): (Key, _) = (key.parse()?, values.trim());
        let (named, given) = (key.to_string(), text.to_owned());
        let values = match range(text) {
            Some((first, last)) => numbers(first, last).ok_or(SettingError::Range { key: named, values: given })?,
            None => list(text).ok_or(SettingError::Values { key: named, values: given })?,
        };
        let mut known = BTreeSet::new();
        if let Some(again) = values.iter().find(|value| !known.insert(&value.toml)) {
            return Err(SettingError::Twice { key: key.to_string(), value: again.toml.clone() });
        }
        Ok(Self { key, values })
    }
}

/// The numbers of a range, if there are some and not too many.
fn numbers(first: i64, last: i64) -> Option<Vec<Value>> {
    // The difference of two i64 fits into an i128.
    let count = i128::from(last) - i128::from(first) + 1;
    let number = |number: i64| Value { toml: number.to_string(), cell: number.to_string() };
    (1..=i128::from(RUNS_MAX)).contains(&count).then(|| (first..=last).map(number).collect())
}

/// `9..12`.
fn range(text: &str) -> Option<(i64, i64)> {
    let (first, last) = text.split_once("..")?;
    Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
}

/// `0.1,0.2`: what can stand in an array of TOML.
fn list(text: &str) -> Option<Vec<Value>> {
    let array = format!("[{text}]");
    let parsed = DeValue::parse(&array).ok().filter(|parsed| parsed.span() == (0..array.len()))?;
    let values = parsed.get_ref().as_array().filter(|values| !values.is_empty())?;
    let value = |value: &toml::Spanned<DeValue<'_>>| {
        let toml = array.get(value.span())?.to_owned();
        let cell = value.get_ref().as_str().map_or_else(|| toml.clone(), str::to_owned);
        Some(Value { toml, cell })
    };
    values.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toml(text: &str) -> Vec<String> {
        text.parse::<Setting>().unwrap().values.into_iter().map(|value| value.toml).collect()
    }

    #[test]
    fn ranges_have_both_ends_and_lists_are_toml() {
        assert_eq!(toml("a=9..12"), ["9", "10", "11", "12"]);
        assert_eq!(toml("a = -1..1"), ["-1", "0", "1"]);
        assert_eq!(toml("a=0.1, 0.25,1e3"), ["0.1", "0.25", "1e3"]);
        assert_eq!(toml("a=true,false"), ["true", "false"]);
        assert_eq!(toml("a=[1,2],[3]"), ["[1,2]", "[3]"]);
        let texts: Setting = r#"a="x,y","../z.npz""#.parse().unwrap();
        assert_eq!(texts.values[0], Value { toml: "\"x,y\"".to_owned(), cell: "x,y".to_owned() });
        assert_eq!(texts.values[1].cell, "../z.npz");
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for (text, said) in [
            ("a", "sets nothing: give KEY=VALUES"),
            ("a=", "invalid values ``"),
            ("a=x,y", "texts are quoted"),
            ("a=0.1..0.5", "a range of whole numbers"),
            ("a=1] #", "invalid values"),
            ("a=1]\nb = [2", "invalid values"),
            ("a=5..1", "give the smaller number first"),
            ("a=-9223372036854775808..9223372036854775807", "at most 1000000 numbers"),
            ("a=1,2,1", "a takes 1 twice"),
        ] {
            let error = text.parse::<Setting>().unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
