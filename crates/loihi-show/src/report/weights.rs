//! The distribution of the weights before and after a run.

use super::plot::{Mark, Plot};
use super::raster::real;
use loihi_files::npy;
use std::io;
use std::path::Path;

/// Bars of the distribution.
const BINS: usize = 60;

/// The plot with its caption; `None` if nothing learns.
///
/// # Errors
/// The weights cannot be read.
pub(super) fn plot(folder: &Path) -> io::Result<Option<(Plot, String)>> {
    let mut sets: Vec<(&str, Vec<f64>)> = Vec::new();
    for (label, name) in [("before", "weights-before.npy"), ("after", "weights-after.npy")] {
        let path = folder.join(name);
        if path.exists() {
            sets.push((label, npy::words(&path)?.1.into_iter().map(f64::from).collect()));
        }
    }
    let all = || sets.iter().flat_map(|(_, values)| values.iter().copied());
    let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    if low > high {
        return Ok(None);
    }
    let bin = ((high - low + 1.0) / real(BINS)).ceil().max(1.0);
    let mut plot = Plot::new("weight, as an integer", "number of weights");
    for (label, values) in &sets {
        plot = plot.with(*label, Mark::Line, outline(values, low, bin));
    }
    let sizes: Vec<String> = sets.iter().map(|(label, values)| format!("{} {label}", values.len())).collect();
    Ok(Some((plot, format!("Distribution of the weights ({}), bins of {bin:.0}", sizes.join(", ")))))
}

/// The outline of a histogram, so that two can be overlaid.
fn outline(values: &[f64], low: f64, bin: f64) -> Vec<(f64, f64)> {
    let mut counts = vec![0_usize; BINS + 1];
    for value in values {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to BINS")]
        if let Some(count) = counts.get_mut(((value - low) / bin) as usize) {
            *count += 1;
        }
    }
    let used = counts.iter().rposition(|count| *count > 0).map_or(1, |last| last + 1);
    let corners = counts.iter().take(used).enumerate().flat_map(|(at, count)| {
        let left = low + bin * real(at) - bin.min(1.0) / 2.0;
        [(left, real(*count)), (left + bin, real(*count))]
    });
    let end = low + bin * real(used) - bin.min(1.0) / 2.0;
    [(low - bin.min(1.0) / 2.0, 0.0)].into_iter().chain(corners).chain([(end, 0.0)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outline_has_every_weight_and_returns_to_zero() {
        let corners = outline(&[-2.0, -2.0, 0.0, 1.0], -2.0, 1.0);
        let expected = [(-2.5, 0.0), (-2.5, 2.0), (-1.5, 2.0), (-1.5, 0.0), (-0.5, 0.0), (-0.5, 1.0), (0.5, 1.0)];
        assert_eq!(corners[..7], expected);
        assert_eq!(corners.last(), Some(&(1.5, 0.0)));
    }

    #[test]
    fn nothing_that_learns_is_no_plot() {
        assert!(plot(tempfile::tempdir().unwrap().path()).unwrap().is_none());
    }
}
