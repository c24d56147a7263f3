//! The firmware behind a pseudo-terminal, as a board is behind a serial port.

use crate::common::pc::{Medium, Pc};
use crate::common::{experiment, firmware, open, open_host};
use host_harness::device::framed::Framed;
use host_harness::device::serial::Serial;
use host_harness::device::session::Session;
use host_harness::experiment::{NoObserver, RunOptions};

#[test]
fn a_pseudo_terminal_ends_in_the_digest_of_the_host() {
    let pc = Pc::boot(Medium::Kernel(&firmware()), "isapc", "pentium", 16);
    let digest = |session: &mut Session| {
        let options = RunOptions { epochs: Some(1), samples: Some(60), ..RunOptions::default() };
        experiment("digits-pes").run(session, &options, &mut NoObserver).unwrap().digest
    };
    let mut session = open(Box::new(Framed::new(Serial::open(&pc.terminal, 115_200).unwrap())));
    assert_eq!(session.identity().board, "x86-mcu");
    assert_eq!(digest(&mut session), digest(&mut open_host()));
}
