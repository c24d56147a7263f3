//! The kernels of the embedded CPU's rules: instructions per operation in the firmware, beside what C takes.
//!
//! Figures are slopes, as those of [`super::kernels`]. What an operation cannot come without, a compartment's step or
//! its spike, is taken off by a second slope of networks that do only that. C was compiled by GCC for Lakemont at `-O2`,
//! and counted by single steps in loops of nothing but the operation.

use super::kernels::{SIZES, run_learning};
use super::networks::firing;
use loihi_core::image::{Profile, Synapse};
use loihi_core::ops::OpCounts;
use loihi_core::rules::{DecolleParams, EmstdpParams, SoelParams};
use loihi_core::tools::local_error::Slope;
use loihi_core::tools::rank_one::Precision;
use loihi_device::session::Session;
use loihi_experiments::ExperimentError;
use loihi_image::image::{ImageBuilder, Plasticity, Source, full_row};

/// A kernel of a rule.
#[derive(Clone, Copy, Debug)]
pub struct RuleKernel {
    /// The operation.
    pub name: &'static str,
    /// What one operation is.
    pub unit: &'static str,
    /// Instructions that C takes for one, on the same instruction set.
    pub instructions_c: f64,
    /// A network that does this many operations in a step while it learns, or a multiple of it.
    network: fn(u32) -> ImageBuilder,
    /// How many were done.
    operations: fn(&OpCounts) -> u64,
    /// A network whose slope over the same sizes is not part of it.
    without: Option<fn(u32) -> ImageBuilder>,
}

/// Cost of a kernel of a rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RuleCost {
    /// The operation.
    pub kernel: &'static str,
    /// What one operation is.
    pub unit: &'static str,
    /// Instructions per operation.
    pub instructions: f64,
    /// The same in C.
    pub instructions_c: f64,
}

/// Every kernel of a rule.
pub const RULE_KERNELS: [RuleKernel; 8] = [
    RuleKernel {
        name: "trace of an axon, double exponential",
        unit: "axon and step",
        instructions_c: 20.1,
        network: |axons| RuleLayer { axons, posts: 1, spikes: Spikes::Once, errs: false, ..QUIET }.network(),
        operations: |ops| ops.rule_traces,
        without: Some(|axons| RuleLayer { axons, posts: 1, spikes: Spikes::Once, precision: None, ..QUIET }.network()),
    },
    RuleKernel {
        name: "local error, box, 1 class",
        unit: "post and epoch",
        instructions_c: 26.1,
        network: |posts| RuleLayer { posts, classes: 1, ..QUIET }.network(),
        operations: |ops| ops.compartment_updates,
        without: Some(|posts| RuleLayer { posts, classes: 1, errs: false, ..QUIET }.network()),
    },
    RuleKernel {
        name: "local error, box, 4 classes",
        unit: "post and epoch",
        instructions_c: 47.3,
        network: |posts| RuleLayer { posts, classes: 4, ..QUIET }.network(),
        operations: |ops| ops.compartment_updates,
        without: Some(|posts| RuleLayer { posts, classes: 4, errs: false, ..QUIET }.network()),
    },
    RuleKernel {
        name: "weight with 8 bits more",
        unit: "synapse touched",
        instructions_c: 24.4,
        network: |posts| RuleLayer { posts, precision: Some(Precision::Shadow), ..TAUGHT }.network(),
        operations: |ops| ops.rule_updates,
        without: Some(|posts| RuleLayer { posts, errs: false, ..TAUGHT }.network()),
    },
    RuleKernel {
        name: "weight of 8 bits, stochastic",
        unit: "synapse touched",
        instructions_c: 27.6,
        network: |posts| RuleLayer { posts, ..TAUGHT }.network(),
        operations: |ops| ops.rule_updates,
        without: Some(|posts| RuleLayer { posts, errs: false, ..TAUGHT }.network()),
    },
    RuleKernel {
        name: "EMSTDP, stochastic",
        unit: "synapse touched",
        instructions_c: 26.6,
        network: |posts| hidden_layer(posts, true),
        operations: |ops| ops.rule_updates,
        without: Some(|posts| hidden_layer(posts, false)),
    },
    RuleKernel {
        name: "third factor of a post, by its count of spikes",
        unit: "post and epoch",
        instructions_c: 20.9,
        // The outputs of more would not fit an answer.
        network: |posts| head(posts / 4, true),
        operations: |ops| ops.compartment_updates,
        without: Some(|posts| head(posts / 4, false)),
    },
    RuleKernel {
        name: "readout of 10 classes",
        unit: "spike and class",
        instructions_c: 6.6,
        network: read_out,
        operations: |ops| ops.spikes.wrapping_mul(10),
        without: Some(firing),
    },
];

