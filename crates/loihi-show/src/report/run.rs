//! A run folder as one HTML file with plots.

use super::curves::{curves, plots};
use super::folder::{Run, files};
use super::html::{details, figure, note, page, pairs, section, table, wide};
use super::matrix::{self, Confusion};
use super::number::{cell, figure as figure_of};
use super::text::{capital, escaped, in_words};
use super::{probes, raster, weights};
use loihi_run::record::read::{CsvTable, spiking, table as csv, text};
use std::io;
use std::path::Path;

/// Most rows of a table.
const ROWS_MAX: usize = 100;
/// What the manifest says of a run besides its versions.
const SETTINGS: [&str; 7] = ["command", "experiment", "device", "board", "seed", "dt_ms", "probes"];
/// Columns of `metrics.csv` that no one reads.
const LEFT_OUT: [&str; 2] = ["digest", "scores"];

/// The report of a run folder.
///
/// # Errors
/// The folder is not a run folder, or a file in it cannot be read.
pub fn report(folder: &Path) -> io::Result<String> {
    let run = Run::open(folder)?;
    let mut body = String::new();
    if !run.is_finished() {
        body += &note("The run did not finish: this is what was recorded until then");
    }
    let results: Vec<[String; 2]> =
        run.results().map(|(name, value)| [in_words(name), figure_of(name, value)]).collect();
    if !results.is_empty() {
        section(&mut body, "Result", &pairs("Result", &results));
    }
    section(&mut body, "Figures", &figures(&run.metrics));
    answers(&mut body, &run)?;
    if run.is_training() {
        let look = "A training records figures alone: `loihi run` of its network.toml with --out, --spikes and --probe records the rest";
        body += &note(look);
    } else {
        computed(&mut body, &run)?;
    }
    if let Some(about) = text(&folder.join("network.txt"))? {
        section(&mut body, "Network", &wide("Network", &format!("<pre>{}</pre>", escaped(about.trim_end()))));
    }
    section(&mut body, "Run", &settings(&run));
    Ok(page(run.experiment(), &lead(&run), &body))
}

/// What a device has computed: spikes and probes, weights, counts.
fn computed(body: &mut String, run: &Run) -> io::Result<()> {
    section(body, "Spikes and probes", &activity(run)?);
    let weights = weights::plot(&run.folder)?.map(|(plot, caption)| figure(&plot, &caption));
    let none = || note("There are no weights here: nothing in this network learns, or the run did not come to its end");
    section(body, "Weights before and after", &weights.unwrap_or_else(none));
    let why = "The utilisation is not here: it is written when a run comes to its end";
    section(body, "Utilisation of the cores", &table_of(&run.folder, "utilisation.csv", why)?);
    let why = "The counts are not here: they are written when a run comes to its end";
    section(body, "Operations", &table_of(&run.folder, "ops.csv", why)?);
    Ok(())
}

