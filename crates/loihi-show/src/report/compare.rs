//! Several run folders as one page: their figures side by side, the same curves in the same plot.

use super::curves::{Curve, curves, empty, fitted, thinned};
use super::folder::Run;
use super::html::{figure, note, page, section, table};
use super::matrix::Confusion;
use super::number::percent;
use super::plot::{HEIGHT, Mark};
use super::text::{capital, escaped, in_words};
use loihi_run::record::read::{refused, table as csv};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// What a manifest says of the settings of a run.
const SETTINGS: [&str; 11] =
    ["experiment", "device", "board", "seed", "learned", "dt_ms", "probes", "asked", "command", "commit", "version"];
/// Most classes whose recall is shown.
const CLASSES_MAX: usize = 30;

/// A run with the name of its column, and its curves.
struct Column {
    name: String,
    run: Run,
    curves: Vec<Curve>,
}

/// Several runs on one page.
///
/// # Errors
/// A folder is not a run folder or is given twice, a file in it cannot be read, or a run has no figure in common with the
/// first.
pub fn compare(folders: &[PathBuf]) -> io::Result<String> {
    let columns: Vec<Column> = names(folders)?
        .into_iter()
        .zip(folders)
        .map(|(name, folder)| {
            let run = Run::open(folder)?;
            let curves = curves(&run.metrics.0, &run.metrics.1);
            Ok(Column { name, run, curves })
        })
        .collect::<io::Result<_>>()?;
    check(&columns)?;
    let mut body = String::new();
    let unfinished: Vec<&str> =
        columns.iter().filter(|column| !column.run.is_finished()).map(|column| column.name.as_str()).collect();
    if !unfinished.is_empty() {
        body += &note(&escaped(&format!("Did not finish: {}", unfinished.join(", "))));
    }
    section(&mut body, "Results", &results(&columns));
    section(&mut body, "Settings", &settings(&columns));
    section(&mut body, "Figures", &plots(&columns));
    if let Some(recalls) = recalls(&columns)? {
        section(&mut body, "Recall, class by class", &recalls);
    }
    let kinds: BTreeSet<&str> = columns.iter().map(|column| column.run.experiment()).collect();
    let title = kinds.into_iter().collect::<Vec<_>>().join(", ");
    Ok(page(&title, &format!("{} runs side by side", columns.len()), &body))
}

/// Names of the folders, by which their runs are told apart: the last parts of their paths, as many as that takes.
fn names(folders: &[PathBuf]) -> io::Result<Vec<String>> {
    let whole: Vec<PathBuf> =
        folders.iter().map(|folder| folder.canonicalize().unwrap_or_else(|_| folder.clone())).collect();
    let twice = |at: usize| whole[..at].contains(&whole[at]);
    if let Some(at) = (0..whole.len()).find(|at| twice(*at)) {
        return Err(refused(format!("{} is given twice: give each run once", folders[at].display())));
    }
    let last = |path: &Path, parts: usize| {
        let all: Vec<_> = path.components().collect();
        let parts: PathBuf = all[all.len().saturating_sub(parts)..].iter().collect();
        parts.display().to_string()
    };
    let most = whole.iter().map(|path| path.components().count()).max().unwrap_or(1);
    let named = |parts: usize| whole.iter().map(|path| last(path, parts)).collect::<Vec<_>>();
    let are_apart = |names: &Vec<String>| names.iter().collect::<BTreeSet<_>>().len() == names.len();
    Ok((1..=most).map(named).find(are_apart).unwrap_or_else(|| named(most)))
}

/// Figures of a run, by which it can be compared.
fn figures(column: &Column) -> BTreeSet<&str> {
    let curves = column.curves.iter().map(|curve| curve.figure.as_str());
    column.run.results().map(|(name, _)| name).chain(curves).collect()
}

/// Whether every run can be compared with the first.
fn check(columns: &[Column]) -> io::Result<()> {
    let Some((first, rest)) = columns.split_first() else { return Ok(()) };
    let own = figures(first);
    let Some(other) = rest.iter().find(|column| figures(column).is_disjoint(&own)) else { return Ok(()) };
    let said = |column: &Column| {
        let names: Vec<&str> = figures(column).into_iter().collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        format!("{} of {}: {names}", column.name, column.run.experiment())
    };
    Err(refused(format!(
        "these runs have no figure in common ({}; {}): give runs that measure the same, or one run for a report of its own",
        said(first),
        said(other)
    )))
}

fn head(columns: &[Column], corner: &str) -> Vec<String> {
    [corner.to_owned()].into_iter().chain(columns.iter().map(|column| column.name.clone())).collect()
}

/// All results, in the order in which runs name them.
fn results(columns: &[Column]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in columns.iter().flat_map(|column| column.run.results()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        return note("None of these runs came to its end: there are no results yet");
    }
    let row = |name: &&str| {
        let values = columns.iter().map(|column| column.run.result(name).unwrap_or_else(|| "–".to_owned()));
        [in_words(name)].into_iter().chain(values).collect::<Vec<_>>()
    };
    table("Results", &head(columns, "figure"), &names.iter().map(row).collect::<Vec<_>>())
}

/// Settings that differ.
fn settings(columns: &[Column]) -> String {
    let row = |key: &&str| {
        let values: Vec<String> =
            columns.iter().map(|column| column.run.setting(key).unwrap_or_else(|| "–".to_owned())).collect();
        let differs = values.windows(2).any(|pair| pair[0] != pair[1]);
        differs.then(|| [in_words(key)].into_iter().chain(values).collect::<Vec<_>>())
    };
    let rows: Vec<Vec<String>> = SETTINGS.iter().filter_map(row).collect();
    if rows.is_empty() {
        return note("All runs have the same settings");
    }
    table("Settings that differ", &head(columns, "setting"), &rows) + &note("Settings that are not here are the same")
}

