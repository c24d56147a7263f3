//! A line that loses, doubles and damages bytes changes no result, and nothing half sent is ever run.

use crate::common::{
    Peer, SMALL_MAILBOX, experiment, frame_of, open, open_host, ran, request_frame, run, small_network,
};
use host_harness::device::framed::Framed;
use host_harness::device::inproc::{ARENA_BYTES_DEFAULT, InProcessLine};
use host_harness::device::lossy::{Faults, Lossy};
use host_harness::device::session::{RetryPolicy, Session, SessionError};
use host_harness::device::{DeviceFault, Line};
use host_harness::experiment::{NoObserver, Outcome, RunOptions};
use loihi_core::chip::{ResetScope, SnapshotScope};
use loihi_core::image::{HEADER_WORDS, ImageError};
use loihi_core::register::Register;
use loihi_core::wire::DeviceError;
use loihi_core::wire::frame::{CHANNEL_MESSAGE, CHANNEL_PART, CRC};
use loihi_core::wire::message::{Record, Report, Request, Response, SCHEMA, VERSION};
use loihi_core::wire::part::Part;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The line stays in the test's hands, so that it can count the faults afterwards.
type LossyLine = Arc<Mutex<Lossy<InProcessLine>>>;

struct Shared(LossyLine);

impl Line for Shared {
    fn name(&self) -> &'static str {
        "lossy"
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), DeviceFault> {
        self.0.lock().unwrap().send(bytes)
    }

    fn receive(&mut self, into: &mut Vec<u8>, wait: Duration) -> Result<(), DeviceFault> {
        self.0.lock().unwrap().receive(into, wait)
    }

    fn answers_at_once(&self) -> bool {
        self.0.lock().unwrap().answers_at_once()
    }
}

fn lossy(faults: Faults, seed: u32) -> (Session, LossyLine) {
    let line = Arc::new(Mutex::new(Lossy::new(InProcessLine::new(ARENA_BYTES_DEFAULT), faults, seed)));
    (open(Box::new(Framed::new(Shared(Arc::clone(&line))))), line)
}

const SOUND: Faults = Faults { bytes_per_million: 0, drop: 0, flip: 0, double: 0, cut: 0 };

/// Each fault alone, and all together; and whether requests must be repeated because of it.
const LINES: [(&str, Faults, bool); 5] = [
    ("drop", Faults { drop: 150, ..SOUND }, true),
    ("flip", Faults { flip: 150, ..SOUND }, true),
    ("double", Faults { double: 150, ..SOUND }, false),
    ("cut", Faults { cut: 150, ..SOUND }, true),
    ("all", Faults { drop: 80, flip: 80, double: 80, cut: 80, ..SOUND }, true),
];

/// A job gives the same over every line as over a clean one.
fn assert_same_over_every_line(seeds: std::ops::Range<u32>, job: impl Fn(&mut Session) -> Outcome) {
    let clean = job(&mut open_host());
    for (name, faults, repeats) in LINES {
        for seed in seeds.clone() {
            let (mut session, line) = lossy(faults, seed);
            let outcome = job(&mut session);
            assert_eq!(outcome.digests, clean.digests, "line {name}, seed {seed}");
            assert_eq!(outcome.ops, clean.ops, "line {name}, seed {seed}");
            assert_eq!(outcome, clean, "line {name}, seed {seed}");
            assert!(line.lock().unwrap().faults_total > 0, "line {name}, seed {seed}: no fault happened");
            assert_eq!(
                session.repetitions() > 0,
                repeats,
                "line {name}, seed {seed}: {} repeated",
                session.repetitions()
            );
        }
    }
}

#[test]
fn an_experiment_ends_the_same_over_a_lossy_line() {
    assert_same_over_every_line(0..4, |session| {
        experiment("pes-channel").run(session, &RunOptions::default(), &mut NoObserver).unwrap()
    });
}

