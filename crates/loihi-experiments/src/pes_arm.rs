//! A planar arm of two links that follows a curve; its controller knows its inertia, but neither what it carries nor a
//! force field that pushes the hand aside.

use super::control::{self, Adaptation, Plant};
use super::population::DT_S;
use super::{ExperimentError, Observer, Outcome, RunOptions, Task, sizes};
use loihi_device::session::Session;
use serde::{Deserialize, Serialize};
use std::f64::consts::{SQRT_2, TAU};

/// Angles in the middle of the reference, in rad.
const MIDDLE: [f64; 2] = [0.6, 1.4];
/// Distances from them, in rad, and velocities, in rad/s, that the population sees as 1 over the root of 2.
const SEEN: [f64; 4] = [0.5, 0.6, 1.2, 1.8];

/// Parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PesArm {
    /// Steps of 1 ms.
    #[serde(deserialize_with = "sizes::steps")]
    pub steps: usize,
    /// The arm and its controller.
    pub plant: Arm,
    /// What learns.
    pub adaptation: Adaptation,
}

/// Two equal links in a horizontal plane, and a PD controller in units of their inertia.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// Length of a link in m; its centre of mass is in the middle.
    pub length_m: f64,
    /// Mass of a link in kg.
    pub mass_kg: f64,
    /// Moment of inertia of a link about its centre in kg m².
    pub inertia_kgm2: f64,
    /// Mass at the hand, unknown to the controller, in kg.
    pub payload_kg: f64,
    /// Force on the hand per velocity, at a right angle to it, unknown to the controller, in N s/m.
    pub curl_nsm: f64,
    /// Acceleration per error of an angle, in 1/s².
    pub stiffness: f64,
    /// Acceleration per error of a velocity, in 1/s.
    pub damping: f64,
}

/// An arm in motion.
#[derive(Clone, Debug)]
struct Reach<'a> {
    arm: &'a Arm,
    /// Angles of the shoulder and of the elbow in rad.
    angles: [f64; 2],
    /// In rad/s.
    velocities: [f64; 2],
}

/// Angles and velocities of the reference.
fn reference(seconds: f64) -> [[f64; 2]; 2] {
    let phase = TAU * 0.25 * seconds;
    let ((sin, cos), (sin_twice, cos_twice)) = (phase.sin_cos(), (2.0 * phase + 0.5).sin_cos());
    let angles = [MIDDLE[0] + 0.4 * sin, MIDDLE[1] + 0.5 * sin_twice];
    [angles, [TAU * 0.25 * 0.4 * cos, TAU * 0.25 * cos_twice]]
}

impl Reach<'_> {
    /// Mass matrix and the torques of Coriolis and centrifugal forces, with so much at the hand.
    fn dynamics(&self, payload_kg: f64) -> ([[f64; 2]; 2], [f64; 2]) {
        let Arm { length_m: l, mass_kg: m, inertia_kgm2: i, .. } = *self.arm;
        let centre = l / 2.0;
        let both = 2.0 * i + m * (2.0 * centre.powi(2) + l.powi(2)) + 2.0 * payload_kg * l.powi(2);
        let coupling = m * l * centre + payload_kg * l.powi(2);
        let far = i + m * centre.powi(2) + payload_kg * l.powi(2);
        let (sin, cos) = self.angles[1].sin_cos();
        let mixed = far + coupling * cos;
        let [shoulder, elbow] = self.velocities;
        let coriolis = [-coupling * sin * (2.0 * shoulder * elbow + elbow.powi(2)), coupling * sin * shoulder.powi(2)];
        ([[both + 2.0 * coupling * cos, mixed], [mixed, far]], coriolis)
    }

    /// Where the hand is, in m, with these angles.
    fn hand(&self, [shoulder, elbow]: [f64; 2]) -> [f64; 2] {
        let ((sin, cos), (sin_both, cos_both)) = (shoulder.sin_cos(), (shoulder + elbow).sin_cos());
        [cos + cos_both, sin + sin_both].map(|part| self.arm.length_m * part)
    }

    /// The torques of the force field.
    fn field(&self) -> [f64; 2] {
        let length = self.arm.length_m;
        let both = self.angles[0] + self.angles[1];
        let [x, y] = self.hand(self.angles);
        // Columns of the Jacobian: how the hand moves with each angle.
        let columns = [[-y, x], [-length * both.sin(), length * both.cos()]];
        let along = |part: usize| columns[0][part] * self.velocities[0] + columns[1][part] * self.velocities[1];
        let force = [self.arm.curl_nsm * along(1), -self.arm.curl_nsm * along(0)];
        columns.map(|column| column[0] * force[0] + column[1] * force[1])
    }
}

impl Plant<4, 2> for Reach<'_> {
    fn seen(&self) -> [f64; 4] {
        let [shoulder, elbow] = self.angles;
        let [fast, faster] = self.velocities;
        let state = [shoulder - MIDDLE[0], elbow - MIDDLE[1], fast, faster];
        std::array::from_fn(|at| state[at] / SEEN[at] / SQRT_2)
    }

    fn feedback(&self, seconds: f64) -> [f64; 2] {
        let [angles, velocities] = reference(seconds);
        let Arm { stiffness, damping, .. } = self.arm;
        let wanted: [f64; 2] = std::array::from_fn(|joint| {
            stiffness * (angles[joint] - self.angles[joint]) + damping * (velocities[joint] - self.velocities[joint])
        });
        let (mass, _) = self.dynamics(0.0);
        mass.map(|row| row[0] * wanted[0] + row[1] * wanted[1])
    }

    fn modelled(&self) -> [f64; 2] {
        self.dynamics(0.0).1
    }

    fn advance(&mut self, torques: [f64; 2]) {
        let ([[a, b], [c, d]], coriolis) = self.dynamics(self.arm.payload_kg);
        let field = self.field();
        let [left, right]: [f64; 2] = std::array::from_fn(|joint| torques[joint] - coriolis[joint] + field[joint]);
        // The mass matrix of a body is positive definite, so its determinant is not 0.
        let determinant = a * d - b * c;
        let accelerations = [(left * d - right * b) / determinant, (right * a - left * c) / determinant];
        for ((angle, velocity), acceleration) in self.angles.iter_mut().zip(&mut self.velocities).zip(accelerations) {
            *velocity += DT_S * acceleration;
            *angle += DT_S * *velocity;
        }
    }

    fn error(&self, seconds: f64) -> f64 {
        let [is, should] = [self.angles, reference(seconds)[0]].map(|angles| self.hand(angles));
        (should[0] - is[0]).hypot(should[1] - is[1])
    }
}

impl Task for PesArm {
    fn run(
        &self,
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        let plant = Reach { arm: &self.plant, angles: MIDDLE, velocities: [0.0; 2] };
        control::run(&plant, &self.adaptation, self.steps, session, options, observer)
    }
}
