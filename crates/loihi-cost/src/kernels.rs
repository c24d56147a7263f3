//! The kernels of the core, and their instructions per operation as a device counts them.
//!
//! Each figure is a slope: two networks that differ only in the number of operations run for the same steps, and the
//! difference of their instructions is divided by the difference of their operations. So whatever a step costs
//! besides drops out.

use super::networks::{
    decoded, dense, fed, firing, idle_axons, noisy, recurrent, silent, small_axons, sparse, traced, trees,
};
use loihi_core::chip::ResetScope;
use loihi_core::ops::OpCounts;
use loihi_core::rules::{Adaptation, PreSynapse};
use loihi_core::wire::message::Record;
use loihi_device::session::{Session, SessionError};
use loihi_experiments::ExperimentError;
use loihi_image::image::{ImageBuilder, ImageFile};

/// Sizes of the two networks of a slope.
pub const SIZES: [u32; 2] = [256, 768];

/// Steps before those that are counted, after which every step does the same: spikes of the delayed error wait for 11.
const STEPS_BEFORE: u16 = 16;
/// Steps of each run that are counted.
const STEPS: u16 = 64;

const DENSE_SYNAPSE: &str = "dense synapse";

/// A kind of operation, with a network that does little else.
#[derive(Clone, Copy, Debug)]
pub struct Kernel {
    /// The operation.
    pub name: &'static str,
    /// What one operation is.
    pub unit: &'static str,
    /// A network that does this many operations in a step, whose external input 0 spikes before every step.
    pub network: fn(u32) -> ImageBuilder,
    /// Steps from one round of operations to the next.
    pub every: u32,
    /// How many were done.
    pub operations: fn(&OpCounts) -> u64,
    /// Whether rules learn meanwhile.
    pub learn: bool,
    /// The kernel that comes with every operation and is not part of it.
    pub without: Option<&'static str>,
}

/// A kernel that is counted as it is, while rules learn.
const PLAIN: Kernel = Kernel {
    name: "",
    unit: "compartment and step",
    network: |n| silent(n, 0),
    every: 1,
    operations: |ops| ops.compartment_updates,
    learn: true,
    without: None,
};
const DECODE_10: &str = "PES, 10 outputs: decode only";
const DECODE_1: &str = "PES, 1 output: decode only";
/// PES.
const DECODER: Kernel = Kernel { unit: "spike and output", operations: |ops| ops.decoder_reads, ..PLAIN };
/// e-prop.
const EPROP: Kernel = Kernel { network: |n| recurrent(n, 0, None), operations: |ops| ops.rule_updates, ..PLAIN };
/// The kernel that is taken off the others that come with it.
const DENSE: Kernel = Kernel {
    name: DENSE_SYNAPSE,
    unit: "synaptic event",
    network: dense,
    operations: |ops| ops.synaptic_events,
    ..PLAIN
};

/// Every kernel.
pub const KERNELS: [Kernel; 21] = [
    Kernel { name: "compartment without input", ..PLAIN },
    Kernel { name: "compartment without input, with bias", network: |n| silent(n, 1), ..PLAIN },
    Kernel { name: "compartment with input", network: |n| fed(n, false), without: Some(DENSE_SYNAPSE), ..PLAIN },
    Kernel {
        name: "compartment with input, with bias",
        network: |n| fed(n, true),
        without: Some(DENSE_SYNAPSE),
        ..PLAIN
    },
    Kernel {
        name: "compartment that fires: what that adds",
        unit: "spike",
        network: firing,
        operations: |ops| ops.spikes,
        ..PLAIN
    },
    Kernel { name: "compartment with noise", network: noisy, ..PLAIN },
    Kernel { name: "compartment of a tree of two", network: trees, ..PLAIN },
    Kernel { name: "sparse synapse", network: sparse, ..DENSE },
    DENSE,
    Kernel {
        name: "axon of 10 sparse synapses",
        unit: "axon event",
        network: small_axons,
        operations: |ops| ops.axon_events,
        ..PLAIN
    },
    Kernel { name: "PES, 10 outputs: decode and learn", network: |n| decoded(n, 10, PreSynapse::Raw), ..DECODER },
    Kernel { name: DECODE_10, network: |n| decoded(n, 10, PreSynapse::Raw), learn: false, ..DECODER },
    Kernel {
        name: "PES, 10 outputs: learn",
        network: |n| decoded(n, 10, PreSynapse::Raw),
        without: Some(DECODE_10),
        ..DECODER
    },
    Kernel { name: "PES, 1 output: decode and learn", network: |n| decoded(n, 1, PreSynapse::Raw), ..DECODER },
    Kernel { name: DECODE_1, network: |n| decoded(n, 1, PreSynapse::Raw), learn: false, ..DECODER },
    Kernel {
        name: "PES, 1 output: learn",
        network: |n| decoded(n, 1, PreSynapse::Raw),
        without: Some(DECODE_1),
        ..DECODER
    },
    Kernel {
        name: "PES, 1 output, delayed error: learn",
        network: |n| decoded(n, 1, PreSynapse::DelayedError),
        without: Some(DECODE_1),
        ..DECODER
    },
    Kernel {
        name: "PES, 1 output: trace, and learn by it",
        unit: "compartment and step",
        network: traced,
        operations: |ops| ops.decoder_updates,
        ..PLAIN
    },
    Kernel { name: "e-prop, block of 10 steps", unit: "synapse touched", every: 10, ..EPROP },
    Kernel {
        name: "e-prop, filtered eligibility",
        unit: "synapse and step",
        network: |n| recurrent(n, 5, None),
        ..EPROP
    },
    Kernel {
        name: "e-prop, thresholds that adapt, filtered",
        unit: "synapse and step",
        network: |n| recurrent(n, 5, Some(Adaptation { strength: 256, tau_shift: 8 })),
        ..EPROP
    },
];