#[test]
fn digits_are_learned_the_same_over_a_lossy_line() {
    assert_same_over_every_line(10..13, |session| {
        let options = RunOptions { epochs: Some(2), samples: Some(45), ..RunOptions::default() };
        experiment("digits-pes").run(session, &options, &mut NoObserver).unwrap()
    });
}

#[test]
fn spikes_and_saved_state_come_over_a_lossy_line_the_same() {
    let job = |session: &mut Session| {
        session.load(&small_network()).unwrap();
        session.run(100, &[(0, 0), (0, 1), (3, 1), (50, 0)]).unwrap();
        let word = 40_i16.to_le_bytes();
        let stimulus: Vec<u8> = [word; SMALL_MAILBOX].concat();
        let record =
            Record { reset: false, learn: true, steps: 90, stimulus: &stimulus, target: &stimulus, ..Record::PLAIN };
        session.stream([record; 20], |_| {}).unwrap();
        let learned = session.read(Register::Learned).unwrap();
        assert!(learned.iter().any(|word| *word != 0), "nothing was learned");
        let (kept, state) =
            (session.save(SnapshotScope::Learned).unwrap(), session.save(SnapshotScope::State).unwrap());
        let before = session.digest().unwrap();
        session.reset(ResetScope::All).unwrap();
        assert!(session.read(Register::Learned).unwrap().iter().all(|word| *word == 0));
        session.restore(SnapshotScope::Learned, &kept).unwrap();
        let after = session.digest().unwrap();
        // The learned registers are equal, the others start anew.
        let place = Register::ALL.iter().position(|register| *register == Register::Learned).unwrap();
        assert_eq!(after.registers[place], before.registers[place]);
        assert_eq!((after.t, before.t), (0, 1900));
        session.restore(SnapshotScope::State, &state).unwrap();
        assert_eq!(session.digest().unwrap(), before);
        session.run(30, &[(0, 0)]).unwrap();
        (before, session.digest().unwrap(), session.ops().unwrap(), learned)
    };
    let clean = job(&mut open_host());
    for (name, faults, _) in LINES {
        for seed in 20..30 {
            assert_eq!(job(&mut lossy(faults, seed).0), clean, "line {name}, seed {seed}");
        }
    }
}

#[test]
fn a_line_that_carries_nothing_is_reported() {
    let device = Lossy::new(InProcessLine::new(1 << 16), Faults { drop: 1024, ..Faults::default() }, 0);
    let retry = RetryPolicy { attempts: 5 };
    let error = Session::open(Box::new(Framed::new(device)), retry, 1, || false).unwrap_err();
    assert!(matches!(error, SessionError::Silent { attempts: 5, .. }), "{error}");
}

/// A device of another build: it refuses every greeting.
#[derive(Default)]
pub(crate) struct Older {
    answer: Vec<u8>,
}

impl Line for Older {
    fn name(&self) -> &'static str {
        "older"
    }

    fn send(&mut self, _bytes: &[u8]) -> Result<(), DeviceFault> {
        let mut body = [0; 64];
        let refused = Response::Refused { version: 61_234, schema: 0xABC };
        let body = postcard::to_slice(&refused, &mut body).unwrap();
        // The greeting is the first request of a session.
        self.answer = frame_of(CHANNEL_MESSAGE, 1, body);
        Ok(())
    }

    fn receive(&mut self, into: &mut Vec<u8>, _wait: Duration) -> Result<(), DeviceFault> {
        into.append(&mut self.answer);
        Ok(())
    }
}

