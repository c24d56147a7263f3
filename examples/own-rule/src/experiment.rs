//! Three compartments learn to spike when their teachers do, from 60 inputs with frozen random spikes.

use crate::ResumeParams;
use host_harness::device::session::{Session, SessionError};
use host_harness::image::{BuildError, ImageBuilder, ImageFile, Plasticity, Source, full_row};
use loihi_core::chip::ResetScope;
use loihi_core::image::Profile;
use loihi_core::num::word;
use loihi_core::wire::message::Record;

/// Inputs.
const INPUTS: u32 = 60;
/// Compartments, and teachers.
const POSTS: u32 = 3;
/// Steps of the pattern.
const STEPS: u16 = 100;
/// Steps between the spikes of each teacher.
const PERIODS: [u32; 3] = [20, 25, 33];

/// What came of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Spikes that a teacher had alone and that compartments had alone, in the first showing of the pattern.
    pub errors_first: i32,
    /// The same in the last one.
    pub errors_last: i32,
    /// Digest of all state.
    pub digest: u64,
}

/// The network.
///
/// # Errors
/// None; the builder's.
pub fn network(seed: u32) -> Result<ImageFile, BuildError> {
    let mut builder = ImageBuilder::new();
    builder.seed(seed);
    builder.mailboxes(0, POSTS, 0);
    let inputs = builder.inputs(INPUTS);
    let core = builder.core();
    let profile = Profile { decay_u: 1024, decay_v: 256, v_th: 94 << 6, refractory: 2, ..Profile::DEFAULT };
    builder.group(POSTS as usize, profile);
    let axons = inputs.map(|input| {
        let weight = move |post: usize| {
            i16::try_from(word(seed, input, u32::try_from(post).unwrap_or(0), 1) % 21).unwrap_or(0) * 2
        };
        (Source::Input(input), full_row(0..POSTS as usize, weight))
    });
    let group = builder.plastic_group(core, 0..POSTS as usize, &Plasticity::default(), axons);
    builder.snip(&ResumeParams { group, axons: INPUTS, posts: POSTS, ..ResumeParams::default() });
    builder.build()
}

/// Shows the pattern `showings` times.
///
/// # Errors
/// [`SessionError`].
pub fn learn(session: &mut Session, seed: u32, showings: u32) -> Result<Outcome, SessionError> {
    let errors = |session: &mut Session| -> Result<i32, SessionError> {
        Ok(session.read(loihi_core::register::Register::Learned)?.iter().sum())
    };
    let (mut first, mut before, mut last) = (0, errors(session)?, 0);
    for showing in 0..showings {
        session.reset(ResetScope::State)?;
        for step in 0..u32::from(STEPS) {
            let taught = PERIODS.map(|period| u16::from(step % period == period - 1).to_le_bytes()).concat();
            let spikes = (0..INPUTS).filter(|input| word(seed, step, *input, 2).is_multiple_of(20));
            let spikes: Vec<u8> = spikes.flat_map(|input| [0, 0, input.to_le_bytes()[0], 0]).collect();
            let record = Record { learn: true, steps: 1, target: &taught, spikes: &spikes, ..Record::PLAIN };
            session.stream([record], |_| ())?;
        }
        let now = errors(session)?;
        last = now - before;
        before = now;
        if showing == 0 {
            first = last;
        }
    }
    Ok(Outcome { errors_first: first, errors_last: last, digest: session.digest()?.total() })
}
