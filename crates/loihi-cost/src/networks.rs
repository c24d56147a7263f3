//! Networks that each do one thing many times, to count or to time it.
//!
//! External input 0 is meant to spike before every step; networks that need none have it all the same.

use loihi_core::image::{
    COMPARTMENTS_PER_CORE, Join, Noise, NoiseAt, Profile, StackIn, StackOut, Synapse, ThresholdMode, Tree,
};
use loihi_core::rules::{Adaptation, EpropParams, PesParams, PreSynapse};
use loihi_core::tools::rank_one::Precision;
use loihi_image::image::{ImageBuilder, Plasticity, Source, full_row};

/// Compartments of a full core.
#[expect(clippy::cast_possible_truncation, reason = "1,024")]
const CORE: u32 = COMPARTMENTS_PER_CORE as u32;
/// Compartments of the networks in which some do more than others.
const SOME: u32 = 768;
/// Synapses of a small axon: what an axon has when a compartment's fan-out of a hundred is spread over ten cores.
pub const SMALL_AXON: u32 = 10;
/// Compartments among which small axons are divided.
const SMALL_AXON_SOURCES: u32 = 16;
/// Synapses of each axon of [`idle_axons`], and its compartments that fire.
const IDLE_AXON: u32 = 32;
const IDLE_AXONS_FIRING: u32 = 100;

fn profile(v_th: i32) -> Profile {
    Profile { decay_u: 400, decay_v: 200, v_th: v_th << 6, ..Profile::DEFAULT }
}

/// Of a compartment that never fires.
fn high() -> Profile {
    profile(100_000)
}

/// Of a compartment that fires in every step if it has the bias [`FIRE`].
fn low() -> Profile {
    profile(1)
}

const FIRE: i32 = 1000;

/// Compartments of a recurrent layer; it gets this many synapses from each of its inputs.
const RECURRENT: u32 = 64;

/// A network with one external input and nothing else.
fn start() -> ImageBuilder {
    let mut builder = ImageBuilder::new();
    builder.inputs(1);
    builder
}

/// Compartments that never fire; `bias` is 0 for none.
pub fn silent(compartments: u32, bias: i32) -> ImageBuilder {
    let mut builder = start();
    let all = builder.group(compartments as usize, high());
    if bias != 0 {
        builder.bias(all.start, &vec![bias; compartments as usize]);
    }
    builder
}

/// Compartments that each get input by a dense synapse in every step, and never fire.
pub fn fed(compartments: u32, biased: bool) -> ImageBuilder {
    let mut builder = start();
    let core = builder.core();
    let all = builder.group(compartments as usize, high());
    if biased {
        builder.bias(all.start, &vec![1; compartments as usize]);
    }
    builder.dense(Source::Input(0), core, 0, &vec![1; compartments as usize]);
    builder
}

/// 768 compartments; the first this many fire in every step.
pub fn firing(firing: u32) -> ImageBuilder {
    let mut builder = start();
    let all = builder.group(SOME as usize, low());
    builder.bias(all.start, &vec![FIRE; firing as usize]);
    builder
}

/// Compartments with noise on their current, which never fire.
pub fn noisy(compartments: u32) -> ImageBuilder {
    let mut builder = start();
    builder.seed(1);
    let noise = Some(Noise { at: NoiseAt::Current, exponent: 10, offset: 0 });
    builder.group(compartments as usize, Profile { noise, ..high() });
    builder
}

/// Compartments in pairs: a dendrite that passes its voltage on, a soma that adds it to its own input.
pub fn trees(compartments: u32) -> ImageBuilder {
    let mut builder = start();
    let dendrite = Tree { stack_out: StackOut::Push, threshold: ThresholdMode::PassAbove, ..Tree::NONE };
    let soma = Tree { stack_in: StackIn::PopA, join: Join::Add, ..Tree::NONE };
    let pair = [Profile { tree: dendrite, ..high() }, Profile { tree: soma, ..high() }];
    builder.neurons(compartments as usize / 2, &pair);
    builder
}

/// A full core that gets input in every step and never fires, and a second core of compartments that do; what their
/// axons add to the first core's input is up to the caller.
fn targets_and_sources(sources: u32) -> (ImageBuilder, u32) {
    let mut builder = fed(CORE, false);
    builder.core();
    let sources = builder.group(sources as usize, low());
    builder.bias(sources.start, &vec![FIRE; sources.len()]);
    (builder, sources.start)
}

/// A synapse of a list that visits the compartments out of order, as sparse synapses do. Signs alternate, so that many
/// of them come to little.
fn scattered(number: u32) -> Synapse {
    let compartment = (number * 37 % CORE) as usize;
    Synapse { compartment, delay: 0, weight: if (number / CORE).is_multiple_of(2) { 1 } else { -1 } }
}

/// 1,024 compartments, to which another that fires in every step has one axon with this many sparse synapses.
pub fn sparse(synapses: u32) -> ImageBuilder {
    let (mut builder, source) = targets_and_sources(1);
    builder.sparse(Source::Compartment(source), 0, &(0..synapses).map(scattered).collect::<Vec<_>>());
    builder
}

