//! What is trained beside weights: the tables `delay`, `decay_u`, `decay_v`, `v_th` and `bias` of `[train]`, named as the keys of a network
//! file that they change.

use crate::parameter::Register;
use loihi_core::image::Join;
use loihi_net::network::{Network, Population, ReadBy};
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
        let trained = |name: &String| self.into.is_empty() || self.into.contains(name);
        let joins = |own: &&Population| trained(&own.name) && joins_more_than_sums(own);
        self.into.iter().find_map(without).or_else(|| {
            let name = &network.populations.iter().find(joins)?.name;
            Some(format!(
                "`{name}` joins compartments by more than sums, where delays are not trained: name others by `into`"
            ))
        })
    }
}

/// Whether a neuron joins its compartments by anything but sums.
fn joins_more_than_sums(population: &Population) -> bool {
    let joins = population.compartments.iter().filter_map(|each| each.get(0)).map(|profile| profile.tree.join);
    joins.into_iter().any(|join| !matches!(join, Join::Skip | Join::Add))
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

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_core::image::{Profile, Tree};
    use loihi_net::network::Each;

    #[test]
    fn delays_into_neurons_that_join_by_more_than_sums_are_not_trained() {
        let soma = |join| Each::Same(Profile { tree: Tree { join, ..Tree::NONE }, ..Profile::DEFAULT });
        let mut network = Network::new("joins");
        network.population(Population::new("most", 1).compartments(vec![soma(Join::Skip), soma(Join::Max)]));
        network.population(Population::new("sum", 1).compartments(vec![soma(Join::Skip), soma(Join::Add)]));
        let form = |text: &str| toml::from_str::<DelayForm>(text).unwrap().refusal(&network);
        let said = form("rate = 1.0").unwrap();
        assert!(said.starts_with("`most` joins compartments by more than sums"), "{said}");
        let said = form("rate = 1.0\ninto = [\"sum\"]").unwrap();
        assert_eq!(said, "no connection leads to `sum`: take it out");
    }
}
