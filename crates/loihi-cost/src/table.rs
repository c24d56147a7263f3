//! The table of what networks cost: measured here, modelled for a Loihi, published by others.

use super::format::{ColumnKind, Table, figure, range};
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
    let columns = [
        (ColumnKind::Plain, "experiment"),
        (ColumnKind::Plain, "cores"),
        (ColumnKind::Plain, "per"),
        (ColumnKind::Measured, "result"),
        (ColumnKind::Measured, "host latency, ms"),
        (ColumnKind::Measured, "host latency ratio"),
        (ColumnKind::Measured, "host energy, mJ"),
        (ColumnKind::Measured, "i586 instructions"),
        (ColumnKind::Modelled, "latency, ms"),
        (ColumnKind::Modelled, "latency ratio"),
        (ColumnKind::Modelled, "static, µJ"),
        (ColumnKind::Modelled, "idle, µJ"),
        (ColumnKind::Modelled, "dynamic, µJ"),
        (ColumnKind::Modelled, "energy, µJ"),
        (ColumnKind::Modelled, "energy ratio"),
        (ColumnKind::Modelled, "EDP, nJ s"),
        (ColumnKind::Modelled, "EDP ratio"),
        (ColumnKind::Plain, "run"),
    ];
    let mut table = Table::new("Experiments: measured here, modelled for Loihi 1", &columns);
    let ratio = |value: f64, base: f64| format!("{}x", figure(value / base));
    for row in rows {
        let (profile, cost, by) = (row.profile, &row.modelled, &base.modelled);
        let steps = profile.steps_per_sample();
        let per =
            profile.outcome.samples.map_or_else(|| "step".to_owned(), |_| format!("sample of {} steps", figure(steps)));
        let result = profile.outcome.metrics.first().map(|(name, value)| result(name, *value));
        let instructions = profile.counted.map(|counted| figure(counted.per_step * steps));
        let metered = profile.metered_steps();
        let mut run = format!("{} steps timed, {metered} metered", profile.outcome.steps);
        if let Some(shortened) = &profile.shortened {
            run = format!("{run}; shortened: {shortened}");
        }
        table.rows.push(vec![
            profile.name.clone(),
            profile.cores().to_string(),
            per,
            result.unwrap_or_default(),
            figure(row.host_ms),
            ratio(row.host_ms, base.host_ms),
            row.host_mj.map_or_else(String::new, figure),
            instructions.unwrap_or_default(),
            shown(cost.latency_ms),
            ratio(cost.latency_ms.typical, by.latency_ms.typical),
            figure(cost.static_uj.typical),
            figure(cost.idle_uj.typical),
            figure(cost.dynamic_uj.typical),
            shown(cost.energy_uj),
            ratio(cost.energy_uj.typical, by.energy_uj.typical),
            shown(cost.edp_njs),
            ratio(cost.edp_njs.typical, by.edp_njs.typical),
            run,
        ]);
    }
    table.notes = vec![
        format!("Ratios are against {}, each with figures of its own kind.", base.profile.name),
        format!("Modelled: {}. In brackets: all prices low, all prices high.", model.name),
        "Measured on this host: wall time of the whole run, protocol included, over its samples or steps; energy of all its \
         processors, where the kernel tells it. Instructions: of everything in the firmware, cores included."
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

/// A row of the first of the tables for a network that could not be run.
pub fn missing_row(table: &Table, name: &str, why: &str) -> Vec<String> {
    let mut row = vec![String::new(); table.columns.len()];
    if let [first, .., last] = &mut row[..] {
        (*first, *last) = (name.to_owned(), why.to_owned());
    }
    row
}

fn model_table(profiles: &[CostProfile], models: &[Named<'_>]) -> Table {
    let columns = [
        (ColumnKind::Plain, "experiment"),
        (ColumnKind::Plain, "prices"),
        (ColumnKind::Modelled, "latency, ms"),
        (ColumnKind::Modelled, "static, µJ"),
        (ColumnKind::Modelled, "idle, µJ"),
        (ColumnKind::Modelled, "dynamic, µJ"),
        (ColumnKind::Modelled, "energy, µJ"),
        (ColumnKind::Modelled, "EDP, nJ s"),
    ];
    let mut table = Table::new("Experiments: all price tables", &columns);
    for profile in profiles {
        for named in models {
            let cost = cost(profile, &named.model);
            table.rows.push(vec![
                profile.name.clone(),
                named.name.clone(),
                shown(cost.latency_ms),
                shown(cost.static_uj),
                shown(cost.idle_uj),
                shown(cost.dynamic_uj),
                shown(cost.energy_uj),
                shown(cost.edp_njs),
            ]);
        }
    }
    table
}

fn shown(values: Range<f64>) -> String {
    range(values.low, values.typical, values.high)
}

/// A result as a person reads it.
fn result(name: &str, value: f64) -> String {
    if name.starts_with("accuracy") {
        format!("{name} {:.2} %", 100.0 * value)
    } else {
        format!("{name} {}", figure(value))
    }
}
