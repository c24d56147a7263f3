//! A network file that learns: its programs, its data, its stages, as a task for any device.

use crate::acting::Acting;
use crate::afterwards::Afterwards;
use crate::control::Control;
use crate::episodes::Episodes;
use crate::exchange::Exchange;
use crate::figures;
use crate::float_prototypes;
use crate::observer::Observer;
use crate::online::Online;
use crate::plan::Planning;
use crate::presenter::Presenter;
use crate::samples::Samples;
use crate::sets::Wanted;
use crate::settings::{Settings, StageRun, StagesBy};
use crate::stage::Stage;
use crate::task::{ExperimentError, Outcome, RunOptions, Task, conclude, refuse_stages_and_data, restore};
use crate::trials::Trials;
use crate::{measure, spikes};
use loihi_core::image::{CHIP_EXPONENT_MIN, EXPONENTS, Image, Target};
use loihi_core::num::Fnv64;
use loihi_device::session::{Session, SessionError};
use loihi_net::network::file::{self, FileError, FileOptions};
use loihi_net::network::{Endpoint, Network};
use loihi_place::neuron_map::NeuronMap;
use loihi_place::place::{Placed, PlacementOptions, place};
use loihi_plant::PlantSpec;
use loihi_run::inference::present::input_of;
use loihi_run::inference::{Inference, scale};
use loihi_run::record::score::Score;
use loihi_snip::TEACHER;
use loihi_twin::FloatTwin;
use std::path::{Path, PathBuf};

/// A network file that learns.
///
/// ```
/// use loihi_device::inproc::InProcess;
/// use loihi_device::session::{RetryPolicy, Session};
/// use loihi_learn::{Learner, NoObserver, RunOptions, Task as _};
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

