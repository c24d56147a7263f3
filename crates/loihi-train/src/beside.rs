//! What is trained beside weights: the tables `delay`, `decay_u`, `decay_v`, `v_th` and `bias` of `[train]`, named as the keys of a network
//! file that they change.

use crate::parameter::Register;
use loihi_net::network::{Network, ReadBy};
use serde::{Deserialize, Serialize};

/// Largest delay of a synapse in steps.
pub const DELAY_STEPS_MAX: u8 = 62;

/// `delay`: how delays are trained, one for each source of a connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with `rate`, `max_steps` and `into`")]
#[non_exhaustive]
pub struct DelayForm {
    /// Learning rate: about what a delay moves in a step of the optimiser, in steps of the network; above 0, at most 16.
    pub rate: f32,
    /// Largest delay that is trained to, 1 to 62.
    #[serde(default = "delay_steps_max")]
    pub max_steps: u8,
    /// Populations whose incoming connections have their delays trained; by default those whose incoming weights are trained.
    #[serde(default)]
    pub into: Vec<String>,
}

/// `decay_u`, `decay_v` or `v_th`: how a register of the compartments that spike is trained; neurons of one profile keep one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with `rate` and `of`")]
#[non_exhaustive]
pub struct RegisterForm {
    /// Learning rate: about what the register moves in a step of the optimiser, in its units; above 0, at most 4096.
    pub rate: f32,
    /// Populations whose register is trained; by default those whose incoming weights are trained.
    #[serde(default)]
    pub of: Vec<String>,
}

/// `bias`: how biases are trained, one a neuron.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with `rate` and `of`")]
#[non_exhaustive]
pub struct BiasForm {
    /// Learning rate: about what a bias moves in a step of the optimiser, in units of the voltage; above 0, at most 65,536.
    pub rate: f32,
    /// Populations whose biases are trained; by default those whose incoming weights are trained, or for which the embedded CPU
    /// sums values.
    #[serde(default)]
    pub of: Vec<String>,
}

const fn delay_steps_max() -> u8 {
    DELAY_STEPS_MAX
}

impl DelayForm {
    /// The reason why it cannot be used in a network, if there is one.
    pub(crate) fn refusal(&self, network: &Network) -> Option<String> {
        if !(1e-6..=16.0).contains(&self.rate) {
            return Some("give a `rate` above 0, at most 16 steps".to_owned());
        }
        if !(1..=DELAY_STEPS_MAX).contains(&self.max_steps) {
            return Some(format!("give `max_steps` of 1 to {DELAY_STEPS_MAX}"));
        }
        let without = |name: &String| match place_of(network, name) {
            Ok(place) if network.connections.iter().all(|own| own.to != place) => {
                Some(format!("no connection leads to `{name}`: take it out"))
            }
            other => other.err(),
        };
        self.into.iter().find_map(without)
    }
}

impl RegisterForm {
    /// The reason why it cannot be used in a network, if there is one.
    pub(crate) fn refusal(&self, register: Register, network: &Network) -> Option<String> {
        if !(1e-6..=4096.0).contains(&self.rate) {
            return Some(format!("give a `rate` above 0, at most 4096, in units of `{}`", register.key()));
        }
        let without = |name: &String| match place_of(network, name) {
            Ok(place) if is_unit(network, place) && register == Register::VTh => Some(format!(
                "the voltage of `{name}` is read in units of its threshold, which is not trained: take it out"
            )),
            other => other.err(),
        };
        self.of.iter().find_map(without)
    }
}

/// Whether the voltage of a population is read, in units of its threshold.
pub fn is_unit(network: &Network, population: usize) -> bool {
    network.readout.is_some_and(|readout| readout.by == ReadBy::Voltage && readout.population == population)
}

/// The index of a population.
///
/// # Errors
/// Lists those that there are.
pub(crate) fn place_of(network: &Network, name: &str) -> Result<usize, String> {
    network.populations.iter().position(|population| population.name == name).ok_or_else(|| {
        let names: Vec<&str> = network.populations.iter().map(|own| own.name.as_str()).collect();
        format!("unknown population `{name}`; there are: {}", names.join(", "))
    })
}
