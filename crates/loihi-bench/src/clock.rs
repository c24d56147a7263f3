//! A network stepped on this host, in parts that are timed apart.

use loihi_core::arena::TooSmall;
use loihi_core::chip::Chip;
use loihi_core::image::{COMPARTMENTS_PER_CORE, Image};
use loihi_core::meter::CoreCounts;
use loihi_core::num::word;
use loihi_core::ops::OpCounts;
use loihi_core::register::Register;
use loihi_device::meter::{MeteredRun, MeteredStep};
use loihi_device::pages::Pages;
use loihi_device::wide;
use loihi_image::image::{BuildError, ImageFile};
use loihi_image::limits::{self, Unfit};
use loihi_image::rule::RuleError;
use std::time::{Duration, Instant};
use zerocopy::IntoBytes as _;

/// Steps before the clock starts.
const WARM_UP_STEPS: usize = 100;
/// Steps that are metered for the model of a Loihi.
const METERED_STEPS: usize = 100;
/// Parts of a run that are timed apart; the figure is their median.
const PARTS: usize = 9;

/// Most input spikes, which are drawn before the clock starts.
const SPIKES_MAX: u32 = 1 << 27;
/// As many spikes as take the memory of the list of a step.
const STEP_AS_SPIKES: f64 = 3.0;

/// A network that is built, and how long that took.
#[derive(Clone, Debug)]
pub struct Built {
    /// Its image.
    pub file: ImageFile,
    took: Duration,
}

impl Built {
    /// What `build` builds.
    ///
    /// # Errors
    /// Those of `build`.
    pub fn by(build: impl FnOnce() -> Result<ImageFile, BenchError>) -> Result<Self, BenchError> {
        let start = Instant::now();
        Ok(Self { file: build()?, took: start.elapsed() })
    }
}

/// What came out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    /// Cores that the network takes.
    pub cores: usize,
    /// Threads that computed the timed steps; the most, if some were computed on fewer.
    pub threads: usize,
    /// Median over the parts of the run.
    pub us_per_step: f64,
    /// Fastest part of the run.
    pub us_per_step_min: f64,
    /// Slowest part of the run.
    pub us_per_step_max: f64,
    /// Seconds from nothing to the end of the first step: the network is built, loaded and stepped once.
    pub to_first_step_s: f64,
    /// Bytes of the image.
    pub image_bytes: usize,
    /// Bytes of the state.
    pub state_bytes: usize,
    /// Synapses that are stored.
    pub synapses: usize,
    /// Hash of the currents and voltages after the last step.
    pub digest: u64,
    /// What was computed in the timed steps.
    pub counts: OpCounts,
    /// The first limit of a Loihi that the network does not keep, if any.
    pub beyond_the_chip: Option<Unfit>,
}

/// Why nothing was timed.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The network cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Cores do not hold the compartments, or more are asked for than take some.
    #[error(
        "{compartments} compartments do not spread evenly over {cores} cores of at most {COMPARTMENTS_PER_CORE}: give --cores \
         {}",
        even_cores(*.compartments, *.cores)
    )]
    Cores {
        /// Compartments.
        compartments: usize,
        /// Cores.
        cores: usize,
    },
    /// The rule cannot be read.
    #[error("the rule cannot be read\n{0}")]
    Rule(RuleError),
    /// The system has too little memory.
    #[error("there are no {bytes} bytes of memory for the network: give a smaller --n or --fan-in")]
    Memory {
        /// Bytes of image and state.
        bytes: usize,
    },
    /// The input would not fit the memory.
    #[error(
        "{spikes:.0} input spikes in {steps} steps are more than {SPIKES_MAX}: give fewer --steps, or a smaller --rate"
    )]
    Input {
        /// Spikes that are to be expected.
        spikes: f64,
        /// Steps.
        steps: usize,
    },
    /// The memory that was computed does not suffice.
    #[error(transparent)]
    TooSmall(#[from] TooSmall),
}

