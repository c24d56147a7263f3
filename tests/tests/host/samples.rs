//! A sample in a few requests is what it is step by step, however small the device's messages are.

use crate::common::{Restless, open, small_body};
use crate::plan::draw;
use host_harness::device::inproc::{ARENA_BYTES_DEFAULT, InProcess};
use host_harness::device::meter::Meter;
use host_harness::device::recorder::{Recorder, Sink};
use host_harness::device::sample::Stretch;
use host_harness::device::session::Session;
use host_harness::image::{ImageBuilder, ImageFile, Source};
use host_harness::probe::Probe;
use loihi_core::image::{Profile, Synapse};
use loihi_core::ops::OpCounts;
use loihi_core::register::{Register, StateDigest};
use loihi_core::rules::{PesParams, RateEncoderParams};
use loihi_core::wire::message::{Record, Report};
use proptest::prelude::*;
use std::io;

/// Compartments: more than a message of the small device can list.
const COMPARTMENTS: u32 = 150;
/// External inputs besides those of the encoder.
const INPUTS: u32 = 40;
/// Words of the stimulus, target and output mailboxes.
const MAILBOXES: [u32; 3] = [6, 3, 3];

/// A network on two cores with delays, an encoder and a rule whose readouts every record adds to the answer.
fn network(seed: u32) -> ImageFile {
    let mut builder = ImageBuilder::new();
    builder.seed(seed);
    let [stimulus, target, output] = MAILBOXES;
    builder.mailboxes(stimulus, target, output);
    let profile = Profile { decay_u: 900, decay_v: 300, v_th: 20 << 6, refractory: 1, ..Profile::DEFAULT };
    let cores = [100, COMPARTMENTS - 100].map(|compartments| {
        let core = builder.core();
        builder.group(compartments as usize, profile);
        (core, compartments)
    });
    let biases: Vec<i32> = (0..COMPARTMENTS).map(|at| draw(-100, 500, [seed, 0, at])).collect();
    builder.bias(0, &biases);
    builder.inputs(INPUTS + stimulus);
    let sources = (0..COMPARTMENTS).map(Source::Compartment).chain((0..INPUTS + stimulus).map(Source::Input));
    for (source, number) in sources.zip(1..) {
        for (core, compartments) in cores {
            let synapse = |at| Synapse {
                compartment: draw(0, compartments.cast_signed() - 1, [seed, number, at]).unsigned_abs() as usize,
                delay: draw(0, 9, [seed, number, at + 10]).unsigned_abs() as usize,
                weight: i16::try_from(draw(-30, 50, [seed, number, at + 20])).unwrap(),
            };
            builder.sparse(source, core, &(0..4).map(synapse).collect::<Vec<Synapse>>());
        }
    }
    builder.snip(&RateEncoderParams { count: stimulus, input_first: INPUTS, full_scale: 64, ..Default::default() });
    builder.snip(&PesParams { count: COMPARTMENTS, dimensions: output, rate_shift: 9, ..PesParams::default() });
    builder.build().unwrap()
}

/// A record and its spikes, as values of their own.
#[derive(Clone, Debug)]
struct RunPart {
    steps: u16,
    flags: [bool; 2],
    /// Seed of what is put in at the beginning, and which of it.
    put_in: (u32, u8),
    spikes: Vec<(u16, u16)>,
}

/// The bytes of what a part puts in.
struct Bytes {
    biases: Vec<u8>,
    stimulus: Vec<u8>,
    target: Vec<u8>,
}

impl RunPart {
    fn bytes(&self) -> Bytes {
        let (seed, which) = self.put_in;
        let words = |count: u32, list| (0..count).map(move |at| draw(0, 64, [seed, list, at]));
        let short = |count, list| words(count, list).flat_map(|word| i16::try_from(word).unwrap().to_le_bytes());
        let [stimulus, target, _] = MAILBOXES;
        // As many biases as nearly fill a message of the small device.
        let biases = [0, 0, 20, 104][usize::from(which % 4)];
        Bytes {
            biases: words(biases, 1).flat_map(|word| (word * 10).to_le_bytes()).collect(),
            stimulus: short(if which & 4 > 0 { stimulus } else { 0 }, 2).collect(),
            target: short(if which & 8 > 0 { target } else { 0 }, 3).collect(),
        }
    }