#[test]
fn another_version_is_refused_and_both_versions_are_named() {
    let error =
        Session::open(Box::new(Framed::new(Older::default())), RetryPolicy::default(), 1, || false).unwrap_err();
    let text = error.to_string();
    for part in ["version 61234", "0000000000000abc", &format!("version {VERSION}"), &format!("{SCHEMA:016x}")] {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
    assert!(text.contains("cargo xtask firmware"), "what to do is not in: {text}");

    let refused = Response::Refused { version: VERSION, schema: SCHEMA };
    for (version, schema) in [(VERSION + 1, SCHEMA), (VERSION - 1, SCHEMA), (VERSION, SCHEMA ^ 1)] {
        let mut peer = Peer::new();
        assert_eq!(peer.ask(&Request::Hello { version, schema, session: 1 }).response(), refused);
        assert_eq!(peer.ask(&Request::Ops).refusal(), DeviceError::NoSession, "a refused greeting opens no session");
    }
}

#[test]
fn a_request_that_is_repeated_is_applied_once() {
    let mut peer = Peer::with(small_network().bytes());
    let before = peer.sequence;
    let answer = peer.ask(&run(5, &[]));
    let again = request_frame(before + 1, &run(5, &[]));
    for _ in 0..3 {
        assert_eq!(peer.send(&again), Some(answer.clone()));
    }
    assert_eq!(steps(&mut peer), 5);
}

/// Parts that come twice, out of their order or for a request that was executed change nothing, and what is missing is
/// said.
#[test]
fn a_request_in_parts_is_executed_once_and_when_it_is_whole() {
    let mut peer = Peer::with(small_network().bytes());
    let spikes = [1_u8, 0, 1, 0].repeat(100);
    let mut buffer = [0; 1000];
    let body = &*postcard::to_slice(&run(5, &spikes), &mut buffer).unwrap();
    let number = peer.sequence + 1;
    let ask = |peer: &mut Peer, part: Part<'_>| {
        let frame = frame_of(CHANNEL_PART, number, postcard::to_slice(&part, &mut [0; 600]).unwrap());
        peer.send(&frame).unwrap()
    };
    let put = |offset: u32, end: usize| Part::Put { offset, data: &body[offset as usize..end] };
    let last = |offset: u32| Part::Execute { offset, data: &body[offset as usize..] };
    for (part, bytes) in [
        (last(400), 0),
        (put(0, 200), 200),
        (put(0, 200), 200),
        (put(300, 400), 200),
        (Part::Get { offset: 0 }, 200),
        (last(400), 200),
        (put(200, 400), 400),
    ] {
        assert_eq!(ask(&mut peer, part).part(), Part::Have { bytes }, "{part:?}");
    }
    let answer = ask(&mut peer, last(400));
    assert!(matches!(answer.part(), Part::Answer { offset: 0, .. }));
    for again in [last(400), put(0, 200), last(0)] {
        let said = ask(&mut peer, again);
        assert!(said == answer || matches!(said.part(), Part::Have { .. }), "{again:?}");
    }
    assert_eq!(peer.send(&request_frame(number, &run(5, &spikes))).unwrap().response(), ran(5));
    let fetched = ask(&mut peer, Part::Get { offset: 0 });
    let Part::Answer { total, offset: 0, data } = fetched.part() else { panic!("{:?}", fetched.part()) };
    assert_eq!((total as usize, data), (data.len(), &frame_of(CHANNEL_MESSAGE, number, &answered(&ran(5)))[..]));
    peer.sequence = number;
    assert_eq!(steps(&mut peer), 5);
}

fn answered(response: &Response<'_>) -> Vec<u8> {
    postcard::to_extend(response, Vec::new()).unwrap()
}

#[test]
fn a_number_out_of_sequence_changes_nothing() {
    let mut peer = Peer::with(small_network().bytes());
    let run = run(5, &[]);
    let answer = peer.ask(&run);
    let (last, digest) = (peer.sequence, peer.ask(&Request::Digest));
    for wrong in [last - 1, last, last + 3, 0, u16::MAX] {
        let refused = peer.send(&request_frame(wrong, &run)).unwrap();
        assert_eq!(refused.sequence, wrong);
        assert_eq!(refused.refusal(), DeviceError::OutOfSequence { expected: last + 2, found: wrong });
    }
    assert_eq!(steps(&mut peer), 5);
    assert_eq!(peer.ask(&Request::Digest).response(), digest.response());
    assert_eq!(answer.response(), ran(5));
}

