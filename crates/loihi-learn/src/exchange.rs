//! What a network and a plant exchange: a plant's values as words of the network's mailboxes, checked before a run of both begins.

use crate::presenter::fixed;
use crate::spiking::Spiking;
use loihi_core::rules::PesParams;
use loihi_core::snip::SnipParams as _;
use loihi_core::tools::local_error::NO_TARGET;
use loihi_device::session::Session;
use loihi_net::network::{Network, Section};
use loihi_place::place::Placed;
use loihi_plant::{Observation, Plant, Ports, Teaches};
use loihi_snip::keys::table_name;
use loihi_snip::{Port, Teaching};
use loihi_task::observer::Observer;
use loihi_task::settings::Settings;
use loihi_task::sizes;
use loihi_task::task::{Exchanged, ExperimentError, RunOptions, load};
use loihi_twin::FloatTwin;

/// A placed network that senses and moves a plant.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'n> {
    /// The network.
    pub network: &'n Network,
    /// Where it is.
    pub placed: &'n Placed,
    /// What its file says of a run.
    pub settings: &'n Settings,
}

/// Numbers of steps of a run. Those of the plant take `every` of the network each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    /// Steps of the network for a step of the plant.
    pub every: u16,
    /// Steps of the plant in an epoch, at least 1.
    pub epoch: usize,
    /// In all epochs.
    pub all: usize,
    /// In a row of metrics, at least 1.
    pub row: usize,
    /// At the end, over which the final figures are taken.
    pub last: usize,
}

