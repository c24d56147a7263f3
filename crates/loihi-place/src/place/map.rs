//! Which compartment of the chip is whose.

use super::PopulationPart;
use super::lists::Lists;
use loihi_net::network::{Endpoint, Entry, Network, size};

/// Where neurons and inputs of a network are on the chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map {
    /// By population and neuron: its first compartment on the chip.
    first: Vec<Vec<u32>>,
    /// By population: compartments of a neuron.
    parts: Vec<u32>,
    /// By input: its first external input; what it drives, if it sets biases.
    inputs: Vec<u32>,
    /// By compartment of the chip: population and neuron.
    owners: Vec<[u32; 2]>,
}

impl Map {
    pub(super) fn of(network: &Network, lists: &Lists, parts: &[PopulationPart]) -> Self {
        let compartments: Vec<u32> = network
            .populations
            .iter()
            .map(|population| u32::try_from(population.compartments.len()).unwrap_or(u32::MAX))
            .collect();
        let mut first: Vec<Vec<u32>> = lists.orders.iter().map(|order| vec![0; order.len()]).collect();
        let mut owners = Vec::new();
        for part in parts {
            for place in part.neurons.clone() {
                let neuron = lists.orders[part.population][place];
                let number = u32::try_from(owners.len()).unwrap_or(u32::MAX);
                first[part.population][neuron as usize] = number;
                let population = u32::try_from(part.population).unwrap_or(u32::MAX);
                owners.extend((0..compartments[part.population]).map(|_| [population, neuron]));
            }
        }
        let mut next = 0;
        let mut inputs = Vec::new();
        for input in &network.inputs {
            inputs.push(next);
            if input.entry == Entry::Spikes {
                next += u32::try_from(size(&input.shape)).unwrap_or(u32::MAX);
            }
        }
        Self { first, parts: compartments, inputs, owners }
    }

    /// First compartment of a neuron, where its input and its bias enter.
    pub fn first(&self, population: usize, neuron: usize) -> Option<u32> {
        self.first.get(population)?.get(neuron).copied()
    }

    /// The compartment of a neuron that sends its spikes.
    pub fn soma(&self, population: usize, neuron: usize) -> Option<u32> {
        Some(self.first(population, neuron)? + self.parts.get(population)? - 1)
    }

    /// The external input of an element of an input.
    pub fn input(&self, input: usize, element: usize) -> Option<u32> {
        Some(self.inputs.get(input)? + u32::try_from(element).ok()?)
    }

    /// Population and neuron of a compartment of the chip.
    pub fn owner(&self, compartment: u32) -> Option<(usize, usize)> {
        self.owners.get(compartment as usize).map(|[population, neuron]| (*population as usize, *neuron as usize))
    }

    /// The population and neuron that a compartment sends spikes for. Only somas send spikes; `None` for other compartments.
    pub fn sender(&self, compartment: u32) -> Option<(usize, usize)> {
        self.owner(compartment).filter(|(population, neuron)| self.soma(*population, *neuron) == Some(compartment))
    }

    /// All neurons of an endpoint that is a population, by their first compartments.
    pub fn firsts(&self, endpoint: Endpoint) -> &[u32] {
        match endpoint {
            Endpoint::Population(at) => self.first.get(at).map_or(&[], Vec::as_slice),
            Endpoint::Input(_) => &[],
        }
    }
}
