//! What columns of CSV files and arrays of `.npz` files have in common: the one that names stages, and real numbers.

use super::scale::Scale;

/// Most names that a message lists.
const LISTED_MAX: usize = 20;
/// Most narrow columns that a warning names.
const NARROW_LISTED_MAX: usize = 4;

/// The place of the column (or array, as `kind` says) that names the stages; an error lists those that there are.
pub(crate) fn stage_of(kind: &str, names: &[&str], wanted: &str) -> Result<usize, String> {
    let lacks = || {
        let (first, others) = names.split_at(names.len().min(LISTED_MAX));
        let (listed, others) = (first.join(", "), others.len());
        let more = if others > 0 { format!(" and {others} more") } else { String::new() };
        format!("it has no {kind} `{}` for stages; there are {}{more}", wanted.escape_debug(), listed.escape_debug())
    };
    names.iter().position(|name| *name == wanted).ok_or_else(lacks)
}

/// A column whose range is a smaller share of the scale than this is narrow.
const COLUMN_RANGE_MIN: f64 = 1.0 / 16.0;

/// Which columns hardly differ by the scale of all, in words, if those are half or more of the columns that differ at all; of
/// images only the pixels of the rim do. A column is its name and its smallest and largest number.
pub(crate) fn narrow(scale: Scale, columns: impl Iterator<Item = (String, [f64; 2])>) -> Option<String> {
    let [low, high] = scale.ends();
    let differing: Vec<_> = columns.filter(|(_, [least, most])| most > least).collect();
    let is_narrow = |[least, most]: [f64; 2]| most - least < (high - low) * COLUMN_RANGE_MIN;
    let narrow: Vec<&str> =
        differing.iter().filter(|(_, ends)| is_narrow(*ends)).map(|(name, _)| name.as_str()).collect();
    if narrow.is_empty() || 2 * narrow.len() < differing.len() {
        return None;
    }
    let (first, others) = narrow.split_at(narrow.len().min(NARROW_LISTED_MAX));
    let more = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
    let take = if narrow.len() == 1 { "takes" } else { "take" };
    Some(format!(
        "{}{more} {take} less than a sixteenth of the scale ({scale}): bring columns to the same range first, and leave out \
         identifiers",
        first.join(", ")
    ))
}

/// The nearest number of single precision; `None` if that is not finite.
pub(crate) fn single(value: f64) -> Option<f32> {
    #[expect(clippy::cast_possible_truncation, reason = "what single precision is")]
    Some(value as f32).filter(|single| single.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_there_are_listed() {
        assert_eq!(stage_of("array", &["x", "y"], "y"), Ok(1));
        let said = |names: &[&str]| stage_of("column", names, "task").unwrap_err();
        assert_eq!(said(&["a", "b"]), "it has no column `task` for stages; there are a, b");
        assert!(said(&["pixel"; 785]).ends_with("pixel, pixel and 765 more"), "{}", said(&["pixel"; 785]));
    }

    #[test]
    fn narrow_columns_are_told_if_they_are_half_of_those_that_differ() {
        let scale = Scale::of_ends([0.0, 160.0]).unwrap();
        let told =
            |most: &[f64]| narrow(scale, most.iter().enumerate().map(|(at, most)| (format!("`c{at}`"), [0.0, *most])));
        assert_eq!(told(&[160.0, 10.0]), None, "a sixteenth is enough");
        assert_eq!(told(&[160.0, 0.0, 0.0]), None, "equal numbers say nothing of the scale");
        assert_eq!(told(&[160.0, 100.0, 9.0]), None, "fewer than half");
        let starts = |most: &[f64], start: &str| assert!(told(most).unwrap().starts_with(start), "{:?}", told(most));
        starts(&[160.0, 9.0], "`c1` takes less than a sixteenth of the scale (0 to 160 become 0 to 255): bring");
        starts(&[160.0, 9.0, 1.0, 1.0, 1.0, 1.0, 1.0], "`c1`, `c2`, `c3`, `c4` and 2 more take less");
    }

    #[test]
    fn numbers_beyond_single_precision_are_none() {
        assert_eq!([0.1, -1e300, f64::NAN].map(single), [Some(0.1), None, None]);
    }
}
