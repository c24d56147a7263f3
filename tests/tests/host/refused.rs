//! What a device refuses on its own, whatever host is in front of it: one sentence each, and nothing half-loaded.

use crate::common::{Answer, Peer, ran, run, small_network};
use host_harness::image::{ImageBuilder, ImageFile};
use loihi_core::device::{Board, Machine};
use loihi_core::image::{Image, ImageError, Name, Parameter, Profile, VERSION, index};
use loihi_core::rules::{BiasEncoderParams, PeriodicResetParams, PesParams, RateEncoderParams};
use loihi_core::snip::{Cpu, Phase, Phases, Snip, SnipParams, SnipType, fits, require};
use loihi_core::wire::DeviceError;
use loihi_core::wire::frame::CRC;
use loihi_core::wire::message::{Request, Response};

/// Counts the spikes of a run of compartments: a program that no device has.
#[derive(Clone, Copy, Debug)]
struct Calm {
    first: u32,
    count: u32,
}

impl Snip for Calm {
    fn learned_words(&self) -> usize {
        1
    }

    fn run(&self, _phase: Phase, cpu: &mut Cpu<'_, '_>) {
        let spikes = cpu.fired(index(self.first), index(self.count)).count();
        if let [all] = cpu.learned {
            *all += i32::try_from(spikes).unwrap_or(i32::MAX);
        }
    }
}

impl SnipParams for Calm {
    const KIND: u32 = 0x8123;
    const NAME: &'static str = "calm";
    const PHASES: Phases = Phases::only(Phase::PreMgmt);
    type Snip = Self;

    loihi_core::snip_words!(first, count);

    fn snip(&self) -> Self {
        *self
    }

    fn check(&self, image: &Image<'_>) -> Result<(), Parameter> {
        require(fits(self.first, self.count, image.compartments()), "count")
    }
}

/// A network of a few compartments with one program.
fn with<P: SnipParams>(params: &P) -> ImageFile {
    let mut builder = ImageBuilder::new();
    builder.mailboxes(2, 2, 2);
    builder.inputs(2);
    let own = builder.group(6, Profile { v_th: 640, ..Profile::DEFAULT });
    builder.bias(own.start, &[100; 6]);
    builder.data(&[0; 20]);
    builder.snip(params);
    builder.build().unwrap()
}

/// The same network with other words as the parameters, which no host would build.
fn with_words<P: SnipParams>(good: &P, bad: &P) -> Vec<u8> {
    let mut bytes = with(good).bytes().to_vec();
    let [good, bad] = [good, bad].map(|params| params.words().map(u32::to_le_bytes).concat());
    let at = bytes.windows(good.len()).position(|window| window == good).expect("the record is there");
    bytes[at..][..bad.len()].copy_from_slice(&bad);
    bytes
}

fn sent(peer: &mut Peer, image: &[u8]) -> Answer {
    peer.load(image, CRC.checksum(image))
}

/// Refused by a device on which another network runs: nothing of either is left, and the next one loads and runs.
fn refused(image: &[u8]) -> DeviceError {
    let good = small_network();
    let mut peer = Peer::with(good.bytes());
    assert_eq!(peer.ask(&run(3, &[])).response(), ran(3));
    let error = sent(&mut peer, image).refusal();
    for request in [run(1, &[]), Request::Digest, Request::Ops] {
        assert_eq!(peer.ask(&request).refusal(), DeviceError::NoImage, "{error}: nothing runs");
    }
    assert!(matches!(sent(&mut peer, good.bytes()).response(), Response::Loaded { .. }), "{error}");
    assert_eq!(peer.ask(&run(3, &[])).response(), ran(3));
    let digest = peer.ask(&Request::Digest);
    let mut fresh = Peer::with(good.bytes());
    fresh.ask(&run(3, &[]));
    assert_eq!(
        fresh.ask(&Request::Digest).response(),
        digest.response(),
        "{error}: the next one is as on a new device"
    );
    error
}

/// One sentence with all of these in it.
fn assert_says(error: &DeviceError, parts: &[&str]) {
    let text = error.to_string();
    assert!(parts.iter().all(|part| text.contains(part)), "{text}");
    assert!(!text.contains(". ") && !text.contains('\n') && text.len() < 200, "{text}");
}

#[test]
fn a_program_that_the_device_lacks() {
    let error = refused(with(&Calm { first: 0, count: 6 }).bytes());
    let expected = ImageError::UnknownSnip { snip: 0, kind: Calm::KIND, name: Name::new("calm") };
    assert_eq!(error, DeviceError::Image(expected));
    assert_says(&error, &["`calm`", "33059", "does not have"]);
}

