//! A device under test: whether it does, bit for bit, what a chip in this process does.
//!
//! For boards, lines, and rules of one's own:
//!
//! ```
//! use loihi_device::framed::Framed;
//! use loihi_device::inproc::InProcessLine;
//! use loihi_device::session::{RetryPolicy, Session, new_number};
//! use loihi_testkit::suite;
//!
//! let device = Framed::new(InProcessLine::new(1 << 22));
//! let mut session = Session::open(Box::new(device), RetryPolicy::default(), new_number(), || false)?;
//! suite::check_device(&mut session)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::images::{self, TestImageError};
use loihi_core::chip::{ResetScope, SnapshotScope};
use loihi_core::image::Image;
use loihi_core::num::word;
use loihi_core::register::Register;
use loihi_core::rules::ALL;
use loihi_core::snip::SnipType;
use loihi_core::wire::message::{Record, Report};
use loihi_device::inproc::{ARENA_BYTES_DEFAULT, InProcess};
use loihi_device::sample::Stretch;
use loihi_device::session::{RetryPolicy, Session, SessionError, new_number};
use loihi_image::image::ImageFile;

/// Steps of a stretch: what enters stays the same in them.
const STRETCH_STEPS: u16 = 7;
/// Stretches of a run.
const STRETCHES: u32 = 20;

/// Why a device did not pass.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SuiteError {
    /// It computed something else.
    #[error("{image}, {stage}: {what} differs: expected {expected}, got {got}")]
    Differs {
        /// The image.
        image: &'static str,
        /// What was done last.
        stage: &'static str,
        /// What differs.
        what: &'static str,
        /// What the chip in this process gives.
        expected: String,
        /// What the device gives.
        got: String,
    },
    /// It did not do what it was asked.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// There is no image to test with.
    #[error(transparent)]
    Image(#[from] TestImageError),
}

/// Checks a device with images that have much of what a chip has: see [`check_image`].
///
/// # Errors
/// [`SuiteError`] names the first difference.
pub fn check_device(session: &mut Session) -> Result<(), SuiteError> {
    check_image("small image", &images::small()?, &ALL, session)?;
    (0..3).try_for_each(|seed| check_image("image with memory", &images::remembering(seed)?, &ALL, session))
}

/// Checks a device with an image, and with random inputs: spikes, registers, counts and digests after a run; that a
/// snapshot resumes with the same bits, there and in this process; that learned state is restored; that a reset is one.
/// The chip in this process has these programs of the embedded CPU, the built-in ones or one's own.
///
/// # Errors
/// [`SuiteError`] names the first difference.
pub fn check_image(
    name: &'static str,
    image: &ImageFile,
    snips: &'static [SnipType],
    session: &mut Session,
) -> Result<(), SuiteError> {
    let mut near = near(snips)?;
    let mut pair = Pair { image: name, near: &mut near, far: session };
    pair.each(|session| session.load(image))?;
    pair.run(image, 0)?;
    pair.same("after a run")?;
    let state = pair.snapshot(SnapshotScope::State, "after a run")?;
    let learned = pair.snapshot(SnapshotScope::Learned, "after a run")?;
    pair.run(image, 1)?;
    pair.same("after another run")?;
    pair.each(|session| session.restore(SnapshotScope::State, &state))?;
    pair.same("after a snapshot was restored")?;
    pair.run(image, 1)?;
    pair.same("after a run from a snapshot")?;
    pair.each(|session| session.reset(ResetScope::All))?;
    pair.same("after a reset")?;
    pair.each(|session| session.restore(SnapshotScope::Learned, &learned))?;
    pair.run(image, 2)?;
    pair.same("after a run with learned state")
}

/// A session with a chip in this process.
fn near(snips: &'static [SnipType]) -> Result<Session, SessionError> {
    let device = InProcess::with_snips(ARENA_BYTES_DEFAULT, snips);
    Session::open(Box::new(device), RetryPolicy::default(), new_number(), || false)
}

/// What is expected, and the device under test.
struct Pair<'s> {
    image: &'static str,
    near: &'s mut Session,
    far: &'s mut Session,
}

