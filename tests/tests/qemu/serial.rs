//! The firmware behind a pseudo-terminal, as a board is behind a serial port.

use crate::common::pc::{Medium, Pc};
use crate::common::pty::PtyBoard;
use crate::common::{experiment, firmware, image, open, open_host};
use host_harness::boards;
use host_harness::device::framed::Framed;
use host_harness::device::lossy::{Faults, Lossy};
use host_harness::device::qemu::Qemu;
use host_harness::device::serial::Serial;
use host_harness::device::session::Session;
use host_harness::experiment::{NoObserver, RunOptions};
use std::thread;
use std::time::Duration;

fn digest(session: &mut Session, samples: usize) -> u64 {
    let options = RunOptions { epochs: Some(1), samples: Some(samples), ..RunOptions::default() };
    experiment("digits-pes").run(session, &options, &mut NoObserver).unwrap().digest.total()
}

#[test]
fn a_pseudo_terminal_ends_in_the_digest_of_the_host() {
    let pc = Pc::boot(Medium::Kernel(&firmware()), "isapc", "pentium", 16);
    let mut session = open(Box::new(Framed::new(Serial::open(&pc.terminal, 115_200).unwrap())));
    assert_eq!(session.identity().board, "x86-mcu");
    assert_eq!(digest(&mut session, 60), digest(&mut open_host(), 60));
}

/// Bytes are lost, come twice or are changed, and the plug is pulled twice: nothing is computed twice, and nothing is lost.
#[test]
fn a_microcontroller_behind_a_bad_line_ends_in_the_digest_of_the_host() {
    let board = boards::named("netduinoplus2").unwrap();
    let faults = Faults { bytes_per_million: 200, flip: 2, double: 2, ..Faults::default() };
    let line = Lossy::new(Qemu::start(board, &image("firmware", board)).unwrap(), faults, 5);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ttyBOARD");
    let mut plugged = PtyBoard::plug(&path, line);
    let mut session = open(Box::new(Framed::new(Serial::open(plugged.path(), 115_200).unwrap())));
    let run = thread::spawn(move || (digest(&mut session, 12), session.repetitions()));
    for _ in 0..2 {
        thread::sleep(Duration::from_millis(300));
        let line = plugged.unplug();
        thread::sleep(Duration::from_millis(100));
        plugged = PtyBoard::plug(&path, line);
    }
    let (there, repetitions) = run.join().unwrap();
    assert_eq!(there, digest(&mut open_host(), 12));
    assert!(repetitions > 0 && plugged.unplug().faults_total > 0, "no fault mattered");
}
