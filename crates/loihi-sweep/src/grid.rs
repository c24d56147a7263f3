//! The grid of a sweep: its points, their texts, and its runs.

use crate::key_error::KeyError;
use crate::results::Columns;
use crate::run::{Identity, RUNS_MAX, Run};
use crate::setting::Setting;
use loihi_core::num::Fnv64;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Seeds one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seeds {
    /// The first; after the largest comes 0.
    pub first: u32,
    /// How many, at least 1.
    pub count: u32,
}

/// Why settings make no grid of a text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GridError {
    /// The text.
    #[error(transparent)]
    Toml(#[from] toml::de::Error),
    /// A path leads to no value.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Two settings change the same value.
    #[error("{0} and {1} set the same value: leave one out")]
    Overlap(String, String),
    /// There are too many runs.
    #[error("{0} runs are more than {RUNS_MAX}: give fewer values or seeds")]
    TooMany(u128),
    /// Zero seeds.
    #[error("a sweep needs at least one seed: give 1 or more seeds")]
    Empty,
}

/// A text, settings and seeds: every combination of values in the order of the settings, the last fastest, and each with all
/// seeds.
#[derive(Clone, Debug)]
pub struct Grid {
    text: String,
    settings: Vec<Setting>,
    /// Where the value of each setting stands in the text.
    spans: Vec<Range<usize>>,
    seeds: Seeds,
    points: u32,
}

impl Grid {
    /// A grid over a TOML text; without settings it has one point.
    ///
    /// # Errors
    /// [`GridError`]: every setting must name a value that stands in the text.
    pub fn new(text: &str, settings: Vec<Setting>, seeds: Seeds) -> Result<Self, GridError> {
        let document = DeTable::parse(text)?.into_inner();
        let document = Spanned::new(0..text.len(), DeValue::Table(document));
        let find = |setting: &Setting| setting.key.find(text, &document);
        let spans = settings.iter().map(find).collect::<Result<Vec<_>, _>>()?;
        for (at, one) in spans.iter().enumerate() {
            if let Some(other) = (0..at).find(|other| spans[*other].start < one.end && one.start < spans[*other].end) {
                let [other, one] = [other, at].map(|at| settings[at].key.to_string());
                return Err(GridError::Overlap(other, one));
            }
        }
        // Too many settings for a u128 are too many all the more.
        let count = |points: u128, setting: &Setting| points.saturating_mul(setting.values.len() as u128);
        let points = settings.iter().fold(1, count);
        let runs = points.saturating_mul(seeds.count.into());
        let points =
            u32::try_from(points).ok().filter(|_| runs <= u128::from(RUNS_MAX)).ok_or(GridError::TooMany(runs))?;
        if runs == 0 {
            return Err(GridError::Empty);
        }
        Ok(Self { text: text.to_owned(), settings, spans, seeds, points })
    }

    /// Number of points.
    pub const fn points(&self) -> u32 {
        self.points
    }

    /// Number of runs.
    pub const fn runs(&self) -> u32 {
        self.points * self.seeds.count
    }

    /// A run, by its number.
    pub const fn run(&self, number: u32) -> Run {
        let Seeds { first, count } = self.seeds;
        Run { number, point: number / count, seed: first.wrapping_add(number % count) }
    }

    /// The place of each setting's value at a point.
    fn places(&self, point: u32) -> Vec<usize> {
        let mut left = point as usize;
        let mut places: Vec<usize> = Vec::new();
        for setting in self.settings.iter().rev() {
            places.push(left % setting.values.len());
            left /= setting.values.len();
        }
        places.reverse();
        places
    }

    /// The text with the values of a point.
    pub fn text(&self, point: u32) -> String {
        let mut edits: Vec<(&Range<usize>, &str)> = Vec::new();
        for ((setting, span), place) in self.settings.iter().zip(&self.spans).zip(self.places(point)) {
            edits.push((span, &setting.values[place].toml));
        }
        // From the end, so that the places of the others stay.
        edits.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
        let mut text = self.text.clone();
        for (span, value) in edits {
            text.replace_range(span.clone(), value);
        }
        text
    }

