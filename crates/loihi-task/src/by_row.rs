//! Numbers of the rows of an input or a population: one for all, one for each, or evenly spaced.

use serde::{Deserialize, Serialize};

/// A number for each row of a shape, that is for each element of its first extent.
///
/// ```
/// use loihi_task::by_row::ByRow;
///
/// let even: std::collections::BTreeMap<String, ByRow> = toml::from_str("at = { from = 57, to = 55 }")?;
/// assert_eq!(even["at"].values(3)?, [57.0, 56.0, 55.0]);
/// assert_eq!(ByRow::Same(4.0).values(2)?, [4.0, 4.0]);
/// assert!(ByRow::Each(vec![1.0]).values(2).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a number, a list with one for each row, or { from = FIRST, to = LAST }")]
pub enum ByRow {
    /// The same for all.
    Same(f64),
    /// One for each.
    Each(Vec<f64>),
    /// Evenly spaced.
    Even(Even),
}

/// Evenly spaced numbers, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Even {
    /// That of the first row.
    pub from: f64,
    /// That of the last row.
    pub to: f64,
}

impl ByRow {
    /// Those of this many rows.
    ///
    /// # Errors
    /// There are others than rows, or one is not finite.
    pub fn values(&self, rows: usize) -> Result<Vec<f64>, String> {
        let values = match self {
            Self::Same(value) => vec![*value; rows],
            Self::Each(values) if values.len() == rows => values.clone(),
            Self::Each(values) => return Err(format!("{} numbers for {rows} rows: give one for each", values.len())),
            Self::Even(Even { from, to }) => {
                #[expect(clippy::cast_precision_loss, reason = "rows stay far below 2^52")]
                let number = |row: usize| from + (to - from) * row as f64 / rows.saturating_sub(1).max(1) as f64;
                (0..rows).map(number).collect()
            }
        };
        match values.iter().find(|value| !value.is_finite()) {
            Some(value) => Err(format!("{value} is not a finite number")),
            None => Ok(values),
        }
    }

    /// The same of whole numbers, 0 to 2^24.
    ///
    /// # Errors
    /// As [`Self::values`], and for a number that is not whole, or out of its range.
    pub fn whole(&self, rows: usize) -> Result<Vec<u32>, String> {
        let whole = |value: f64| {
            let fits = value.fract() == 0.0 && (0.0..=16_777_216.0).contains(&value);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and in range")]
            let number = value as u32;
            fits.then_some(number).ok_or_else(|| format!("{value} is not a whole number of 0 to 16777216"))
        };
        self.values(rows)?.into_iter().map(whole).collect()
    }
}
