//! What learns: traces, and groups of axons that share a rule.

use super::{AxonOptions, ImageBuilder, Source};
use loihi_core::image::{Dialect, LearningRecord, ProductRecord, Rounding, Target, TraceRecord};
use loihi_core::synapse::{SignMode, Synapse};
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

    /// Begins a plastic group on a core and returns its number; its axons are added by [`ImageBuilder::plastic_axon`]
    /// before those of the next group. Its post traces are those of the compartments `posts` of the core.
    pub fn plastic_group(&mut self, core: usize, posts: Range<usize>, plasticity: &Plasticity) -> usize {
        let before = self.learning.last().map_or([0; 3], |last| {
            [last.before[0] + last.axons, last.before[1] + last.synapses, last.before[2] + last.posts]
        });
        if plasticity.products.iter().any(|product| product.target == Target::Delay)
            && !plasticity.dialect.has(Dialect::LAVA_RANGES)
            && let Some(core) = self.cores.get_mut(core)
        {
            core.delay_max = 62;
        }
        self.learning.push(LearningRecord {
            core,
            axon_first: self.axons.len(),
            axons: 0,
            synapse_first: self.sparse.len(),
            synapses: 0,
            before,
            post_first: posts.start,
            posts: posts.len(),
            product_first: self.products.len(),
            products: plasticity.products.len(),
            epoch_steps: plasticity.epoch_steps,
            wgt_exp: plasticity.wgt_exp,
            weight_bits: plasticity.weight_bits,
            sign_mode: plasticity.sign_mode as u32,
            rounding: plasticity.rounding,
            dialect: plasticity.dialect,
            dense: true,
            traces: plasticity.traces,
        });
        self.products.extend_from_slice(&plasticity.products);
        self.learning.len() - 1
    }

    /// Adds an axon to the last plastic group and returns its number. The weights of the synapses are mantissas.
    pub fn plastic_axon(&mut self, source: Source, synapses: &[Synapse]) -> u32 {
        let stored = self.sparse_synapses(synapses, 1);
        let group = self.learning.len();
        let Some(record) = self.learning.last_mut() else { return 0 };
        record.dense &= synapses.windows(2).all(|pair| pair[0].compartment + 1 == pair[1].compartment);
        record.axons += 1;
        record.synapses += synapses.len();
        if record.dialect.has(Dialect::POST_TRACE_AT_SYNAPSE) {
            record.posts = record.synapses;
        }
        let (core, weight_bits) = (record.core, record.weight_bits);
        let axon = self.axon(core, &stored, AxonOptions { weight_bits, ..AxonOptions::default() });
        if let Some(axon) = self.axons.last_mut() {
            axon.learning = group;
        }
        self.route(source, axon, 0);
        axon
    }
}
