//! Adaptive control: a plant with its own controller, and a population that learns what that misses (PES).
//!
//! As De Wolf and others published it in 2016: the population sees the state of the plant, its decoders give torques that
//! are added to the controller's, and the controller's own torques are the error that they learn from: what the controller
//! still has to do is what the decoders do not do yet. Plant, controller and reference are the host's, in double precision;
//! each of their steps is a step of the device, which the next one waits for.

use super::population::Ensemble;
use super::{ExperimentError, Observer, Outcome, RunOptions, Task, sizes};
use loihi_core::rules::PesParams;
use loihi_device::session::Session;
use loihi_image::image::{BuildError, ImageBuilder, ImageFile};
use loihi_learn::control;
use loihi_plant::{PlantSpec, Ports};
use serde::{Deserialize, Serialize};

/// Parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PesPlant {
    /// Steps of 1 ms.
    #[serde(deserialize_with = "sizes::steps")]
    pub steps: usize,
    /// What is controlled.
    pub plant: PlantSpec,
    /// What learns.
    pub adaptation: Adaptation,
}

/// Parameters of the part that learns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adaptation {
    /// See [`PesParams::rate_shift`].
    pub rate_shift: u32,
    /// See [`PesParams::decay_y`], in units of 1/256.
    pub decay_y: u32,
    /// The compartments that are decoded.
    pub population: Ensemble,
}

impl Adaptation {
    /// The network: sensed values as stimulus, errors as target, actions as output.
    ///
    /// # Errors
    /// [`BuildError`] if the population exceeds a core.
    pub fn image(&self, ports: Ports, seed: u32) -> Result<ImageFile, BuildError> {
        let [sensed, actions, errors] =
            [ports.sensed, ports.actions, ports.errors].map(|count| u32::try_from(count).unwrap_or(u32::MAX));
        let mut builder = ImageBuilder::new();
        builder.mailboxes(sensed, errors, actions);
        builder.core();
        let all = self.population.add(&mut builder, sensed, seed);
        let count = all.end - all.start;
        builder.snip(&PesParams {
            compartment_first: all.start,
            count,
            dimensions: actions,
            rate_shift: self.rate_shift,
            decay_y: self.decay_y,
            error_given: true,
            ..PesParams::default()
        });
        builder.build()
    }
}

impl Task for PesPlant {
    fn run(
        &self,
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        let mut plant = self.plant.open()?;
        let ports = plant.ports();
        if ports.errors == 0 {
            return Err(ExperimentError::NoErrors { plant: self.plant.plant().name });
        }
        let file = self.adaptation.image(ports, options.seed)?;
        control::run(&mut *plant, &file, self.steps, session, options, observer)
    }
}
