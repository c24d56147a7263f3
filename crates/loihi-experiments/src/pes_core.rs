//! The sine of `pes-channel`, learned by a core: PES as a third factor.
//!
//! The population of `pes-channel` ends at pairs of integrating compartments by plastic synapses. One of a pair fires for
//! positive values, the other one for negative values; a readout of the embedded CPU counts their spikes. Every four
//! steps the host hands the error in, the embedded CPU writes it to y1 and chooses a profile by its sign, and the core
//! changes its weights: `dw = ±2^-7·u1·x1·y1` in epochs of two steps.
//!
//! Source: nengo-loihi's PES on the chip.

use super::channel::{Channel, FINAL_STEPS, low_pass, root_mean_square};
use super::population::BIAS_EXPONENT;
use super::stdp::decay;
use super::{
    ExperimentError, Metrics, MetricsRow, Observer, Outcome, RunOptions, Running, Task, conclude, load, mailbox, q12,
    sizes,
};
use loihi_core::chip::SnapshotScope;
use loihi_core::image::Profile;
use loihi_core::num::{Q4_20, Q8_24};
use loihi_core::rules::{BiasEncoderParams, PesParams, ThirdFactorParams};
use loihi_core::wire::message::Record;
use loihi_device::session::{Session, SessionError};
use loihi_image::image::{BuildError, ImageBuilder, ImageFile, Plasticity, Source, full_row};
use loihi_image::rule::{self, Limits};
use serde::{Deserialize, Serialize};

/// Steps from one change of the weights to the next.
const UPDATE_STEPS: u16 = 4;
/// Changes of a row of metrics: half a second.
const ROW_UPDATES: usize = 125;
/// A rate at which the readout's decoders never move: the largest error is rounded away.
const RATE_SHIFT_NEVER: u32 = 31;

/// Parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PesCore {
    /// Population, stimulus and length.
    pub channel: Channel,
    /// Pairs of compartments at which the population ends.
    #[serde(deserialize_with = "sizes::pairs_of_compartments")]
    pub pairs: u32,
    /// Threshold mantissa of the pairs.
    pub v_th: i32,
    /// The value for which a compartment fires in every step.
    pub full_scale: f64,
    /// What a spike adds to x1, whole and in 2^-32.
    pub impulse: (i32, u32),
    /// Time constant of x1 in steps.
    pub tau_steps: f64,
    /// Bits that an error in Q3.12 loses to become y1.
    pub error_shift: u32,
}

impl Default for PesCore {
    fn default() -> Self {
        let channel = Channel::default();
        Self { channel, pairs: 8, v_th: 500, full_scale: 2.0, impulse: (2, 0), tau_steps: 5.0, error_shift: 3 }
    }
}

impl PesCore {
    /// The network.
    ///
    /// # Errors
    /// [`BuildError`].
    ///
    /// # Panics
    /// If the rule, which is part of the program, cannot be read.
    pub fn image(&self, seed: u32) -> Result<ImageFile, BuildError> {
        let channel = &self.channel;
        let mut builder = ImageBuilder::new();
        builder.seed(seed);
        builder.mailboxes(1, self.pairs, 1);
        builder.core();
        let population = builder.group(channel.compartments, channel.lif().profile());
        let ends = builder.core();
        let compartments = 2 * self.pairs as usize;
        let integrating = Profile { v_th: self.v_th << 6, v_min: 0, ..Profile::DEFAULT };
        let pairs = builder.group(compartments, integrating);
        let constants: Vec<i32> = population.clone().flat_map(|i| channel.tuning(seed, i)).collect();
        builder.bias(population.start, &vec![0; channel.compartments]);
        // The pairs fire in turns.
        let phase = |pair: u32| i32::try_from(pair).unwrap_or(0) * (self.v_th << 6) / self.pairs.cast_signed();
        let phases: Vec<i32> = (0..self.pairs).chain(0..self.pairs).map(phase).collect();
        builder.start(pairs.start, &[], &phases);
        let (impulse, fraction) = self.impulse;
        let x1 = builder.trace(impulse, fraction, &decay(self.tau_steps), None);
        let product = |text: &str, profiles| rule::parse_for_profiles(text, &Limits::LOIHI, profiles);
        let plasticity = Plasticity::default()
            .products([product("-2^-7*u1*x1*y1", 1)?, product("2^-7*u1*x1*y1", 2)?].concat())
            .traces([x1, 0, 0, 0, 0])
            .epoch_steps(2);
        let sources = population.clone().map(Source::Compartment);
        let axons = sources.map(|source| (source, full_row(0..compartments, |_| 0)));
        builder.plastic_group(ends, 0..compartments, &plasticity, axons);
        let count = population.end - population.start;
        let data = builder.data(&constants);
        builder.snip(&BiasEncoderParams {
            compartment_first: population.start,
            count,
            data_first: data,
            exponent: BIAS_EXPONENT,
            ..BiasEncoderParams::default()
        });
        builder.snip(&ThirdFactorParams {
            dimensions: self.pairs,
            shift: self.error_shift,
            ..ThirdFactorParams::default()
        });
        builder.snip(&PesParams {
            compartment_first: pairs.start,
            count: 2 * self.pairs,
            rate_shift: RATE_SHIFT_NEVER,
            decay_y: channel.decay_y,
            ..PesParams::default()
        });
        builder.build()
    }

