//! A recorded vector as a network image.

use super::vector::{Compartment, Vector};
use crate::image::{BuildError, ImageBuilder, ImageFile, Source};
use loihi_core::image::{COMPARTMENTS_PER_CORE, GroupRecord};
use loihi_core::synapse::Synapse;
use std::collections::BTreeMap;

/// Synapses of one source on one core.
type Axons = BTreeMap<(Source, usize), Vec<Synapse>>;

/// The image of a vector's network, cut into cores of at most `per_core` compartments.
///
/// # Errors
/// [`BuildError`].
pub fn image(vector: &Vector, per_core: usize) -> Result<ImageFile, BuildError> {
    let per_core = per_core.clamp(1, COMPARTMENTS_PER_CORE);
    let mut builder = ImageBuilder::new();
    builder.inputs(vector.inputs);
    for core in vector.compartments.chunks(per_core) {
        builder.core();
        for group in runs(core) {
            builder.group(group);
        }
    }
    let biases: Vec<i32> = vector.compartments.iter().map(|compartment| compartment.bias).collect();
    if biases.iter().any(|bias| *bias != 0) {
        builder.bias(0, &biases);
    }
    for ((source, core), synapses) in axons(vector, per_core) {
        builder.sparse(source, core, &synapses);
    }
    builder.build()
}

/// Consecutive compartments that differ in their bias at most.
fn runs(compartments: &[Compartment]) -> Vec<GroupRecord> {
    let same = |a: &Compartment, b: &Compartment| Compartment { bias: 0, ..*a } == Compartment { bias: 0, ..*b };
    let groups = compartments.chunk_by(same).filter_map(|run| run.first().map(|first| (first, run.len())));
    groups
        .map(|(first, compartments)| GroupRecord {
            compartments,
            decay_u: first.decay_u,
            decay_v: first.decay_v,
            v_th: first.v_th,
            v_min: first.v_min,
            v_max: first.v_max,
            refractory: first.refractory,
        })
        .collect()
}

fn axons(vector: &Vector, per_core: usize) -> Axons {
    let mut axons = Axons::new();
    for group in &vector.groups {
        for synapse in &group.synapses {
            let source = if group.from_input { Source::Input(synapse.pre) } else { Source::Compartment(synapse.pre) };
            let post = synapse.post as usize;
            let (core, compartment) = (post / per_core, post % per_core);
            let weight = i16::try_from(synapse.weight.clamp(-32_768, 32_767)).unwrap_or(0);
            let synapse = Synapse { compartment, delay: synapse.delay as usize, weight };
            axons.entry((source, core)).or_default().push(synapse);
        }
    }
    axons
}
