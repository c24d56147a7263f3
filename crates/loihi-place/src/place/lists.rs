//! The synapses of every connection, source by source, with neurons in the order of placement.

use super::listed::Listed;
use super::row::SynapseRow;
use loihi_net::network::{Connection, Endpoint, Network, Population, Signs, Weights, size};
use std::ops::Range;

/// The synapses of a connection.
#[derive(Debug)]
pub(super) struct List {
    /// Where the synapses of each axon begin, source by source, and the end of the last.
    starts: Vec<usize>,
    synapses: Vec<Listed>,
    /// Axons of a source: positive and negative weights have one each, if they are kept apart.
    axons: usize,
    /// Compartments of a neuron that it reaches.
    compartments: usize,
    /// Those of all neurons; at least 1.
    all_compartments: usize,
    weight_bits: u32,
    learns: bool,
    /// Whether a source can reach a neuron more than once.
    repeats: bool,
}

/// Those of all connections, and the order of placement of all populations.
#[derive(Debug)]
pub(super) struct Lists {
    /// By connection.
    pub(super) lists: Vec<List>,
    /// By population: the neuron at each place.
    pub(super) orders: Vec<Vec<u32>>,
}

impl List {
    /// The rows of every source with neurons at these places, in the order of the sources; there are none that are empty.
    pub(super) fn rows(&self, places: Range<usize>) -> impl Iterator<Item = (usize, SynapseRow<'_>)> {
        let [first, end] = [places.start, places.end].map(|place| place * self.compartments);
        let axons = self.starts.windows(2).map(|ends| self.synapses.get(ends[0]..ends[1]).unwrap_or_default());
        axons.enumerate().filter_map(move |(axon, all)| {
            let in_proportion = |compartment: usize| compartment * all.len() / self.all_compartments;
            let start = place_of(all, first, in_proportion(first));
            let own = start..place_of(all, end, start + in_proportion(end) - in_proportion(first));
            let own = &all[own];
            let once = |pair: &[Listed]| pair[0].compartment() < pair[1].compartment();
            let plain = !self.learns && (!self.repeats || own.windows(2).all(once));
            Some((axon / self.axons, SynapseRow::new(own, self.weight_bits, plain)?))
        })
    }
}

/// Number of synapses before a compartment, looked for from a guess on: what is far away is slow to come from memory.
fn place_of(all: &[Listed], compartment: usize, guess: usize) -> usize {
    let before = |synapse: &Listed| synapse.compartment() < compartment;
    let (mut low, mut high) = (guess.min(all.len()), guess.min(all.len()));
    let mut width = 1;
    while low > 0 && !before(&all[low - 1]) {
        low = low.saturating_sub(width);
        width *= 2;
    }
    width = 1;
    while high < all.len() && before(&all[high]) {
        high = (high + width).min(all.len());
        width *= 2;
    }
    low + all[low..high].partition_point(before)
}

impl Lists {
    /// Those of a valid network.
    pub(super) fn of(network: &Network) -> Self {
        let spatial = |at: usize| {
            network.connections.iter().any(|connection| {
                let ends = connection.from == Endpoint::Population(at) || connection.to == at;
                ends && matches!(connection.weights, Weights::Conv2d(_) | Weights::Pool2d(_))
            })
        };
        let populations = network.populations.iter().enumerate();
        let orders: Vec<Vec<u32>> = populations.map(|(at, population)| order(population, spatial(at))).collect();
        let places: Vec<Vec<u32>> = orders.iter().map(|order| inverse(order)).collect();
        let lists = network.connections.iter().map(|connection| list(network, connection, &places)).collect();
        Self { lists, orders }
    }
}

/// The neuron at each place: as they count, or row by row with all channels of an element side by side.
fn order(population: &Population, spatial: bool) -> Vec<u32> {
    let mut order: Vec<u32> = (0..).take(population.neurons()).collect();
    if spatial
        && let [channels, rest @ ..] = &*population.shape
        && !rest.is_empty()
    {
        let plane = u32::try_from(population.neurons() / channels.max(&1)).unwrap_or(u32::MAX).max(1);
        order.sort_by_key(|neuron| (neuron % plane, neuron / plane));
    }
    order
}

fn inverse(order: &[u32]) -> Vec<u32> {
    let mut places = vec![0; order.len()];
    for (place, neuron) in (0_u32..).zip(order) {
        places[*neuron as usize] = place;
    }
    places
}

fn list(network: &Network, connection: &Connection, places: &[Vec<u32>]) -> List {
    let shapes = [network.shape_of(connection.from), network.shape_of(Endpoint::Population(connection.to))];
    let places = places.get(connection.to).map_or(&[][..], Vec::as_slice);
    let compartments = network.populations.get(connection.to).map_or(1, |population| population.compartments.len());
    let neuron_compartments = u32::try_from(compartments).unwrap_or(u32::MAX);
    let learns = connection.learning.is_some();
    let split = connection.signs == Signs::Split;
    let apart = split && !learns;
    // Of every mantissa that a valid network has. A weight that adds nothing takes no memory, unless it can become
    // another.
    let effect = |mantissa| {
        let weight = if learns { mantissa } else { connection.folded(mantissa) };
        (learns || weight != 0).then(|| Listed::new(weight, split && mantissa < 0, apart))
    };
    let effects: Vec<Option<Listed>> = (-256..=255).map(effect).collect();
    let mut starts = vec![0];
    let mut synapses: Vec<Listed> = Vec::new();
    for source in 0..size(shapes[0]) {
        let first = synapses.len();
        connection.visit(shapes, source, |neuron, mantissa, delay| {
            let effect = effects.get(usize::from(mantissa.wrapping_add(256).cast_unsigned()));
            if let (Some(Some(effect)), Some(place)) = (effect, places.get(neuron)) {
                synapses.push(effect.at(place * neuron_compartments, delay));
            }
        });
        let own = synapses.get_mut(first..).unwrap_or_default();
        own.sort_unstable();
        if apart {
            starts.push(first + own.partition_point(|synapse| !synapse.of_negative()));
        }
        starts.push(synapses.len());
    }
    let axons = if apart { 2 } else { 1 };
    let repeats = matches!(connection.weights, Weights::Sparse(_));
    let all_compartments = (places.len() * compartments).max(1);
    let weight_bits = connection.weight_bits;
    List { starts, synapses, axons, compartments, all_compartments, weight_bits, learns, repeats }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_from_every_guess() {
        let synapse = |compartment| Listed::new(2, false, false).at(compartment, 0);
        let all: Vec<Listed> = [0, 1, 1, 4, 9, 9, 20, 21].map(synapse).to_vec();
        for compartment in 0..30 {
            let expected = all.iter().filter(|own| own.compartment() < compartment).count();
            for guess in 0..12 {
                assert_eq!(place_of(&all, compartment, guess), expected, "{compartment} from {guess}");
            }
        }
    }

    #[test]
    fn a_synapse_is_what_was_put_in() {
        let synapse = Listed::new(-256, true, true).at((1 << 27) - 1, 62);
        assert_eq!((synapse.compartment(), synapse.delay(), synapse.weight()), ((1 << 27) - 1, 62, -256));
        assert!(synapse.of_negative() && !Listed::new(-256, true, false).of_negative());
        assert!(Listed::new(-3, false, false) < Listed::new(3, false, false), "ascending weights");
    }
}
