//! A network in the flash of a board: nothing is sent, and RAM holds its state alone.

use crate::common::{experiment, image, open, open_board, open_host, root};
use crate::devices_agree::shortened;
use host_harness::boards::{self, Board};
use host_harness::device::framed::Framed;
use host_harness::device::qemu::Qemu;
use host_harness::device::session::{Session, SessionError};
use host_harness::experiment::{NoObserver, RunOptions, Task, image_of};
use host_harness::image::ImageFile;
use host_harness::learn::Learner;
use loihi_core::chip::Chip;
use loihi_core::num::word;
use std::fs;

fn named(board: &str) -> &'static Board {
    boards::named(board).unwrap()
}

/// A session with a board in QEMU that has this network in its flash.
fn with_flash(board: &str, flash: &ImageFile) -> Session {
    let board = named(board);
    let device = Qemu::start_with(board, &image("firmware", board), Some(flash));
    open(Box::new(Framed::new(device.unwrap_or_else(|error| panic!("{error}")))))
}

/// A task ends in the bits of the host with its network in flash, and without anything of it in RAM but its state.
fn runs_from_flash(board: &str, task: &dyn Task, options: &RunOptions) {
    let network = image_of(task, options, || false).unwrap();
    let mut session = with_flash(board, &network);
    assert_eq!(session.identity().resident, Some(network.hash()), "{board}");
    let there = task.run(&mut session, options, &mut NoObserver).unwrap();
    let host = task.run(&mut open_host(), options, &mut NoObserver).unwrap();
    assert_eq!(host.digest.first_difference(&there.digest), None, "{board}");
    let state_bytes = Chip::bytes_needed(&network.open().unwrap(), network.snips());
    assert_eq!(session.footprint().unwrap().arena_used_bytes as usize, state_bytes, "{board}");
}

#[test]
fn digits_end_in_the_bits_of_the_host() {
    let task = experiment("digits-pes").learner().unwrap();
    let few = RunOptions { epochs: Some(1), samples: Some(60), ..RunOptions::default() };
    for board in ["netduinoplus2", "mps2-an386", "virt"] {
        runs_from_flash(board, &task, &few);
    }
}

#[test]
#[ignore = "takes a minute: cargo xtask test --all"]
fn digits_whole_end_in_the_bits_of_the_host() {
    let task = experiment("digits-pes").learner().unwrap();
    runs_from_flash("netduinoplus2", &task, &RunOptions::default());
}

/// Networks that do not fit the RAM of these boards.
#[test]
fn boards_run_what_their_ram_does_not_hold() {
    let task = shortened(experiment("stdp-reward"), "20");
    let loaded = task.run(&mut open_board("firmware", named("sifive_e")), &RunOptions::default(), &mut NoObserver);
    let said = loaded.unwrap_err().to_string();
    assert!(
        said.contains("keep the network in flash (`loihi image`, in QEMU --flash) on ") && said.contains("sifive_e"),
        "{said}"
    );
    let task = experiment("digits-soel-fewshot").learner().unwrap();
    let few = RunOptions { samples: Some(4), ..RunOptions::default() };
    runs_from_flash("netduinoplus2", &task, &few);
}

#[test]
fn sixteen_kilobytes_hold_the_state_of_a_network_that_learns() {
    for (board, name) in [("sifive_e", "pes-channel"), ("sifive_e", "stdp-reward"), ("microbit", "pes-channel")] {
        runs_from_flash(board, &shortened(experiment(name), "1000"), &RunOptions::default());
    }
}

#[test]
fn sixty_four_kilobytes_learn_digits() {
    let few = RunOptions { epochs: Some(1), samples: Some(20), ..RunOptions::default() };
    runs_from_flash("stm32f401cc", &experiment("digits-pes").learner().unwrap(), &few);
}

/// The network of the size of spoken digits: its weights do not fit the RAM. What it learns here are drawn patterns.
#[test]
fn spoken_digits_end_in_the_bits_of_the_host() {
    let folder = tempfile::tempdir().unwrap();
    let samples = folder.path().join("patterns.csv");
    let row = |class: u32| {
        let levels = (0..80).map(|band| (word(7, class, band, 0) % 17).to_string());
        levels.chain([class.to_string()]).collect::<Vec<_>>().join(",")
    };
    fs::write(&samples, (0..10).map(row).collect::<Vec<_>>().join("\n")).unwrap();
    let path = root().join("examples/spoken-digits.toml");
    let task = Learner::parse(&fs::read_to_string(&path).unwrap(), &path).unwrap();
    let options = RunOptions { epochs: Some(1), data: Some(samples), ..RunOptions::default() };
    runs_from_flash("netduinoplus2", &task, &options);
}

#[test]
fn another_network_is_loaded_as_usual() {
    let options = RunOptions { epochs: Some(1), samples: Some(4), ..RunOptions::default() };
    let task = experiment("digits-pes").learner().unwrap();
    let other = image_of(&task, &RunOptions { seed: 1, ..options.clone() }, || false).unwrap();
    let mut session = with_flash("netduinoplus2", &other);
    assert_eq!(session.identity().resident, Some(other.hash()));
    let there = task.run(&mut session, &options, &mut NoObserver).unwrap();
    assert_eq!(there.digest, task.run(&mut open_host(), &options, &mut NoObserver).unwrap().digest);
    assert!(session.footprint().unwrap().arena_used_bytes > 56_000, "image and state");
}

#[test]
fn a_board_without_room_in_flash_says_so() {
    let task = experiment("digits-decolle-2").learner().unwrap();
    let network = image_of(&task, &RunOptions::default(), || false).unwrap();
    let start = |board: &str| -> SessionError {
        let board = named(board);
        Qemu::start_with(board, &image("firmware", board), Some(&network)).unwrap_err().into()
    };
    assert_eq!(start("x86-mcu").to_string(), "x86-mcu has no flash for a network: leave out --flash");
    let said = start("microbit").to_string();
    assert!(said.contains("bytes of flash, and microbit has 65536 for it"), "{said}");
}
