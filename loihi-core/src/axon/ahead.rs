//! Memory that spikes will need, asked for ahead, for processors with caches.
//!
//! What a spike delivers is found by following one thing to the next: where its routes begin, the routes, each axon's record, its
//! list of synapses. In a network beyond the caches each of them is a miss that the next one waits for. So the spikes of a step
//! pass through stages, some spikes apart: when a spike is delivered, what it needs has been asked for, and most of it is there.

use super::Delivery;
use crate::dendrite::Own;
use crate::image::{Image, SynapseFormat, index};

/// How memory is asked for before it is needed. No register of the chip depends on it.
pub trait Prefetch: Copy {
    /// Whether there is a way.
    const IS_THERE: bool;

    /// Asks for the memory of an element.
    fn prefetch<T>(self, element: &T);
}

/// No way to ask, as on processors without caches.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPrefetch;

impl Prefetch for NoPrefetch {
    const IS_THERE: bool = false;

    fn prefetch<T>(self, _element: &T) {}
}

/// Spikes between asking where the routes of a source begin and asking for its routes.
const ROUTES: usize = 12;
/// The same until the records of its axons.
const AXONS: usize = 24;
/// The same until their lists of synapses.
const LISTS: usize = 30;
/// The same until the spike is delivered.
const DELIVERY: usize = 36;

/// Bytes of a cache line.
const LINE_BYTES: usize = 64;
/// Lines of a list that are asked for: from there on the processor goes ahead by itself.
const LINES_MAX: usize = 8;
/// Words of axons and synapses, 1 MiB: caches hold a smaller network, for which asking costs more than it saves.
const WORDS_MIN: usize = 1 << 18;

/// Whether it pays to ask ahead in a network.
#[inline(always)]
pub(super) fn pays(image: &Image<'_>) -> bool {
    let words =
        image.sparse.len().wrapping_add(image.dense.len() / 2).wrapping_add(image.axons().len().wrapping_mul(4));
    words >= WORDS_MIN
}

/// Delivers spikes in their order, each after its memory has been asked for. Sources are counted from `source_first`.
#[inline(always)]
pub(super) fn deliver_ahead<P: Prefetch>(
    delivery: &mut Delivery<'_, '_, '_, '_>,
    source_first: usize,
    spikes: &[u32],
    prefetch: P,
) {
    if spikes.is_empty() {
        return;
    }
    let (image, own) = (delivery.image, delivery.accumulators.own);
    for at in 0..spikes.len().wrapping_add(DELIVERY) {
        // `None` before the first spike and after the last.
        let source =
            |stage: usize| spikes.get(at.wrapping_sub(stage)).map(|spike| source_first.saturating_add(index(*spike)));
        if let Some(first) = source(0).and_then(|source| image.fanout.get(source)) {
            prefetch.prefetch(first);
        }
        if let Some(source) = source(ROUTES) {
            ask_for(image.routes(source), prefetch);
        }
        for route in source(AXONS).map_or(&[][..], |source| image.routes(source)) {
            if let Some(words) = image.axon_words(image.route(*route).axon) {
                prefetch.prefetch(words);
            }
        }
        for route in source(LISTS).map_or(&[][..], |source| image.routes(source)) {
            ask_for_list(image, own, *route, prefetch);
        }
        if let Some(source) = source(DELIVERY) {
            delivery.deliver(source);
        }
    }
}

/// Asks for the synapses of the axon of a route, if it enters one of some cores.
#[inline(always)]
fn ask_for_list<P: Prefetch>(image: &Image<'_>, own: Own, route: u32, prefetch: P) {
    let route = image.route(route);
    let Some(axon) = image.axon(route.axon).filter(|axon| own.has(axon.core)) else { return };
    let synapses = axon.atom(route.atom);
    match axon.format {
        SynapseFormat::Sparse => ask_for(image.sparse.get(synapses).unwrap_or_default(), prefetch),
        SynapseFormat::Dense => ask_for(image.dense.get(synapses).unwrap_or_default(), prefetch),
    }
}

/// Asks for the first lines of a list, and for its end.
#[inline(always)]
fn ask_for<T, P: Prefetch>(elements: &[T], prefetch: P) {
    let lines = elements.iter().step_by(const { LINE_BYTES.div_ceil(size_of::<T>()) }).take(LINES_MAX);
    lines.chain(elements.last()).for_each(|element| prefetch.prefetch(element));
}
