//! Steps of one network on several threads: each owns a range of cores with their state, and after every step the threads exchange
//! their spikes.

mod exchange;
mod list;
mod processors;
#[cfg(test)]
mod tests;

use crate::pages::Pages;
use exchange::{End, Exchange, Gone};
use loihi_core::chip::{Chip, Computed, Cut, Part, Spare};
use loihi_core::device::Between;
use loihi_core::image::Image;
use processors::Others;
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::mpsc::{self, Receiver};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread::{self, Builder};
use std::time::{Duration, Instant};
use zerocopy::IntoBytes as _;

/// What computes a step of a part: [`Part::step`], compiled for some registers.
pub type StepPart = fn(&mut Part<'_>, &[u32], &[u32]);

/// Fewest compartments of a thread, unless a number of threads is asked for: with fewer, waiting for one another takes what is won.
const COMPARTMENTS_MIN: usize = 2048;

/// Fewest compartment updates in a request for which threads are started by default: starting one takes about 50 µs.
const UPDATES_MIN: usize = 1 << 18;

/// Fewest steps of a request for which a thread first looks up which compartments reach its cores.
const HEARD_STEPS_MIN: u32 = 64;

/// Bytes of a part's state that are worth moving for each step of a request.
const PART_BYTES_PER_STEP: usize = 2048;

/// The same of a whole chip, which gains less: by its alignment, and by the spare sums behind it.
const WHOLE_BYTES_PER_STEP: usize = 512;

/// Steps after which it is asked whether the threads have processors of their own.
const WATCHED_STEPS: u32 = 16;

/// How long one thread computes, unless a number of threads is asked for, after others had no processors.
const BUSY: Duration = Duration::from_secs(1);

/// Until when the processors are taken to be busy.
static BUSY_UNTIL: Mutex<Option<Instant>> = Mutex::new(None);

/// Processors of this machine.
static PROCESSORS: LazyLock<usize> = LazyLock::new(|| thread::available_parallelism().map_or(1, NonZeroUsize::get));

/// Memory that a cut needs.
struct Memory {
    /// What the part behind the cut needs.
    history: Vec<i16>,
    arrived: Vec<u32>,
    rates: Vec<i32>,
    /// Memory of its own for the part before the cut, if that pays.
    room: Pages,
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
    let spikes = chip.spikes().to_vec();
    let Some(whole) = chip.whole() else { return 1 };
    let others: Vec<Builder> = (0..cuts.len()).map(thread).collect();
    let steps = steps_left(between);
    let divide = || divided(whole, &cuts, &mut memory, steps);
    let Some((computed, steps, inputs)) = compute(others, divide, spikes, between, (step, most == 0)) else {
        alone(chip, between, step);
        return 1;
    };
    chip.join(&computed, steps, inputs);
    computed.len()
}

/// Computes all steps on this thread. The inputs of a step are delivered together, where [`Chip::inject`] takes one at a time.
fn alone(chip: &mut Chip<'_>, between: &mut dyn Between, step: StepPart) {
    let (mut spikes, mut inputs) = (chip.spikes().to_vec(), Vec::new());
    let mut room = Pages::none();
    let Some(mut whole) = chip.whole() else { return };
    move_to_room(&mut whole, &mut room, steps_left(between), WHOLE_BYTES_PER_STEP);
    let (mut steps, mut input_spikes) = (0, 0);
    loop {
        inputs.clear();
        between.inputs(&mut |input| inputs.push(input));
        input_spikes += inputs.len() as u64;
        step(&mut whole, &spikes, &inputs);
        steps += 1;
        spikes.clear();
        spikes.extend_from_slice(whole.spikes());
        if !between.computed(&spikes) {
            break;
        }
    }
    let computed = whole.computed();
    chip.join(&[computed], steps, input_spikes);
}

/// Steps that are left.
fn steps_left(between: &dyn Between) -> usize {
    usize::try_from(between.left()).unwrap_or(usize::MAX)
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

/// A chip divided at all cuts; for `steps` steps.
fn divided<'p>(whole: Part<'p>, cuts: &[Cut], memory: &'p mut [Memory], steps: usize) -> Option<Vec<Part<'p>>> {
    let (mut parts, mut rest) = (Vec::new(), whole);
    for (cut, Memory { history, arrived, rates, room }) in cuts.iter().zip(memory) {
        let [mut front, back] = rest.split(cut, Spare { history, arrived, rates })?;
        move_to_room(&mut front, room, steps, PART_BYTES_PER_STEP);
        parts.push(front);
        rest = back;
    }
    parts.push(rest);
    Some(parts)
}

/// Moves a part to memory of its own if the request is long enough: for each of its steps, `bytes_per_step` bytes are worth moving.
fn move_to_room<'p>(part: &mut Part<'p>, room: &'p mut Pages, steps: usize, bytes_per_step: usize) {
    let bytes = part.room_bytes();
    if bytes / bytes_per_step < steps
        && let Ok(pages) = Pages::zeroed(bytes)
    {
        *room = pages;
        // The room is as large as asked for; if it were not, the part would stay in place.
        let _room = part.move_to_room(room.as_mut().as_mut_bytes());
    }
}

/// Computes all steps; returns what became of the parts, the number of steps, and that of spikes from outside. `None` if a thread
/// cannot be started: only when all have been is the chip divided.
fn compute<'p>(
    threads: Vec<Builder>,
    divide: impl FnOnce() -> Option<Vec<Part<'p>>>,
    spikes: Vec<u32>,
    between: &mut dyn Between,
    (step, unasked): (StepPart, bool),
) -> Option<(Vec<Computed>, u32, u64)> {
    let hears = between.left() >= HEARD_STEPS_MIN;
    let exchange = &Exchange::of(threads.len() + 1, *PROCESSORS);
    // Those of all parts.
    exchange.tell(0, 0, &spikes);
    let processors = &Others::look_up();
    thread::scope(|scope| {
        // Whatever happens here, the others wait for ever neither for a step nor, as the senders go, for their part.
        let end = End(exchange);
        let (mut senders, mut others) = (Vec::new(), Vec::new());
        for (number, thread) in threads.into_iter().enumerate() {
            let (sender, part) = mpsc::channel();
            senders.push(sender);
            let follow = move || {
                processors.settle_on(number);
                follow(number + 1, &part, hears, exchange, step)
            };
            others.push(thread.spawn_scoped(scope, follow).ok()?);
        }
        let mut parts = divide()?.into_iter();
        let own = parts.next()?;
        for (sender, part) in senders.iter().zip(parts) {
            // Taken: a thread ends only after its part.
            let _taken = sender.send(part);
        }
        let mut own = Listening::of(own, hears);
        let (steps, inputs) = lead(&mut own, spikes, exchange, between, (step, unasked));
        drop(end);
        let mut computed = vec![own.part.computed()];
        for other in others {
            computed.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        Some((computed, steps, inputs))
    })
}

/// Computes the first part and what lies between steps, from these spikes on; returns the number of steps, and that of spikes from
/// outside.
fn lead(
    own: &mut Listening<'_>,
    mut spikes: Vec<u32>,
    exchange: &Exchange,
    between: &mut dyn Between,
    (step, unasked): (StepPart, bool),
) -> (u32, u64) {
    let (mut steps, mut input_spikes, mut late) = (0_u32, 0_u64, 0_u32);
    let mut inputs = Vec::new();
    loop {
        inputs.clear();
        between.inputs(&mut |input| inputs.push(input));
        input_spikes += inputs.len() as u64;
        steps += 1;
        exchange.begin(steps, &inputs);
        let begun = unasked.then(Instant::now);
        own.step(&spikes, &inputs, step);
        let computed = begun.map(|begun| begun.elapsed());
        exchange.tell(0, steps, own.part.spikes());
        let Some(waited) = exchange.all_have_told(steps, &mut spikes) else { return (steps, input_spikes) };
        // Another part may take longer than this one, but not twice as long.
        late += u32::from(waited && begun.zip(computed).is_some_and(|(begun, own)| begun.elapsed() > own * 2));
        if !between.computed(&spikes) {
            return (steps, input_spikes);
        }
        if unasked && steps.is_multiple_of(WATCHED_STEPS) {
            if late > WATCHED_STEPS / 4 {
                *BUSY_UNTIL.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + BUSY);
                return (steps, input_spikes);
            }
            late = 0;
        }
    }
}

