//! Neurons that forget in every so many steps do so on every device in the same steps.

use crate::common::forgetful::{follow, network};
use crate::common::{open_host, open_qemu};
use host_harness::place::Options;

#[test]
fn every_device_forgets_the_same() {
    let options = Options { compartments_per_core: 6, ..Options::default() };
    let [host, qemu] = [open_host(), open_qemu()].map(|mut session| follow(&network(), options, &mut session));
    assert!(!host.0.is_empty());
    assert_eq!(host, qemu);
}
