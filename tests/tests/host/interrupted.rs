//! Interrupted steps resume without a difference, and long runs can be cancelled.

use crate::common::{ARENA_BYTES, Restless, SMALL_MAILBOX, experiment, open_host, small_network};
use host_harness::device::inproc::InProcess;
use host_harness::device::session::{RetryPolicy, Session, SessionError};
use host_harness::experiment::{NoObserver, RunOptions};
use loihi_core::register::Register;
use loihi_core::wire::message::Record;
use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};

thread_local! {
    static ASKED: Cell<u32> = const { Cell::new(0) };
}

/// Interrupts after every third step, and after some others.
fn now_and_then() -> bool {
    let asked = ASKED.get().wrapping_add(1);
    ASKED.set(asked);
    asked.is_multiple_of(3) || asked.is_multiple_of(7)
}

/// How often a run is interrupted, in words, and what asks.
type Interruption = (&'static str, fn() -> bool);

const RESTLESS: [Interruption; 2] = [("after every step", || true), ("now and then", now_and_then)];

#[test]
fn runs_hashes_and_outputs_are_the_same() {
    let job = |session: &mut Session| {
        session.load(&small_network()).unwrap();
        session.run(40, &[(0, 0), (0, 1), (3, 1), (39, 0), (40, 1)]).unwrap();
        let hashes = session.hashes(30, &[(0, 0), (7, 1), (30, 0)], Register::V.bit() | Register::U.bit()).unwrap();
        let stimulus: Vec<u8> = [40_i16.to_le_bytes(); SMALL_MAILBOX].concat();
        let record = |steps: u16, spikes| Record {
            reset: steps == 6,
            learn: true,
            steps,
            stimulus: &stimulus,
            target: &stimulus,
            spikes,
            ..Record::PLAIN
        };
        let mut outputs = Vec::new();
        // Spikes in the last step and in the one after it, and records without a step.
        let records = [record(6, &[0, 0, 1, 0, 6, 0, 0, 0][..]), record(0, &[0, 0, 1, 0]), record(9, &[])];
        session.stream(records.repeat(5), |output| outputs.push(output.to_vec())).unwrap();
        (hashes, outputs, session.digest().unwrap(), session.ops().unwrap())
    };
    let expected = job(&mut open_host());
    assert_eq!((expected.0.len(), expected.1.len()), (30, 15));
    for (name, interrupted) in RESTLESS {
        assert_eq!(job(&mut Restless::open(interrupted)), expected, "{name}");
    }
}

#[test]
fn an_experiment_ends_the_same() {
    let job = |session: &mut Session| {
        experiment("pes-channel").run(session, &RunOptions::default(), &mut NoObserver).unwrap()
    };
    let expected = job(&mut open_host());
    for (name, interrupted) in RESTLESS {
        assert_eq!(job(&mut Restless::open(interrupted)), expected, "{name}");
    }
}

/// Four thousand million steps take hours.
#[test]
fn a_long_run_ends_when_the_user_stops_it() {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    const PATIENCE: u32 = 1000;
    let stop = || ASKED.fetch_add(1, Ordering::Relaxed) > PATIENCE;
    let device = Box::new(InProcess::new(ARENA_BYTES));
    let mut session = Session::open(device, RetryPolicy::default(), 1, stop).unwrap();
    session.load(&small_network()).unwrap();
    assert!(matches!(session.run(u32::MAX, &[]), Err(SessionError::Stopped)));
    ASKED.store(0, Ordering::Relaxed);
    let steps = session.ops().unwrap().steps;
    assert!((1..=u64::from(PATIENCE) + 1).contains(&steps), "{steps} steps");
}
