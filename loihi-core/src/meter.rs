//! What every core does, counted while somebody asks for it.
//!
//! The counts of [`OpCounts`](crate::ops::OpCounts) are always kept, and of the whole chip. Those here are per core and
//! tell compartments that have something to do from those that have not; counting them walks the registers once more,
//! so it is switched on ([`Chip::set_metering`](crate::chip::Chip::set_metering)) and costs a branch when it is off.

use crate::compartment::Block;
use crate::image::{CoreRecord, Image, SynapseFormat};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// What a core has done while it was metered. Every count wraps at 2^32: take differences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct CoreCounts {
    /// Compartment updates that had something to do: current, voltage, input or bias was not 0 before, or there is
    /// noise. What another compartment of the same neuron passes on does not count as input.
    pub active: u32,
    /// Spikes that its compartments fired.
    pub spikes: u32,
    /// Spikes that arrived at its input axons.
    pub axon_events: u32,
    /// Synaptic events at dense axons.
    pub dense_events: u32,
    /// Synaptic events at sparse axons that are discrete.
    pub sparse_events: u32,
    /// Synaptic events at population axons, whose synapses are shared.
    pub shared_events: u32,
    /// Traces followed through an epoch.
    pub trace_updates: u32,
    /// Synaptic variables written back.
    pub learning_updates: u32,
}

impl CoreCounts {
    /// Number of counts.
    pub const WORDS: usize = 8;

    /// The counts in their order.
    pub const fn words(&self) -> [u32; Self::WORDS] {
        [
            self.active,
            self.spikes,
            self.axon_events,
            self.dense_events,
            self.sparse_events,
            self.shared_events,
            self.trace_updates,
            self.learning_updates,
        ]
    }

    /// What was counted after `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let mut words = self.words();
        for (after, before) in words.iter_mut().zip(before.words()) {
            *after = after.wrapping_sub(before);
        }
        Self::from_words(words)
    }

    /// The counts from their words.
    pub const fn from_words(words: [u32; Self::WORDS]) -> Self {
        let [active, spikes, axon_events, dense_events, sparse_events, shared_events, trace_updates, learning_updates] =
            words;
        Self {
            active,
            spikes,
            axon_events,
            dense_events,
            sparse_events,
            shared_events,
            trace_updates,
            learning_updates,
        }
    }
}

/// The counts of all cores, and how long the embedded CPU's programs took.
#[derive(Debug)]
pub struct Meter<'a> {
    /// Whether anything is counted.
    pub on: bool,
    /// Counts executed instructions, if the board can.
    pub clock: Option<fn() -> u64>,
    /// Instructions of the embedded CPU's programs since the chip was resumed, without what the cores did for the
    /// spikes that they sent.
    pub snip_instructions: u64,
    /// When the embedded CPU has begun with what is not yet in `snip_instructions`.
    pub since: u64,
    /// Per core.
    pub cores: &'a mut [CoreCounts],
}

impl Meter<'_> {
    /// The embedded CPU continues.
    #[cold]
    #[inline(never)]
    pub fn resume(&mut self) {
        self.since = self.clock.map_or(0, |now| now());
    }

    /// The embedded CPU stops.
    #[cold]
    #[inline(never)]
    pub fn stop(&mut self) {
        let took = self.clock.map_or(0, |now| now()).wrapping_sub(self.since);
        self.snip_instructions = self.snip_instructions.wrapping_add(took);
    }

    /// The embedded CPU has sent a spike into `source`, and stops while the cores deliver it.
    #[cold]
    #[inline(never)]
    pub fn pause(&mut self, image: &Image<'_>, source: usize) {
        self.stop();
        self.count_arrivals(image, source);
    }

    /// Counts what one spike of `source` does at the cores that it reaches.
    #[cold]
    #[inline(never)]
    pub fn count_arrivals(&mut self, image: &Image<'_>, source: usize) {
        for &word in image.routes(source) {
            let Some(axon) = image.axon(image.route(word).axon) else { continue };
            let Some(core) = self.cores.get_mut(axon.core) else { continue };
            core.axon_events = core.axon_events.wrapping_add(1);
            let events = match axon.format {
                _ if axon.atoms > 1 => &mut core.shared_events,
                SynapseFormat::Dense => &mut core.dense_events,
                SynapseFormat::Sparse => &mut core.sparse_events,
            };
            *events = events.wrapping_add(u32::try_from(axon.synapses).unwrap_or(u32::MAX));
        }
    }

    /// Counts the compartments of a core that have something to do. `blocks` are the core's own, `sums_64` and
    /// `auxiliary_input` begin with the synaptic sums of this step.
    #[cold]
    #[inline(never)]
    pub fn count_active(
        &mut self,
        image: &Image<'_>,
        number: usize,
        record: &CoreRecord,
        blocks: &[Block],
        sums_64: &[i16],
        auxiliary_input: &[i32],
    ) {
        let Some(core) = self.cores.get_mut(number) else { return };
        let registers =
            blocks.iter().flat_map(|[currents, voltages, biases]| currents.iter().zip(voltages).zip(biases));
        let busy = registers.map(|((u, v), bias)| (*u | *v | *bias) != 0);
        let joined = auxiliary_input.iter().copied().chain(core::iter::repeat(0));
        let busy = busy.zip(sums_64).zip(joined).map(|((busy, sum), joined)| busy || *sum != 0 || joined != 0);
        let mut busy = busy.take(record.compartments);
        for group in image.groups(record) {
            let pattern = image.pattern(&group);
            let noisy = (0..pattern.len()).map(|at| pattern.get(at).is_some_and(|profile| profile.noise.is_some()));
            let active =
                busy.by_ref().take(group.compartments).zip(noisy.cycle()).filter(|(busy, noisy)| *busy || *noisy);
            core.active = core.active.wrapping_add(u32::try_from(active.count()).unwrap_or(u32::MAX));
        }
    }

    /// Counts what the end of an epoch did at a core.
    pub fn count_learning(&mut self, core: usize, trace_updates: u64, learning_updates: u64) {
        let Some(core) = self.cores.get_mut(core).filter(|_| self.on) else { return };
        let low = |count: u64| u32::try_from(count & 0xFFFF_FFFF).unwrap_or(u32::MAX);
        core.trace_updates = core.trace_updates.wrapping_add(low(trace_updates));
        core.learning_updates = core.learning_updates.wrapping_add(low(learning_updates));
    }
}
