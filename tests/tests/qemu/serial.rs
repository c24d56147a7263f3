//! The firmware behind a pseudo-terminal, as a board is behind a serial port.

use crate::common::{experiment, firmware, open, open_host};
use host_harness::boards;
use host_harness::device::framed::Framed;
use host_harness::device::serial::Serial;
use host_harness::device::session::Session;
use host_harness::experiment::{NoObserver, RunOptions};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// QEMU, killed when the test is done with it.
struct Machine(Child);

impl Drop for Machine {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// Boots the firmware; returns the pseudo-terminal of its serial port.
fn boot() -> (Machine, String) {
    let qemu = boards::default().qemu.as_ref().unwrap();
    let terminal = |argument: String| if argument == "stdio" { "pty".to_owned() } else { argument };
    let mut child = Command::new(&qemu.program)
        .args(qemu.all_arguments().into_iter().map(terminal))
        .arg("-kernel")
        .arg(firmware())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let machine = Machine(child);
    let terminal = line.split(' ').find(|word| word.starts_with("/dev/")).unwrap_or_else(|| panic!("{line}"));
    (machine, terminal.to_owned())
}

#[test]
fn a_pseudo_terminal_ends_in_the_digest_of_the_host() {
    let (_machine, terminal) = boot();
    let digest = |session: &mut Session| {
        let options = RunOptions { epochs: Some(1), samples: Some(60), ..RunOptions::default() };
        experiment("digits-pes").run(session, &options, &mut NoObserver).unwrap().digest
    };
    let mut session = open(Box::new(Framed::new(Serial::open(&terminal, 115_200).unwrap())));
    assert_eq!(session.identity().board, "x86-mcu");
    assert_eq!(digest(&mut session), digest(&mut open_host()));
}
