//! Runs a placed network on a device, a sample at a time, and reads its answer.

pub mod present;

use crate::device::session::{Session, SessionError};
use crate::network::{Entry, Network, ReadBy, Readout};
use crate::place::Placed;
use crate::roster::Roster;
use loihi_core::chip::ResetScope;
use loihi_core::probe::Register;
use loihi_core::wire::message::{DATA_MAX, Record};

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
    /// Values in Q3.12 of an input that is weighted: step from which they hold, input, a value for each of its elements;
    /// ascending by step.
    pub values: Vec<(u32, usize, Vec<i16>)>,
}

/// A spike of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spike {
    /// Step from the begin of the sample.
    pub step: u32,
    /// The population, by its place in the network's list.
    pub population: usize,
    /// The neuron.
    pub neuron: usize,
}

/// Why a sample was not computed.
#[derive(Debug, thiserror::Error)]
pub enum InferenceError {
    /// The device did not do what it was asked.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The stimulus is for another network.
    #[error("a spike of step {step} goes to element {element} of input {input}, which the network has not")]
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

/// A network on a device.
#[derive(Debug)]
pub struct Inference<'r> {
    session: &'r mut Session,
    network: &'r Network,
    placed: &'r Placed,
    /// Bias register of the whole chip as it is on the device.
    bias: Vec<i32>,
    /// The stimulus mailbox as it is on the device.
    stimulus: Vec<i16>,
}

