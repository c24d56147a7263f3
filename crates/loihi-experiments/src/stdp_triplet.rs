//! Pairs of spikes at several rates, taught by triplets and by pairs: what an axon's spike and a compartment's, ten steps
//! later, change a weight by.
//!
//! With triplets a compartment's own earlier spikes count (y2): the change grows with the rate, as in recorded cortex.
//! With pairs alone it falls, since every pair's second spike comes the closer before the next pair's first. Both rules
//! run side by side on one core, and in double precision.

use super::stdp::{RELAY, TEACHER_WEIGHT, mean, plasticity};
use super::{
    ExperimentError, Metrics, MetricsRow, Observer, Outcome, RunOptions, Running, Task, conclude, load, sizes,
};
use loihi_core::register::Register;
use loihi_core::synapse::SignMode;
use loihi_device::session::{Session, SessionError};
use loihi_image::image::{BuildError, ImageBuilder, ImageFile, Source, full_row};
use serde::{Deserialize, Serialize};

/// Pairs per second, with steps of 1 ms.
const RATES_HZ: [u32; 6] = [5, 10, 20, 30, 40, 50];
/// Steps from an axon's spike to a compartment's.
const DISTANCE: u32 = 10;
/// Compartments of each rule and rate, over which changes are averaged.
const COMPARTMENTS: usize = 16;
/// Axons of each rule and rate.
const AXONS: usize = 8;
/// Steps after the last pair of the slowest rate.
const TAIL_STEPS: u32 = 40;

/// Impulse and time constant in steps of x1, y1, y2.
const X1: (i32, f64) = (60, 17.0);
const Y1: (i32, f64) = (40, 34.0);
const Y2: (i32, f64) = (16, 114.0);

/// Parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StdpTriplet {
    /// Pairs of each rate and pass.
    #[serde(deserialize_with = "sizes::trials")]
    pub pairs: u32,
}

impl Default for StdpTriplet {
    fn default() -> Self {
        Self { pairs: 20 }
    }
}

/// A rule of this experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    Triplet,
    Pair,
}

impl Rule {
    const fn text(self) -> &'static str {
        match self {
            Self::Triplet => "dw = 2^-7*x1*y0*y2 - 2^-5*x0*y1",
            Self::Pair => "dw = 2^-5*x1*y0 - 2^-5*x0*y1",
        }
    }

    /// What a compartment's spike changes a weight by. Two factors of 7 bits lose 2 bits of their product.
    fn potentiation(self, x1: f64, y2: f64) -> f64 {
        match self {
            Self::Triplet => x1 * y2 / 4.0 / 128.0,
            Self::Pair => x1 / 32.0,
        }
    }

    /// What some pairs of a rate change a weight by, in double precision.
    fn expected(self, rate_hz: u32, pairs: u32) -> f64 {
        let (mut x1, mut y1, mut y2, mut change) = (0.0, 0.0, 0.0, 0.0);
        let period = 1000 / rate_hz;
        for step in 0..pairs * period {
            let keep = |(_, tau_steps): (i32, f64)| (-1.0 / tau_steps).exp();
            (x1, y1, y2) = (x1 * keep(X1), y1 * keep(Y1), y2 * keep(Y2));
            if step % period == 0 {
                x1 += f64::from(X1.0);
                change -= y1 / 32.0;
            }
            if step % period == DISTANCE {
                y1 += f64::from(Y1.0);
                y2 += f64::from(Y2.0);
                change += self.potentiation(x1, y2);
            }
        }
        change
    }
}

