//! A run of trials: the network is shown the same spikes again and again, and what its weights change by is measured.
//!
//! `[[spikes]]` says when inputs spike in a trial, `[[measure]]` which weights are averaged. Every trial begins with the network
//! at rest; weights stay. With `float_twin` the rules of what is measured also run in double precision on the same spikes.

use loihi_core::register::Register;
use loihi_device::session::Session;
use loihi_net::network::{Endpoint, Network};
use loihi_place::place::Placed;
use loihi_run::inference::{Inference, Lesson, Spike, Stimulus};
use loihi_task::measure::{Measure, of_twin};
use loihi_task::metrics::Metrics;
use loihi_task::observer::{MetricsRow, Observer, Running};
use loihi_task::settings::TaskForm;
use loihi_task::sizes;
use loihi_task::task::{ExperimentError, Outcome, RunOptions, conclude};
use loihi_twin::RuleTwin;
use std::collections::BTreeMap;

/// A placed network, what it is shown in a trial, and what is measured.
#[derive(Debug)]
pub struct Trials<'n> {
    /// The network.
    pub network: &'n Network,
    /// Where it is.
    pub placed: &'n Placed,
    /// Trials of a pass, whether float twins run beside, the order of figures.
    pub task: &'n TaskForm,
    /// What it is shown.
    pub stimulus: Stimulus,
    /// What is measured.
    pub measures: Vec<Measure<'n>>,
}

/// What came of a measure: by row, on the device and in double precision.
struct Measured<'m> {
    measure: &'m Measure<'m>,
    means: Vec<f64>,
    means_float: Option<Vec<f64>>,
}

impl Trials<'_> {
    /// Runs all trials on a device that has loaded the network.
    ///
    /// A row of metrics for each row of the measures: their columns, then every measure's mean by its name, with the one of its
    /// float twin as `NAME_float`. Figures of the run: those that the measures name, or else `largest_NAME`, the largest mean;
    /// with float twins `largest_difference` and `rms_difference` of all means.
    ///
    /// # Errors
    /// [`ExperimentError`].
    pub fn run(
        &self,
        inference: &mut Inference<'_>,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        let trials = sizes::in_all("trials", self.task.trials as usize, options.epochs.unwrap_or(self.task.epochs))?;
        let trials = u32::try_from(trials).unwrap_or(u32::MAX);
        let before = inference.session().read(Register::W)?;
        let mut twins = self.twins(inference.session())?;
        inference.set_learning(true);
        let mut digests = Vec::new();
        for trial in 0..trials {
            if twins.is_empty() {
                let lesson = Lesson { reset: true, learn: true, ..Lesson::default() };
                inference.teach(&self.stimulus, &lesson)?;
            } else {
                let mut spikes = Vec::new();
                inference.run(&self.stimulus, |spike| spikes.push(spike))?;
                for (connection, twin) in &mut twins {
                    self.follow(*connection, twin, &spikes);
                }
            }
            let (done, total) = (u64::from(trial + 1), u64::from(trials));
            observer.progress(&Running { done, total, ..Running::default() });
            if (trial + 1) % self.task.trials == 0 {
                digests.push(inference.session().digest()?);
            }
        }
        let session = inference.session();
        let weights = session.read(Register::W)?;
        let measured: Vec<Measured<'_>> = self
            .measures
            .iter()
            .map(|measure| Measured {
                measure,
                means: measure.of(|number| measure.word(&weights, number), &before, trials),
                means_float: twins
                    .get(&measure.connection)
                    .map(|twin| measure.of(|number| twin.weight(number), &before, trials)),
            })
            .collect();
        let digest = session.digest()?.total();
        for (pass, metrics) in (1..).zip(rows(&measured)) {
            observer.row(&MetricsRow { pass, stage: None, metrics, digest })?;
        }
        let mut metrics = figures(&measured).ordered(&self.task.metrics);
        metrics.publish(&self.task.published);
        conclude(session, &self.placed.image, observer, metrics, digests)
    }

    /// By connection that is measured: its rule in double precision, from the weights of the device on.
    fn twins(&self, session: &mut Session) -> Result<BTreeMap<usize, RuleTwin>, ExperimentError> {
        let mut twins = BTreeMap::new();
        if !self.task.float_twin {
            return Ok(twins);
        }
        let variables: [Vec<i32>; 3] =
            [session.read(Register::W)?, session.read(Register::T)?, session.read(Register::D)?];
        let t = session.digest()?.t;
        for measure in &self.measures {
            let connection = &self.network.connections[measure.connection];
            let population = &self.network.populations[connection.to];
            let plain = population.compartments.len() == 1 && self.placed.programs.words[1] == 0;
            let learning = connection.learning.as_ref().filter(|_| plain).ok_or_else(|| {
                let what =
                    "`float_twin` supports only the cores' own rules and single-compartment neurons: leave it out";
                ExperimentError::Plan(what.to_owned())
            })?;
            let of = |number: usize| variables.each_ref().map(|words| measure.word(words, number));
            let own = (0..measure.synapses.len()).map(of).collect();
            let ends = [connection.from, Endpoint::Population(connection.to)];
            let ends = ends.map(|end| loihi_net::network::size(self.network.shape_of(end)));
            let twin = RuleTwin::new(learning, measure.synapses.clone(), own, ends, t);
            twins.insert(measure.connection, twin.map_err(ExperimentError::Plan)?);
        }
        Ok(twins)
    }

    /// Takes a twin through the steps of a trial; `spikes` are those of the network, ascending by step.
    fn follow(&self, connection: usize, twin: &mut RuleTwin, spikes: &[Spike]) {
        let connection = &self.network.connections[connection];
        let of = |step: u32, population: usize| {
            let first = spikes.partition_point(|spike| spike.step < step);
            let own = spikes.get(first..).unwrap_or_default().iter().take_while(move |spike| spike.step == step);
            own.filter(move |spike| spike.population == population).map(|spike| spike.neuron)
        };
        twin.reset();
        let mut inputs = self.stimulus.spikes.iter().peekable();
        for step in 0..self.stimulus.steps {
            let mut arrived = Vec::new();
            while let Some((_, input, element)) = inputs.next_if(|(at, ..)| *at <= step) {
                if connection.from == Endpoint::Input(*input) {
                    arrived.push(*element);
                }
            }
            if let (Endpoint::Population(from), Some(before)) = (connection.from, step.checked_sub(1)) {
                arrived.extend(of(before, from));
            }
            twin.step(arrived, of(step, connection.to));
        }
    }
}