    /// The values of a point, in the order of the settings.
    pub fn values(&self, point: u32) -> impl Iterator<Item = &str> {
        self.settings.iter().zip(self.places(point)).map(|(setting, place)| setting.values[place].cell.as_str())
    }

    /// The values of a point in words: `snip.rate_shift = 9, population.hidden.v_th = 80`.
    pub fn describe(&self, point: u32) -> String {
        let assign = |(setting, place): (&Setting, usize)| format!("{} = {}", setting.key, setting.values[place].toml);
        self.settings.iter().zip(self.places(point)).map(assign).collect::<Vec<_>>().join(", ")
    }

    /// The columns of its table.
    pub fn columns(&self) -> Columns {
        Columns::new(self.settings.iter().map(|setting| setting.key.to_string()))
    }

    /// What tells it from other sweeps; `asked` says what else its results depend on, such as data and options.
    pub fn identity(&self, asked: &str) -> Identity {
        let mut hash = Fnv64::new();
        let mut put = |text: &str| {
            hash.bytes(&(text.len() as u64).to_le_bytes());
            hash.bytes(text.as_bytes());
        };
        put(&self.text);
        put(asked);
        for setting in &self.settings {
            put(&setting.key.to_string());
            put(&setting.values.len().to_string());
            for value in &setting.values {
                put(&value.toml);
            }
        }
        put(&format!("{} {}", self.seeds.first, self.seeds.count));
        Identity { hash: hash.finish(), runs: self.runs() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a = 1 # one\nb = \"x\"\n\n[c]\nd = [1, 2]\n";

    fn grid(settings: &[&str], count: u32) -> Result<Grid, GridError> {
        let settings = settings.iter().map(|setting| setting.parse().unwrap()).collect();
        Grid::new(TEXT, settings, Seeds { first: 5, count })
    }

    #[test]
    fn the_last_setting_is_the_fastest_and_seeds_are_faster() {
        let grid = grid(&["c.d.1=7..8", "b=\"p\",\"longer\",\"q\""], 2).unwrap();
        assert_eq!((grid.points(), grid.runs()), (6, 12));
        let values: Vec<String> = (0..6).map(|point| grid.values(point).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(values, ["7 p", "7 longer", "7 q", "8 p", "8 longer", "8 q"]);
        assert_eq!(grid.text(4), "a = 1 # one\nb = \"longer\"\n\n[c]\nd = [1, 8]\n");
        assert_eq!(grid.run(7), Run { number: 7, point: 3, seed: 6 });
        assert_eq!(grid.describe(4), "c.d.1 = 8, b = \"longer\"");
    }

    #[test]
    fn a_grid_without_settings_is_the_text_itself() {
        let grid = grid(&[], 3).unwrap();
        assert_eq!((grid.points(), grid.runs(), grid.text(0)), (1, 3, TEXT.to_owned()));
    }

    #[test]
    fn values_cannot_be_set_twice_and_runs_have_a_limit() {
        let said = |settings: &[&str], seeds| grid(settings, seeds).unwrap_err().to_string();
        assert_eq!(said(&["a=1,2", "a=3"], 1), "a and a set the same value: leave one out");
        assert_eq!(said(&["c.d.0=1,2", "c.d=[3]"], 1), "c.d.0 and c.d set the same value: leave one out");
        assert!(said(&["a=1..1000000", "b=1..1000000"], 9).starts_with("9000000000000 runs are more than 1000000"));
        assert!(said(&["a=1"], 0).contains("1 or more seeds"));
    }

    #[test]
    fn whatever_changes_results_changes_the_identity() {
        let identity = |settings: &[&str], count, asked| grid(settings, count).unwrap().identity(asked);
        let one = identity(&["a=1,2"], 2, "");
        assert_eq!(one, identity(&["a=1,2"], 2, ""));
        for other in [
            identity(&["a=1,3"], 2, ""),
            identity(&["a=12"], 4, ""),
            identity(&["b=1,2"], 2, ""),
            identity(&["a=1,2"], 2, "epochs 1"),
        ] {
            assert_ne!(one, other);
        }
    }
}
