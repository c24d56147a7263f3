//! Pattern generation by e-prop: a recurrent layer learns to follow a sum of four sines while it hears the same noise
//! again and again.
//!
//! The inputs are frozen Poisson spikes: the encoder's key never changes. Every iteration begins with a reset of the
//! state and learns in every step; after the last one the pattern is generated once more without learning.

use super::rounding::WeightRounding;
use super::{
    ExperimentError, Metrics, MetricsRow, Observer, Outcome, RunOptions, Running, Task, conclude, load, mailbox, q12,
    sizes,
};
use loihi_core::image::{Profile, Synapse};
use loihi_core::ops::OpCounts;
use loihi_core::rules::{Adaptation, EpropParams};
use loihi_core::wire::message::Record;
use loihi_device::session::{Session, SessionError};
use loihi_image::image::{BuildError, ImageBuilder, ImageFile, Plasticity, Source};
use loihi_net::draw::{self, gauss, uniform};
use serde::{Deserialize, Serialize};

/// Full scale of the encoder.
const FULL_SCALE: u32 = 1 << 12;
/// Iterations of a row of metrics.
const ROW_ITERATIONS: u32 = 20;
/// Units of the voltage in a step of the weights' format: a mantissa of 2, in units of 64.
const WEIGHT_STEP: f64 = 128.0;

/// Parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpropPattern {
    /// Inputs.
    #[serde(deserialize_with = "sizes::inputs")]
    pub inputs: u32,
    /// Recurrent compartments.
    #[serde(deserialize_with = "sizes::compartments")]
    pub compartments: u32,
    /// Steps of the pattern.
    #[serde(deserialize_with = "sizes::steps")]
    pub steps: u32,
    /// Iterations that learn.
    pub iterations: u32,
    /// Probability of an input's spike in a step.
    pub input_rate: f64,
    /// Decay of voltages and traces, in units of 1/4096.
    pub decay: u32,
    /// Threshold in units of the voltage, a power of two, at least 64.
    pub v_th: u32,
    /// Standard deviation of the initial weights in thresholds, times the root of the number of axons.
    pub weight_deviation: f64,
    /// Standard deviation of the feedback.
    pub feedback_deviation: f64,
    /// Bits that an error loses; errors have 12 bits below the point.
    pub error_shift: u32,
    /// Smallest error that is learned from, in what is left of it; 0 for all.
    pub error_threshold: u32,
    /// Learning rate: bits of a change of the layer's weights below their smallest step.
    pub rate_shift: u32,
    /// The same for the readout's.
    pub readout_rate_shift: u32,
    /// Spikes of a compartment per iteration that are neither too many nor too few.
    pub spikes_target: u32,
    /// How strongly the rate is held to it, in units of 1/8; 0 for not at all.
    pub rate_gain: u32,
    /// Rounding of weights.
    pub rounding: WeightRounding,
    /// Binary logarithm of the time constant of the filter of eligibilities; 0 for none.
    pub kappa_shift: u32,
    /// What a spike adds to a compartment's threshold, in units of 1/4096 of it; 0 for thresholds that stay.
    pub adaptation_strength: u32,
    /// Binary logarithm of the time constant with which it sinks back.
    pub adaptation_tau_shift: u32,
}

impl Default for EpropPattern {
    fn default() -> Self {
        Self {
            inputs: 100,
            compartments: 100,
            steps: 1000,
            iterations: 300,
            input_rate: 0.05,
            decay: 134,
            v_th: 32_768,
            weight_deviation: 1.09,
            feedback_deviation: 25.6,
            error_shift: 5,
            error_threshold: 0,
            rate_shift: 24,
            readout_rate_shift: 20,
            spikes_target: 10,
            rate_gain: 5,
            rounding: WeightRounding::Stochastic,
            kappa_shift: 0,
            adaptation_strength: 0,
            adaptation_tau_shift: 8,
        }
    }
}

/// What a stretch of iterations came to.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    error: f64,
    iterations: f64,
}

