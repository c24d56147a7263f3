//! The table of what networks cost: measured here, modelled for a Loihi, published by others.

use super::model::{Bill, Kind as EnergyKind, Model};
use super::sheet::{Cell, Column, Kind, Sheet};
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
    let measured = |name, unit| Column::figures(Kind::Measured, name, unit);
    let modelled = |name, unit| Column::figures(Kind::Modelled, name, unit);
    let columns = [
        Column::plain("experiment"),
        Column::plain("cores"),
        Column::plain("per"),
        Column::plain("steps"),
        Column::metrics(Kind::Measured, "result"),
        measured("host latency", "ms"),
        Column::ratios(Kind::Measured, "host latency ratio"),
        measured("host energy", "mJ"),
        measured("i586 instructions", ""),
        modelled("latency", "ms").ranges(),
        Column::ratios(Kind::Modelled, "latency ratio"),
        modelled("static", "µJ").ranges(),
        modelled("idle", "µJ").ranges(),
        modelled("dynamic", "µJ").ranges(),
        modelled("energy", "µJ").ranges(),
        Column::ratios(Kind::Modelled, "energy ratio"),
        modelled("EDP", "nJ s").ranges(),
        Column::ratios(Kind::Modelled, "EDP ratio"),
        Column::plain("steps timed"),
        Column::plain("steps metered"),
        Column::plain("run"),
    ];
    let mut sheet = Sheet::new("experiments", "Experiments: measured here, modelled for Loihi 1", &columns);
    sheet.rows = rows.iter().map(|row| main_row(row, base)).collect();
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

fn main_row(row: &Costed<'_>, base: &Costed<'_>) -> Vec<Cell> {
    let (survey, cost, by) = (row.survey, &row.modelled, &base.modelled);
    let ratio = |value: f64, base: f64| Cell::Number(value / base);
    let steps = survey.steps_per_sample();
    let result = survey.outcome.metrics.first().map(|(name, value)| Cell::Metric((*name).to_owned(), *value));
    vec![
        survey.name.as_str().into(),
        Cell::Count(survey.cores() as u64),
        if survey.outcome.samples.is_some() { "sample" } else { "step" }.into(),
        Cell::Number(steps),
        result.unwrap_or_default(),
        Cell::Number(row.host_ms),
        ratio(row.host_ms, base.host_ms),
        row.host_mj.into(),
        survey.counted.map(|counted| counted.per_step * steps).into(),
        Cell::Range(cost.latency_ms),
        ratio(cost.latency_ms.typical, by.latency_ms.typical),
        Cell::Range(cost.static_uj),
        Cell::Range(cost.idle_uj),
        Cell::Range(cost.dynamic_uj),
        Cell::Range(cost.energy_uj),
        ratio(cost.energy_uj.typical, by.energy_uj.typical),
        Cell::Range(cost.edp_njs),
        ratio(cost.edp_njs.typical, by.edp_njs.typical),
        Cell::Count(survey.outcome.steps),
        Cell::Count(survey.metered_steps() as u64),
        survey.shortened.as_ref().map_or(Cell::Empty, |shortened| Cell::Text(format!("shortened: {shortened}"))),
    ]
}

/// A row of the first of the tables for a network that could not be run.
pub fn missing_row(sheet: &Sheet, name: &str, why: &str) -> Vec<Cell> {
    let mut row = vec![Cell::Empty; sheet.columns.len()];
    if let [first, .., last] = &mut row[..] {
        (*first, *last) = (name.into(), why.into());
    }
    row
}

fn model_sheet(surveys: &[Survey], models: &[Named<'_>]) -> Sheet {
    let modelled = |name, unit| Column::figures(Kind::Modelled, name, unit).ranges();
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
    let mut sheet = Sheet::new("prices", "Experiments: all price tables", &columns);
    for survey in surveys {
        for named in models {
            let cost = cost(survey, &named.model);
            let ranges = [cost.latency_ms, cost.static_uj, cost.idle_uj, cost.dynamic_uj, cost.energy_uj, cost.edp_njs];
            let names = [survey.name.as_str().into(), named.name.as_str().into()];
            sheet.rows.push(names.into_iter().chain(ranges.map(Cell::Range)).collect());
        }
    }
    sheet
}
