//! Plastic synapses as the embedded CPU sees them: a group in which every axon reaches every post compartment.

use crate::compartment::Block;
use crate::image::{Dialect, Image, LANES, LearningRecord, Profile, index};
use crate::num::{Decay, decay_toward_zero};
use crate::snip::fired;

/// A group of plastic synapses, axons × posts, axon after axon, of 8 bits and both signs; its post compartments have one
/// plain profile.
#[derive(Clone, Copy, Debug)]
pub struct Layer {
    /// Its axons.
    pub axons: usize,
    /// Its post compartments.
    pub posts: usize,
    /// First of its synapses among all plastic ones.
    pub synapse_first: usize,
    /// First of its post traces among all.
    pub post_trace_first: usize,
    /// Threshold of its post compartments.
    pub v_th: i32,
    /// Refractory period of its post compartments.
    pub refractory: i32,
    /// First of its axons among all plastic ones.
    axon_first: usize,
    /// First of its post compartments on the chip.
    pub compartment_first: usize,
    /// Place of its first post compartment: block · [`LANES`] + lane.
    place_first: usize,
    decay_v: Decay,
    v_range: (i32, i32),
}

impl Layer {
    /// The group of this number; `None` if it is not there.
    pub fn of(image: &Image<'_>, number: usize) -> Option<Self> {
        let group = image.learning_group(number)?;
        let core = image.core(group.core)?;
        let profile = profile_of(image, &group)?;
        let blocks_before: usize = image.cores().take(group.core).map(|core| core.blocks()).sum();
        let [axon_first, synapse_first, post_trace_first] = group.before;
        Some(Self {
            axons: group.axons,
            posts: group.posts,
            synapse_first,
            post_trace_first,
            v_th: profile.v_th,
            refractory: profile.refractory,
            axon_first,
            compartment_first: core.compartment_first.wrapping_add(group.post_first),
            place_first: blocks_before.wrapping_mul(LANES).wrapping_add(group.post_first),
            decay_v: Decay::saturating(profile.decay_v),
            v_range: (profile.v_min, profile.v_max),
        })
    }

    /// The group of this number, if it is such a layer: for the check of a program's parameters.
    pub fn checked(image: &Image<'_>, number: usize) -> Option<Self> {
        let group = image.learning_group(number)?;
        let first_of = |axon: usize| {
            let axon = image.axon(group.axon_first.wrapping_add(axon))?;
            let word = image.sparse.get(axon.first)?;
            (axon.synapses == group.posts).then_some(index(*word & 0x3FF))
        };
        let is_layer = group.dense
            && group.posts > 0
            && group.weight_bits == 8
            && group.sign_mode == 0
            && !group.dialect.has(Dialect::POST_TRACE_AT_SYNAPSE)
            && profile_of(image, &group).is_some_and(|profile| profile.is_plain())
            && (0..group.axons).all(|axon| first_of(axon) == Some(group.post_first));
        if is_layer { Self::of(image, number) } else { None }
    }

    /// The weights of an axon, mantissas, one for every post.
    #[inline]
    pub fn row<'w>(&self, weights: &'w mut [i16], axon: usize) -> &'w mut [i16] {
        let first = self.synapse_first.wrapping_add(axon.wrapping_mul(self.posts));
        weights.get_mut(first..first.wrapping_add(self.posts)).unwrap_or_default()
    }

    /// Its axons among plastic axons that were reached by spikes.
    pub fn arrivals<'s>(&self, arrived: &'s [u32]) -> impl Iterator<Item = usize> + use<'s> {
        let (first, axons) = (self.axon_first, self.axons);
        arrived.iter().map(move |axon| index(*axon).wrapping_sub(first)).filter(move |axon| *axon < axons)
    }

    /// Its posts among compartments that fired, ascending.
    pub fn fired<'s>(&self, spikes: &'s [u32]) -> impl Iterator<Item = usize> + use<'s> {
        fired(spikes, self.compartment_first, self.posts)
    }

    /// The voltages of the posts.
    pub fn voltages<'b>(&self, blocks: &'b [Block]) -> impl Iterator<Item = i32> + use<'b> {
        let (block, lane) = (self.place_first / LANES, self.place_first % LANES);
        let blocks = blocks.get(block..).unwrap_or_default().iter();
        blocks.flat_map(|[_, voltages, _]| voltages).copied().skip(lane).take(self.posts)
    }

    /// Copies the voltages of the posts.
    pub fn copy_voltages(&self, blocks: &[Block], into: &mut [i32]) {
        let (block, lane) = (self.place_first / LANES, self.place_first % LANES);
        let mut blocks = blocks.get(block..).unwrap_or_default().iter();
        let first = if lane == 0 { 0 } else { LANES.wrapping_sub(lane).min(into.len()) };
        let (head, rest) = into.split_at_mut_checked(first).unwrap_or_default();
        if !head.is_empty()
            && let Some([_, voltages, _]) = blocks.next()
        {
            copy(head, voltages.get(lane..).unwrap_or_default());
        }
        let (whole, tail) = rest.as_chunks_mut::<LANES>();
        for (chunk, [_, voltages, _]) in whole.iter_mut().zip(blocks.by_ref()) {
            *chunk = *voltages;
        }
        if let Some([_, voltages, _]) = blocks.next() {
            copy(tail, voltages);
        }
    }

    /// Replaces the voltages of the step before by those of this step, before any spike took them back. `room` has
    /// as many words.
    pub fn replace_voltages(&self, blocks: &[Block], spikes: &[u32], voltages: &mut [i32], room: &mut [i32]) {
        for (post, slot) in self.fired(spikes).zip(room.iter_mut()) {
            let before = voltages.get(post).copied().unwrap_or(0);
            *slot = self.voltage_before_reset(blocks, post, before);
        }
        self.copy_voltages(blocks, voltages);
        for (post, v) in self.fired(spikes).zip(&*room) {
            if let Some(voltage) = voltages.get_mut(post) {
                *voltage = *v;
            }
        }
    }

    /// What a step leaves of a voltage.
    #[inline]
    pub fn decayed(&self, v: i32) -> i32 {
        decay_toward_zero(v, self.decay_v)
    }

    /// The voltage that a post had when it fired, before the spike took it back: computed again from the voltage of
    /// the step before.
    fn voltage_before_reset(&self, blocks: &[Block], post: usize, v_before: i32) -> i32 {
        let place = self.place_first.wrapping_add(post);
        let Some([currents, _, biases]) = blocks.get(place / LANES) else { return 0 };
        let lane = place % LANES;
        let register = |registers: &[i32; LANES]| registers.get(lane).copied().unwrap_or(0);
        let (low, high) = self.v_range;
        // Both are shifted left by 8, so that the sum wraps at 23 bits and sign as in the step itself.
        let input = register(currents).wrapping_add(register(biases)) >> 8;
        decay_toward_zero(v_before, self.decay_v).wrapping_add(input).max(low).min(high)
    }
}

fn copy(into: &mut [i32], from: &[i32]) {
    into.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}

/// The profile of the post compartments, if they all belong to one run of compartments of one profile.
pub(super) fn profile_of(image: &Image<'_>, group: &LearningRecord) -> Option<Profile> {
    let core = image.core(group.core)?;
    let mut first = 0_usize;
    for run in image.groups(&core) {
        let end = first.saturating_add(run.compartments);
        if (first..end).contains(&group.post_first) {
            let inside = group.post_first.saturating_add(group.posts) <= end;
            return if inside { image.pattern(&run).only() } else { None };
        }
        first = end;
    }
    None
}