impl Pair<'_> {
    fn each(&mut self, mut act: impl FnMut(&mut Session) -> Result<(), SessionError>) -> Result<(), SuiteError> {
        act(self.near)?;
        Ok(act(self.far)?)
    }

    fn equal<T: PartialEq + std::fmt::Debug>(
        &self,
        stage: &'static str,
        what: &'static str,
        [expected, got]: [T; 2],
    ) -> Result<(), SuiteError> {
        if expected == got {
            return Ok(());
        }
        let [expected, got] = [expected, got].map(|value| format!("{value:?}"));
        Err(SuiteError::Differs { image: self.image, stage, what, expected, got })
    }

    /// Runs the same inputs on both.
    fn run(&mut self, image: &ImageFile, seed: u32) -> Result<(), SuiteError> {
        let image = image.open().map_err(SessionError::from)?;
        let spikes = [spikes(self.near, &image, seed)?, spikes(self.far, &image, seed)?];
        self.equal("in a run", "spikes", spikes)
    }

    /// Whether both are in the same state.
    fn same(&mut self, stage: &'static str) -> Result<(), SuiteError> {
        for register in [Register::U, Register::V, Register::W, Register::Learned, Register::Output] {
            let words = [self.near.read(register)?, self.far.read(register)?];
            self.equal(stage, register.name(), words)?;
        }
        let ops = [self.near.ops()?, self.far.ops()?];
        self.equal(stage, "number of operations", ops)?;
        let digests = [self.near.digest()?, self.far.digest()?];
        self.equal(stage, "digest", digests)
    }

    /// A snapshot, which is the same on both.
    fn snapshot(&mut self, scope: SnapshotScope, stage: &'static str) -> Result<Vec<u8>, SuiteError> {
        let snapshots = [self.near.save(scope)?, self.far.save(scope)?];
        let snapshot = snapshots[0].clone();
        self.equal(stage, "snapshot", snapshots)?;
        Ok(snapshot)
    }
}

/// Computes stretches of random inputs; step and compartment of every spike.
fn spikes(session: &mut Session, image: &Image<'_>, seed: u32) -> Result<Vec<(u32, u32)>, SessionError> {
    let mut told = Vec::new();
    for stretch in 0..STRETCHES {
        let draw = |what: u32, at: usize| word(seed, what, stretch, u32::try_from(at).unwrap_or(u32::MAX));
        let mailbox = |what: u32, words: usize| -> Vec<u8> {
            let values = (0..words).map(|at| (draw(what, at) >> 24) as u16);
            values.flat_map(u16::to_le_bytes).collect()
        };
        let (stimulus, target) = (mailbox(0, image.stimulus_words), mailbox(1, image.target_words));
        let inputs = u16::try_from(image.inputs).unwrap_or(u16::MAX);
        let steps = (0..STRETCH_STEPS).flat_map(|step| (0..inputs).map(move |input| (step, input)));
        let enters = |(step, input): &(u16, u16)| draw(2 + u32::from(*step), usize::from(*input)).is_multiple_of(4);
        let entering: Vec<(u16, u16)> = steps.filter(enters).collect();
        let record = Record {
            learn: stretch % 4 != 3,
            steps: STRETCH_STEPS,
            stimulus: &stimulus,
            target: &target,
            ..Record::PLAIN
        };
        let first = stretch * u32::from(STRETCH_STEPS);
        session.sample(&[Stretch { record, spikes: &entering }], Report::Spikes, |step, compartment| {
            told.push((first + step, compartment));
        })?;
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_device::framed::Framed;
    use loihi_device::inproc::InProcessLine;
    use loihi_device::lossy::{Faults, Lossy};

    #[test]
    fn a_line_that_loses_bytes_passes() {
        let faults = Faults { bytes_per_million: 50, ..Faults::default() };
        let device = Framed::new(Lossy::new(InProcessLine::new(1 << 22), faults, 1));
        let mut session = Session::open(Box::new(device), RetryPolicy::default(), 1, || false).unwrap();
        check_device(&mut session).unwrap();
        assert!(session.repetitions() > 0);
    }

    #[test]
    fn another_chip_is_told() {
        let [one, other] = [1, 2].map(|seed| images::remembering(seed).unwrap());
        let [mut near, mut far] = [near(&ALL).unwrap(), near(&ALL).unwrap()];
        near.load(&one).unwrap();
        far.load(&other).unwrap();
        let mut pair = Pair { image: "two seeds", near: &mut near, far: &mut far };
        let told = pair.run(&one, 0).and_then(|()| pair.same("after a run")).unwrap_err();
        assert!(told.to_string().starts_with("two seeds, "), "{told}");
    }
}
