//! Runs a placed network on a device, a sample at a time, and reads its answer.

pub mod answers;
mod encoded;
mod error;
pub mod fed;
pub mod known;
pub mod labels;
pub mod present;
mod presentation;
pub mod scale;
mod score;
pub mod span;

pub use answers::{answer, winner};

use known::tell_known;
use loihi_core::register::Register;
use loihi_core::wire::message::{Record, Report};
use loihi_device::sample::Stretch;
use loihi_device::session::{Session, SessionError};
use loihi_net::network::{Entry, Network};
use loihi_place::neuron_map::NeuronMap;
use loihi_place::place::Placed;
use std::ops::Range;

/// What a network is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stimulus {
    /// Steps to compute.
    pub steps: u32,
    /// Spikes: step from 0, input by its place in the network's list, element of it; ascending by step. One of step t
    /// counts in step t.
    pub spikes: Vec<(u32, usize, usize)>,
    /// Biases: an input that sets them, and a value for each of its elements, −4095 · 128 to 4095 · 128.
    pub biases: Vec<(usize, Vec<i32>)>,
    /// Values of an input whose spikes or biases the embedded CPU makes, as its program takes them: step from which they hold,
    /// input, a value for each of its elements (and two words that name the sample, if its program draws); ascending by step.
    pub values: Vec<(u32, usize, Vec<i16>)>,
}

impl Stimulus {
    /// Silence for a number of steps.
    pub fn new(steps: u32) -> Self {
        Self { steps, ..Self::default() }
    }

    /// The same with spikes: step from 0, input by its place in the network's list, element of it; in any order.
    #[must_use]
    pub fn spikes(mut self, spikes: impl IntoIterator<Item = (u32, usize, usize)>) -> Self {
        self.spikes.extend(spikes);
        self.spikes.sort_by_key(|(step, ..)| *step);
        self
    }

    /// The same with biases: an input that sets them, and a value for each of its elements, −4095 · 128 to 4095 · 128.
    #[must_use]
    pub fn biases(mut self, input: usize, biases: impl Into<Vec<i32>>) -> Self {
        self.biases.push((input, biases.into()));
        self
    }

    /// The same with values in Q3.12 that an input takes from a step on, one for each of its elements.
    #[must_use]
    pub fn values(mut self, step: u32, input: usize, values: impl Into<Vec<i16>>) -> Self {
        self.values.push((step, input, values.into()));
        self.values.sort_by_key(|(step, ..)| *step);
        self
    }

    /// What is shown in some of its steps, counted from the first of them, after what is shown before.
    #[must_use]
    pub fn part(&self, steps: Range<u32>) -> Self {
        let spikes = self.spikes.iter().filter(|(step, ..)| steps.contains(step));
        let values = self.values.iter().filter(|(step, ..)| steps.contains(step));
        Self {
            steps: steps.end.saturating_sub(steps.start),
            spikes: spikes.map(|(step, input, element)| (step - steps.start, *input, *element)).collect(),
            biases: if steps.start == 0 { self.biases.clone() } else { Vec::new() },
            values: values.map(|(step, input, own)| (step - steps.start, *input, own.clone())).collect(),
        }
    }

    /// Adds what another input is shown at the same time.
    pub fn join(&mut self, other: Self) {
        self.steps = self.steps.max(other.steps);
        self.spikes.extend(other.spikes);
        self.spikes.sort_by_key(|(step, ..)| *step);
        self.biases.extend(other.biases);
        self.values.extend(other.values);
        self.values.sort_by_key(|(step, ..)| *step);
    }
}

/// How a sample is shown, and what is taught with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lesson<'l> {
    /// Whether the network starts from the state of rest.
    pub reset: bool,
    /// Whether rules learn.
    pub learn: bool,
    /// Words of the target mailbox; empty: it stays as it is.
    pub target: &'l [i16],
    /// A slot of the replay buffer, plus 1, in which the sample is kept; 0: none.
    pub keep: u16,
    /// A slot of the replay buffer, plus 1, from which the sample is taken instead; 0: none.
    pub recall: u16,
}

