//! Snapshots of a chip: a run resumes from one with the same bits, here and elsewhere, and no bytes upset a device.

use crate::common;
use crate::common::{Peer, open_host, open_qemu};
use host_harness::conform::images::{REMEMBERING_FRONT, remembering};
use host_harness::device::session::{Session, SessionError};
use host_harness::image::ImageFile;
use loihi_core::chip::{HEADER_BYTES, ResetScope, SnapshotScope};
use loihi_core::num::word;
use loihi_core::register::Register;
use loihi_core::wire::DeviceError;
use loihi_core::wire::frame::CRC;
use loihi_core::wire::message::{Record, Request, Response};
use proptest::prelude::*;

/// [`remembering`].
fn network(seed: u32) -> ImageFile {
    remembering(seed).unwrap()
}

/// Runs steps from one on, with inputs and errors that follow from the step.
pub(crate) fn run(session: &mut Session, from: u32, steps: u32) {
    for step in from..from + steps {
        let draw = |what| i16::try_from(word(3, step / 10, what, 0) >> 20).unwrap();
        let stimulus = [draw(0) >> 6, draw(1) >> 6].map(i16::to_le_bytes).concat();
        let target = [draw(2) - 2048, draw(3) - 2048].map(i16::to_le_bytes).concat();
        let record = Record {
            reset: false,
            learn: step % 50 < 40,
            steps: 0,
            stimulus: &stimulus,
            target: &target,
            ..Record::PLAIN
        };
        session.stream([record], |_| {}).unwrap();
        let spikes: Vec<(u16, u16)> = (2..4)
            .filter(|input| word(5, step, u32::from(*input), 0).is_multiple_of(4))
            .map(|input| (0, input))
            .collect();
        session.run(1, &spikes).unwrap();
    }
}

pub(crate) fn loaded(mut session: Session, seed: u32) -> Session {
    session.load(&network(seed)).unwrap();
    session.write(Register::Rate, 0, &[1]).unwrap();
    session.write(Register::Reward, 0, &[-7]).unwrap();
    session
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_run_goes_on_from_what_was_kept_of_it(seed in 0_u32..1000, at in 0_u32..160, after in 1_u32..120) {
        let mut whole = loaded(open_host(), seed);
        run(&mut whole, 0, at);
        let kept = whole.save(SnapshotScope::State).unwrap();
        let between = whole.digest().unwrap();
        run(&mut whole, at, after);
        // Another chip, which has done other things before.
        let mut fresh = open_host();
        fresh.load(&network(seed)).unwrap();
        run(&mut fresh, 900, seed % 40);
        fresh.restore(SnapshotScope::State, &kept).unwrap();
        prop_assert_eq!(fresh.digest().unwrap(), between);
        prop_assert_eq!(fresh.save(SnapshotScope::State).unwrap(), kept);
        run(&mut fresh, at, after);
        let (expected, got) = (whole.digest().unwrap(), fresh.digest().unwrap());
        prop_assert_eq!(expected.first_difference(&got), None);
        prop_assert_eq!(expected, got);
        prop_assert_eq!(whole.ops().unwrap(), fresh.ops().unwrap());
    }
}

#[test]
fn the_network_remembers_in_every_way() {
    let mut session = loaded(open_host(), 1);
    run(&mut session, 0, 100);
    let mut same: Vec<Register> = Register::ALL.into_iter().filter(|register| *register != Register::Reward).collect();
    for step in 100..200 {
        run(&mut session, step, 1);
        same.retain(|register| {
            let words = session.read(*register).unwrap();
            words.iter().all(|word| *word == words[0])
        });
    }
    assert_eq!(same, [], "registers that are the same everywhere");
    assert!(session.read(Register::D).unwrap().iter().any(|delay| *delay > 7), "no delay was learned");
}

#[test]
fn a_run_moves_to_the_firmware_and_back() {
    let (mut host, mut qemu) = (loaded(open_host(), 7), loaded(open_qemu(), 7));
    let mut alone = loaded(open_host(), 7);
    run(&mut alone, 0, 120);
    run(&mut host, 0, 41);
    run(&mut qemu, 0, 41);
    let kept = host.save(SnapshotScope::State).unwrap();
    assert_eq!(qemu.save(SnapshotScope::State).unwrap(), kept, "the same bytes on both");
    assert_eq!(qemu.save(SnapshotScope::Learned).unwrap(), host.save(SnapshotScope::Learned).unwrap());
    qemu.reset(ResetScope::All).unwrap();
    qemu.restore(SnapshotScope::State, &kept).unwrap();
    run(&mut qemu, 41, 40);
    let back = qemu.save(SnapshotScope::State).unwrap();
    host.restore(SnapshotScope::State, &back).unwrap();
    run(&mut host, 81, 39);
    assert_eq!(host.digest().unwrap(), alone.digest().unwrap());
}

