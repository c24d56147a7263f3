//! Thresholds that adapt in e-prop against the equations in double precision, and what is learned with them.

use crate::common::open_host;
use host_harness::conform::eprop_net::EpropNet;
use host_harness::device::session::Session;
use host_harness::draw::whole;
use host_harness::experiment::{NoObserver, RunOptions, Task as _};
use host_harness::learn::Learner;
use loihi_core::image::Synapse;
use loihi_core::num::word;
use loihi_core::register::Register;
use loihi_core::tools::rank_one::Precision;
use loihi_core::wire::message::Record;
use std::path::Path;

const SEED: u32 = 8;
/// Slope of a spike over the voltage at the threshold, in units of the threshold.
const DAMPING: f64 = 0.3;

/// A layer in which no weight changes, since rounding is to the nearest and the learning rate is small.
fn frozen() -> EpropNet {
    EpropNet {
        inputs: 40,
        compartments: 30,
        steps: 400,
        input_rate: 0.08,
        rate_shift: 28,
        rate_gain: 0,
        precision: Precision::Nearest,
        adaptation_strength: 512,
        adaptation_tau_shift: 7,
        ..EpropNet::default()
    }
}

/// The equations: `v = αv + Σ w·z`, from 0 after a spike; `a = ρa + z`; a spike where `v > v_th + β·a`. And
/// `ψ = 0.3/v_th · max(0, 1 − |v − v_th − βa|/v_th)`, `e = ψ·(ε_v − β·ε_a)`, `ε_a = ρ·ε_a + e`.
struct Float {
    net: EpropNet,
    /// By axon and post, in units of the voltage.
    weights: Vec<Vec<f64>>,
    v: Vec<f64>,
    a: Vec<f64>,
    /// `ε_v` of an axon's synapses.
    traces: Vec<f64>,
    /// By axon and post.
    of_thresholds: Vec<Vec<f64>>,
    eligibilities: Vec<Vec<f64>>,
    /// The same if nothing were remembered of thresholds.
    products: Vec<Vec<f64>>,
    fired: Vec<bool>,
}

impl Float {
    fn new(net: &EpropNet) -> Self {
        let file = net.image(SEED).unwrap();
        let image = file.open().unwrap();
        let posts = net.compartments as usize;
        let axons = net.inputs as usize + posts;
        let weights: Vec<f64> =
            image.sparse.iter().map(|word| 64.0 * f64::from(Synapse::from_word(*word).weight)).collect();
        Self {
            net: net.clone(),
            weights: weights.chunks(posts).map(<[f64]>::to_vec).collect(),
            v: vec![0.0; posts],
            a: vec![0.0; posts],
            traces: vec![0.0; axons],
            of_thresholds: vec![vec![0.0; posts]; axons],
            eligibilities: vec![vec![0.0; posts]; axons],
            products: vec![vec![0.0; posts]; axons],
            fired: vec![false; posts],
        }
    }

    fn v_th(&self) -> f64 {
        f64::from(self.net.v_th)
    }

    fn beta(&self) -> f64 {
        self.v_th() * f64::from(self.net.adaptation_strength) / 4096.0
    }

    fn alpha(&self) -> f64 {
        1.0 - f64::from(self.net.decay) / 4096.0
    }

    /// Takes spikes in; the voltages then are those before a reset.
    fn arrive(&mut self, step: u32) {
        let rho = 1.0 - f64::from(self.net.adaptation_tau_shift).exp2().recip();
        let value = whole(self.net.input_rate * 4096.0).unsigned_abs();
        let heard = |input| word(SEED ^ 0x7121, 0, step, input) < value << 20;
        let arrived: Vec<bool> = (0..self.net.inputs).map(heard).chain(self.fired.iter().copied()).collect();
        let alpha = self.alpha();
        for (trace, arrived) in self.traces.iter_mut().zip(&arrived) {
            *trace = alpha * *trace + f64::from(u8::from(*arrived));
        }
        for post in 0..self.v.len() {
            let weights = self.weights.iter().zip(&arrived).filter(|(_, arrived)| **arrived);
            let input: f64 = weights.map(|(weights, _)| weights[post]).sum();
            let kept = if self.fired[post] { 0.0 } else { alpha * self.v[post] };
            self.v[post] = kept + input;
            self.a[post] = rho * self.a[post] + f64::from(u8::from(self.fired[post]));
        }
        let (v_th, beta) = (self.v_th(), self.beta());
        for (at, trace) in self.traces.iter().enumerate() {
            for post in 0..self.v.len() {
                let distance = (self.v[post] - v_th - beta * self.a[post]).abs();
                let psi = DAMPING / v_th * (1.0 - distance / v_th).max(0.0);
                let eligibility = psi * (trace - beta * self.of_thresholds[at][post]);
                self.eligibilities[at][post] = eligibility;
                self.products[at][post] = psi * trace;
                self.of_thresholds[at][post] = rho * self.of_thresholds[at][post] + eligibility;
            }
        }
    }

