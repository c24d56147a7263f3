//! PES in double precision, operation after operation as Nengo computes it, ends where Nengo's recorded runs ended.
//!
//! This is the order that the integer rule keeps: the error is that of the output before this step's spikes, and decoders
//! change after they have been read.

use flate2::read::GzDecoder;
use serde_json::Value;
use std::f64::consts::TAU;

const DT: f64 = 1e-3;
const TAU_RC: f64 = 0.02;
const TAU_REF: f64 = 0.002;
/// Of the filter of decoded values, and of the activities that learning sees.
const SYNAPSE: f64 = 0.005;
/// Of the filter through which error and target were recorded.
const PROBE: f64 = 0.02;
const FINAL_STEPS: usize = 2000;

fn recorded() -> Value {
    serde_json::from_reader(GzDecoder::new(&include_bytes!("../../golden/rules/pes_nengo.json.gz")[..])).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

/// Keeps of a low-pass filter in a step.
fn keep(tau: f64) -> f64 {
    (-DT / tau).exp()
}

/// A leaky integrate-and-fire neuron, with a voltage from 0.
struct Neuron {
    encoder: Vec<f64>,
    gain: f64,
    bias: f64,
    v: f64,
    refractory: f64,
}

impl Neuron {
    fn ensemble(run: &Value) -> Vec<Self> {
        let encoders = run["encoders"].as_array().unwrap().iter().map(numbers);
        let tuning = numbers(&run["gain"]).into_iter().zip(numbers(&run["bias"]));
        let neuron = |(encoder, (gain, bias))| Self { encoder, gain, bias, v: 0.0, refractory: 0.0 };
        encoders.zip(tuning).map(neuron).collect()
    }

    /// A step; whether it spikes.
    fn step(&mut self, x: &[f64]) -> bool {
        let drive: f64 = self.encoder.iter().zip(x).map(|(encoder, x)| encoder * x).sum();
        let current = self.gain * drive + self.bias;
        self.refractory -= DT;
        let effective = (DT - self.refractory).clamp(0.0, DT);
        self.v -= (current - self.v) * (-effective / TAU_RC).exp_m1();
        let spikes = self.v > 1.0;
        if spikes {
            // The spike was that much before the end of the step.
            let overshoot = DT + TAU_RC * (-(self.v - 1.0) / (current - 1.0)).ln_1p();
            self.refractory = TAU_REF + overshoot;
            self.v = 0.0;
        }
        self.v = self.v.max(0.0);
        spikes
    }
}

/// One output's decoder.
struct Pes {
    /// `κ·dt/n`.
    rate: f64,
    decoder: Vec<f64>,
    activities: Vec<f64>,
    output: f64,
}

impl Pes {
    /// Learns from a step's spikes; the output is that of the step before.
    fn step(&mut self, spikes: &[bool], target: f64) {
        let keep = keep(SYNAPSE);
        let z = |spikes: bool| if spikes { 1.0 / DT } else { 0.0 };
        let decoded: f64 = self.decoder.iter().zip(spikes).map(|(decoder, spikes)| decoder * z(*spikes)).sum();
        let error = self.output - target;
        for ((decoder, activity), spikes) in self.decoder.iter_mut().zip(&mut self.activities).zip(spikes) {
            *activity = keep * *activity + (1.0 - keep) * z(*spikes);
            *decoder += -self.rate * error * *activity;
        }
        self.output = keep * self.output + (1.0 - keep) * decoded;
    }
}

/// What is represented and what is to be learned, at a time.
fn task(kind: &str, frequency_hz: f64, t: f64) -> (Vec<f64>, f64) {
    let x = (TAU * frequency_hz * t).sin();
    match kind {
        "comm" => (vec![x], x),
        "square" => (vec![x], x * x),
        "product" => {
            let y = (TAU * frequency_hz * 1.37 * t + 1.0).sin();
            (vec![x, y], x * y)
        }
        _ => panic!("no task {kind}"),
    }
}

fn root_mean_square(values: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let count = values.len() as f64;
    (values.iter().map(|value| value * value).sum::<f64>() / count).sqrt()
}

fn check(name: &str) {
    let run = &recorded()[name];
    let number = |field: &str| run[field].as_f64().unwrap();
    let mut neurons = Neuron::ensemble(run);
    let count = neurons.len();
    assert_eq!(run["neurons"].as_u64(), Some(count as u64), "{name}");
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let neurons_count = count as f64;
    let rate = number("learning_rate") * DT / neurons_count;
    let mut pes = Pes { rate, decoder: vec![0.0; count], activities: vec![0.0; count], output: 0.0 };
    let keep = keep(PROBE);
    let (mut output, mut target, mut spikes_total) = (0.0, 0.0, 0_u32);
    let (mut errors, mut targets) = (Vec::new(), Vec::new());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few tens of seconds")]
    let steps = (number("seconds") / DT).round() as u32;
    for step in 1..=steps {
        let (x, y) = task(run["kind"].as_str().unwrap(), number("frequency_hz"), f64::from(step) * DT);
        let spikes: Vec<bool> = neurons.iter_mut().map(|neuron| neuron.step(&x)).collect();
        spikes_total += u32::try_from(spikes.iter().filter(|spikes| **spikes).count()).unwrap();
        // What was recorded is a step late.
        errors.push(output - target);
        targets.push(target);
        output = keep * output + (1.0 - keep) * pes.output;
        target = keep * target + (1.0 - keep) * y;
        pes.step(&spikes, y);
    }
    let mean_rate = f64::from(spikes_total) / f64::from(steps) / neurons_count / DT;
    assert!(
        (mean_rate - number("mean_rate_hz")).abs() < 1e-9,
        "{name}: {mean_rate} Hz, a spike is missing or too many"
    );
    let last = errors.len() - FINAL_STEPS;
    let rmse = root_mean_square(&errors[last..]);
    let nrmse = rmse / root_mean_square(&targets[last..]);
    for (metric, got, expected) in [("RMSE", rmse, number("final_rmse")), ("NRMSE", nrmse, number("final_nrmse"))] {
        assert!((got - expected).abs() <= 1e-12, "{name}: {metric} {got:e}, Nengo {expected:e}");
    }
    for (bin, (errors, expected)) in errors.chunks(500).zip(numbers(&run["rmse_bins"])).enumerate() {
        // Recorded to five digits.
        let got = root_mean_square(errors);
        assert!((got - expected).abs() < 0.51e-5, "{name}: half second {bin}, {got}, Nengo {expected}");
    }
}

#[test]
fn a_channel() {
    check("comm_sine");
    check("comm_sine_fast");
}

#[test]
fn a_square() {
    check("square");
    check("square_fast");
}

#[test]
fn a_product() {
    check("product2d");
}
