//! Spikes announced ahead, for processors with caches.
//!
//! What a spike delivers is found by following one thing to the next: its axons, each axon's record, its list of synapses.
//! In a network beyond the caches each of them is a miss that the next one waits for. So the memory of several spikes is
//! touched before any of them is delivered, kind by kind: the misses of a kind do not depend on one another, and the
//! processor waits for all of them at once.

use crate::dendrite::Own;
use crate::image::{Image, SynapseFormat, index};
use core::hint::black_box;

/// Spikes that are announced together.
pub(super) const BATCH: usize = 16;

/// Bytes of a cache line.
const LINE_BYTES: usize = 64;
/// Lines of a list that are touched: from there on the processor goes ahead by itself.
const LINES_MAX: usize = 8;
/// Words of axons and synapses, 1 MiB: caches hold a smaller network, for which announcing costs more than it saves.
const WORDS_MIN: usize = 1 << 18;
/// Axons of a source in the mean, above which announcing them costs more than it saves: their lists are short, and
/// the processor is at the next axons by itself.
const AXONS_MAX: usize = 4;

/// Whether it pays to announce the spikes of a network. Small processors have no caches.
#[inline(always)]
pub(super) fn pays(image: &Image<'_>) -> bool {
    let words =
        image.sparse.len().wrapping_add(image.dense.len() / 2).wrapping_add(image.axons().len().wrapping_mul(4));
    let few = image.routes.len() <= image.fanout.len().wrapping_mul(AXONS_MAX);
    cfg!(target_pointer_width = "64") && words >= WORDS_MIN && few
}

/// Touches whatever the spikes of some sources deliver to some cores.
#[inline(never)]
pub(super) fn announce(image: &Image<'_>, own: Own, spikes: &[u32]) {
    // What comes out means nothing; it only keeps the loads.
    let mut touched = 0_u32;
    let routes = |spike: &u32| image.routes(index(*spike));
    for spike in spikes {
        touched ^= u32::from(routes(spike).is_empty());
    }
    for spike in spikes {
        touched ^= every(routes(spike), LINE_BYTES / 4);
    }
    let axons = || spikes.iter().flat_map(routes).map(|word| image.route(*word));
    for route in axons() {
        touched ^= u32::from(image.axon(route.axon).is_some_and(|axon| axon.first == 0));
    }
    for route in axons() {
        let Some(axon) = image.axon(route.axon).filter(|axon| own.has(axon.core)) else { continue };
        let synapses = axon.atom(route.atom);
        touched ^= match axon.format {
            SynapseFormat::Sparse => every(image.sparse.get(synapses).unwrap_or_default(), LINE_BYTES / 4),
            SynapseFormat::Dense => every(image.dense.get(synapses).unwrap_or_default(), LINE_BYTES / 2),
        };
    }
    black_box(touched);
}

/// Reads every `step`-th element and the last one.
#[inline(always)]
fn every<T: Copy + Into<i64>>(elements: &[T], step: usize) -> u32 {
    let seen = elements.iter().step_by(step).take(LINES_MAX).chain(elements.last());
    seen.fold(0, |touched, element| touched ^ u32::from((*element).into() == 0))
}