/// A plot for every curve that two runs or more have.
fn plots(columns: &[Column]) -> String {
    let key = |curve: &Curve| (curve.over.clone(), curve.figure.clone(), curve.stage.clone());
    let mut keys = Vec::new();
    for curve in columns.iter().flat_map(|column| &column.curves) {
        if !keys.contains(&key(curve)) {
            keys.push(key(curve));
        }
    }
    let mut drawn = String::new();
    for wanted in keys {
        let of = |column: &'_ Column| column.curves.iter().position(|curve| key(curve) == wanted);
        let own: Vec<(&str, &Curve)> =
            columns.iter().filter_map(|column| Some((column.name.as_str(), &column.curves[of(column)?]))).collect();
        let values: BTreeSet<u64> =
            own.iter().flat_map(|(_, curve)| &curve.points).map(|point| point.1.to_bits()).collect();
        // What never differs needs no plot.
        if own.len() < 2 || values.len() < 2 {
            continue;
        }
        let mut plot = empty(&[own[0].1], HEIGHT);
        for (name, curve) in &own {
            plot = plot.with(*name, Mark::Line, thinned(&curve.points));
        }
        drawn += &figure(&fitted(plot), &capital(&wanted.2));
    }
    if drawn.is_empty() { note("These runs have no curve in common that changes") } else { drawn }
}

/// The recall of every class, if all runs have recorded one for the same classes.
fn recalls(columns: &[Column]) -> io::Result<Option<String>> {
    let mut recalls = Vec::new();
    for column in columns {
        let counted = csv(&column.run.folder.join("table-confusion.csv"))?;
        let answers = Confusion::of_answers(&column.run.metrics);
        let Some(own) = answers.or_else(|| counted.as_ref().and_then(Confusion::of_counts)) else { return Ok(None) };
        recalls.push(own.recalls());
    }
    let classes = |own: &[(u32, f64)]| own.iter().map(|(class, _)| *class).collect::<Vec<_>>();
    let Some(first) = recalls.first().map(|own| classes(own)) else { return Ok(None) };
    if first.len() > CLASSES_MAX || recalls.iter().any(|own| classes(own) != first) {
        return Ok(None);
    }
    let row = |(at, class): (usize, &u32)| {
        let values = recalls.iter().map(|own| own.get(at).map_or_else(String::new, |(_, recall)| percent(*recall)));
        [class.to_string()].into_iter().chain(values).collect::<Vec<_>>()
    };
    let rows: Vec<Vec<String>> = first.iter().enumerate().map(row).collect();
    Ok(Some(table("Recall of each class", &head(columns, "class"), &rows)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A run folder of a name below another folder.
    fn run(parent: &Path, name: &str, seed: u32, (figure, values): (&str, [f64; 2])) -> PathBuf {
        let folder = parent.join(name);
        fs::create_dir_all(&folder).unwrap();
        let manifest =
            format!("experiment = \"x\"\nseed = {seed}\nfinished = true\n[result]\n{figure}_test = {:?}\n", values[1]);
        fs::write(folder.join("manifest.toml"), manifest).unwrap();
        let metrics = format!("pass,{figure},digest\n1,{},a\n2,{},b\n", values[0], values[1]);
        fs::write(folder.join("metrics.csv"), metrics).unwrap();
        folder
    }

    #[test]
    fn runs_stand_side_by_side() {
        let temporary = tempfile::tempdir().unwrap();
        let one = run(temporary.path(), "one", 1, ("accuracy", [0.5, 0.75]));
        let two = run(temporary.path(), "two", 2, ("accuracy", [0.25, 0.875]));
        for folder in [&one, &two] {
            fs::write(folder.join("table-confusion.csv"), "row,0,1\n0,2,0\n1,1,1\n").unwrap();
        }
        let html = compare(&[one, two]).unwrap();
        insta::assert_snapshot!("two_runs", &html[html.find("<body>").unwrap()..]);
    }

    #[test]
    fn runs_that_cannot_be_compared_are_refused_in_a_sentence() {
        let temporary = tempfile::tempdir().unwrap();
        let one = run(temporary.path(), "one", 1, ("accuracy", [0.5, 0.75]));
        let other = run(temporary.path(), "other", 1, ("rmse", [0.5, 0.25]));
        let said = |folders: &[PathBuf]| compare(folders).unwrap_err().to_string();
        let expected = "these runs have no figure in common (one of x: accuracy, accuracy_test; other of x: rmse, rmse_test): \
                        give runs that measure the same, or one run for a report of its own";
        assert_eq!(said(&[one.clone(), other]), expected);
        assert!(said(&[one.clone(), one.join(".")]).contains("is given twice"));
        assert!(said(&[one, temporary.path().to_owned()]).contains("has no manifest.toml"));
    }

    #[test]
    fn folders_of_one_name_are_told_apart_by_their_parents() {
        let temporary = tempfile::tempdir().unwrap();
        let folders = ["a/run", "b/run"].map(|name| run(temporary.path(), name, 1, ("rmse", [0.5, 0.25])));
        assert_eq!(
            names(&folders).unwrap(),
            [Path::new("a/run"), Path::new("b/run")].map(|path| path.display().to_string())
        );
    }
}
