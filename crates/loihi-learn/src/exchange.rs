//! What a network and a plant exchange: values of the one as words of the other's mailboxes.

use crate::presenter::fixed;
use crate::task::{Exchanged, ExperimentError};
use loihi_core::tools::local_error::NO_TARGET;
use loihi_net::network::Network;
use loihi_place::place::Placed;
use loihi_plant::{Observation, Plant, Ports, Teaches};
use loihi_snip::{Port, Teaching};

/// A placed network that senses and moves a plant.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'n> {
    /// The network.
    pub network: &'n Network,
    /// Where it is.
    pub placed: &'n Placed,
}

impl Exchange<'_> {
    /// Whether the network has as many words as the plant has values, and learns from what it teaches.
    ///
    /// # Errors
    /// [`ExperimentError`] says what differs.
    pub fn check(&self, plant: &dyn Plant) -> Result<(), ExperimentError> {
        let Ports { sensed, errors, actions } = plant.ports();
        let programs = &self.placed.programs;
        if errors == 0 {
            let has_pes = self.network.snips.iter().any(|section| section.text("kind") == Some("pes"));
            let name = self.plant().to_owned();
            return Err(if plant.gives_rewards() && !has_pes {
                ExperimentError::OnlyRewards { plant: name }
            } else {
                ExperimentError::NoErrors { plant: name }
            });
        }
        let equal = |exchanged, network, plant| {
            if network == plant { Ok(()) } else { Err(ExperimentError::Ports { exchanged, network, plant }) }
        };
        let shown = programs.stimuli.iter().filter(|port| port.held.is_none());
        equal(Exchanged::Sensed, shown.map(|port| port.words.len()).sum(), sensed)?;
        equal(Exchanged::Taught, programs.ports.iter().map(targets).sum(), errors)?;
        equal(Exchanged::Answered, programs.ports.iter().map(|port| port.output.len()).sum(), actions)?;
        let given = plant.teaches() == Teaches::Errors;
        for section in self.network.snips.iter().filter(|section| section.text("kind") == Some("pes")) {
            let is = |key, default| section.keys.get(key).and_then(toml::Value::as_bool).unwrap_or(default);
            if is("learn", true) && is("error_given", false) != given {
                let what = if given { "errors: add `error_given = true`" } else { "targets: leave out `error_given`" };
                return Err(section.error("snip `pes`", "error_given", format!("the plant gives {what}")).into());
            }
        }
        Ok(())
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

/// Words of the target that take the same value.
fn each(port: &Port) -> usize {
    port.words_per_target.max(1) as usize
}

/// Values that a program is taught by.
fn targets(port: &Port) -> usize {
    port.target.len() / each(port)
}
