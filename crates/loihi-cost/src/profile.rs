//! Runs an experiment for the table: once as it is, timed, and once metered; on demand, briefly on a device that counts
//! instructions.

use super::activity::Activity;
use super::floorplan::Floorplan;
use super::rapl::{FOLDER, Rapl};
use loihi_device::meter::Meter;
use loihi_device::session::{Session, SessionError};
use loihi_experiments::{ExperimentError, Observer, Outcome, RunOptions, Task};
use std::path::Path;
use std::time::{Duration, Instant};

/// Metered requests of a run: one per part of its steps.
const METERED_PARTS: u64 = 2_000;
/// Runs of no more steps are metered as a whole.
const METERED_WHOLE_STEPS: u64 = 4_000;
/// Steps between metered requests of a run that is shorter than the timed one.
const SHORT_STRIDE: u64 = 40;
/// A run that takes longer is metered for one pass only.
const LONG: Duration = Duration::from_secs(3);
/// Samples of the short runs that count instructions, and steps between their metered requests.
const COUNTED_SAMPLES: usize = 24;
const COUNTED_STRIDE: u64 = 300;

/// What a network did, and what it took here.
#[derive(Clone, Debug)]
pub struct CostProfile {
    /// What users call it.
    pub name: String,
    /// What came out of the run that was timed.
    pub outcome: Outcome,
    /// How long it took on this host, protocol and reports included.
    pub seconds: f64,
    /// What the processors of this host took, and all else that ran on them.
    pub microjoules: Option<u64>,
    /// What the cores did, by image.
    pub activities: Vec<Activity>,
    /// What the firmware took on average.
    pub counted: Option<Counted>,
    /// How the run was shortened, if it was.
    pub shortened: Option<String>,
}

/// Instructions of the firmware.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counted {
    /// Of everything in a step.
    pub per_step: f64,
    /// Of the embedded CPU's programs in a step.
    pub snips_per_step: Option<f64>,
}

impl CostProfile {
    /// Steps of a sample, or 1 where nothing is shown sample by sample.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    pub fn steps_per_sample(&self) -> f64 {
        self.outcome.samples.map_or(1.0, |samples| self.outcome.steps as f64 / samples.max(1) as f64)
    }

    /// Steps that were metered.
    pub fn metered_steps(&self) -> usize {
        self.activities.iter().map(|activity| activity.steps.len()).sum()
    }

    /// Cores of the largest image.
    pub fn cores(&self) -> usize {
        self.activities.iter().map(|activity| activity.cores).max().unwrap_or(0)
    }
}

/// Runs an experiment, timed, then metered; `open` opens the device that both run on.
///
/// # Errors
/// [`ExperimentError`].
pub fn profile<E: From<ExperimentError>>(
    name: &str,
    task: &dyn Task,
    options: &RunOptions,
    plan: &Floorplan,
    observer: &mut dyn Observer,
    open: impl Fn() -> Result<Session, E>,
) -> Result<CostProfile, E> {
    let mut session = open()?;
    let energy = Rapl::start(Path::new(FOLDER));
    let start = Instant::now();
    let outcome = task.run(&mut session, options, observer)?;
    let took = start.elapsed();
    let microjoules = energy.and_then(|energy| energy.microjoules());
    let one_pass = RunOptions { epochs: Some(1), ..options.clone() };
    let (options, stride) = match outcome.steps {
        0..=METERED_WHOLE_STEPS => (options, 0),
        _ if took > LONG => (&one_pass, SHORT_STRIDE),
        steps => (options, steps / METERED_PARTS),
    };
    let mut session = open()?;
    let activities = metered(task, options, plan, &mut session, observer, stride)?;
    Ok(CostProfile {
        name: name.to_owned(),
        outcome,
        seconds: took.as_secs_f64(),
        microjoules,
        activities,
        counted: None,
        shortened: None,
    })
}

/// Counts instructions of short runs on a device that counts them, for figures per step.
///
/// # Errors
/// [`ExperimentError`].
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub fn count<E: From<ExperimentError>>(
    task: &dyn Task,
    options: &RunOptions,
    plan: &Floorplan,
    observer: &mut dyn Observer,
    open: impl Fn() -> Result<Session, E>,
) -> Result<Option<Counted>, E> {
    let samples = Some(options.samples.map_or(COUNTED_SAMPLES, |samples| samples.min(COUNTED_SAMPLES)));
    let options = RunOptions { epochs: Some(1), samples, ..options.clone() };
    let outcome = task.run(&mut open()?, &options, observer)?;
    let Some(instructions) = outcome.instructions else { return Ok(None) };
    let activities = metered(task, &options, plan, &mut open()?, observer, COUNTED_STRIDE)?;
    let steps: usize = activities.iter().map(|activity| activity.steps.len()).sum();
    let snips: Option<u64> = activities.iter().map(|activity| activity.cpu.instructions).sum();
    Ok(Some(Counted {
        per_step: instructions as f64 / outcome.steps.max(1) as f64,
        snips_per_step: snips.map(|snips| snips as f64 / steps.max(1) as f64),
    }))
}

fn metered(
    task: &dyn Task,
    options: &RunOptions,
    plan: &Floorplan,
    session: &mut Session,
    observer: &mut dyn Observer,
    stride: u64,
) -> Result<Vec<Activity>, ExperimentError> {
    session.set_meter(Some(Meter::new(stride)));
    task.run(session, options, observer)?;
    let runs = session.take_meter().map(Meter::into_runs).unwrap_or_default();
    let activities = runs.iter().filter(|run| !run.steps.is_empty()).map(|run| Activity::of(run, plan));
    Ok(activities.collect::<Result<_, _>>().map_err(SessionError::from)?)
}
