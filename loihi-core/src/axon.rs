//! Which synapses a spike reaches, on which core.

use crate::dendrite::{SLOT, slot_start};
use crate::image::{AxonRecord, Image, SynapseFormat};
use crate::ops::OpCounts;
use crate::synapse::{scatter_dense, scatter_sparse};

/// Delivers one spike of `source` to all its axons, so that it counts in step `t` (plus each synapse's delay).
///
/// `rings` holds the accumulators of all cores. Unknown sources reach nothing.
#[inline]
pub fn deliver(image: &Image<'_>, rings: &mut [i16], t: u32, source: usize, ops: &mut OpCounts) {
    for &number in image.routes(source) {
        if let Some(axon) = image.axon(number) {
            enter(image, rings, t, &axon);
            ops.axon_events = ops.axon_events.wrapping_add(1);
            ops.synaptic_events = ops.synaptic_events.wrapping_add(axon.synapses as u64);
        }
    }
}

/// Adds the synapses of one axon into its core's ring.
#[inline]
fn enter(image: &Image<'_>, rings: &mut [i16], t: u32, axon: &AxonRecord) {
    let Some(core) = image.core(axon.core) else { return };
    let first = core.slot_first.wrapping_mul(SLOT);
    let end = first.wrapping_add(core.slots.wrapping_mul(SLOT));
    let Some(ring) = rings.get_mut(first..end) else { return };
    let start = slot_start(t, core.slots);
    let synapses = axon.first..axon.first.saturating_add(axon.synapses);
    match axon.format {
        SynapseFormat::Sparse => scatter_sparse(ring, start, image.sparse.get(synapses).unwrap_or_default()),
        SynapseFormat::Dense => {
            let base = start.wrapping_add(axon.compartment_base);
            let accumulators = ring.get_mut(base..).unwrap_or_default();
            scatter_dense(accumulators, image.dense.get(synapses).unwrap_or_default());
        }
    }
}
