//! The common suite: every board in QEMU that has the memory for it does what the device in this process does, and reports
//! what goes wrong.

use crate::common::golden::{Golden, LEARNING, NEURONS};
use crate::common::{experiment, image, open, open_board, open_host};
use crate::devices_agree::shortened;
use crate::snapshots;
use host_harness::boards::{self, Board, DEFAULT};
use host_harness::device::Line as _;
use host_harness::device::inproc::InProcess;
use host_harness::device::qemu::Qemu;
use host_harness::device::session::{Session, SessionError};
use host_harness::experiment::{NoObserver, Outcome, RunOptions, Task as _};
use host_harness::learn::Learner;
use loihi_core::chip::SnapshotScope;
use object::{Object, ObjectSymbol};
use own_rule::SNIPS;
use own_rule::experiment::{learn, network};
use std::fs;
use std::time::{Duration, Instant};

/// No report takes this long, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// Memory of the device in this process with a rule of one's own.
const ARENA_BYTES: usize = 1 << 20;

/// The tests of one board.
macro_rules! suite {
    ($module:ident, $board:literal) => {
        mod $module {
            suite! { @tests $board:
                tells_what_its_data_say,
                replays_recorded_vectors,
                ends_in_the_bits_of_the_host,
                runs_a_rule_of_ones_own,
                takes_a_state_and_gives_it_back,
                says_what_does_not_fit,
            }
        }
    };
    (@tests $board:literal: $($test:ident,)*) => {
        $(
            #[test]
            fn $test() {
                super::$test(super::named($board));
            }
        )*
    };
}

suite!(x86_mcu, "x86-mcu");
suite!(mps2_an386, "mps2-an386");
suite!(netduinoplus2, "netduinoplus2");
suite!(virt, "virt");

fn named(board: &str) -> &'static Board {
    boards::named(board).unwrap()
}

fn firmware(board: &Board) -> Session {
    open_board("firmware", board)
}

fn tells_what_its_data_say(board: &Board) {
    let mut session = firmware(board);
    let identity = session.identity();
    assert_eq!(identity.board, board.name);
    let (there, said) = (identity.arena_bytes as u64, board.arena_bytes);
    assert!(if board.arena_grows { there >= said } else { there == said }, "{}: {there}, {said}", board.name);
    let stack_bytes = session.footprint().unwrap().stack_bytes.unwrap();
    assert!((256..board.stack_bytes).contains(&u64::from(stack_bytes)), "{stack_bytes} of {}", board.stack_bytes);
}

fn replays_recorded_vectors(board: &Board) {
    let all_pass = |golden: &Golden, prefix, expected| golden.all_pass(prefix, expected, &mut firmware(board));
    // Those that fit the smallest of the boards.
    all_pass(&NEURONS, "brian_", 39);
    all_pass(&LEARNING, "nengo_pes_raw", 4);
    // The bare x86 replays all of them in tests of its own.
    if board.arena_bytes > 1 << 20 && board.name != DEFAULT {
        for (golden, prefix, expected) in [
            (&NEURONS, "nengo_", 40),
            (&NEURONS, "lava_", 40),
            (&LEARNING, "brian_learn_", 15),
            (&LEARNING, "lava_learn_", 20),
        ] {
            all_pass(golden, prefix, expected);
        }
    }
}

/// Experiments, shortened: programs of the embedded CPU, and cores that learn.
fn tasks() -> Vec<(Learner, RunOptions)> {
    let whole = |name: &str| experiment(name).learner().unwrap();
    let few = |samples| RunOptions { epochs: Some(1), samples: Some(samples), ..RunOptions::default() };
    vec![
        (shortened(experiment("pes-channel"), "1500"), RunOptions::default()),
        (shortened(experiment("pes-core"), "500"), RunOptions::default()),
        (whole("digits-pes"), few(20)),
        (whole("digits-emstdp"), few(4)),
    ]
}

fn ends_in_the_bits_of_the_host(board: &Board) {
    for (number, (task, options)) in tasks().iter().enumerate() {
        let run = |session: &mut Session| -> Outcome { task.run(session, options, &mut NoObserver).unwrap() };
        let (host, there) = (run(&mut open_host()), run(&mut firmware(board)));
        assert_eq!(host.digest.first_difference(&there.digest), None, "task {number}");
        assert_eq!((host.digest, host.ops, host.metrics), (there.digest, there.ops, there.metrics), "task {number}");
        assert!(there.instructions.is_some_and(|count| count > there.steps), "task {number}: {:?}", there.instructions);
    }
}

fn runs_a_rule_of_ones_own(board: &Board) {
    let file = network(3).unwrap();
    let host = open(Box::new(InProcess::with_snips(ARENA_BYTES, &SNIPS)));
    let outcomes = [host, open_board("own-rule", board)].map(|mut session| {
        session.load(&file).unwrap();
        (learn(&mut session, 3, 10).unwrap(), session.digest().unwrap())
    });
    assert_eq!(outcomes[0], outcomes[1]);
}

fn takes_a_state_and_gives_it_back(board: &Board) {
    let [mut host, mut there, mut alone] =
        [open_host(), firmware(board), open_host()].map(|session| snapshots::loaded(session, 7));
    snapshots::run(&mut alone, 0, 90);
    snapshots::run(&mut host, 0, 30);
    let kept = host.save(SnapshotScope::State).unwrap();
    there.restore(SnapshotScope::State, &kept).unwrap();
    assert_eq!(there.save(SnapshotScope::State).unwrap(), kept, "the same bytes on both");
    snapshots::run(&mut there, 30, 30);
    host.restore(SnapshotScope::State, &there.save(SnapshotScope::State).unwrap()).unwrap();
    snapshots::run(&mut host, 60, 30);
    assert_eq!(host.digest().unwrap(), alone.digest().unwrap());
}

