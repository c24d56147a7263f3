//! Reading JSON with the path of every field, for messages that say where.

use super::ConformError;
use serde_json::Value;

/// A value of the file and where it is.
pub(super) struct Field<'a> {
    pub(super) path: String,
    pub(super) value: &'a Value,
}

impl<'a> Field<'a> {
    pub(super) fn find(&self, name: &str) -> Option<Self> {
        self.value.get(name).map(|value| Field { path: format!("{}.{name}", self.path), value })
    }

    pub(super) fn at(&self, name: &str) -> Result<Self, ConformError> {
        self.find(name).ok_or_else(|| unreadable(format!("{}.{name} is missing", self.path)))
    }

    pub(super) fn invalid(&self, expected: &str) -> ConformError {
        unreadable(format!("{}: expected {expected}", self.path))
    }

    pub(super) fn text(&self) -> Result<&'a str, ConformError> {
        self.value.as_str().ok_or_else(|| self.invalid("text"))
    }

    pub(super) fn number<T: TryFrom<i64>>(&self) -> Result<T, ConformError> {
        let number = self.value.as_i64().and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| self.invalid("whole number in range"))
    }

    pub(super) fn float(&self) -> Result<f64, ConformError> {
        self.value.as_f64().ok_or_else(|| self.invalid("number"))
    }

    /// Whether the value is absent or null.
    pub(super) fn given(&self, name: &str) -> Option<Self> {
        self.find(name).filter(|field| !field.value.is_null())
    }

    pub(super) fn items(&self) -> Result<Vec<Self>, ConformError> {
        let items = self.value.as_array().ok_or_else(|| self.invalid("list"))?;
        Ok(items.iter().enumerate().map(|(i, value)| Field { path: format!("{}[{i}]", self.path), value }).collect())
    }

    pub(super) fn item(&self, i: usize) -> Result<Self, ConformError> {
        let value = self.value.get(i).ok_or_else(|| self.invalid("list that is long enough"))?;
        Ok(Field { path: format!("{}[{i}]", self.path), value })
    }

    pub(super) fn numbers<T: TryFrom<i64>>(&self) -> Result<Vec<T>, ConformError> {
        self.items()?.iter().map(Field::number).collect()
    }

    pub(super) fn numbers_by_step<T: TryFrom<i64>>(&self) -> Result<Vec<Vec<T>>, ConformError> {
        self.items()?.iter().map(Field::numbers).collect()
    }

    /// The value for compartment `i`: of a list the i-th, else the one for all.
    pub(super) fn each(&self, i: usize) -> Result<i32, ConformError> {
        if self.value.is_array() { self.item(i)?.number() } else { self.number() }
    }
}

/// A file that cannot be used, and why.
pub(super) fn unreadable(what: String) -> ConformError {
    ConformError::Unreadable(what)
}