    fn stretch<'b>(&'b self, bytes: &'b Bytes) -> Stretch<'b> {
        let [reset, learn] = self.flags;
        let Bytes { biases, stimulus, target } = bytes;
        let record =
            Record { reset, learn, steps: self.steps, bias_first: 7, biases, stimulus, target, ..Record::PLAIN };
        Stretch { record, spikes: &self.spikes }
    }
}

/// Parts of a sample; spikes of the step after the last one wait for the next part.
fn parts() -> impl Strategy<Value = Vec<RunPart>> {
    let part =
        (0_u16..40, any::<[bool; 2]>(), any::<(u32, u8)>(), proptest::collection::vec(any::<[u16; 2]>(), 0..250));
    let part = part.prop_map(|(steps, flags, put_in, spikes)| {
        let mut spikes: Vec<(u16, u16)> =
            spikes.into_iter().map(|[step, input]| (step % (steps + 1), input % 40)).collect();
        spikes.sort_by_key(|(step, _)| *step);
        RunPart { steps, flags, put_in, spikes }
    });
    proptest::collection::vec(part, 1..5)
}

/// What a sample is to tell: few and many counts, words that fit a small message and words that do not.
fn reports() -> [Report; 7] {
    [
        Report::Nothing,
        Report::Spikes,
        Report::Counts { first: 90, count: 20, skip_steps: 0 },
        Report::Counts { first: 3, count: 140, skip_steps: 7 },
        Report::Words { register: Register::V, first: 5, count: 30 },
        Report::Words { register: Register::U, first: 0, count: 1000 },
        Report::Words { register: Register::Output, first: 0, count: 3 },
    ]
}

/// All that can be seen of a sample.
#[derive(Debug, PartialEq)]
struct Seen {
    spikes: Vec<(u32, u32)>,
    words: Vec<i32>,
    digest: StateDigest,
    ops: OpCounts,
}

fn sampled(session: &mut Session, file: &ImageFile, parts: &[RunPart], report: Report) -> Seen {
    session.load(file).unwrap();
    let bytes: Vec<Bytes> = parts.iter().map(RunPart::bytes).collect();
    let stretches: Vec<Stretch<'_>> = parts.iter().zip(&bytes).map(|(part, bytes)| part.stretch(bytes)).collect();
    let mut spikes = Vec::new();
    let words = session.sample(&stretches, report, |step, compartment| spikes.push((step, compartment))).unwrap();
    Seen { spikes, words, digest: session.digest().unwrap(), ops: session.ops().unwrap() }
}

/// The same by requests that compute a step each.
fn stepped(session: &mut Session, file: &ImageFile, parts: &[RunPart], report: Report) -> Seen {
    session.load(file).unwrap();
    let (mut fired, mut step) = (Vec::new(), 0);
    for part in parts {
        let bytes = part.bytes();
        let record = part.stretch(&bytes).record;
        session.stream([Record { steps: 0, ..record }], |_| ()).unwrap();
        let due = |at| part.spikes.iter().filter(move |(due, _)| *due == at).map(|(_, input)| (0, *input));
        for at in 0..part.steps {
            session.run(1, &due(at).collect::<Vec<_>>()).unwrap();
            let spikes = session.read(Register::Spikes).unwrap();
            fired.extend(spikes.iter().map(|spike| (step, spike.cast_unsigned())));
            step += 1;
        }
        session.run(0, &due(part.steps).collect::<Vec<_>>()).unwrap();
    }
    let words = match report {
        Report::Counts { first, count, skip_steps } => {
            let of = |at| fired.iter().filter(|(step, spike)| *step >= skip_steps && *spike == first + at).count();
            (0..count).map(|at| i32::try_from(of(at)).unwrap()).collect()
        }
        Report::Words { register, first, count } => {
            let all = session.read(register).unwrap();
            all.into_iter().skip(first as usize).take(count as usize).collect()
        }
        _ => Vec::new(),
    };
    let spikes = if report == Report::Spikes { fired } else { Vec::new() };
    Seen { spikes, words, digest: session.digest().unwrap(), ops: session.ops().unwrap() }
}

