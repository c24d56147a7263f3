//! What is trained, on what: a network file, its table `[train]`, a training set and a test set.

use crate::batch::Batch;
use crate::error::TrainError;
use crate::settings::TrainForm;
use loihi_augment::distort;
use loihi_augment::dropout::{self, thinned};
use loihi_augment::shift::{self, shifted};
use loihi_core::num::Fnv64;
use loihi_data::{Sample, SampleData};
use loihi_net::network::file::{FileOptions, parse_with};
use loihi_net::network::{Network, RunSections, Section};
use loihi_run::inference::answers::AnswerShape;
use loihi_run::inference::fed::Fed;
use loihi_run::inference::labels::{check_labels, first_unlabelled, is_labelled, labels_of};
use loihi_run::inference::present::{PresentError, Presentation, check_recordings, present};
use loihi_run::inference::span::Beyond;
use loihi_run::inference::{Stimulus, scale};
use loihi_task::samples::Samples;
use loihi_task::sets::{Beside, Wanted};
use loihi_task::settings::TaskForm;
use loihi_task::{ExperimentError, RunOptions};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Why a readout of one class is not trained.
pub const SINGLE_CLASS: &str =
    "its samples and the readout have a single class, and nothing to tell apart: give samples of two classes or more";

/// What the file does not say.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SubjectOptions {
    /// What is learned: the name of a data set, a file or a folder; `NAME=WHAT` for each of several inputs.
    pub train: Vec<PathBuf>,
    /// What is tested, in the same way; by default the test sets of `train`.
    pub test: Vec<PathBuf>,
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
    /// The table `[train]`, in the place of the file's own.
    pub table: Option<Section>,
}

impl SubjectOptions {
    /// To learn from these data.
    pub fn new(train: impl Into<PathBuf>) -> Self {
        Self { train: vec![train.into()], ..Self::default() }
    }

    /// Reads the samples of one input, values of 0 to 255 as `loihi run` shows them; `validation_samples` of the training set are
    /// the test set with [`Self::validate`].
    ///
    /// # Errors
    /// [`ExperimentError`] if the data cannot be read.
    pub fn read_samples(&self, validation_samples: usize) -> Result<Samples, ExperimentError> {
        let own = |paths: &[PathBuf]| paths.first().cloned();
        let first = Beside { train: own(&self.train).unwrap_or_default(), test: own(&self.test), scale: None };
        self.read(&first, &[], validation_samples)
    }

    /// The same for several inputs of a network: their indices, and samples with those of further inputs beside them.
    ///
    /// # Errors
    /// [`TrainError`] if an input has no samples, or the data cannot be read.
    pub fn read_fed(&self, network: &Network, validation_samples: usize) -> Result<(Vec<usize>, Samples), TrainError> {
        let fed = |data, option| Fed { data, input: self.input.as_deref(), option }.inputs(network);
        let train = fed(&self.train, "--train")?;
        let test = if self.test.is_empty() { Vec::new() } else { fed(&self.test, "--test")? };
        let mut tests = test.into_iter().map(|(_, path)| path);
        let places = train.iter().map(|(place, _)| *place).collect();
        let mut all = Vec::new();
        for (place, train) in train {
            all.push(Beside { train, test: tests.next(), scale: scale::of(network, place)? });
        }
        let [first, beside @ ..] = &*all else { return Err(PresentError::NoInput.into()) };
        Ok((places, self.read(first, beside, validation_samples)?))
    }