/// The protocol's promise: a request with the last number is answered with the kept response, whatever came between.
#[test]
fn the_kept_answer_outlives_a_refused_frame() {
    let run = run(5, &[]);
    let foreign = Request::Hello { version: VERSION + 1, schema: SCHEMA, session: 9 };
    for between in [(900, &run), (900, &foreign)] {
        let mut peer = Peer::with(small_network().bytes());
        let answer = peer.ask(&run);
        let last = peer.sequence;
        let refused = peer.send(&request_frame(between.0, between.1)).unwrap();
        assert!(matches!(refused.response(), Response::Failed(_) | Response::Refused { .. }));
        assert_eq!(peer.send(&request_frame(last, &run)), Some(answer), "after {:?}", between.1);
        assert_eq!(steps(&mut peer), 5);
    }
}

#[test]
fn the_numbers_of_requests_begin_anew_after_the_last() {
    let mut session = open(Box::new(Framed::new(InProcessLine::new(1 << 16))));
    session.load(&small_network()).unwrap();
    for _ in 0..70_000 {
        session.run(1, &[]).unwrap();
    }
    assert_eq!(session.ops().unwrap().steps, 70_000);
    assert_eq!(session.repetitions(), 0);
}

#[test]
fn a_chip_whose_learned_state_is_half_written_does_not_run() {
    let mut peer = Peer::with(small_network().bytes());
    let words = 9 * u32::try_from(SMALL_MAILBOX).unwrap();
    let learned: Vec<u8> = (0..words).flat_map(|word| (1000 * word).to_le_bytes()).collect();
    let (scope, bytes) = (SnapshotScope::Learned, 4 * words);
    let check = CRC.checksum(&learned);
    assert_eq!(
        peer.ask(&Request::RestoreStart { scope, bytes: bytes + 1, check }).refusal(),
        DeviceError::SnapshotLength { expected: bytes, found: bytes + 1 }
    );
    assert_eq!(peer.ask(&Request::RestoreEnd).refusal(), DeviceError::RestoreUnfinished);
    assert_eq!(peer.ask(&Request::RestoreStart { scope, bytes, check }).response(), Response::Done);
    let half = learned.len() / 2;
    assert_eq!(peer.ask(&Request::RestoreChunk { offset: 0, data: &learned[..half] }).response(), Response::Done);
    let (run, stream) = (run(1, &[]), Request::Stream { records: &[0, 1, 1, 0, 0], report: Report::Nothing });
    for request in [run, stream] {
        let refused = peer.ask(&request).refusal();
        assert_eq!(refused, DeviceError::RestoreUnfinished);
        assert!(refused.to_string().contains("not complete"), "{refused}");
    }
    assert!(
        matches!(peer.ask(&Request::RestoreEnd).refusal(), DeviceError::Check { announced, .. } if announced == check)
    );
    assert_eq!(peer.ask(&run).refusal(), DeviceError::RestoreUnfinished, "a wrong check does not complete it");
    assert_eq!(
        peer.ask(&Request::RestoreChunk { offset: bytes, data: &[1, 2, 3, 4] }).refusal(),
        DeviceError::Chunk { offset: bytes }
    );
    assert_eq!(steps(&mut peer), 0);

    let rest = Request::RestoreChunk { offset: bytes / 2, data: &learned[half..] };
    assert_eq!(peer.ask(&rest).response(), Response::Done);
    assert_eq!(peer.ask(&Request::RestoreEnd).response(), Response::Done);
    assert_eq!(peer.ask(&run).response(), ran(1));
    // A full reset is the other way out.
    assert_eq!(peer.ask(&Request::RestoreStart { scope, bytes, check: 1 }).response(), Response::Done);
    assert_eq!(peer.ask(&Request::Reset { scope: ResetScope::State }).response(), Response::Done);
    assert_eq!(peer.ask(&run).refusal(), DeviceError::RestoreUnfinished);
    assert_eq!(peer.ask(&Request::Reset { scope: ResetScope::All }).response(), Response::Done);
    assert_eq!(peer.ask(&run).response(), ran(1));
    assert_eq!(steps(&mut peer), 1);
}