/// Computes another part, once it comes, step by step as they are begun; `None` if none comes.
fn follow(
    number: usize,
    part: &Receiver<Part<'_>>,
    hears: bool,
    exchange: &Exchange,
    step: StepPart,
) -> Option<Computed> {
    let _gone = Gone(exchange);
    let mut own = Listening::of(part.recv().ok()?, hears);
    let (mut spikes, mut inputs) = (Vec::new(), Vec::new());
    let mut steps = 0;
    // The spikes of the others are read before the next step begins.
    while exchange.all_have_told(steps, &mut spikes).is_some() && exchange.has_begun(steps + 1, &mut inputs) {
        own.step(&spikes, &inputs, step);
        steps += 1;
        exchange.tell(number, steps, own.part.spikes());
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
        let mut heard = vec![0; if hears { part.compartments().div_ceil(64) } else { 0 }];
        if hears {
            for (at, is_heard) in part.hears().enumerate() {
                if let Some(word) = heard.get_mut(at / 64) {
                    *word |= u64::from(is_heard) << (at % 64);
                }
            }
        }
        Self { part, heard, spikes: Vec::new() }
    }

    fn step(&mut self, spikes: &[u32], inputs: &[u32], step: StepPart) {
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
        Self { history: vec![0; history], arrived: vec![0; arrived], rates: vec![0; rates], room: Pages::none() }
    }
}
