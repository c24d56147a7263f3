//! Leaky integrators of Nengo's ensembles, whose biases carry a value.

use super::q12;
use loihi_core::image::Profile;

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
