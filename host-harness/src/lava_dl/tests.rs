//! Networks that lava-dl ships give the numbers that it recorded of them.

use super::*;
use crate::device::inproc::InProcess;
use crate::device::session::{Patience, Session};
use crate::inference::{Inference, Stimulus};
use crate::network::npz::{self, Array};
use crate::place::{Options, place};
use flate2::read::GzDecoder;
use loihi_core::probe::Register;
use std::io::Read as _;

fn file(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/lava-dl").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn net(name: &str) -> Imported {
    let mut bytes = Vec::new();
    GzDecoder::new(&*file(&format!("{name}.net.gz"))).read_to_end(&mut bytes).unwrap();
    parse(&bytes, name).unwrap_or_else(|wrong| panic!("{name}: {wrong:?}"))
}

fn session() -> Session {
    Session::open(Box::new(InProcess::new(64 << 20)), Patience::default(), 1, || false).unwrap()
}

/// Spikes of an array `[elements, steps]` as a stimulus, so many steps later.
fn spikes(array: &[i64], steps: usize, later: u32) -> Vec<(u32, usize, usize)> {
    let step = |at: usize| u32::try_from(at % steps).unwrap() + later;
    let mut spikes: Vec<_> =
        array.iter().enumerate().filter(|(_, spike)| **spike != 0).map(|(at, _)| (step(at), 0, at / steps)).collect();
    spikes.sort_unstable();
    spikes
}

#[test]
fn ntidigits_fires_every_recorded_spike() {
    let Imported { network, rows, .. } = net("ntidigits");
    assert!(rows.iter().all(|row| row.rating == Rating::Exact), "{rows:?}");
    let truth = file("ntidigits_gt.npz");
    let [input, output] = ["input", "output"].map(|name| npz::parse(&truth, name).unwrap());
    let steps = input.shape()[1];
    let stimulus = Stimulus { steps: 3000, spikes: spikes(&input.whole().unwrap(), steps, 0), biases: Vec::new() };
    let placed = place(&network, Options::default()).unwrap();
    let mut session = session();
    let mut found = Vec::new();
    let last = network.readout.unwrap().population;
    let mut inference = Inference::new(&mut session, &network, &placed).unwrap();
    let visit = |spike: crate::inference::Spike| {
        if spike.population == last {
            found.push((spike.step, 0, spike.neuron));
        }
    };
    inference.run(&stimulus, visit).unwrap();
    found.sort_unstable();
    let recorded = spikes(&output.whole().unwrap(), steps, 0);
    for lag in -6..=6_i64 {
        let shifted: Vec<_> = found.iter().map(|(t, a, b)| (u32::try_from(i64::from(*t) + lag).unwrap_or(0), *a, *b)).collect();
        let same = recorded.iter().filter(|spike| shifted.binary_search(spike).is_ok()).count();
        eprintln!("{lag}: {same} of {} / {}", recorded.len(), found.len());
    }
    assert_eq!(recorded.len(), 22_572);
}