/// Measures every kernel on the device of a session; a device that counts no instructions gives none. `after` is told
/// how many of how many are done.
///
/// # Errors
/// [`ExperimentError`].
pub fn measure(session: &mut Session, mut after: impl FnMut(u64, u64)) -> Result<Vec<RuleCost>, ExperimentError> {
    let mut costs = Vec::new();
    for kernel in &RULE_KERNELS {
        after(costs.len() as u64, RULE_KERNELS.len() as u64);
        let Some((operations, instructions)) = growth(session, kernel.network, kernel.operations)? else {
            return Ok(Vec::new());
        };
        let without = match kernel.without {
            Some(network) => growth(session, network, kernel.operations)?.map_or(0.0, |(_, instructions)| instructions),
            None => 0.0,
        };
        let instructions = (instructions - without) / operations;
        let RuleKernel { name, unit, instructions_c, .. } = *kernel;
        costs.push(RuleCost { kernel: name, unit, instructions, instructions_c });
    }
    Ok(costs)
}

/// By how many operations and instructions a run grows from the smaller size to the larger.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn growth(
    session: &mut Session,
    network: fn(u32) -> ImageBuilder,
    operations: fn(&OpCounts) -> u64,
) -> Result<Option<(f64, f64)>, ExperimentError> {
    let mut run = |size: u32| -> Result<(u64, Option<u64>), ExperimentError> {
        let file = network(size).build()?;
        Ok(run_learning(session, &file, operations)?)
    };
    let [small, large] = SIZES;
    let ((few, few_took), (many, many_took)) = (run(small)?, run(large)?);
    let more = many.saturating_sub(few).max(1) as f64;
    Ok(few_took.zip(many_took).map(|(few, many)| (more, many as f64 - few as f64)))
}

/// When axons spike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spikes {
    Never,
    /// In the first step; traces then stay above 0.
    Once,
    /// In every step.
    Always,
}

/// A layer that learns in every step from a readout that is always wrong.
#[derive(Clone, Copy, Debug)]
struct RuleLayer {
    axons: u32,
    posts: u32,
    classes: u32,
    /// When the axons spike.
    spikes: Spikes,
    /// Whether its error is ever large enough to learn from.
    errs: bool,
    /// How the embedded CPU writes the weights; `None`: there is no rule.
    precision: Option<Precision>,
}

/// A layer without traces: only its error is computed.
const QUIET: RuleLayer = RuleLayer {
    axons: 1,
    posts: 64,
    classes: 1,
    spikes: Spikes::Never,
    errs: true,
    precision: Some(Precision::Stochastic),
};
/// A layer of axons whose every synapse is updated in every step.
const TAUGHT: RuleLayer = RuleLayer { axons: 128, spikes: Spikes::Always, ..QUIET };

impl RuleLayer {
    fn network(self) -> ImageBuilder {
        let mut builder = ImageBuilder::new();
        builder.beyond_the_chip();
        builder.mailboxes(0, self.classes, self.classes);
        let core = builder.core();
        builder
            .group(self.posts as usize, Profile { decay_u: 400, decay_v: 200, v_th: 100_000 << 6, ..Profile::DEFAULT });
        builder.inputs(3);
        // Input 0 spikes in every step, input 1 in the first, input 2 never.
        let source = Source::Input(match self.spikes {
            Spikes::Always => 0,
            Spikes::Once => 1,
            Spikes::Never => 2,
        });
        let axon = (source, full_row(0..self.posts as usize, |_| 0));
        let axons = std::iter::repeat_n(axon, self.axons as usize);
        let group = builder.plastic_group(core, 0..self.posts as usize, &Plasticity::default(), axons);
        if let Some(precision) = self.precision {
            self.rule(&mut builder, group, precision);
        }
        builder
    }

