//! A network file that learns: its programs, its data, its stages, as a task for any device.

use crate::acting::Acting;
use crate::control::Control;
use crate::episodes::Episodes;
use crate::exchange::Exchange;
use crate::figures;
use crate::float_prototypes;
use crate::frozen::Frozen;
use crate::online::Online;
use crate::opening;
use crate::options::LearnerOptions;
use crate::plan::Planning;
use crate::presenter::Presenter;
use crate::requirements::Requirements;
use crate::trials::Trials;
use loihi_core::num::Fnv64;
use loihi_device::session::{Session, SessionError};
use loihi_net::network::Network;
use loihi_net::network::file::{self, FileError, FileOptions};
use loihi_place::neuron_map::NeuronMap;
use loihi_place::place::{Placed, place};
use loihi_plant::PlantSpec;
use loihi_run::inference::Inference;
use loihi_task::observer::Observer;
use loihi_task::samples::Samples;
use loihi_task::settings::{Settings, StageRun};
use loihi_task::task::{ExperimentError, Outcome, RunOptions, Task, conclude, refuse_stages_and_data, restore};
use loihi_task::{measure, spikes};
use loihi_twin::FloatTwin;
use std::path::{Path, PathBuf};

/// A network file that learns.
///
/// ```
/// use loihi_device::inproc::InProcess;
/// use loihi_device::session::{RetryPolicy, Session};
/// use loihi_learn::Learner;
/// use loihi_task::{NoObserver, RunOptions, Task as _};
/// use std::path::Path;
///
/// let text = r#"
///     steps = 60
///     input = [{ name = "image", shape = [8, 8] }]
///     population = [{ name = "hidden", shape = [32], decay_u = 819, decay_v = 410, v_th = 500 }]
///     connection = [{ from = "image", to = "hidden", weights = { normal = 10.0 } }]
///     snip = [
///         { kind = "bernoulli-encoder", full_scale = 32 },
///         { kind = "decolle", population = "hidden", classes = 10 },
///     ]
///     task = { data = "digits" }
/// "#;
/// let learner = Learner::parse(text, Path::new("digits.toml"))?;
/// let mut session = Session::open(Box::new(InProcess::default()), RetryPolicy::default(), 1, || false)?;
/// // Twenty digits of the training set, once, and twenty of the test set.
/// let options = RunOptions { samples: Some(20), ..RunOptions::default() };
/// let outcome = learner.run(&mut session, &options, &mut NoObserver)?;
/// assert_eq!((outcome.samples, outcome.metrics.get("accuracy_test").is_some()), (Some(40), true));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Learner {
    text: String,
    path: PathBuf,
    network: Network,
    settings: Settings,
    options: LearnerOptions,
}

impl Learner {
    /// Reads a network file.
    ///
    /// # Errors
    /// [`FileError`], or what is wrong with its `[task]`.
    pub fn read(path: &Path) -> Result<Self, ExperimentError> {
        let text = loihi_files::whole::text(path).map_err(|error| FileError::Read { path: path.to_owned(), error })?;
        Self::parse(&text, path)
    }

