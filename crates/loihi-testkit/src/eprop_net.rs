//! A recurrent layer that learns by e-prop to follow a sum of four sines while it hears the same noise again and again: built
//! step by step, and as a network file.

use crate::layers::bernoulli_inputs;
use loihi_core::image::{Profile, Synapse};
use loihi_core::rules::{Adaptation, EpropParams};
use loihi_core::tools::rank_one::Precision;
use loihi_image::image::{BuildError, ImageBuilder, ImageFile, Plasticity, Source};
use loihi_net::draw::{self, gauss, uniform};

/// Full scale of the encoder.
const FULL_SCALE: u32 = 1 << 12;
/// Units of the voltage in a step of the weights' format: a mantissa of 2, in units of 64.
const WEIGHT_STEP: f64 = 128.0;

/// Parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct EpropNet {
    /// Inputs.
    pub inputs: u32,
    /// Recurrent compartments.
    pub compartments: u32,
    /// Steps of the pattern.
    pub steps: u32,
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
    pub precision: Precision,
    /// Binary logarithm of the time constant of the filter of eligibilities; 0 for none.
    pub kappa_shift: u32,
    /// What a spike adds to a compartment's threshold, in units of 1/4096 of it; 0 for thresholds that stay.
    pub adaptation_strength: u32,
    /// Binary logarithm of the time constant with which it sinks back.
    pub adaptation_tau_shift: u32,
}

impl Default for EpropNet {
    fn default() -> Self {
        Self {
            inputs: 100,
            compartments: 100,
            steps: 1000,
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
            precision: Precision::Stochastic,
            kappa_shift: 0,
            adaptation_strength: 0,
            adaptation_tau_shift: 8,
        }
    }
}

impl EpropNet {
    /// The network. The stimulus holds a value per input and the key of the noise; the target is one word, and so is
    /// the output, both Q3.12.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn image(&self, seed: u32) -> Result<ImageFile, BuildError> {
        let mut builder = ImageBuilder::new();
        builder.seed(seed);
        builder.mailboxes(self.inputs + 2, 1, 1);
        let inputs = bernoulli_inputs(&mut builder, self.inputs, FULL_SCALE, draw::encoder_seed(seed));
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
            precision: self.precision,
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

    /// The same as a network file, which also says the pattern, and 300 iterations that learn.
    pub fn text(&self) -> String {
        let Self { inputs, compartments, steps, decay, error_shift, error_threshold, kappa_shift, .. } = *self;
        let Self { rate_shift, readout_rate_shift, spikes_target, rate_gain, feedback_deviation, .. } = *self;
        let (value, v_th, last) =
            (draw::whole(self.input_rate * 4096.0), self.v_th / 64, steps.saturating_sub(1).max(1));
        let [outer, inner] = [inputs, compartments].map(|axons| self.deviation(axons));
        let precision = match self.precision {
            Precision::Stochastic => "stochastic",
            Precision::Nearest => "nearest",
            Precision::Truncate => "truncate",
            Precision::Shadow => "shadow",
        };
        let adaptation = self.adaptation().map_or_else(String::new, |Adaptation { strength, tau_shift }| {
            format!("adaptation = {{ strength = {strength}, tau_shift = {tau_shift} }}\n")
        });
        format!(
            r#"
input = [{{ name = "noise", shape = [{inputs}] }}]
population = [{{ name = "layer", shape = [{compartments}], decay_v = {decay}, v_th = {v_th} }}]

[task]
epochs = 300
steps = {steps}
episodes = true
test_epochs = 1
metrics = ["nmse", "trigger_rate", "spikes_per_iteration", "saturation_rate"]

[plant]
plant = "sines"
period_steps = {last}
periods = [1.0, 2.0, 3.0, 5.0]
normalised = true

[[connection]]
from = "noise"
to = "layer"
weights = {{ normal = {outer:?}, stream = 1, by_source = true }}

[[connection]]
from = "layer"
to = "layer"
weights = {{ normal = {inner:?}, stream = 2, by_source = true, autapses = false }}

[[snip]]
kind = "bernoulli-encoder"
full_scale = 4096
value = {value}

[[snip]]
kind = "eprop"
population = "layer"
feedback_deviation = {feedback_deviation:?}
readout_shift = 7
error_shift = {error_shift}
error_limit = 256
error_threshold = {error_threshold}
shift = {rate_shift}
readout_rate_shift = {readout_rate_shift}
precision = "{precision}"
rate_steps = {steps}
rate_target = {spikes_target}
rate_gain = {rate_gain}
kappa_shift = {kappa_shift}
{adaptation}"#
        )
    }

    /// Standard deviation of the weights of as many axons, in steps of the format.
    fn deviation(&self, axons: u32) -> f64 {
        self.weight_deviation * f64::from(self.v_th) / WEIGHT_STEP / f64::from(axons).sqrt()
    }

    fn adaptation(&self) -> Option<Adaptation> {
        let Self { adaptation_strength: strength, adaptation_tau_shift: tau_shift, .. } = *self;
        (strength > 0).then_some(Adaptation { strength, tau_shift })
    }

    /// A plastic group from these sources to all compartments, without autapses; returns its number.
    fn layer(&self, builder: &mut ImageBuilder, core: usize, sources: &[Source], seed: u32, what: u32) -> u32 {
        let deviation = self.deviation(u32::try_from(sources.len()).unwrap_or(u32::MAX));
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_begins_at_0_and_reaches_1() {
        let pattern = EpropNet::default().pattern(5);
        assert_eq!(pattern.len(), 1000);
        assert!(pattern[0].abs() < 1e-12);
        let largest = pattern.iter().map(|value| value.abs()).fold(0.0, f64::max);
        assert!((largest - 1.0).abs() < 1e-12, "{largest}");
    }

    #[test]
    fn the_image_has_no_autapses() {
        let net = EpropNet { inputs: 3, compartments: 5, ..EpropNet::default() };
        let file = net.image(1).unwrap();
        let image = file.open().unwrap();
        let weights: Vec<i16> = image.sparse.iter().map(|word| Synapse::from_word(*word).weight).collect();
        let (inputs, recurrent) = weights.split_at(15);
        assert!(inputs.iter().any(|weight| *weight != 0));
        assert!((0..5).all(|at| recurrent[6 * at] == 0));
    }
}
