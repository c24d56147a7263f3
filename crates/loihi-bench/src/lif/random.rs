//! Synapses from compartments that are drawn from all, with replacement, and an input for each compartment.

use super::{Layout, Lif};
use crate::clock::below;
use loihi_core::image::{Profile, Synapse};
use loihi_core::num::word;
use loihi_image::image::{ImageBuilder, Source};

/// Threshold in units of the voltage.
const V_TH: i32 = 1000 << 6;
/// What an input spike adds, in units of 64: half as much again as the threshold.
const INPUT_WEIGHT: i16 = 1500;

/// Adds the network.
pub(super) fn add(lif: &Lif, layout: Layout, builder: &mut ImageBuilder) {
    layout.add(builder, Profile { decay_u: 3072, decay_v: 410, v_th: V_TH, ..Profile::DEFAULT });
    builder.inputs(lif.compartments);
    let mut synapses = recurrent(lif);
    synapses.sort_unstable_by_key(|(source, target, _)| (*source, *target));
    for axon in synapses.chunk_by(|a, b| a.0 == b.0 && layout.core_of(a.1) == layout.core_of(b.1)) {
        let Some((source, target, _)) = axon.first() else { continue };
        let list: Vec<Synapse> = axon
            .iter()
            .map(|(_, target, (weight, delay))| {
                let delay = usize::from(*delay);
                Synapse { compartment: layout.place_of(*target), delay, weight: *weight }
            })
            .collect();
        builder.sparse(Source::Compartment(*source), layout.core_of(*target), &list);
    }
    for target in 0..lif.compartments {
        let synapse = Synapse { compartment: layout.place_of(target), delay: 0, weight: INPUT_WEIGHT };
        builder.sparse(Source::Input(target), layout.core_of(target), &[synapse]);
    }
}

/// Source, target, weight and delay of every recurrent synapse.
fn recurrent(lif: &Lif) -> Vec<(u32, u32, (i16, u8))> {
    let synapse = |target: u32, number: u32| {
        let source = below(lif.compartments, word(lif.seed, target, number, 1));
        let delay = u8::try_from(lif.delay(target, number)).unwrap_or(u8::MAX);
        (source, target, (lif.weight(target, number), delay))
    };
    (0..lif.compartments).flat_map(|target| (0..lif.fan_in).map(move |number| synapse(target, number))).collect()
}
