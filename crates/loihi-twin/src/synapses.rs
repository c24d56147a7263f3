//! Where the learned weights of a connection are: which synapse of which source and neuron each word of the register `w` is.

use loihi_core::image::{ImageError, LearningRecord, Synapse};
use loihi_net::network::{Endpoint, Network};
use loihi_place::place::Placed;

/// A synapse that learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LearnedSynapse {
    /// Its place in the registers `w`, `t` and `d`.
    pub place: usize,
    /// The element of the source.
    pub source: usize,
    /// The neuron.
    pub neuron: usize,
}

/// Those of a connection, by its place in the network's list, in the order of the registers; none if it does not learn.
///
/// # Errors
/// The image is damaged.
pub fn of_connection(network: &Network, placed: &Placed, connection: usize) -> Result<Vec<LearnedSynapse>, ImageError> {
    let image = placed.image.open()?;
    let groups = placed.plastic_groups.get(connection).cloned().unwrap_or_default();
    let Some(own) = network.connections.get(connection) else { return Ok(Vec::new()) };
    let shapes = [network.shape_of(own.from), network.shape_of(Endpoint::Population(own.to))];
    let sources = loihi_net::network::size(shapes[0]);
    let mut synapses = Vec::new();
    for group in image.learning().skip(groups.start as usize).take(groups.len()) {
        let first = image.core(group.core).map_or(0, |core| core.compartment_first);
        let neuron_of = |compartment: usize| {
            let compartment = u32::try_from(first + compartment).ok()?;
            placed.map.owner(compartment).filter(|(population, _)| *population == own.to).map(|(_, neuron)| neuron)
        };
        // An axon for each source that reaches a neuron of this part.
        let mut reaching = (0..sources).filter(|source| {
            let mut reaches = false;
            own.visit(shapes, *source, |neuron, _, _| reaches |= is_of(&group, first, placed, [own.to, neuron]));
            reaches
        });
        for axon in group.axon_first..group.axon_first + group.axons {
            let (Some(axon), Some(source)) = (image.axon(axon), reaching.next()) else { break };
            let words = image.sparse.get(axon.elements()).unwrap_or_default();
            let [_, before, _] = group.before;
            for (place, word) in (before + axon.first - group.synapse_first..).zip(words) {
                if let Some(neuron) = neuron_of(Synapse::from_word(*word).compartment) {
                    synapses.push(LearnedSynapse { place, source, neuron });
                }
            }
        }
    }
    Ok(synapses)
}

/// Whether a neuron is one of those whose post traces a group has; `first` is the first compartment of its core.
fn is_of(group: &LearningRecord, first: usize, placed: &Placed, [population, neuron]: [usize; 2]) -> bool {
    let place = placed.map.first(population, neuron).and_then(|place| (place as usize).checked_sub(first));
    place.is_some_and(|place| (group.post_first..group.post_first + group.posts).contains(&place))
}