impl StdpTriplet {
    /// The network: per rule a plastic group with a stretch of compartments for each rate. Input 2r is that of the axons
    /// of rate r, the next one makes its compartments fire.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn image(&self, seed: u32) -> Result<ImageFile, BuildError> {
        let mut builder = ImageBuilder::new();
        builder.seed(seed);
        let core = builder.core();
        let each = RATES_HZ.len() * COMPARTMENTS;
        builder.group(2 * each, RELAY);
        let inputs = builder.inputs(2 * u32::try_from(RATES_HZ.len()).unwrap_or(0)).start;
        for (rule, first) in [(Rule::Triplet, 0), (Rule::Pair, each)] {
            let traces = [Some(X1), None, Some(Y1), Some(Y2), None];
            let plasticity = plasticity(&mut builder, rule.text(), traces, 1, SignMode::Mixed)?;
            let axons = (0..).zip((first..first + each).step_by(COMPARTMENTS)).flat_map(|(rate, start)| {
                let axon = (Source::Input(inputs + 2 * rate), full_row(start..start + COMPARTMENTS, |_| 0));
                std::iter::repeat_n(axon, AXONS)
            });
            builder.plastic_group(core, first..first + each, &plasticity, axons);
        }
        for (rate, start) in (0..).zip((0..each).step_by(COMPARTMENTS)) {
            for first in [start, start + each] {
                builder.dense(Source::Input(inputs + 2 * rate + 1), core, first, &[TEACHER_WEIGHT; COMPARTMENTS]);
            }
        }
        builder.build()
    }

    /// Spikes of the steps from `first` on.
    fn spikes(&self, first: u32, steps: u32) -> Vec<(u16, u16)> {
        let mut spikes = Vec::new();
        for step in 0..steps {
            let t = first + step;
            for (rate, input) in RATES_HZ.iter().zip((0_u16..).step_by(2)) {
                let period = 1000 / rate;
                let under_way = t / period < self.pairs;
                let at = u16::try_from(step).unwrap_or(u16::MAX);
                if under_way && t.is_multiple_of(period) {
                    spikes.push((at, input));
                }
                if under_way && t % period == DISTANCE {
                    spikes.push((at, input + 1));
                }
            }
        }
        spikes
    }

    /// Mean change of the weights, by rule and rate.
    fn changes(session: &mut Session, before: &[i32]) -> Result<Vec<f64>, SessionError> {
        let changes: Vec<i32> = session.read(Register::W)?.iter().zip(before).map(|(w, before)| w - before).collect();
        Ok(changes.chunks(AXONS * COMPARTMENTS).map(mean).collect())
    }
}

impl Task for StdpTriplet {
    fn run(
        &self,
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        let file = self.image(options.seed)?;
        load(session, &file, options, observer)?;
        let pairs = sizes::in_all("pairs", self.pairs as usize, options.epochs.unwrap_or(1))?;
        let this = Self { pairs: u32::try_from(pairs).unwrap_or(u32::MAX) };
        let before = session.read(Register::W)?;
        let slowest = 1000 / RATES_HZ[0];
        let total = this.pairs * slowest + TAIL_STEPS;
        let mut digests = Vec::new();
        for first in (0..total).step_by(slowest as usize) {
            let steps = slowest.min(total - first);
            session.run(steps, &this.spikes(first, steps))?;
            digests.push(session.digest()?);
            let (done, total) = (u64::from(first + steps), u64::from(total));
            observer.progress(&Running { done, total, ..Running::default() });
        }
        let changes = Self::changes(session, &before)?;
        let digest = session.digest()?.total();
        let (rates, mut squares, mut count) = (RATES_HZ.len(), 0.0, 0.0);
        for ((rate, hz), pass) in RATES_HZ.iter().enumerate().zip(1..) {
            let measured = [changes[rate], changes[rates + rate]];
            let expected = [Rule::Triplet, Rule::Pair].map(|rule| rule.expected(*hz, this.pairs));
            for (measured, expected) in measured.iter().zip(expected) {
                squares += (measured - expected).powi(2);
                count += 1.0;
            }
            let metrics = Metrics::from([
                ("rate_hz", f64::from(*hz)),
                ("triplets", measured[0]),
                ("triplets_float", expected[0]),
                ("pairs", measured[1]),
                ("pairs_float", expected[1]),
            ]);
            observer.row(&MetricsRow { pass, stage: None, metrics, digest })?;
        }
        let metrics = Metrics::from([
            ("triplets_5hz", changes[0]),
            ("triplets_20hz", changes[2]),
            ("triplets_50hz", changes[rates - 1]),
            ("pairs_5hz", changes[rates]),
            ("pairs_50hz", changes[2 * rates - 1]),
            ("rms_difference", (squares / count).sqrt()),
        ]);
        conclude(session, &file, observer, metrics, digests)
    }
}
