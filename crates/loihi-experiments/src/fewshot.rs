//! New classes from few samples: features learned on some classes and then frozen, and a head that the core teaches
//! wherever it errs ([`Soel`](loihi_core::rules::Soel)).

use super::classify::{self, Interface, Port, Stage};
use super::data::{Dataset, Example};
use super::decolle_net::{DecolleNet, Recording};
use super::network::{LayerNetwork, by_the_core};
use super::score::{self, Score};
use super::{ExperimentError, Observer, Outcome, RunOptions, Task, conclude, sizes};
use loihi_core::image::Profile;
use loihi_core::num::word;
use loihi_core::rules::SoelParams;
use loihi_core::tools::local_error::Slope;
use loihi_device::session::Session;
use loihi_image::image::{BuildError, ImageFile};
use serde::{Deserialize, Serialize};

/// Parameters of a head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Threshold in units of the voltage, a multiple of 64.
    pub v_th: i32,
    /// Steps per epoch.
    pub epoch_steps: u32,
    /// Spikes of the right class in an epoch; the others are to be silent.
    pub target_spikes: u32,
    /// Largest error that counts as 0, in spikes.
    pub error_threshold: u32,
    /// What an error of one spike amounts to in y1.
    pub gain: u32,
    /// Learning rate: the exponent of `2^-rate_shift·x1·y1`.
    pub rate_shift: u32,
}

impl Head {
    /// The readout of the head, after those of a layer of features.
    pub fn port(&self, classes: u32) -> Port {
        let right = i16::try_from(self.target_spikes).unwrap_or(i16::MAX);
        let classes = classes as usize;
        Port { target_first: classes, right, wrong: 0, output_first: classes, classes }
    }

    /// A network of one layer of features and this head. Targets and outputs are those of the features, then the head's.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn image(&self, features: &DecolleNet, inputs: u32, classes: u32, seed: u32) -> Result<ImageFile, BuildError> {
        let mut network = LayerNetwork::new(inputs, [2 * classes, 2 * classes], seed);
        let sources = features.stack(&mut network, classes, Recording::default());
        let plasticity = by_the_core(&mut network.builder, self.rate_shift);
        let profile = Profile { v_th: self.v_th, ..features.profile() };
        let (group, _) = network.layer(profile, &sources, classes, &plasticity, |_, _| 0);
        let params = SoelParams {
            group,
            posts: classes,
            target_first: classes,
            output_first: classes,
            burn_in_steps: features.burn_in_steps,
            epoch_steps: self.epoch_steps,
            threshold: self.error_threshold,
            gain: self.gain,
            slope: Slope::Flat,
            // A few epochs of a whole threshold stay below what one spike counts.
            voltage_shift: (self.v_th.unsigned_abs() / 128).max(1).ilog2() + 1,
        };
        network.builder.snip(&params);
        network.builder.build()
    }
}

/// Parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FewShot {
    /// Classes that come later; the others are learned first.
    pub new_classes: Vec<u8>,
    /// Epochs of the features over the first classes.
    #[serde(alias = "feature_passes", deserialize_with = "sizes::few_epochs")]
    pub feature_epochs: u32,
    /// Epochs of the head over the first classes.
    #[serde(alias = "head_passes", deserialize_with = "sizes::few_epochs")]
    pub head_epochs: u32,
    /// Samples of each new class.
    pub shots: usize,
    /// Epochs of the head over the new samples.
    #[serde(alias = "shot_passes", deserialize_with = "sizes::last_epochs")]
    pub shot_epochs: u32,
    /// Whether as many samples of each first class are shown with the new ones.
    pub replay: bool,
    /// Samples that are held back with `--validate`.
    pub validation_samples: usize,
    /// The features; one layer.
    pub features: DecolleNet,
    /// The head.
    pub head: Head,
}

/// Names of the stages.
const FEATURES: &str = "features";
const HEAD: &str = "head";
const FIRST_BEFORE: &str = "first classes, before";
const NEW_LEARN: &str = "new classes, learn";
const NEW_ALONE: &str = "new classes, among themselves";
const NEW_AMONG_ALL: &str = "new classes, among all";
const FIRST_AMONG_ALL: &str = "first classes, among all";

