//! Steps of one network on several threads: each owns a range of cores with their state, and after every step the threads exchange
//! their spikes.

mod meeting;
#[cfg(test)]
mod tests;

use loihi_core::chip::{Chip, Computed, Cut, Part, Spare};
use loihi_core::device::Between;
use loihi_core::image::Image;
use meeting::{End, Left, Meeting};
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::mpsc::{self, Receiver};
use std::sync::{LazyLock, Mutex, PoisonError, RwLock};
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

/// What computes a step of a part: [`Part::step`], compiled for some registers.
pub type StepPart = fn(&mut Part<'_>, &[u32], &[u32]);

/// Fewest compartments of a thread, unless a number of threads is asked for: with fewer, waiting for one another takes what is won.
const COMPARTMENTS_MIN: usize = 4096;

/// Fewest compartment updates in a request for which threads are started by default: starting one takes about 20 µs.
const UPDATES_MIN: usize = 1 << 18;

/// Fewest steps of a request for which a thread first looks up which compartments reach its cores.
const HEARD_STEPS_MIN: u32 = 64;

/// Steps after which it is asked whether the threads have processors of their own.
const WATCHED_STEPS: u32 = 16;

/// How long one thread computes, unless a number of threads is asked for, after others had no processors.
const BUSY: Duration = Duration::from_secs(1);

/// Until when the processors are taken to be busy.
static BUSY_UNTIL: Mutex<Option<Instant>> = Mutex::new(None);

/// Processors of this machine.
static PROCESSORS: LazyLock<usize> = LazyLock::new(|| thread::available_parallelism().map_or(1, NonZeroUsize::get));

/// What a step is given.
#[derive(Default)]
struct Given {
    /// Compartments that fired in the step before.
    spikes: Vec<u32>,
    /// External inputs that spike.
    inputs: Vec<u32>,
}

/// Memory of a part.
struct Memory {
    history: Vec<i16>,
    arrived: Vec<u32>,
    rates: Vec<i32>,
}

/// Limits a number of threads to that of the processors: with more, a step takes up to a hundred times as long.
pub fn on_processors(asked: NonZeroUsize) -> usize {
    asked.get().min(*PROCESSORS)
}

/// Computes steps in at most `most` parts (0 chooses the number by size) with the same bits as the whole chip. Returns the number
/// of parts.
///
/// Computes nothing if programs of the embedded CPU or metering need the whole chip, and stops early if the threads share a processor
/// with other programs. A thread that cannot be started is done without.
pub fn run(chip: &mut Chip<'_>, most: usize, between: &mut dyn Between, step: StepPart) -> usize {
    run_on(chip, most, between, step, |_| Builder::new())
}

/// The same on threads that are built so, by their number.
fn run_on(
    chip: &mut Chip<'_>,
    most: usize,
    between: &mut dyn Between,
    step: StepPart,
    thread: impl Fn(usize) -> Builder,
) -> usize {
    if between.left() == 0 {
        return 1;
    }
    let image = *chip.image();
    let cuts = cuts(&image, parts(image.compartments(), between.left(), most));
    if cuts.is_empty() {
        alone(chip, between, step);
        return 1;
    }
    let mut memory: Vec<Memory> = cuts.iter().map(|_| Memory::of(&image)).collect();
    let given = Given { spikes: chip.spikes().to_vec(), inputs: Vec::new() };
    let Some(whole) = chip.whole() else { return 1 };
    let others: Vec<Builder> = (0..cuts.len()).map(thread).collect();
    let divide = || divided(whole, &cuts, &mut memory);
    let Some((computed, steps, inputs)) = compute(others, divide, given, between, (step, most == 0)) else {
        alone(chip, between, step);
        return 1;
    };
    chip.join(&computed, steps, inputs);
    computed.len()
}

/// Computes all steps on this thread. The inputs of a step are delivered together, where [`Chip::inject`] takes one at a time.
fn alone(chip: &mut Chip<'_>, between: &mut dyn Between, step: StepPart) {
    let mut given = Given { spikes: chip.spikes().to_vec(), inputs: Vec::new() };
    let Some(mut whole) = chip.whole() else { return };
    let (mut steps, mut inputs) = (0, 0);
    loop {
        given.inputs.clear();
        between.inputs(&mut |input| given.inputs.push(input));
        inputs += given.inputs.len() as u64;
        step(&mut whole, &given.spikes, &given.inputs);
        steps += 1;
        given.spikes.clear();
        given.spikes.extend_from_slice(whole.spikes());
        if !between.computed(&given.spikes) {
            break;
        }
    }
    let computed = whole.computed();
    chip.join(&[computed], steps, inputs);
}

/// How many parts to compute.
fn parts(compartments: usize, steps: u32, most: usize) -> usize {
    let updates = compartments.saturating_mul(usize::try_from(steps).unwrap_or(usize::MAX));
    match most {
        0 if updates < UPDATES_MIN || is_busy() => 1,
        0 => PROCESSORS.min(compartments / COMPARTMENTS_MIN).max(1),
        most => most,
    }
}

/// Whether threads had no processors a moment ago.
fn is_busy() -> bool {
    BUSY_UNTIL.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|until| Instant::now() < until)
}

