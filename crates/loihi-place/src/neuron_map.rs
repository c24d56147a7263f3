//! Neuron map: the populations on the chip, and the neuron of each compartment.

use crate::place::Placed;
use loihi_core::image::ImageError;
use loihi_image::image::ImageFile;
use loihi_net::network::Network;

/// Neurons that belong together: those of a population or, where there are none, the compartments of a core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedPopulation {
    /// What it is called.
    pub name: String,
    /// How many neurons it has.
    pub neurons: usize,
    /// Compartments of a neuron; the last one sends its spikes.
    pub compartments: usize,
}

/// Neurons are counted through all populations; spikes come by core and compartment of the core.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NeuronMap {
    /// In the order in which neurons are counted.
    pub populations: Vec<MappedPopulation>,
    /// First compartment of every core.
    firsts: Vec<u32>,
    /// By compartment of the chip: its neuron; `None` for one whose spikes are not the neuron's.
    neurons: Vec<Option<u32>>,
}

impl NeuronMap {
    /// From its parts; `firsts` are the first compartments of the cores.
    pub const fn new(populations: Vec<MappedPopulation>, firsts: Vec<u32>, neurons: Vec<Option<u32>>) -> Self {
        Self { populations, firsts, neurons }
    }

    /// A population for every core.
    ///
    /// # Errors
    /// The image is damaged.
    pub fn of_cores(image: &ImageFile) -> Result<Self, ImageError> {
        let firsts = firsts(image)?;
        let compartments = u32::try_from(image.open()?.compartments()).unwrap_or(u32::MAX);
        let ends = firsts.iter().skip(1).copied().chain([compartments]);
        let population = |(core, (first, end)): (usize, (&u32, u32))| MappedPopulation {
            name: format!("core {core}"),
            neurons: end.saturating_sub(*first) as usize,
            compartments: 1,
        };
        let populations = firsts.iter().zip(ends).enumerate().map(population).collect();
        Ok(Self { populations, firsts, neurons: (0..compartments).map(Some).collect() })
    }

    /// The populations of a network.
    ///
    /// # Errors
    /// The image is damaged.
    pub fn of_populations(network: &Network, placed: &Placed) -> Result<Self, ImageError> {
        let firsts = firsts(&placed.image)?;
        let mut neurons = vec![None; placed.image.open()?.compartments()];
        let (mut populations, mut next) = (Vec::new(), 0_u32);
        for (number, population) in network.populations.iter().enumerate() {
            for neuron in 0..population.neurons() {
                let soma = placed.map.soma(number, neuron).map(|soma| soma as usize);
                if let Some(place) = soma.and_then(|soma| neurons.get_mut(soma)) {
                    *place = Some(next);
                }
                next = next.saturating_add(1);
            }
            populations.push(MappedPopulation {
                name: population.name.clone(),
                neurons: population.neurons(),
                compartments: population.compartments.len(),
            });
        }
        Ok(Self { populations, firsts, neurons })
    }

    /// Neurons of all populations.
    pub fn len(&self) -> usize {
        self.populations.iter().map(|population| population.neurons).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The neuron of a compartment of a core.
    pub fn neuron(&self, core: u32, compartment: u32) -> Option<u32> {
        let first = self.firsts.get(core as usize)?;
        *self.neurons.get(first.checked_add(compartment)? as usize)?
    }

    /// Compartments of the chip of a population's neurons, in their order: the soma, or another one of each.
    ///
    /// `None` if unknown population or compartment.
    pub fn compartments(&self, population: &str, compartment: Option<usize>) -> Option<Vec<u32>> {
        let (found, range) = self.ranges().find(|(own, _)| own.name == population)?;
        let last = found.compartments.checked_sub(1)?;
        let before_soma = u32::try_from(last.checked_sub(compartment.unwrap_or(last))?).ok()?;
        let mut places = vec![0; found.neurons];
        for (soma, neuron) in (0_u32..).zip(&self.neurons) {
            if let Some(neuron) = neuron.filter(|neuron| range.contains(neuron))
                && let Some(place) = places.get_mut((neuron - range.start) as usize)
            {
                *place = soma.saturating_sub(before_soma);
            }
        }
        Some(places)
    }

    /// By compartment of the chip: its neuron.
    pub fn neurons(&self) -> &[Option<u32>] {
        &self.neurons
    }

    /// Every population with the first of its neurons.
    pub fn ranges(&self) -> impl Iterator<Item = (&MappedPopulation, std::ops::Range<u32>)> {
        let mut next = 0_u32;
        self.populations.iter().map(move |population| {
            let first = next;
            next = next.saturating_add(u32::try_from(population.neurons).unwrap_or(u32::MAX));
            (population, first..next)
        })
    }
}

fn firsts(image: &ImageFile) -> Result<Vec<u32>, ImageError> {
    Ok(image.open()?.cores().map(|core| u32::try_from(core.compartment_first).unwrap_or(u32::MAX)).collect())
}
