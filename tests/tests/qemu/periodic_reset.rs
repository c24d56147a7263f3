//! Periodic resets happen on every device in the same steps.

use crate::common::resets::{follow, network};
use crate::common::{open_host, open_qemu};
use host_harness::place::PlacementOptions;

#[test]
fn every_device_resets_in_the_same_steps() {
    let options = PlacementOptions::default().compartments_per_core(6);
    let [host, qemu] = [open_host(), open_qemu()].map(|mut session| follow(&network(), options, &mut session));
    assert!(!host.0.is_empty());
    assert_eq!(host, qemu);
}