    fn read(
        &self,
        Beside { train, test, scale }: &Beside,
        beside: &[Beside],
        validation_samples: usize,
    ) -> Result<Samples, ExperimentError> {
        let run = RunOptions {
            seed: self.seed,
            data: Some(train.clone()),
            samples: self.samples,
            validate: self.validate,
            ..RunOptions::default()
        };
        let (test, full_scale) = (test.as_deref(), Some(u8::MAX));
        let wanted = Wanted { test, beside, full_scale, scale: *scale, ..Wanted::default() };
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
    /// How samples are shown, one entry for each input.
    pub presentations: Vec<Presentation>,
    /// Seed of everything random.
    pub seed: u32,
    /// Whether `samples.test` is a part of the training set.
    pub validates: bool,
    /// By input that is shown samples: what these have after their last step, which is not shown.
    pub beyond: Vec<Beyond>,
    /// Hash of the network, the options and the samples.
    pub hash: u64,
}

impl Subject {
    /// Reads data and network; `path` is where the text stands.
    ///
    /// # Errors
    /// [`TrainError`].
    pub fn open(text: &str, path: &Path, options: &SubjectOptions) -> Result<Self, TrainError> {
        let read = |file: FileOptions| {
            let mut network = parse_with(text, path, &file)?;
            network.run.train = options.table.clone().or(network.run.train);
            Ok::<_, TrainError>(network)
        };
        // What is wrong with the file is said before data are read.
        let first = read(FileOptions::default().data(vec![1], 1))?;
        let form = TrainForm::of(&first)?;
        let (inputs, samples) = options.read_fed(&first, form.validation_samples)?;
        // A readout sized by the classes has no size without them, which would be reported as its mistake.
        if let Some(what) = first_unlabelled(&first, &samples.training).filter(|_| samples.classes == 0) {
            return Err(ExperimentError::Unfit { data: samples.name, what }.into());
        }
        let file = FileOptions::default().seed(options.seed).data(samples.shape(), samples.classes);
        Self::new(read(file)?, &inputs, samples, options)
    }

    /// Reads data for a network that is not a file: what is drawn for it takes the seed of the options, too.
    ///
    /// # Errors
    /// [`TrainError`].
    pub fn of(mut network: Network, options: &SubjectOptions) -> Result<Self, TrainError> {
        network.run.train = options.table.clone().or(network.run.train);
        let (inputs, samples) = options.read_fed(&network, TrainForm::of(&network)?.validation_samples)?;
        network.seed = network.seed.wrapping_add(options.seed);
        Self::new(network, &inputs, samples, options)
    }

    fn new(
        network: Network,
        inputs: &[usize],
        mut samples: Samples,
        options: &SubjectOptions,
    ) -> Result<Self, TrainError> {
        let mut form = TrainForm::of(&network)?;
        form.epochs = options.epochs.unwrap_or(form.epochs);
        let presentations: Vec<Presentation> = inputs.iter().map(|input| Presentation::new(&network, *input)).collect();
        let unfit = |what: String| ExperimentError::Unfit { data: samples.name.clone(), what };
        if AnswerShape::of(&network, 1).is_some_and(|shape| shape.classes == 1) {
            return Err(unfit(SINGLE_CLASS.to_owned()).into());
        }
        for items in [&samples.training, &samples.test] {
            // Sizes first: of other data than were meant, the classes say little.
            for (number, presentation) in presentations.iter().enumerate() {
                let legend = samples.legends.get(number).cloned().unwrap_or_default();
                check_recordings(&network, items.iter().filter_map(|item| nth(item, number)), presentation, &legend)?;
            }
            check_labels(&network, items)?;
            if let Some(what) = first_unlabelled(&network, items) {
                return Err(unfit(what).into());
            }
        }
        if samples.test.is_empty() {
            return Err(unfit("it has no samples to test on: give them by --test".to_owned()).into());
        }
        for item in &mut samples.training {
            let all = std::iter::once(&mut item.data).chain(item.beside.iter_mut().map(|own| &mut own.data));
            all.zip(inputs).for_each(|(data, input)| on_sensor(data, &network.inputs[*input].shape));
        }
        for (set, items) in [("training", &samples.training), ("test", &samples.test)] {
            if !items.iter().any(|item| is_labelled(&network, item)) {
                return Err(
                    unfit(format!("the {set} set has no label: -1 and 255 are places where nothing is known")).into()
                );
            }
        }
        let has_windows = network.readout.is_some_and(|readout| readout.window_steps > 0);
        if let Some((key, what)) = immovable(&form, &samples.training, has_windows) {
            return Err(network.run.train.clone().unwrap_or_default().error("train", key, what).into());
        }
        // Samples that cannot be shown are found before anything is learned.
        let all = || samples.training.iter().chain(&samples.test);
        let beyond = presentations.iter().enumerate().map(|(number, presentation)| {
            Beyond::of(&network, all().filter_map(|item| nth(item, number)), presentation)
        });
        let beyond = beyond.collect::<Result<_, _>>()?;
        for item in [samples.training.first(), samples.test.first()].into_iter().flatten() {
            let shown = shown(&network, item, 0, &presentations)?;
            labels_of(&network, item, shown.steps)?;
        }
        let hash = hash(&network, &form, options, &samples);
        let (seed, validates) = (options.seed, options.validate);
        Ok(Self { network, form, samples, presentations, seed, validates, beyond, hash })
    }