/// A row of metrics for each row of the measures that have several.
fn rows<'m>(measured: &'m [Measured<'m>]) -> impl Iterator<Item = Metrics> + 'm {
    let by_row = move || measured.iter().filter(|own| own.measure.form.by.is_some());
    let count = by_row().map(|own| own.measure.rows).max().unwrap_or(0);
    (0..count).map(move |row| {
        let mut metrics = Metrics::new();
        for (name, numbers) in by_row().flat_map(|own| &own.measure.columns) {
            metrics.extend(numbers.get(row).map(|number| ((*name).to_owned(), *number)));
        }
        for Measured { measure, means, means_float } in by_row() {
            let name = &measure.form.name;
            metrics.extend(means.get(row).map(|mean| (name.clone(), *mean)));
            let mean_float = means_float.as_ref().and_then(|means| means.get(row));
            metrics.extend(mean_float.map(|mean| (of_twin(name), *mean)));
        }
        metrics
    })
}

/// The figures of the run.
fn figures(measured: &[Measured<'_>]) -> Metrics {
    let mut metrics = Metrics::new();
    let (mut largest, mut squares, mut count) = (0.0_f64, 0.0, 0.0);
    for Measured { measure, means, means_float } in measured {
        if let Some(name) = measure.form.figure_of_trials() {
            let largest = |means: &[f64]| means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let largest_float = means_float.as_ref().map(|means| (of_twin(&name), largest(means)));
            metrics.push(name, largest(means));
            metrics.extend(largest_float);
        }
        for (name, row) in &measure.form.figures {
            metrics.extend(means.get(*row as usize).map(|mean| (name.clone(), *mean)));
        }
        for (mean, mean_float) in means.iter().zip(means_float.iter().flatten()) {
            largest = largest.max((mean - mean_float).abs());
            squares += (mean - mean_float).powi(2);
            count += 1.0;
        }
    }
    if count > 0.0 {
        metrics.extend([("largest_difference", largest), ("rms_difference", (squares / count).sqrt())]);
    }
    metrics
}
