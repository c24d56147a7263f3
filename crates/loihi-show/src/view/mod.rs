//! A run in progress: what is known of it, who looks at it, and how a terminal shows it.
//!
//! The run and the screen are on two threads with a [`Scene`] between them: [`live`] fills it, [`draw`] draws it. A run
//! that is looked at computes the same bits; it is slowed by the steps that are looked at: all of the first half second,
//! later no more than fit the screen.

pub mod draw;
pub mod live;
mod raster;
mod text;

use loihi_core::ops::OpCounts;
use loihi_experiments::{MetricsRow, Running};
use loihi_place::neuron_map::NeuronMap;
pub use raster::Raster;
use std::collections::VecDeque;
use std::time::Duration;

/// Most points of the curve; beyond it every second one is forgotten.
const CURVE_MAX: usize = 2048;
/// Time over which rates are taken.
const RATE_OVER: Duration = Duration::from_secs(1);

/// Whether it is running.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RunState {
    /// It does.
    #[default]
    Runs,
    /// The user holds it.
    Held,
    /// It has come to its end.
    Finished,
    /// It has failed, and why.
    Failed(String),
}

/// What is known of a run.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// What runs, on what, with which seed.
    pub title: String,
    /// Whether it is running.
    pub state: RunState,
    /// Neuron map: a row of the raster for every neuron.
    pub neuron_map: NeuronMap,
    /// Spikes of the steps that were last looked at.
    pub raster: Raster,
    /// Counts when it was last looked.
    pub ops: OpCounts,
    /// Most steps a second that the user wants to see, if so.
    pub pace: Option<u32>,
    /// What is done, in whatever the experiment counts.
    pub done: u64,
    /// All there is to do.
    pub total: u64,
    /// What the present stage is called.
    pub stage: String,
    /// Name of the figure that tells how it goes.
    pub figure: String,
    /// The figure, by what was done.
    pub curve: Vec<(f64, f64)>,
    /// What was said last.
    pub said: String,
    /// Time and counts of what was looked at, not much older than [`RATE_OVER`].
    past: VecDeque<(Duration, OpCounts)>,
    /// Time of the last report.
    elapsed: Duration,
}

impl Scene {
    /// How far the run is, `elapsed` after its start.
    pub fn progress(&mut self, running: &Running<'_>, elapsed: Duration) {
        (self.done, self.total, self.stage) = (running.done, running.total, running.stage.to_owned());
        self.elapsed = elapsed;
        let Some((name, value)) = running.figure else { return };
        name.clone_into(&mut self.figure);
        if self.curve.len() == CURVE_MAX {
            let mut number = 0;
            self.curve.retain(|_| {
                number += 1;
                number % 2 == 1
            });
        }
        #[expect(clippy::cast_precision_loss, reason = "for a drawing")]
        self.curve.push((running.done as f64, value));
    }

    /// A row of metrics.
    pub fn row(&mut self, row: &MetricsRow) {
        let stage = row.stage.clone().unwrap_or_else(|| format!("pass {}", row.pass));
        self.said = format!("{stage}: {}", row.metrics);
    }

    /// Counts, `elapsed` after the start.
    pub fn counts(&mut self, ops: &OpCounts, elapsed: Duration) {
        if ops.steps < self.ops.steps {
            // Another image has begun.
            self.past.clear();
        }
        self.ops = *ops;
        self.elapsed = elapsed;
        while self.past.get(1).is_some_and(|(at, _)| elapsed.saturating_sub(*at) > RATE_OVER) {
            self.past.pop_front();
        }
        if self.past.back().is_none_or(|(at, _)| elapsed.saturating_sub(*at) > RATE_OVER / 20) {
            self.past.push_back((elapsed, *ops));
        }
    }

    /// Whether the run has ended, well or not.
    pub const fn is_over(&self) -> bool {
        matches!(self.state, RunState::Finished | RunState::Failed(_))
    }

    /// Rate of something that is counted, per second: of late, and of the whole run once it has finished. `None` before
    /// there is a time to measure.
    #[expect(clippy::cast_precision_loss, reason = "for a person to read")]
    pub fn rate(&self, of: impl Fn(&OpCounts) -> u64) -> Option<f64> {
        if self.state == RunState::Finished {
            let seconds = self.elapsed.as_secs_f64();
            return (seconds > 0.0).then(|| of(&self.ops) as f64 / seconds);
        }
        let (first, last) = (self.past.front()?, self.past.back()?);
        let seconds = last.0.checked_sub(first.0).filter(|time| !time.is_zero())?.as_secs_f64();
        Some(of(&last.1).saturating_sub(of(&first.1)) as f64 / seconds)
    }

    /// Time that is left, if the rest goes as what is done went.
    pub fn left(&self) -> Option<Duration> {
        let rest = self.total.checked_sub(self.done).filter(|_| self.done > 0)?;
        #[expect(clippy::cast_precision_loss, reason = "for a person to read")]
        let seconds = self.elapsed.as_secs_f64() * rest as f64 / self.done as f64;
        Duration::try_from_secs_f64(seconds).ok()
    }
}
