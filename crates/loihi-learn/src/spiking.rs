//! Spikes between a network and a plant: what it senses as spikes of inputs, what it does by the spikes of a population, and the
//! reward that the cores' rules read.

use loihi_core::image::Variable;
use loihi_core::register::Register;
use loihi_core::wire::message::{Record, Report};
use loihi_device::sample::Stretch;
use loihi_device::session::{Session, SessionError};
use loihi_net::network::{Coding, Endpoint, Entry, Network, size};
use loihi_place::place::Placed;
use loihi_plant::{Observation, Plant};
use loihi_task::settings::{RewardForm, Settings, TaughtFrom};
use loihi_task::task::ExperimentError;

/// A sensed value from which on its input spikes: half of the most.
const SPIKES_FROM: f64 = 0.5;

/// What a network exchanges with a plant by spikes.
#[derive(Debug)]
pub struct Spiking {
    /// External inputs that spike by the sensed values behind those of the stimulus, in their order.
    inputs: Vec<u16>,
    /// By neuron of the population that acts: the compartment that sends its spikes.
    somata: Option<Vec<u32>>,
    reward: Option<RewardForm>,
    /// The reward that the device holds.
    held: i32,
}

impl Spiking {
    /// That of a placed network: inputs with `coding = "frames"`, `actions_from` of its `[plant]`, and its `[reward]`.
    ///
    /// # Errors
    /// [`ExperimentError`] says what does not fit, and what to do.
    pub fn new(network: &Network, placed: &Placed, settings: &Settings) -> Result<Self, ExperimentError> {
        let Settings { reward, actions_from, .. } = settings;
        let mut inputs = Vec::new();
        for (at, input) in network.inputs.iter().enumerate() {
            if input.entry == Entry::Spikes && input.encoding.coding == Some(Coding::Frames) {
                let externals = (0..size(&input.shape)).filter_map(|element| placed.map.input(at, element));
                inputs.extend(externals.filter_map(|external| u16::try_from(external).ok()));
            }
        }
        let section = |section: &Option<loihi_net::network::Section>| section.clone().unwrap_or_default();
        let somata = actions_from.as_ref().map(|name| {
            if let Some(Endpoint::Population(at)) = network.find(name) {
                let neurons = network.populations[at].neurons();
                return Ok((0..neurons).filter_map(|neuron| placed.map.soma(at, neuron)).collect());
            }
            let names: Vec<&str> = network.populations.iter().map(|own| own.name.as_str()).collect();
            let what = format!("unknown population `{name}`; there are: {}", names.join(", "));
            Err(section(&network.run.plant).error("plant", "actions_from", what))
        });
        if let Some(form) = reward {
            let error = |key: &str, what: &str| section(&network.run.reward).error("reward", key, what);
            let mut rules = network.connections.iter().filter_map(|own| own.learning.as_ref());
            if form.from == TaughtFrom::Plant && !rules.any(|learning| learning.reads(Variable::R1)) {
                let what = "no rule reads it: give a connection a rule with r1, or take out the table";
                return Err(error("from", what).into());
            }
        }
        let reward = reward.clone().filter(|form| form.from == TaughtFrom::Plant);
        Ok(Self { inputs, somata: somata.transpose()?, reward, held: 0 })
    }

    /// Sensed values that come as spikes.
    pub const fn sensed(&self) -> usize {
        self.inputs.len()
    }

    /// Neurons that act, if neurons do.
    pub fn actions(&self) -> Option<usize> {
        self.somata.as_ref().map(Vec::len)
    }

    /// Whether a plant of this name gives a reward, if rules of the cores learn from it.
    ///
    /// # Errors
    /// [`ExperimentError::Plan`].
    pub fn check(&self, plant: &dyn Plant, name: &str) -> Result<(), ExperimentError> {
        if self.reward.is_some() && !plant.gives_rewards() {
            let what = format!(
                "the plant `{name}` gives no reward, and [reward] is from it: take another plant, or take out the table"
            );
            return Err(ExperimentError::Plan(what));
        }
        Ok(())
    }

    /// Hands the reward of the last step to the rules, for the next one.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn reward(&mut self, session: &mut Session, observation: &Observation) -> Result<(), SessionError> {
        let Some(form) = &self.reward else { return Ok(()) };
        let reward = observation.reward.map_or(0, |reward| form.scaled(reward));
        if reward != self.held {
            session.write(Register::Reward, 0, &[reward])?;
            self.held = reward;
        }
        Ok(())
    }

    /// Computes a record in whose first step inputs spike by the last values of `sensed`. The action is the number of spikes
    /// of each neuron that acts, if neurons do; nothing if the record is for others to compute.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn step(
        &self,
        session: &mut Session,
        record: Record<'_>,
        sensed: &[f64],
    ) -> Result<Option<Vec<f64>>, SessionError> {
        if self.inputs.is_empty() && self.somata.is_none() {
            return Ok(None);
        }
        let own = sensed.get(sensed.len().saturating_sub(self.inputs.len())..).unwrap_or_default();
        let spiking = self.inputs.iter().zip(own).filter(|(_, value)| **value >= SPIKES_FROM);
        let spikes: Vec<(u16, u16)> = spiking.map(|(input, _)| (0, *input)).collect();
        let mut action = vec![0.0; self.actions().unwrap_or(0)];
        let somata = self.somata.as_deref().unwrap_or_default();
        let report = if somata.is_empty() { Report::Nothing } else { Report::Spikes };
        session.sample(&[Stretch { record, spikes: &spikes }], report, |_, compartment| {
            let own = action.iter_mut().zip(somata).find(|(_, soma)| **soma == compartment);
            if let Some((count, _)) = own {
                *count += 1.0;
            }
        })?;
        Ok(Some(action))
    }
}