    /// From the text of a network file; `path` is for errors, and says where arrays are.
    ///
    /// # Errors
    /// As [`Learner::read`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, ExperimentError> {
        // Sizes that the file leaves to the data are not known yet.
        let network = file::parse_with(text, path, &FileOptions::default().data(vec![1], 1))?;
        let settings = Settings::of(&network)?;
        figures::check_names(&network, &settings.stages)?;
        Ok(Self { text: text.to_owned(), path: path.to_owned(), network, settings, options: LearnerOptions::default() })
    }

    /// The same with what a command says besides the file.
    ///
    /// # Errors
    /// What of it does not do, and what to do.
    pub fn options(mut self, options: LearnerOptions) -> Result<Self, ExperimentError> {
        for text in &options.stages {
            text.parse::<StageRun>().map_err(ExperimentError::Plan)?;
        }
        if !options.stages.is_empty() {
            self.settings.task.stages.clone_from(&options.stages);
            self.settings.stages.clear();
        }
        self.options = options;
        Ok(self)
    }

    /// The network, as the file has it.
    pub const fn network(&self) -> &Network {
        &self.network
    }

    /// What the file says of a run.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Settings in words, which differ where what is computed does.
    pub fn asked(&self) -> String {
        let mut hash = Fnv64::new();
        hash.bytes(self.text.as_bytes());
        hash.bytes(format!("{:?} {:?} {:?}", self.options.freeze, self.options.stages, self.options.steps).as_bytes());
        hash.bytes(format!("{:?} {:?}", self.options.input, self.options.placement).as_bytes());
        let test = self.options.test.as_ref().map_or_else(String::new, |test| format!(", test {}", test.display()));
        let shots = self.options.shots.map_or_else(String::new, |shots| format!(", shots {shots}"));
        let frozen = match &*self.options.freeze {
            [] => String::new(),
            names => format!(", frozen {}", names.join(" ")),
        };
        format!("network {:016x}{test}{shots}{frozen}", hash.finish())
    }

    /// A hash of all samples that it learns and is tested on, their contents included; nothing with a plant or trials.
    ///
    /// # Errors
    /// [`ExperimentError::Data`] and what else is wrong with them.
    pub fn samples_hash(&self, options: &RunOptions) -> Result<Option<u64>, ExperimentError> {
        if self.settings.plant.is_some() || !self.settings.spikes.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.samples(options)?.hash()))
    }

    /// The network of a run, with the sizes that it takes from its samples, and where it lies.
    ///
    /// # Errors
    /// [`ExperimentError`]: its samples cannot be read, or it does not fit the cores.
    pub fn placed(&self, options: &RunOptions) -> Result<(Network, Placed), ExperimentError> {
        let network = if self.settings.takes_samples() {
            self.network_of(&self.samples(options)?, options.seed)?
        } else {
            self.network_with(&FileOptions::default().seed(options.seed))?
        };
        let placed = place(&network, self.options.placement)?;
        Ok((network, placed))
    }

    /// The network for these samples and with a seed, without the rules of what is frozen.
    fn network_of(&self, samples: &Samples, seed: u32) -> Result<Network, ExperimentError> {
        self.network_with(&FileOptions::default().seed(seed).data(samples.shape(), samples.classes))
    }

    /// The network without the rules of what is frozen.
    fn network_with(&self, options: &FileOptions) -> Result<Network, ExperimentError> {
        let mut network = file::parse_with(&self.text, &self.path, options)?;
        if let Some(steps) = self.options.steps {
            network.steps = steps;
        }
        self.frozen().take_rules(&mut network);
        Ok(network)
    }

    /// What the command freezes.
    fn frozen(&self) -> Frozen<'_> {
        Frozen { names: &self.options.freeze, network: &self.network, settings: &self.settings }
    }

    /// Runs with its plant.
    fn control(
        &self,
        plant: &PlantSpec,
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        let mut plant = plant.open()?;
        plant.set_folder(self.path.parent().unwrap_or(Path::new("")));
        let network = file::parse_with(&self.text, &self.path, &FileOptions::default().seed(options.seed))?;
        let placed = place(&network, self.options.placement)?;
        let exchange = Exchange { network: &network, placed: &placed, settings: &self.settings };
        if self.settings.actions_from.is_some() {
            Acting { exchange }.run(&mut *plant, session, options, observer)
        } else if self.settings.task.episodes {
            Episodes { exchange }.run(&mut *plant, session, options, observer)
        } else {
            Control { exchange }.run(&mut *plant, session, options, observer)
        }
    }

    /// Runs trials of the spikes that the file gives.
    fn trials(
        &self,
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        refuse_stages_and_data(options)?;
        let network = self.network_with(&FileOptions::default().seed(options.seed))?;
        let placed = place(&network, self.options.placement)?;
        self.frozen().programs(&placed)?;
        let stimulus = spikes::stimulus(&network, &placed.programs, &self.settings.spikes)?;
        let measures = measure::of_network(&network, &placed, &self.settings.measures)?;
        observer.image(&placed.image, &NeuronMap::of_populations(&network, &placed).map_err(SessionError::from)?)?;
        let mut inference = Inference::new(session, &network, &placed)?;
        if let Some(learned) = &options.learned {
            restore(learned, &placed.image, inference.session())?;
        }
        let task = &self.settings.task;
        Trials { network: &network, placed: &placed, task, stimulus, measures }.run(&mut inference, options, observer)
    }

    fn samples(&self, options: &RunOptions) -> Result<Samples, ExperimentError> {
        opening::samples(&self.settings, &self.network, self.path.parent(), &self.options, options)
    }
}