    fn rule(&self, builder: &mut ImageBuilder, group: u32, precision: Precision) {
        // An error of −2 at this becomes a factor of 4, and with a trace of 255 half a step.
        let words = vec![i32::from_le_bytes([32; 4]); (self.posts * self.classes).div_ceil(4) as usize];
        let params = DecolleParams {
            group,
            axons: self.axons,
            posts: self.posts,
            data_first: builder.data(&words),
            classes: self.classes,
            target_first: 0,
            output_first: 0,
            burn_in_steps: 0,
            epoch_steps: 1,
            readout_shift: 6,
            feedback_shift: 4,
            error_limit: 64,
            error_shift: if self.errs { 5 } else { 15 },
            trigger_share: 0,
            slope: Slope::Box { half_width: if self.spikes == Spikes::Always { i32::MAX } else { HIGH.v_th } },
            homeostasis: 0,
            count_max: 0,
            precision: Some(precision),
            shift: if precision == Precision::Shadow { 3 } else { 11 },
            trace_decay_u: if self.spikes == Spikes::Always { 2048 } else { 4096 },
            trace_decay_v: if self.spikes == Spikes::Always { 2048 } else { 64 },
            recorded_seed: 0,
        };
        builder.snip(&params);
    }
}

/// Of a compartment that never fires.
const HIGH: Profile = Profile { decay_u: 400, decay_v: 200, v_th: 100_000 << 6, ..Profile::DEFAULT };

/// This many posts of a head; all of them err in every step, or none does.
fn head(posts: u32, errs: bool) -> ImageBuilder {
    let mut builder = ImageBuilder::new();
    builder.beyond_the_chip();
    builder.mailboxes(0, posts, posts);
    let core = builder.core();
    builder.group(posts as usize, HIGH);
    builder.inputs(2);
    let axon = (Source::Input(1), full_row(0..posts as usize, |_| 0));
    let group = builder.plastic_group(core, 0..posts as usize, &Plasticity::default(), [axon]);
    let params = SoelParams {
        group,
        posts,
        target_first: 0,
        output_first: 0,
        burn_in_steps: 0,
        epoch_steps: 1,
        // Targets are 64 spikes.
        threshold: if errs { 0 } else { 64 },
        gain: 1,
        slope: Slope::Flat,
        voltage_shift: 8,
    };
    builder.snip(&params);
    builder
}

/// A hidden layer of this many posts, updated once by EMSTDP; each has fired in phase 1 only, or not at all.
fn hidden_layer(posts: u32, fires: bool) -> ImageBuilder {
    let mut builder = ImageBuilder::new();
    builder.beyond_the_chip();
    builder.mailboxes(0, 1, 1);
    let core = builder.core();
    let hidden = builder.group(posts as usize, Profile { v_th: 64, ..Profile::DEFAULT });
    let output = builder.group(1, HIGH);
    builder.bias(hidden.start, &vec![0; posts as usize + 1]);
    builder.inputs(2);
    // Input 1 spikes in the first step, which is not counted.
    let weight = if fires { 254 } else { 0 };
    let late: Vec<Synapse> = (0..posts as usize).map(|compartment| Synapse { compartment, delay: 1, weight }).collect();
    builder.sparse(Source::Input(1), core, &late);
    let axon = (Source::Input(0), full_row(0..posts as usize, |_| 0));
    let axons = std::iter::repeat_n(axon, TAUGHT.axons as usize);
    let group_hidden = builder.plastic_group(core, 0..posts as usize, &Plasticity::default(), axons);
    let output = output.start as usize..output.end as usize;
    let axons = hidden.map(|post| (Source::Compartment(post), full_row(output.clone(), |_| 0)));
    let group_output = builder.plastic_group(core, output.clone(), &Plasticity::default(), axons);
    let number = u32::cast_signed;
    // An error spike adds a step. The errors of outputs never spike.
    let layers = [number(group_hidden), number(posts), number(group_output), 1, 1, 1, 1, 1 << 20];
    let params = EmstdpParams {
        layers: 2,
        data_first: builder.data(&layers),
        inputs: TAUGHT.axons,
        posts: posts + 1,
        posts_max: posts,
        outputs: 1,
        target_first: 0,
        output_first: 0,
        // A pre count of 30; the 61st step is among those that are counted.
        phase_steps: 30,
        precision: Precision::Stochastic,
        shift: 8,
        direct_feedback: None,
        recorded_seed: 0,
    };
    builder.snip(&params);
    builder
}

/// 768 compartments; this many fire in every step and are read out into ten classes. Nothing is learned.
fn read_out(spiking: u32) -> ImageBuilder {
    let mut builder = firing(spiking);
    builder.beyond_the_chip();
    let layer = RuleLayer { posts: 768, classes: 10, errs: false, ..QUIET };
    builder.mailboxes(0, layer.classes, layer.classes);
    let axon = (Source::Input(0), full_row(0..layer.posts as usize, |_| 0));
    let group = builder.plastic_group(0, 0..layer.posts as usize, &Plasticity::default(), [axon]);
    layer.rule(&mut builder, group, Precision::Stochastic);
    builder
}