#[test]
fn what_was_learned_is_taken_up_by_a_fresh_chip() {
    let mut session = loaded(open_host(), 2);
    run(&mut session, 0, 150);
    let learned = session.save(SnapshotScope::Learned).unwrap();
    let registers = [Register::Learned, Register::W, Register::T, Register::D];
    let words = registers.map(|register| session.read(register).unwrap());
    session.reset(ResetScope::All).unwrap();
    assert_ne!(registers.map(|register| session.read(register).unwrap()), words);
    session.restore(SnapshotScope::Learned, &learned).unwrap();
    assert_eq!(registers.map(|register| session.read(register).unwrap()), words);
    assert_eq!(session.ops().unwrap().steps, 0);
    // Bytes that are whole, but hold a weight that the format has not: the front is one word of PES per pair.
    let weights = (REMEMBERING_FRONT as usize * 2 * 4).next_multiple_of(8);
    let mut odd = learned.clone();
    odd[weights] ^= 1;
    let refused = session.restore(SnapshotScope::Learned, &odd).unwrap_err();
    assert!(
        matches!(refused, SessionError::Refused(DeviceError::InvalidSnapshot { register: Register::W })),
        "{refused}"
    );
    assert!(matches!(session.run(1, &[]).unwrap_err(), SessionError::Refused(DeviceError::RestoreUnfinished)));
    session.restore(SnapshotScope::Learned, &learned).unwrap();
    session.run(1, &[]).unwrap();
}

/// Sends bytes with the right check; returns the answer to the end.
fn restore(peer: &mut Peer, scope: SnapshotScope, bytes: &[u8]) -> Result<(), DeviceError> {
    let length = u32::try_from(bytes.len()).unwrap();
    let start = peer.ask(&Request::RestoreStart { scope, bytes: length, check: CRC.checksum(bytes) });
    if let Response::Failed(error) = start.response() {
        return Err(error);
    }
    for (number, data) in bytes.chunks(common::DATA_MAX).enumerate() {
        let offset = u32::try_from(number * common::DATA_MAX).unwrap();
        assert_eq!(peer.ask(&Request::RestoreChunk { offset, data }).response(), Response::Done);
    }
    match peer.ask(&Request::RestoreEnd).response() {
        Response::Done => Ok(()),
        Response::Failed(error) => Err(error),
        other => panic!("{other:?}"),
    }
}

/// All that is kept of a device.
fn save(peer: &mut Peer, scope: SnapshotScope) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let answer = peer.ask(&Request::Save { scope, offset: u32::try_from(bytes.len()).unwrap() });
        let Response::Snapshot { total_bytes, check, data } = answer.response() else { panic!("{answer:?}") };
        bytes.extend_from_slice(data);
        if bytes.len() == total_bytes as usize {
            assert_eq!(CRC.checksum(&bytes), check);
            return bytes;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// A host with a bug sends any bytes with the right check; the device sees that they are invalid, or runs them.
    #[test]
    fn any_bytes_are_refused_or_run(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 1..6), all: bool,
    ) {
        let file = common::small_network();
        let mut peer = Peer::with(file.bytes());
        peer.ask(&common::run(30, &[1, 0, 0, 0, 9, 0, 1, 0]));
        let scope = if all { SnapshotScope::State } else { SnapshotScope::Learned };
        let kept = save(&mut peer, scope);
        let mut changed = kept.clone();
        for (at, byte, in_header) in changes {
            let end = if in_header && all { HEADER_BYTES } else { changed.len() };
            changed[at.index(end)] = byte;
        }
        let restored = restore(&mut peer, scope, &changed);
        let answer = peer.ask(&common::run(30, &[0, 0, 0, 0]));
        match restored {
            Ok(()) => prop_assert_eq!(answer.response(), common::ran(30)),
            Err(DeviceError::InvalidSnapshot { .. }) => prop_assert_eq!(answer.refusal(), DeviceError::RestoreUnfinished),
            Err(other) => panic!("{other}"),
        }
        prop_assert!(matches!(peer.ask(&Request::Digest).response(), Response::Digest(_)));
        prop_assert_eq!(restore(&mut peer, SnapshotScope::State, &save(&mut Peer::with(file.bytes()), SnapshotScope::State)), Ok(()));
        let mut fresh = Peer::with(file.bytes());
        for peer in [&mut fresh, &mut peer] {
            peer.ask(&common::run(40, &[1, 0, 0, 0, 9, 0, 1, 0]));
        }
        let (expected, got) = (fresh.ask(&Request::Digest), peer.ask(&Request::Digest));
        prop_assert_eq!(expected.response(), got.response());
    }
}

#[test]
fn half_a_state_is_made_whole_by_a_state_or_a_reset_only() {
    let file = common::small_network();
    let mut peer = Peer::with(file.bytes());
    let (learned, state) = (save(&mut peer, SnapshotScope::Learned), save(&mut peer, SnapshotScope::State));
    let bytes = u32::try_from(state.len()).unwrap();
    let start = Request::RestoreStart { scope: SnapshotScope::State, bytes, check: 1 };
    let run = common::run(1, &[]);
    for whole in [false, true] {
        assert_eq!(peer.ask(&start).response(), Response::Done);
        peer.ask(&Request::RestoreChunk { offset: 0, data: &[0xFF; common::DATA_MAX] });
        assert_eq!(
            peer.ask(&Request::Save { scope: SnapshotScope::State, offset: 0 }).refusal(),
            DeviceError::RestoreUnfinished
        );
        assert_eq!(restore(&mut peer, SnapshotScope::Learned, &learned), Err(DeviceError::RestoreUnfinished));
        assert_eq!(peer.ask(&run).refusal(), DeviceError::RestoreUnfinished);
        if whole {
            restore(&mut peer, SnapshotScope::State, &state).unwrap();
        } else {
            peer.ask(&Request::Reset { scope: ResetScope::All });
        }
        assert_eq!(save(&mut peer, SnapshotScope::State), state);
        assert_eq!(peer.ask(&run).response(), common::ran(1));
    }
}