/// Cuts that divide a chip into `parts` parts of similar size, at most one per core.
fn cuts(image: &Image<'_>, parts: usize) -> Vec<Cut> {
    let (all, cores) = (image.compartments().max(1), image.cores().len());
    let parts = parts.min(cores);
    let (mut cuts, mut next) = (Vec::new(), 1);
    for (core, record) in image.cores().enumerate().skip(1).filter(|_| parts > 1) {
        let before = record.compartment_first;
        let is_due =
            before.saturating_mul(parts) >= all.saturating_mul(next) || cores - core <= parts.saturating_sub(next);
        if next < parts
            && is_due
            && let Some(cut) = Cut::before(image, core)
        {
            cuts.push(cut);
            next = (next + 1).max(before.saturating_mul(parts) / all + 1);
        }
    }
    cuts
}

/// A chip divided at all cuts.
fn divided<'p>(whole: Part<'p>, cuts: &[Cut], memory: &'p mut [Memory]) -> Option<Vec<Part<'p>>> {
    let (mut parts, mut rest) = (Vec::new(), whole);
    for (cut, Memory { history, arrived, rates }) in cuts.iter().zip(memory) {
        let [front, back] = rest.split(cut, Spare { history, arrived, rates })?;
        parts.push(front);
        rest = back;
    }
    parts.push(rest);
    Some(parts)
}