impl FewShot {
    fn stages<'d>(&self, data: &'d Dataset, seed: u32) -> Vec<Stage<'d>> {
        let (features, head) = (self.features.port(data.classes, 0), self.head.port(data.classes));
        let is_new = |sample: &Example| self.new_classes.contains(&sample.label);
        let first: Vec<&Example> = data.training.iter().filter(|sample| !is_new(sample)).collect();
        let classes = 0..u8::try_from(data.classes).unwrap_or(u8::MAX);
        let base: Vec<u8> = classes.filter(|class| !self.new_classes.contains(class)).collect();
        let test = |new: bool| classify::to_test(data.test.iter().filter(move |sample| is_new(sample) == new));
        let learn = |name: &str, port: Port, among: &[u8], items| Stage {
            taught: vec![port],
            ..Stage::asking(name.to_owned(), port, among, items)
        };
        let mut stages = Vec::new();
        for pass in 0..self.feature_epochs {
            stages.push(learn(FEATURES, features, &base, classify::to_learn(first.iter().copied(), pass)));
        }
        for pass in 0..self.head_epochs {
            stages.push(learn(HEAD, head, &base, classify::to_learn(first.iter().copied(), 64 + pass)));
        }
        stages.push(Stage::asking(FIRST_BEFORE.to_owned(), head, &base, test(false)));
        let shots = self.shots(data, seed);
        for pass in 0..self.shot_epochs {
            let items = classify::to_learn(classify::shuffled(&shots, seed, 77 + pass), 128 + pass);
            stages.push(learn(NEW_LEARN, head, &[], items));
        }
        stages.push(Stage::asking(NEW_ALONE.to_owned(), head, &self.new_classes, test(true)));
        stages.push(Stage::asking(NEW_AMONG_ALL.to_owned(), head, &[], test(true)));
        stages.push(Stage::asking(FIRST_AMONG_ALL.to_owned(), head, &[], test(false)));
        stages
    }

    /// The samples of the new classes, and with replay as many of each other class; which ones follows from the seed.
    fn shots<'d>(&self, data: &'d Dataset, seed: u32) -> Vec<&'d Example> {
        let classes = 0..u8::try_from(data.classes).unwrap_or(u8::MAX);
        let of_class = |class: u8| {
            let samples: Vec<&Example> = data.training.iter().filter(|sample| sample.label == class).collect();
            let places = samples.len().saturating_sub(self.shots).max(1);
            let first = word(seed, u32::from(class), 0, 78) as usize % places;
            samples.into_iter().skip(first).take(self.shots)
        };
        classes.filter(|class| self.replay || self.new_classes.contains(class)).flat_map(of_class).collect()
    }
}

impl Task for FewShot {
    fn run(
        &self,
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        let data = Dataset::open("digits", options)?.with_classes(options, &self.new_classes)?;
        let data = classify::select(data, options, self.validation_samples);
        let file = self.head.image(&self.features, data.inputs, data.classes, options.seed)?;
        classify::start(session, &file, options, observer)?;
        let words = 2 * data.classes as usize;
        let interface = Interface { steps: self.features.steps, target_words: words, output_words: words };
        let stages = self.stages(&data, options.seed);
        let scores = classify::run(&stages, interface, session, options, observer)?;
        let digest = session.digest()?;
        // The last stage of a name.
        let of = |name: &str| stages.iter().zip(&scores).rev().find(|(stage, _)| stage.name == name);
        let accuracy = |name: &str| of(name).map_or(0.0, |(_, score)| score.accuracy());
        let mut metrics = vec![
            ("accuracy_new", accuracy(NEW_ALONE)),
            ("accuracy_new_among_all", accuracy(NEW_AMONG_ALL)),
            ("accuracy_first_before", accuracy(FIRST_BEFORE)),
            ("accuracy_first_among_all", accuracy(FIRST_AMONG_ALL)),
        ];
        let head: Option<&Score> = of(HEAD).map(|(_, score)| score);
        metrics.extend(head.map(score::learning_metrics).unwrap_or_default());
        let outcome = conclude(session, &file, observer, metrics, vec![digest])?;
        Ok(classify::of_stages(outcome, &scores))
    }
}
