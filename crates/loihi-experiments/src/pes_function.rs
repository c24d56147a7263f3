//! A function of a sine, learned by decoders of a population: a channel (the identity) or the square.
//!
//! The population is that of Nengo's default ensemble on the chip's compartments: encoders ±1, maximum rates and
//! intercepts drawn uniformly, the value written to each compartment's bias before every step. Decoders start at zero
//! and learn in every step.

use super::float_pes::FloatPes;
use super::float_reference::FloatReference;
use super::population::{BIAS_EXPONENT, DT_S, Lif};
use super::{
    ExperimentError, MetricsRow, Observer, Outcome, RunOptions, Running, Task, conclude, load, mailbox, q12, sizes,
};
use loihi_core::num::{Q4_20, word};
use loihi_core::register::StateDigest;
use loihi_core::rules::{BiasEncoderParams, PesParams};
use loihi_core::wire::message::Record;
use loihi_device::session::{Session, SessionError};
use loihi_image::image::{BuildError, ImageBuilder, ImageFile};
use serde::{Deserialize, Serialize};

/// Time constant of the low-pass filter over the error that is reported, in steps.
const PROBE_TAU_STEPS: f64 = 20.0;
/// Steps at the end over which the final error is taken.
pub(super) const FINAL_STEPS: usize = 2000;
/// Steps of a row of metrics.
const ROW_STEPS: usize = 500;

/// What the decoders learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Function {
    /// The value itself.
    Channel,
    /// Its square.
    Square,
}

/// Parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PesFunction {
    /// What is learned.
    pub function: Function,
    /// Compartments.
    #[serde(deserialize_with = "sizes::compartments")]
    pub compartments: usize,
    /// Frequency of the sine in Hz.
    pub frequency_hz: f64,
    /// Steps of one pass, 1 ms each.
    #[serde(deserialize_with = "sizes::steps")]
    pub steps: usize,
    /// Lowest and highest maximum rate of a compartment in Hz.
    pub max_rates_hz: (f64, f64),
    /// Time constant of the membrane in steps.
    pub tau_rc_steps: f64,
    /// Refractory period in steps: the smallest distance between two spikes.
    pub refractory: i32,
    /// Threshold mantissa.
    pub v_th: i32,
    /// See [`PesParams::rate_shift`]; 10 is Nengo's learning rate of 1e-4 for 100 compartments.
    pub rate_shift: u32,
    /// See [`PesParams::decay_y`]; 46 is Nengo's synapse of 5 ms.
    pub decay_y: u32,
    /// Error over the last 2 s that Nengo's own ensemble of 100 neurons reaches in double precision, recorded.
    pub rmse_nengo: f64,
}

impl PesFunction {
    /// The sine itself.
    pub fn channel() -> Self {
        Self {
            function: Function::Channel,
            compartments: 100,
            frequency_hz: 1.0,
            steps: 10_000,
            max_rates_hz: (200.0, 400.0),
            tau_rc_steps: 20.0,
            refractory: 2,
            v_th: 1024,
            rate_shift: 10,
            decay_y: 46,
            rmse_nengo: 0.0272,
        }
    }

    /// The square of the sine.
    pub fn square() -> Self {
        Self { function: Function::Square, frequency_hz: 0.5, steps: 20_000, rmse_nengo: 0.0427, ..Self::channel() }
    }

    pub(super) fn lif(&self) -> Lif {
        Lif { tau_rc_steps: self.tau_rc_steps, refractory: self.refractory, v_th: self.v_th }
    }

