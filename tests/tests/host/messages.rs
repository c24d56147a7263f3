//! Every message comes back as it went, and no message can upset a device.

use crate::common;
use crate::common::{BODY_MAX, DATA_MAX, Peer, frame_of, run, small_network};
use loihi_core::chip::{ResetScope, SnapshotScope};
use loihi_core::feature::Feature;
use loihi_core::image::{ImageError, Name, Section};
use loihi_core::ops::OpCounts;
use loihi_core::register::{Register, StateDigest};
use loihi_core::wire::DeviceError;
use loihi_core::wire::frame::{CHANNEL_LOG, CHANNEL_MESSAGE, CHANNEL_PART, CRC, FrameReader, Received, plain_bytes};
use loihi_core::wire::message::{Footprint, Record, Report, Request, Response, SCHEMA, VERSION};
use loihi_core::wire::part::{PART_BYTES, Part};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// What the fields of a message are filled with.
#[derive(Clone, Copy, Debug)]
struct Fill<'a> {
    a: u32,
    b: u32,
    wide: u64,
    short: u16,
    data: &'a [u8],
    text: &'a str,
}

/// The most that any message holds: the test of what fits a frame.
const FULL: Fill<'static> = Fill {
    a: u32::MAX,
    b: u32::MAX,
    wide: u64::MAX,
    short: u16::MAX,
    data: &[0xFF; DATA_MAX],
    text: "a board whose name has just the sixty-four bytes that it may ...",
};

fn pick<T: Copy>(all: &[T], by: u32) -> T {
    all[by as usize % all.len()]
}

/// Every kind of request.
fn requests<'a>(fill: &Fill<'a>) -> Vec<Request<'a>> {
    let &Fill { a, b, wide, short, data, .. } = fill;
    vec![
        Request::Hello { version: short, schema: wide, session: a },
        Request::LoadStart { bytes: a, check: b },
        Request::LoadChunk { offset: a, data },
        Request::LoadEnd,
        Request::LoadResident,
        Request::Run { steps: a, spikes: data, report: reports(fill)[b as usize % 5] },
        Request::Stream { records: data, report: reports(fill)[a as usize % 5] },
        Request::Read { register: pick(&Register::ALL, a), first: a, count: b },
        Request::Write { register: pick(&Register::ALL, b), first: b, data },
        Request::Ops,
        Request::Digest,
        Request::Reset { scope: pick(&[ResetScope::State, ResetScope::All], a) },
        Request::Save { scope: pick(&[SnapshotScope::Learned, SnapshotScope::State], b), offset: a },
        Request::RestoreStart {
            scope: pick(&[SnapshotScope::Learned, SnapshotScope::State], a ^ b),
            bytes: a,
            check: b,
        },
        Request::RestoreChunk { offset: a, data },
        Request::RestoreEnd,
        Request::Meter { on: a % 2 > 0 },
        Request::Footprint,
    ]
}

/// Every kind of report.
fn reports(&Fill { a, b, .. }: &Fill<'_>) -> [Report; 5] {
    [
        Report::Nothing,
        Report::Spikes,
        Report::Counts { first: a, count: b, skip_steps: a ^ b },
        Report::Words { register: pick(&Register::ALL, b), first: b, count: a },
        Report::Hashes { registers: a },
    ]
}

