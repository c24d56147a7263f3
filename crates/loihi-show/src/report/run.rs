//! A run folder as one HTML file with plots.

use super::html::{escaped, page};
use super::plot::{Mark, Plot};
use super::raster;
use loihi_experiments::figure as figure_of;
use loihi_files::npy;
use loihi_run::record::is_run;
use loihi_run::record::read::{spiking, table, text};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

/// Most points of a curve.
const POINTS_MAX: usize = 1500;
/// Most curves of a probe.
const CURVES_MAX: usize = 6;
/// Bars of a histogram.
const BINS: usize = 60;

/// The report of a run folder.
///
/// # Errors
/// The folder has no manifest, or a file in it cannot be read.
pub fn report(folder: &Path) -> io::Result<String> {
    if folder.is_file() {
        let why = format!("{} is a file, not a run folder: `loihi run --out` writes one", folder.display());
        return Err(io::Error::new(io::ErrorKind::NotADirectory, why));
    }
    let manifest = match text(&folder.join("manifest.toml"))? {
        Some(manifest) => manifest,
        // Killed before it was written.
        None if is_run(folder) => String::new(),
        None => {
            let why = format!(
                "{} is not a run folder: manifest.toml is missing; `loihi run --out` writes one",
                folder.display()
            );
            return Err(io::Error::new(io::ErrorKind::NotFound, why));
        }
    };
    let manifest: toml::Table = toml::from_str(&manifest).map_err(|error| {
        let path = folder.join("manifest.toml");
        io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()))
    })?;
    let name = manifest.get("experiment").and_then(toml::Value::as_str).unwrap_or("run").to_owned();
    let mut body = String::new();
    if manifest.get("finished").and_then(toml::Value::as_bool) != Some(true) {
        body.push_str("<p class=\"missing\">The run did not finish: this is what was recorded until then.</p>\n");
    }
    let facts = |table: &toml::Table| {
        let rows = table.iter().filter(|(_, value)| !value.is_table());
        rows_table(&["", ""], &rows.map(|(key, value)| vec![key.replace('_', " "), plain(value)]).collect::<Vec<_>>())
    };
    if let Some(result) = manifest.get("result").and_then(toml::Value::as_table).filter(|result| !result.is_empty()) {
        let row = |(name, value): (&String, &toml::Value)| {
            let value = value.as_float().map_or_else(|| plain(value), |value| figure_of(name, value));
            vec![name.replace('_', " "), value]
        };
        section(&mut body, "Result", &rows_table(&["", ""], &result.iter().map(row).collect::<Vec<_>>()));
    }
    section(&mut body, "Run", &facts(&manifest));
    if let Some(about) = text(&folder.join("network.txt"))? {
        section(&mut body, "Network", &format!("<div class=\"wide\"><pre>{}</pre></div>\n", escaped(about.trim_end())));
    }
    let (title, drawn) = accuracy(folder)?;
    section(&mut body, title, &drawn);
    if let Some(drawn) = loss(folder)? {
        section(&mut body, "Loss while training", &drawn);
    }
    section(&mut body, "Spikes", &spikes(folder, spiking(&manifest).as_ref())?);
    section(&mut body, "Probes", &probes(folder)?);
    section(&mut body, "Weights before and after", &weights(folder)?);
    let utilisation = csv_table(folder, "utilisation.csv", "The utilisation is not here: give the run --out")?;
    section(&mut body, "Utilisation of the cores", &utilisation);
    let ops = csv_table(folder, "ops.csv", "The counts are not here: they are written when a run comes to its end")?;
    section(&mut body, "Operations", &ops);
    Ok(page(&name, &body))
}

fn section(body: &mut String, title: &str, inside: &str) {
    // Writing to a text does not fail.
    let _ = write!(body, "<section>\n<h2>{title}</h2>\n{inside}</section>\n");
}

fn missing(what: &str) -> String {
    format!("<p class=\"missing\">{what}.</p>\n")
}

fn plain(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn figure(plot: &Plot, caption: &str) -> String {
    format!("<figure>{}<figcaption>{}</figcaption></figure>\n", plot.svg(), escaped(caption))
}

/// A table; cells that are numbers stand to the right.
fn rows_table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = "<div class=\"wide\"><table>\n".to_owned();
    if head.iter().any(|name| !name.is_empty()) {
        let cells: Vec<String> =
            head.iter().map(|name| format!("<th>{}</th>", escaped(&name.replace('_', " ")))).collect();
        let _ = writeln!(table, "<tr>{}</tr>", cells.concat());
    }
    for row in rows {
        let cell = |text: &String| {
            let is_number = text.parse::<f64>().is_ok() && head.iter().any(|name| !name.is_empty());
            let class = if is_number { " class=\"n\"" } else { "" };
            format!("<td{class}>{}</td>", escaped(text))
        };
        let _ = writeln!(table, "<tr>{}</tr>", row.iter().map(cell).collect::<String>());
    }
    table + "</table></div>\n"
}

