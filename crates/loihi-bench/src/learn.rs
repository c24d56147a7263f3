//! Plastic synapses from every input to every compartment, timed step by step.
//!
//! Every compartment has an input axon of its own besides, whose spike makes it fire, so that inputs and compartments
//! spike at the same rate. With a third factor, y1 is not a trace: the embedded CPU writes it before each epoch.

use super::clock::{After, BenchError, Built, Timing, below, default_steps, meter, random_input, time};
use super::steps::one_by_one;
use loihi_core::chip::Chip;
use loihi_core::image::{Profile, Synapse, Variable};
use loihi_core::num::word;
use loihi_core::register::Register;
use loihi_device::meter::MeteredRun;
use loihi_image::image::{ImageBuilder, ImageFile, Plasticity, Source, decay_table};
use loihi_image::rule::{self, Limits};

/// Pairwise spike-timing-dependent plasticity.
pub const STDP: &str = "2^-2*x1*y0 - 2^-2*x0*y1";

/// What is timed.
#[derive(Clone, Debug, PartialEq)]
pub struct Learn {
    /// Plastic inputs.
    pub pre: u32,
    /// Compartments, at most 1,024.
    pub post: u32,
    /// The rule.
    pub rule: String,
    /// Chance that an input, or a compartment, spikes in a step.
    pub rate: f64,
    /// Steps per epoch.
    pub epoch_steps: u32,
    /// Whether the embedded CPU writes y1.
    pub third_factor: bool,
    /// Steps that are timed.
    pub steps: usize,
    /// Seed of network and input.
    pub seed: u32,
}

impl Learn {
    /// Steps that take about a tenth of a second.
    pub fn default_steps(pre: u32, post: u32) -> usize {
        default_steps(pre.saturating_mul(post) / 4).min(20_000)
    }

    /// The network.
    ///
    /// # Errors
    /// [`BenchError`] if the rule cannot be read or the network not be built.
    pub fn image(&self) -> Result<ImageFile, BenchError> {
        let products = rule::parse(&self.rule, &Limits::RELAXED).map_err(BenchError::Rule)?;
        let mut builder = ImageBuilder::new();
        builder.beyond_the_chip();
        builder.seed(self.seed);
        let core = builder.core();
        builder.group(self.post as usize, Profile { decay_v: 4096, v_th: 1000 << 6, ..Profile::DEFAULT });
        let inputs = builder.inputs(self.pre + self.post);
        let trace = |builder: &mut ImageBuilder, impulse, tau_steps: f64| {
            builder.trace(impulse, 0, &decay_table((-1.0 / tau_steps).exp(), 0.0), None)
        };
        // Only the traces that the rule reads are kept.
        let reads = |variable| {
            let mut factors = products.iter().flat_map(|product| product.factor.iter().take(product.factors));
            factors.any(|factor| factor.variable == variable) && !(self.third_factor && variable == Variable::Y1)
        };
        let parameters = [
            (Variable::X1, 60, 10.0),
            (Variable::X2, 30, 25.0),
            (Variable::Y1, 60, 10.0),
            (Variable::Y2, 30, 25.0),
            (Variable::Y3, 20, 40.0),
        ];
        let traces = parameters.map(
            |(variable, impulse, tau_steps)| {
                if reads(variable) { trace(&mut builder, impulse, tau_steps) } else { 0 }
            },
        );
        let plasticity = Plasticity::default().products(products).traces(traces).epoch_steps(self.epoch_steps);
        let axons = inputs.clone().zip(0..self.pre).map(|(input, pre)| (Source::Input(input), self.synapses(pre)));
        builder.plastic_group(core, 0..self.post as usize, &plasticity, axons);
        for (compartment, input) in inputs.skip(self.pre as usize).enumerate() {
            builder.sparse(Source::Input(input), core, &[Synapse { compartment, delay: 0, weight: i16::MAX }]);
        }
        Ok(builder.build()?)
    }

    /// Small random weights of both signs.
    fn synapses(&self, pre: u32) -> Vec<Synapse> {
        let weight = |post: u32| {
            let even = 2 * i64::from(below(9, word(self.seed, pre, post, 1))) - 8;
            i16::try_from(even).unwrap_or(0)
        };
        (0..self.post).map(|post| Synapse { compartment: post as usize, delay: 0, weight: weight(post) }).collect()
    }

    /// Times the network on this host; `after` is told how far it is.
    ///
    /// # Errors
    /// [`BenchError`].
    pub fn time(&self, after: After<'_>) -> Result<Timing, BenchError> {
        let network = Built::by(|| self.image())?;
        let input = random_input(self.pre + self.post, self.rate, self.steps, self.seed)?;
        let compute = |chip: &mut Chip<'_>, inputs: &[Vec<usize>]| {
            one_by_one(chip, inputs, |chip, step| self.teach(chip, step));
            1
        };
        time(&network, &input, compute, after)
    }

    /// What its cores do in some steps, for a model of what they cost.
    ///
    /// # Errors
    /// [`BenchError`].
    pub fn meter(&self) -> Result<MeteredRun, BenchError> {
        let input = random_input(self.pre + self.post, self.rate, self.steps, self.seed)?;
        meter(&self.image()?, &input, |chip, step| self.teach(chip, step))
    }

    /// Writes y1 before an epoch, if the embedded CPU does that.
    fn teach(&self, chip: &mut Chip<'_>, step: usize) {
        let error = |post: u32| {
            let draw = below(255, word(self.seed, u32::try_from(step).unwrap_or(u32::MAX), post, 4));
            i32::try_from(draw).unwrap_or(0) - 127
        };
        if self.third_factor && step.is_multiple_of(self.epoch_steps as usize) {
            chip.write(Register::Y1, 0, (0..self.post).map(error));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learn(rule: &str, third_factor: bool) -> Timing {
        let rule = rule.to_owned();
        let learn = Learn { pre: 40, post: 20, rule, rate: 0.05, epoch_steps: 1, third_factor, steps: 500, seed: 1 };
        learn.time(&mut |_, _| {}).unwrap()
    }

    #[test]
    fn weights_change_where_something_spikes() {
        let counts = learn(STDP, false).counts;
        assert_eq!(counts.trace_updates, 60 * 500);
        assert!(counts.learning_updates > 1000, "{counts:?}");
        let never = learn("2^-2*x1*y0*r1", false).counts;
        assert_eq!(never.learning_updates, 0, "without reward");
    }

    #[test]
    fn a_third_factor_teaches_without_spikes_of_the_compartments() {
        let counts = learn("2^-4*u0*x1*y1", true).counts;
        assert!(counts.learning_updates > 10_000, "{counts:?}");
    }
}