impl EpropPattern {
    /// The network. The stimulus holds a value per input and the key of the noise; the target is one word, and so is
    /// the output, both Q3.12.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn image(&self, seed: u32) -> Result<ImageFile, BuildError> {
        let mut builder = ImageBuilder::new();
        builder.seed(seed);
        builder.mailboxes(self.inputs + 2, 1, 1);
        let inputs = draw::bernoulli_inputs(&mut builder, self.inputs, FULL_SCALE, draw::encoder_seed(seed));
        let core = builder.core();
        let profile = Profile { decay_v: self.decay.cast_signed(), v_th: self.v_th.cast_signed(), ..Profile::DEFAULT };
        let layer = builder.group(self.compartments as usize, profile);
        let sources: Vec<Source> = inputs.map(Source::Input).collect();
        let input_group = self.layer(&mut builder, core, &sources, seed, 1);
        let sources: Vec<Source> = layer.map(Source::Compartment).collect();
        let recurrent_group = self.layer(&mut builder, core, &sources, seed, 2);
        let feedback: Vec<i8> = (0..self.compartments).map(|post| self.feedback(seed, post)).collect();
        let data_first = builder.data(&draw::pack(&feedback));
        let params = EpropParams {
            input_group,
            recurrent_group,
            inputs: self.inputs,
            posts: self.compartments,
            outputs: 1,
            data_first,
            target_first: 0,
            output_first: 0,
            decay: self.decay,
            // ψ is 0 at rest and at twice the threshold.
            slope_shift: self.v_th.checked_ilog2().unwrap_or(0).saturating_sub(6),
            readout_shift: 7,
            error_shift: self.error_shift,
            error_limit: 256,
            error_threshold: self.error_threshold,
            feedback_shift: 4,
            shift: self.rate_shift,
            readout_rate_shift: self.readout_rate_shift,
            precision: self.rounding.precision(),
            rate_steps: self.steps,
            rate_target: self.spikes_target,
            rate_gain: self.rate_gain,
            kappa_shift: self.kappa_shift,
            adaptation: self.adaptation(),
        };
        if params.adaptation.is_some() {
            builder.bias(0, &vec![0; self.compartments as usize]);
        }
        builder.snip(&params);
        builder.build()
    }

    fn adaptation(&self) -> Option<Adaptation> {
        let Self { adaptation_strength: strength, adaptation_tau_shift: tau_shift, .. } = *self;
        (strength > 0).then_some(Adaptation { strength, tau_shift })
    }

    /// A plastic group from these sources to all compartments, without autapses; returns its number.
    fn layer(&self, builder: &mut ImageBuilder, core: usize, sources: &[Source], seed: u32, what: u32) -> u32 {
        #[expect(clippy::cast_precision_loss, reason = "at most a few thousand axons")]
        let axons = sources.len() as f64;
        let deviation = self.weight_deviation * f64::from(self.v_th) / WEIGHT_STEP / axons.sqrt();
        let axons = (0_u32..).zip(sources).map(|(axon, source)| {
            let weight = |post| match source {
                Source::Compartment(compartment) if *compartment == post => 0,
                _ => 2 * draw::weight(deviation, seed, axon, post, what),
            };
            let synapse = |post: u32| Synapse { compartment: post as usize, delay: 0, weight: weight(post) };
            (*source, (0..self.compartments).map(synapse).collect())
        });
        builder.plastic_group(core, 0..self.compartments as usize, &Plasticity::default(), axons)
    }

    #[expect(clippy::cast_possible_truncation, reason = "held to the range")]
    fn feedback(&self, seed: u32, post: u32) -> i8 {
        (gauss(seed, post, 0, 4) * self.feedback_deviation).round().clamp(-127.0, 127.0) as i8
    }

    /// The pattern, a value per step: four sines with whole periods, from 0, of largest magnitude 1.
    pub fn pattern(&self, seed: u32) -> Vec<f64> {
        let sine = |number: u32, periods: f64, step: u32| {
            let weight = 0.5 + 1.5 * uniform(seed, number, 0, 1);
            let phase = uniform(seed, number, 0, 2);
            let turns = periods * f64::from(step) / f64::from(self.steps.saturating_sub(1).max(1));
            weight * (std::f64::consts::TAU * (turns + phase)).sin()
        };
        let value = |step| (0..).zip([1.0, 2.0, 3.0, 5.0]).map(|(number, periods)| sine(number, periods, step)).sum();
        let values: Vec<f64> = (0..self.steps).map(value).collect();
        let first = values.first().copied().unwrap_or(0.0);
        let largest = values.iter().map(|value| (value - first).abs()).fold(f64::MIN_POSITIVE, f64::max);
        values.iter().map(|value| (value - first) / largest).collect()
    }

    /// NMSE, share of the steps with an error, spikes of a compartment per iteration, weights at the ends of their
    /// range per changed one.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    fn metrics(&self, sums: Sums, before: &OpCounts, after: &OpCounts) -> Metrics {
        let share = |of: fn(&OpCounts) -> u64, all: fn(&OpCounts) -> u64| {
            (of(after) - of(before)) as f64 / (all(after) - all(before)).max(1) as f64
        };
        let spikes = (after.spikes - before.spikes) as f64 / f64::from(self.compartments);
        Metrics::from([
            ("nmse", sums.error / sums.iterations.max(1.0)),
            ("trigger_rate", share(|ops| ops.rule_triggers, |ops| ops.rule_opportunities)),
            ("spikes_per_iteration", spikes / sums.iterations.max(1.0)),
            ("saturation_rate", share(|ops| ops.rule_saturations, |ops| ops.rule_changes)),
        ])
    }

    /// Generates the pattern once; returns its squared error over the pattern's power.
    fn iteration(&self, session: &mut Session, pattern: &[f64], learn: bool) -> Result<f64, SessionError> {
        let probability = [q12(self.input_rate)];
        let inputs = probability.iter().cycle().take(self.inputs as usize).copied();
        let stimulus = mailbox(inputs.chain([0, 0]));
        let targets: Vec<Vec<u8>> = pattern.iter().map(|value| mailbox([q12(*value)])).collect();
        let records = targets.iter().enumerate().map(|(step, target)| {
            // The values stay in the mailbox until the next reset.
            let stimulus: &[u8] = if step == 0 { &stimulus } else { &[] };
            Record { reset: step == 0, learn, steps: 1, stimulus, target, ..Record::PLAIN }
        });
        let (mut error, mut at) = (0.0, pattern.iter());
        session.stream(records, |output| {
            if let ([output], Some(value)) = (output, at.next()) {
                error += (f64::from(*output) / 4096.0 - value).powi(2);
            }
        })?;
        Ok(error / pattern.iter().map(|value| value * value).sum::<f64>().max(f64::MIN_POSITIVE))
    }
}