/// Not among [`KERNELS`]: its size is not the number of its operations, but the number of axons that are there for the
/// same operations.
pub const IDLE_AXONS: Kernel = Kernel { name: "idle axons", network: idle_axons, ..DENSE };

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

/// The costs of [`KERNELS`] from their slopes, which are in that order: what comes with some of them is taken off.
pub fn costs(slopes: &[f64]) -> Vec<KernelCost> {
    let measured = || KERNELS.iter().zip(slopes);
    let slope_of = |name| measured().find(|(kernel, _)| kernel.name == name).map_or(0.0, |(_, slope)| *slope);
    let cost = |(kernel, slope): (&Kernel, &f64)| KernelCost {
        kernel: kernel.name,
        unit: kernel.unit,
        instructions: slope - kernel.without.map_or(0.0, slope_of),
    };
    measured().map(cost).collect()
}

/// Measures every kernel on the device of a session; `after` is told how many of how many are done.
///
/// # Errors
/// [`ExperimentError`]; a device that counts no instructions gives none.
pub fn measure(session: &mut Session, mut after: impl FnMut(u64, u64)) -> Result<Vec<KernelCost>, ExperimentError> {
    let mut slopes = Vec::new();
    for kernel in &KERNELS {
        after(slopes.len() as u64, KERNELS.len() as u64);
        let Some(slope) = slope(session, kernel)? else { return Ok(Vec::new()) };
        slopes.push(slope);
    }
    Ok(costs(&slopes))
}

/// Instructions per operation, of whatever comes with it too; `None` if the device does not count them.
///
/// # Errors
/// [`ExperimentError`].
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub fn slope(session: &mut Session, kernel: &Kernel) -> Result<Option<f64>, ExperimentError> {
    let [small, large] = SIZES;
    let (few_operations, few) = run(session, kernel, &(kernel.network)(small).build()?)?;
    let (many_operations, many) = run(session, kernel, &(kernel.network)(large).build()?)?;
    let more = many_operations.saturating_sub(few_operations);
    Ok(few.zip(many).map(|(few, many)| (many as f64 - few as f64) / more.max(1) as f64))
}

/// Operations and instructions of a network whose external input 0 spikes in every step.
fn run(session: &mut Session, kernel: &Kernel, file: &ImageFile) -> Result<(u64, Option<u64>), SessionError> {
    run_with(session, file, Record { learn: kernel.learn, ..Record::PLAIN }, kernel.operations)
}

/// The same of a network that learns, whose targets are all 64.
pub(super) fn run_learning(
    session: &mut Session,
    file: &ImageFile,
    operations: fn(&OpCounts) -> u64,
) -> Result<(u64, Option<u64>), SessionError> {
    let target: Vec<u8> = std::iter::repeat_n(64_i16.to_le_bytes(), file.open()?.target_words).flatten().collect();
    run_with(session, file, Record { learn: true, target: &target, ..Record::PLAIN }, operations)
}

/// What is put into the mailboxes comes first; no step is computed with it. External input 0 spikes in every step, and
/// input 1, if there is one, in the first of all.
fn run_with(
    session: &mut Session,
    file: &ImageFile,
    first: Record<'_>,
    operations: fn(&OpCounts) -> u64,
) -> Result<(u64, Option<u64>), SessionError> {
    session.load(file)?;
    session.reset(ResetScope::All)?;
    session.stream([first], |_| {})?;
    let has_second = file.open()?.inputs > 1;
    let mut stretch = |steps: u16, second: bool| {
        let mut spikes: Vec<(u16, u16)> = (0..steps).map(|step| (step, 0)).collect();
        if second {
            spikes.insert(1, (0, 1));
        }
        session.run(u32::from(steps), &spikes)?;
        Ok::<_, SessionError>((operations(&session.ops()?), session.instructions()))
    };
    let (operations_before, before) = stretch(STEPS_BEFORE, has_second)?;
    let (operations_after, instructions) = stretch(STEPS, false)?;
    let took = instructions.zip(before).map(|(after, before)| after - before);
    Ok((operations_after.saturating_sub(operations_before), took))
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_core::chip::Chip;
    use zerocopy::IntoBytes as _;

    #[test]
    fn a_network_does_as_many_operations_as_its_size() {
        for kernel in KERNELS {
            let per_step = SIZES.map(|size| {
                let file = (kernel.network)(size).build().unwrap();
                let image = file.open().unwrap();
                let mut memory = vec![0_u64; Chip::bytes_needed(&image, file.snips()).div_ceil(8)];
                let mut chip = Chip::new(image, file.snips(), memory.as_mut_bytes()).unwrap();
                let mut step = || {
                    chip.inject(0);
                    chip.step();
                    (kernel.operations)(chip.ops())
                };
                // What fires in the first step arrives in the second.
                let before = step();
                let after = (0..kernel.every).map(|_| step()).last().unwrap();
                after - before
            });
            let outputs = if kernel.name.contains("10 outputs") { 10 } else { 1 };
            let more = u64::from(SIZES[1] - SIZES[0]) * outputs;
            assert_eq!(per_step[1] - per_step[0], more, "{}: {per_step:?}", kernel.name);
        }
    }
}
