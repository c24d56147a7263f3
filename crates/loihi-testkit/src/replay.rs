//! Runs a vector on a device and compares every register in every step.

use super::plastic::Words;
use super::vector::{Expected, Vector};
use super::{ConformError, Difference, Verdict, network};
use loihi_core::image::COMPARTMENTS_PER_CORE;
use loihi_core::num::Fnv64;
use loihi_core::register::Register;
use loihi_device::inproc::InProcess;
use loihi_device::session::{RetryPolicy, Session, SessionError};

/// What a device has after a step.
struct State {
    u: Vec<i32>,
    v: Vec<i32>,
    v_readout: Vec<i32>,
    spikes: Vec<i32>,
}

/// Replays a vector on the device of a session: registers are read after every step. Behind a line, hashes of them are,
/// which a chip in this process gives too, after its registers were compared with the vector; registers are read there
/// only where a hash differs.
///
/// # Errors
/// [`ConformError`] if the network cannot be built or the device does not answer.
pub fn replay(vector: &Vector, session: &mut Session) -> Result<Verdict, ConformError> {
    if session.is_near() {
        return replay_on_cores(vector, session, COMPARTMENTS_PER_CORE);
    }
    let near = Box::new(InProcess::new(NEAR_ARENA_BYTES));
    let mut near = Session::open(near, RetryPolicy::default(), 1, || false)?;
    let verdict = replay_on_cores(vector, &mut near, COMPARTMENTS_PER_CORE)?;
    if verdict != Verdict::Passed {
        return Ok(verdict);
    }
    let (expected, got) = (hashes(vector, &mut near)?, hashes(vector, session)?);
    let Some(step) = (0..vector.steps).find(|step| expected.get(*step) != got.get(*step)) else {
        return Ok(Verdict::Passed);
    };
    match replay_on_cores(vector, session, COMPARTMENTS_PER_CORE)? {
        Verdict::Passed => {
            let text =
                |hashes: &[u64]| hashes.get(step).map_or_else(|| "none".to_owned(), |hash| format!("{hash:016x}"));
            let register = "a register that was not recorded".to_owned();
            Ok(Verdict::Failed(Difference { step, register, expected: text(&expected), got: text(&got) }))
        }
        other => Ok(other),
    }
}

/// Memory of the chip in this process, enough for every recorded network.
const NEAR_ARENA_BYTES: usize = 16 << 20;

/// Registers whose hash is taken after every step: all that vectors record.
const HASHED: u32 = Register::U.bit()
    | Register::V.bit()
    | Register::Spikes.bit()
    | Register::VReadout.bit()
    | Register::W.bit()
    | Register::T.bit()
    | Register::D.bit()
    | Register::X1.bit()
    | Register::X2.bit()
    | Register::Y1.bit()
    | Register::Y2.bit()
    | Register::Y3.bit();

/// Hashes after every step of a vector; as many steps in a request as have nothing written before them.
fn hashes(vector: &Vector, session: &mut Session) -> Result<Vec<u64>, ConformError> {
    start(vector, session, COMPARTMENTS_PER_CORE)?;
    let (mut hashes, mut spikes, mut waiting) = (Vec::new(), Vec::new(), 0_u16);
    for (step, arrivals) in vector.arrivals.iter().enumerate() {
        let writes = vector.learning.writes.get(step).filter(|writes| !writes.is_empty());
        if waiting == u16::MAX || writes.is_some() {
            hashes.extend(session.hashes(waiting.into(), &spikes, HASHED)?);
            (spikes, waiting) = (Vec::new(), 0);
        }
        for Words { register, words } in writes.into_iter().flatten() {
            session.write(*register, 0, words)?;
        }
        spikes.extend(arrivals.iter().filter_map(|input| Some((waiting, u16::try_from(*input).ok()?))));
        waiting += 1;
    }
    hashes.extend(session.hashes(waiting.into(), &spikes, HASHED)?);
    Ok(hashes)
}

