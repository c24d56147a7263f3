//! Which synapses a spike reaches, on which core.

use crate::dendrite::Accumulators;
use crate::image::{AxonRecord, CoreRecord, Dialect, Image, Route, SynapseFormat, index};
use crate::ops::OpCounts;
use crate::plastic::Plastic;
use crate::synapse::{
    Place, scale, scatter_auxiliary_dense, scatter_auxiliary_sparse, scatter_dense, scatter_sparse, scatter_undelayed,
};

/// Delivers one spike of `source` to all its axons, so that it counts in step `t` (plus each synapse's delay).
///
/// Unknown sources reach nothing.
#[inline(always)]
pub fn deliver(
    image: &Image<'_>,
    accumulators: &mut Accumulators<'_>,
    plastic: &mut Plastic<'_>,
    t: u32,
    source: usize,
    ops: &mut OpCounts,
) {
    let (mut axons, mut synapses) = (0_u64, 0_u64);
    for &word in image.routes(source) {
        let route = Route::from_word(word);
        if let Some(axon) = image.axon(route.axon)
            && let Some(core) = image.core(axon.core)
        {
            if axon.sum == 0 && axon.learning == 0 {
                enter(image, accumulators.rings_64, t, &core, &axon, route.atom);
            } else if axon.learning == 0 {
                enter_auxiliary(image, accumulators.auxiliary, t, &core, &axon, route.atom);
            } else {
                enter_plastic(image, accumulators.rings_64, plastic, t, &core, &axon, route.axon);
            }
            axons = axons.wrapping_add(1);
            synapses = synapses.wrapping_add(axon.synapses as u64);
        }
    }
    ops.axon_events = ops.axon_events.wrapping_add(axons);
    ops.synaptic_events = ops.synaptic_events.wrapping_add(synapses);
}

/// Where the synapses of an axon end in the ring of its core.
#[inline(always)]
fn place(t: u32, core: &CoreRecord, compartment_base: usize) -> Place {
    let slot = index(t) & core.slots.wrapping_sub(1);
    Place { slot, slots: core.slots, slot_length: core.slot_length(), compartment_base }
}

/// Adds the synapses of one axon into its core's ring.
#[inline(always)]
fn enter(image: &Image<'_>, rings: &mut [i16], t: u32, core: &CoreRecord, axon: &AxonRecord, atom: usize) {
    let synapses = axon.atom(atom);
    if core.slots != 1 {
        return enter_delayed(image, rings, t, core, axon, atom);
    }
    let Some(rings) = rings.get_mut(core.accumulator_first..) else { return };
    match axon.format {
        SynapseFormat::Sparse => {
            scatter_undelayed(rings, axon.compartment_base, image.sparse.get(synapses).unwrap_or_default());
        }
        SynapseFormat::Dense => {
            let accumulators = rings.get_mut(axon.compartment_base..).unwrap_or_default();
            scatter_dense(accumulators, image.dense.get(synapses).unwrap_or_default());
        }
    }
}

/// The same for a core with delays.
#[inline(never)]
fn enter_delayed(image: &Image<'_>, rings: &mut [i16], t: u32, core: &CoreRecord, axon: &AxonRecord, atom: usize) {
    let Some(ring) = rings.get_mut(core.ring()) else { return };
    let synapses = axon.atom(atom);
    let place = place(t, core, axon.compartment_base);
    match axon.format {
        SynapseFormat::Sparse => scatter_sparse(ring, &place, image.sparse.get(synapses).unwrap_or_default()),
        SynapseFormat::Dense => {
            let accumulators = ring.get_mut(place.of(0, 0)..).unwrap_or_default();
            scatter_dense(accumulators, image.dense.get(synapses).unwrap_or_default());
        }
    }
}

/// Adds the synapses of one axon into one of the core's auxiliary accumulators.
#[cold]
fn enter_auxiliary(
    image: &Image<'_>,
    auxiliary: &mut [i32],
    t: u32,
    core: &CoreRecord,
    axon: &AxonRecord,
    atom: usize,
) {
    let Some(sum) = image.sum(core.sum_first.wrapping_add(axon.sum).wrapping_sub(1)) else { return };
    let Some(ring) = auxiliary.get_mut(core.ring_of(&sum)) else { return };
    let synapses = axon.atom(atom);
    let place = place(t, core, axon.compartment_base);
    match axon.format {
        SynapseFormat::Sparse => scatter_auxiliary_sparse(ring, &place, image.sparse.get(synapses).unwrap_or_default()),
        SynapseFormat::Dense => {
            let accumulators = ring.get_mut(place.of(0, 0)..).unwrap_or_default();
            scatter_auxiliary_dense(accumulators, image.dense.get(synapses).unwrap_or_default());
        }
    }
}

/// Adds the weights of a plastic axon as they are now into its core's ring, and marks the axon.
#[inline(never)]
fn enter_plastic(
    image: &Image<'_>,
    rings: &mut [i16],
    plastic: &mut Plastic<'_>,
    t: u32,
    core: &CoreRecord,
    axon: &AxonRecord,
    number: usize,
) {
    let Some(group) = image.learning_group(axon.learning.wrapping_sub(1)) else { return };
    let [axons_before, synapses_before, _] = group.before;
    let marked = number.wrapping_sub(group.axon_first).wrapping_add(axons_before);
    plastic.arrived.push(u32::try_from(marked).unwrap_or(u32::MAX));
    let Some(ring) = rings.get_mut(core.ring()) else { return };
    let place = place(t, core, 0);
    let synapse = axon.first.wrapping_sub(group.synapse_first).wrapping_add(synapses_before);
    let weights = plastic.weights.get(synapse..).unwrap_or_default();
    let delays = plastic.delays.get(synapse..).unwrap_or_default();
    let words = image.sparse.get(axon.elements()).unwrap_or_default();
    if group.dense && core.slots == 1 {
        // A core with one slot has no delays.
        let start = words.first().map_or(0, |word| index(*word & 0x3FF));
        let weights = weights.get(..words.len()).unwrap_or_default();
        return add_row(ring.get_mut(start..).unwrap_or_default(), weights, group.wgt_exp);
    }
    let fixed_delays = group.dialect.has(Dialect::LAVA_RANGES);
    for ((word, weight), delay) in words.iter().zip(weights).zip(delays) {
        let delay = if fixed_delays { *word >> 10 & 0x3F } else { u32::from(delay.cast_unsigned()) };
        if let Some(sum) = ring.get_mut(place.of(index(*word & 0x3FF), index(delay))) {
            *sum = sum.wrapping_add(scale(i32::from(*weight), group.wgt_exp));
        }
    }
}

/// Adds weights to the sums of consecutive compartments, which wrap.
fn add_row(sums: &mut [i16], weights: &[i16], wgt_exp: i32) {
    if wgt_exp == 0 {
        for (sum, weight) in sums.iter_mut().zip(weights) {
            *sum = sum.wrapping_add(*weight);
        }
    } else {
        for (sum, weight) in sums.iter_mut().zip(weights) {
            *sum = sum.wrapping_add(scale(i32::from(*weight), wgt_exp));
        }
    }
}
