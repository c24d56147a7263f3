//! Which synapses a spike reaches, on which core.

mod ahead;
mod apart;

use crate::dendrite::{Accumulators, Own};
use crate::image::{AxonRecord, Image, SynapseFormat, index};
use crate::ops::OpCounts;
use crate::plastic::Plastic;
use crate::synapse::{scatter_at_the_end, scatter_dense, scatter_undelayed};
use apart::enter_apart;

pub use ahead::{NoPrefetch, Prefetch};

/// Delivers spikes as [`deliver`] does, in their order; their sources are counted from `source_first`. Their memory is asked for
/// ahead where that pays.
#[inline(always)]
pub fn deliver_all<P: Prefetch>(
    image: &Image<'_>,
    accumulators: &mut Accumulators<'_>,
    plastic: &mut Plastic<'_>,
    t: u32,
    (source_first, spikes): (usize, &[u32]),
    ops: &mut OpCounts,
    prefetch: P,
) {
    let mut delivery = Delivery { image, accumulators, plastic, t, axons: 0, synapses: 0 };
    if P::IS_THERE && ahead::pays(image) {
        ahead::deliver_ahead(&mut delivery, source_first, spikes, prefetch);
    } else {
        for &spike in spikes {
            delivery.deliver(source_first.saturating_add(index(spike)));
        }
    }
    delivery.count(ops);
}

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
    let mut delivery = Delivery { image, accumulators, plastic, t, axons: 0, synapses: 0 };
    delivery.deliver(source);
    delivery.count(ops);
}

/// Spikes on their way to the cores.
struct Delivery<'d, 'i, 'a, 'p> {
    image: &'d Image<'i>,
    accumulators: &'d mut Accumulators<'a>,
    plastic: &'d mut Plastic<'p>,
    t: u32,
    /// Axons and synapses that they have reached since the last count: far fewer axons in a step than `usize` holds.
    axons: usize,
    synapses: u64,
}

impl Delivery<'_, '_, '_, '_> {
    /// Delivers a spike to all axons of its source.
    #[inline(always)]
    fn deliver(&mut self, source: usize) {
        for &word in self.image.routes(source) {
            self.enter(word);
        }
    }

    /// Delivers a spike to the axon of a route.
    // With few registers it is a call: it keeps nothing but the route, and leaves uncommon axons to another call.
    #[cfg_attr(feature = "small-code", inline(never))]
    #[cfg_attr(not(feature = "small-code"), inline(always))]
    fn enter(&mut self, word: u32) {
        let image = self.image;
        let route = image.route(word);
        let own = self.accumulators.own;
        if let Some((axon, core)) = image.common_axon(route.axon)
            && own.has(axon.core)
            && core.slots == 1
        {
            let from_base = own.placed(core).accumulator_first.wrapping_add(axon.compartment_base);
            if let Some(ring) = self.accumulators.rings_64.get_mut(from_base..).and_then(<[i16]>::first_chunk_mut) {
                // The check of the image guarantees that they are there.
                let Some(synapses) = image.sparse.get(axon.atom(route.atom)) else { return };
                self.synapses = self.synapses.wrapping_add(axon.synapses as u64);
                self.axons = self.axons.wrapping_add(1);
                return scatter_undelayed(ring, synapses);
            }
        }
        self.enter_any(word);
    }

    /// The same for every kind of axon.
    #[cfg_attr(feature = "small-code", inline(never))]
    #[cfg_attr(not(feature = "small-code"), inline(always))]
    fn enter_any(&mut self, word: u32) {
        let Self { image, accumulators, .. } = self;
        let route = image.route(word);
        if let Some(axon) = image.axon(route.axon)
            && accumulators.own.has(axon.core)
            && let Some(core) = image.core(axon.core)
        {
            self.axons = self.axons.wrapping_add(1);
            self.synapses = self.synapses.wrapping_add(axon.synapses as u64);
            let core = accumulators.own.placed(core);
            let simple = axon.sum == 0 && axon.learning == 0 && core.slots == 1;
            if simple && accumulators.own.can_look_behind(axon.core) {
                enter_undelayed(image, accumulators.rings_64, core.accumulator_first, &axon, route.atom);
            } else {
                enter_apart(image, accumulators, self.plastic, self.t, word);
            }
        }
    }

    /// Counts what the spikes have reached.
    #[inline(always)]
    fn count(self, ops: &mut OpCounts) {
        ops.axon_events = ops.axon_events.wrapping_add(self.axons as u64);
        ops.synaptic_events = ops.synaptic_events.wrapping_add(self.synapses);
    }
}

/// For each source in turn, whether one of its axons enters one of these cores.
pub fn reach<'i>(image: &Image<'i>, own: Own) -> impl Iterator<Item = bool> + use<'i> {
    let image = *image;
    image.fanout.windows(2).map(move |bounds| {
        let &[first, end] = bounds else { return false };
        let routes = image.routes.get(index(first)..index(end)).unwrap_or_default();
        let mut cores = routes.iter().filter_map(|word| image.core_of_axon(image.route(*word).axon));
        cores.any(|core| own.has(core))
    })
}

