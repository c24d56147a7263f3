//! An image that a board carries runs where it lies; what a device takes of its board's memory.

use crate::common::{DATA_MAX, experiment, open, small_body, small_network};
use host_harness::boards;
use host_harness::conform::altered::Altered;
use host_harness::device::Device;
use host_harness::device::inproc::InProcess;
use host_harness::device::needs::NetworkNeeds;
use host_harness::device::session::SessionError;
use host_harness::experiment::{RunOptions, image_of};
use loihi_core::device::{Board, Machine};
use loihi_core::register::StateDigest;
use loihi_core::rules::ALL;
use loihi_core::wire::DeviceError;
use loihi_core::wire::frame::CRC;
use loihi_core::wire::message::{Footprint, Record, Report, Request, Response};

/// A machine, and room for its answers.
struct Bench {
    machine: Machine<Vec<u64>>,
    data: Vec<u8>,
}

impl Bench {
    fn new(arena_bytes: usize, image: &'static [u8]) -> Self {
        let board = Board { snips: &ALL, image, stack_bytes: Some(|| 1234), ..Board::named("test") };
        Self { machine: Machine::new(vec![0; arena_bytes / 8], board), data: vec![0; DATA_MAX] }
    }

    fn ask(&mut self, request: &Request<'_>) -> Response<'_> {
        self.machine.execute(request, &mut self.data)
    }

    /// Sends an image; returns the bytes that image and state take.
    fn load(&mut self, image: &[u8]) -> u32 {
        let bytes = u32::try_from(image.len()).unwrap();
        assert_eq!(self.ask(&Request::LoadStart { bytes, check: CRC.checksum(image) }), Response::Done);
        assert_eq!(self.ask(&Request::LoadChunk { offset: 0, data: image }), Response::Done);
        self.start(&Request::LoadEnd)
    }

    fn start(&mut self, request: &Request<'_>) -> u32 {
        match self.ask(request) {
            Response::Loaded { used_bytes, .. } => used_bytes,
            other => panic!("{other:?}"),
        }
    }

    /// Learns for a while; the digest at the end.
    fn live(&mut self) -> StateDigest {
        for step in 0_u8..40 {
            let (stimulus, target) = ([step, 0, 64 - step, 0], [0, step, 0, 2]);
            let record = Record { learn: true, steps: 5, stimulus: &stimulus, target: &target, ..Record::PLAIN };
            let records = postcard::to_extend(&record, Vec::new()).unwrap();
            let request = Request::Stream { records: &records, report: Report::Nothing };
            assert!(matches!(self.ask(&request), Response::Streamed { steps: 5, .. }));
        }
        match self.ask(&Request::Digest) {
            Response::Digest(digest) => digest,
            other => panic!("{other:?}"),
        }
    }

    fn footprint(&mut self) -> Footprint {
        match self.ask(&Request::Footprint) {
            Response::Footprint(footprint) => footprint,
            other => panic!("{other:?}"),
        }
    }
}

/// A device that says that it is a board of this name, with the network of this hash in its flash.
fn carrier(inner: InProcess, name: &'static str, hash: u64) -> Box<dyn Device> {
    let alter = move |_: &Request<'_>, response: &mut Response<'_>| {
        if let Response::Hello { board, resident, .. } = response {
            (*board, *resident) = (name, Some(hash));
        }
    };
    Box::new(Altered { inner, alter })
}

/// The small network as a board carries it.
fn carried() -> &'static [u8] {
    // A test lives shorter than what it leaks.
    Box::leak(Box::new(small_network())).bytes()
}

#[test]
fn it_runs_where_it_lies_with_only_its_state_in_the_arena() {
    let image = carried();
    let mut bench = Bench::new(1 << 16, image);
    let copied = bench.load(image);
    let expected = bench.live();
    let resident = bench.start(&Request::LoadResident);
    assert_eq!(copied - resident, u32::try_from(image.len().next_multiple_of(8)).unwrap());
    assert_eq!(bench.footprint().arena_used_bytes, resident);
    assert_eq!(bench.live().first_difference(&expected), None);

    // An arena that holds the state and not the image.
    let mut tight = Bench::new(resident as usize, image);
    assert_eq!(tight.start(&Request::LoadResident), resident);
    assert_eq!(tight.live().first_difference(&expected), None);
    assert_eq!(tight.start(&Request::LoadResident), resident, "and again from the beginning");
    assert_eq!(tight.live().first_difference(&expected), None);
}