impl Exchange<'_> {
    /// Begins a run: checks that network and plant fit, and loads the network onto the device.
    ///
    /// # Errors
    /// [`ExperimentError`] says what does not fit, before anything is loaded.
    pub fn begin(
        &self,
        plant: &mut dyn Plant,
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<(Spiking, Steps), ExperimentError> {
        let spiking = Spiking::new(self.network, self.placed, self.settings)?;
        spiking.check(plant, self.plant())?;
        match spiking.actions() {
            Some(neurons) => self.check_acting(plant, spiking.sensed(), neurons)?,
            None => self.check(plant)?,
        }
        if self.settings.task.float_twin {
            FloatTwin::check(self.placed)?;
        }
        let steps = self.steps(plant.every_steps().max(1), options.epochs.unwrap_or(self.settings.task.epochs))?;
        load(session, (self.network, self.placed), options, observer)?;
        plant.set_stop(session.stop());
        Ok((spiking, steps))
    }

    /// Steps of a run.
    fn steps(&self, every: u16, epochs: u32) -> Result<Steps, ExperimentError> {
        let (task, every_steps) = (&self.settings.task, usize::from(every));
        if task.steps < every_steps {
            let what = format!("{} steps are less than one of the plant, which takes {every}: give more", task.steps);
            let section = self.network.run.task.clone().unwrap_or_default();
            return Err(section.error("task", "steps", what).into());
        }
        Ok(Steps {
            every,
            epoch: task.steps / every_steps,
            all: sizes::in_all("steps", task.steps, epochs)? / every_steps,
            row: (task.row_steps / every_steps).max(1),
            last: task.final_steps / every_steps,
        })
    }

    /// Whether the network has as many words as the plant has values, and learns from what it teaches.
    fn check(&self, plant: &dyn Plant) -> Result<(), ExperimentError> {
        let Ports { sensed, errors, actions } = plant.ports();
        let ports = &self.placed.programs.ports;
        let mut decoders = ports.iter().filter(|port| port.kind == PesParams::NAME).peekable();
        if errors == 0 {
            let plant_name = self.plant().to_owned();
            return Err(if plant.gives_rewards() && decoders.peek().is_none() {
                ExperimentError::OnlyRewards { plant: plant_name }
            } else {
                ExperimentError::NoErrors { plant: plant_name }
            });
        }
        equal(Exchanged::Sensed, self.sensed(), sensed)?;
        equal(Exchanged::Taught, self.taught(), errors)?;
        equal(Exchanged::Answered, ports.iter().map(|port| port.output.len()).sum(), actions)?;
        let given = plant.teaches() == Teaches::Errors;
        decoders.filter(|port| !port.target.is_empty()).find(|port| port.takes_errors != given).map_or(Ok(()), |port| {
            let what = if given { "errors: add `error_given = true`" } else { "targets: leave out `error_given`" };
            let section = self.section(port);
            Err(section.error(&table_name(&section), "error_given", format!("the plant gives {what}")).into())
        })
    }

    /// Whether a network whose neurons act has as many values as the plant; `spiking` of them are sensed as spikes.
    fn check_acting(&self, plant: &dyn Plant, spiking: usize, neurons: usize) -> Result<(), ExperimentError> {
        let Ports { sensed, errors, actions } = plant.ports();
        equal(Exchanged::Sensed, self.sensed() + spiking, sensed)?;
        let taught = self.taught();
        equal(Exchanged::Taught, taught, if taught == 0 { 0 } else { errors })?;
        equal(Exchanged::Acted, neurons, actions)
    }

    /// Values of the plant that programs take: those of encoders without a fixed `value`.
    fn sensed(&self) -> usize {
        let shown = self.placed.programs.stimuli.iter().filter(|port| port.held.is_none());
        shown.map(|port| port.words.len()).sum()
    }

    /// Values that programs are taught by.
    fn taught(&self) -> usize {
        self.placed.programs.ports.iter().map(targets).sum()
    }

    /// The table of a program, for errors.
    fn section(&self, port: &Port) -> Section {
        let is_own = |section: &&Section| section.text("name").or(section.text("kind")) == Some(&port.name);
        self.network.snips.iter().find(is_own).cloned().unwrap_or_default()
    }

    /// What the network file calls the plant.
    pub fn plant(&self) -> &str {
        self.network.run.plant.as_ref().and_then(|section| section.text("plant")).unwrap_or("")
    }

    /// Words of the stimulus: what the network senses.
    pub fn stimulus(&self, observation: &Observation) -> Vec<i16> {
        let programs = &self.placed.programs;
        let mut stimulus = programs.stimulus();
        let mut sensed = observation.sensed.iter();
        for port in programs.stimuli.iter().filter(|port| port.held.is_none()) {
            let bits = if port.is_q12 { 12 } else { 0 };
            let words = stimulus.iter_mut().skip(port.words.start as usize).take(port.words.len());
            words.zip(&mut sensed).for_each(|(word, value)| *word = fixed(*value, bits));
        }
        stimulus
    }

    /// Words of the target: what the plant teaches, its errors or targets. `errors` are for programs that take errors while
    /// the plant gives targets.
    pub fn target(&self, taught: &[f64], errors: &[f64]) -> Vec<i16> {
        let programs = &self.placed.programs;
        let mut target = vec![NO_TARGET; programs.words[1] as usize];
        let mut at = 0;
        for port in &programs.ports {
            let Teaching::Values { target_fraction_bits, .. } = port.teaching else { continue };
            let values = if port.takes_errors { errors } else { taught };
            let values = values.iter().skip(at).map(|value| fixed(*value, target_fraction_bits));
            let own = target.iter_mut().skip(port.target.start as usize).take(port.target.len());
            let repeated = values.flat_map(|value| std::iter::repeat_n(value, each(port)));
            own.zip(repeated).for_each(|(word, value)| *word = value);
            at += targets(port);
        }
        target
    }

    /// What the network gives: its actions, of the words of its output.
    pub fn action(&self, output: &[i32]) -> Vec<f64> {
        let mut action = Vec::new();
        for port in &self.placed.programs.ports {
            let Teaching::Values { output_fraction_bits, .. } = port.teaching else { continue };
            let words = output.iter().skip(port.output.start as usize).take(port.output.len());
            action.extend(words.map(|bits| f64::from(*bits) / f64::from(1_u32 << output_fraction_bits)));
        }
        action
    }
}

/// Whether as many values are exchanged on both sides.
fn equal(exchanged: Exchanged, network: usize, plant: usize) -> Result<(), ExperimentError> {
    if network == plant { Ok(()) } else { Err(ExperimentError::Ports { exchanged, network, plant }) }
}

/// Words of the target that take the same value.
fn each(port: &Port) -> usize {
    port.words_per_target.max(1) as usize
}

/// Values that a program is taught by.
fn targets(port: &Port) -> usize {
    port.target.len() / each(port)
}
