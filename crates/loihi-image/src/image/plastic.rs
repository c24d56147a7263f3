//! What learns: traces, and groups of axons that share a rule.

use super::{AxonOptions, ImageBuilder, Source, count};
use loihi_core::image::{Dialect, LearningRecord, ProductRecord, Rounding, Synapse, Target, TraceRecord};
use loihi_core::synapse::SignMode;
use std::ops::Range;

/// What is left of each value of a trace after a decay, and the chance of 1 more in units of 2^-32.
pub type DecayTable = [[u32; 2]; 128];

/// The table of a trace that keeps `keep` of its value in a decay, 0 to 1, and has `added` added in it.
pub fn decay_table(keep: f64, added: f64) -> DecayTable {
    std::array::from_fn(|value| {
        let left = keep * f64::from(u8::try_from(value).unwrap_or(u8::MAX)) + added;
        let whole = left.floor().clamp(0.0, 127.0);
        let chance = ((left - left.floor()) * 2_f64.powi(32)).ceil().min(f64::from(u32::MAX));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held to the range")]
        [whole as u32, if left >= 127.0 { 0 } else { chance as u32 }]
    })
}

/// How the axons of a plastic group learn.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plasticity {
    /// The rule: what [`crate::rule::parse`] gives.
    pub products: Vec<ProductRecord>,
    /// Traces x1, x2, y1, y2, y3: what [`ImageBuilder::trace`] returned, or 0 for one that keeps what is written.
    pub traces: [usize; 5],
    /// Steps per epoch, 1..=64.
    pub epoch_steps: u32,
    /// Exponent of the weights, −8..=7.
    pub wgt_exp: i32,
    /// Precision of the weights, 0..=8 without 7.
    pub weight_bits: u32,
    /// Signs of the weights.
    pub sign_mode: SignMode,
    /// Rounding of what is written back.
    pub rounding: Rounding,
    /// In what it differs from the chip.
    pub dialect: Dialect,
}

impl Default for Plasticity {
    /// Weights of 8 bits and both signs without a rule: something other than the core changes them.
    fn default() -> Self {
        Self {
            products: Vec::new(),
            traces: [0; 5],
            epoch_steps: 1,
            wgt_exp: 0,
            weight_bits: 8,
            sign_mode: SignMode::Mixed,
            rounding: Rounding::Stochastic,
            dialect: Dialect::default(),
        }
    }
}

impl Plasticity {
    /// Sets the rule.
    #[must_use]
    pub fn products(mut self, products: Vec<ProductRecord>) -> Self {
        self.products = products;
        self
    }

    /// Sets the traces x1, x2, y1, y2, y3.
    #[must_use]
    pub const fn traces(mut self, traces: [usize; 5]) -> Self {
        self.traces = traces;
        self
    }

    /// Sets the steps of an epoch, 1..=64.
    #[must_use]
    pub const fn epoch_steps(mut self, epoch_steps: u32) -> Self {
        self.epoch_steps = epoch_steps;
        self
    }

    /// Sets the exponent of the weights, −8..=7.
    #[must_use]
    pub const fn wgt_exp(mut self, wgt_exp: i32) -> Self {
        self.wgt_exp = wgt_exp;
        self
    }

    /// Sets the precision of the weights, 0..=8 without 7.
    #[must_use]
    pub const fn weight_bits(mut self, weight_bits: u32) -> Self {
        self.weight_bits = weight_bits;
        self
    }

    /// Sets the signs of the weights.
    #[must_use]
    pub const fn sign_mode(mut self, sign_mode: SignMode) -> Self {
        self.sign_mode = sign_mode;
        self
    }

    /// Sets the rounding of what is written back.
    #[must_use]
    pub const fn rounding(mut self, rounding: Rounding) -> Self {
        self.rounding = rounding;
        self
    }

    /// Sets in what it differs from the chip.
    #[must_use]
    pub const fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }
}

/// Synapses without delay to each of some compartments, with the weight that each gets.
pub fn full_row(posts: Range<usize>, weight: impl Fn(usize) -> i16) -> Vec<Synapse> {
    posts.map(|compartment| Synapse { compartment, delay: 0, weight: weight(compartment) }).collect()
}

