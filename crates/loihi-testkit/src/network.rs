//! A recorded vector as a network image.

use super::plastic::{Learning, PlasticSynapse, TraceParameters};
use super::vector::{Compartment, Vector};
use loihi_core::image::{COMPARTMENTS_PER_CORE, Profile, Synapse};
use loihi_image::image::{AxonOptions, BuildError, ImageBuilder, ImageFile, Source};
use std::collections::BTreeMap;

/// Synapses by source, core and the core's sum that they add to.
type Axons = BTreeMap<(Source, usize, Sum), Vec<Synapse>>;

/// Where a weight is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sum {
    /// The core's own sum, in units of 64.
    Own,
    /// A sum in units of the current.
    Exact,
    /// A sum of this group's own that is shifted right.
    Shifted { group: usize, shift_right: u32 },
}

/// The image of a vector's network, cut into cores of at most `per_core` compartments.
///
/// # Errors
/// [`BuildError`].
pub fn image(vector: &Vector, per_core: usize) -> Result<ImageFile, BuildError> {
    let per_core = per_core.clamp(1, COMPARTMENTS_PER_CORE);
    let mut builder = ImageBuilder::new();
    // The emulators have no limits but the compartments'.
    builder.beyond_the_chip();
    builder.inputs(vector.inputs);
    if !vector.noise.is_empty() {
        builder.recorded_noise(u32::try_from(vector.compartments.len()).unwrap_or(u32::MAX), &vector.noise.concat());
    }
    for core in vector.compartments.chunks(per_core) {
        builder.core();
        for (profile, compartments) in runs(core) {
            builder.group(compartments, profile);
        }
    }
    let registers = |of: fn(&Compartment) -> i32| -> Vec<i32> { vector.compartments.iter().map(of).collect() };
    let (biases, currents, voltages) = (registers(|c| c.bias), registers(|c| c.u), registers(|c| c.v));
    if biases.iter().any(|bias| *bias != 0) {
        builder.bias(0, &biases);
    }
    if currents.iter().chain(&voltages).any(|start| *start != 0) {
        builder.start(0, &currents, &voltages);
    }
    connect(&mut builder, axons(vector, per_core));
    teach(&mut builder, &vector.learning);
    builder.build()
}

/// Adds the plastic groups, all on core 0.
fn teach(builder: &mut ImageBuilder, learning: &Learning) {
    for group in &learning.groups {
        let traces = group.traces.each_ref().map(|trace| {
            let Some(TraceParameters { impulse, impulse_fraction, decay, joint }) = trace else { return 0 };
            builder.trace(*impulse, *impulse_fraction, decay, joint.as_ref())
        });
        let plasticity = group.plasticity.clone().traces(traces);
        let axons = group.axons.iter().map(|(source, synapses)| (*source, synapses.iter().map(stored).collect()));
        builder.plastic_group(0, group.posts.clone(), &plasticity, axons);
    }
    for recorded in &learning.recorded_draws {
        builder.recorded(recorded.purpose, recorded.epoch_steps, recorded.per_row, &recorded.words);
    }
}

fn stored(synapse: &PlasticSynapse) -> Synapse {
    Synapse { compartment: synapse.post as usize, delay: synapse.delay, weight: synapse.mantissa }
}

/// Consecutive compartments with equal parameters.
fn runs(compartments: &[Compartment]) -> impl Iterator<Item = (Profile, usize)> {
    let runs = compartments.chunk_by(|a, b| a.profile == b.profile);
    runs.filter_map(|run| run.first().map(|first| (first.profile, run.len())))
}

fn connect(builder: &mut ImageBuilder, axons: Axons) {
    let mut sums: BTreeMap<(usize, Sum), usize> = BTreeMap::new();
    for ((source, core, sum), synapses) in axons {
        let number = *sums.entry((core, sum)).or_insert_with(|| match sum {
            Sum::Own => 0,
            Sum::Exact => builder.sum(core, 0, 0),
            Sum::Shifted { shift_right, .. } => builder.sum(core, shift_right, 6),
        });
        let synapses = builder.sparse_synapses(&synapses, 1);
        let axon = builder.axon(core, &synapses, AxonOptions::default().sum(number));
        builder.route(source, axon, 0);
    }
}

fn axons(vector: &Vector, per_core: usize) -> Axons {
    let mut axons = Axons::new();
    for (number, group) in vector.groups.iter().enumerate() {
        for synapse in &group.synapses {
            let source = if group.from_input { Source::Input(synapse.pre) } else { Source::Compartment(synapse.pre) };
            let post = synapse.post as usize;
            let (core, compartment) = (post / per_core, post % per_core);
            for (sum, weight) in parts(number, group.sum_shift_right, synapse.weight) {
                let synapse = Synapse { compartment, delay: synapse.delay as usize, weight };
                axons.entry((source, core, sum)).or_default().push(synapse);
            }
        }
    }
    axons
}

/// A weight as it is stored: what is not a multiple of 64 goes into an auxiliary accumulator.
fn parts(group: usize, shift_right: Option<u32>, weight: i32) -> Vec<(Sum, i16)> {
    let stored = |weight: i32| i16::try_from(weight.clamp(-32_768, 32_767)).unwrap_or(0);
    if let Some(shift_right) = shift_right {
        return vec![(Sum::Shifted { group, shift_right }, stored(weight))];
    }
    let (coarse, fine) = (weight.div_euclid(64), weight.rem_euclid(64));
    let mut parts = vec![(Sum::Own, stored(coarse))];
    if fine != 0 {
        parts.push((Sum::Exact, stored(fine)));
    }
    parts
}