impl Task for EpropPattern {
    fn run(
        &self,
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        let file = self.image(options.seed)?;
        load(session, &file, options, observer)?;
        let iterations = options.epochs.unwrap_or(self.iterations);
        let pattern = self.pattern(options.seed);
        let mut digests = Vec::new();
        let mut before = session.ops()?;
        let mut row = Sums::default();
        for iteration in 1..=iterations {
            row.error += self.iteration(session, &pattern, true)?;
            row.iterations += 1.0;
            if iteration % ROW_ITERATIONS != 0 && iteration != iterations {
                continue;
            }
            let ops = session.ops()?;
            let digest = session.digest()?;
            let metrics = self.metrics(row, &before, &ops);
            let nmse = metrics.first().map_or(0.0, |(_, nmse)| nmse);
            let (done, total) = (iteration.into(), iterations.into());
            observer.progress(&Running { done, total, stage: "", figure: Some(("NMSE", nmse)) });
            observer.row(&MetricsRow { pass: iteration, stage: None, metrics, digest: digest.total() })?;
            digests.push(digest);
            (row, before) = (Sums::default(), ops);
        }
        let learned = session.ops()?;
        let error = self.iteration(session, &pattern, false)?;
        let all = Sums { error: 0.0, iterations: f64::from(iterations) };
        let mut metrics = Metrics::from([("nmse", error)]);
        metrics.extend(self.metrics(all, &OpCounts::default(), &learned).into_iter().skip(1));
        metrics.push("passes", f64::from(iterations));
        conclude(session, &file, observer, metrics, digests)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_begins_at_0_and_reaches_1() {
        let pattern = EpropPattern::default().pattern(5);
        assert_eq!(pattern.len(), 1000);
        assert!(pattern[0].abs() < 1e-12);
        let largest = pattern.iter().map(|value| value.abs()).fold(0.0, f64::max);
        assert!((largest - 1.0).abs() < 1e-12, "{largest}");
    }

    #[test]
    fn the_image_has_no_autapses() {
        let net = EpropPattern { inputs: 3, compartments: 5, ..EpropPattern::default() };
        let file = net.image(1).unwrap();
        let image = file.open().unwrap();
        let weights: Vec<i16> = image.sparse.iter().map(|word| Synapse::from_word(*word).weight).collect();
        let (inputs, recurrent) = weights.split_at(15);
        assert!(inputs.iter().any(|weight| *weight != 0));
        assert!((0..5).all(|at| recurrent[6 * at] == 0));
    }
}
