//! Exact counts of everything that costs time or energy.

use serde::{Deserialize, Serialize};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// What a chip has done since its counts were last reset. Every count wraps at 2^64.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    postcard_schema::Schema,
    FromBytes,
    IntoBytes,
    Immutable,
    KnownLayout,
)]
#[repr(C)]
pub struct OpCounts {
    /// Steps.
    pub steps: u64,
    /// Compartments advanced by one step.
    pub compartment_updates: u64,
    /// Spikes fired by compartments.
    pub spikes: u64,
    /// Spikes that entered from outside.
    pub input_spikes: u64,
    /// Spikes that arrived at an input axon.
    pub axon_events: u64,
    /// Synapses that added their weight.
    pub synaptic_events: u64,
    /// Traces followed through an epoch by the cores' learning, once per axon and per compartment.
    pub trace_updates: u64,
    /// Synaptic variables written back by the cores' learning.
    pub learning_updates: u64,
    /// Those of them that stayed at an end of their range.
    pub learning_saturations: u64,
    /// Biases written by the embedded CPU.
    pub bias_writes: u64,
    /// Decoders read by the embedded CPU, once per spike and dimension.
    pub decoder_reads: u64,
    /// Decoders changed by the embedded CPU, once per spike and dimension; with traces, once per
    /// compartment, however small its trace.
    pub decoder_updates: u64,
    /// Decoders that a change would have carried out of their range, and that stayed at its end.
    pub decoder_saturations: u64,
    /// Traces of axons that the embedded CPU has let decay by a step.
    pub rule_traces: u64,
    /// Ends of epochs at which a rule of the embedded CPU looked at its error.
    pub rule_opportunities: u64,
    /// Those of them at which the error was large enough to learn from.
    pub rule_triggers: u64,
    /// Weights for which the embedded CPU computed a change.
    pub rule_updates: u64,
    /// Those of them that changed.
    pub rule_changes: u64,
    /// Those of them that came to an end of their range and would have gone further.
    pub rule_saturations: u64,
    /// Third factors that the embedded CPU wrote for the cores' learning.
    pub factor_writes: u64,
}

impl OpCounts {
    /// Nothing yet.
    const ZERO: Self = Self {
        steps: 0,
        compartment_updates: 0,
        spikes: 0,
        input_spikes: 0,
        axon_events: 0,
        synaptic_events: 0,
        trace_updates: 0,
        learning_updates: 0,
        learning_saturations: 0,
        bias_writes: 0,
        decoder_reads: 0,
        decoder_updates: 0,
        decoder_saturations: 0,
        rule_traces: 0,
        rule_opportunities: 0,
        rule_triggers: 0,
        rule_updates: 0,
        rule_changes: 0,
        rule_saturations: 0,
        factor_writes: 0,
    };

    /// What was counted after `before`.
    #[must_use]
    pub const fn since(&self, before: &Self) -> Self {
        Self {
            steps: self.steps.wrapping_sub(before.steps),
            compartment_updates: self.compartment_updates.wrapping_sub(before.compartment_updates),
            spikes: self.spikes.wrapping_sub(before.spikes),
            input_spikes: self.input_spikes.wrapping_sub(before.input_spikes),
            axon_events: self.axon_events.wrapping_sub(before.axon_events),
            synaptic_events: self.synaptic_events.wrapping_sub(before.synaptic_events),
            trace_updates: self.trace_updates.wrapping_sub(before.trace_updates),
            learning_updates: self.learning_updates.wrapping_sub(before.learning_updates),
            learning_saturations: self.learning_saturations.wrapping_sub(before.learning_saturations),
            bias_writes: self.bias_writes.wrapping_sub(before.bias_writes),
            decoder_reads: self.decoder_reads.wrapping_sub(before.decoder_reads),
            decoder_updates: self.decoder_updates.wrapping_sub(before.decoder_updates),
            decoder_saturations: self.decoder_saturations.wrapping_sub(before.decoder_saturations),
            rule_traces: self.rule_traces.wrapping_sub(before.rule_traces),
            rule_opportunities: self.rule_opportunities.wrapping_sub(before.rule_opportunities),
            rule_triggers: self.rule_triggers.wrapping_sub(before.rule_triggers),
            rule_updates: self.rule_updates.wrapping_sub(before.rule_updates),
            rule_changes: self.rule_changes.wrapping_sub(before.rule_changes),
            rule_saturations: self.rule_saturations.wrapping_sub(before.rule_saturations),
            factor_writes: self.factor_writes.wrapping_sub(before.factor_writes),
        }
    }

    /// Both together.
    #[must_use]
    pub const fn plus(&self, more: &Self) -> Self {
        self.since(&Self::ZERO.since(more))
    }

    /// Counts weights that the embedded CPU wrote: computed, changed, held at an end of their range.
    pub fn count_updates(&mut self, updates: u32, changes: u32, saturations: u32) {
        self.rule_updates = self.rule_updates.wrapping_add(u64::from(updates));
        self.rule_changes = self.rule_changes.wrapping_add(u64::from(changes));
        self.rule_saturations = self.rule_saturations.wrapping_add(u64::from(saturations));
    }
}
