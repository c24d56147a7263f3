//! Samples of probes as plots, over the steps that the rasters show.

use super::curves::thinned;
use super::folder::files;
use super::plot::{Mark, Plot};
use super::raster::real;
use loihi_files::npy;
use loihi_run::record::read::text;
use std::io;
use std::ops::RangeInclusive;
use std::path::Path;

/// Most curves of a probe.
const CURVES_MAX: usize = 6;
/// Height of a plot.
const HEIGHT: u32 = 220;

/// Plots of all probes of a run, with captions. Samples outside of `window` are left out, unless a probe has no two in it.
///
/// # Errors
/// A file cannot be read.
pub(super) fn plots(folder: &Path, window: Option<&RangeInclusive<u32>>) -> io::Result<Vec<(Plot, String)>> {
    files(folder, "probe-", "npy")?.iter().map(|name| plot(folder, name, window)).collect()
}

/// What is said of the samples of a probe.
struct About {
    first: u32,
    every: u32,
    element: u32,
    /// Of what a column is.
    thing: &'static str,
    unit: String,
}

impl About {
    fn read(path: &Path) -> io::Result<Self> {
        let about: serde_json::Value = serde_json::from_str(&text(path)?.unwrap_or_default()).unwrap_or_default();
        let whole = |value: &serde_json::Value, or: u32| {
            value.as_u64().and_then(|value| u32::try_from(value).ok()).unwrap_or(or)
        };
        Ok(Self {
            first: whole(&about["steps"]["first"], 0),
            every: whole(&about["steps"]["every"], 1),
            element: whole(&about["first_element"], 0),
            thing: if about["population"].is_string() { "neuron" } else { "element" },
            unit: about["unit"].as_str().unwrap_or("value").to_owned(),
        })
    }

    fn step(&self, row: usize) -> f64 {
        f64::from(self.first) + real(row) * f64::from(self.every)
    }
}

fn plot(folder: &Path, name: &str, window: Option<&RangeInclusive<u32>>) -> io::Result<(Plot, String)> {
    let (shape, words) = npy::words(&folder.join(name))?;
    let about = About::read(&folder.join(name.replace(".npy", ".json")))?;
    let columns = shape.get(1).copied().unwrap_or(1).max(1);
    let rows = words.len() / columns;
    let inside = |row: usize| {
        let (step, half) = (about.step(row), 0.5);
        window.is_none_or(|window| (f64::from(*window.start()) - half..f64::from(*window.end()) + half).contains(&step))
    };
    // A probe of other steps than those of the spikes is drawn over its own.
    let window = window.filter(|_| (0..rows).filter(|row| inside(*row)).nth(1).is_some());
    let mut plot = Plot::new("step", about.unit.clone());
    plot.height = HEIGHT;
    plot.x_range = window.map(|window| f64::from(*window.start()) - 0.5..f64::from(*window.end()) + 0.5);
    for column in 0..columns.min(CURVES_MAX) {
        let own = words.iter().skip(column).step_by(columns).take(rows).enumerate();
        let own = own.filter(|(row, _)| window.is_none() || inside(*row));
        let points: Vec<(f64, f64)> = own.map(|(row, value)| (about.step(row), f64::from(*value))).collect();
        let element = about.element as usize + column;
        plot = plot.with(format!("{} {element}", about.thing), Mark::Line, thinned(&points));
    }
    let rest = columns.saturating_sub(CURVES_MAX);
    let more = if rest > 0 { format!("; {rest} more {}s are in the file", about.thing) } else { String::new() };
    let steps = if about.every == 1 { "every step".to_owned() } else { format!("every {} steps", about.every) };
    let label = name.trim_start_matches("probe-").trim_end_matches(".npy");
    Ok((plot, format!("{label}: {rows} samples, {steps}{more}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// 20 samples of two neurons, one every 10 steps.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("probe-v.npy");
        let mut writer = npy::NpyWriter::create(&path, npy::I32, npy::RowShape::Items).unwrap();
        for row in 0..20_i32 {
            let words = [2 * row, 2 * row + 1].map(i32::to_le_bytes);
            writer.add(words.as_flattened()).unwrap();
        }
        writer.sync().unwrap();
        let about =
            "{\"steps\": {\"first\": 0, \"every\": 10}, \"population\": \"p\", \"first_element\": 3, \"unit\": \"v\"}";
        fs::write(folder.path().join("probe-v.json"), about).unwrap();
        folder
    }

    #[test]
    fn samples_are_drawn_over_the_window_of_the_rasters() {
        let folder = folder();
        let (plot, caption) = plots(folder.path(), Some(&(95..=149))).unwrap().remove(0);
        assert_eq!(caption, "v: 20 samples, every 10 steps");
        assert_eq!(plot.x_range, Some(94.5..149.5));
        let steps: Vec<f64> = plot.series[0].points.iter().map(|point| point.0).collect();
        assert_eq!(steps, [100.0, 110.0, 120.0, 130.0, 140.0]);
        assert_eq!((plot.series[1].label.as_str(), plot.series[1].points[0].1), ("neuron 4", 21.0));
        for window in [None, Some(500..=600)] {
            let (plot, _) = plots(folder.path(), window.as_ref()).unwrap().remove(0);
            assert_eq!((plot.x_range.clone(), plot.series[0].points.len()), (None, 20), "all of them");
        }
    }
}
