//! The largest network that a chip computes in real time: predicted from counted instructions, then run.
//!
//! Networks are those of [`loihi_bench::lif`]: as many synapses per compartment as is asked for, whose sources are drawn, and
//! an input of its own for each compartment, which makes it fire.

use loihi_bench::clock::spikes;
use loihi_bench::lif::Lif;
use loihi_core::chip::Chip;
use loihi_device::session::{Session, SessionError};
use loihi_experiments::ExperimentError;
use loihi_image::image::{BuildError, ImageFile};

/// Length of a step in microseconds.
pub const STEP_US: f64 = 1000.0;

/// Most compartments of the larger of the two networks from which others are predicted; the smaller has a third of them.
const MANY: u32 = 192;
/// Seed of networks and input.
const SEED: u32 = 1;
/// Steps before those that are counted, and those.
const STEPS_BEFORE: u16 = 16;
const STEPS: u16 = 48;
/// Most attempts, how much smaller than by proportion the one after too large a network is, and the share of the largest
/// possible one that is close enough.
const ATTEMPTS: usize = 12;
const SHRINK: f64 = 0.98;
const CLOSE: f64 = 0.98;

/// A network, but for its size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Synapses per compartment.
    pub fan_in: u32,
    /// Chance that a compartment fires in a step.
    pub rate: f64,
}

/// Networks of [`Shape`] that cortical models are compared by: a hundred synapses, 20 spikes a second.
pub const USUAL: Shape = Shape { fan_in: 100, rate: 0.02 };

/// What steps of a network took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counted {
    /// Its compartments.
    pub compartments: u32,
    /// Bytes of its image and of its state.
    pub bytes: [usize; 2],
    /// Instructions of a step on average.
    pub mean: f64,
    /// Instructions of the longest of the steps.
    pub longest: f64,
}

impl Shape {
    fn image(self, compartments: u32) -> Result<ImageFile, ExperimentError> {
        let Self { fan_in, rate } = self;
        let lif = Lif { compartments, fan_in, rate, steps: usize::from(STEPS), seed: SEED, ..Lif::DEFAULT };
        Ok(lif.image()?)
    }

    /// Runs a network of this many compartments on the device of a session; `None` if it counts no instructions.
    ///
    /// # Errors
    /// [`ExperimentError`], so if the network does not fit the device.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    pub fn count(self, session: &mut Session, compartments: u32) -> Result<Option<Counted>, ExperimentError> {
        let file = self.image(compartments)?;
        let bytes = bytes(&file)?;
        session.load(&file)?;
        self.run(session, compartments, 0..STEPS_BEFORE)?;
        let first = session.instructions();
        let (mut before, mut longest) = (first, 0);
        for step in STEPS_BEFORE..STEPS_BEFORE + STEPS {
            self.run(session, compartments, step..step + 1)?;
            let after = session.instructions();
            longest = longest.max(after.zip(before).map_or(0, |(after, before)| after - before));
            before = after;
        }
        let all = before.zip(first).map(|(after, before)| after - before);
        Ok(all.map(|all| Counted { compartments, bytes, mean: all as f64 / f64::from(STEPS), longest: longest as f64 }))
    }

    /// Computes steps with the spikes that are drawn for them.
    fn run(self, session: &mut Session, inputs: u32, steps: std::ops::Range<u16>) -> Result<(), SessionError> {
        let input: Vec<(u16, u16)> = steps
            .clone()
            .flat_map(|step| (0..inputs).map(move |input| (step, input)))
            .filter(|(step, input)| spikes(SEED, self.rate, u32::from(*step), *input))
            .filter_map(|(step, input)| Some((step - steps.start, u16::try_from(input).ok()?)))
            .collect();
        session.run(u32::from(steps.end - steps.start), &input)
    }

    /// The largest network, to about 2 %, that fits the device's memory and whose steps take at most `most` instructions each.
    /// It is run; `None` if the device counts no instructions, or after some attempts.
    ///
    /// # Errors
    /// [`ExperimentError`].
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the casts saturate")]
    pub fn largest(self, session: &mut Session, most: f64) -> Result<Option<Counted>, ExperimentError> {
        let arena = session.identity().arena_bytes;
        let many = self.fitting(MANY, arena)?;
        let few = (many / 3).max(1);
        let Some((a, b)) = self.count(session, few)?.zip(self.count(session, many)?) else { return Ok(None) };
        let each = (b.longest - a.longest) / f64::from((many - few).max(1));
        let predicted = f64::from(many) + (most - b.longest) / each.max(1.0);
        // A synapse takes four bytes: more than these do not fit, and are not built.
        let synapses = u32::try_from(arena / 4).unwrap_or(u32::MAX);
        let fit = (synapses / self.fan_in.max(1)).min(u32::from(u16::MAX));
        let mut compartments = (predicted as u32).min(fit).max(1);
        // The largest that is below the limit so far, and the smallest that is not.
        let (mut below, mut above, mut fits) = (0, fit + 1, None);
        for _ in 0..ATTEMPTS {
            let size = self.fitting(compartments, arena)?;
            if size <= below {
                // The memory is the limit.
                break;
            }
            let Some(counted) = self.count(session, size)? else { return Ok(None) };
            let share = most / counted.longest.max(1.0);
            if share >= 1.0 {
                (below, fits) = (size, Some(counted));
            } else {
                above = size;
            }
            if f64::from(below) >= CLOSE * f64::from(above - 1) {
                break;
            }
            // What a step takes besides its compartments does not grow or shrink with them.
            let next = if share >= 1.0 { share } else { SHRINK * share };
            compartments = ((f64::from(size) * next) as u32).clamp(below + 1, above - 1);
        }
        Ok(fits)
    }

    /// Compartments of the largest network, up to `compartments`, for which `holds` accepts the bytes of its image and of its state;
    /// 0 if there is none.
    ///
    /// # Errors
    /// [`ExperimentError`] if a network cannot be built.
    pub fn largest_held(self, compartments: u32, holds: impl Fn([u64; 2]) -> bool) -> Result<u32, ExperimentError> {
        let (mut held, mut too_large) = (0, compartments.saturating_add(1));
        while too_large - held > 1 {
            let middle = held + (too_large - held) / 2;
            if holds(bytes(&self.image(middle)?)?.map(|bytes| bytes as u64)) {
                held = middle;
            } else {
                too_large = middle;
            }
        }
        Ok(held)
    }

    /// As many compartments, or fewer if a device has less memory.
    ///
    /// # Errors
    /// [`ExperimentError`] if the network cannot be built.
    pub fn fitting(self, compartments: u32, arena_bytes: usize) -> Result<u32, ExperimentError> {
        let mut compartments = compartments;
        loop {
            let needed: usize = bytes(&self.image(compartments)?)?.iter().sum();
            if needed <= arena_bytes || compartments <= 1 {
                return Ok(compartments);
            }
            let share = u64::from(compartments) * arena_bytes as u64 / needed as u64;
            compartments = u32::try_from(share).unwrap_or(1).clamp(1, compartments - 1);
        }
    }
}