/// What a command says besides the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LearnerOptions {
    /// Data to test on, if they are not part of the others.
    pub test: Option<PathBuf>,
    /// Populations and programs that do not learn.
    pub freeze: Vec<String>,
    /// Runs class after class, instead of the file's; see [`StageRun`].
    pub stages: Vec<String>,
    /// Samples of each class that are learned; all if it is `None`. Which ones follows from the seed.
    pub shots: Option<usize>,
    /// Steps of a sample, if not the network's own.
    pub steps: Option<u32>,
    /// The input to which samples are shown, if there are several.
    pub input: Option<String>,
    /// How the network is spread over cores.
    pub placement: PlacementOptions,
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
        for at in self.options.freeze.iter().filter_map(|name| self.population_of(name)) {
            if self.population_of(TEACHER) == Some(at) {
                network.run.teacher = None;
            }
            for connection in network.connections.iter_mut().filter(|connection| connection.to == at) {
                connection.learning = None;
            }
        }
        Ok(network)
    }

    /// The population of a name, by its place in the network's list; of `teacher` that which it teaches.
    fn population_of(&self, name: &str) -> Option<usize> {
        let taught = self.settings.teacher.as_ref().filter(|_| name == TEACHER);
        match self.network.find(taught.map_or(name, |form| &form.population)) {
            Some(Endpoint::Population(at)) => Some(at),
            _ => None,
        }
    }

    /// Programs that do not learn, by their places among the ports.
    fn frozen(&self, network: &Network, placed: &Placed) -> Result<Vec<usize>, ExperimentError> {
        let ports = &placed.programs.ports;
        let mut frozen = Vec::new();
        for name in &self.options.freeze {
            let population = self.population_of(name);
            let own = |port: &loihi_snip::Port| {
                port.name == *name
                    || population.is_some_and(|at| port.populations.contains(&at) && !port.target.is_empty())
            };
            let found: Vec<usize> = (0..ports.len()).filter(|at| own(&ports[*at])).collect();
            for port in found.iter().map(|at| &ports[*at]).filter(|port| port.name != *name) {
                let names = port.populations.iter().map(|at| network.name_of(Endpoint::Population(*at)));
                let others: Vec<&str> =
                    names.filter(|other| !self.options.freeze.iter().any(|own| own == other)).collect();
                if !others.is_empty() {
                    let what = format!(
                        "`{}` learns `{name}` together with {}: freeze these as well, or take `{name}` out of its `populations`",
                        port.name,
                        others.join(", ")
                    );
                    return Err(ExperimentError::Plan(what));
                }
            }
            if found.is_empty() && population.is_none() {
                let populations = network.populations.iter().map(|own| own.name.as_str());
                let all: Vec<&str> = populations.chain(ports.iter().map(|port| port.name.as_str())).collect();
                let what = format!("nothing is called `{name}`: freeze one of {}", all.join(", "));
                return Err(ExperimentError::Plan(what));
            }
            frozen.extend(found);
        }
        Ok(frozen)
    }

    /// Whether what the file asks for is possible with this network, and these samples.
    fn check(
        &self,
        network: &Network,
        placed: &Placed,
        samples: &Samples,
        presenter: &Presenter<'_>,
    ) -> Result<(), ExperimentError> {
        let require = |holds: bool, what: String| if holds { Ok(()) } else { Err(ExperimentError::Plan(what)) };
        let task = &self.settings.task;
        let divided = [task.predict_steps, task.learn_steps].map(|steps| steps.is_some());
        require(
            divided[0] == divided[1],
            "give both `predict_steps` and `learn_steps` in [task], or neither".to_owned(),
        )?;
        if let Some([predict, learn]) = self.settings.divided() {
            let both = u32::from(predict) + u32::from(learn);
            let what = format!(
                "`steps` of {} do nothing beside `predict_steps` and `learn_steps`, which are {both}: leave them out",
                network.steps
            );
            require(network.steps == 0 || network.steps == both, what)?;
        }
        if let Some(port) = placed.programs.ports.iter().find(|port| !port.output.is_empty()) {
            let what = format!("[readout] does nothing beside the answer of `{}`: take it out", port.name);
            require(network.readout.is_none(), what)?;
        }
        let what = "a network that learns online has one answer a sample: take `window_steps` and `per_pixel` out of [readout]";
        require(network.readout.is_none_or(|readout| readout.is_single()), what.to_owned())?;
        let is_plain = presenter.is_plain() && Afterwards::new(&self.settings).is_empty();
        let what =
            "`predict_steps` and `learn_steps` need an input that a `[[snip]]` encodes, and no [reward] or [teacher]";
        require(!divided[0] || is_plain, what.to_owned())?;
        let steps = self.settings.divided().map(|[predict, learn]| u32::from(predict) + u32::from(learn));
        if let Some(steps) = steps.or(presenter.steps()).map(|steps| steps.saturating_add(network.late_steps)) {
            for port in &placed.programs.ports {
                let least = port.steps_least;
                let what =
                    format!("a sample has {steps} steps, and `{}` learns only after {least}: give more", port.name);
                require(steps >= least, what)?;
            }
        }
        // What is frozen counts, too.
        Afterwards::new(&self.settings).check(&self.network, &placed.programs, samples)
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
        self.frozen(&network, &placed)?;
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

    /// A file that the network file names: beside it, if it is there.
    fn beside(&self, name: &str) -> String {
        let beside = self.path.parent().map(|folder| folder.join(name)).filter(|path| path.exists());
        beside.map_or_else(|| name.to_owned(), |path| path.display().to_string())
    }

    fn samples(&self, options: &RunOptions) -> Result<Samples, ExperimentError> {
        let mut task = self.settings.task.clone();
        for name in [&mut task.data, &mut task.test].into_iter().flatten() {
            *name = self.beside(name);
        }
        let mut runs = task.stages.iter().filter_map(|text| text.parse::<StageRun>().ok());
        let column = runs.find_map(|run| match run.by {
            StagesBy::Column(name) => Some(name),
            StagesBy::Class(_) => None,
        });
        let test = self.options.test.as_deref().or(task.test.as_deref().map(Path::new));
        let reals = loihi_snip::takes_reals(&self.network);
        let input = input_of(&self.network, self.options.input.as_deref());
        // Without an input the table is only checked.
        let scale = scale::of(&self.network, input.unwrap_or(usize::MAX))?;
        if let Some(section) = self.network.run.scale.as_ref().filter(|_| reals) {
            return Err(section
                .error("scale", "", "its programs take numbers as they are: leave the table out")
                .into());
        }
        let wanted = Wanted { reals, column: column.as_deref(), test, stream: task.stream, scale, ..Wanted::default() };
        Samples::open(&task, options, wanted)?.select(options, task.validation_samples, self.options.shots)
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
        let frozen = self.frozen(&network, &placed)?;
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
        check_rates(&stages, &placed)?;
        presenter.check(&network, &samples)?;
        self.check(&network, &placed, &samples, &presenter)?;
        if self.settings.task.float_twin {
            FloatTwin::check(&placed)?;
        }
        let twin = &self.settings.task.float_prototypes;
        let twin = twin.as_ref().map(|name| float_prototypes::population_of(&network, name)).transpose()?;
        let has_rules = network.connections.iter().any(|own| own.learning.is_some());
        if let Some(stage) = stages.iter().find(|stage| stage.learns && stage.taught.is_empty() && !has_rules) {
            let what = if self.options.freeze.is_empty() {
                "the network has nothing that learns: add a `[[snip]]`, or `[connection.learning]`"
            } else {
                "everything that could learn is frozen: leave out a --freeze"
            };
            return Err(ExperimentError::Plan(format!("{}: {what}", stage.name)));
        }
        let image = &placed.image;
        observer.image(image, &NeuronMap::of_populations(&network, &placed).map_err(SessionError::from)?)?;
        samples.scale().into_iter().for_each(|scale| observer.scale(scale));
        samples.legends.iter().filter_map(|legend| legend.misfit.as_deref()).for_each(|what| observer.warn(what));
        let is_whole = options.learned.is_none() && options.samples.is_none();
        if let Some(what) = loihi_data::classes_missing(&samples.training).filter(|_| is_whole) {
            observer.warn(&format!("{}: {what}", samples.name));
        }
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
        Ok(Outcome {
            tables,
            untested: figures::untested(&stages, values),
            steps: scores.iter().map(|score: &Score| score.ops.steps).sum(),
            samples: Some(scores.iter().map(|score| score.samples as u64).sum()),
            scale: samples.scale(),
            ..outcome
        })
    }
}

