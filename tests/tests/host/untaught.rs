//! A sample without targets is answered, and changes nothing.

use crate::common::open_host;
use host_harness::conform::emstdp_net::EmstdpNet;
use host_harness::data::{DataOptions, open};
use loihi_core::register::Register;
use loihi_core::tools::local_error::NO_TARGET;
use loihi_core::wire::message::Record;

const CLASSES: i16 = 10;

#[test]
fn emstdp_learns_nothing_without_targets() {
    let net = EmstdpNet::digits();
    let digits = open("digits", &DataOptions::default()).unwrap().divided().unwrap().training;
    let pixels = digits[0].flat().unwrap();
    let mut session = open_host();
    session.load(&net.image(64, 10, 3, 0).unwrap()).unwrap();
    let before = (session.weights().unwrap(), session.read(Register::Learned).unwrap());
    let words = |words: &mut dyn Iterator<Item = i16>| words.flat_map(i16::to_le_bytes).collect::<Vec<u8>>();
    let mut show = |learn: bool, target: &dyn Fn(i16) -> i16| {
        let stimulus = words(&mut pixels.iter().map(|value| i16::from(*value)).chain([0, 0]));
        let target = words(&mut (0..CLASSES).map(target));
        let record =
            Record { reset: true, learn, steps: net.steps(), stimulus: &stimulus, target: &target, ..Record::PLAIN };
        let mut outputs = Vec::new();
        session.stream([record], |answer| outputs = answer.to_vec()).unwrap();
        (outputs, (session.weights().unwrap(), session.read(Register::Learned).unwrap()))
    };
    let untaught = show(true, &|_| NO_TARGET);
    assert_eq!(untaught.1, before);
    assert_eq!(untaught, show(false, &|_| 0));
    assert!(untaught.0.iter().any(|count| *count > 0), "{:?}", untaught.0);
    // One target is enough.
    let (_, after) = show(true, &|class| if class == 6 { 1 } else { NO_TARGET });
    assert_ne!(after.0, before.0);
    assert_eq!(after.1, [2], "updates of layers");
}
