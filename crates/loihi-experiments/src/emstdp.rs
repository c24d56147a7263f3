//! Classes learned by two layers that see every sample twice, alone and with their errors.

use super::classify::{self, Interface, Port};
use super::emstdp_net::EmstdpNet;
use super::score;
use super::{ExperimentError, Options, Outcome, Task, Watch, conclude, sizes};
use loihi_data::{Dataset, digits};
use loihi_device::session::Session;
use serde::{Deserialize, Serialize};

/// Parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmstdpTask {
    /// Passes over the samples.
    #[serde(deserialize_with = "sizes::passes")]
    pub passes: u32,
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
        options: &Options,
        watch: &mut dyn Watch,
    ) -> Result<Outcome, ExperimentError> {
        let file = self.net.image(data.inputs, data.classes, options.seed, 0)?;
        classify::begin(session, &file, options, watch)?;
        let classes = data.classes as usize;
        let interface = Interface { steps: self.net.steps(), target_words: classes, output_words: classes };
        let port = Port { target_first: 0, right: 1, wrong: 0, output_first: 0, classes };
        let stages = classify::passes(data, options.passes.unwrap_or(self.passes), port, &[port])?;
        let scores = classify::run(&stages, interface, session, options, watch)?;
        let digest = session.digest()?;
        let metrics = score::metrics_of_passes(&scores);
        let outcome = conclude(session, &file, watch, metrics, vec![digest])?;
        Ok(classify::of_stages(outcome, &scores))
    }
}

impl Task for EmstdpTask {
    fn run(&self, session: &mut Session, options: &Options, watch: &mut dyn Watch) -> Result<Outcome, ExperimentError> {
        self.run_on(&classify::select(digits::dataset(), options, self.validation_samples), session, options, watch)
    }
}
