//! e-prop against a slow model, its results and what becomes of them without stochastic rounding, and the same bits on
//! every device.

use crate::common::{open_host, open_qemu};
use host_harness::conform::eprop_net::EpropNet;
use host_harness::device::session::Session;
use host_harness::draw::whole;
use host_harness::experiment::{NoObserver, Outcome, RunOptions, Task as _};
use host_harness::learn::Learner;
use loihi_core::image::Synapse;
use loihi_core::num::{Drawn, Purpose, RandomSource as _, word};
use loihi_core::register::Register;
use loihi_core::tools::rank_one::Precision;
use std::path::Path;

fn run(net: &EpropNet, session: &mut Session, seed: u32, iterations: u32) -> Outcome {
    let options = RunOptions { seed, epochs: Some(iterations), ..RunOptions::default() };
    let learner = Learner::parse(&net.text(), Path::new("net.toml")).unwrap();
    learner.run(session, &options, &mut NoObserver).unwrap()
}

/// The normalised error after this many iterations.
fn error(net: &EpropNet, seed: u32, iterations: u32) -> f64 {
    let outcome = run(net, &mut open_host(), seed, iterations);
    outcome.metrics.get("nmse").unwrap()
}

/// The equations, one after the other, in 64 bits: weights are in steps of the format.
struct Slow {
    net: EpropNet,
    seed: u32,
    /// From inputs, then from compartments, by axon and post.
    weights: Vec<Vec<i64>>,
    feedback: Vec<i64>,
    readout: Vec<i64>,
    rates: Vec<i64>,
    v: Vec<i64>,
    /// What spikes have added to the thresholds, in units of 1/256.
    rises: Vec<i64>,
    traces: Vec<i64>,
    eligibilities: Vec<Vec<i64>>,
    /// Of the thresholds, per synapse.
    of_thresholds: Vec<Vec<i64>>,
    /// Of the chip; not taken back between iterations.
    t: u32,
}

fn toward_zero(value: i64, decay: i64) -> i64 {
    value.signum() * ((value.abs() * (4096 - decay)) >> 12)
}

impl Slow {
    fn new(net: &EpropNet, seed: u32) -> Self {
        let file = net.image(seed).unwrap();
        let image = file.open().unwrap();
        let posts = net.compartments as usize;
        let weights: Vec<i64> =
            image.sparse.iter().map(|word| i64::from(Synapse::from_word(*word).weight) / 2).collect();
        let bytes = image.data.iter().flat_map(|word| word.to_le_bytes());
        Self {
            net: net.clone(),
            seed,
            weights: weights.chunks(posts).map(<[i64]>::to_vec).collect(),
            feedback: bytes.map(|byte| i64::from(byte.cast_signed())).take(posts).collect(),
            readout: vec![0; posts],
            rates: vec![0; posts],
            v: Vec::new(),
            rises: Vec::new(),
            traces: Vec::new(),
            eligibilities: Vec::new(),
            of_thresholds: Vec::new(),
            t: 0,
        }
    }

    fn fraction(&self, element: u32, bits: u32) -> i64 {
        match self.net.precision {
            Precision::Nearest => 1 << (bits - 1),
            Precision::Truncate | Precision::Shadow => panic!("the model knows no such rounding"),
            Precision::Stochastic => {
                i64::from(Drawn { seed: self.seed }.word(Purpose::Rule, self.t, element) >> (32 - bits))
            }
        }
    }

    /// Lets the threshold of a post rise, and says what that takes off its voltage.
    fn lower(&mut self, post: usize, fired: bool) -> i64 {
        let strength = i64::from(self.net.adaptation_strength);
        let before = toward_zero(self.rises[post] >> 8, i64::from(self.net.decay));
        self.rises[post] -= self.rises[post] >> self.net.adaptation_tau_shift;
        if fired {
            self.rises[post] += strength * i64::from(self.net.v_th) / 16;
        }
        (self.rises[post] >> 8) - if fired { 0 } else { before }
    }

    /// The eligibility of a synapse before any filter.
    fn product(&mut self, at: usize, post: usize, psi: i64, seen: i64) -> i64 {
        let of_threshold = &mut self.of_thresholds[at][post];
        let beta = (i64::from(self.net.adaptation_strength) * 77) >> 6;
        let product = psi * (seen - (((*of_threshold >> 8) * beta) >> 12));
        *of_threshold += product - (*of_threshold >> self.net.adaptation_tau_shift);
        product
    }

