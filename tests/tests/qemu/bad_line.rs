//! The line to the firmware drops, doubles and inserts bytes, and everything ends in the same digest.

use crate::common::{experiment, firmware, open};
use host_harness::boards;
use host_harness::device::framed::Framed;
use host_harness::device::lossy::{Faults, Lossy};
use host_harness::device::qemu::Qemu;
use host_harness::device::session::Session;
use host_harness::experiment::{NoObserver, RunOptions};
use loihi_core::chip::SnapshotScope;
use std::time::Instant;

/// Bytes in a million that are dropped, doubled or inserted.
const FAULTS_PER_MILLION: u32 = 200;

fn session(bytes_per_million: u32) -> Session {
    let faults = Faults { bytes_per_million, ..Faults::default() };
    open(Box::new(Framed::new(Lossy::new(Qemu::start(boards::default(), &firmware()).unwrap(), faults, 7))))
}

#[test]
fn faults_on_the_line_change_no_digest() {
    let job = |session: &mut Session| {
        let start = Instant::now();
        let options = RunOptions { epochs: Some(1), samples: Some(250), ..RunOptions::default() };
        let outcome = experiment("digits-pes").run(session, &options, &mut NoObserver).unwrap();
        for _ in 0..6 {
            let state = session.save(SnapshotScope::State).unwrap();
            session.run(10, &[]).unwrap();
            session.restore(SnapshotScope::State, &state).unwrap();
        }
        println!("{:.1?}, {} repeated", start.elapsed(), session.repetitions());
        (outcome.digests, session.digest().unwrap())
    };
    let expected = job(&mut session(0));
    let mut disturbed = session(FAULTS_PER_MILLION);
    assert_eq!(job(&mut disturbed), expected);
    assert!(disturbed.repetitions() > 0, "no fault mattered");
}