/// Where it ran, in a line.
fn lead(run: &Run) -> String {
    let of = |key: &str, name: &str| run.setting(key).map(|value| format!("{name}{value}"));
    let steps = run.setting("steps").filter(|steps| steps != "0").map(|steps| format!("{} steps", cell("", &steps)));
    let parts = [of("board", ""), of("seed", "seed "), steps];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The figures of a run, as curves and row by row.
fn figures(metrics: &CsvTable) -> String {
    let (head, rows) = metrics;
    if rows.is_empty() {
        return note("There are no metrics: the run ended before its first row");
    }
    let (plots, constant) = plots(&curves(head, rows));
    let mut drawn: String = plots.iter().map(|plot| figure(plot, "")).collect();
    if !constant.is_empty() {
        let said: Vec<String> = constant.iter().map(|(name, value)| format!("{name} {value}")).collect();
        drawn += &note(&escaped(&format!("The same in every row: {}", said.join(", "))));
    }
    drawn + &rows_of(metrics)
}

fn rows_of((head, rows): &CsvTable) -> String {
    let shown: Vec<usize> = (0..head.len()).filter(|at| !LEFT_OUT.contains(&head[*at].as_str())).collect();
    let text = |row: &[String], at: usize| row.get(at).map_or_else(String::new, |text| cell(&head[at], text));
    let cells: Vec<Vec<String>> =
        rows.iter().take(ROWS_MAX).map(|row| shown.iter().map(|at| text(row, *at)).collect()).collect();
    let head: Vec<String> = shown.iter().map(|at| head[*at].clone()).collect();
    let summary = match rows.len() {
        count if count > ROWS_MAX => format!("The first {ROWS_MAX} of {count} rows of metrics.csv"),
        count => format!("All rows of metrics.csv: {count}"),
    };
    details(&summary, &table("Rows of metrics.csv", &head, &cells))
}

/// Sections of the answers: confusion, class by class, task by task, as far as they were recorded.
fn answers(body: &mut String, run: &Run) -> io::Result<()> {
    let counted = csv(&run.folder.join("table-confusion.csv"))?;
    if let Some(confusion) =
        Confusion::of_answers(&run.metrics).or_else(|| counted.as_ref().and_then(Confusion::of_counts))
    {
        matrix::sections(body, &confusion);
    }
    for name in files(&run.folder, "table-", "csv")?.iter().filter(|name| *name != "table-confusion.csv") {
        let Some(rows) = csv(&run.folder.join(name))? else { continue };
        let title = in_words(name.trim_start_matches("table-").trim_end_matches(".csv"));
        section(body, &capital(&title), &matrix::of_tasks(&title, &rows));
    }
    Ok(())
}

/// Rasters, and probes over the same steps.
fn activity(run: &Run) -> io::Result<String> {
    let mut drawn = String::new();
    let mut window = None;
    if run.folder.join("spikes.npy").exists() {
        match raster::rasters(&run.folder, spiking(&run.manifest).as_ref())? {
            None => drawn += &note("No compartment has spiked"),
            Some(rasters) => {
                drawn += &figure(&rasters.rates.0, &rasters.rates.1);
                drawn.extend(rasters.plots.iter().map(|(plot, caption)| figure(plot, caption)));
                window = Some(rasters.window);
            }
        }
    } else {
        drawn += &note("Spikes were not recorded: give the run --spikes");
    }
    let plots = probes::plots(&run.folder, window.as_ref())?;
    if plots.is_empty() {
        drawn += &note("Nothing was probed: give the run --probe, as in --probe v[0..4]@every=10");
    }
    drawn.extend(plots.iter().map(|(plot, caption)| figure(plot, caption)));
    Ok(drawn)
}

/// A CSV file of the folder as a table.
fn table_of(folder: &Path, name: &str, why: &str) -> io::Result<String> {
    let Some((head, rows)) = csv(&folder.join(name))? else { return Ok(note(why)) };
    // What was never done says little.
    let is_shown = |row: &&Vec<String>| name != "ops.csv" || row.get(1).is_none_or(|count| count != "0");
    let shown: Vec<&Vec<String>> = rows.iter().filter(is_shown).collect();
    let cells: Vec<Vec<String>> = shown
        .iter()
        .take(ROWS_MAX)
        .map(|row| {
            row.iter().enumerate().map(|(at, text)| if at == 0 { in_words(text) } else { cell("", text) }).collect()
        })
        .collect();
    let more = shown.len().saturating_sub(ROWS_MAX);
    let rest = if more > 0 { note(&format!("{more} more rows are in {name}")) } else { String::new() };
    Ok(table(name, &head, &cells) + &rest)
}

/// The settings of a run; versions and hashes are folded.
fn settings(run: &Run) -> String {
    let row = |key: &str| Some([in_words(key), run.setting(key)?]);
    let settings: Vec<[String; 2]> = SETTINGS.iter().filter_map(|key| row(key)).collect();
    let rest = run
        .manifest
        .keys()
        .filter(|key| !SETTINGS.contains(&key.as_str()) && !["steps", "result"].contains(&key.as_str()));
    let rest: Vec<[String; 2]> = rest.filter_map(|key| row(key)).collect();
    pairs("Run", &settings) + &details("Versions and hashes", &pairs("Versions and hashes", &rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_files::npy::{NpyWriter, RowShape, SPIKE};
    use std::fs;

    const MANIFEST: &str = "experiment = \"a<b\"\nboard = \"host process\"\nseed = 3\nsteps = 12345\ndt_ms = 1.0\n\
                            command = \"loihi run 'a<b'\"\nprobes = []\nversion = \"0.1.0\"\nfinished = true\n\
                            [result]\naccuracy_test = 0.75\nupdates = 9889.6103\n";

    fn written(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    /// The page without its style.
    fn body(folder: &tempfile::TempDir) -> String {
        let html = report(folder.path()).unwrap();
        html[html.find("<body>").unwrap()..].to_owned()
    }

    #[test]
    fn an_empty_run_says_what_is_missing_and_how_to_get_it() {
        let folder = written(&[("manifest.toml", "experiment = \"a<b\"\nfinished = false\n")]);
        let html = report(folder.path()).unwrap();
        for said in ["--spikes", "--probe", "did not finish", "a&lt;b", "no weights", "counts are not here"] {
            assert!(html.contains(said), "{said}");
        }
        assert!(!html.contains("<script") && !html.contains("http://localhost"));
    }

    #[test]
    fn the_page_of_a_run_that_learned() {
        let metrics = "pass,stage,accuracy,samples,updates_per_sample,digest\n1,\"learn, epoch 1\",0.5,100,9889.6102,a\n\
                       2,test after epoch 1,0.75,4,0,b\n";
        let folder = written(&[
            ("manifest.toml", MANIFEST),
            ("metrics.csv", metrics),
            ("table-confusion.csv", "row,0,1\n0,2,0\n1,1,1\n"),
            ("table-accuracy_matrix.csv", "row,0,1\n0,1,\n1,0.5,0.75\n"),
            ("ops.csv", "operation,count\nsteps,12345\nrule_updates,0\n"),
            ("network.txt", "two <layers>\n"),
        ]);
        insta::assert_snapshot!("a_run_that_learned", body(&folder));
        assert_eq!(body(&folder), body(&folder));
    }

    #[test]
    fn the_page_of_a_test_has_its_confusion() {
        let metrics = "sample,steps,label,answer,accuracy,scores\n0,18,8,8,1,0 1\n1,18,3,,0.5,0 0\n2,18,,3,0.5,0 9\n";
        let html = body(&written(&[("manifest.toml", MANIFEST), ("metrics.csv", metrics)]));
        assert!(
            html.contains("1 of 2 samples right: 50.00 %") && html.contains("<th scope=\"col\">none</th>"),
            "{html}"
        );
        assert!(html.contains("aria-label=\"accuracy over samples shown: from 100.00 % to 50.00 %\""), "{html}");
    }

    #[test]
    fn spikes_are_drawn_and_damage_is_named() {
        let folder = written(&[("manifest.toml", MANIFEST)]);
        let path = folder.path().join("spikes.npy");
        let mut npy = NpyWriter::create(&path, SPIKE, RowShape::Item).unwrap();
        for step in 0..50_u32 {
            let mut row = [0; 12];
            row[..4].copy_from_slice(&step.to_le_bytes());
            row[6] = u8::try_from(step % 7).unwrap();
            npy.add(&row).unwrap();
        }
        npy.sync().unwrap();
        let html = body(&folder);
        assert!(html.contains("50 spikes of 7 neurons") && html.matches("h0").count() == 50, "{html}");
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert!(report(folder.path()).unwrap_err().to_string().contains("spikes.npy is cut"));
    }

    #[test]
    fn every_picture_says_what_can_be_seen_and_every_table_scrolls_in_its_box() {
        let metrics = "pass,rmse,digest\n1,0.5,a\n2,0.25,b\n";
        let html = body(&written(&[("manifest.toml", MANIFEST), ("metrics.csv", metrics)]));
        assert_eq!(html.matches("<svg").count(), html.matches("role=\"img\" aria-label=\"").count());
        assert_eq!(
            html.matches("<table").count(),
            html.matches("<div class=\"wide\" role=\"region\" aria-label=\"").count()
        );
        assert!(html.contains("aria-label=\"rmse over pass: from 0.5 to 0.25\""), "{html}");
    }
}