    /// Gives the readout its decoders: what a spike of each compartment is worth. They are all that the snips have
    /// learned, and so the first words of what is kept.
    fn set_decoders(&self, session: &mut Session) -> Result<(), SessionError> {
        let mut kept = session.save(SnapshotScope::Learned)?;
        let worth = Q8_24::from_num(self.full_scale / f64::from(self.pairs)).to_bits();
        let pairs = self.pairs as usize;
        for (at, word) in kept.as_chunks_mut::<4>().0.iter_mut().take(2 * pairs).enumerate() {
            *word = if at < pairs { worth } else { -worth }.to_le_bytes();
        }
        session.restore(SnapshotScope::Learned, &kept)
    }

    /// The steps up to the next change of the weights with an error; returns the output after them.
    fn update(&self, session: &mut Session, value: f64, error: f64) -> Result<f64, SessionError> {
        let stimulus = mailbox([q12(value)]);
        let target = mailbox(vec![q12(error); self.pairs as usize]);
        let record = Record { learn: true, steps: UPDATE_STEPS, stimulus: &stimulus, target: &target, ..Record::PLAIN };
        let mut output = 0.0;
        session.stream([record], |words| {
            output = words.iter().map(|bits| Q4_20::from_bits(*bits).to_num::<f64>()).sum();
        })?;
        Ok(output)
    }
}

impl Task for PesCore {
    fn run(
        &self,
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        let file = self.image(options.seed)?;
        load(session, &file, options, observer)?;
        self.set_decoders(session)?;
        let epochs = options.epochs.unwrap_or(1);
        let updates = sizes::in_all("steps", self.channel.steps, epochs)? / usize::from(UPDATE_STEPS);
        let (mut errors, mut digests) = (Vec::with_capacity(updates), Vec::new());
        let mut error = 0.0;
        for update in 0..updates {
            let value = self.channel.stimulus(update * usize::from(UPDATE_STEPS));
            let output = self.update(session, value, error)?;
            error = output - value;
            errors.push(error);
            if (update + 1) % ROW_UPDATES == 0 {
                let rmse = root_mean_square(&low_pass(&errors, UPDATE_STEPS.into())[update + 1 - ROW_UPDATES..]);
                let figure = Some(("RMSE of the last 0.5 s", rmse));
                observer.progress(&Running { done: update as u64 + 1, total: updates as u64, stage: "", figure });
                let digest = session.digest()?;
                let pass = u32::try_from((update + 1) / ROW_UPDATES).unwrap_or(u32::MAX);
                observer.row(&MetricsRow {
                    pass,
                    stage: None,
                    metrics: Metrics::from([("rmse", rmse)]),
                    digest: digest.total(),
                })?;
                digests.push(digest);
            }
        }
        let filtered = low_pass(&errors, UPDATE_STEPS.into());
        let last = filtered.len().saturating_sub(FINAL_STEPS / usize::from(UPDATE_STEPS));
        let metrics = Metrics::from([
            ("rmse", root_mean_square(&filtered[last..])),
            ("rmse_nengo", self.channel.rmse_nengo),
            ("passes", f64::from(epochs)),
        ]);
        conclude(session, &file, observer, metrics, digests)
    }
}
