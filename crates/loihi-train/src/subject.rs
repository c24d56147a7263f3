//! What is trained, on what: a network file, its table `[train]`, a training set and a test set.

use crate::batch::Batch;
use crate::distort;
use crate::error::TrainError;
use crate::settings::TrainForm;
use crate::shift::{self, shifted};
use loihi_core::num::Fnv64;
use loihi_data::{Sample, SampleData};
use loihi_learn::samples::{Samples, Wanted};
use loihi_learn::settings::TaskForm;
use loihi_learn::{ExperimentError, RunOptions};
use loihi_net::network::file::{FileOptions, parse_with};
use loihi_net::network::{Network, RunSections};
use loihi_run::inference::Stimulus;
use loihi_run::inference::present::{Presentation, check_labels, check_recordings, input_of, present};
use loihi_run::inference::span::Beyond;
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// What the file does not say.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SubjectOptions {
    /// What is learned: the name of a data set, a file or a folder.
    pub train: PathBuf,
    /// What is tested; by default the test set of `train`.
    pub test: Option<PathBuf>,
    /// Seed of everything random, added to the file's own.
    pub seed: u32,
    /// Epochs; by default those of the file.
    pub epochs: Option<u32>,
    /// Use only the first samples of both sets.
    pub samples: Option<usize>,
    /// Test on a part of the training set that is not learned.
    pub validate: bool,
    /// The input to which samples are shown; by default the only one.
    pub input: Option<String>,
}

impl SubjectOptions {
    /// To learn from these data.
    pub fn new(train: impl Into<PathBuf>) -> Self {
        Self { train: train.into(), ..Self::default() }
    }

    /// Reads the samples, values of 0 to 255 as `loihi run` shows them; `validation_samples` of the training set are the test
    /// set with [`Self::validate`].
    ///
    /// # Errors
    /// [`ExperimentError`] if the data cannot be read.
    pub fn read_samples(&self, validation_samples: usize) -> Result<Samples, ExperimentError> {
        let run = RunOptions {
            seed: self.seed,
            data: Some(self.train.clone()),
            samples: self.samples,
            validate: self.validate,
            ..RunOptions::default()
        };
        let wanted = Wanted { test: self.test.as_deref(), full_scale: Some(u8::MAX), ..Wanted::default() };
        Samples::open(&TaskForm::default(), &run, wanted)?.select(&run, validation_samples, None)
    }
}

/// What is trained, on what.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The network, with weights as they begin.
    pub network: Network,
    /// How it is trained.
    pub form: TrainForm,
    /// What is learned and tested.
    pub samples: Samples,
    /// How samples are shown.
    pub presentation: Presentation,
    /// Seed of everything random.
    pub seed: u32,
    /// Whether `samples.test` is a part of the training set.
    pub validates: bool,
    /// What samples have after their last step, which is not shown.
    pub beyond: Beyond,
    /// Hash of the network, the options and the samples.
    pub hash: u64,
}

impl Subject {
    /// Reads data and network; `path` is where the text stands.
    ///
    /// # Errors
    /// [`TrainError`].
    pub fn open(text: &str, path: &Path, options: &SubjectOptions) -> Result<Self, TrainError> {
        // What is wrong with the file is said before data are read.
        let first = parse_with(text, path, &FileOptions::default().data(vec![1], 1))?;
        let form = TrainForm::of(&first)?;
        let samples = options.read_samples(form.validation_samples)?;
        let file = FileOptions::default().seed(options.seed).data(samples.shape(), samples.classes);
        Self::new(parse_with(text, path, &file)?, samples, options)
    }

    /// Reads data for a network that is not a file: what is drawn for it takes the seed of the options, too.
    ///
    /// # Errors
    /// [`TrainError`].
    pub fn of(mut network: Network, options: &SubjectOptions) -> Result<Self, TrainError> {
        let samples = options.read_samples(TrainForm::of(&network)?.validation_samples)?;
        network.seed = network.seed.wrapping_add(options.seed);
        Self::new(network, samples, options)
    }

    fn new(network: Network, mut samples: Samples, options: &SubjectOptions) -> Result<Self, TrainError> {
        let mut form = TrainForm::of(&network)?;
        form.epochs = options.epochs.unwrap_or(form.epochs);
        let input = input_of(&network, options.input.as_deref())?;
        let presentation = Presentation::new(&network, input);
        let unfit = |what: String| ExperimentError::Unfit { data: samples.name.clone(), what };
        for items in [&samples.training, &samples.test] {
            check_labels(&network, items)?;
            if let Some(item) = items.iter().find(|item| item.label.is_none()) {
                return Err(unfit(format!("sample {} has no class: every sample needs one", item.name)).into());
            }
            check_recordings(&network, items, &presentation)?;
        }
        if samples.test.is_empty() {
            return Err(unfit("it has no samples to test on: give them by --test".to_owned()).into());
        }
        samples.training.iter_mut().for_each(|item| on_sensor(item, &network.inputs[input].shape));
        if let Some((key, what)) = immovable(&form, &samples.training) {
            return Err(network.run.train.clone().unwrap_or_default().error("train", key, what).into());
        }
        // Samples that cannot be shown are found before anything is learned.
        let beyond = Beyond::of(&network, samples.training.iter().chain(&samples.test), &presentation)?;
        for item in [samples.training.first(), samples.test.first()].into_iter().flatten() {
            present(&network, item, 0, &presentation)?;
        }
        let hash = hash(&network, &form, options, &samples);
        let (seed, validates) = (options.seed, options.validate);
        Ok(Self { network, form, samples, presentation, seed, validates, beyond, hash })
    }

