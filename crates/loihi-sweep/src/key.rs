//! A dotted path into a TOML file, and where in its text the value stands.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// Most names that an error lists.
const LISTED_MAX: usize = 24;
/// Names at least this similar, of 1, come first.
const NEAR: f64 = 0.75;

/// A dotted path, such as `population.hidden.v_th`.
///
/// In an array of tables a part is the `name` of a table, else its `kind`, else its place from 0; an array of one table may be
/// passed over. A part with other characters than letters, digits, `_` and `-` is quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    text: String,
    parts: Vec<String>,
}

/// Why a path leads to no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It is not a path.
    #[error(
        "invalid key `{0}`: join its parts by dots, and quote those with other characters than letters, digits, _ and -, \
         as in population.\"my layer\".v_th"
    )]
    Invalid(String),
    /// A part of it names nothing.
    #[error(
        "unknown key `{key}`{}; there are: {} (write a key that is left at its default into the file first)",
        nowhere(.key, .part, .inside), listed(.there)
    )]
    Unknown {
        /// The path.
        key: String,
        /// The part.
        part: String,
        /// The parts before it.
        inside: String,
        /// What could stand in its place, the most similar first.
        there: Vec<String>,
    },
    /// A part of it names several tables.
    #[error("{key}: `{part}` is the {by} of several; give one by its place: {}", listed(.places))]
    Several {
        /// The path.
        key: String,
        /// The part.
        part: String,
        /// `name` or `kind`.
        by: &'static str,
        /// Places of the tables, from 0.
        places: Vec<String>,
    },
    /// It leads further than a value.
    #[error("{key}: `{inside}` is a value, which has no `{part}`")]
    Beyond {
        /// The path.
        key: String,
        /// The part.
        part: String,
        /// The parts before it.
        inside: String,
    },
    /// It leads to a table, which has values.
    #[error("{key} is a table: name one of its values: {}", listed(.there))]
    Table {
        /// The path.
        key: String,
        /// What is in the table.
        there: Vec<String>,
    },
}

/// Which part of a path names nothing, unless the path is that part alone.
fn nowhere(key: &str, part: &str, inside: &str) -> String {
    match inside {
        "" if key == part => String::new(),
        "" => format!(": no `{part}`"),
        _ => format!(": no `{part}` in `{inside}`"),
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let more = names.len().saturating_sub(LISTED_MAX);
    let first = names[..names.len() - more].join(", ");
    if more > 0 { format!("{first}, and {more} more") } else { first }
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
            let unknown = |names: Vec<String>| KeyError::Unknown {
                key: self.text.clone(),
                part: part.clone(),
                inside: inside(),
                there: nearest_first(part, names),
            };
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

fn nearest_first(part: &str, names: Vec<String>) -> Vec<String> {
    let (mut near, far): (Vec<_>, Vec<_>) = names
        .into_iter()
        .map(|name| (strsim::jaro_winkler(part, &name), name))
        .partition(|(similarity, _)| *similarity >= NEAR);
    near.sort_by(|(one, _), (two, _)| two.total_cmp(one));
    near.into_iter().chain(far).map(|(_, name)| name).collect()
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
    fn what_is_no_path_is_refused() {
        for key in ["", "a b", "a..b", ".a", "a.", "[a]\nb", "a = 1\nb", "#", "{}"] {
            assert_eq!(key.parse::<Key>(), Err(KeyError::Invalid(key.to_owned())), "{key}");
        }
    }
}
