//! The table of what networks cost: measured here, modelled for a Loihi, published by others.

use super::model::{Bill, Kind as EnergyKind, Model};
use super::sheet::{Kind, Sheet, figure, range};
use super::survey::Survey;
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
    /// What a sample of so many steps costs, if its steps are as those of the bills.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    pub fn of(bills: &[Bill], steps_per_sample: f64) -> Self {
        let steps: u64 = bills.iter().map(|bill| bill.steps).sum();
        let share = steps_per_sample / steps.max(1) as f64;
        let mut latency_ms = Range::default();
        let mut energies = [Range::default(); 3];
        let kinds = [EnergyKind::Static, EnergyKind::Idle, EnergyKind::Dynamic];
        for bill in bills {
            latency_ms = latency_ms + bill.times.total().map(|time| time.ns() * 1e-6 * share);
            for (sum, kind) in energies.iter_mut().zip(kinds) {
                *sum = *sum + bill.of(kind).map(|energy| energy.pj() * 1e-6 * share);
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
pub fn cost(survey: &Survey, model: &Model<'_>) -> SampleCost {
    let bills: Vec<Bill> = survey
        .activities
        .iter()
        .map(|activity| {
            let mut activity = activity.clone();
            if let Some(per_step) = survey.counted.and_then(|counted| counted.snips_per_step) {
                activity.cpu.instructions = Some(scaled(per_step, activity.steps.len()));
            }
            model.bill(&activity)
        })
        .collect();
    SampleCost::of(&bills, survey.steps_per_sample())
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
fn scaled(per_step: f64, steps: usize) -> u64 {
    (per_step * steps as f64).round() as u64
}

/// A row of what a network costs: what was measured, and by the first of the models.
struct Costed<'s> {
    survey: &'s Survey,
    host_ms: f64,
    host_mj: Option<f64>,
    modelled: SampleCost,
}

/// Tables of what networks cost: the first model in full, beside what was measured, then every model briefly. Ratios are
/// against the network `base`, or the first.
pub fn sheets(surveys: &[Survey], models: &[Named<'_>], base: Option<&str>) -> Vec<Sheet> {
    let Some(first) = models.first() else { return Vec::new() };
    let rows: Vec<Costed<'_>> = surveys.iter().map(|survey| costed(survey, &first.model)).collect();
    let base = rows.iter().find(|row| Some(row.survey.name.as_str()) == base).or_else(|| rows.first());
    let mut sheets = Vec::new();
    if let Some(base) = base {
        sheets.push(main_sheet(&rows, base, first));
    }
    sheets.push(model_sheet(surveys, models));
    sheets
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn costed<'s>(survey: &'s Survey, model: &Model<'_>) -> Costed<'s> {
    let share = survey.steps_per_sample() / survey.outcome.steps.max(1) as f64;
    Costed {
        survey,
        host_ms: 1e3 * survey.seconds * share,
        host_mj: survey.microjoules.map(|energy| 1e-3 * energy as f64 * share),
        modelled: cost(survey, model),
    }
}

fn main_sheet(rows: &[Costed<'_>], base: &Costed<'_>, model: &Named<'_>) -> Sheet {
    let columns = [
        (Kind::Plain, "experiment"),
        (Kind::Plain, "cores"),
        (Kind::Plain, "per"),
        (Kind::Measured, "result"),
        (Kind::Measured, "host latency, ms"),
        (Kind::Measured, "host latency ratio"),
        (Kind::Measured, "host energy, mJ"),
        (Kind::Measured, "i586 instructions"),
        (Kind::Modelled, "latency, ms"),
        (Kind::Modelled, "latency ratio"),
        (Kind::Modelled, "static, µJ"),
        (Kind::Modelled, "idle, µJ"),
        (Kind::Modelled, "dynamic, µJ"),
        (Kind::Modelled, "energy, µJ"),
        (Kind::Modelled, "energy ratio"),
        (Kind::Modelled, "EDP, nJ s"),
        (Kind::Modelled, "EDP ratio"),
        (Kind::Plain, "run"),
    ];
    let mut sheet = Sheet::new("Experiments: measured here, modelled for Loihi 1", &columns);
    let ratio = |value: f64, base: f64| format!("{}x", figure(value / base));
    for row in rows {
        let (survey, cost, by) = (row.survey, &row.modelled, &base.modelled);
        let steps = survey.steps_per_sample();
        let per =
            survey.outcome.samples.map_or_else(|| "step".to_owned(), |_| format!("sample of {} steps", figure(steps)));
        let result = survey.outcome.metrics.first().map(|(name, value)| result(name, *value));
        let instructions = survey.counted.map(|counted| figure(counted.per_step * steps));
        let metered = survey.metered_steps();
        let mut run = format!("{} steps timed, {metered} metered", survey.outcome.steps);
        if let Some(shortened) = &survey.shortened {
            run = format!("{run}; shortened: {shortened}");
        }
        sheet.rows.push(vec![
            survey.name.clone(),
            survey.cores().to_string(),
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
    sheet.notes = vec![
        format!("Ratios are against {}, each with figures of its own kind.", base.survey.name),
        format!("Modelled: {}. In brackets: all prices low, all prices high.", model.name),
        "Measured on this host: wall time of the whole run, protocol included, over its samples or steps; energy of all its \
         processors, where the kernel tells it. Instructions: of everything in the firmware, cores included."
            .to_owned(),
    ];
    if rows.iter().any(|row| row.survey.counted.is_none()) {
        sheet.notes.push(
            "Without counted instructions, those of the embedded CPU are estimated from what its programs did."
                .to_owned(),
        );
    }
    sheet
}

/// A row of the first of the tables for a network that could not be run.
pub fn missing_row(sheet: &Sheet, name: &str, why: &str) -> Vec<String> {
    let mut row = vec![String::new(); sheet.columns.len()];
    if let [first, .., last] = &mut row[..] {
        (*first, *last) = (name.to_owned(), why.to_owned());
    }
    row
}

fn model_sheet(surveys: &[Survey], models: &[Named<'_>]) -> Sheet {
    let columns = [
        (Kind::Plain, "experiment"),
        (Kind::Plain, "prices"),
        (Kind::Modelled, "latency, ms"),
        (Kind::Modelled, "static, µJ"),
        (Kind::Modelled, "idle, µJ"),
        (Kind::Modelled, "dynamic, µJ"),
        (Kind::Modelled, "energy, µJ"),
        (Kind::Modelled, "EDP, nJ s"),
    ];
    let mut sheet = Sheet::new("Experiments: all price tables", &columns);
    for survey in surveys {
        for named in models {
            let cost = cost(survey, &named.model);
            sheet.rows.push(vec![
                survey.name.clone(),
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
    sheet
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
