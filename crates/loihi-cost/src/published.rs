//! Published figures: the nine tasks of a talk, as data with their footnotes.

use super::format::{Cell, Column, ColumnKind, Table};
use serde::Deserialize;
use std::collections::BTreeMap;

const FILE: &str = include_str!("../costs/published-tasks.toml");

/// The tasks of a publication.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publication {
    /// Where they were published.
    pub title: String,
    /// Footnotes by name.
    pub notes: BTreeMap<String, String>,
    /// The tasks.
    pub task: Vec<PublishedTask>,
}

/// A task.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedTask {
    /// Its number.
    pub number: u32,
    /// What it is.
    pub name: String,
    /// Its data.
    pub data: String,
    /// How and with what the network was trained.
    pub training: String,
    /// What was measured; the first row is what the others are compared with.
    pub row: Vec<PublishedRow>,
}

/// What was measured on a platform.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedRow {
    /// The platform.
    pub platform: String,
    /// Cores of a Loihi.
    pub cores: Option<u32>,
    /// Samples at a time.
    pub batch: u32,
    /// Accuracy in per cent.
    pub accuracy_pct: Option<f64>,
    /// Latency in ms.
    pub latency_ms: f64,
    /// Idle energy in mJ.
    pub energy_idle_mj: Option<f64>,
    /// Dynamic energy in mJ.
    pub energy_dynamic_mj: Option<f64>,
    /// Both, if they are not told apart.
    pub energy_total_mj: Option<f64>,
    /// Latency over that of the first row, as published.
    pub latency_ratio: String,
    /// Energy over that of the first row, as published.
    pub energy_ratio: String,
    /// Energy times latency over that of the first row, as published.
    pub edp_ratio: String,
    /// Names of footnotes.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// The publication that is built in.
///
/// # Errors
/// [`toml::de::Error`], which a test rules out.
pub fn publication() -> Result<Publication, toml::de::Error> {
    toml::from_str(FILE)
}

/// The tasks as a table, and their footnotes.
pub fn table(publication: &Publication) -> Table {
    let published = |name, unit| Column::figures(ColumnKind::Published, name, unit);
    let ratio = |name| Column::ratios(ColumnKind::Published, name);
    let columns = [
        Column::plain("task"),
        Column::plain("name"),
        Column::plain("data"),
        Column::plain("training"),
        Column::plain("platform"),
        published("cores", ""),
        published("batch", ""),
        published("accuracy", "%"),
        published("latency", "ms"),
        ratio("latency ratio"),
        published("idle energy", "mJ"),
        published("dynamic energy", "mJ"),
        published("energy", "mJ"),
        ratio("energy ratio"),
        ratio("EDP ratio"),
        Column::plain("notes"),
    ];
    let mut table = Table::new("published", &format!("Published: {}", publication.title), &columns);
    let numbers: BTreeMap<&str, usize> = publication.notes.keys().map(String::as_str).zip(1..).collect();
    let remark = |name: &String| Some((*numbers.get(name.as_str())?, publication.notes.get(name)?.clone()));
    let count = |count: u32| Cell::Count(count.into());
    for task in &publication.task {
        for row in &task.row {
            table.rows.push(vec![
                count(task.number),
                task.name.as_str().into(),
                task.data.as_str().into(),
                task.training.as_str().into(),
                row.platform.as_str().into(),
                row.cores.map_or(Cell::Empty, count),
                count(row.batch),
                row.accuracy_pct.into(),
                Cell::Number(row.latency_ms),
                Cell::Printed(row.latency_ratio.clone()),
                row.energy_idle_mj.into(),
                row.energy_dynamic_mj.into(),
                row.energy_total_mj.into(),
                Cell::Printed(row.energy_ratio.clone()),
                Cell::Printed(row.edp_ratio.clone()),
                Cell::Remarks(row.notes.iter().filter_map(remark).collect()),
            ]);
        }
    }
    let notes = publication.notes.iter().zip(1..);
    table.notes = notes.map(|((_, note), number)| format!("[{number}] {note}.")).collect();
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a figure that was rounded to `digits` places can have been.
    fn interval(value: f64, digits: i32) -> [f64; 2] {
        let half = 0.5 * 10_f64.powi(-digits) + 1e-12;
        [(value - half).max(0.0), value + half]
    }

    fn over([low, high]: [f64; 2], [base_low, base_high]: [f64; 2]) -> [f64; 2] {
        [low / base_high, if base_low > 0.0 { high / base_low } else { f64::INFINITY }]
    }

    fn times([a_low, a_high]: [f64; 2], [b_low, b_high]: [f64; 2]) -> [f64; 2] {
        [a_low * b_low, a_high * b_high]
    }

    fn ratio(text: &str) -> [f64; 2] {
        let digits = text.split_once('.').map_or(0, |(_, places)| i32::try_from(places.len()).unwrap());
        interval(text.parse().unwrap(), digits)
    }

    /// The energies that ratios are of: dynamic alone where a note says that idle power is excessive.
    fn energy(row: &PublishedRow) -> [f64; 2] {
        if let Some(total) = row.energy_total_mj {
            return interval(total, 0);
        }
        let [idle, dynamic] = [row.energy_idle_mj, row.energy_dynamic_mj].map(|energy| interval(energy.unwrap(), 1));
        if row.notes.iter().any(|note| note == "inactive") {
            return dynamic;
        }
        [idle[0] + dynamic[0], idle[1] + dynamic[1]]
    }

    fn meet(what: &str, [a_low, a_high]: [f64; 2], [b_low, b_high]: [f64; 2]) {
        assert!(a_low <= b_high && b_low <= a_high, "{what}: {a_low} to {a_high} and {b_low} to {b_high}");
    }

    #[test]
    fn ratios_follow_from_the_figures_as_far_as_they_were_rounded() {
        let publication = publication().unwrap();
        let numbers: Vec<u32> = publication.task.iter().map(|task| task.number).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 8, 9], "nine tasks, one of them twice");
        for task in &publication.task {
            let base = &task.row[0];
            for row in &task.row {
                let what = format!("{} on {} with batch {}", task.name, row.platform, row.batch);
                let latency = over(interval(row.latency_ms, 1), interval(base.latency_ms, 1));
                // A batch's latency is that of all its samples.
                meet(&format!("{what}, latency"), latency, ratio(&row.latency_ratio));
                let energy = over(energy(row), energy(base));
                meet(&format!("{what}, energy"), energy, ratio(&row.energy_ratio));
                meet(&format!("{what}, EDP"), times(energy, latency), ratio(&row.edp_ratio));
                assert!(row.notes.iter().all(|note| publication.notes.contains_key(note)), "{what}: {:?}", row.notes);
            }
        }
    }

    #[test]
    fn every_row_is_in_the_table() {
        let publication = publication().unwrap();
        let table = table(&publication);
        let rows: usize = publication.task.iter().map(|task| task.row.len()).sum();
        assert_eq!((table.rows.len(), rows), (34, 34));
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
    }
}