/// A board with less memory says how much is missing, and which others have it.
fn says_what_does_not_fit(board: &Board) {
    let task = experiment("digits-decolle-2").learner().unwrap();
    let options = RunOptions { epochs: Some(1), samples: Some(1), ..RunOptions::default() };
    let outcome = task.run(&mut firmware(board), &options, &mut NoObserver);
    if board.arena_bytes > 300_000 {
        assert!(outcome.is_ok(), "{:?}", outcome.err());
        return;
    }
    let said = outcome.unwrap_err().to_string();
    let (_, needed) = said.split_once("needs ").unwrap();
    let needed: u64 = needed.split_once(" bytes").unwrap().0.parse().unwrap();
    let larger = boards::all().iter().filter(|board| board.arena_bytes >= needed).map(|board| board.name.as_str());
    let larger: Vec<&str> = larger.collect();
    assert!(["x86-mcu", "mps2-an386", "virt"].iter().all(|board| larger.contains(board)), "{larger:?}");
    let boards = format!("a board with more memory: {}", larger.join(", "));
    assert!(said.contains(" too few: ") && said.ends_with(&boards), "{said}");
}

/// A program goes wrong in the way called `choice`; returns the report.
fn reported(board: &Board, choice: u8) -> String {
    let mut line = Qemu::start(board, &image("fault", board)).unwrap();
    line.send(&[choice]).unwrap();
    let (start, mut bytes) = (Instant::now(), Vec::new());
    loop {
        if let Err(fault) = line.receive(&mut bytes, Duration::from_secs(1)) {
            return fault.to_string();
        }
        assert!(start.elapsed() < PATIENCE, "{} hangs; it sent {bytes:02x?}", board.name);
    }
}

/// Ways in which a program goes wrong: what calls them, and the functions in which they happen.
const WAYS: [(u8, &str); 3] =
    [(b'i', "fault_invalid_instruction"), (b'n', "fault_nothing_there"), (b's', "fault_stack_overflow")];

/// The faults of [`WAYS`] have these names; the first of them, as many as have addresses, are told at one inside the function,
/// behind `label`. Panics are told, too.
fn assert_reported(board: &str, label: &str, names: [&str; 3], addresses: usize) {
    let board = named(board);
    let elf = fs::read(image("fault", board)).unwrap();
    let file = object::File::parse(&*elf).unwrap();
    for (number, ((choice, function), name)) in WAYS.into_iter().zip(names).enumerate() {
        let said = reported(board, choice);
        assert!(said.contains("a fault of the processor: fault: ") && said.contains(name), "{}: {said}", board.name);
        if number >= addresses {
            continue;
        }
        let (_, number) = said.split_once(&format!("{label} 0x")).unwrap_or_else(|| panic!("no {label} in {said}"));
        let address = u64::from_str_radix(&number[..8], 16).unwrap();
        let symbol = file.symbols().find(|symbol| symbol.name() == Ok(function)).unwrap();
        // The lowest bit of a function's address says that it is of the short instructions.
        let first = symbol.address() & !1;
        let body = first..first + symbol.size();
        assert!(body.contains(&address), "{}: {function} is at {first:#x}: {said}", board.name);
    }
    assert!(reported(board, b'p').contains("a panic of the firmware: panic: "), "{}", board.name);
}

#[test]
fn faults_of_arm_boards_are_reported() {
    for board in ["mps2-an386", "netduinoplus2"] {
        let names = ["HardFault, undefined instruction", "HardFault, bus error", "HardFault, stack overflow"];
        assert_reported(board, "pc", names, 2);
    }
    // A Cortex-M0 does not tell why.
    assert_reported("microbit", "pc", ["HardFault"; 3], 2);
}

#[test]
fn traps_of_risc_v_boards_are_reported() {
    for board in ["virt", "sifive_e"] {
        assert_reported(board, "mepc", ["illegal instruction", "load access fault", "stack overflow"], 3);
    }
}

/// The bound by which a network is refused, on each kind of processor.
#[test]
fn the_stack_that_is_said_is_enough_for_cores_that_learn() {
    let task = shortened(experiment("stdp-reward"), "1000");
    for name in ["mps2-an386", "virt", "x86-mcu"] {
        let (board, mut session) = (named(name), firmware(named(name)));
        task.run(&mut session, &RunOptions::default(), &mut NoObserver).unwrap();
        let (taken, enough) = (session.footprint().unwrap().stack_bytes.unwrap(), board.learning_stack_bytes());
        assert!(u64::from(taken) <= enough, "{name}: {taken} of {enough}");
    }
}

#[test]
fn an_emulator_that_is_missing_is_named_with_what_installs_it() {
    let mut board = named("virt").clone();
    board.qemu.as_mut().unwrap().program = "qemu-system-nowhere".to_owned();
    let said = Qemu::start(&board, &image("firmware", &board)).unwrap_err().to_string();
    assert_eq!(said, "qemu-system-nowhere is not installed; `cargo xtask setup` installs it");
    board.qemu = None;
    let said = SessionError::from(Qemu::start(&board, &image("firmware", &board)).unwrap_err()).to_string();
    assert!(said.starts_with("QEMU does not emulate the board virt: take one of x86-mcu, "), "{said}");
}
