//! Instructions per elementary operation, as a device counts them.
//!
//! Each figure is a slope: two networks that differ only in the number of operations run for the same steps, and the
//! difference of their instructions is divided by the difference of their operations. So whatever a step costs
//! besides drops out.

use crate::device::session::{Session, SessionError};
use crate::experiment::ExperimentError;
use crate::image::{ImageBuilder, ImageFile, Source};
use loihi_core::chip::ResetScope;
use loihi_core::image::Profile;
use loihi_core::ops::OpCounts;
use loihi_core::snip::Pes;
use loihi_core::synapse::Synapse;

/// Steps of each run.
const STEPS: u16 = 64;

/// Cost of one kind of operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KernelCost {
    /// The operation.
    pub kernel: &'static str,
    /// What one operation is.
    pub unit: &'static str,
    /// Instructions per operation.
    pub instructions: f64,
}

/// Measures every kernel on the device of a session.
///
/// # Errors
/// [`ExperimentError`]; a device that counts no instructions gives none.
pub fn measure(session: &mut Session) -> Result<Vec<KernelCost>, ExperimentError> {
    let per_compartment = |ops: &OpCounts| ops.compartment_updates;
    let per_event = |ops: &OpCounts| ops.synaptic_events;
    let per_decoder = |ops: &OpCounts| ops.decoder_reads;
    let dense = slope(session, true, |n| fan_out(n, false), per_event)?;
    let fed = |biased| move |n| fed(n, biased);
    // Every compartment of these also costs one dense synapse.
    let less_dense = |cost: Option<f64>| cost.zip(dense).map(|(cost, dense)| cost - dense);
    let rows = [
        ("compartment without input", "compartment and step", slope(session, true, |n| quiet(n, 0), per_compartment)?),
        (
            "compartment without input, with bias",
            "compartment and step",
            slope(session, true, |n| quiet(n, 1), per_compartment)?,
        ),
        (
            "compartment with input",
            "compartment and step",
            less_dense(slope(session, true, fed(false), per_compartment)?),
        ),
        (
            "compartment with input, with bias",
            "compartment and step",
            less_dense(slope(session, true, fed(true), per_compartment)?),
        ),
        ("compartment that fires: what that adds", "spike", slope(session, true, firing, |ops| ops.spikes)?),
        ("sparse synapse", "synaptic event", slope(session, true, |n| fan_out(n, true), per_event)?),
        ("dense synapse", "synaptic event", dense),
        (
            "PES, 10 outputs: decode and learn",
            "spike and output",
            slope(session, true, |n| decoded(n, 10), per_decoder)?,
        ),
        ("PES, 10 outputs: decode only", "spike and output", slope(session, false, |n| decoded(n, 10), per_decoder)?),
        ("PES, 1 output: decode and learn", "spike and output", slope(session, true, |n| decoded(n, 1), per_decoder)?),
    ];
    let measured = rows.into_iter().filter_map(|(kernel, unit, instructions)| {
        instructions.map(|instructions| KernelCost { kernel, unit, instructions })
    });
    Ok(measured.collect())
}

/// Instructions per operation of networks whose size is the argument.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn slope(
    session: &mut Session,
    learn: bool,
    network: impl Fn(u32) -> ImageBuilder,
    operations: impl Fn(&OpCounts) -> u64,
) -> Result<Option<f64>, ExperimentError> {
    let (small, large) = (network(256).build()?, network(768).build()?);
    let (few_ops, few) = run(session, &small, learn)?;
    let (many_ops, many) = run(session, &large, learn)?;
    let more = operations(&many_ops).saturating_sub(operations(&few_ops));
    Ok(few.zip(many).map(|(few, many)| (many as f64 - few as f64) / more.max(1) as f64))
}

/// Counts and instructions of a network whose external input 0 spikes in every step.
fn run(session: &mut Session, file: &ImageFile, learn: bool) -> Result<(OpCounts, Option<u64>), SessionError> {
    use loihi_core::wire::message::Record;
    session.load(file)?;
    session.reset(ResetScope::All)?;
    // Sets whether rules learn; no step is computed.
    session.stream([Record { reset: false, learn, steps: 0, stimulus: &[], target: &[] }], 0, |_| {})?;
    let spikes: Vec<(u16, u16)> = (0..STEPS).map(|step| (step, 0)).collect();
    session.run(u32::from(STEPS), &spikes)?;
    Ok((session.ops()?, session.instructions()))
}

fn profile(v_th: i32) -> Profile {
    Profile { decay_u: 400, decay_v: 200, v_th: v_th << 6, ..Profile::DEFAULT }
}

/// Compartments that never fire; `bias` is 0 for none.
fn quiet(compartments: u32, bias: i32) -> ImageBuilder {
    let mut builder = ImageBuilder::new();
    builder.inputs(1);
    let all = builder.group(compartments as usize, profile(100_000));
    if bias != 0 {
        builder.bias(all.start, &vec![bias; compartments as usize]);
    }
    builder
}

/// 768 compartments of which the first so many fire in every step.
fn firing(firing: u32) -> ImageBuilder {
    let mut builder = ImageBuilder::new();
    builder.inputs(1);
    let all = builder.group(768, profile(1));
    builder.bias(all.start, &vec![1000; firing as usize]);
    builder
}

/// Compartments of which each gets input in every step, and never fires.
fn fed(compartments: u32, biased: bool) -> ImageBuilder {
    let mut builder = ImageBuilder::new();
    let input = Source::Input(builder.inputs(1).start);
    let core = builder.core();
    let all = builder.group(compartments as usize, profile(100_000));
    if biased {
        builder.bias(all.start, &vec![1; compartments as usize]);
    }
    builder.dense(input, core, 0, &vec![1; compartments as usize]);
    builder
}

/// 1,024 compartments with input in every step, to which one axon adds so many synapses.
fn fan_out(synapses: u32, sparse: bool) -> ImageBuilder {
    let mut builder = fed(1024, false);
    let input = Source::Input(0);
    if sparse {
        // An odd stride visits the compartments out of order, as sparse synapses do.
        let synapse = |i: u32| Synapse { compartment: (i * 37 % 1024) as usize, delay: 0, weight: 1 };
        builder.sparse(input, 0, &(0..synapses).map(synapse).collect::<Vec<_>>());
    } else {
        builder.dense(input, 0, 0, &vec![1; synapses as usize]);
    }
    builder
}

/// 768 compartments that fire in every step, of which so many are decoded.
fn decoded(decoded: u32, outputs: u32) -> ImageBuilder {
    let mut builder = firing(768);
    builder.mailboxes(0, outputs, outputs);
    builder.snip(Pes::KIND, [0, decoded, outputs, 0, 0, 12, 40, 0, 0]);
    builder
}