/// Whether the rate of every program can be halved as often as its stages want.
fn check_rates(stages: &[Stage], placed: &Placed) -> Result<(), ExperimentError> {
    let image = placed.image.open().map_err(SessionError::from)?;
    for stage in stages.iter().filter(|stage| stage.halvings > 0) {
        for port in stage.taught.iter().filter_map(|at| placed.programs.ports.get(*at)) {
            let of_cores = || port.rates.iter().filter_map(|group| halvings_most(&image, *group)).min();
            let most = port.rate_least.map(i32::unsigned_abs).or_else(of_cores).unwrap_or(0);
            if stage.halvings > most {
                let what = format!(
                    "{} wants the rate of `{}` halved {} times, and it takes {most}: give a smaller \
                     `rate_halvings_per_epoch`, fewer epochs, or a smaller shift",
                    stage.name, port.name, stage.halvings
                );
                return Err(ExperimentError::Plan(what));
            }
        }
    }
    Ok(())
}

/// How often the rate of a plastic group's rule can be halved: down to the least exponent of the chip, if it keeps to the chip.
fn halvings_most(image: &Image<'_>, group: u32) -> Option<u32> {
    let group = image.learning_group(group as usize)?;
    let of_weights = image.products(&group).filter(|product| product.target == Target::Weight);
    let least = |exponent: i32| if exponent < CHIP_EXPONENT_MIN { *EXPONENTS.start() } else { CHIP_EXPONENT_MIN };
    of_weights.map(|product| product.exponent.abs_diff(least(product.exponent))).min()
}
