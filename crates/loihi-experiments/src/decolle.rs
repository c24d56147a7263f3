//! Classes learned by layers that each have a readout and an error of their own.

use super::classify::{self, Interface};
use super::data::Dataset;
use super::decolle_net::{DecolleNet, Recording};
use super::score;
use super::{ExperimentError, Observer, Outcome, RunOptions, Task, conclude, sizes};
use loihi_device::session::Session;
use serde::{Deserialize, Serialize};

/// Parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecolleTask {
    /// What is learned unless the options say other data: the name of a data set, a file or a folder.
    pub data: String,
    /// Epochs over the training set.
    #[serde(alias = "passes", deserialize_with = "sizes::epochs")]
    pub epochs: u32,
    /// How many times the learning rate is halved after every pass, 0..=3.
    pub rate_halvings_per_pass: u8,
    /// Samples that are held back with `--validate`.
    pub validation_samples: usize,
    /// The network.
    pub net: DecolleNet,
}

impl DecolleTask {
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
        let file = self.net.image(data.inputs, data.classes, options.seed, Recording::default())?;
        classify::start(session, &file, options, observer)?;
        let layers = self.net.layers.len();
        let interface = Interface {
            steps: self.net.steps,
            target_words: data.classes as usize,
            output_words: layers * data.classes as usize,
        };
        let ports = (0..layers).map(|layer| self.net.port(data.classes, layer)).collect::<Vec<_>>();
        // All layers read the same target words.
        let taught = self.net.port(data.classes, 0);
        let mut stages = classify::epochs(data, options.epochs.unwrap_or(self.epochs), taught, &ports)?;
        let learning = stages.iter_mut().filter(|stage| !stage.taught.is_empty());
        for (pass, stage) in (0_i32..).zip(learning).skip(1) {
            let rate = -pass * i32::from(self.rate_halvings_per_pass.min(3));
            stage.rates = self.net.rate_words().into_iter().map(|word| (word, rate)).collect();
        }
        let scores = classify::run(&stages, interface, session, options, observer)?;
        let digest = session.digest()?;
        let mut metrics = score::metrics_of_epochs(&scores);
        if let Some(tested) = scores.last().filter(|_| layers > 1) {
            metrics.extend(OF_LAYERS.into_iter().zip(tested.accuracies()));
        }
        let outcome = conclude(session, &file, observer, metrics, vec![digest])?;
        Ok(classify::of_stages(outcome, &scores))
    }
}

/// Accuracy of every layer's readout.
const OF_LAYERS: [&str; 4] =
    ["accuracy_test_layer_1", "accuracy_test_layer_2", "accuracy_test_layer_3", "accuracy_test_layer_4"];

impl Task for DecolleTask {
    fn run(
        &self,
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        let data = Dataset::open(&self.data, options)?;
        self.run_on(&classify::select(data, options, self.validation_samples), session, options, observer)
    }
}
