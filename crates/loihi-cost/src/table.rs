//! The table of what networks cost: measured here, modelled for a Loihi, published by others.

use super::format::{Cell, Column, ColumnKind, Table};
use super::model::{CostBreakdown, EnergyKind, Model};
use super::profile::CostProfile;
use super::units::Range;

/// What a sample of a network costs by a model. Times in ms, energies in µJ, their product in nJ s.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SampleCost {
    /// Time.
    pub latency_ms: Range<f64>,
    /// Energy for being powered.
    pub static_uj: Range<f64>,
    /// Energy for being ready.
    pub idle_uj: Range<f64>,
    /// Energy for what happens.
    pub dynamic_uj: Range<f64>,
    /// All energy.
    pub energy_uj: Range<f64>,
    /// Energy times delay.
    pub edp_njs: Range<f64>,
}

impl SampleCost {
    /// What a sample of this many steps costs, if its steps are as those of the breakdowns.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    pub fn of(breakdowns: &[CostBreakdown], steps_per_sample: f64) -> Self {
        let steps: u64 = breakdowns.iter().map(|breakdown| breakdown.steps).sum();
        let share = steps_per_sample / steps.max(1) as f64;
        let mut latency_ms = Range::default();
        let mut energies = [Range::default(); 3];
        let kinds = [EnergyKind::Static, EnergyKind::Idle, EnergyKind::Dynamic];
        for breakdown in breakdowns {
            latency_ms = latency_ms + breakdown.times.total().map(|time| time.ns() * 1e-6 * share);
            for (sum, kind) in energies.iter_mut().zip(kinds) {
                *sum = *sum + breakdown.of(kind).map(|energy| energy.pj() * 1e-6 * share);
            }
        }
        let [static_uj, idle_uj, dynamic_uj] = energies;
        let energy_uj = static_uj + idle_uj + dynamic_uj;
        let edp_njs = energy_uj.with(latency_ms, |energy, latency| energy * latency);
        Self { latency_ms, static_uj, idle_uj, dynamic_uj, energy_uj, edp_njs }
    }
}

/// A model with the name that users see.
#[derive(Debug)]
pub struct Named<'m> {
    /// The name.
    pub name: String,
    /// The model.
    pub model: Model<'m>,
}

/// What a sample costs by a model.
pub fn cost(profile: &CostProfile, model: &Model<'_>) -> SampleCost {
    let breakdowns: Vec<CostBreakdown> = profile
        .activities
        .iter()
        .map(|activity| {
            let mut activity = activity.clone();
            if let Some(per_step) = profile.counted.and_then(|counted| counted.snips_per_step) {
                activity.cpu.instructions = Some(scaled(per_step, activity.steps.len()));
            }
            model.breakdown(&activity)
        })
        .collect();
    SampleCost::of(&breakdowns, profile.steps_per_sample())
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
fn scaled(per_step: f64, steps: usize) -> u64 {
    (per_step * steps as f64).round() as u64
}

/// A row of what a network costs: what was measured, and by the first of the models.
struct Costed<'s> {
    profile: &'s CostProfile,
    host_ms: f64,
    host_mj: Option<f64>,
    modelled: SampleCost,
}