/// Forgets what it is given.
struct Nowhere;

impl Sink for Nowhere {
    fn sample(&mut self, _step: u64, _words: &[i32]) -> io::Result<()> {
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_sample_is_what_its_steps_are(seed: u32, parts in parts()) {
        let file = network(seed);
        let mut host = open(Box::new(InProcess::new(ARENA_BYTES_DEFAULT)));
        let mut small = small_body(512);
        let mut watched = small_body(512);
        let mut restless = Restless::open(|| true);
        let mut recorder = Recorder::default();
        recorder.probe("v[0..2]@every=3".parse::<Probe>().unwrap(), Box::new(Nowhere));
        watched.set_recorder(Some(recorder));
        for report in reports() {
            let expected = stepped(&mut host, &file, &parts, report);
            let sessions = [
                (&mut host, "host"),
                (&mut small, "small"),
                (&mut watched, "watched"),
                (&mut restless, "restless"),
            ];
            for (session, name) in sessions {
                prop_assert_eq!(&sampled(session, &file, &parts, report), &expected, "{}: {:?}", name, report);
            }
        }
    }
}

/// Spikes of a record enter in their steps, with and without a recorder or meter.
#[test]
fn a_record_with_spikes_is_the_same_when_it_is_sampled_or_metered() {
    let spikes: Vec<u8> = (0_u8..=30).flat_map(|step| [step, 0, step % 40, 0]).collect();
    let record = Record { learn: true, steps: 30, target: &[40, 0, 0, 0, 9, 0], spikes: &spikes, ..Record::PLAIN };
    let streamed = |recorder: Option<Recorder>, meter: Option<Meter>| {
        let mut session = open(Box::new(InProcess::new(ARENA_BYTES_DEFAULT)));
        session.set_recorder(recorder);
        session.set_meter(meter);
        session.load(&network(4)).unwrap();
        let mut outputs = Vec::new();
        session.stream([record; 3], |output| outputs.push(output.to_vec())).unwrap();
        (outputs, session.digest().unwrap(), session.ops().unwrap().input_spikes)
    };
    let expected = streamed(None, None);
    assert_eq!((expected.0.len(), expected.2), (3, 93));
    let mut recorder = Recorder::default();
    recorder.probe("v[0..2]@every=7".parse::<Probe>().unwrap(), Box::new(Nowhere));
    assert_eq!(streamed(Some(recorder), None), expected, "sampled");
    assert_eq!(streamed(None, Some(Meter::new(0))), expected, "metered");
}

/// What is compared is worth it: steps have more spikes than a message of the small device lists, and steps have fewer.
#[test]
fn samples_are_lively() {
    let spikes = (0..12).flat_map(|step| (0..INPUTS).map(move |input| (step, u16::try_from(input).unwrap()))).collect();
    let part = RunPart { steps: 30, flags: [false, true], put_in: (1, 0b1111), spikes };
    let seen = sampled(&mut small_body(512), &network(1), &[part], Report::Spikes);
    let of = |step| seen.spikes.iter().filter(|(at, _)| *at == step).count();
    let counts: Vec<usize> = (0..30).map(of).collect();
    assert!(counts.iter().any(|count| *count >= 112), "{counts:?}");
    assert!(counts.iter().any(|count| *count < 112), "{counts:?}");
}

#[test]
fn a_sample_of_nothing_counts_nothing() {
    let report = Report::Counts { first: 0, count: 4, skip_steps: 0 };
    for mut session in [open(Box::new(InProcess::new(1 << 20))), small_body(512)] {
        let seen = sampled(&mut session, &network(2), &[], report);
        assert_eq!((seen.words, seen.digest.t), (vec![0; 4], 0));
    }
}
