//! Tables of a network file that other crates read: programs of the embedded CPU, and what a run does with the network.

use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::PathBuf;
use toml::{Table, Value};

/// A table of a network file, and where it stood.
///
/// ```
/// use loihi_net::network::Section;
///
/// let section = Section::new([("kind", "decolle"), ("population", "hidden")]);
/// assert_eq!(section.text("kind"), Some("decolle"));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    /// Its keys.
    pub keys: Table,
    place: Place,
}

/// Where a table was read.
#[derive(Clone, Debug, Default)]
struct Place {
    path: PathBuf,
    /// Line of the table, and what it says; then those of its keys.
    table: (usize, String),
    keys: BTreeMap<String, (usize, String)>,
}

/// Sections are equal wherever they stood.
impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// What is wrong with a table, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}{what}")]
#[non_exhaustive]
pub struct SectionError {
    /// File, line and what the line says; or the table.
    pub place: String,
    /// What is wrong, and what to do.
    pub what: String,
}

impl Section {
    /// A table of these keys, which no file has.
    pub fn new<V: Into<Value>>(keys: impl IntoIterator<Item = (&'static str, V)>) -> Self {
        keys.into_iter().fold(Self::default(), |section, (key, value)| section.with(key, value))
    }

    /// The same with another key.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.keys.insert(key.to_owned(), value.into());
        self
    }

    /// A table that a file has at these bytes of its text; `path` is for errors.
    pub(super) fn read(keys: Table, span: std::ops::Range<usize>, text: &str, path: &std::path::Path) -> Self {
        let first = text.get(..span.start).unwrap_or_default().matches('\n').count();
        let mut place = Place { path: path.to_owned(), ..Place::default() };
        // A table of the file begins at its header; what follows belongs to it until the next one.
        let lines = text.lines().enumerate().skip(first);
        for (number, line) in lines {
            let line = line.trim();
            if number > first && line.starts_with('[') && !line.contains('=') {
                break;
            }
            let at = (number + 1, line.to_owned());
            if number == first {
                place.table = at.clone();
            }
            if let Some((key, _)) = line.split_once('=') {
                let key = key.trim().trim_matches('"').to_owned();
                if keys.contains_key(&key) {
                    place.keys.entry(key).or_insert(at);
                }
            }
        }
        Self { keys, place }
    }

    /// The text of a key, if it is text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.keys.get(key).and_then(Value::as_str)
    }

    /// All keys as a form; `table` is what [`Self::error`] takes.
    ///
    /// # Errors
    /// [`SectionError`] at the first key that is not one of the form, or of another type.
    pub fn form<F: DeserializeOwned>(&self, table: &str) -> Result<F, SectionError> {
        self.keys.clone().try_into().map_err(|error: toml::de::Error| {
            // The error does not say where: it is at the key that is wrong alone.
            let is_wrong = |(key, value): &(&String, &Value)| {
                Table::from_iter([((*key).clone(), (*value).clone())]).try_into::<F>().is_err()
            };
            let key = self.keys.iter().find(is_wrong).map_or("", |(key, _)| key.as_str());
            self.error(table, key, error.message().trim_end())
        })
    }

    /// An error at a key, or at the table if it has no such key. `table` is what the table is called where no file has it.
    pub fn error(&self, table: &str, key: &str, what: impl Into<String>) -> SectionError {
        let Place { path, table: own, keys } = &self.place;
        let (line, text) = keys.get(key).unwrap_or(own);
        let place = if *line == 0 {
            format!("{table}, {key}: ")
        } else {
            format!("{}, line {line}, `{text}`: ", path.display())
        };
        SectionError { place, what: what.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn an_error_names_the_line_of_its_key() {
        let text =
            "name = \"n\"\n[[snip]]\nkind = \"a\"\n[[snip]]\nkind = \"b\"\nshift = 3 # bits\n\n[readout]\nkind = 1\n";
        let table: Table = "kind = \"b\"\nshift = 3".parse().unwrap();
        let section = Section::read(table, text.rfind("[[snip]]").unwrap()..text.len(), text, Path::new("n.toml"));
        let said = |key| section.error("snip", key, "no").to_string();
        assert_eq!(said("shift"), "n.toml, line 6, `shift = 3 # bits`: no");
        assert_eq!(said("kind"), "n.toml, line 5, `kind = \"b\"`: no");
        assert_eq!(said("else"), "n.toml, line 4, `[[snip]]`: no");
        assert_eq!(Section::new([("shift", 3)]).error("snip `x`", "shift", "no").to_string(), "snip `x`, shift: no");
    }
}
