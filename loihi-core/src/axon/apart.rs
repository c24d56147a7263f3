//! Axons that are not common: with delays, into auxiliary accumulators, with plastic synapses, or at the end of a part's rings.

use crate::dendrite::Accumulators;
use crate::image::{AxonRecord, CoreRecord, Dialect, Image, SynapseFormat, index};
use crate::plastic::Plastic;
use crate::synapse::{Place, scale, scatter_auxiliary_dense, scatter_auxiliary_sparse, scatter_dense, scatter_sparse};

/// Delivers to the axon of a route.
// It is given the route's word and reads the axon again, so that the fields of a simple one stay in registers.
#[inline(never)]
pub(super) fn enter_apart(
    image: &Image<'_>,
    accumulators: &mut Accumulators<'_>,
    plastic: &mut Plastic<'_>,
    t: u32,
    word: u32,
) {
    let route = image.route(word);
    let Some(axon) = image.axon(route.axon) else { return };
    let Some(core) = image.core(axon.core).map(|core| accumulators.own.placed(core)) else { return };
    if axon.learning != 0 {
        enter_plastic(image, accumulators.rings_64, plastic, t, &core, &axon, route.axon);
    } else if axon.sum != 0 {
        enter_auxiliary(image, accumulators, t, &core, &axon, route.atom);
    } else {
        enter_delayed(image, accumulators.rings_64, t, &core, &axon, route.atom);
    }
}

/// Where the synapses of an axon end in the ring of its core.
#[inline(always)]
fn place(t: u32, core: &CoreRecord, compartment_base: usize) -> Place {
    let slot = index(t) & core.slots.wrapping_sub(1);
    Place { slot, slots: core.slots, slot_length: core.slot_length(), compartment_base }
}

/// Adds the synapses of one axon into the ring of a core with delays.
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
    accumulators: &mut Accumulators<'_>,
    t: u32,
    core: &CoreRecord,
    axon: &AxonRecord,
    atom: usize,
) {
    let Some(sum) = image.sum(core.sum_first.wrapping_add(axon.sum).wrapping_sub(1)) else { return };
    let sum = accumulators.own.placed_sum(sum);
    let Some(ring) = accumulators.auxiliary.get_mut(core.ring_of(&sum)) else { return };
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
    let [axons_before, _, _] = group.before;
    let [_, synapses_before, _] = plastic.first_of(&group);
    let marked = number.wrapping_sub(group.axon_first).wrapping_add(axons_before);
    plastic.arrived.push(u32::try_from(marked).unwrap_or(u32::MAX));
    let Some(ring) = rings.get_mut(core.ring()) else { return };
    let place = place(t, core, 0);
    let synapse = axon.first.wrapping_sub(group.synapse_first).wrapping_add(synapses_before);
    let weights = plastic.weights.get(synapse..).unwrap_or_default();
    let words = image.sparse.get(axon.elements()).unwrap_or_default();
    if group.dense && core.slots == 1 {
        // A core with one slot has no delays.
        let start = words.first().map_or(0, |word| index(*word & 0x3FF));
        let weights = weights.get(..words.len()).unwrap_or_default();
        return add_row(ring.get_mut(start..).unwrap_or_default(), weights, group.wgt_exp);
    }
    let mut add = |word: u32, delay: u32, weight: &i16| {
        if let Some(sum) = ring.get_mut(place.of(index(word & 0x3FF), index(delay))) {
            *sum = sum.wrapping_add(scale(i32::from(*weight), group.wgt_exp));
        }
    };
    if plastic.delays.is_empty() || group.dialect.has(Dialect::LAVA_RANGES) {
        words.iter().zip(weights).for_each(|(word, weight)| add(*word, *word >> 10 & 0x3F, weight));
    } else {
        let delays = plastic.delays.get(synapse..).unwrap_or_default();
        let synapses = words.iter().zip(weights).zip(delays);
        synapses.for_each(|((word, weight), delay)| add(*word, u32::from(delay.cast_unsigned()), weight));
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
