//! A dotted path into a TOML file, and where in its text the value stands.

use crate::key_error::{KeyError, nearest_first};
use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// A dotted path, such as `population.hidden.v_th`.
///
/// In an array of tables a part is the `name` of a table, else its `kind`, else its place from 0; an array of one table may be
/// passed over. A part with other characters than letters, digits, `_` and `-` is quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    text: String,
    parts: Vec<String>,
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        // TOML itself knows how a key is written.
        let line = format!("{text} = 0");
        let document = DeTable::parse(&line).ok().filter(|_| !text.contains('\n'));
        let parts = document.and_then(|document| parts(document.get_ref()));
        parts.map(|parts| Self { text: text.to_owned(), parts }).ok_or_else(|| KeyError::Invalid(text.to_owned()))
    }
}

/// The parts of the only key of a document, whose value is a number.
fn parts(mut table: &DeTable<'_>) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    loop {
        let mut entries = table.iter();
        let (key, value) = entries.next().filter(|_| table.len() == 1)?;
        parts.push(key.get_ref().to_string());
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            DeValue::Integer(_) => return Some(parts),
            _ => return None,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Key {
    /// The bytes of `text` that its value takes; `document` is the same text, parsed.
    pub(crate) fn find(&self, text: &str, document: &Spanned<DeValue<'_>>) -> Result<Range<usize>, KeyError> {
        let (mut at, mut depth) = (document, 0);
        // What the only table of an array is called, if the path may pass it over.
        let mut passed = Vec::new();
        while let Some(part) = self.parts.get(depth) {
            let inside = || self.parts[..depth].join(".");
            let unknown = |names: Vec<String>| self.unknown(part, inside(), names, document);
            at = match at.get_ref() {
                DeValue::Table(table) => {
                    let found = table.iter().find(|(key, _)| key.get_ref() == part).map(|(_, value)| value);
                    found.ok_or_else(|| unknown(passed.iter().cloned().chain(keys(table)).collect()))?
                }
                DeValue::Array(all) => match (self.element(all, part)?, &all[..]) {
                    (Some(found), _) => found,
                    // The only table of an array may be left out of the path.
                    (None, [only]) if only.get_ref().is_table() => {
                        (at, passed) = (only, names(all));
                        continue;
                    }
                    _ => return Err(unknown(names(all))),
                },
                _ => return Err(KeyError::Beyond { key: self.text.clone(), part: part.clone(), inside: inside() }),
            };
            depth += 1;
            passed.clear();
        }
        self.value(text, at)
    }

    /// The error for a part that names nothing: of a path that others end in, these.
    fn unknown(&self, part: &str, inside: String, names: Vec<String>, document: &Spanned<DeValue<'_>>) -> KeyError {
        let mut paths = Vec::new();
        if inside.is_empty() {
            self.add_paths(document, &mut Vec::new(), &mut paths);
        }
        let key = self.text.clone();
        if paths.is_empty() {
            return KeyError::Unknown { key, part: part.to_owned(), inside, there: nearest_first(part, names) };
        }
        KeyError::Ending { key, paths }
    }

    /// Adds the paths to values inside of `at`, which is at a path, that end in this one.
    fn add_paths(&self, at: &Spanned<DeValue<'_>>, path: &mut Vec<String>, paths: &mut Vec<String>) {
        let inside: Vec<(String, &Spanned<DeValue<'_>>)> = match at.get_ref() {
            DeValue::Table(table) => {
                let named =
                    |name: String| table.iter().find(|(key, _)| *key.get_ref() == name).map(|(_, own)| (name, own));
                keys(table).into_iter().filter_map(named).collect()
            }
            DeValue::Array(all) if all.iter().all(|own| own.get_ref().is_table()) => {
                let names = names(all);
                // Of tables with the same name each has its place.
                let name = |place: usize| match names.iter().filter(|name| **name == names[place]).count() {
                    1 => names[place].clone(),
                    _ => place.to_string(),
                };
                all.iter().enumerate().map(|(place, own)| (name(place), own)).collect()
            }
            _ => Vec::new(),
        };
        if inside.is_empty() && path.len() > self.parts.len() && path.ends_with(&self.parts) {
            paths.push(path.iter().map(|part| quoted(part)).collect::<Vec<_>>().join("."));
        }
        for (name, own) in inside {
            path.push(name);
            self.add_paths(own, path, paths);
            path.pop();
        }
    }

    /// The table or value of an array that a part of the path names.
    fn element<'d, 'i>(&self, all: &'d DeArray<'i>, part: &str) -> Result<Option<&'d Spanned<DeValue<'i>>>, KeyError> {
        for by in ["name", "kind"] {
            let named = |element: &Spanned<DeValue<'_>>| word(element, by) == Some(part);
            let places: Vec<usize> = (0..all.len()).filter(|place| named(&all[*place])).collect();
            match places[..] {
                [] => {}
                [place] => return Ok(all.get(place)),
                _ => {
                    let places = places.iter().map(ToString::to_string).collect();
                    return Err(KeyError::Several { key: self.text.clone(), part: part.to_owned(), by, places });
                }
            }
        }
        Ok(part.parse::<usize>().ok().and_then(|place| all.get(place)))
    }

    /// Where a value stands in the text. A table with a header is not a value.
    fn value(&self, text: &str, found: &Spanned<DeValue<'_>>) -> Result<Range<usize>, KeyError> {
        let table = |there| KeyError::Table { key: self.text.clone(), there };
        let begins_with = |bracket| text.get(found.span()).is_some_and(|value| value.starts_with(bracket));
        match found.get_ref() {
            DeValue::Table(inner) if !begins_with('{') => Err(table(keys(inner))),
            // An array of tables stands nowhere but in its first header.
            DeValue::Array(all) if all.first().is_some_and(|first| first.span() == found.span()) => {
                Err(table(names(all)))
            }
            _ => Ok(found.span()),
        }
    }
}

/// A part as a path has it.
fn quoted(part: &str) -> String {
    let is_bare = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    if part.chars().all(is_bare) && !part.is_empty() { part.to_owned() } else { format!("{part:?}") }
}

/// The text of a key in a table.
fn word<'d>(element: &'d Spanned<DeValue<'_>>, key: &str) -> Option<&'d str> {
    let table = element.get_ref().as_table()?;
    table.iter().find(|(own, _)| own.get_ref() == key).and_then(|(_, value)| value.get_ref().as_str())
}

/// The keys of a table, as the file has them one after the other.
fn keys(table: &DeTable<'_>) -> Vec<String> {
    let mut keys: Vec<_> = table.keys().collect();
    keys.sort_by_key(|key| key.span().start);
    keys.into_iter().map(|key| key.get_ref().to_string()).collect()
}

/// What the elements of an array are called: by name, by kind, else by place.
fn names(all: &DeArray<'_>) -> Vec<String> {
    let name = |(place, element): (usize, &Spanned<DeValue<'_>>)| {
        let word = word(element, "name").or_else(|| word(element, "kind"));
        word.map_or_else(|| place.to_string(), str::to_owned)
    };
    all.iter().enumerate().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NETWORK: &str = r#"
seed = 3

[[population]]
name = "hidden"
v_th = 80
noise = { at = "voltage", exponent = 5 }

[[population]]
name = "my layer"
v_th = 90

[[connection]]
from = "in"
wgt_exp = 0
weights = [[1, 2], [3, 4]]

[[snip]]
kind = "pes"
rate_shift = 11
"#;

    fn find(key: &str) -> Result<&'static str, String> {
        let key: Key = key.parse().map_err(|error: KeyError| error.to_string())?;
        let table = DeTable::parse(NETWORK).unwrap();
        let document = Spanned::new(0..NETWORK.len(), DeValue::Table(table.into_inner()));
        key.find(NETWORK, &document).map(|span| &NETWORK[span]).map_err(|error| error.to_string())
    }

    #[test]
    fn a_path_leads_by_name_by_kind_by_place_and_past_an_only_table() {
        for (key, value) in [
            ("seed", "3"),
            ("population.hidden.v_th", "80"),
            ("population.\"my layer\".v_th", "90"),
            ("population.1.v_th", "90"),
            ("population.hidden.noise.exponent", "5"),
            ("population.hidden.noise", "{ at = \"voltage\", exponent = 5 }"),
            ("connection.wgt_exp", "0"),
            ("connection.0.weights", "[[1, 2], [3, 4]]"),
            ("connection.weights.1.0", "3"),
            ("snip.pes.rate_shift", "11"),
            ("snip.rate_shift", "11"),
        ] {
            assert_eq!(find(key), Ok(value), "{key}");
        }
    }

    #[test]
    fn what_leads_nowhere_is_told_what_there_is() {
        let unknown =
            |what: &str| format!("unknown key {what} (write a key that is left at its default into the file first)");
        for (key, said) in [
            (
                "population.hiden.v_th",
                unknown("`population.hiden.v_th`: no `hiden` in `population`; there are: hidden, my layer"),
            ),
            (
                "snip.rate_shifts",
                unknown("`snip.rate_shifts`: no `rate_shifts` in `snip`; there are: rate_shift, pes, kind"),
            ),
            ("seeds", unknown("`seeds`; there are: seed, population, connection, snip")),
            ("snap.a", unknown("`snap.a`: no `snap`; there are: snip, seed, population, connection")),
            ("population.2.v_th", unknown("`population.2.v_th`: no `2` in `population`; there are: hidden, my layer")),
            ("seed.low", "seed.low: `seed` is a value, which has no `low`".to_owned()),
            ("population", "population is a table: name one of its values: hidden, my layer".to_owned()),
            ("snip.pes", "snip.pes is a table: name one of its values: kind, rate_shift".to_owned()),
        ] {
            assert_eq!(find(key), Err(said), "{key}");
        }
    }

    #[test]
    fn a_key_without_its_path_is_told_the_paths_that_end_in_it() {
        for (key, paths) in [
            ("v_th", "population.hidden.v_th, population.\"my layer\".v_th"),
            ("hidden.v_th", "population.hidden.v_th"),
            ("exponent", "population.hidden.noise.exponent"),
            ("rate_shift", "snip.pes.rate_shift"),
            ("wgt_exp", "connection.0.wgt_exp"),
        ] {
            assert_eq!(find(key), Err(format!("`{key}` needs the path to it: {paths}")), "{key}");
            for path in paths.split(", ") {
                find(path).unwrap();
            }
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for key in ["", "a b", "a..b", ".a", "a.", "[a]\nb", "a = 1\nb", "#", "{}"] {
            assert_eq!(key.parse::<Key>(), Err(KeyError::Invalid(key.to_owned())), "{key}");
        }
    }
}