/// Tables of what networks cost: the first model in full, beside what was measured, then every model briefly. Ratios are
/// against the network `base`, or the first.
pub fn tables(profiles: &[CostProfile], models: &[Named<'_>], base: Option<&str>) -> Vec<Table> {
    let Some(first) = models.first() else { return Vec::new() };
    let rows: Vec<Costed<'_>> = profiles.iter().map(|profile| costed(profile, &first.model)).collect();
    let base = rows.iter().find(|row| Some(row.profile.name.as_str()) == base).or_else(|| rows.first());
    let mut tables = Vec::new();
    if let Some(base) = base {
        tables.push(main_table(&rows, base, first));
    }
    tables.push(model_table(profiles, models));
    tables
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn costed<'s>(profile: &'s CostProfile, model: &Model<'_>) -> Costed<'s> {
    let share = profile.steps_per_sample() / profile.outcome.steps.max(1) as f64;
    Costed {
        profile,
        host_ms: 1e3 * profile.seconds * share,
        host_mj: profile.microjoules.map(|energy| 1e-3 * energy as f64 * share),
        modelled: cost(profile, model),
    }
}

fn main_table(rows: &[Costed<'_>], base: &Costed<'_>, model: &Named<'_>) -> Table {
    let measured = |name, unit| Column::figures(ColumnKind::Measured, name, unit);
    let modelled = |name, unit| Column::figures(ColumnKind::Modelled, name, unit);
    let columns = [
        Column::plain("experiment"),
        Column::plain("cores"),
        Column::plain("per"),
        Column::plain("steps"),
        Column::metrics(ColumnKind::Measured, "result"),
        measured("host latency", "ms"),
        Column::ratios(ColumnKind::Measured, "host latency ratio"),
        measured("host energy", "mJ"),
        measured("instructions", ""),
        modelled("latency", "ms").ranges(),
        Column::ratios(ColumnKind::Modelled, "latency ratio"),
        modelled("static", "µJ").ranges(),
        modelled("idle", "µJ").ranges(),
        modelled("dynamic", "µJ").ranges(),
        modelled("energy", "µJ").ranges(),
        Column::ratios(ColumnKind::Modelled, "energy ratio"),
        modelled("EDP", "nJ s").ranges(),
        Column::ratios(ColumnKind::Modelled, "EDP ratio"),
        Column::plain("steps timed"),
        Column::plain("steps metered"),
        Column::plain("run"),
    ];
    let mut table = Table::new("experiments", "Experiments: measured here, modelled for Loihi 1", &columns);
    table.rows = rows.iter().map(|row| main_row(row, base)).collect();
    table.notes = vec![
        format!("Ratios are against {}, each with figures of its own kind.", base.profile.name),
        format!("Modelled: {}. In brackets: all prices low, all prices high.", model.name),
        "Measured on this host: wall time of the whole run, protocol included, over its samples or steps; energy of all its \
         processors, where the kernel tells it. Instructions: of everything in the firmware, cores included, on an i586 or the \
         board that was given."
            .to_owned(),
    ];
    if rows.iter().any(|row| row.profile.counted.is_none()) {
        table.notes.push(
            "Without counted instructions, those of the embedded CPU are estimated from what its programs did."
                .to_owned(),
        );
    }
    table
}

fn main_row(row: &Costed<'_>, base: &Costed<'_>) -> Vec<Cell> {
    let (profile, cost, by) = (row.profile, &row.modelled, &base.modelled);
    let ratio = |value: f64, base: f64| Cell::Number(value / base);
    let steps = profile.steps_per_sample();
    let result = profile.outcome.metrics.first().map(|(name, value)| Cell::Metric(name.to_owned(), value));
    vec![
        profile.name.as_str().into(),
        Cell::Count(profile.cores() as u64),
        if profile.outcome.samples.is_some() { "sample" } else { "step" }.into(),
        Cell::Number(steps),
        result.unwrap_or_default(),
        Cell::Number(row.host_ms),
        ratio(row.host_ms, base.host_ms),
        row.host_mj.into(),
        profile.counted.map(|counted| counted.per_step * steps).into(),
        Cell::Range(cost.latency_ms),
        ratio(cost.latency_ms.typical, by.latency_ms.typical),
        Cell::Range(cost.static_uj),
        Cell::Range(cost.idle_uj),
        Cell::Range(cost.dynamic_uj),
        Cell::Range(cost.energy_uj),
        ratio(cost.energy_uj.typical, by.energy_uj.typical),
        Cell::Range(cost.edp_njs),
        ratio(cost.edp_njs.typical, by.edp_njs.typical),
        Cell::Count(profile.outcome.steps),
        Cell::Count(profile.metered_steps() as u64),
        profile.shortened.as_ref().map_or(Cell::Empty, |shortened| Cell::Text(format!("shortened: {shortened}"))),
    ]
}

/// A row of the first of the tables for a network that could not be run.
pub fn missing_row(table: &Table, name: &str, why: &str) -> Vec<Cell> {
    let mut row = vec![Cell::Empty; table.columns.len()];
    if let [first, .., last] = &mut row[..] {
        (*first, *last) = (name.into(), why.into());
    }
    row
}

fn model_table(profiles: &[CostProfile], models: &[Named<'_>]) -> Table {
    let modelled = |name, unit| Column::figures(ColumnKind::Modelled, name, unit).ranges();
    let columns = [
        Column::plain("experiment"),
        Column::plain("prices"),
        modelled("latency", "ms"),
        modelled("static", "µJ"),
        modelled("idle", "µJ"),
        modelled("dynamic", "µJ"),
        modelled("energy", "µJ"),
        modelled("EDP", "nJ s"),
    ];
    let mut table = Table::new("prices", "Experiments: all price tables", &columns);
    for profile in profiles {
        for named in models {
            let cost = cost(profile, &named.model);
            let ranges = [cost.latency_ms, cost.static_uj, cost.idle_uj, cost.dynamic_uj, cost.energy_uj, cost.edp_njs];
            let names = [profile.name.as_str().into(), named.name.as_str().into()];
            table.rows.push(names.into_iter().chain(ranges.map(Cell::Range)).collect());
        }
    }
    table
}
