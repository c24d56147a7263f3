//! A pendulum that follows two superposed sines, in steps of 1 ms; its weight and friction are unknown to its PD controller.
//!
//! It senses its angle and angular velocity, takes a torque that is added to the controller's, and its error is the torque
//! that the controller still adds (De Wolf and others, 2016). Its cost is the distance from the reference in rad.

use super::range::{finite, positive};
use super::registry::PlantType;
use super::{Observation, Plant, PlantError, Ports, STEP_S};
use serde::Deserialize;
use std::f64::consts::TAU;

/// `pendulum`.
pub(super) const PLANT: PlantType = PlantType::new::<Pendulum>(
    "pendulum",
    "a pendulum that follows two sines; its PD controller knows neither its weight nor its friction",
    include_str!("../plants/pendulum.toml"),
);

/// Angle and angular velocity that are sensed as 1, in rad and rad/s.
const SENSED: [f64; 2] = [1.6, 3.0];

/// A point mass on a rod, and its PD controller.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pendulum {
    /// Largest torque of gravity, unknown to the controller, in N m.
    #[serde(deserialize_with = "finite")]
    pub gravity_nm: f64,
    /// Torque of viscous friction per velocity, unknown to the controller, in N m s/rad.
    #[serde(deserialize_with = "finite")]
    pub friction_nms: f64,
    /// Moment of inertia in kg m².
    #[serde(deserialize_with = "positive")]
    pub inertia_kgm2: f64,
    /// Torque per error of the angle, in N m/rad.
    #[serde(deserialize_with = "finite")]
    pub stiffness_nm: f64,
    /// Torque per error of the velocity, in N m s/rad.
    #[serde(deserialize_with = "finite")]
    pub damping_nms: f64,
    /// Torque of an action of 1, in N m.
    #[serde(deserialize_with = "positive")]
    pub torque_nm: f64,
    #[serde(skip)]
    swing: Swing,
}

/// A pendulum in motion.
#[derive(Clone, Debug, Default, PartialEq)]
struct Swing {
    steps: u64,
    /// Angle from hanging, in rad.
    angle: f64,
    /// In rad/s.
    velocity: f64,
}

impl Swing {
    fn seconds(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "steps stay far below 2^52")]
        let steps = self.steps as f64;
        steps * STEP_S
    }
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

impl Pendulum {
    /// What the controller adds to bring the state to the reference, in N m.
    fn feedback(&self) -> f64 {
        let [angle, velocity] = reference(self.swing.seconds());
        self.stiffness_nm * (angle - self.swing.angle) + self.damping_nms * (velocity - self.swing.velocity)
    }

    fn observation(&self, cost: Option<f64>) -> Observation {
        let Swing { angle, velocity, .. } = self.swing;
        let error = vec![-self.feedback() / self.torque_nm];
        Observation { sensed: vec![angle / SENSED[0], velocity / SENSED[1]], error, cost, ..Observation::default() }
    }
}

impl Plant for Pendulum {
    fn ports(&self) -> Ports {
        Ports { sensed: 2, actions: 1, errors: 1 }
    }

    fn reset(&mut self, _seed: u32) -> Result<Observation, PlantError> {
        self.swing = Swing::default();
        Ok(self.observation(None))
    }

    fn step(&mut self, action: &[f64]) -> Result<Observation, PlantError> {
        let torque = self.feedback() + self.torque_nm * action.iter().sum::<f64>();
        let Swing { steps, angle, velocity } = self.swing;
        let unknown = self.gravity_nm * angle.sin() + self.friction_nms * velocity;
        let velocity = velocity + STEP_S * (torque - unknown) / self.inertia_kgm2;
        let angle = angle + STEP_S * velocity;
        let cost = reference(self.swing.seconds())[0] - angle;
        self.swing = Swing { steps: steps + 1, angle, velocity };
        Ok(self.observation(Some(cost)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rms_cost(text: &str) -> f64 {
        let mut pendulum: Pendulum = toml::from_str(text).unwrap();
        pendulum.reset(0).unwrap();
        let costs: Vec<f64> = (0..12_000).map(|_| pendulum.step(&[0.0]).unwrap().cost.unwrap()).collect();
        (costs.iter().map(|cost| cost * cost).sum::<f64>() / 12_000.0).sqrt()
    }

    #[test]
    fn what_is_unknown_is_what_keeps_the_controller_from_the_reference() {
        let text = PLANT.parameters;
        let loaded = rms_cost(text);
        let bare = rms_cost(&text.replace("9.81", "0.0").replace("friction_nms = 1.0", "friction_nms = 0.0"));
        assert!((0.030..0.050).contains(&loaded) && bare < 0.7 * loaded, "{loaded}, {bare}");
    }

    #[test]
    fn an_error_is_the_negative_of_what_the_controller_adds() {
        let mut pendulum: Pendulum = toml::from_str(PLANT.parameters).unwrap();
        let first = pendulum.reset(0).unwrap();
        // The reference begins to rise: more torque is needed.
        assert!(first.error[0] < 0.0 && first.cost.is_none(), "{first:?}");
        let second = pendulum.step(&[0.0]).unwrap();
        assert_eq!(second, {
            pendulum.reset(1).unwrap();
            pendulum.step(&[0.0]).unwrap()
        });
    }

    #[test]
    fn absurd_parameters_are_refused() {
        for (was, is, why) in [
            ("inertia_kgm2 = 1.0", "inertia_kgm2 = 0.0", "0 is not above 0"),
            ("torque_nm = 20.0", "torque_nm = -1.0", "-1 is not above 0"),
            ("gravity_nm = 9.81", "gravity_nm = nan", "NaN is not a finite number"),
        ] {
            let said = PLANT.open(toml::from_str(&PLANT.parameters.replace(was, is)).unwrap()).unwrap_err().to_string();
            assert!(said.contains(why) && said.contains("`pendulum`"), "{said}");
        }
    }
}