/// Computes all steps; returns what became of the parts, the number of steps, and that of spikes from outside. `None` if a thread
/// cannot be started: only when all have been is the chip divided.
fn compute<'p>(
    threads: Vec<Builder>,
    divide: impl FnOnce() -> Option<Vec<Part<'p>>>,
    given: Given,
    between: &mut dyn Between,
    (step, unasked): (StepPart, bool),
) -> Option<(Vec<Computed>, u32, u64)> {
    let hears = between.left() >= HEARD_STEPS_MIN;
    let meeting = &Meeting::of(threads.len() + 1, *PROCESSORS);
    let given = &RwLock::new(given);
    let fired: Vec<Mutex<Vec<u32>>> = threads.iter().map(|_| Mutex::default()).collect();
    thread::scope(|scope| {
        // Whatever happens here, the others wait for ever neither for a step nor, as the senders go, for their part.
        let end = End(meeting);
        let (mut senders, mut others) = (Vec::new(), Vec::new());
        for (thread, fired) in threads.into_iter().zip(&fired) {
            let (sender, part) = mpsc::channel();
            senders.push(sender);
            let follow = move || follow(&part, hears, fired, (given, meeting), step);
            others.push(thread.spawn_scoped(scope, follow).ok()?);
        }
        let mut parts = divide()?.into_iter();
        let own = parts.next()?;
        for (sender, part) in senders.iter().zip(parts) {
            // Taken: a thread ends only after its part.
            let _taken = sender.send(part);
        }
        let mut own = Listening::of(own, hears);
        let (steps, inputs) = lead(&mut own, &fired, (given, meeting), between, (step, unasked));
        drop(end);
        let mut computed = vec![own.part.computed()];
        for other in others {
            computed.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        Some((computed, steps, inputs))
    })
}

/// Computes the first part and what lies between steps; returns the number of steps, and that of spikes from outside.
fn lead(
    own: &mut Listening<'_>,
    fired: &[Mutex<Vec<u32>>],
    (given, meeting): (&RwLock<Given>, &Meeting),
    between: &mut dyn Between,
    (step, unasked): (StepPart, bool),
) -> (u32, u64) {
    let (mut steps, mut inputs, mut late) = (0_u32, 0_u64, 0_u32);
    loop {
        {
            let put = &mut given.write().unwrap_or_else(PoisonError::into_inner).inputs;
            put.clear();
            between.inputs(&mut |input| put.push(input));
            inputs += put.len() as u64;
        }
        steps += 1;
        meeting.begin(u64::from(steps));
        own.step(&given.read().unwrap_or_else(PoisonError::into_inner), step);
        let Some(waited) = meeting.all_have_done(u64::from(steps)) else { return (steps, inputs) };
        late += u32::from(waited);
        let spikes = &mut given.write().unwrap_or_else(PoisonError::into_inner).spikes;
        spikes.clear();
        spikes.extend_from_slice(own.part.spikes());
        for fired in fired {
            spikes.extend_from_slice(&fired.lock().unwrap_or_else(PoisonError::into_inner));
        }
        if !between.computed(spikes) {
            return (steps, inputs);
        }
        if unasked && steps.is_multiple_of(WATCHED_STEPS) {
            if late > WATCHED_STEPS / 4 {
                *BUSY_UNTIL.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + BUSY);
                return (steps, inputs);
            }
            late = 0;
        }
    }
}

/// Computes another part, once it comes, step by step as they are begun; `None` if none comes.
fn follow(
    part: &Receiver<Part<'_>>,
    hears: bool,
    fired: &Mutex<Vec<u32>>,
    (given, meeting): (&RwLock<Given>, &Meeting),
    step: StepPart,
) -> Option<Computed> {
    let _left = Left(meeting);
    let mut own = Listening::of(part.recv().ok()?, hears);
    let mut next = 1;
    while meeting.has_begun(next) {
        own.step(&given.read().unwrap_or_else(PoisonError::into_inner), step);
        {
            let mut fired = fired.lock().unwrap_or_else(PoisonError::into_inner);
            fired.clear();
            fired.extend_from_slice(own.part.spikes());
        }
        meeting.one_has_done();
        next += 1;
    }
    Some(own.part.computed())
}

/// A part, and the compartments whose spikes reach it.
struct Listening<'p> {
    part: Part<'p>,
    /// A bit for each compartment of the chip; empty: it is not known.
    heard: Vec<u64>,
    /// The spikes of the last step that reach it.
    spikes: Vec<u32>,
}

impl<'p> Listening<'p> {
    fn of(part: Part<'p>, hears: bool) -> Self {
        let compartments = if hears { part.compartments() } else { 0 };
        let bit = |at: usize| u64::from(part.hears(at)) << (at % 64);
        let word = |first: usize| (first..compartments.min(first + 64)).fold(0, |word, at| word | bit(at));
        let heard = (0..compartments).step_by(64).map(word).collect();
        Self { part, heard, spikes: Vec::new() }
    }

    fn step(&mut self, Given { spikes, inputs }: &Given, step: StepPart) {
        if self.heard.is_empty() {
            return step(&mut self.part, spikes, inputs);
        }
        // Without an unpredictable branch.
        self.spikes.resize(spikes.len(), 0);
        let mut count = 0;
        for spike in spikes {
            self.spikes[count] = *spike;
            let word = self.heard.get(*spike as usize / 64).copied().unwrap_or(0);
            count += usize::from(word >> (spike % 64) & 1 == 1);
        }
        step(&mut self.part, &self.spikes[..count], inputs);
    }
}

impl Memory {
    fn of(image: &Image<'_>) -> Self {
        let [history, arrived, rates] = Spare::lengths(image);
        Self { history: vec![0; history], arrived: vec![0; arrived], rates: vec![0; rates] }
    }
}