#[test]
fn parameters_out_of_range() {
    let rate = RateEncoderParams { count: 2, full_scale: 64, ..RateEncoderParams::default() };
    let bias = BiasEncoderParams { dimensions: 2, count: 6, ..BiasEncoderParams::default() };
    let pes = PesParams { count: 6, dimensions: 2, ..PesParams::default() };
    let reset = PeriodicResetParams { compartment_first: 1, count: 5, interval_steps: 5, offset_steps: 4 };
    let cases = [
        (with_words(&rate, &RateEncoderParams { full_scale: 0, ..rate }), "rate-encoder", "full_scale"),
        (with_words(&rate, &RateEncoderParams { count: 3, ..rate }), "rate-encoder", "stimulus_first"),
        (with_words(&rate, &RateEncoderParams { input_first: 1, ..rate }), "rate-encoder", "input_first"),
        (with_words(&bias, &BiasEncoderParams { exponent: 8, ..bias }), "bias-encoder", "exponent"),
        (with_words(&bias, &BiasEncoderParams { compartment_first: 1, ..bias }), "bias-encoder", "compartment_first"),
        (with_words(&bias, &BiasEncoderParams { stride: u32::MAX, ..bias }), "bias-encoder", "compartment_first"),
        (with_words(&bias, &BiasEncoderParams { data_first: 3, ..bias }), "bias-encoder", "data_first"),
        (with_words(&pes, &PesParams { compartment_first: u32::MAX, ..pes }), "pes", "compartment_first"),
        (with_words(&pes, &PesParams { rate_shift: 32, ..pes }), "pes", "rate_shift"),
        (with_words(&reset, &PeriodicResetParams { interval_steps: 0, ..reset }), "periodic-reset", "interval_steps"),
        (
            with_words(&reset, &PeriodicResetParams { interval_steps: 1 << 31, ..reset }),
            "periodic-reset",
            "interval_steps",
        ),
        (with_words(&reset, &PeriodicResetParams { offset_steps: 5, ..reset }), "periodic-reset", "offset_steps"),
        (with_words(&reset, &PeriodicResetParams { count: u32::MAX, ..reset }), "periodic-reset", "compartment_first"),
    ];
    for (image, program, parameter) in cases {
        let error = refused(&image);
        let (name, wrong) = (Name::new(program), Name::new(parameter));
        assert_eq!(error, DeviceError::Image(ImageError::Snip { snip: 0, name, parameter: wrong }), "{error}");
        assert_says(&error, &[&format!("`{program}`"), &format!("`{parameter}`")]);
    }
}

#[test]
fn an_image_of_another_version() {
    for (found, advice) in [(VERSION + 1, "update the device"), (VERSION - 1, "build it again")] {
        let mut image = small_network().bytes().to_vec();
        image[4..8].copy_from_slice(&found.to_le_bytes());
        let error = refused(&image);
        assert_eq!(error, DeviceError::Image(ImageError::Version { found, understood: VERSION }));
        assert_says(&error, &[advice, &found.to_string(), &VERSION.to_string()]);
    }
}

/// Another program with the number of a built-in one.
#[derive(Clone, Copy, Debug)]
struct Twin(PesParams);

impl SnipParams for Twin {
    const KIND: u32 = PesParams::KIND;
    const NAME: &'static str = "my-pes";
    const PHASES: Phases = PesParams::PHASES;
    type Snip = PesParams;

    fn words(&self) -> loihi_core::snip::Words {
        self.0.words()
    }

    fn from_words(words: &loihi_core::snip::Words) -> Result<Self, Parameter> {
        PesParams::from_words(words).map(Self)
    }

    fn snip(&self) -> PesParams {
        self.0
    }

    fn check(&self, image: &Image<'_>) -> Result<(), Parameter> {
        self.0.check(image)
    }
}

#[test]
fn two_programs_of_one_kind() {
    static SNIPS: [SnipType; 3] =
        [SnipType::of::<RateEncoderParams>(), SnipType::of::<PesParams>(), SnipType::of::<Twin>()];
    let file = small_network();
    let bytes = file.bytes();
    let mut machine = Machine::new(vec![0_u64; 1 << 13], Board { snips: &SNIPS, ..Board::named("test") });
    let mut data = [0; 512];
    let length = u32::try_from(bytes.len()).unwrap();
    let start = Request::LoadStart { bytes: length, check: CRC.checksum(bytes) };
    assert_eq!(machine.execute(&start, &mut data), Response::Done);
    assert_eq!(machine.execute(&Request::LoadChunk { offset: 0, data: bytes }, &mut data), Response::Done);
    let Response::Failed(error) = machine.execute(&Request::LoadEnd, &mut data) else { panic!("it is loaded") };
    let [first, second] = ["pes", "my-pes"].map(Name::new);
    assert_eq!(error, DeviceError::SameKind { kind: PesParams::KIND, first, second });
    assert_says(&error, &["`pes`", "`my-pes`", "kind 3", "a number of its own"]);
    assert_eq!(machine.execute(&run(1, &[]), &mut data), Response::Failed(DeviceError::NoImage));
}