    /// The network.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn image(&self, seed: u32) -> Result<ImageFile, BuildError> {
        let mut builder = ImageBuilder::new();
        builder.mailboxes(1, 1, 1);
        builder.core();
        let population = builder.group(self.compartments, self.lif().profile());
        let constants: Vec<i32> = population.clone().flat_map(|i| self.tuning(seed, i)).collect();
        // The encoder writes every bias before the first step counts.
        builder.bias(population.start, &vec![0; self.compartments]);
        let data = builder.data(&constants);
        let count = population.end - population.start;
        builder.snip(&BiasEncoderParams {
            compartment_first: population.start,
            count,
            data_first: data,
            exponent: BIAS_EXPONENT,
            ..BiasEncoderParams::default()
        });
        builder.snip(&PesParams {
            compartment_first: population.start,
            count,
            rate_shift: self.rate_shift,
            decay_y: self.decay_y,
            ..PesParams::default()
        });
        builder.build()
    }

    /// Offset and gain of a compartment's bias, from its drawn encoder, maximum rate and intercept.
    #[expect(clippy::cast_possible_truncation, reason = "float to integer casts saturate")]
    pub(super) fn tuning(&self, seed: u32, compartment: u32) -> [i32; 2] {
        let draw = |what| f64::from(word(seed, compartment, what, 3)) / 4_294_967_296.0;
        let encoder = if draw(0) < 0.5 { -1.0 } else { 1.0 };
        let (slowest, fastest) = self.max_rates_hz;
        let max_rate_hz = slowest + (fastest - slowest) * draw(1);
        let intercept = 2.0 * draw(2) - 1.0;
        let [offset, gain] = self.lif().tuning(max_rate_hz, intercept);
        [offset as i32, (gain * encoder) as i32]
    }

    fn target(&self, x: f64) -> f64 {
        match self.function {
            Function::Channel => x,
            Function::Square => x * x,
        }
    }

    pub(super) fn stimulus(&self, step: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "steps stay far below 2^52")]
        let seconds = (step + 1) as f64 * DT_S;
        (std::f64::consts::TAU * self.frequency_hz * seconds).sin()
    }

    /// Computes steps on the device and returns its output after each.
    fn stretch(&self, session: &mut Session, range: std::ops::Range<usize>) -> Result<Vec<f64>, SessionError> {
        let words: Vec<(Vec<u8>, Vec<u8>)> = range
            .map(|step| {
                let x = self.stimulus(step);
                (mailbox([q12(x)]), mailbox([q12(self.target(x))]))
            })
            .collect();
        let records = words.iter().map(|(stimulus, target)| Record {
            reset: false,
            learn: true,
            steps: 1,
            stimulus,
            target,
            ..Record::PLAIN
        });
        let mut outputs = Vec::with_capacity(words.len());
        session.stream(records, |output| {
            outputs.extend(output.iter().map(|bits| Q4_20::from_bits(*bits).to_num::<f64>()));
        })?;
        Ok(outputs)
    }

    /// The errors of decoders in double precision on the same spikes.
    fn float_errors(&self, file: &ImageFile, steps: usize) -> Result<Vec<f64>, ExperimentError> {
        let float = FloatPes::new(self.compartments, 1, self.rate_shift, self.decay_y);
        let mut memory = Vec::new();
        let mut float_reference = FloatReference::new(file, &mut memory, float)?;
        let mut errors = Vec::with_capacity(steps);
        for step in 0..steps {
            let x = self.stimulus(step);
            if let Some(word) = float_reference.chip.stimulus_mut().first_mut() {
                *word = q12(x);
            }
            let target = self.target(x);
            errors.push(float_reference.float.outputs().first().copied().unwrap_or(0.0) - target);
            float_reference.step(Some(&[target]));
        }
        Ok(errors)
    }
}

impl Task for PesFunction {
    fn run(
        &self,
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        let file = self.image(options.seed)?;
        load(session, &file, options, observer)?;
        let epochs = options.epochs.unwrap_or(1);
        let steps = sizes::in_all("steps", self.steps, epochs)?;
        let rows = steps.div_ceil(ROW_STEPS);
        let (mut errors, mut digests): (Vec<f64>, Vec<StateDigest>) = (Vec::new(), Vec::new());
        // An output is that of the step before: the error of a step compares it with the step's target.
        let mut before = 0.0;
        for row in 0..rows {
            let range = row * ROW_STEPS..steps.min((row + 1) * ROW_STEPS);
            for output in self.stretch(session, range.clone())? {
                errors.push(before - self.target(self.stimulus(errors.len())));
                before = output;
            }
            let rmse = root_mean_square(&low_pass(&errors, 1.0)[range.start..]);
            let figure = Some(("RMSE of the last 0.5 s", rmse));
            observer.progress(&Running { done: range.end as u64, total: steps as u64, stage: "", figure });
            let digest = session.digest()?;
            let pass = u32::try_from(row + 1).unwrap_or(u32::MAX);
            observer.row(&MetricsRow { pass, stage: None, metrics: vec![("rmse", rmse)], digest: digest.total() })?;
            digests.push(digest);
        }
        let final_error = |errors: &[f64]| {
            let filtered = low_pass(errors, 1.0);
            root_mean_square(&filtered[filtered.len().saturating_sub(FINAL_STEPS)..])
        };
        let float = self.float_errors(&file, steps)?;
        let metrics = vec![
            ("rmse", final_error(&errors)),
            ("rmse_float", final_error(&float)),
            ("rmse_nengo", self.rmse_nengo),
            ("passes", f64::from(epochs)),
        ];
        conclude(session, &file, observer, metrics, digests)
    }
}

/// A first-order low-pass filter that starts at zero, over values that are this many steps apart.
pub(super) fn low_pass(values: &[f64], steps: f64) -> Vec<f64> {
    let keep = (-steps / PROBE_TAU_STEPS).exp();
    let filtered = values.iter().scan(0.0, |state, value| {
        *state = keep * *state + (1.0 - keep) * value;
        Some(*state)
    });
    filtered.collect()
}

pub(super) fn root_mean_square(values: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    let count = values.len().max(1) as f64;
    (values.iter().map(|value| value * value).sum::<f64>() / count).sqrt()
}