/// Bytes of an image and of its state.
fn bytes(file: &ImageFile) -> Result<[usize; 2], BuildError> {
    Ok([file.bytes().len(), Chip::bytes_needed(&file.open()?, file.snips())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_core::wire::message::{Request, Response};
    use loihi_device::inproc::InProcess;
    use loihi_device::session::RetryPolicy;
    use loihi_testkit::altered::Altered;

    /// A device that reports `number` instructions for a step, and `each` more for every byte of the network.
    fn counting(arena_bytes: usize, number: u64, each: u64) -> Session {
        let mut network_bytes = 0;
        let alter = move |request: &Request<'_>, response: &mut Response<'_>| {
            if let Request::LoadStart { bytes, .. } = request {
                network_bytes = u64::from(*bytes);
            }
            if let Response::Ran { steps, instructions, .. } = response {
                *instructions = Some((number + each * network_bytes) * u64::from(*steps));
            }
        };
        let device = Altered { inner: InProcess::new(arena_bytes), alter };
        Session::open(Box::new(device), RetryPolicy::default(), 1, || false).unwrap()
    }

    /// Less memory than the networks of usual size take, from which larger ones are predicted.
    #[test]
    fn a_small_arena_has_a_largest_network() {
        for arena_bytes in [3136, 20_000] {
            let mut session = counting(arena_bytes, 1000, 0);
            let counted = USUAL.largest(&mut session, 1000.0).unwrap().unwrap();
            assert!(counted.bytes.iter().sum::<usize>() <= arena_bytes, "{counted:?}");
            assert_eq!(counted.longest.to_bits(), 1000_f64.to_bits());
            assert_eq!(counted.compartments, USUAL.fitting(MANY, arena_bytes).unwrap());
            assert_eq!(USUAL.largest(&mut session, 999.0).unwrap(), None, "one compartment takes longer");
        }
    }

    /// Also where the time of a step is far from proportional to the number of compartments.
    #[test]
    fn the_largest_is_close_to_the_limit() {
        for number in [0, 50_000, 150_000] {
            let mut session = counting(1 << 20, number, 1);
            let counted = USUAL.largest(&mut session, 200_000.0).unwrap().unwrap();
            let left = 200_000.0 - counted.longest;
            #[expect(clippy::cast_precision_loss, reason = "sizes stay far below 2^52")]
            let compartment = counted.bytes[0] as f64 / f64::from(counted.compartments);
            assert!(left >= 0.0 && left < 0.03 * counted.longest.max(1.0) + 2.0 * compartment, "{number}: {counted:?}");
        }
    }

    #[test]
    fn the_largest_that_is_held_is_found() {
        let image = |compartments: u32| bytes(&USUAL.image(compartments).unwrap()).unwrap()[0] as u64;
        let most = image(77);
        assert_eq!(USUAL.largest_held(200, |[image, _]| image <= most).unwrap(), 77);
        assert_eq!(USUAL.largest_held(50, |[image, _]| image <= most).unwrap(), 50);
        assert_eq!(USUAL.largest_held(50, |_| false).unwrap(), 0);
    }

    #[test]
    fn a_network_is_cut_to_the_memory() {
        let fitting = USUAL.fitting(2000, 100_000).unwrap();
        let needed: usize = bytes(&USUAL.image(fitting).unwrap()).unwrap().iter().sum();
        assert!((100..400).contains(&fitting), "{fitting}");
        assert!((90_000..=100_000).contains(&needed), "{needed}");
        assert_eq!(USUAL.fitting(50, 100_000).unwrap(), 50);
    }
}
