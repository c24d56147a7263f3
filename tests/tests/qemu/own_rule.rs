//! A rule of one's own, in a crate of its own: the same bits on every device, and nothing of it where it is not.

use crate::common::{open, open_board, open_host};
use host_harness::boards;
use host_harness::device::inproc::InProcess;
use host_harness::device::session::{Session, SessionError};
use loihi_core::chip::SnapshotScope;
use loihi_core::register::Register;
use own_rule::SNIPS;
use own_rule::experiment::{learn, network};

/// Memory of the device in this process.
const ARENA_BYTES: usize = 1 << 20;

fn on_host() -> Session {
    open(Box::new(InProcess::with_snips(ARENA_BYTES, &SNIPS)))
}

fn on_qemu() -> Session {
    open_board("own-rule", boards::default())
}

#[test]
fn the_rule_learns_and_every_device_ends_in_the_same_bits() {
    let file = network(3).unwrap();
    let outcomes = [on_host(), on_qemu()].map(|mut session| {
        session.load(&file).unwrap();
        (learn(&mut session, 3, 40).unwrap(), session.digest().unwrap(), session.ops().unwrap())
    });
    let [host, qemu] = outcomes;
    assert_eq!(host.1.first_difference(&qemu.1), None);
    assert_eq!(host, qemu);
    let (outcome, _, ops) = host;
    assert!(2 * outcome.errors_last < outcome.errors_first, "{outcome:?}");
    assert!(ops.rule_changes > 0, "no weight has changed");
}

#[test]
fn what_it_has_learned_is_taken_up_by_another_device() {
    let file = network(3).unwrap();
    let mut host = on_host();
    host.load(&file).unwrap();
    learn(&mut host, 3, 20).unwrap();
    let learned = host.save(SnapshotScope::Learned).unwrap();
    let mut qemu = on_qemu();
    qemu.load(&file).unwrap();
    qemu.restore(SnapshotScope::Learned, &learned).unwrap();
    for register in [Register::W, Register::Learned] {
        assert_eq!(qemu.read(register).unwrap(), host.read(register).unwrap(), "{}", register.name());
    }
    assert_eq!(qemu.save(SnapshotScope::Learned).unwrap(), learned);
}

#[test]
fn a_device_without_the_program_says_its_name_and_keeps_what_it_has() {
    let mut session = open_host();
    let error = session.load(&network(3).unwrap()).unwrap_err();
    assert!(matches!(&error, SessionError::NoProgram { name, kind: 0x8001, .. } if name == "resume"), "{error}");
    let text = error.to_string();
    assert!(text.contains("`resume`") && text.contains("it has rate-encoder, bias-encoder, pes"), "{text}");
}
