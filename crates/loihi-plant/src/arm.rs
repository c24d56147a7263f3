//! A planar arm of two links that follows a curve, in steps of 1 ms; its controller knows its inertia, but neither what it
//! carries nor a force field that pushes the hand aside.
//!
//! It senses the angles and angular velocities of shoulder and elbow, takes a torque for each, which is added to the
//! controller's, and its errors are the torques that the controller's feedback still adds. Its cost is the distance of the
//! hand from the reference in m.

use super::range::{finite, positive};
use super::registry::PlantType;
use super::{Observation, Plant, PlantError, Ports, STEP_S};
use serde::Deserialize;
use std::f64::consts::{SQRT_2, TAU};

/// `arm`.
pub(super) const PLANT: PlantType = PlantType::new::<Arm>(
    "arm",
    "an arm of two links that follows a curve; its PD controller knows neither its payload nor a force field",
    include_str!("../plants/arm.toml"),
);

/// Angles in the middle of the reference, in rad.
const MIDDLE: [f64; 2] = [0.6, 1.4];
/// Distances from them, in rad, and velocities, in rad/s, that are sensed as 1 over the root of 2.
const SENSED: [f64; 4] = [0.5, 0.6, 1.2, 1.8];

/// Two equal links in a horizontal plane, and a PD controller in units of their inertia.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// Length of a link in m; its centre of mass is in the middle.
    #[serde(deserialize_with = "positive")]
    pub length_m: f64,
    /// Mass of a link in kg.
    #[serde(deserialize_with = "positive")]
    pub mass_kg: f64,
    /// Moment of inertia of a link about its centre in kg m².
    #[serde(deserialize_with = "positive")]
    pub inertia_kgm2: f64,
    /// Mass at the hand, unknown to the controller, in kg.
    #[serde(deserialize_with = "finite")]
    pub payload_kg: f64,
    /// Force on the hand per velocity, at a right angle to it, unknown to the controller, in N s/m.
    #[serde(deserialize_with = "finite")]
    pub curl_nsm: f64,
    /// Acceleration per error of an angle, in 1/s².
    #[serde(deserialize_with = "finite")]
    pub stiffness: f64,
    /// Acceleration per error of a velocity, in 1/s.
    #[serde(deserialize_with = "finite")]
    pub damping: f64,
    /// Torque of an action of 1, in N m.
    #[serde(deserialize_with = "positive")]
    pub torque_nm: f64,
    #[serde(skip)]
    reach: Reach,
}

/// An arm in motion.
#[derive(Clone, Debug, PartialEq)]
struct Reach {
    steps: u64,
    /// Angles of the shoulder and of the elbow in rad.
    angles: [f64; 2],
    /// In rad/s.
    velocities: [f64; 2],
}

impl Default for Reach {
    fn default() -> Self {
        Self { steps: 0, angles: MIDDLE, velocities: [0.0; 2] }
    }
}

impl Reach {
    fn seconds(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "steps stay far below 2^52")]
        let steps = self.steps as f64;
        steps * STEP_S
    }
}

/// Angles and velocities of the reference.
fn reference(seconds: f64) -> [[f64; 2]; 2] {
    let phase = TAU * 0.25 * seconds;
    let ((sin, cos), (sin_twice, cos_twice)) = (phase.sin_cos(), (2.0 * phase + 0.5).sin_cos());
    let angles = [MIDDLE[0] + 0.4 * sin, MIDDLE[1] + 0.5 * sin_twice];
    [angles, [TAU * 0.25 * 0.4 * cos, TAU * 0.25 * cos_twice]]
}

impl Arm {
    /// Mass matrix and the torques of Coriolis and centrifugal forces, with a payload at the hand.
    fn dynamics(&self, payload_kg: f64) -> ([[f64; 2]; 2], [f64; 2]) {
        let Self { length_m: l, mass_kg: m, inertia_kgm2: i, .. } = *self;
        let centre = l / 2.0;
        let both = 2.0 * i + m * (2.0 * centre.powi(2) + l.powi(2)) + 2.0 * payload_kg * l.powi(2);
        let coupling = m * l * centre + payload_kg * l.powi(2);
        let far = i + m * centre.powi(2) + payload_kg * l.powi(2);
        let (sin, cos) = self.reach.angles[1].sin_cos();
        let mixed = far + coupling * cos;
        let [shoulder, elbow] = self.reach.velocities;
        let coriolis = [-coupling * sin * (2.0 * shoulder * elbow + elbow.powi(2)), coupling * sin * shoulder.powi(2)];
        ([[both + 2.0 * coupling * cos, mixed], [mixed, far]], coriolis)
    }

    /// Where the hand is, in m, with these angles.
    fn hand(&self, [shoulder, elbow]: [f64; 2]) -> [f64; 2] {
        let ((sin, cos), (sin_both, cos_both)) = (shoulder.sin_cos(), (shoulder + elbow).sin_cos());
        [cos + cos_both, sin + sin_both].map(|part| self.length_m * part)
    }

