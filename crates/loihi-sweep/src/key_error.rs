//! Why a path into a TOML file leads to no value, and what there is instead.

/// Most names that an error lists.
const LISTED_MAX: usize = 24;
/// Names at least this similar, of 1, come first.
const NEAR: f64 = 0.75;

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
    /// It is the end of paths, and not one.
    #[error("`{key}` needs the path to it: {}", listed(.paths))]
    Ending {
        /// What was given.
        key: String,
        /// The paths that end in it.
        paths: Vec<String>,
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

/// Names, those that are most like a part of a path first.
pub(crate) fn nearest_first(part: &str, names: Vec<String>) -> Vec<String> {
    let (mut near, far): (Vec<_>, Vec<_>) = names
        .into_iter()
        .map(|name| (strsim::jaro_winkler(part, &name), name))
        .partition(|(similarity, _)| *similarity >= NEAR);
    near.sort_by(|(one, _), (two, _)| two.total_cmp(one));
    near.into_iter().chain(far).map(|(_, name)| name).collect()
}
