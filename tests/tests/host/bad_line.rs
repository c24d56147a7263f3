//! A line that drops, doubles and inserts bytes slows a run down, but not much. Time is the line's: bytes take that of a
//! serial port, and waiting takes what is waited for.

use crate::common::{experiment, open};
use host_harness::device::framed::Framed;
use host_harness::device::inproc::{ARENA_BYTES_DEFAULT, InProcessLine};
use host_harness::device::lossy::{Faults, Lossy};
use host_harness::device::session::Session;
use host_harness::device::{DeviceFault, Line};
use host_harness::experiment::{NoObserver, RunOptions};
use loihi_core::chip::SnapshotScope;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Ten bits at 115,200 baud.
const BYTE: Duration = Duration::from_nanos(86_806);
/// What a device takes to look at what came.
const DEVICE: Duration = Duration::from_micros(200);
const FAULTS_PER_MILLION: u32 = 200;
/// How much longer a run may take on a line with these faults.
const SLOWER: u32 = 3;

/// What went over a line.
#[derive(Default)]
struct Seen {
    time: Duration,
    bytes: usize,
}

/// A line with a clock of its own.
struct Clocked<L> {
    line: L,
    start: Instant,
    seen: Arc<Mutex<Seen>>,
}

impl<L> Clocked<L> {
    fn pass(&self, bytes: usize, besides: Duration) {
        let mut seen = self.seen.lock().unwrap();
        seen.bytes += bytes;
        seen.time += BYTE * u32::try_from(bytes).unwrap() + besides;
    }
}

impl<L: Line> Line for Clocked<L> {
    fn name(&self) -> &'static str {
        "clocked"
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), DeviceFault> {
        self.pass(bytes.len(), DEVICE);
        self.line.send(bytes)
    }

    fn receive(&mut self, into: &mut Vec<u8>, wait: Duration) -> Result<(), DeviceFault> {
        let before = into.len();
        self.line.receive(into, wait)?;
        let received = into.len() - before;
        self.pass(received, if received == 0 { wait } else { Duration::ZERO });
        Ok(())
    }

    fn now(&self) -> Instant {
        self.start + self.seen.lock().unwrap().time
    }
}

fn session(bytes_per_million: u32, seed: u32) -> (Session, Arc<Mutex<Seen>>) {
    let faults = Faults { bytes_per_million, ..Faults::default() };
    let (line, seen) =
        (Lossy::new(InProcessLine::new(ARENA_BYTES_DEFAULT), faults, seed), Arc::new(Mutex::new(Seen::default())));
    let line = Clocked { line, start: Instant::now(), seen: Arc::clone(&seen) };
    (open(Box::new(Framed::new(line))), seen)
}

/// Long messages both ways and short ones: samples are learned, all of the state is fetched and put back, step by step
/// registers are read.
fn job(session: &mut Session) -> impl PartialEq + std::fmt::Debug + use<> {
    let options = RunOptions { epochs: Some(3), samples: Some(740), ..RunOptions::default() };
    let outcome = experiment("digits-pes").run(session, &options, &mut NoObserver).unwrap();
    let mut digests = Vec::new();
    for _ in 0..8 {
        let state = session.save(SnapshotScope::State).unwrap();
        session.run(10, &[]).unwrap();
        digests.push(session.digest().unwrap());
        session.restore(SnapshotScope::State, &state).unwrap();
    }
    for _ in 0..200 {
        session.run(1, &[(0, 0)]).unwrap();
    }
    (outcome, digests, session.digest().unwrap())
}

#[test]
fn two_hundred_faults_in_a_million_bytes_end_in_the_same_digest_soon() {
    let (mut clean, undisturbed) = session(0, 0);
    let expected = job(&mut clean);
    assert_eq!(clean.repetitions(), 0);
    let Seen { bytes, time } = *undisturbed.lock().unwrap();
    assert!(bytes > 1_000_000, "{bytes} bytes");
    for seed in 1..=4 {
        let (mut session, seen) = session(FAULTS_PER_MILLION, seed);
        assert!(job(&mut session) == expected, "seed {seed}");
        assert!(session.repetitions() > 0, "seed {seed}");
        let (sent, took) = {
            let seen = seen.lock().unwrap();
            (seen.bytes, seen.time)
        };
        let slower = took.as_secs_f64() / time.as_secs_f64();
        println!(
            "seed {seed}: {took:.1?} instead of {time:.1?} ({slower:.2} times), {} bytes instead of {bytes}, {} repeated",
            sent,
            session.repetitions()
        );
        assert!(took <= time * SLOWER, "seed {seed}: {took:?} instead of {time:?}");
    }
}