fn csv_table(folder: &Path, name: &str, why: &str) -> io::Result<String> {
    let Some((head, rows)) = table(&folder.join(name))? else { return Ok(missing(why)) };
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    // What was never done says little.
    let rows: Vec<_> =
        rows.into_iter().filter(|row| name != "ops.csv" || row.get(1).is_none_or(|count| count != "0")).collect();
    Ok(rows_table(&head, &rows))
}

#[expect(clippy::cast_precision_loss, reason = "a place on a plot")]
const fn real(value: usize) -> f64 {
    value as f64
}

/// What the figures of a run are, row by row, with a title: accuracies as curves, else all of them as a table.
fn accuracy(folder: &Path) -> io::Result<(&'static str, String)> {
    let Some((head, rows)) = table(&folder.join("metrics.csv"))? else {
        return Ok(("Figures", missing("There are no metrics: the run ended before its first row")));
    };
    // A network that learns nothing is shown samples.
    let of_samples = head.first().is_some_and(|name| name == "sample");
    let title = if of_samples { "Accuracy so far, sample by sample" } else { "Accuracy while learning" };
    let mut plot =
        Plot::new(if of_samples { "sample" } else { "row of metrics.csv (pass, stage or epoch)" }, "accuracy");
    plot.y_range = Some(0.0..1.02);
    let stage = head.iter().position(|name| name == "stage");
    // Stages of a kind, as "learn" and "test", are curves of their own.
    let kind = |row: &[String]| {
        let text = stage.and_then(|column| row.get(column)).map_or("", String::as_str);
        text.split([',', ' ']).next().unwrap_or_default().to_owned()
    };
    let kinds: BTreeSet<String> = rows.iter().map(|row| kind(row)).collect();
    for (column, name) in head.iter().enumerate().filter(|(_, name)| name.starts_with("accuracy")) {
        for own in &kinds {
            let value = |row: &Vec<String>| row.get(column).and_then(|cell| cell.parse().ok());
            let points = (1..).zip(&rows).filter(|(_, row)| kind(row) == *own);
            let points = points.filter_map(|(at, row)| Some((real(at), value(row)?)));
            let label = format!("{} {own}", name.replace('_', " ")).trim_end().to_owned();
            plot = plot.with(label, Mark::Line, thinned(&points.collect::<Vec<_>>()));
        }
    }
    if plot.series.iter().all(|series| series.points.is_empty()) {
        return Ok(("Figures", csv_table(folder, "metrics.csv", "")?));
    }
    let caption = if of_samples { "The share of right answers until each sample" } else { "Accuracy, row by row" };
    Ok((title, figure(&plot, caption)))
}

/// The loss of a training, epoch by epoch; `None` if it has none.
fn loss(folder: &Path) -> io::Result<Option<String>> {
    let Some((head, rows)) = table(&folder.join("metrics.csv"))? else { return Ok(None) };
    let Some(column) = head.iter().position(|name| name == "loss") else { return Ok(None) };
    let points = (1..).zip(&rows).filter_map(|(at, row)| Some((real(at), row.get(column)?.parse().ok()?)));
    let plot = Plot::new("epoch", "mean loss of a training sample");
    let plot = plot.with("loss", Mark::Line, thinned(&points.collect::<Vec<_>>()));
    Ok(Some(figure(&plot, "What training makes small: the mean over the samples of an epoch, while they are learned")))
}

/// Every n-th point, so that there are not too many.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    points.iter().copied().step_by(points.len().div_ceil(POINTS_MAX).max(1)).collect()
}

fn spikes(folder: &Path, spiking: Option<&BTreeSet<String>>) -> io::Result<String> {
    if !folder.join("spikes.npy").exists() {
        return Ok(missing("Spikes were not recorded: give the run --spikes"));
    }
    let Some(plots) = raster::plots(folder, spiking)? else { return Ok(missing("No compartment has spiked")) };
    Ok(plots.iter().map(|(plot, caption)| figure(plot, caption)).collect())
}

/// Words of an array, and its shape.
fn words(path: &Path) -> io::Result<(Vec<usize>, Vec<f64>)> {
    let (shape, words) = npy::words(path)?;
    Ok((shape, words.into_iter().map(f64::from).collect()))
}

fn probes(folder: &Path) -> io::Result<String> {
    let mut names: Vec<String> = fs::read_dir(folder)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("probe-") && Path::new(name).extension().is_some_and(|end| end == "npy"))
        .collect();
    names.sort();
    if names.is_empty() {
        return Ok(missing("Nothing was probed: give the run --probe, as in --probe v[0..4]@every=10"));
    }
    let mut figures = String::new();
    for name in names {
        let (shape, values) = words(&folder.join(&name))?;
        let about = text(&folder.join(name.replace(".npy", ".json")))?.unwrap_or_default();
        let about: serde_json::Value = serde_json::from_str(&about).unwrap_or_default();
        let columns = shape.get(1).copied().unwrap_or(1).max(1);
        let whole = |value: &serde_json::Value, or: u32| {
            value.as_u64().and_then(|value| u32::try_from(value).ok()).unwrap_or(or)
        };
        let (first, every) = (whole(&about["steps"]["first"], 0), whole(&about["steps"]["every"], 1));
        let element = whole(&about["first_element"], 0) as usize;
        let what = if about["population"].is_string() { "neuron" } else { "element" };
        let unit = about["unit"].as_str().unwrap_or("value").to_owned();
        let label = name.trim_start_matches("probe-").trim_end_matches(".npy").to_owned();
        let mut plot = Plot::new("step", unit);
        for column in 0..columns.min(CURVES_MAX) {
            let own = values.iter().copied().skip(column).step_by(columns).enumerate();
            let points: Vec<(f64, f64)> =
                own.map(|(at, value)| (f64::from(first) + real(at) * f64::from(every), value)).collect();
            plot = plot.with(format!("{what} {}", element + column), Mark::Line, thinned(&points));
        }
        let rest = columns.saturating_sub(CURVES_MAX);
        let more = if rest > 0 { format!("; {rest} more {what}s are in the file") } else { String::new() };
        let steps = if every == 1 { "every step".to_owned() } else { format!("every {every} steps") };
        figures += &figure(&plot, &format!("{label}: {} samples, {steps}{more}", values.len() / columns));
    }
    Ok(figures)
}