/// The number of cores next to `cores` over which compartments spread evenly.
fn even_cores(compartments: usize, cores: usize) -> usize {
    let per_core = compartments.div_ceil(cores.max(1)).clamp(1, COMPARTMENTS_PER_CORE);
    compartments.div_ceil(per_core)
}

/// Steps of a part of a run; the last part may have fewer.
fn part_steps(steps: usize) -> usize {
    steps.div_ceil(PARTS).max(1)
}

impl Timing {
    /// Parts of the run that were timed apart: nine, or fewer if it has few steps.
    pub fn parts(&self) -> usize {
        let steps = usize::try_from(self.counts.steps).unwrap_or(usize::MAX);
        steps.div_ceil(part_steps(steps))
    }

    /// Bytes of the image for each synapse: its word, and its part of axons, fan-outs and all else.
    pub fn image_bytes_per_synapse(&self) -> f64 {
        as_f64(self.image_bytes as u64) / as_f64(self.synapses.max(1) as u64)
    }

    /// Bytes of the state for each compartment.
    pub fn state_bytes_per_compartment(&self) -> f64 {
        let compartments = self.counts.compartment_updates / self.counts.steps.max(1);
        as_f64(self.state_bytes as u64) / as_f64(compartments.max(1))
    }

    /// Synapses that added their weight, per second.
    pub fn events_per_s(&self) -> f64 {
        self.per_second(self.counts.synaptic_events)
    }

    /// Compartments advanced by a step, per second.
    pub fn updates_per_s(&self) -> f64 {
        self.per_second(self.counts.compartment_updates)
    }

    fn per_second(&self, count: u64) -> f64 {
        as_f64(count) / as_f64(self.counts.steps.max(1)) / self.us_per_step * 1e6
    }
}

/// Told between the parts of a run how many of how many are done.
pub type After<'a> = &'a mut dyn FnMut(u64, u64);