impl ImageBuilder {
    /// Adds a trace and returns its number for [`Plasticity::traces`].
    pub fn trace(
        &mut self,
        impulse: i32,
        impulse_fraction: u32,
        decay: &DecayTable,
        joint: Option<&DecayTable>,
    ) -> usize {
        let decay_first = self.tables.len();
        self.tables.extend(decay);
        let joint_first = joint.map_or(decay_first, |joint| {
            let first = self.tables.len();
            self.tables.extend(joint);
            first
        });
        self.traces.push(TraceRecord { impulse, impulse_fraction, decay_first, joint_first });
        self.traces.len()
    }

    /// Adds a plastic group to a core: an axon for each of the sources, with synapses whose weights are mantissas.
    /// Returns the number of the group. Post traces are those of the compartments `posts` of the core; a core or
    /// compartments that are not there are refused by [`ImageBuilder::build`].
    pub fn plastic_group(
        &mut self,
        core: usize,
        posts: Range<usize>,
        plasticity: &Plasticity,
        axons: impl IntoIterator<Item = (Source, Vec<Synapse>)>,
    ) -> u32 {
        let before = self.learning.last().map_or([0; 3], |last| {
            [last.before[0] + last.axons, last.before[1] + last.synapses, last.before[2] + last.posts]
        });
        if plasticity.products.iter().any(|product| product.target == Target::Delay)
            && !plasticity.dialect.has(Dialect::LAVA_RANGES)
            && let Some(core) = self.cores.get_mut(core)
        {
            core.delay_max = 62;
        }
        let (axon_first, synapse_first) = (self.axons.len(), self.sparse.len());
        let mut dense = true;
        for (source, synapses) in axons {
            dense &= synapses.windows(2).all(|pair| pair[0].compartment + 1 == pair[1].compartment);
            let stored = self.sparse_synapses(&synapses, 1);
            let options = AxonOptions { weight_bits: plasticity.weight_bits, ..AxonOptions::default() };
            let axon = self.axon(core, &stored, options);
            self.route(source, axon, 0);
        }
        let number = self.learning.len() + 1;
        for axon in &mut self.axons[axon_first..] {
            axon.learning = number;
        }
        let synapses = self.sparse.len() - synapse_first;
        let at_synapse = plasticity.dialect.has(Dialect::POST_TRACE_AT_SYNAPSE);
        self.learning.push(LearningRecord {
            core,
            axon_first,
            axons: self.axons.len() - axon_first,
            synapse_first,
            synapses,
            before,
            post_first: posts.start,
            posts: if at_synapse { synapses } else { posts.len() },
            product_first: self.products.len(),
            products: plasticity.products.len(),
            epoch_steps: plasticity.epoch_steps,
            wgt_exp: plasticity.wgt_exp,
            weight_bits: plasticity.weight_bits,
            sign_mode: plasticity.sign_mode as u32,
            rounding: plasticity.rounding,
            dialect: plasticity.dialect,
            dense,
            traces: plasticity.traces,
        });
        self.products.extend_from_slice(&plasticity.products);
        count(self.learning.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_core::image::Profile;

    /// What is said of a group on `core`, with post traces of `posts`, in a network of one core with 2 compartments.
    fn refusal(core: usize, posts: Range<usize>, axons: &[(Source, Vec<Synapse>)]) -> Option<String> {
        let mut builder = ImageBuilder::new();
        builder.inputs(1);
        builder.group(2, Profile::DEFAULT);
        let plasticity = Plasticity::default();
        let number = builder.plastic_group(core, posts, &plasticity, axons.iter().cloned());
        assert_eq!(number, 0, "the first group");
        builder.build().err().map(|error| error.to_string())
    }

    #[test]
    fn a_group_that_is_not_on_the_chip_is_refused() {
        let axon = |compartment| vec![(Source::Input(0), vec![Synapse { compartment, delay: 0, weight: 2 }])];
        assert_eq!(refusal(0, 0..2, &axon(1)), None);
        for (core, posts, axons, wrong) in [
            (1, 0..2, axon(1), "Axons, element 0"),
            (1, 0..2, Vec::new(), "Learning, element 0"),
            (0, 0..3, axon(1), "Learning, element 0"),
            (0, 0..1, axon(1), "Learning, element 0"),
            (0, 0..2, axon(2), "Axons, element 0"),
        ] {
            let said = refusal(core, posts.clone(), &axons);
            let said = said.unwrap_or_else(|| panic!("core {core}, posts {posts:?}: accepted"));
            assert!(said.contains(wrong), "core {core}, posts {posts:?}: {said}");
        }
    }
}
