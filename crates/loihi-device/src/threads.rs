//! Steps of one network on several threads: each has a run of cores with all their state, and after a step all hear of all spikes.

use loihi_core::chip::{Chip, Computed, Cut, Part, Spare};
use loihi_core::device::Between;
use loihi_core::image::Image;
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

/// What computes a step of a part: [`Part::step`], compiled for some registers.
pub type StepPart = fn(&mut Part<'_>, &[u32], &[u32]);

/// Fewest compartments of a thread, unless a number of threads is asked for: with fewer, waiting for one another takes what is won.
const COMPARTMENTS_MIN: usize = 4096;

/// Fewest updates of compartments in a request for which threads are started unasked: starting one takes some 20 µs.
const UPDATES_MIN: usize = 1 << 18;

/// Fewest steps of a request for which a thread finds out which spikes it hears of, once for all of them.
const HEARD_STEPS_MIN: u32 = 64;

/// How often a thread that waits looks without giving its processor away: longer than any wait of threads that have processors of
/// their own.
const LOOKS: u32 = 2000;

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

/// Where threads wait for one another, once a step.
struct Meeting {
    /// The last step that may be computed, from 1; [`Meeting::END`] if there are no more.
    begun: Line<AtomicU64>,
    /// Steps computed by all but the first thread, together.
    done: Line<AtomicU64>,
    /// Whether one of them has gone.
    left: AtomicBool,
    others: u64,
    /// See [`LOOKS`].
    looks: u32,
}

/// In a cache line of its own.
#[derive(Default)]
#[repr(align(128))]
struct Line<T>(T);

/// Computes steps in at most so many parts, 0 for as many as pay, to the same bits as whole. None are computed if the chip has to be
/// computed whole, or if that is faster; only the first ones if the threads turn out to have no processors.
pub fn run(chip: &mut Chip<'_>, most: usize, between: &mut dyn Between, step: StepPart) {
    let image = *chip.image();
    let cuts = cuts(&image, parts(image.compartments(), between.left(), most));
    if cuts.is_empty() {
        return;
    }
    let mut memory: Vec<Memory> = cuts.iter().map(|_| Memory::of(&image)).collect();
    let given = Given { spikes: chip.spikes().to_vec(), inputs: Vec::new() };
    let Some(parts) = chip.whole().and_then(|whole| divided(whole, &cuts, &mut memory)) else { return };
    let (computed, steps, inputs) = compute(parts, given, between, (step, most == 0));
    chip.join(&computed, steps, inputs);
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

/// Where a chip is divided into so many parts of about as many compartments, or fewer if it has fewer cores.
fn cuts(image: &Image<'_>, parts: usize) -> Vec<Cut> {
    let (all, cores) = (image.compartments().max(1), image.cores().len());
    let (mut cuts, mut next) = (Vec::new(), 1);
    for (core, record) in image.cores().enumerate().skip(1).filter(|_| parts > 1) {
        let before = record.compartment_first;
        let is_due = before * parts >= all * next || cores - core <= parts.saturating_sub(next);
        if next < parts
            && is_due
            && let Some(cut) = Cut::before(image, core)
        {
            cuts.push(cut);
            next = (next + 1).max(before * parts / all + 1);
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

/// Computes all steps; returns what became of the parts, the number of steps, and that of spikes from outside.
fn compute(
    parts: Vec<Part<'_>>,
    given: Given,
    between: &mut dyn Between,
    (step, unasked): (StepPart, bool),
) -> (Vec<Computed>, u32, u64) {
    let hears = between.left() >= HEARD_STEPS_MIN;
    let meeting = &Meeting::of(parts.len());
    let given = &RwLock::new(given);
    let fired: Vec<Mutex<Vec<u32>>> = parts.iter().skip(1).map(|_| Mutex::default()).collect();
    thread::scope(|scope| {
        let (mut own, mut others) = (None, Vec::new());
        for (number, part) in parts.into_iter().enumerate() {
            match number.checked_sub(1) {
                None => own = Some(part),
                Some(other) => {
                    let fired = &fired[other];
                    others.push(scope.spawn(move || follow(Listening::of(part, hears), fired, given, meeting, step)));
                }
            }
        }
        let (mut computed, mut steps, mut inputs) = (Vec::new(), 0, 0);
        if let Some(part) = own {
            // Whatever happens here, the others do not wait for ever.
            let _end = End(meeting);
            let mut own = Listening::of(part, hears);
            (steps, inputs) = lead(&mut own, &fired, (given, meeting), between, (step, unasked));
            computed.push(own.part.computed());
        }
        for other in others {
            computed.push(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        (computed, steps, inputs)
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

/// Computes another part, step by step as they are begun.
fn follow(
    mut own: Listening<'_>,
    fired: &Mutex<Vec<u32>>,
    given: &RwLock<Given>,
    meeting: &Meeting,
    step: StepPart,
) -> Computed {
    let _left = Left(meeting);
    let mut next = 1;
    while meeting.has_begun(next) {
        own.step(&given.read().unwrap_or_else(PoisonError::into_inner), step);
        {
            let mut fired = fired.lock().unwrap_or_else(PoisonError::into_inner);
            fired.clear();
            fired.extend_from_slice(own.part.spikes());
        }
        meeting.done.0.fetch_add(1, Ordering::Release);
        next += 1;
    }
    own.part.computed()
}

/// A part, and which spikes it hears of.
struct Listening<'p> {
    part: Part<'p>,
    /// A bit for each compartment of the chip; empty: it is not known.
    heard: Vec<u64>,
    /// Those of the last step that it heard of.
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
        // Without a branch that nobody can predict.
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

impl Meeting {
    const END: u64 = u64::MAX;

    fn of(parts: usize) -> Self {
        let others = parts.saturating_sub(1) as u64;
        let looks = if parts > *PROCESSORS { 0 } else { LOOKS };
        Self { begun: Line::default(), done: Line::default(), left: AtomicBool::new(false), others, looks }
    }

    /// Lets everybody compute a step.
    fn begin(&self, step: u64) {
        self.begun.0.store(step, Ordering::Release);
    }

    /// Waits until a step has begun; false if there are no more.
    fn has_begun(&self, step: u64) -> bool {
        let begun = || self.begun.0.load(Ordering::Acquire);
        self.wait(|| begun() >= step);
        begun() != Self::END
    }

    /// Waits until all others have computed a step, and says whether that took long; `None` if one has gone.
    fn all_have_done(&self, step: u64) -> Option<bool> {
        let done = || self.done.0.load(Ordering::Acquire) >= step * self.others;
        let waited = self.wait(|| done() || self.left.load(Ordering::Acquire));
        done().then_some(waited)
    }

    /// Waits for something that comes soon; says whether it gave its processor away.
    fn wait(&self, has_come: impl Fn() -> bool) -> bool {
        let mut looks = 0;
        while !has_come() {
            if looks < self.looks {
                std::hint::spin_loop();
            } else {
                thread::yield_now();
            }
            looks = looks.saturating_add(1);
        }
        looks > self.looks
    }
}

/// Ends the steps of all threads when it is dropped.
struct End<'m>(&'m Meeting);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.begin(Meeting::END);
    }
}

/// Says when it is dropped that a thread has gone.
struct Left<'m>(&'m Meeting);

impl Drop for Left<'_> {
    fn drop(&mut self) {
        self.0.left.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_threads_as_pay_or_as_are_asked_for() {
        assert_eq!(parts(1000, 1000, 0), 1, "a small network");
        assert_eq!(parts(100_000, 1, 0), 1, "a single step");
        assert!((1..=24).contains(&parts(100_000, 1000, 0)));
        assert_eq!(parts(10, 1, 3), 3);
    }

    #[test]
    fn a_thread_that_has_gone_is_not_waited_for() {
        let meeting = Meeting::of(3);
        meeting.begin(1);
        assert!(meeting.has_begun(1));
        meeting.done.0.fetch_add(1, Ordering::Release);
        drop(Left(&meeting));
        assert_eq!(meeting.all_have_done(1), None, "one of two has done it");
        drop(End(&meeting));
        assert!(!meeting.has_begun(2));
    }
}