    fn iteration(&mut self, learn: bool) {
        let (inputs, posts) = (self.net.inputs as usize, self.net.compartments as usize);
        let v_th = i64::from(self.net.v_th);
        let decay = i64::from(self.net.decay);
        let targets: Vec<i64> = self.net.pattern(self.seed).iter().map(|y| i64::from(whole(y * 4096.0))).collect();
        self.v = vec![0; posts];
        self.traces = vec![0; inputs + posts];
        self.rises = vec![0; posts];
        self.eligibilities = vec![vec![0; posts]; inputs + posts];
        self.of_thresholds = vec![vec![0; posts]; inputs + posts];
        let mut fired = vec![false; posts];
        let mut counts = vec![0; posts];
        let mut factors = Vec::new();
        let mut sums = vec![vec![0; posts]; inputs + posts];
        let mut readout_sums = vec![0; posts];
        for (step, target) in (0_u32..).zip(targets) {
            let value = whole(self.net.input_rate * 4096.0).unsigned_abs();
            let heard = |input| word(self.seed ^ 0x7121, 0, step, input) < value << 20;
            let arrived: Vec<bool> = (0..self.net.inputs).map(heard).chain(fired.iter().copied()).collect();
            let mut before_reset = vec![0; posts];
            let mut fires = vec![false; posts];
            for post in 0..posts {
                let input: i64 = (0..inputs + posts).filter(|at| arrived[*at]).map(|at| self.weights[at][post]).sum();
                let lowered = self.lower(post, fired[post]);
                before_reset[post] = toward_zero(self.v[post], decay) + 128 * input - lowered;
                fires[post] = before_reset[post] > v_th;
                self.v[post] = if fires[post] { 0 } else { before_reset[post] };
                counts[post] += i64::from(fires[post]);
            }
            for (at, arrived) in arrived.iter().enumerate().take(inputs) {
                self.traces[at] = ((self.traces[at] * (4096 - decay)) >> 12) + decay * i64::from(*arrived);
            }
            // Spikes of the layer arrive a step later.
            let seen: Vec<i64> = self.traces.iter().map(|trace| trace >> 4).collect();
            for (trace, fires) in self.traces[inputs..].iter_mut().zip(&fires) {
                *trace = ((*trace * (4096 - decay)) >> 12) + decay * i64::from(*fires);
            }
            let output = self.readout.iter().zip(&self.traces[inputs..]).map(|(w, z)| w * z).sum::<i64>() >> 7;
            let error = ((output - target) >> self.net.error_shift).clamp(-256, 256);
            let error = if error.abs() < i64::from(self.net.error_threshold) { 0 } else { error };
            let psi: Vec<i64> = before_reset.iter().map(|v| (v_th - (v - v_th).abs()).max(0) / (v_th / 64)).collect();
            let gain = i64::from(self.net.rate_gain);
            let signal: Vec<i64> = (0..posts)
                .map(|post| {
                    (((self.feedback[post] * error) >> 4) + ((self.rates[post] * gain) >> 3)).clamp(-4095, 4095)
                })
                .collect();
            for at in 0..inputs + posts {
                for post in 0..posts {
                    let product = self.product(at, post, psi[post], seen[at]);
                    let eligibility = &mut self.eligibilities[at][post];
                    if self.net.kappa_shift > 0 || self.net.adaptation_strength > 0 {
                        *eligibility += (product - *eligibility) >> self.net.kappa_shift;
                        sums[at][post] += *eligibility * signal[post];
                    } else {
                        sums[at][post] += (psi[post] * signal[post]).clamp(-32_767, 32_767) * seen[at];
                    }
                }
            }
            factors.push((0..posts).map(|post| psi[post] * signal[post]).collect::<Vec<i64>>());
            for (sum, trace) in readout_sums.iter_mut().zip(&self.traces[inputs..]) {
                *sum += (trace >> 4) * error;
            }
            fired = fires;
            if learn && step % 10 == 9 {
                self.write(&sums, &readout_sums, &factors);
            }
            if step % 10 == 9 {
                factors = Vec::new();
                sums = vec![vec![0; posts]; inputs + posts];
                readout_sums = vec![0; posts];
            }
            self.t += 1;
        }
        if learn {
            self.rates = counts.iter().map(|count| count - i64::from(self.net.spikes_target)).collect();
        }
    }

    fn write(&mut self, sums: &[Vec<i64>], readout_sums: &[i64], factors: &[Vec<i64>]) {
        let (inputs, posts) = (self.net.inputs as usize, self.net.compartments as usize);
        let (shift, readout_shift) = (self.net.rate_shift, self.net.readout_rate_shift);
        for (at, sums) in sums.iter().enumerate() {
            // With a memory every synapse has a word of its own, without one every listed post.
            let has_words = self.net.kappa_shift > 0 || self.net.adaptation_strength > 0;
            let listed = |post: &usize| has_words || factors.iter().any(|step| step[*post] != 0);
            let places: Vec<usize> = (0..posts).filter(listed).collect();
            for (place, post) in places.into_iter().enumerate().filter(|(_, post)| at != inputs + post) {
                let element = u32::try_from(at * posts + place).unwrap();
                let change = (self.fraction(element, shift) - sums[post]) >> shift;
                self.weights[at][post] = (self.weights[at][post] + change).clamp(-127, 127);
            }
        }
        for (post, sum) in readout_sums.iter().enumerate() {
            let change = (self.fraction(!u32::try_from(post).unwrap(), readout_shift) - sum) >> readout_shift;
            self.readout[post] = (self.readout[post] + change).clamp(-127, 127);
        }
    }
}

