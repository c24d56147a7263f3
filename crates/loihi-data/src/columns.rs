//! What columns of CSV files and arrays of `.npz` files have in common: the one that names stages, and real numbers.

/// Most names that a message lists.
const LISTED_MAX: usize = 20;

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
    fn numbers_beyond_single_precision_are_none() {
        assert_eq!([0.1, -1e300, f64::NAN].map(single), [Some(0.1), None, None]);
    }
}