    /// The torques of the force field.
    fn field(&self) -> [f64; 2] {
        let length = self.length_m;
        let Reach { angles, velocities, .. } = self.reach;
        let both = angles[0] + angles[1];
        let [x, y] = self.hand(angles);
        // Columns of the Jacobian: how the hand moves with each angle.
        let columns = [[-y, x], [-length * both.sin(), length * both.cos()]];
        let along = |part: usize| columns[0][part] * velocities[0] + columns[1][part] * velocities[1];
        let force = [self.curl_nsm * along(1), -self.curl_nsm * along(0)];
        columns.map(|column| column[0] * force[0] + column[1] * force[1])
    }

    /// What the PD controller adds to bring the state to the reference, in N m.
    fn feedback(&self) -> [f64; 2] {
        let [angles, velocities] = reference(self.reach.seconds());
        let (reach, Self { stiffness, damping, .. }) = (&self.reach, self);
        let wanted: [f64; 2] = std::array::from_fn(|joint| {
            stiffness * (angles[joint] - reach.angles[joint]) + damping * (velocities[joint] - reach.velocities[joint])
        });
        let (mass, _) = self.dynamics(0.0);
        mass.map(|row| row[0] * wanted[0] + row[1] * wanted[1])
    }

    /// Moves for a step.
    fn advance(&mut self, torques: [f64; 2]) {
        let ([[a, b], [c, d]], coriolis) = self.dynamics(self.payload_kg);
        let field = self.field();
        let [left, right]: [f64; 2] = std::array::from_fn(|joint| torques[joint] - coriolis[joint] + field[joint]);
        // The mass matrix of a body is positive definite, so its determinant is not 0.
        let determinant = a * d - b * c;
        let accelerations = [(left * d - right * b) / determinant, (right * a - left * c) / determinant];
        let Reach { angles, velocities, steps } = &mut self.reach;
        for ((angle, velocity), acceleration) in angles.iter_mut().zip(velocities).zip(accelerations) {
            *velocity += STEP_S * acceleration;
            *angle += STEP_S * *velocity;
        }
        *steps += 1;
    }

    fn observation(&self, cost: Option<f64>) -> Observation {
        let [shoulder, elbow] = self.reach.angles;
        let [fast, faster] = self.reach.velocities;
        let state = [shoulder - MIDDLE[0], elbow - MIDDLE[1], fast, faster];
        let sensed = state.iter().zip(SENSED).map(|(value, scale)| value / scale / SQRT_2).collect();
        let error = self.feedback().iter().map(|torque| -torque / self.torque_nm).collect();
        Observation { sensed, error, cost, ..Observation::default() }
    }
}

impl Plant for Arm {
    fn ports(&self) -> Ports {
        Ports { sensed: 4, actions: 2, errors: 2 }
    }

    fn reset(&mut self, _seed: u32) -> Result<Observation, PlantError> {
        self.reach = Reach::default();
        Ok(self.observation(None))
    }

    fn step(&mut self, action: &[f64]) -> Result<Observation, PlantError> {
        let (feedback, (_, modelled)) = (self.feedback(), self.dynamics(0.0));
        let should = reference(self.reach.seconds())[0];
        let mut torques = [0.0; 2];
        for (joint, (torque, action)) in torques.iter_mut().zip(action).enumerate() {
            *torque = feedback[joint] + modelled[joint] + self.torque_nm * action;
        }
        self.advance(torques);
        let [is, should] = [self.reach.angles, should].map(|angles| self.hand(angles));
        Ok(self.observation(Some((should[0] - is[0]).hypot(should[1] - is[1]))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rms_cost(text: &str) -> f64 {
        let mut arm: Arm = toml::from_str(text).unwrap();
        arm.reset(0).unwrap();
        let costs: Vec<f64> = (0..12_000).map(|_| arm.step(&[0.0, 0.0]).unwrap().cost.unwrap()).collect();
        (costs.iter().map(|cost| cost * cost).sum::<f64>() / 12_000.0).sqrt()
    }

    #[test]
    fn what_is_unknown_is_what_keeps_the_controller_from_the_reference() {
        let text = PLANT.parameters;
        let loaded = rms_cost(text);
        let bare = rms_cost(&text.replace("payload_kg = 1.0", "payload_kg = 0.0").replace("8.0", "0.0"));
        assert!((0.15..0.25).contains(&loaded) && bare < loaded / 2.0, "{loaded}, {bare}");
    }

    #[test]
    fn an_episode_begins_anew() {
        let mut arm: Arm = toml::from_str(PLANT.parameters).unwrap();
        let first = arm.reset(0).unwrap();
        assert_eq!(first.sensed, [0.0; 4]);
        let second = arm.step(&[0.1, 0.2]).unwrap();
        assert_eq!(arm.reset(7).unwrap(), first);
        assert_eq!(arm.step(&[0.1, 0.2]).unwrap(), second);
    }
}