impl Task for Learner {
    fn run(
        &self,
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        if let Some(plant) = &self.settings.plant {
            return self.control(plant, session, options, observer);
        }
        if !self.settings.spikes.is_empty() {
            return self.trials(session, options, observer);
        }
        let samples = self.samples(options)?;
        let network = self.network_of(&samples, options.seed)?;
        let placed = place(&network, self.options.placement)?;
        let presenter = Presenter::new(&network, &placed, self.options.input.as_deref(), self.options.steps)?;
        let frozen = self.frozen().programs(&placed)?;
        let planning = Planning {
            settings: &self.settings,
            samples: &samples,
            programs: &placed.programs,
            frozen: &frozen,
            seed: options.seed,
            epochs: options.epochs,
            is_shortened: options.samples.is_some(),
        };
        let stages = planning.stages()?;
        let requirements =
            Requirements { settings: &self.settings, file: &self.network, network: &network, placed: &placed };
        requirements.check(&samples, &presenter, &stages, !self.options.freeze.is_empty())?;
        if self.settings.task.float_twin {
            FloatTwin::check(&placed)?;
        }
        let twin = self.settings.task.float_prototypes.as_ref();
        let twin = twin.map(|name| float_prototypes::population_of(&network, name)).transpose()?;
        let image = &placed.image;
        observer.image(image, &NeuronMap::of_populations(&network, &placed).map_err(SessionError::from)?)?;
        tell(&samples, options, observer);
        let mut inference = Inference::new(session, &network, &placed)?;
        if let Some(learned) = &options.learned {
            restore(learned, image, inference.session())?;
        }
        let online =
            Online { placed: &placed, presenter, settings: &self.settings, samples: &samples, stages: &stages };
        let scores = online.run(&mut inference, options, observer)?;
        let values = stages.iter().find_map(|stage| online.judge().values(stage));
        let (mut metrics, tables) = figures::of_run(&self.settings.task.metrics, &stages, values, &scores);
        if let Some(population) = twin {
            let stop = inference.session().stop();
            let accuracy = float_prototypes::accuracy(&online, &network, population, stop, observer)?;
            metrics.extend(accuracy.map(|accuracy| ("accuracy_test_float", accuracy)));
        }
        if self.settings.task.float_twin {
            metrics.extend(online.float(inference.session().stop(), observer)?);
        }
        metrics.publish(&self.settings.task.published);
        let digest = session.digest()?;
        let outcome = conclude(session, image, observer, metrics, vec![digest])?;
        let (untested, scale) = (figures::untested(&stages, values), samples.scale());
        let samples = Some(scores.iter().map(|score| score.samples as u64).sum());
        let steps = scores.iter().map(|score| score.ops.steps).sum();
        Ok(Outcome { tables, untested, steps, samples, scale, ..outcome })
    }
}

/// Tells who follows a run how samples are scaled, and what is odd about them.
fn tell(samples: &Samples, options: &RunOptions, observer: &mut dyn Observer) {
    samples.scale().into_iter().for_each(|scale| observer.scale(scale));
    samples.legends.iter().filter_map(|legend| legend.misfit.as_deref()).for_each(|what| observer.warn(what));
    let is_whole = options.learned.is_none() && options.samples.is_none();
    if let Some(what) = samples.odd_classes().filter(|_| is_whole) {
        observer.warn(&what);
    }
}
