//! Populations as Nengo's ensembles: leaky integrators whose biases carry a vector, each with a direction of its own.

use super::{q12, sizes};
use loihi_core::image::Profile;
use loihi_core::rules::BiasEncoderParams;
use loihi_image::image::ImageBuilder;
use loihi_net::draw;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Seconds of a step.
pub(super) const DT_S: f64 = 1e-3;
/// Exponent of the biases.
pub(super) const BIAS_EXPONENT: u32 = 5;

/// A leaky integrator.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lif {
    /// Time constant of the membrane in steps.
    pub(super) tau_rc_steps: f64,
    /// Refractory period in steps.
    pub(super) refractory: i32,
    /// Threshold mantissa.
    pub(super) v_th: i32,
}

impl Lif {
    fn decay_v(self) -> i32 {
        q12(1.0 - (-1.0 / self.tau_rc_steps).exp()).into()
    }

    /// The parameters of its compartment.
    pub(super) fn profile(self) -> Profile {
        let (decay_v, v_th, refractory) = (self.decay_v(), self.v_th << 6, self.refractory);
        Profile { decay_v, v_th, refractory, ..Profile::DEFAULT }
    }

    /// Offset and gain of the bias, in units of the voltage, with which it begins to fire at a value of `intercept` and
    /// fires at `max_rate_hz` at 1.
    pub(super) fn tuning(self, max_rate_hz: f64, intercept: f64) -> [f64; 2] {
        // The drive, in thresholds per leak, at which a leaky integrator fires at its maximum rate.
        let steps_to_fire = (1.0 / (max_rate_hz * DT_S) - f64::from(self.refractory) + 0.5).max(0.5);
        let drive_max = 1.0 / (1.0 - (-steps_to_fire / self.tau_rc_steps).exp());
        let gain = (drive_max - 1.0) / (1.0 - intercept).max(1e-3);
        let offset = 1.0 - gain * intercept;
        let unit = f64::from(self.v_th << 6) * f64::from(self.decay_v()) / 4096.0;
        [offset * unit, gain * unit]
    }
}

/// Parameters of a population.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ensemble {
    /// Compartments, at most 1,024.
    #[serde(deserialize_with = "sizes::compartments")]
    pub compartments: usize,
    /// Lowest and highest maximum rate of a compartment in Hz.
    pub max_rates_hz: (f64, f64),
    /// Lowest and highest value, along a compartment's direction, at which it begins to fire.
    pub intercepts: (f64, f64),
    /// Time constant of the membrane in steps.
    pub tau_rc_steps: f64,
    /// Refractory period in steps: the smallest distance between two spikes.
    pub refractory: i32,
    /// Threshold mantissa.
    pub v_th: i32,
}

impl Ensemble {
    /// Adds it to the last core, with an encoder that writes its biases from the first `dimensions` words of the
    /// stimulus before every step; returns its compartments.
    #[expect(clippy::cast_possible_truncation, reason = "float to integer casts saturate")]
    pub(super) fn add(&self, builder: &mut ImageBuilder, dimensions: u32, seed: u32) -> Range<u32> {
        let lif = Lif { tau_rc_steps: self.tau_rc_steps, refractory: self.refractory, v_th: self.v_th };
        let all = builder.group(self.compartments, lif.profile());
        let between = |(low, high): (f64, f64), share: f64| low + (high - low) * share;
        let mut constants = Vec::new();
        for compartment in all.clone() {
            let max_rate_hz = between(self.max_rates_hz, draw::uniform(seed, compartment, 0, 2));
            let intercept = between(self.intercepts, draw::uniform(seed, compartment, 0, 3));
            let [offset, gain] = lif.tuning(max_rate_hz, intercept);
            constants.push(offset as i32);
            constants.extend(direction(seed, compartment, dimensions).map(|part| (gain * part) as i32));
        }
        // The encoder writes every bias before the first step counts.
        builder.bias(all.start, &vec![0; self.compartments]);
        let data = builder.data(&constants);
        builder.snip(&BiasEncoderParams {
            dimensions,
            compartment_first: all.start,
            count: all.end - all.start,
            data_first: data,
            exponent: BIAS_EXPONENT,
            ..BiasEncoderParams::default()
        });
        all
    }
}

/// A direction, all equally likely: a vector of length 1.
fn direction(seed: u32, compartment: u32, dimensions: u32) -> impl Iterator<Item = f64> {
    let part = move |dimension| draw::gauss(seed, compartment, dimension, 1);
    let length = (0..dimensions).map(|dimension| part(dimension).powi(2)).sum::<f64>().sqrt();
    (0..dimensions).map(move |dimension| part(dimension) / length.max(f64::MIN_POSITIVE))
}