fn weights(folder: &Path) -> io::Result<String> {
    let mut sets = Vec::new();
    for (label, name) in [("before", "weights-before.npy"), ("after", "weights-after.npy")] {
        if folder.join(name).exists() {
            sets.push((label, words(&folder.join(name))?.1));
        }
    }
    let all = || sets.iter().flat_map(|(_, values)| values.iter().copied());
    let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    if low > high {
        return Ok(missing("There are no weights here: nothing in this network learns"));
    }
    let bin = ((high - low + 1.0) / real(BINS)).ceil().max(1.0);
    let mut plot = Plot::new("weight, as an integer", "weights");
    for (label, values) in &sets {
        let mut counts = vec![0_usize; BINS + 1];
        for value in values {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to BINS")]
            if let Some(count) = counts.get_mut(((value - low) / bin) as usize) {
                *count += 1;
            }
        }
        let used = counts.iter().rposition(|count| *count > 0).map_or(1, |last| last + 1);
        // The outline of the bars, so that both can be seen.
        let corners = counts.iter().take(used).enumerate().flat_map(|(at, count)| {
            let left = low + bin * real(at) - bin.min(1.0) / 2.0;
            [(left, real(*count)), (left + bin, real(*count))]
        });
        plot = plot.with(*label, Mark::Line, corners.collect());
    }
    let sizes: Vec<String> = sets.iter().map(|(label, values)| format!("{} {label}", values.len())).collect();
    Ok(figure(&plot, &format!("Distribution of the weights ({}), bins of {bin:.0}", sizes.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_files::npy::{NpyWriter, RowShape, SPIKE};

    #[test]
    fn an_empty_run_says_what_is_missing_and_how_to_get_it() {
        let folder = tempfile::tempdir().unwrap();
        assert!(report(folder.path()).unwrap_err().to_string().contains("not a run folder"));
        fs::write(folder.path().join("manifest.toml"), "experiment = \"a<b\"\nfinished = false\n").unwrap();
        let html = report(folder.path()).unwrap();
        for said in ["--spikes", "--probe", "did not finish", "a&lt;b", "no weights", "counts are not here"] {
            assert!(html.contains(said), "{said}");
        }
        assert!(!html.contains("<script") && !html.contains("http://localhost"));
    }

    /// Names of stages have commas in them.
    #[test]
    fn accuracies_of_stages_are_curves_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let rows =
            "pass,stage,accuracy\n1,\"learn, pass 1\",0.5\n2,\"test after pass 1\",0.25\n3,\"learn, pass 2\",0.75\n";
        fs::write(folder.path().join("metrics.csv"), rows).unwrap();
        let (title, html) = accuracy(folder.path()).unwrap();
        assert_eq!(title, "Accuracy while learning");
        assert!(html.contains("accuracy learn") && html.contains("accuracy test"), "{html}");
        assert_eq!(html.matches("<circle").count(), 3, "{html}");
    }

    #[test]
    fn spikes_and_tables_are_drawn_and_damage_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spikes.npy");
        let mut npy = NpyWriter::create(&path, SPIKE, RowShape::Item).unwrap();
        for step in 0..50_u32 {
            let mut row = [0; 12];
            row[..4].copy_from_slice(&step.to_le_bytes());
            row[6] = u8::try_from(step % 7).unwrap();
            npy.add(&row).unwrap();
        }
        npy.sync().unwrap();
        let html = spikes(folder.path(), None).unwrap();
        assert!(html.contains("50 spikes of 7 neurons") && html.matches("<circle").count() == 50, "{html}");
        fs::write(folder.path().join("ops.csv"), "operation,count\nsteps,12\n").unwrap();
        let table = csv_table(folder.path(), "ops.csv", "").unwrap();
        let expected = "<div class=\"wide\"><table>\n<tr><th>operation</th><th>count</th></tr>\n\
                        <tr><td>steps</td><td class=\"n\">12</td></tr>\n</table></div>\n";
        assert_eq!(table, expected);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert!(spikes(folder.path(), None).unwrap_err().to_string().contains("spikes.npy is cut"));
    }
}