    /// What is shown for a sample of the test set.
    ///
    /// # Errors
    /// [`TrainError::Present`].
    pub fn shown(&self, item: &Sample, number: u32) -> Result<Stimulus, TrainError> {
        Ok(present(&self.network, item, number, &self.presentation)?)
    }

    /// Samples of the training set, as they are shown in an epoch.
    ///
    /// # Errors
    /// [`TrainError::Present`].
    pub fn to_learn(&self, places: &[usize], epoch: u32) -> Result<Batch, TrainError> {
        let all = u32::try_from(self.samples.training.len()).unwrap_or(u32::MAX);
        let (mut stimuli, mut labels) = (Vec::new(), Vec::new());
        for place in places {
            let Some(item) = self.samples.training.get(*place) else { continue };
            let own = u32::try_from(*place).unwrap_or(u32::MAX);
            // Spikes that are drawn are drawn anew in every epoch.
            let number = epoch.wrapping_mul(all).wrapping_add(own);
            stimuli.push(self.shown(&self.moved(item, [epoch, own]), number)?);
            labels.push(label(item));
        }
        Ok(Batch::new(&self.network, stimuli).labelled(labels))
    }

    /// A sample as it is augmented in an epoch.
    fn moved<'i>(&self, item: &'i Sample, at: [u32; 2]) -> Cow<'i, Sample> {
        let mut item = Cow::Borrowed(item);
        if let Some(distortion) = self.form.distortion() {
            item = Cow::Owned(distortion.of(&item, self.seed, at));
        }
        if let Some(most) = self.form.shift {
            item = Cow::Owned(shifted(&item, most, self.seed, at));
        }
        item
    }

    /// Samples of the test set.
    ///
    /// # Errors
    /// [`TrainError::Present`].
    pub fn to_test(&self, places: std::ops::Range<usize>) -> Result<Batch, TrainError> {
        let first = u32::try_from(places.start).unwrap_or(u32::MAX);
        let items = self.samples.test.get(places).unwrap_or_default();
        let stimuli: Result<_, _> = (first..).zip(items).map(|(number, item)| self.shown(item, number)).collect();
        Ok(Batch::new(&self.network, stimuli?).labelled(items.iter().map(label).collect()))
    }
}

/// A recording on the whole sensor of its input: files do not always say how large it is.
fn on_sensor(item: &mut Sample, shape: &[usize]) {
    if let SampleData::Events(events) = &mut item.data {
        let [rows, columns] = match *shape {
            [.., rows, columns] => [rows, columns],
            [columns] => [1, columns],
            [] => return,
        };
        events.size = [columns, rows].map(|extent| u16::try_from(extent).unwrap_or(u16::MAX));
    }
}

/// The first key of augmentation that the samples do not allow, and why.
fn immovable(form: &TrainForm, items: &[Sample]) -> Option<(&'static str, &'static str)> {
    let shift = || items.iter().find_map(|item| Some(("shift", shift::refusal(item, form.shift?)?)));
    let key = if form.turn_degrees > 0.0 { "turn_degrees" } else { "stretch" };
    let distortion =
        || form.distortion().and_then(|_| items.iter().find_map(|item| Some((key, distort::refusal(item)?))));
    shift().or_else(distortion)
}

/// The class of a sample, which has one.
fn label(item: &Sample) -> usize {
    item.label.and_then(|label| usize::try_from(label).ok()).unwrap_or(usize::MAX)
}

/// A hash of everything that decides what comes out.
fn hash(network: &Network, form: &TrainForm, options: &SubjectOptions, samples: &Samples) -> u64 {
    let mut hash = Fnv64::new();
    // The network with its weights, which may be in another file; tables of a run have their places in the file.
    let mut network = network.clone();
    network.run = RunSections::default();
    // Words, and where a network was imported from.
    network.about.clear();
    hash.bytes(format!("{network:?}").as_bytes());
    hash.bytes(format!("{form:?} {} {:?} {}", options.seed, options.input, options.validate).as_bytes());
    hash.bytes(&samples.hash().to_le_bytes());
    hash.finish()
}