/// Times a network; `compute` computes steps with their inputs, and returns on how many threads.
pub(super) fn time(
    network: &Built,
    input: &[Vec<usize>],
    compute: impl Fn(&mut Chip<'_>, &[Vec<usize>]) -> usize,
    after: After<'_>,
) -> Result<Timing, BenchError> {
    let loading = Instant::now();
    let image = &network.file.open().map_err(BuildError::from)?;
    let state_bytes = Chip::bytes_needed(image, &[]);
    // Where a device in this process has them.
    let image_bytes = network.file.bytes();
    let bytes = image_bytes.len().next_multiple_of(8) + state_bytes.next_multiple_of(8);
    let mut pages = Pages::zeroed(bytes).map_err(|_| BenchError::Memory { bytes })?;
    let arena = pages.as_mut().as_mut_bytes();
    let (copy, state) = arena.split_at_mut(image_bytes.len().next_multiple_of(8));
    let (copy, _) = copy.split_at_mut(image_bytes.len());
    copy.copy_from_slice(image_bytes);
    let mut chip = Chip::new(Image::view(copy).map_err(BuildError::from)?, &[], state)?;
    let loaded = network.took + loading.elapsed();
    let (warm_up, timed) = input.split_at(WARM_UP_STEPS.min(input.len()));
    let mut run = |steps: &[Vec<usize>]| {
        let start = Instant::now();
        let threads = compute(&mut chip, steps);
        (start.elapsed(), *chip.ops(), threads)
    };
    let (first, warm_up) = warm_up.split_at(1.min(warm_up.len()));
    let to_first_step_s = (loaded + run(first).0).as_secs_f64();
    let (_, start, _) = run(warm_up);
    let (mut end, mut threads) = (start, 1);
    let (mut done, total) = (0, timed.len() as u64);
    let mut parts: Vec<f64> = timed
        .chunks(part_steps(timed.len()))
        .map(|steps| {
            after(done, total);
            let (took, ops, ran) = run(steps);
            (end, done, threads) = (ops, done + steps.len() as u64, threads.max(ran));
            took.as_secs_f64() * 1e6 / as_f64(steps.len() as u64)
        })
        .collect();
    parts.sort_by(f64::total_cmp);
    let digest = chip.digest_of(Register::U.bit() | Register::V.bit());
    Ok(Timing {
        to_first_step_s,
        image_bytes: network.file.bytes().len(),
        state_bytes,
        synapses: image.sparse.len() + image.dense.len(),
        digest,
        cores: image.cores().len(),
        threads,
        us_per_step: parts.get(parts.len() / 2).copied().unwrap_or(0.0),
        us_per_step_min: parts.first().copied().unwrap_or(0.0),
        us_per_step_max: parts.last().copied().unwrap_or(0.0),
        counts: end.since(&start),
        beyond_the_chip: limits::check(image).err(),
    })
}

/// What the cores of a network do in the steps after the warm-up; `before` is called before each step with its number.
pub(super) fn meter(
    file: &ImageFile,
    input: &[Vec<usize>],
    before: impl Fn(&mut Chip<'_>, usize),
) -> Result<MeteredRun, BenchError> {
    let image = file.open().map_err(BuildError::from)?;
    let mut memory = vec![0_u64; Chip::bytes_needed(&image, file.snips()).div_ceil(8)];
    let mut chip = Chip::new(image, file.snips(), memory.as_mut_bytes())?;
    chip.set_metering(true);
    let mut run =
        MeteredRun { image: file.clone(), steps: Vec::new(), ops: OpCounts::default(), snip_instructions: None };
    let (mut counts, mut ops) = (core_counts(&chip), *chip.ops());
    for (number, inputs) in input.iter().enumerate().take(WARM_UP_STEPS + METERED_STEPS) {
        let delivered = chip.spikes().to_vec();
        before(&mut chip, number);
        for input in inputs {
            chip.inject(*input);
        }
        wide::step(&mut chip);
        let after = core_counts(&chip);
        if number >= WARM_UP_STEPS {
            let cores = after.iter().zip(&counts).map(|(after, before)| after.since(before)).collect();
            run.steps.push(MeteredStep { cores, delivered });
            run.ops = run.ops.plus(&chip.ops().since(&ops));
        }
        (counts, ops) = (after, *chip.ops());
    }
    Ok(run)
}

fn core_counts(chip: &Chip<'_>) -> Vec<CoreCounts> {
    let mut words = Vec::new();
    chip.visit(Register::CoreCounts, |word| words.push(word.cast_unsigned()));
    words.as_chunks::<{ CoreCounts::WORDS }>().0.iter().map(|words| CoreCounts::from_words(*words)).collect()
}

/// Inputs that spike, per step of the warm-up and of the run.
pub(super) fn random_input(inputs: u32, rate: f64, steps: usize, seed: u32) -> Result<Vec<Vec<usize>>, BenchError> {
    let expected = as_f64(steps as u64) * (f64::from(inputs) * rate + STEP_AS_SPIKES);
    if expected > f64::from(SPIKES_MAX) {
        return Err(BenchError::Input { spikes: expected, steps });
    }
    let step = |step| {
        let step = u32::try_from(step).unwrap_or(u32::MAX);
        (0..inputs).filter(|input| spikes(seed, rate, step, *input)).map(|input| input as usize).collect()
    };
    Ok((0..WARM_UP_STEPS + steps).map(step).collect())
}

/// Whether an input is drawn to spike in a step, which it does with this chance.
pub fn spikes(seed: u32, rate: f64, step: u32, input: u32) -> bool {
    f64::from(word(seed, step, input, 3)) < rate * 2_f64.powi(32)
}

/// Steps that take about a tenth of a second.
pub(super) fn default_steps(elements: u32) -> usize {
    (10_000_000 / elements.max(1) as usize).clamp(PARTS * 20, 200_000)
}

/// A number below `end` from a uniform word.
pub(super) fn below(end: u32, word: u32) -> u32 {
    u32::try_from((u64::from(word) * u64::from(end)) >> 32).unwrap_or(0)
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub(super) fn as_f64(count: u64) -> f64 {
    count as f64
}