/// Every kind of response but the refusals.
fn responses<'a>(fill: &Fill<'a>) -> Vec<Response<'a>> {
    let &Fill { a, b, wide, short, data, text } = fill;
    let ops = OpCounts {
        steps: wide,
        compartment_updates: a.into(),
        spikes: b.into(),
        input_spikes: wide.rotate_left(9),
        axon_events: wide.rotate_left(17),
        synaptic_events: wide.rotate_left(25),
        trace_updates: wide.rotate_left(29),
        learning_updates: wide.rotate_left(31),
        learning_saturations: wide.rotate_left(32),
        bias_writes: wide.rotate_left(33),
        decoder_reads: wide.rotate_left(41),
        decoder_updates: wide.rotate_left(49),
        decoder_saturations: wide.rotate_left(57),
        rule_traces: wide.rotate_left(1),
        rule_opportunities: wide.rotate_left(3),
        rule_triggers: wide.rotate_left(11),
        rule_updates: wide.rotate_left(19),
        rule_changes: wide.rotate_left(27),
        rule_saturations: wide.rotate_left(35),
        factor_writes: wide.rotate_left(43),
    };
    let registers = std::array::from_fn(|at| wide.rotate_left(u32::try_from(at).unwrap()));
    let instructions = (a % 3 > 0).then_some(wide);
    let (outputs, report) = data.split_at(data.len() / 3);
    vec![
        Response::Hello {
            version: short,
            schema: wide,
            arena_bytes: a,
            data_bytes: b,
            resident: (a % 3 > 0).then_some(wide),
            features: a ^ b,
            board: text,
            snip_count: a,
            snips: &data[..data.len() / 2],
        },
        Response::Refused { version: short, schema: wide },
        Response::Done,
        Response::Loaded { used_bytes: a, learned_words: b },
        Response::Ran { steps: a, instructions, snip_instructions: instructions, report: data },
        Response::Streamed { steps: a, instructions, snip_instructions: instructions, outputs, report },
        Response::Values { total: a, data },
        Response::Snapshot { total_bytes: a, check: b, data },
        Response::Ops(ops),
        Response::Digest(StateDigest { t: a, registers }),
        Response::Footprint(Footprint {
            arena_bytes: a,
            arena_used_bytes: b,
            line_bytes: a ^ b,
            stack_bytes: (b % 3 > 0).then_some(a),
        }),
    ]
}

/// Every reason to refuse a request.
fn refusals(fill: &Fill<'_>) -> Vec<DeviceError> {
    let &Fill { a, b, short, .. } = fill;
    let mut all = vec![
        DeviceError::NoSession,
        DeviceError::OutOfSequence { expected: short, found: short.rotate_left(5) },
        DeviceError::Unreadable,
        DeviceError::NoImage,
        DeviceError::NoResident,
        DeviceError::Write { register: pick(&Register::ALL, b), first: a },
        DeviceError::SameKind { kind: a, first: Name::new("one"), second: Name::new("another") },
        DeviceError::ArenaTooSmall { needed: a, available: b },
        DeviceError::Check { announced: a, found: b },
        DeviceError::Chunk { offset: a },
        DeviceError::SnapshotLength { expected: a, found: b },
        DeviceError::InvalidSnapshot { register: pick(&Register::ALL, a) },
        DeviceError::RestoreUnfinished,
        DeviceError::Record { record: a },
        DeviceError::Late { step: b },
        DeviceError::TooMuch { most: a },
    ];
    all.extend(image_errors(fill).into_iter().map(DeviceError::Image));
    all
}

/// Everything that can be wrong with an image.
fn image_errors(&Fill { a, b, .. }: &Fill<'_>) -> Vec<ImageError> {
    let section = pick(&Section::ALL, a);
    vec![
        ImageError::Misaligned,
        ImageError::NotAnImage,
        ImageError::Version { found: a, understood: b },
        ImageError::Length { announced: a, found: b },
        ImageError::Table { section },
        ImageError::Element { section, element: b },
        ImageError::UnknownSnip { snip: a, kind: b, name: Name::new("none of ours") },
        ImageError::LeftOut { feature: pick(&Feature::ALL, b) },
        ImageError::Snip { snip: a, name: Name::new("pes"), parameter: Name::new("rate_shift") },
    ]
}

/// A message in postcard's bytes.
macro_rules! encoded {
    ($message:expr) => {
        postcard::to_slice($message, &mut [0; 2 * BODY_MAX]).expect("every message fits a frame").to_vec()
    };
}

/// The body that comes out of a line when this one goes in.
fn through_a_frame(sequence: u16, body: &[u8]) -> Vec<u8> {
    let mut reader = FrameReader::new(vec![0; plain_bytes(BODY_MAX)]);
    let line = frame_of(CHANNEL_MESSAGE, sequence, body);
    let (end, before) = line.split_last().unwrap();
    assert!(before.iter().all(|byte| reader.push(*byte) == Received::Nothing));
    let Received::Frame(frame) = reader.push(*end) else { panic!("the frame is lost") };
    assert_eq!((frame.channel, frame.sequence), (CHANNEL_MESSAGE, sequence));
    frame.body.to_vec()
}

