//! A pendulum that follows two superposed sines; its weight and friction are unknown to the controller.

use super::control::{self, Adaptation, Plant};
use super::population::DT_S;
use super::{ExperimentError, Observer, Outcome, RunOptions, Task, sizes};
use loihi_device::session::Session;
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// Angle and angular velocity that the population sees as 1, in rad and rad/s.
const SEEN: [f64; 2] = [1.6, 3.0];

/// Parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PesPendulum {
    /// Steps of 1 ms.
    #[serde(deserialize_with = "sizes::steps")]
    pub steps: usize,
    /// The pendulum and its controller.
    pub plant: Pendulum,
    /// What learns.
    pub adaptation: Adaptation,
}

/// A point mass on a rod, and its PD controller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pendulum {
    /// Largest torque of gravity, unknown to the controller, in N m.
    pub gravity_nm: f64,
    /// Torque of viscous friction per velocity, unknown to the controller, in N m s/rad.
    pub friction_nms: f64,
    /// Moment of inertia in kg m².
    pub inertia_kgm2: f64,
    /// Torque per error of the angle, in N m/rad.
    pub stiffness_nm: f64,
    /// Torque per error of the velocity, in N m s/rad.
    pub damping_nms: f64,
}

/// A pendulum in motion.
#[derive(Clone, Debug)]
struct Swing<'p> {
    pendulum: &'p Pendulum,
    /// Angle from hanging, in rad.
    angle: f64,
    /// In rad/s.
    velocity: f64,
}

/// Angle and angular velocity of the reference.
fn reference(seconds: f64) -> [f64; 2] {
    let sine = |amplitude: f64, hertz: f64| {
        let (sin, cos) = (TAU * hertz * seconds).sin_cos();
        [amplitude * sin, amplitude * TAU * hertz * cos]
    };
    let [slow, fast] = [sine(1.0, 0.25), sine(0.5, 0.4)];
    [slow[0] + fast[0], slow[1] + fast[1]]
}

impl Plant<2, 1> for Swing<'_> {
    fn seen(&self) -> [f64; 2] {
        [self.angle / SEEN[0], self.velocity / SEEN[1]]
    }

    fn feedback(&self, seconds: f64) -> [f64; 1] {
        let [angle, velocity] = reference(seconds);
        let Pendulum { stiffness_nm, damping_nms, .. } = self.pendulum;
        [stiffness_nm * (angle - self.angle) + damping_nms * (velocity - self.velocity)]
    }

    fn modelled(&self) -> [f64; 1] {
        [0.0]
    }

    fn advance(&mut self, [torque]: [f64; 1]) {
        let Pendulum { gravity_nm, friction_nms, inertia_kgm2, .. } = self.pendulum;
        let unknown = gravity_nm * self.angle.sin() + friction_nms * self.velocity;
        self.velocity += DT_S * (torque - unknown) / inertia_kgm2;
        self.angle += DT_S * self.velocity;
    }

    fn error(&self, seconds: f64) -> f64 {
        reference(seconds)[0] - self.angle
    }
}

impl Task for PesPendulum {
    fn run(
        &self,
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        let plant = Swing { pendulum: &self.plant, angle: 0.0, velocity: 0.0 };
        control::run(&plant, &self.adaptation, self.steps, session, options, observer)
    }
}
