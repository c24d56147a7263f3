//! Which synapses a spike reaches, on which core.

use crate::dendrite::{Accumulators, SLOT, slot_start};
use crate::image::{AxonRecord, CoreRecord, Image, Route, SynapseFormat};
use crate::ops::OpCounts;
use crate::synapse::{scatter_apart_dense, scatter_apart_sparse, scatter_dense, scatter_sparse};

/// Delivers one spike of `source` to all its axons, so that it counts in step `t` (plus each synapse's delay).
///
/// Unknown sources reach nothing.
#[inline(always)]
pub fn deliver(image: &Image<'_>, accumulators: &mut Accumulators<'_>, t: u32, source: usize, ops: &mut OpCounts) {
    let (mut axons, mut synapses) = (0_u64, 0_u64);
    for &word in image.routes(source) {
        let route = Route::from_word(word);
        if let Some(axon) = image.axon(route.axon)
            && let Some(core) = image.core(axon.core)
        {
            if axon.sum == 0 {
                enter(image, accumulators.rings_64, t, &core, &axon, route.atom);
            } else {
                enter_apart(image, accumulators.apart, t, &core, &axon, route.atom);
            }
            axons = axons.wrapping_add(1);
            synapses = synapses.wrapping_add(axon.synapses as u64);
        }
    }
    ops.axon_events = ops.axon_events.wrapping_add(axons);
    ops.synaptic_events = ops.synaptic_events.wrapping_add(synapses);
}

/// Adds the synapses of one axon into its core's ring.
#[inline(always)]
fn enter(image: &Image<'_>, rings: &mut [i16], t: u32, core: &CoreRecord, axon: &AxonRecord, atom: usize) {
    let first = core.slot_first.wrapping_mul(SLOT);
    let end = first.wrapping_add(core.slots.wrapping_mul(SLOT));
    let Some(ring) = rings.get_mut(first..end) else { return };
    let start = slot_start(t, core.slots).wrapping_add(axon.compartment_base);
    let synapses = axon.atom(atom);
    match axon.format {
        SynapseFormat::Sparse => scatter_sparse(ring, start, image.sparse.get(synapses).unwrap_or_default()),
        SynapseFormat::Dense => {
            let accumulators = ring.get_mut(start..).unwrap_or_default();
            scatter_dense(accumulators, image.dense.get(synapses).unwrap_or_default());
        }
    }
}

/// Adds the synapses of one axon into one of the core's sums that are kept apart.
#[cold]
fn enter_apart(image: &Image<'_>, apart: &mut [i32], t: u32, core: &CoreRecord, axon: &AxonRecord, atom: usize) {
    let Some(sum) = image.sum(core.sum_first.wrapping_add(axon.sum).wrapping_sub(1)) else { return };
    let first = sum.slot_first.wrapping_mul(SLOT);
    let end = first.wrapping_add(core.slots.wrapping_mul(SLOT));
    let Some(ring) = apart.get_mut(first..end) else { return };
    let start = slot_start(t, core.slots).wrapping_add(axon.compartment_base);
    let synapses = axon.atom(atom);
    match axon.format {
        SynapseFormat::Sparse => scatter_apart_sparse(ring, start, image.sparse.get(synapses).unwrap_or_default()),
        SynapseFormat::Dense => {
            let accumulators = ring.get_mut(start..).unwrap_or_default();
            scatter_apart_dense(accumulators, image.dense.get(synapses).unwrap_or_default());
        }
    }
}