/// 1,024 compartments, to which another that fires in every step has this many dense synapses, 1,024 an axon.
pub fn dense(synapses: u32) -> ImageBuilder {
    let (mut builder, source) = targets_and_sources(1);
    let weights = vec![1; synapses as usize];
    for weights in weights.chunks(COMPARTMENTS_PER_CORE) {
        builder.dense(Source::Compartment(source), 0, 0, weights);
    }
    builder
}

/// 1,024 compartments, to which 16 others that fire in every step have this many axons of [`SMALL_AXON`] sparse
/// synapses.
pub fn small_axons(axons: u32) -> ImageBuilder {
    let (mut builder, first) = targets_and_sources(SMALL_AXON_SOURCES);
    for axon in 0..axons {
        let synapses: Vec<Synapse> = (0..SMALL_AXON).map(|at| scattered(axon * SMALL_AXON + at)).collect();
        builder.sparse(Source::Compartment(first + axon % SMALL_AXON_SOURCES), 0, &synapses);
    }
    builder
}

/// 1,000 compartments; 100 fire in every step, and this many, those 100 first, have an axon of 32 sparse
/// synapses: above 100, more of them add synapses to the network and no synaptic event to its steps.
pub fn idle_axons(axons: u32) -> ImageBuilder {
    let mut builder = start();
    let core = builder.core();
    let firing = builder.group(IDLE_AXONS_FIRING as usize, low());
    builder.bias(firing.start, &vec![FIRE; firing.len()]);
    let silent = builder.group(1000 - firing.len(), high());
    for source in (firing.start..silent.end).take(axons as usize) {
        let synapse = |at: u32| Synapse { compartment: (source + at * 37) as usize % 1000, delay: 0, weight: 1 };
        builder.sparse(Source::Compartment(source), core, &(0..IDLE_AXON).map(synapse).collect::<Vec<_>>());
    }
    builder
}

/// 768 compartments that fire in every step; PES decodes this many of them.
pub fn decoded(decoded: u32, outputs: u32, pre_synapse: PreSynapse) -> ImageBuilder {
    decode(firing(SOME), decoded, outputs, pre_synapse)
}

/// 768 compartments; PES decodes this many of them by their traces. They fire once in 24 steps, so that no trace fades
/// and what a step costs is the traces'.
pub fn traced(decoded: u32) -> ImageBuilder {
    let mut builder = start();
    let all = builder.group(SOME as usize, Profile { refractory: 24, ..low() });
    builder.bias(all.start, &vec![FIRE; all.len()]);
    decode(builder, decoded, 1, PreSynapse::Trace)
}

fn decode(mut builder: ImageBuilder, decoded: u32, outputs: u32, pre_synapse: PreSynapse) -> ImageBuilder {
    builder.mailboxes(0, outputs, outputs);
    builder.snip(&PesParams {
        count: decoded,
        dimensions: outputs,
        rate_shift: 12,
        decay_y: 40,
        pre_synapse,
        ..PesParams::default()
    });
    builder
}

/// A recurrent layer that never fires, learning by e-prop in every step, with this many synapses from outside; their
/// traces are never 0 for long, although what sends the spikes fires only every 32 steps. `kappa_shift` and `adaptation`
/// as in [`EpropParams`].
pub fn recurrent(synapses: u32, kappa_shift: u32, adaptation: Option<Adaptation>) -> ImageBuilder {
    let mut builder = start();
    builder.mailboxes(0, 1, 1);
    let core = builder.core();
    let layer = builder.group(RECURRENT as usize, Profile { decay_v: 134, v_th: 1 << 15, ..Profile::DEFAULT });
    builder.core();
    let source = builder.group(1, Profile { refractory: 32, ..low() });
    // Settles at six tenths of the threshold, where ψ is not 0.
    builder.bias(layer.start, &vec![650; layer.len()]);
    builder.bias(source.start, &[FIRE]);
    let inputs = synapses / RECURRENT;
    let mut group = |sources: Vec<u32>| {
        let row = || full_row(0..RECURRENT as usize, |_| 0);
        let axons = sources.into_iter().map(|source| (Source::Compartment(source), row()));
        builder.plastic_group(core, 0..RECURRENT as usize, &Plasticity::default(), axons)
    };
    let params = EpropParams {
        input_group: group(vec![source.start; inputs as usize]),
        recurrent_group: group(layer.collect()),
        inputs,
        posts: RECURRENT,
        outputs: 1,
        data_first: builder.data(&[0; RECURRENT as usize / 4]),
        target_first: 0,
        output_first: 0,
        decay: 134,
        slope_shift: 9,
        readout_shift: 7,
        error_shift: 5,
        error_limit: 256,
        error_threshold: 0,
        feedback_shift: 4,
        shift: 24,
        readout_rate_shift: 20,
        precision: Precision::Stochastic,
        // The learning signal is a rate that is too low in every step.
        rate_steps: 1,
        rate_target: 5,
        rate_gain: 8,
        kappa_shift,
        adaptation,
    };
    builder.snip(&params);
    builder
}