#[test]
fn a_slow_model_learns_the_same_weights() {
    let small = EpropNet {
        inputs: 23,
        compartments: 19,
        steps: 120,
        input_rate: 0.1,
        rate_shift: 18,
        readout_rate_shift: 14,
        spikes_target: 3,
        ..EpropNet::default()
    };
    let nets = [
        small.clone(),
        EpropNet { error_threshold: 20, precision: Precision::Nearest, ..small.clone() },
        EpropNet { kappa_shift: 5, ..small.clone() },
        EpropNet { kappa_shift: 3, precision: Precision::Nearest, rate_gain: 0, ..small.clone() },
        EpropNet { adaptation_strength: 700, adaptation_tau_shift: 7, ..small.clone() },
        EpropNet { adaptation_strength: 4096, adaptation_tau_shift: 4, kappa_shift: 5, ..small },
    ];
    for (number, net) in nets.iter().enumerate() {
        let mut session = open_host();
        let outcome = run(net, &mut session, 8, 3);
        let mut slow = Slow::new(net, 8);
        let first = slow.weights.clone();
        for learn in [true, true, true, false] {
            slow.iteration(learn);
        }
        let weights: Vec<i64> = session.read(Register::W).unwrap().iter().map(|w| i64::from(*w) / 2).collect();
        assert_ne!(first.concat(), weights, "network {number} learns");
        assert_eq!(slow.weights.concat(), weights, "weights, network {number}");
        let learned: Vec<i64> = session.read(Register::Learned).unwrap().into_iter().map(i64::from).collect();
        assert_eq!([slow.rates, slow.readout].concat(), learned, "rates and readout, network {number}");
        assert!(outcome.ops.rule_saturations > 0 && outcome.ops.spikes > 0, "network {number}: {:?}", outcome.ops);
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes long without optimisation: add --release")]
fn the_pattern_is_learned_from_other_seeds() {
    for seed in [4, 5, 6] {
        let nmse = error(&EpropNet::default(), seed, 300);
        assert!(nmse <= 0.1, "seed {seed}: NMSE {nmse:.4}");
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes long without optimisation: add --release")]
fn rounding_to_the_nearest_never_learns() {
    // A shortened run: 100 of 300 iterations.
    let nearest = EpropNet { precision: Precision::Nearest, ..EpropNet::default() };
    let (stochastic, nearest) = (error(&EpropNet::default(), 4, 100), error(&nearest, 4, 100));
    assert!(stochastic < 0.4, "stochastic: NMSE {stochastic:.4}");
    assert!(nearest > 0.9, "nearest: NMSE {nearest:.4}");
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes long without optimisation: add --release")]
fn half_of_the_errors_are_enough() {
    let triggered = EpropNet { error_threshold: 13, ..EpropNet::default() };
    let outcome = run(&triggered, &mut open_host(), 4, 300);
    let metric = |wanted: &str| outcome.metrics.get(wanted).unwrap();
    assert!(metric("nmse") <= 0.1, "NMSE {:.4}", metric("nmse"));
    assert!(metric("trigger_rate") < 0.75, "trigger rate {:.3}", metric("trigger_rate"));
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes long without optimisation: add --release")]
fn filtered_eligibilities_learn_too() {
    // A shortened run: 150 of 300 iterations.
    let filtered = EpropNet { kappa_shift: 5, ..EpropNet::default() };
    let nmse = error(&filtered, 4, 150);
    assert!(nmse < 0.3, "NMSE {nmse:.4}");
}

#[test]
fn every_device_learns_the_same() {
    // Shortened runs: an iteration or two.
    let short = EpropNet { steps: 300, ..EpropNet::default() };
    let filtered = EpropNet { kappa_shift: 5, error_threshold: 13, steps: 100, ..short.clone() };
    let adapting = EpropNet { adaptation_strength: 300, ..filtered.clone() };
    for net in [short, filtered, EpropNet { kappa_shift: 0, ..adapting.clone() }, adapting] {
        let (host, qemu) = (run(&net, &mut open_host(), 3, 2), run(&net, &mut open_qemu(), 3, 2));
        assert_eq!(host.digest, qemu.digest);
        assert_eq!((host.ops, host.metrics), (qemu.ops, qemu.metrics));
    }
}
