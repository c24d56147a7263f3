//! Classes learned by two layers that see every sample twice, alone and with their errors.

use super::classify::{self, Interface, Port};
use super::data::Dataset;
use super::emstdp_net::EmstdpNet;
use super::score;
use super::{ExperimentError, Observer, Outcome, RunOptions, Task, conclude, sizes};
use loihi_device::session::Session;
use serde::{Deserialize, Serialize};

/// Parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmstdpTask {
    /// Epochs over the training set.
    #[serde(alias = "passes", deserialize_with = "sizes::epochs")]
    pub epochs: u32,
    /// Samples that are held back with `--validate`.
    pub validation_samples: usize,
    /// The network.
    pub net: EmstdpNet,
}

impl EmstdpTask {
    /// Learns from a data set and tests on it.
    ///
    /// # Errors
    /// [`ExperimentError`].
    pub fn run_on(
        &self,
        data: &Dataset,
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        let file = self.net.image(data.inputs, data.classes, options.seed, 0)?;
        classify::start(session, &file, options, observer)?;
        let classes = data.classes as usize;
        let interface = Interface { steps: self.net.steps(), target_words: classes, output_words: classes };
        let port = Port { target_first: 0, right: 1, wrong: 0, output_first: 0, classes };
        let stages = classify::epochs(data, options.epochs.unwrap_or(self.epochs), port, &[port])?;
        let scores = classify::run(&stages, interface, session, options, observer)?;
        let digest = session.digest()?;
        let metrics = score::metrics_of_epochs(&scores);
        let outcome = conclude(session, &file, observer, metrics, vec![digest])?;
        Ok(classify::of_stages(outcome, &scores))
    }
}

impl Task for EmstdpTask {
    fn run(
        &self,
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        self.run_on(
            &classify::select(Dataset::open("digits", options)?, options, self.validation_samples),
            session,
            options,
            observer,
        )
    }
}