    /// Where numbers of the samples do not suit the scale that they were read by, by input, in words for a warning.
    pub fn misfits(&self) -> Vec<String> {
        let of_inputs = self.presentations.iter().zip(&self.samples.legends);
        let told = of_inputs.filter_map(|(shown, legend)| {
            let input = self.network.inputs.get(shown.input)?;
            Some(format!("samples of the input `{}`: {}", input.name, legend.misfit.as_ref()?))
        });
        told.collect()
    }

    /// What is shown for a sample of the test set.
    ///
    /// # Errors
    /// [`TrainError::Present`].
    pub fn shown(&self, item: &Sample, number: u32) -> Result<Stimulus, TrainError> {
        shown(&self.network, item, number, &self.presentations)
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
            let shown = self.shown(&self.augmented(item, [epoch, own]), number)?;
            labels.push(labels_of(&self.network, item, shown.steps)?);
            stimuli.push(shown);
        }
        Ok(Batch::new(&self.network, stimuli).labelled(labels))
    }

    /// A sample as it is augmented in an epoch, and what is beside it in the same way.
    fn augmented<'i>(&self, item: &'i Sample, at: [u32; 2]) -> Cow<'i, Sample> {
        let mut item = Cow::Borrowed(item);
        if let Some(distortion) = self.form.distortion() {
            item = Cow::Owned(distortion.of(&item, self.seed, at));
        }
        if let Some(most) = self.form.shift {
            item = Cow::Owned(shifted(&item, most, self.seed, at));
        }
        if self.form.input_dropout > 0.0 {
            item = Cow::Owned(thinned(&item, self.form.input_dropout, self.seed, at));
        }
        if let Cow::Owned(item) = &mut item {
            item.beside.iter_mut().for_each(|own| *own = self.augmented(own, at).into_owned());
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
        let (mut stimuli, mut labels) = (Vec::new(), Vec::new());
        for (number, item) in (first..).zip(items) {
            let shown = self.shown(item, number)?;
            labels.push(labels_of(&self.network, item, shown.steps)?);
            stimuli.push(shown);
        }
        Ok(Batch::new(&self.network, stimuli).labelled(labels))
    }
}

/// What is shown for a sample and for what is beside it.
fn shown(
    network: &Network,
    item: &Sample,
    number: u32,
    presentations: &[Presentation],
) -> Result<Stimulus, TrainError> {
    let mut stimulus = Stimulus::default();
    for (at, presentation) in presentations.iter().enumerate() {
        if let Some(own) = nth(item, at) {
            stimulus.join(present(network, own, number, presentation)?);
        }
    }
    Ok(stimulus)
}

/// A sample, or one of those beside it.
fn nth(item: &Sample, number: usize) -> Option<&Sample> {
    number.checked_sub(1).map_or(Some(item), |at| item.beside.get(at))
}

/// A recording on the whole sensor of its input: files do not always say how large it is.
fn on_sensor(data: &mut SampleData, shape: &[usize]) {
    if let SampleData::Events(events) = data {
        let [rows, columns] = match *shape {
            [.., rows, columns] => [rows, columns],
            [columns] => [1, columns],
            [] => return,
        };
        events.size = [columns, rows].map(|extent| u16::try_from(extent).unwrap_or(u16::MAX));
    }
}

/// The first key of augmentation that the samples do not allow, and why. Rows of values may be steps, and the labels of windows do
/// not move with them.
fn immovable(form: &TrainForm, items: &[Sample], has_windows: bool) -> Option<(&'static str, &'static str)> {
    let all = || items.iter().flat_map(|item| std::iter::once(item).chain(&item.beside));
    if has_windows
        && all().any(|item| !matches!(item.data, SampleData::Events(_)))
        && let Some(key) = form.moves()
    {
        return Some((key, "the classes of windows do not move with the values: take it out"));
    }
    let shift = || all().find_map(|item| Some(("shift", shift::refusal(item, form.shift?)?)));
    let key = if form.turn_degrees > 0.0 { "turn_degrees" } else { "stretch" };
    let distortion = || form.distortion().and_then(|_| all().find_map(|item| Some((key, distort::refusal(item)?))));
    let thins = form.input_dropout > 0.0;
    let thinning = || all().filter(|_| thins).find_map(|item| Some(("input_dropout", dropout::refusal(item)?)));
    shift().or_else(distortion).or_else(thinning)
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