#[test]
fn a_cut_image_or_a_wrong_check_is_refused_and_it_is_said_why() {
    let file = small_network();
    let whole = file.bytes();
    let mut peer = Peer::new();
    peer.greet();
    assert_eq!(peer.ask(&Request::LoadEnd).refusal(), DeviceError::NoImage);
    let image_bytes = u32::try_from(whole.len()).unwrap();
    for cut in [4, HEADER_WORDS * 4, whole.len() / 8 * 4, whole.len() - 4] {
        let refused = peer.load(&whole[..cut], CRC.checksum(&whole[..cut])).refusal();
        if cut >= HEADER_WORDS * 4 {
            let found = u32::try_from(cut).unwrap();
            assert_eq!(refused, DeviceError::Image(ImageError::Length { announced: image_bytes, found }));
            assert!(refused.to_string().contains("it was cut"), "{refused}");
        }
    }
    let refused = peer.load(&whole[..whole.len() - 1], CRC.checksum(&whole[..whole.len() - 1])).refusal();
    assert_eq!(refused, DeviceError::Image(ImageError::Misaligned));

    let refused = peer.load(whole, CRC.checksum(whole) ^ 1).refusal();
    assert!(matches!(refused, DeviceError::Check { .. }));
    assert!(refused.to_string().contains("the transfer was damaged"), "{refused}");

    // Nothing of all that runs; a whole image then does.
    assert_eq!(peer.ask(&run(1, &[])).refusal(), DeviceError::NoImage);
    assert!(matches!(peer.load(whole, CRC.checksum(whole)).response(), Response::Loaded { .. }));
    assert_eq!(peer.ask(&run(1, &[])).response(), ran(1));
}

/// A host with a bug sends it with the right check; the device has to see that it is invalid, or to run it.
#[test]
fn an_image_with_any_word_changed_is_refused_or_runs() {
    let file = small_network();
    let whole = file.bytes();
    let (mut refused, mut accepted) = (0, 0);
    for at in 0..whole.len() / 4 {
        for change in [1, 2, 0x8000_0000, 0xFFFF_FFFF, 0x0001_0000, 0x400, 0x7FFF_FFF0] {
            let mut image = whole.to_vec();
            let word = u32::from_le_bytes(image[4 * at..][..4].try_into().unwrap()) ^ change;
            image[4 * at..][..4].copy_from_slice(&word.to_le_bytes());
            let mut peer = Peer::new();
            peer.greet();
            match peer.load(&image, CRC.checksum(&image)).response() {
                Response::Failed(DeviceError::Image(_) | DeviceError::ArenaTooSmall { .. }) => refused += 1,
                Response::Loaded { .. } => {
                    let answer = peer.ask(&run(20, &[0, 0, 0, 0]));
                    assert_eq!(answer.response(), ran(20));
                    assert!(matches!(peer.ask(&Request::Digest).response(), Response::Digest(_)));
                    accepted += 1;
                }
                other => panic!("word {at} changed by {change:x}: {other:?}"),
            }
        }
    }
    assert!(refused > 100 && accepted > 100, "{refused} refused, {accepted} accepted");
}

/// Steps that the device has computed.
fn steps(peer: &mut Peer) -> u64 {
    match peer.ask(&Request::Ops).response() {
        Response::Ops(ops) => ops.steps,
        other => panic!("{other:?}"),
    }
}
