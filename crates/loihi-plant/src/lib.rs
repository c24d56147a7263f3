//! Plants: what a network senses and moves.
//!
//! A [`Plant`] answers an action with an [`Observation`]: what the network senses, and what its action should have been
//! larger or smaller by. [`PLANTS`] are built in; a table of a TOML file says which one, and its parameters:
//!
//! ```
//! use loihi_plant::{Checked, PlantSpec};
//!
//! let spec: PlantSpec = toml::from_str(
//!     r#"
//!     plant = "pendulum"
//!     gravity_nm = 9.81
//!     friction_nms = 1.0
//!     inertia_kgm2 = 1.0
//!     stiffness_nm = 100.0
//!     damping_nms = 20.0
//!     torque_nm = 20.0
//!     "#,
//! )?;
//! let mut plant = spec.open()?;
//! let mut plant = Checked::new(&mut *plant);
//! assert_eq!(plant.reset(0)?.sensed, [0.0, 0.0]);
//! assert!(plant.step(&[0.5])?.sensed[1] > 0.0, "it moves");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `plant = "process"` is a program of the user's own, see [`process`]. A plant of one's own in Rust is a [`PlantType`] that is
//! made known by [`register`]; its documentation has an example.
//!
//! A module uses only what stands above it, which a test keeps so:
//!
//! | module | its one job |
//! |---|---|
//! | `error` | why a plant cannot be made or used |
//! | `range` | parameters held to what they can be |
//! | `checked` | lengths and values of actions and observations |
//! | `lasting` | a plant, an episode after the other |
//! | `registry` | plants by name |
//! | [`pendulum`] | a pendulum that follows two sines |
//! | [`arm`] | an arm of two links that follows a curve |
//! | [`sine`] | a sine, to be passed on or squared |
//! | [`sines`] | a sum of sines, to be generated |
//! | [`choice`] | cues, and choices that are rewarded later |
//! | [`process`] | a program of the user's own |

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod arm;
mod checked;
pub mod choice;
mod error;
mod lasting;
pub mod pendulum;
pub mod process;
mod range;
mod registry;
pub mod sine;
pub mod sines;

pub use checked::Checked;
pub use error::PlantError;
pub use lasting::Lasting;
pub use registry::{PlantSpec, PlantType, plants, register};

use std::fmt;
use std::path::Path;

/// The plants that are built in. A new one is a file and a row here.
pub const PLANTS: &[PlantType] =
    &[pendulum::PLANT, arm::PLANT, sine::PLANT, sines::PLANT, choice::PLANT, process::PLANT];

/// Seconds of a step of the plants that are built in.
const STEP_S: f64 = 1e-3;

/// Numbers of values that a plant exchanges in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// Values that the network senses.
    pub sensed: usize,
    /// Values that the network gives.
    pub actions: usize,
    /// Errors that it learns from: one for each action, or none of a plant that gives rewards alone.
    pub errors: usize,
}

/// What is known of a plant after a step. Units are the plant's own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observation {
    /// What the network senses, each value within about ±1.
    pub sensed: Vec<f64>,
    /// By how much each action is too large, in the unit of the actions: positive if it should be smaller. What a controller
    /// of the plant's own still has to add is the negative of it. Of a plant that [teaches targets](Teaches::Targets): what
    /// each action should be.
    pub error: Vec<f64>,
    /// Distance from the goal, with any sign: what is reported.
    pub cost: Option<f64>,
    /// Reward of the step.
    pub reward: Option<f64>,
    /// Whether what the network has chosen was right, in a step in which that is judged.
    pub right: Option<bool>,
    /// Whether an episode is over: the next step is a reset.
    pub done: bool,
}

/// What [`Observation::error`] says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Teaches {
    /// By how much each action is too large.
    #[default]
    Errors,
    /// What each action should be: the plant is a signal, which no action moves, and its cost compares the two.
    Targets,
}

/// What a network senses and moves.
///
/// Whatever drives a plant wraps it in [`Checked`], so that a plant need not look at the lengths of actions.
pub trait Plant: fmt::Debug + Send {
    /// How many values it exchanges; the same for its whole life.
    fn ports(&self) -> Ports;

    /// Begins an episode. The same seed begins the same one, where a plant can see to that.
    ///
    /// # Errors
    /// [`PlantError`].
    fn reset(&mut self, seed: u32) -> Result<Observation, PlantError>;

    /// Moves for a step, which takes [`Plant::every_steps`] of the network, with an action of [`Ports::actions`] values, each about ±1.
    ///
    /// # Errors
    /// [`PlantError`].
    fn step(&mut self, action: &[f64]) -> Result<Observation, PlantError>;

    /// Steps of the network from one exchange of values to the next, at least 1; the same for its whole life.
    fn every_steps(&self) -> u16 {
        1
    }

    /// What its errors say.
    fn teaches(&self) -> Teaches {
        Teaches::Errors
    }

    /// Whether it gives a reward, in some steps at least, from which a network can learn.
    fn gives_rewards(&self) -> bool {
        false
    }

    /// Hands over the folder of the file that names it, for what the file names in turn.
    fn set_folder(&mut self, folder: &Path) {
        let _ = folder;
    }

    /// Hands over what ends every wait once it returns true. A plant that never waits has no use for it.
    fn set_stop(&mut self, stop: fn() -> bool) {
        let _ = stop;
    }
}