/// Adds the synapses of an axon without delays to the sums of its core, which begin at `first`. Sparse ones come here only if fewer
/// than a core's most sums follow the axon's base.
#[inline(always)]
fn enter_undelayed(image: &Image<'_>, rings: &mut [i16], first: usize, axon: &AxonRecord, atom: usize) {
    let synapses = axon.atom(atom);
    // The check of the image guarantees that all of it is there.
    let Some(rings) = rings.get_mut(first..) else { return };
    match axon.format {
        SynapseFormat::Sparse => {
            let Some(synapses) = image.sparse.get(synapses) else { return };
            scatter_at_the_end(rings, axon.compartment_base, synapses);
        }
        SynapseFormat::Dense => {
            let Some(accumulators) = rings.get_mut(axon.compartment_base..) else { return };
            let Some(weights) = image.dense.get(synapses) else { return };
            scatter_dense(accumulators, weights);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{COMPARTMENTS_PER_CORE, Profile, Route, Section, write};
    use crate::num;
    use crate::snip::Snips;
    use core::cell::Cell;
    use std::vec;
    use std::vec::Vec;
    use zerocopy::IntoBytes as _;

    /// Axons of a network large enough that its memory is asked for ahead.
    const AXONS: usize = 520;

    /// Counts what is asked for.
    #[derive(Clone, Copy)]
    struct Asked<'c>(&'c Cell<usize>);

    impl Prefetch for Asked<'_> {
        const IS_THERE: bool = true;

        fn prefetch<T>(self, _element: &T) {
            self.0.set(self.0.get() + 1);
        }
    }

    /// A core to which every compartment of it has a dense axon, and an atom of another.
    fn words(weight: impl Fn(usize) -> i16) -> Vec<u32> {
        let axon = |number: usize| AxonRecord {
            core: 0,
            format: SynapseFormat::Dense,
            sum: 0,
            first: number * COMPARTMENTS_PER_CORE,
            synapses: if number == AXONS { 7 } else { COMPARTMENTS_PER_CORE },
            compartment_base: 0,
            atoms: if number == AXONS { 4 } else { 1 },
            weight_bits: 8,
            learning: 0,
        };
        let axons: Vec<u32> = (0..=AXONS).flat_map(|number| axon(number).words().unwrap()).collect();
        let sources = COMPARTMENTS_PER_CORE as u32;
        let routes = |source: u32| [Route { axon: source as usize % AXONS, atom: 0 }, Route { axon: AXONS, atom: 3 }];
        let routes: Vec<u32> = (0..sources).flat_map(routes).map(|route| route.word(2)).collect();
        let fanout: Vec<u32> = (0..=sources).map(|source| 2 * source).collect();
        let half = |at: usize| weight(at).cast_unsigned();
        let halves = |at: usize| u32::from(half(2 * at)) | u32::from(half(2 * at + 1)) << 16;
        let dense: Vec<u32> = (0..AXONS * COMPARTMENTS_PER_CORE / 2 + 14).map(halves).collect();
        let sections = [
            (Section::Cores, &[0, sources, 0, 1, 1, 0, 0, 0][..]),
            (Section::Profiles, &Profile::DEFAULT.words()),
            (Section::Groups, &[sources, 0, 1]),
            (Section::Axons, &axons),
            (Section::Fanout, &fanout),
            (Section::Routes, &routes),
            (Section::Dense, &dense),
        ];
        let mut words = vec![0; dense.len() + 10_000];
        let length = write(&mut words, [0; 5], &sections).unwrap();
        words.truncate(length);
        words
    }

    #[test]
    #[cfg_attr(miri, ignore = "reads a large network, which Miri takes minutes for")]
    fn spikes_asked_for_ahead_deliver_what_each_would() {
        let weight = |at: usize| num::word(3, 0, at as u32, 0) as i16;
        let words = words(weight);
        let image = Image::open(words.as_bytes(), &Snips(&[])).unwrap();
        assert!(ahead::pays(&image));
        for count in [0, 1, 7, 36, 37, 47] {
            let spikes: Vec<u32> = (0..count as u32).map(|spike| 21 * spike).collect();
            let mut expected = vec![0_i16; COMPARTMENTS_PER_CORE];
            for spike in &spikes {
                for (at, sum) in expected.iter_mut().enumerate() {
                    *sum = sum.wrapping_add(weight(*spike as usize % AXONS * COMPARTMENTS_PER_CORE + at));
                }
                for (at, sum) in expected.iter_mut().take(7).enumerate() {
                    *sum = sum.wrapping_add(weight(AXONS * COMPARTMENTS_PER_CORE + 21 + at));
                }
            }
            let mut rings = vec![0; COMPARTMENTS_PER_CORE];
            let mut accumulators =
                Accumulators { rings_64: &mut rings, auxiliary_input: &mut [], auxiliary: &mut [], own: Own::ALL };
            let mut plastic = Plastic::nothing();
            let mut ops = OpCounts::default();
            let asked = Cell::new(0);
            deliver_all(&image, &mut accumulators, &mut plastic, 5, (0, &spikes), &mut ops, Asked(&asked));
            // Where the routes begin, both routes' line and end, two records; eight lines and the end of 1,024 weights, and
            // the line and end of 7.
            assert_eq!(asked.get(), (1 + 2 + 2 + 9 + 2) * count, "{count} spikes");
            assert_eq!((ops.axon_events, ops.synaptic_events), (2 * count as u64, 1031 * count as u64));
            assert_eq!(rings, expected, "{count} spikes");
        }
    }
}
