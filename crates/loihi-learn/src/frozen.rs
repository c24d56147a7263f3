//! What a command freezes: populations whose rules do not learn, and programs that do not.

use loihi_net::network::{Endpoint, Network};
use loihi_place::place::Placed;
use loihi_snip::{Port, TEACHER};
use loihi_task::settings::Settings;
use loihi_task::task::ExperimentError;

/// Populations and programs that do not learn, by their names in a network file.
#[derive(Clone, Copy, Debug)]
pub struct Frozen<'f> {
    /// Their names.
    pub names: &'f [String],
    /// The network, as the file has it.
    pub network: &'f Network,
    /// What the file says of a run.
    pub settings: &'f Settings,
}

impl Frozen<'_> {
    /// Takes the rules of frozen populations out of a network.
    pub fn take_rules(&self, network: &mut Network) {
        for at in self.names.iter().filter_map(|name| self.population_of(name)) {
            if self.population_of(TEACHER) == Some(at) {
                network.run.teacher = None;
            }
            for connection in network.connections.iter_mut().filter(|connection| connection.to == at) {
                connection.learning = None;
            }
        }
    }

    /// Programs that do not learn, by their places among the ports.
    ///
    /// # Errors
    /// [`ExperimentError::Plan`]: a name is unknown, or is that of a population which a program learns together with others.
    pub fn programs(&self, placed: &Placed) -> Result<Vec<usize>, ExperimentError> {
        let ports = &placed.programs.ports;
        let mut frozen = Vec::new();
        for name in self.names {
            let population = self.population_of(name);
            let own = |port: &Port| {
                port.name == *name
                    || population.is_some_and(|at| port.populations.contains(&at) && !port.target.is_empty())
            };
            let found: Vec<usize> = (0..ports.len()).filter(|at| own(&ports[*at])).collect();
            for port in found.iter().map(|at| &ports[*at]).filter(|port| port.name != *name) {
                self.require_all(port, name)?;
            }
            if found.is_empty() && population.is_none() {
                let populations = self.network.populations.iter().map(|own| own.name.as_str());
                let all: Vec<&str> = populations.chain(ports.iter().map(|port| port.name.as_str())).collect();
                let what = format!("nothing is called `{name}`: freeze one of {}", all.join(", "));
                return Err(ExperimentError::Plan(what));
            }
            frozen.extend(found);
        }
        Ok(frozen)
    }

    /// Whether everything that a program learns is frozen together with the population of this name.
    fn require_all(&self, port: &Port, name: &str) -> Result<(), ExperimentError> {
        let names = port.populations.iter().map(|at| self.network.name_of(Endpoint::Population(*at)));
        let others: Vec<&str> = names.filter(|other| !self.names.iter().any(|own| own == other)).collect();
        if others.is_empty() {
            return Ok(());
        }
        let (learns, others) = (&port.name, others.join(", "));
        Err(ExperimentError::Plan(format!(
            "`{learns}` learns `{name}` together with {others}: freeze these as well, or take `{name}` out of its `populations`"
        )))
    }

    /// The population of a name, by its place in the network's list; of `teacher` that which it teaches.
    fn population_of(&self, name: &str) -> Option<usize> {
        let taught = self.settings.teacher.as_ref().filter(|_| name == TEACHER);
        match self.network.find(taught.map_or(name, |form| &form.population)) {
            Some(Endpoint::Population(at)) => Some(at),
            _ => None,
        }
    }
}
