//! The synapses of every connection, source by source, with neurons in the order of placement.

use super::PopulationPart;
use super::listed::{Effects, Listed, Synapses};
use super::row::SynapseRow;
use loihi_net::network::{CompressedWeights, Connection, Each, Endpoint, Network, Population, Signs, Weights, size};
use std::ops::Range;

/// The synapses of a connection.
#[derive(Debug)]
pub(super) struct List<'n> {
    synapses: Stock<'n>,
    /// The population that they reach.
    to: usize,
    /// Axons of a source: positive and negative weights have one each, if they are kept apart.
    axons: usize,
    /// Compartments of a neuron that it reaches.
    compartments: usize,
    /// Those of all neurons; at least 1.
    all_compartments: usize,
    weight_bits: u32,
    pub(super) learns: bool,
    /// Whether a synapse has a delay.
    delays: bool,
    /// Whether a source can reach a neuron more than once.
    repeats: bool,
}

/// The synapses of all axons of a connection.
#[derive(Debug)]
enum Stock<'n> {
    /// Where those of each axon begin, source by source, and the end of the last; and all of them.
    Listed(Vec<usize>, Vec<Listed>),
    /// As the network has them, an axon a source.
    Weights(&'n CompressedWeights, Effects),
}

impl Stock<'_> {
    fn axons(&self) -> usize {
        match self {
            Self::Listed(starts, _) => starts.len() - 1,
            Self::Weights(weights, _) => weights.sources(),
        }
    }

    fn of_axon(&self, axon: usize) -> Synapses<'_> {
        match self {
            Self::Listed(starts, all) => Synapses::Listed(all.get(starts[axon]..starts[axon + 1]).unwrap_or_default()),
            Self::Weights(weights, effects) => Synapses::Weights(weights.source(axon), effects),
        }
    }
}

/// Those of all connections, and the order of placement of all populations.
#[derive(Debug)]
pub(super) struct Lists<'n> {
    /// By connection.
    pub(super) lists: Vec<List<'n>>,
    /// By population: the neuron at each place.
    pub(super) orders: Vec<Vec<u32>>,
}

/// Some synapses of an axon that follow each other: those with the neurons of a part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    axon: u32,
    start: u32,
    end: u32,
}

impl List<'_> {
    /// Hands `visit` every piece of the parts of the population that is reached, with the number of its part: source by source,
    /// in the order of memory. No piece is empty. All neurons of the population are in `parts`.
    pub(super) fn visit_pieces(&self, parts: &[PopulationPart], mut visit: impl FnMut(usize, Piece)) {
        let own = parts.iter().enumerate().filter(|(_, part)| part.population == self.to);
        let mut own: Vec<(usize, &Range<usize>)> = own.map(|(number, part)| (number, &part.neurons)).collect();
        own.sort_by_key(|(_, neurons)| neurons.start);
        let ends: Vec<usize> = own.iter().map(|(_, neurons)| neurons.end * self.compartments).collect();
        // Of the compartments before an end, in units of 2^-32: where it is looked for first.
        let share = |end: &usize| ((*end as u64) << 32) / self.all_compartments as u64;
        let shares: Vec<u64> = [0].into_iter().chain(ends.iter().map(share)).collect();
        for axon in 0..self.synapses.axons() {
            let all = self.synapses.of_axon(axon);
            let (mut start, mut part) = (0, 0);
            while start < all.len() {
                let compartment = all.at(start).compartment();
                part += ends[part..].partition_point(|end| *end <= compartment);
                let (Some(end), Some((number, _))) = (ends.get(part), own.get(part)) else { break };
                let expected = ((shares[part + 1] - shares[part]) * all.len() as u64) >> 32;
                let stop = place_of(all, *end, start + usize::try_from(expected).unwrap_or(0));
                visit(*number, Piece { axon: word(axon), start: word(start), end: word(stop) });
                start = stop;
            }
        }
    }

    /// By part: its pieces, in the order of the sources.
    pub(super) fn pieces(&self, parts: &[PopulationPart]) -> Vec<Vec<Piece>> {
        let mut pieces = vec![Vec::new(); parts.len()];
        self.visit_pieces(parts, |part, piece| pieces[part].push(piece));
        pieces
    }

    /// The source of a piece.
    pub(super) const fn source(&self, piece: Piece) -> usize {
        piece.axon as usize / self.axons
    }

    /// The synapses of a piece.
    pub(super) fn row(&self, piece: Piece) -> SynapseRow<'_> {
        let own = self.synapses.of_axon(piece.axon as usize).range(piece.start as usize..piece.end as usize);
        let once = |at: usize| own.at(at - 1).compartment() < own.at(at).compartment();
        let plain = !self.learns && (!self.repeats || (1..own.len()).all(once));
        SynapseRow::new(own, self.weight_bits, plain, self.delays)
    }
}

/// Axons of a connection, and synapses of an axon, are far below 2^32.
fn word(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Number of synapses before a compartment, looked for from a guess on: what is far away is slow to come from memory.
fn place_of(all: Synapses<'_>, compartment: usize, guess: usize) -> usize {
    let before = |at: usize| all.at(at).compartment() < compartment;
    let (mut low, mut high) = (guess.min(all.len()), guess.min(all.len()));
    let mut width = 1;
    while low > 0 && !before(low - 1) {
        low = low.saturating_sub(width);
        width *= 2;
    }
    width = 1;
    while high < all.len() && before(high) {
        high = (high + width).min(all.len());
        width *= 2;
    }
    while low < high {
        let middle = usize::midpoint(low, high);
        if before(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

impl<'n> Lists<'n> {
    /// Those of a valid network.
    pub(super) fn of(network: &'n Network) -> Self {
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

fn list<'n>(network: &'n Network, connection: &'n Connection, places: &[Vec<u32>]) -> List<'n> {
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
    let of_mantissa = (-256..=255).map(effect).collect();
    let effects = Effects { of_mantissa, compartments: neuron_compartments };
    let repeats = matches!(connection.weights, Weights::Sparse(_));
    let all_compartments = (places.len() * compartments).max(1);
    let list = List {
        synapses: Stock::Listed(vec![0], Vec::new()),
        to: connection.to,
        axons: if apart { 2 } else { 1 },
        compartments,
        all_compartments,
        weight_bits: connection.weight_bits,
        learns,
        delays: false,
        repeats,
    };
    if let Weights::Compressed(weights) = &connection.weights
        && matches!(connection.delay, Each::Same(delay) if delay.get() == 0)
        && !learns
        && !apart
        && (0..).zip(places).all(|(number, place): (u32, &u32)| number == *place)
        && weights.mantissas().all(|mantissa| effects.of(mantissa).is_some())
    {
        return List { synapses: Stock::Weights(weights, effects), ..list };
    }
    let mut starts = vec![0];
    let mut synapses: Vec<Listed> = Vec::new();
    let mut delays = false;
    for source in 0..size(shapes[0]) {
        let first = synapses.len();
        connection.visit(shapes, source, |neuron, mantissa, delay| {
            if let (Some(effect), Some(place)) = (effects.of(mantissa), places.get(neuron)) {
                delays |= delay > 0;
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
    List { synapses: Stock::Listed(starts, synapses), delays, ..list }
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
                assert_eq!(
                    place_of(Synapses::Listed(&all), compartment, guess),
                    expected,
                    "{compartment} from {guess}"
                );
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