    /// What the device's eligibilities are if they are these.
    fn of_device<'f>(&self, eligibilities: &'f [Vec<f64>]) -> impl Iterator<Item = f64> + use<'f> {
        // A unit of ψ is 0.3/64 of a spike per threshold; one of a trace, 16 of `decay`.
        let unit = DAMPING / 64.0 / self.v_th() * 16.0 / f64::from(self.net.decay);
        eligibilities.iter().flatten().map(move |eligibility| eligibility / unit)
    }
}

/// The eligibilities of a device.
fn eligibilities(session: &mut Session, net: &EpropNet) -> Vec<f64> {
    let synapses = ((net.inputs + net.compartments) * net.compartments) as usize;
    let working = session.read(Register::Working).unwrap();
    // Two to a word; behind them the sums of the block, and what the synapses remember of the thresholds.
    let words = &working[working.len() - 2 * synapses - synapses / 2..][..synapses / 2];
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.as_chunks::<2>().0.iter().map(|half| f64::from(i16::from_le_bytes(*half))).collect()
}

fn sum_of_squares(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|value| value * value).sum()
}

#[test]
fn voltages_and_eligibilities_are_those_of_the_equations() {
    let net = frozen();
    let mut session = open_host();
    session.load(&net.image(SEED).unwrap()).unwrap();
    let mut float = Float::new(&net);
    let rate = whole(net.input_rate * 4096.0);
    let stimulus: Vec<u8> =
        (0..net.inputs).flat_map(|_| i16::try_from(rate).unwrap().to_le_bytes()).chain([0; 4]).collect();
    let (mut wrong, mut wrong_without, mut power) = (0.0, 0.0, 0.0);
    let (mut spikes, mut highest) = (0, 0.0_f64);
    for step in 0..net.steps {
        let stimulus: &[u8] = if step == 0 { &stimulus } else { &[] };
        session.stream([Record { learn: true, steps: 1, stimulus, ..Record::PLAIN }], |_| {}).unwrap();
        float.arrive(step);
        let fired = session.read(Register::Spikes).unwrap();
        for (post, v) in session.read(Register::V).unwrap().into_iter().enumerate() {
            let raised = float.v[post] - float.beta() * float.a[post];
            highest = highest.max(float.beta() * float.a[post] / float.v_th());
            let fires = fired.contains(&i32::try_from(post).unwrap());
            // A step of a decay rounds by at most one unit, and 30 of them are remembered: 2 decays and a bias.
            assert!(fires || (f64::from(v) - raised).abs() < 90.0, "step {step}, post {post}: {v}, {raised}");
            assert!((raised > float.v_th() - 90.0) || !fires, "step {step}, post {post} fires at {raised}");
            assert!((raised < float.v_th() + 90.0) || fires, "step {step}, post {post} does not fire at {raised}");
            float.fired[post] = fires;
        }
        spikes += fired.len();
        let device = eligibilities(&mut session, &net);
        let apart = |eligibilities| {
            sum_of_squares(device.iter().zip(float.of_device(eligibilities)).map(|(device, float)| device - float))
        };
        wrong += apart(&float.eligibilities);
        wrong_without += apart(&float.products);
        power += sum_of_squares(float.of_device(&float.eligibilities));
    }
    let (wrong, without) = ((wrong / power).sqrt(), (wrong_without / power).sqrt());
    assert!(spikes > 200 && highest > 0.3, "{spikes} spikes, thresholds up to 1 + {highest}");
    // Traces of 8 bits and slopes of 6 are cut off, which without adaptation makes as much.
    assert!(wrong < 0.08, "relative error {wrong:.4}");
    assert!(without > 5.0 * wrong, "relative error {wrong:.4}; {without:.4} if nothing is remembered of thresholds");
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes long without optimisation: add --release")]
fn the_pattern_is_learned_from_other_seeds() {
    let net = EpropNet { adaptation_strength: 256, ..EpropNet::default() };
    let learner = Learner::parse(&net.text(), Path::new("net.toml")).unwrap();
    for seed in [4, 5, 6] {
        let options = RunOptions { seed, ..RunOptions::default() };
        let outcome = learner.run(&mut open_host(), &options, &mut NoObserver).unwrap();
        let nmse = outcome.metrics.get("nmse").unwrap();
        assert!(nmse <= 0.1, "seed {seed}: NMSE {nmse:.4}");
    }
}

#[test]
fn an_adaptation_out_of_its_range_is_refused() {
    for (strength, tau_shift, is_right) in
        [(1, 1, true), (4096, 11, true), (4097, 8, false), (65_536, 8, false), (300, 0, false), (300, 12, false)]
    {
        let net = EpropNet { adaptation_strength: strength, adaptation_tau_shift: tau_shift, ..frozen() };
        assert_eq!(net.image(SEED).is_ok(), is_right, "{strength}, {tau_shift}");
    }
}