impl<'r> Inference<'r> {
    /// Loads a network on a device.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn new(session: &'r mut Session, network: &'r Network, placed: &'r Placed) -> Result<Self, InferenceError> {
        let roster = Roster::of_populations(network, placed).map_err(SessionError::from)?;
        session.load_as(&placed.image, &roster)?;
        let sets_biases = network.inputs.iter().any(|input| matches!(input.entry, Entry::Bias { .. }));
        let bias = if sets_biases { session.read(Register::Bias)? } else { Vec::new() };
        let weighted = network.inputs.iter().filter(|input| matches!(input.entry, Entry::Weighted(_)));
        let stimulus = vec![0; weighted.map(|input| crate::network::size(&input.shape)).sum()];
        Ok(Self { session, network, placed, bias, stimulus })
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
        self.session.reset(ResetScope::State)?;
        self.stimulus.fill(0);
        self.go_on(stimulus, visit)
    }

    /// Computes a sample from the state in which the last one has left the network.
    ///
    /// # Errors
    /// [`InferenceError`].
    pub fn go_on(&mut self, stimulus: &Stimulus, mut visit: impl FnMut(Spike)) -> Result<(), InferenceError> {
        self.set_biases(&stimulus.biases)?;
        let mut spikes = stimulus.spikes.iter().peekable();
        let mut values = stimulus.values.iter().peekable();
        for step in 0..stimulus.steps {
            while let Some((_, input, values)) = values.next_if(|(at, ..)| *at <= step) {
                self.set_values(*input, values)?;
            }
            let mut now = Vec::new();
            while let Some((_, input, element)) = spikes.next_if(|(at, ..)| *at <= step) {
                now.push((0, self.external(step, *input, *element)?));
            }
            self.step(&now)?;
            for compartment in self.session.read(Register::Spikes)? {
                if let Some((population, neuron)) = self.placed.map.owner(compartment.cast_unsigned()) {
                    visit(Spike { step, population, neuron });
                }
            }
        }
        Ok(())
    }

    /// Computes a step; spikes beyond what a message holds are put in first, by messages that compute none.
    fn step(&mut self, spikes: &[(u16, u16)]) -> Result<(), SessionError> {
        let most = DATA_MAX / 4;
        let last = spikes.len().saturating_sub(1) / most;
        for part in 0..=last {
            let range = part * most..spikes.len().min((part + 1) * most);
            self.session.run(u32::from(part == last), &spikes[range])?;
        }
        Ok(())
    }

    /// The number of an element on the chip.
    fn external(&self, step: u32, input: usize, element: usize) -> Result<u16, InferenceError> {
        let found = self
            .network
            .inputs
            .get(input)
            .filter(|found| found.entry == Entry::Spikes && element < crate::network::size(&found.shape));
        let number = found.and_then(|_| self.placed.map.input(input, element));
        let number = number.ok_or(InferenceError::Input { step, input, element })?;
        u16::try_from(number).map_err(|_| InferenceError::Inputs)
    }

    fn set_biases(&mut self, biases: &[(usize, Vec<i32>)]) -> Result<(), InferenceError> {
        for (input, values) in biases {
            let entry = self.network.inputs.get(*input).map(|input| &input.entry);
            let population = match entry {
                Some(Entry::Bias { population, .. }) => *population,
                _ => usize::MAX,
            };
            let expected = self.network.populations.get(population).map_or(0, crate::network::Population::neurons);
            if values.len() != expected || expected == 0 {
                return Err(InferenceError::Biases { input: *input, expected, found: values.len() });
            }
            let firsts = self.placed.map.firsts(crate::network::Endpoint::Population(population));
            for (first, value) in firsts.iter().zip(values) {
                if let Some(bias) = self.bias.get_mut(*first as usize) {
                    *bias = *value;
                }
            }
            let range = firsts.iter().min().zip(firsts.iter().max());
            if let Some((first, last)) = range
                && let Some(words) = self.bias.get(*first as usize..=*last as usize)
            {
                self.session.write(Register::Bias, *first as usize, words)?;
            }
        }
        Ok(())
    }

    /// Puts values into the stimulus mailbox, which holds those of all weighted inputs one after the other.
    fn set_values(&mut self, input: usize, values: &[i16]) -> Result<(), InferenceError> {
        let mut first = 0;
        for (at, own) in self.network.inputs.iter().enumerate() {
            let Entry::Weighted(_) = own.entry else { continue };
            let expected = crate::network::size(&own.shape);
            if at == input && values.len() == expected {
                self.stimulus[first..first + expected].copy_from_slice(values);
                let bytes: Vec<u8> = self.stimulus.iter().flat_map(|value| value.to_le_bytes()).collect();
                let record = Record { stimulus: &bytes, ..Record::PLAIN };
                return Ok(self.session.stream([record], 0, |_| ())?);
            }
            first += expected;
        }
        let expected = self.network.inputs.get(input).map_or(0, |own| crate::network::size(&own.shape));
        Err(InferenceError::Biases { input, expected, found: values.len() })
    }

    /// One register of every neuron of a population, at the compartment that sends its spikes.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn read(&mut self, register: Register, population: usize) -> Result<Vec<i32>, SessionError> {
        let words = self.session.read(register)?;
        let neurons = self.network.populations.get(population).map_or(0, crate::network::Population::neurons);
        let soma = |neuron| self.placed.map.soma(population, neuron);
        Ok((0..neurons).filter_map(|neuron| words.get(soma(neuron)? as usize).copied()).collect())
    }

    /// Computes a sample and scores every class: the larger the better. A network without readout has no classes.
    ///
    /// # Errors
    /// What [`Inference::run`] says.
    pub fn score(&mut self, stimulus: &Stimulus) -> Result<Vec<i64>, InferenceError> {
        let Some(Readout { population, by, skip_steps }) = self.network.readout else {
            self.run(stimulus, |_| {})?;
            return Ok(Vec::new());
        };
        let classes = self.network.populations.get(population).map_or(0, crate::network::Population::neurons);
        let mut scores = vec![0_i64; classes];
        self.run(stimulus, |spike| {
            if spike.population == population
                && spike.step >= skip_steps
                && let Some(score) = scores.get_mut(spike.neuron)
            {
                match by {
                    ReadBy::Spikes => *score += 1,
                    ReadBy::FirstSpike if *score == 0 => *score = i64::from(stimulus.steps - spike.step),
                    ReadBy::FirstSpike | ReadBy::Voltage => {}
                }
            }
        })?;
        if by == ReadBy::Voltage {
            scores = self.read(Register::V, population)?.into_iter().map(i64::from).collect();
        }
        Ok(scores)
    }
}

/// The class with the largest score, the first of equal ones; `None` if there is none.
pub fn winner(scores: &[i64]) -> Option<usize> {
    let best = scores.iter().max()?;
    scores.iter().position(|score| score == best)
}