#[test]
fn a_board_without_one_says_so_and_keeps_what_runs() {
    let image = carried();
    let mut bench = Bench::new(1 << 16, &[]);
    bench.load(image);
    let before = bench.live();
    let Response::Failed(error) = bench.ask(&Request::LoadResident) else { panic!("there is none") };
    assert_eq!(error, DeviceError::NoResident);
    assert_eq!(error.to_string(), "the board carries no network of its own: load one");
    assert!(matches!(bench.ask(&Request::Digest), Response::Digest(digest) if digest == before));
}

#[test]
fn one_that_cannot_run_changes_nothing() {
    let image = carried();
    let mut enough = Bench::new(1 << 16, image);
    let needed = enough.start(&Request::LoadResident);
    let cut = &image[..image.len() - 4];
    let mut broken = Bench::new(1 << 16, cut);
    let used = broken.load(image);
    assert!(matches!(broken.ask(&Request::LoadResident), Response::Failed(_)));
    assert_eq!(broken.footprint().arena_used_bytes, used);
    assert_eq!(broken.live(), enough.live(), "what was loaded before goes on");

    let mut small = Bench::new(needed as usize - 8, image);
    assert!(matches!(small.ask(&Request::LoadResident), Response::Failed(_)));
    let one = Request::Run { steps: 1, spikes: &[], report: Report::Nothing };
    assert_eq!(small.ask(&one), Response::Failed(DeviceError::NoImage));
    assert_eq!(small.footprint().arena_used_bytes, 0);
}

#[test]
fn a_device_tells_what_it_takes() {
    let mut bench = Bench::new(1 << 16, &[]);
    let empty = Footprint { arena_bytes: 1 << 16, arena_used_bytes: 0, line_bytes: 0, stack_bytes: Some(1234) };
    assert_eq!(bench.footprint(), empty);
    let arena_used_bytes = bench.load(carried());
    assert_eq!(bench.footprint(), Footprint { arena_used_bytes, ..empty });

    let mut session = small_body(512);
    session.load(&small_network()).unwrap();
    let footprint = session.footprint().unwrap();
    let line_bytes = u32::try_from(loihi_core::device::Buffers::bytes(512)).unwrap();
    assert_eq!(footprint, Footprint { arena_bytes: 1 << 20, arena_used_bytes, line_bytes, stack_bytes: None });
}

/// A board that holds the state alone is not one with more memory.
#[test]
fn boards_that_are_named_hold_the_image_too() {
    let network = image_of(&experiment("digits-pes").learner().unwrap(), &RunOptions::default(), || false).unwrap();
    let needs = NetworkNeeds::of(&network).unwrap();
    let inner = InProcess::new(needs.state_bytes - 8);
    let mut session = open(carrier(inner, "sifive_e with ReSuMe", network.hash()));
    let error = session.load(&network).unwrap_err();
    let SessionError::DoesNotFit { image_bytes: 0, boards: Some(boards), .. } = &error else { panic!("{error:?}") };
    assert_eq!(*boards, needs.holders());
    assert!(boards.in_flash.contains(&"stm32f401cc") && !boards.in_ram.contains(&"stm32f401cc"), "{boards:?}");
}

#[test]
fn a_board_with_programs_of_its_own_is_known() {
    let session = |board| open(carrier(InProcess::default(), board, 0));
    let with_rule = session("stm32f405 with ReSuMe");
    assert_eq!(with_rule.identity().known_board(), boards::named("stm32f405").ok());
    assert_eq!(with_rule.counted_unit(), "cycles");
    with_rule.expect_board(boards::named("stm32f405").unwrap()).unwrap();
    with_rule.expect_board(boards::named("stm32f411").unwrap()).unwrap_err();
    let other = session("stm32f4050");
    assert_eq!((other.identity().known_board(), other.counted_unit()), (None, "ticks"));
    other.expect_board(boards::named("stm32f405").unwrap()).unwrap_err();
}