/// Loads a vector's network, and writes what it begins with.
fn start(vector: &Vector, session: &mut Session, per_core: usize) -> Result<(), ConformError> {
    session.load(&network::image(vector, per_core)?)?;
    for Words { register, words } in &vector.learning.start {
        session.write(*register, 0, words)?;
    }
    Ok(())
}

/// Replays a vector cut into cores of at most `per_core` compartments, and compares every register in every step.
///
/// # Errors
/// [`ConformError`].
pub fn replay_on_cores(vector: &Vector, session: &mut Session, per_core: usize) -> Result<Verdict, ConformError> {
    if let Some(why) = &vector.skip {
        return Ok(Verdict::Skipped(why.clone()));
    }
    start(vector, session, per_core)?;
    let learning = &vector.learning;
    for (step, arrivals) in vector.arrivals.iter().enumerate() {
        for Words { register, words } in learning.writes.get(step).into_iter().flatten() {
            session.write(*register, 0, words)?;
        }
        let spikes: Vec<(u16, u16)> =
            arrivals.iter().filter_map(|input| Some((0, u16::try_from(*input).ok()?))).collect();
        session.run(1, &spikes)?;
        if let Some(difference) = compare(step, &state(session, &vector.expected)?, &vector.expected) {
            return Ok(Verdict::Failed(difference));
        }
        for expected in learning.expected.get(step).into_iter().flatten() {
            if let Some(difference) = compare_words(step, &session.read(expected.register)?, expected) {
                return Ok(Verdict::Failed(difference));
            }
        }
    }
    Ok(Verdict::Passed)
}

/// The first word of a register that differs.
fn compare_words(step: usize, got: &[i32], expected: &Words) -> Option<Difference> {
    let at = (0..expected.words.len().max(got.len())).find(|at| expected.words.get(*at) != got.get(*at))?;
    let text = |word: Option<&i32>| word.map_or_else(|| "nothing".to_owned(), ToString::to_string);
    Some(Difference {
        step,
        register: format!("{}[{at}]", expected.register.name()),
        expected: text(expected.words.get(at)),
        got: text(got.get(at)),
    })
}

fn state(session: &mut Session, expected: &Expected) -> Result<State, SessionError> {
    let v_readout = if expected.v_readout.is_empty() { Vec::new() } else { session.read(Register::VReadout)? };
    Ok(State {
        u: session.read(Register::U)?,
        v: session.read(Register::V)?,
        v_readout,
        spikes: session.read(Register::Spikes)?,
    })
}

fn compare(step: usize, got: &State, expected: &Expected) -> Option<Difference> {
    let difference =
        |register: String, expected: String, got: String| Some(Difference { step, register, expected, got });
    let nothing = Vec::new();
    let probed = [
        ("u", &got.u, expected.u.get(step)?),
        ("v", &got.v, expected.v.get(step)?),
        ("v_readout", &got.v_readout, expected.v_readout.get(step).unwrap_or(&nothing)),
    ];
    for (name, registers, recorded) in probed {
        for (compartment, value) in expected.probe.iter().zip(recorded) {
            let got = registers.get(*compartment as usize);
            if got != Some(value) {
                let got = got.map_or_else(|| "nothing".to_owned(), ToString::to_string);
                return difference(format!("{name}[{compartment}]"), value.to_string(), got);
            }
        }
    }
    let fired = expected.spikes.get(step)?;
    if !got.spikes.iter().map(|spike| spike.cast_unsigned()).eq(fired.iter().copied()) {
        return difference("spikes".to_owned(), format!("{fired:?}"), format!("{:?}", got.spikes));
    }
    let mut hash = Fnv64::new();
    got.u.iter().chain(&got.v).for_each(|word| hash.word(*word));
    let recorded = expected.hashes.get(step)?;
    if hash.finish() != *recorded {
        let name = "u or v of a compartment that was not probed".to_owned();
        return difference(name, format!("hash {recorded:016x}"), format!("{:016x}", hash.finish()));
    }
    None
}
