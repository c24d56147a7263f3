//! A sine that a population passes on: that of Nengo's default ensemble on the chip's compartments, with encoders ±1, and
//! maximum rates and intercepts drawn uniformly.

use super::population::{DT_S, Lif};
use super::sizes;
use loihi_core::num::word;
use serde::{Deserialize, Serialize};

/// Time constant of the low-pass filter over the error that is reported, in steps.
const PROBE_TAU_STEPS: f64 = 20.0;
/// Steps at the end over which the final error is taken.
pub(super) const FINAL_STEPS: usize = 2000;

/// Parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Compartments.
    #[serde(deserialize_with = "sizes::compartments")]
    pub compartments: usize,
    /// Frequency of the sine in Hz.
    pub frequency_hz: f64,
    /// Steps of one pass, 1 ms each.
    #[serde(deserialize_with = "sizes::steps")]
    pub steps: usize,
    /// Lowest and highest maximum rate of a compartment in Hz.
    pub max_rates_hz: (f64, f64),
    /// Time constant of the membrane in steps.
    pub tau_rc_steps: f64,
    /// Refractory period in steps: the smallest distance between two spikes.
    pub refractory: i32,
    /// Threshold mantissa.
    pub v_th: i32,
    /// What the readout loses of its distance to the sum in a step, in units of 1/256; 46 is Nengo's synapse of 5 ms.
    pub decay_y: u32,
    /// Error over the last 2 s that Nengo's own ensemble of 100 neurons reaches in double precision, recorded.
    pub rmse_nengo: f64,
}

impl Default for Channel {
    fn default() -> Self {
        Self {
            compartments: 100,
            frequency_hz: 1.0,
            steps: 10_000,
            max_rates_hz: (200.0, 400.0),
            tau_rc_steps: 20.0,
            refractory: 2,
            v_th: 1024,
            decay_y: 46,
            rmse_nengo: 0.0272,
        }
    }
}

impl Channel {
    pub(super) fn lif(&self) -> Lif {
        Lif { tau_rc_steps: self.tau_rc_steps, refractory: self.refractory, v_th: self.v_th }
    }

    /// Offset and gain of a compartment's bias, from its drawn encoder, maximum rate and intercept.
    #[expect(clippy::cast_possible_truncation, reason = "float to integer casts saturate")]
    pub(super) fn tuning(&self, seed: u32, compartment: u32) -> [i32; 2] {
        let draw = |what| f64::from(word(seed, compartment, what, 3)) / 4_294_967_296.0;
        let encoder = if draw(0) < 0.5 { -1.0 } else { 1.0 };
        let (slowest, fastest) = self.max_rates_hz;
        let max_rate_hz = slowest + (fastest - slowest) * draw(1);
        let intercept = 2.0 * draw(2) - 1.0;
        let [offset, gain] = self.lif().tuning(max_rate_hz, intercept);
        [offset as i32, (gain * encoder) as i32]
    }

    pub(super) fn stimulus(&self, step: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "steps stay far below 2^52")]
        let seconds = (step + 1) as f64 * DT_S;
        (std::f64::consts::TAU * self.frequency_hz * seconds).sin()
    }
}

/// A first-order low-pass filter that starts at zero, over values that are this many steps apart.
pub(super) fn low_pass(values: &[f64], steps: f64) -> Vec<f64> {
    let keep = (-steps / PROBE_TAU_STEPS).exp();
    let filtered = values.iter().scan(0.0, |state, value| {
        *state = keep * *state + (1.0 - keep) * value;
        Some(*state)
    });
    filtered.collect()
}

pub(super) fn root_mean_square(values: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    let count = values.len().max(1) as f64;
    (values.iter().map(|value| value * value).sum::<f64>() / count).sqrt()
}
