//! The synapses of every connection, source by source, with neurons in the order of placement.

use crate::network::{Connection, Endpoint, Network, Population, Weights, size};

/// A synapse of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Listed {
    /// Neuron, by its place.
    pub(super) place: u32,
    /// Steps of delay.
    pub(super) delay: u8,
    /// Whether a split connection keeps it with the negative ones.
    pub(super) negative: bool,
    /// Weight mantissa of a connection that learns, else what a spike adds in units of 64.
    pub(super) weight: i16,
}

/// The synapses of a connection.
#[derive(Debug)]
pub(super) struct List {
    /// Where each source's synapses begin, and the end of the last.
    starts: Vec<usize>,
    synapses: Vec<Listed>,
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
    /// The synapses of a source, by place.
    pub(super) fn of(&self, source: usize) -> &[Listed] {
        let range = self.starts.get(source).zip(self.starts.get(source + 1));
        range.and_then(|(first, end)| self.synapses.get(*first..*end)).unwrap_or_default()
    }

    /// Number of sources.
    pub(super) fn sources(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }
}

impl Lists {
    /// Those of a network that is sound.
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
    let learns = connection.learning.is_some();
    let split = connection.signs == crate::network::Signs::Split;
    let mut starts = vec![0];
    let mut synapses = Vec::new();
    for source in 0..size(shapes[0]) {
        let first = synapses.len();
        connection.visit(shapes, source, |neuron, mantissa, delay| {
            let weight = if learns { mantissa } else { connection.folded(mantissa) };
            // A weight that adds nothing takes no memory, unless it can become another.
            if let Some(place) = places.get(neuron).filter(|_| learns || weight != 0) {
                let delay = u8::try_from(delay).unwrap_or(u8::MAX);
                synapses.push(Listed { place: *place, delay, negative: split && mantissa < 0, weight });
            }
        });
        if let Some(own) = synapses.get_mut(first..) {
            own.sort_unstable();
        }
        starts.push(synapses.len());
    }
    List { starts, synapses }
}