/// A spike of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spike {
    /// Step from the start of the sample.
    pub step: u32,
    /// The population, by its place in the network's list.
    pub population: usize,
    /// The neuron.
    pub neuron: usize,
}

/// Why a sample was not computed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InferenceError {
    /// The device did not do what it was asked.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The stimulus is for another network.
    #[error("input {input} has no element {element} (spike at step {step})")]
    Input {
        /// Its step.
        step: u32,
        /// The input.
        input: usize,
        /// The element.
        element: usize,
    },
    /// There are too many inputs for a message.
    #[error("the network has more than 65,536 external inputs: a message cannot number them")]
    Inputs,
    /// Values or biases for an input that takes none, or has another size.
    #[error("{found} values for input {input}, which takes {expected}")]
    Biases {
        /// The input.
        input: usize,
        /// How many it takes.
        expected: usize,
        /// How many are given.
        found: usize,
    },
}

/// Steps in which the stimulus stays the same.
struct HeldStimulus {
    /// The stimulus from the first of them on; empty: it stays as it was.
    stimulus: Vec<u8>,
    steps: u16,
}

/// A network on a device that both belong to others; a [`Runner`](crate::runner::Runner) owns them.
#[derive(Debug)]
pub struct Inference<'r> {
    pub(crate) session: &'r mut Session,
    pub(crate) network: &'r Network,
    pub(crate) placed: &'r Placed,
    /// Bias register of the whole chip as it is on the device.
    pub(crate) bias: Vec<i32>,
    /// The stimulus mailbox as it is on the device.
    pub(crate) stimulus: Vec<i16>,
    /// Whether learning rules change weights.
    pub(crate) learns: bool,
}