/// Encodes a message, sends it through a frame and reads it back.
macro_rules! assert_comes_back {
    ($type:ty, $message:expr, $sequence:expr) => {
        let message = $message;
        let body = encoded!(&message);
        let came = through_a_frame($sequence, &body);
        let (read, rest) = postcard::take_from_bytes::<$type>(&came).unwrap();
        prop_assert_eq!(read, message);
        prop_assert!(rest.is_empty(), "{} bytes too many", rest.len());
    };
}

/// Numbers with the ends of their ranges more often than chance has them.
fn numbers() -> impl Strategy<Value = u32> {
    prop_oneof![0_u32..300, any::<u32>(), Just(u32::MAX)]
}

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => proptest::collection::vec(any::<u8>(), 0..64), 1 => proptest::collection::vec(any::<u8>(), 0..=most)]
}

/// Number of cases; one that fails is printed, and not written beside the sources.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn every_request_and_response_comes_back(
        a in numbers(), b in numbers(), wide: u64, short: u16, data in bytes(DATA_MAX), text in ".{0,16}",
    ) {
        let fill = Fill { a, b, wide, short, data: &data, text: &text };
        for request in requests(&fill) {
            assert_comes_back!(Request<'_>, request, short);
        }
        for response in responses(&fill) {
            assert_comes_back!(Response<'_>, response, short);
        }
        for refusal in refusals(&fill) {
            assert_comes_back!(Response<'_>, Response::Failed(refusal), short);
            prop_assert!(!refusal.to_string().is_empty());
        }
    }

    #[test]
    fn every_record_comes_back_and_so_does_a_stream_of_them(
        records in proptest::collection::vec((any::<[bool; 2]>(), any::<[u16; 3]>(), bytes(160), bytes(160), numbers()), 1..4),
        short: u16,
    ) {
        let records: Vec<Record<'_>> = records
            .iter()
            .map(|([reset, learn], [steps, recall, keep], stimulus, target, bias_first)| Record {
                reset: *reset,
                learn: *learn,
                steps: *steps,
                recall: *recall,
                keep: *keep,
                bias_first: *bias_first,
                biases: target,
                spikes: stimulus,
                stimulus,
                target,
            })
            .collect();
        let stream: Vec<u8> = records.iter().flat_map(|record| encoded!(record)).collect();
        for record in &records {
            assert_comes_back!(Record<'_>, *record, short);
        }
        let mut rest = stream.as_slice();
        for record in &records {
            let (read, after) = postcard::take_from_bytes::<Record<'_>>(rest).unwrap();
            prop_assert_eq!(read, *record);
            rest = after;
        }
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn a_cut_message_is_not_taken_for_a_whole_one(
        a in numbers(), b in numbers(), wide: u64, short: u16, data in bytes(DATA_MAX), cut: prop::sample::Index,
    ) {
        let fill = Fill { a, b, wide, short, data: &data, text: "board" };
        for request in requests(&fill) {
            let body = encoded!(&request);
            prop_assert!(postcard::from_bytes::<Request<'_>>(&body[..cut.index(body.len())]).is_err());
        }
    }
}

/// Fails when an enum has a kind of message that the tests above leave out: postcard's first byte is the number of the
/// kind, and the number after the last one must be unknown.
macro_rules! assert_all_kinds {
    ($type:ty, $messages:expr) => {
        let kinds: BTreeSet<u8> = $messages.iter().map(|message| encoded!(message)[0]).collect();
        let count = u8::try_from(kinds.len()).unwrap();
        assert!(kinds.iter().copied().eq(0..count), "kinds {kinds:?}");
        let mut unknown = [0; 64];
        unknown[0] = count;
        if let Ok((message, _)) = postcard::take_from_bytes::<$type>(&unknown) {
            panic!("{message:?} is not tested");
        }
    };
}

#[test]
fn no_kind_of_message_is_left_out() {
    let mut all = responses(&FULL);
    all.push(Response::Failed(DeviceError::NoImage));
    assert_all_kinds!(Request<'_>, requests(&FULL));
    assert_all_kinds!(Response<'_>, all);
    assert_all_kinds!(DeviceError, refusals(&FULL));
    assert_all_kinds!(ImageError, image_errors(&FULL));
}

#[test]
fn the_longest_messages_fit_a_frame() {
    assert_eq!(FULL.text.len(), 64);
    let questions = requests(&FULL).into_iter().map(|request| encoded!(&request));
    let answers = responses(&FULL).into_iter().map(|response| encoded!(&response));
    for body in questions.chain(answers) {
        assert_eq!(through_a_frame(1, &body), body);
    }
}

/// How a frame that a device gets is numbered.
#[derive(Clone, Copy, Debug)]
enum Number {
    Next,
    Last,
    Any(u16),
}

/// A body of a frame: noise, or a request with any fields, or one with a byte changed.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let fields = (0_usize..64, numbers(), numbers(), any::<u64>(), any::<u16>(), bytes(DATA_MAX));
    let request = fields.prop_map(|(kind, a, b, wide, short, data)| {
        // A greeting of the right version must occur, too.
        let fill = Fill { a, b, wide: SCHEMA ^ (wide & 1), short: VERSION ^ (short & 1), data: &data, text: "" };
        let all = requests(&fill);
        encoded!(&all[kind % all.len()])
    });
    let changed = (bodies_of_records(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(mut body, at, byte)| {
        let at = at.index(body.len());
        body[at] = byte;
        body
    });
    prop_oneof![bytes(BODY_MAX), request, bodies_of_records(), changed]
}

/// A stream of records that fit the mailboxes of [`small_network`].
fn bodies_of_records() -> impl Strategy<Value = Vec<u8>> {
    let words = || prop_oneof![Just(Vec::new()), proptest::collection::vec(any::<u8>(), 2 * common::SMALL_MAILBOX)];
    let record = (any::<bool>(), any::<bool>(), 0_u16..200, words(), words());
    proptest::collection::vec(record, 0..8).prop_map(|records| {
        let record = |(reset, learn, steps, stimulus, target): &(bool, bool, u16, Vec<u8>, Vec<u8>)| {
            encoded!(&Record { reset: *reset, learn: *learn, steps: *steps, stimulus, target, ..Record::PLAIN })
        };
        let records: Vec<u8> = records.iter().flat_map(record).collect();
        encoded!(&Request::Stream { records: &records, report: Report::Nothing })
    })
}

/// Whether a device would compute for longer than a test may take, as it was asked to.
fn takes_long(body: &[u8]) -> bool {
    matches!(postcard::from_bytes(body), Ok(Request::Run { steps: 10_000.., .. }))
}

fn frames() -> impl Strategy<Value = (u8, Number, Vec<u8>)> {
    let number = prop_oneof![6 => Just(Number::Next), 1 => Just(Number::Last), 1 => any::<u16>().prop_map(Number::Any)];
    let channel = prop_oneof![9 => Just(CHANNEL_MESSAGE), 1 => any::<u8>()];
    let body = || bodies().prop_filter("too many steps", |body| !takes_long(body));
    let message = (channel, body());
    let part = (0..5_u8, prop_oneof![Just(0), 0..600_u32], body()).prop_map(|(kind, offset, data)| {
        let data = &data[..data.len().min(PART_BYTES)];
        let part = match kind {
            0 => Part::Put { offset, data },
            1 | 2 => Part::Execute { offset, data },
            3 => Part::Get { offset },
            _ => Part::Answer { total: 9, offset, data },
        };
        (CHANNEL_PART, postcard::to_extend(&part, Vec::new()).unwrap())
    });
    (number, prop_oneof![2 => message, 1 => part]).prop_map(|(number, (channel, body))| (channel, number, body))
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn any_sound_frame_is_answered_or_dropped(frames in proptest::collection::vec(frames(), 1..30)) {
        let file = small_network();
        let mut peer = Peer::with(file.bytes());
        for (channel, number, body) in frames {
            let sequence = match number {
                Number::Next => peer.sequence.wrapping_add(1),
                Number::Last => peer.sequence,
                Number::Any(any) => any,
            };
            let answer = peer.send(&frame_of(channel, sequence, &body));
            if channel == CHANNEL_PART {
                if answer.is_some_and(|answer| answer.channel == CHANNEL_PART && !matches!(answer.part(), Part::Have { .. })) {
                    peer.sequence = sequence;
                }
                continue;
            }
            if channel != CHANNEL_MESSAGE {
                prop_assert_eq!(answer, None, "channel {} is not for the device", channel);
                continue;
            }
            // One that finds no room behind parts of another is taken when it comes again.
            let answer = answer.or_else(|| peer.send(&frame_of(channel, sequence, &body)));
            let answer = answer.expect("every message is answered");
            prop_assert_eq!(answer.sequence, sequence);
            let executed = !matches!(
                answer.response(),
                Response::Refused { .. } | Response::Failed(DeviceError::OutOfSequence { .. } | DeviceError::NoSession)
            );
            if executed {
                peer.sequence = sequence;
            }
        }
        // Whatever came before, parts too: the device takes a new session and an image, and computes as a fresh one does.
        let mut fresh = Peer::with(file.bytes());
        peer.sequence = peer.sequence.wrapping_add(100);
        peer.greet();
        let loaded = peer.load(file.bytes(), CRC.checksum(file.bytes()));
        prop_assert!(matches!(loaded.response(), Response::Loaded { .. }), "it is not loaded");
        for peer in [&mut fresh, &mut peer] {
            peer.ask(&run(40, &[1, 0, 0, 0, 9, 0, 1, 0]));
        }
        for request in [Request::Digest, Request::Ops] {
            let (expected, got) = (fresh.ask(&request), peer.ask(&request));
            prop_assert_eq!(expected.response(), got.response());
        }
    }
}

#[test]
fn log_frames_and_noise_to_a_device_are_dropped() {
    let mut peer = Peer::with(small_network().bytes());
    assert_eq!(peer.send(&frame_of(CHANNEL_LOG, peer.sequence, b"log")), None);
    assert_eq!(peer.send(&[1, 2, 3, 0, 0, 0xFF, 0]), None);
    assert_eq!(peer.ask(&Request::Ops).response(), Response::Ops(OpCounts::default()));
}

/// The host is asked to sort them; a device believes no host.
#[test]
fn spikes_in_any_order_upset_no_device() {
    let spikes =
        |steps: &[u16]| -> Vec<u8> { steps.iter().flat_map(|step| [step.to_le_bytes(), [0, 0]]).flatten().collect() };
    for steps in [&[5, 3, 0][..], &[9, 9, 2], &[u16::MAX, 0], &[0, 10, 11]] {
        let mut peer = Peer::with(small_network().bytes());
        let spikes = spikes(steps);
        // Refused as a whole, or computed: neither in part.
        let ran = match peer.ask(&run(10, &spikes)).response() {
            Response::Ran { .. } => 10,
            Response::Failed(_) => 0,
            other => panic!("{other:?}"),
        };
        let answer = peer.ask(&Request::Ops);
        assert!(matches!(answer.response(), Response::Ops(ops) if ops.steps == ran), "{:?}", answer.response());
    }
}

/// A step's spikes can come in several messages, of which only the last computes.
#[test]
fn spikes_of_the_step_after_a_run_count_in_the_next_one() {
    let digest = |peer: &mut Peer| match peer.ask(&Request::Digest).response() {
        Response::Digest(digest) => digest,
        other => panic!("{other:?}"),
    };
    let mut whole = Peer::with(small_network().bytes());
    whole.ask(&run(30, &[0, 0, 0, 0, 0, 0, 1, 0, 9, 0, 0, 0]));
    let mut parts = Peer::with(small_network().bytes());
    parts.ask(&run(0, &[0, 0, 0, 0]));
    parts.ask(&run(9, &[0, 0, 1, 0, 9, 0, 0, 0]));
    parts.ask(&run(21, &[]));
    assert_eq!(digest(&mut whole), digest(&mut parts));
    let late = parts.ask(&run(3, &[4, 0, 0, 0]));
    assert_eq!(late.response(), Response::Failed(DeviceError::Late { step: 4 }));
    assert_eq!(digest(&mut whole), digest(&mut parts));
}