impl<'r> Inference<'r> {
    /// Loads a network on a device. It does not learn unless [`Inference::set_learning`] says so.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn new(session: &'r mut Session, network: &'r Network, placed: &'r Placed) -> Result<Self, InferenceError> {
        let neuron_map = NeuronMap::of_populations(network, placed).map_err(SessionError::from)?;
        session.load_as(&placed.image, &neuron_map)?;
        tell_known(session, placed)?;
        let stimulus = placed.programs.stimulus();
        let mut inference = Self { session, network, placed, bias: Vec::new(), stimulus, learns: false };
        inference.restored()?;
        Ok(inference)
    }

    /// All state of the device is another one than before, as that of a resumed run: what is known of it is read
    /// again. The next sample is to start from rest.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn restored(&mut self) -> Result<(), InferenceError> {
        if self.network.inputs.iter().any(|input| matches!(input.entry, Entry::Bias { .. })) {
            self.bias = self.session.read(Register::Bias)?;
        }
        Ok(())
    }

    /// Whether the network's learning rules change weights from the next sample on.
    pub fn set_learning(&mut self, learns: bool) {
        self.learns = learns;
    }

    /// The device.
    pub fn session(&mut self) -> &mut Session {
        self.session
    }

    /// Computes a sample from the state of rest, and hands every spike to `visit`, ascending by step and compartment.
    ///
    /// # Errors
    /// [`InferenceError`].
    pub fn run(&mut self, stimulus: &Stimulus, visit: impl FnMut(Spike)) -> Result<(), InferenceError> {
        self.show(stimulus, true, visit)
    }

    /// Computes a sample from the state in which the last one has left the network.
    ///
    /// # Errors
    /// [`InferenceError`].
    pub fn go_on(&mut self, stimulus: &Stimulus, visit: impl FnMut(Spike)) -> Result<(), InferenceError> {
        self.show(stimulus, false, visit)
    }

    fn show(&mut self, stimulus: &Stimulus, reset: bool, mut visit: impl FnMut(Spike)) -> Result<(), InferenceError> {
        let map = &self.placed.map;
        let lesson = Lesson { reset, learn: self.learns, ..Lesson::default() };
        self.compute(stimulus, &lesson, Report::Spikes, |step, compartment| {
            if let Some((population, neuron)) = map.sender(compartment) {
                visit(Spike { step, population, neuron });
            }
        })?;
        Ok(())
    }

    /// Computes a sample and returns what the report asks for; spikes go to `visit`, step and compartment.
    fn compute(
        &mut self,
        stimulus: &Stimulus,
        lesson: &Lesson<'_>,
        report: Report,
        visit: impl FnMut(u32, u32),
    ) -> Result<Vec<i32>, InferenceError> {
        let target: Vec<u8> = lesson.target.iter().flat_map(|word| word.to_le_bytes()).collect();
        let mut mailbox = if lesson.reset { self.placed.programs.stimulus() } else { self.stimulus.clone() };
        let rows = self.rows(stimulus, &mut mailbox)?;
        let spikes = self.external_spikes(stimulus, &rows)?;
        // Nothing of a stimulus that is refused is kept.
        let changed = self.keep_biases(&stimulus.biases)?;
        self.stimulus = mailbox;
        let mut biases: Vec<u8> =
            self.bias.get(changed.clone()).unwrap_or_default().iter().flat_map(|bias| bias.to_le_bytes()).collect();
        if biases.len() + 2 * self.stimulus.len() > self.session.identity().data_bytes / 2 {
            // More than a message holds beside the rest of the sample.
            self.session.write(Register::Bias, changed.start, &self.bias[changed.clone()])?;
            biases.clear();
        }
        let first = changed.start;
        let stretches: Vec<Stretch<'_>> = (0..)
            .zip(rows.iter().zip(&spikes))
            .map(|(number, (row, spikes))| {
                let begins = number == 0;
                let record = Record {
                    reset: lesson.reset && begins,
                    learn: lesson.learn,
                    steps: row.steps,
                    keep: if begins { lesson.keep } else { 0 },
                    recall: if begins { lesson.recall } else { 0 },
                    target: if begins { &target } else { &[] },
                    bias_first: if begins { u32::try_from(first).unwrap_or(u32::MAX) } else { 0 },
                    biases: if begins { &biases } else { &[] },
                    stimulus: &row.stimulus,
                    ..Record::PLAIN
                };
                Stretch { record, spikes }
            })
            .collect();
        Ok(self.session.sample(&stretches, report, visit)?)
    }

    /// The runs of steps in which the stimulus stays the same, none longer than a record allows; `mailbox` is
    /// what the stimulus mailbox holds before the first and after the last one.
    fn rows(&self, stimulus: &Stimulus, mailbox: &mut [i16]) -> Result<Vec<HeldStimulus>, InferenceError> {
        let mut rows = Vec::new();
        let mut values = stimulus.values.iter().peekable();
        let mut step = 0;
        loop {
            // A reset empties the mailbox, inputs that always have the same value included.
            let is_held = step == 0 && self.placed.programs.stimuli.iter().any(|port| port.held.is_some());
            let bytes = |mailbox: &[i16]| mailbox.iter().flat_map(|value| value.to_le_bytes()).collect();
            let mut fresh: Vec<u8> = if is_held { bytes(mailbox) } else { Vec::new() };
            while let Some((_, input, values)) = values.next_if(|(at, ..)| *at <= step) {
                self.set_values(mailbox, *input, values)?;
                fresh = bytes(mailbox);
            }
            let until = values.peek().map_or(stimulus.steps, |(at, ..)| (*at).min(stimulus.steps));
            let steps = until.saturating_sub(step).min(u32::from(u16::MAX));
            rows.push(HeldStimulus { stimulus: fresh, steps: u16::try_from(steps).unwrap_or(u16::MAX) });
            step += steps;
            if step >= stimulus.steps {
                return Ok(rows);
            }
        }
    }

    /// The spikes of each row, with steps counted from its first.
    fn external_spikes(
        &self,
        stimulus: &Stimulus,
        rows: &[HeldStimulus],
    ) -> Result<Vec<Vec<(u16, u16)>>, InferenceError> {
        let mut rest = stimulus.spikes.iter().peekable();
        let (mut spikes, mut first) = (Vec::new(), 0);
        for row in rows {
            let (mut own, end) = (Vec::new(), first + u32::from(row.steps));
            while let Some((step, input, element)) = rest.next_if(|(at, ..)| *at < end) {
                let at = u16::try_from(step.saturating_sub(first)).unwrap_or(u16::MAX);
                own.push((at, self.external(*step, *input, *element)?));
            }
            spikes.push(own);
            first = end;
        }
        Ok(spikes)
    }

    /// The number of an element on the chip.
    fn external(&self, step: u32, input: usize, element: usize) -> Result<u16, InferenceError> {
        let found = self
            .network
            .inputs
            .get(input)
            .filter(|found| found.entry == Entry::Spikes && element < loihi_net::network::size(&found.shape));
        let number = found.and_then(|_| self.placed.map.input(input, element));
        let number = number.ok_or(InferenceError::Input { step, input, element })?;
        u16::try_from(number).map_err(|_| InferenceError::Inputs)
    }

    /// The population whose biases an input sets, if these are as many as it has neurons.
    fn biased(&self, input: usize, values: &[i32]) -> Result<usize, InferenceError> {
        let entry = self.network.inputs.get(input).map(|input| &input.entry);
        let population = match entry {
            Some(Entry::Bias { population, .. }) => *population,
            _ => usize::MAX,
        };
        let expected = self.network.populations.get(population).map_or(0, loihi_net::network::Population::neurons);
        if values.len() != expected || expected == 0 {
            return Err(InferenceError::Biases { input, expected, found: values.len() });
        }
        Ok(population)
    }

    /// Keeps new biases, all or none; returns the compartments that have one.
    fn keep_biases(&mut self, biases: &[(usize, Vec<i32>)]) -> Result<Range<usize>, InferenceError> {
        let populations: Vec<usize> =
            biases.iter().map(|(input, values)| self.biased(*input, values)).collect::<Result<_, _>>()?;
        let mut changed = 0..0;
        for (population, (_, values)) in populations.into_iter().zip(biases) {
            let firsts = self.placed.map.firsts(loihi_net::network::Endpoint::Population(population));
            for (first, value) in firsts.iter().zip(values) {
                if let Some(bias) = self.bias.get_mut(*first as usize) {
                    *bias = *value;
                }
            }
            if let Some((first, last)) = firsts.iter().min().zip(firsts.iter().max()) {
                let (first, end) = (*first as usize, *last as usize + 1);
                changed = if changed.is_empty() { first..end } else { changed.start.min(first)..changed.end.max(end) };
            }
        }
        Ok(changed)
    }

    /// Puts values into the words of the stimulus mailbox that an input takes.
    fn set_values(&self, mailbox: &mut [i16], input: usize, values: &[i16]) -> Result<(), InferenceError> {
        let port = self.placed.programs.stimuli.iter().find(|port| port.input == input);
        let words = port.map_or(0..0, |port| port.words.start as usize..port.end() as usize);
        let expected = words.len();
        match mailbox.get_mut(words) {
            Some(own) if own.len() == values.len() && !values.is_empty() => {
                own.copy_from_slice(values);
                Ok(())
            }
            _ => Err(InferenceError::Biases { input, expected, found: values.len() }),
        }
    }

    /// One register of every neuron of a population, at the compartment that sends its spikes.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn read(&mut self, register: Register, population: usize) -> Result<Vec<i32>, SessionError> {
        let words = self.session.read(register)?;
        let neurons = self.network.populations.get(population).map_or(0, loihi_net::network::Population::neurons);
        let soma = |neuron| self.placed.map.soma(population, neuron);
        Ok((0..neurons).filter_map(|neuron| words.get(soma(neuron)? as usize).copied()).collect())
    }
}
