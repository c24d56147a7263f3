//! What parts will take of their cores, from the lengths of their lists: no try needs an image.
//!
//! The numbers are those that [`loihi_image::limits::usage()`] finds in the image of the same parts, if each has a core of its
//! own; parts that share one can need less.

use super::PopulationPart;
use super::lists::Lists;
use super::stored::Stored;
use loihi_core::image::Profile;
use loihi_image::limits::CoreUsage;
use loihi_image::limits::usage::output_entries;
use loihi_net::network::{Each, Endpoint, Network};
use std::ops::Range;

/// Parts that are looked at together, since what follows in memory is quick to come.
const TOGETHER: usize = 16;

/// By part: its needs. `after` is told how many parts of how many are done.
pub(super) fn of(
    network: &Network,
    lists: &Lists,
    parts: &[PopulationPart],
    after: &mut dyn FnMut(u64, u64),
) -> Vec<CoreUsage> {
    let mut needs: Vec<CoreUsage> = parts.iter().map(|part| of_neurons(network, lists, part)).collect();
    let homes = homes(lists, parts);
    let mut first = 0;
    let follows = |before: &PopulationPart, next: &PopulationPart| {
        before.population == next.population && before.neurons.end == next.neurons.start
    };
    for parts_together in parts.chunk_by(follows).flat_map(|run| run.chunks(TOGETHER)) {
        after(first as u64, parts.len() as u64);
        let neurons: Vec<Range<usize>> = parts_together.iter().map(|part| part.neurons.clone()).collect();
        let mut stored: Vec<Stored<'_, ()>> = neurons.iter().map(|_| Stored::new()).collect();
        let population = parts_together.first().map(|part| part.population);
        let own = network.connections.iter().zip(&lists.lists).filter(|(own, _)| Some(own.to) == population);
        for (connection, list) in own {
            let learns = connection.learning.is_some();
            list.visit_rows(&neurons, |number, source, row| {
                let at = first + number;
                needs[at].input_axons += 1;
                if learns || stored[number].of(row, |_| ()).1 {
                    needs[at].synaptic_words += row.words();
                }
                if let Endpoint::Population(from) = connection.from {
                    let home = homes[from][source];
                    needs[home].output_axons += output_entries(parts[home].core, parts[at].core, 1);
                }
            });
        }
        first += parts_together.len();
    }
    needs
}

/// Its compartments and their profiles.
fn of_neurons(network: &Network, lists: &Lists, part: &PopulationPart) -> CoreUsage {
    let population = &network.populations[part.population];
    let neurons = &lists.orders[part.population][part.neurons.clone()];
    let compartments = neurons.len() * population.compartments.len();
    CoreUsage::of_profiles(compartments, population.compartments.iter().flat_map(|each| profiles(each, neurons)))
}

/// Profiles of these neurons; of a run of equal ones only the first.
fn profiles(each: &Each<Profile>, neurons: &[u32]) -> Vec<Profile> {
    let neurons = if matches!(each, Each::Same(_)) { neurons.get(..1).unwrap_or_default() } else { neurons };
    let mut profiles: Vec<Profile> = neurons.iter().filter_map(|neuron| each.get(*neuron as usize).copied()).collect();
    profiles.dedup();
    profiles
}

/// By population and neuron: the part in which it is.
fn homes(lists: &Lists, parts: &[PopulationPart]) -> Vec<Vec<usize>> {
    let mut homes: Vec<Vec<usize>> = lists.orders.iter().map(|order| vec![0; order.len()]).collect();
    for (at, PopulationPart { population, neurons: Range { start, end }, .. }) in parts.iter().enumerate() {
        for neuron in &lists.orders[*population][*start..*end] {
            homes[*population][*neuron as usize] = at;
        }
    }
    homes
}

#[cfg(test)]
mod tests {
    use super::super::{PlacementOptions, place};
    use super::*;
    use loihi_net::network::file::{EVERY_KEY, parse};
    use std::path::Path;

    /// Trees, lists that are equal, delays, a rule, and synapses between the same two neurons.
    const OF_EVERY_NEED: &str = "name = \"needs\"\n[[input]]\nname = \"in\"\nshape = [30]\n\
        [[population]]\nname = \"tree\"\nshape = [40]\n[[population.compartment]]\nstack_out = \"push\"\n\
        threshold = \"pass_above\"\n[[population.compartment]]\nv_th = 100\nstack_in = \"pop_a\"\njoin = \"add\"\n\
        [[population]]\nname = \"flat\"\nshape = [6]\nv_th = [100, 100, 200, 300, 300, 100]\n\
        [[connection]]\nfrom = \"in\"\nto = \"tree\"\nsigns = \"split\"\nweights = { uniform = [-9, 9], density = 0.7 }\n\
        [[connection]]\nfrom = \"tree\"\nto = \"tree\"\ncompartment = 1\nweights = 6\n\
        [[connection]]\nfrom = \"flat\"\nto = \"tree\"\nweights = 6\nweight_bits = 5\n\
        [[connection]]\nfrom = \"flat\"\nto = \"flat\"\nkind = \"one_to_one\"\nweights = 8\ndelay = 3\n\
        [[connection]]\nfrom = \"tree\"\nto = \"flat\"\nkind = \"sparse\"\n\
        weights = [[0, 1, 2, 0], [0, 1, 4, 0], [3, 1, 2, 0], [3, 1, 4, 0], [3, 2, 2, 0], [9, 0, 2, 0], [9, 1, 2, 5]]\n\
        [[connection]]\nfrom = \"in\"\nto = \"flat\"\nweights = 6\n[connection.learning]\nrule = \"dw = 2^-2*x1*y0\"\n\
        x1 = { impulse = 40, tau_steps = 10.0 }\n";

    #[test]
    fn parts_need_what_their_image_uses() {
        for text in [OF_EVERY_NEED, EVERY_KEY] {
            let network = parse(text, Path::new("needs.toml")).unwrap();
            for (compartments_per_core, chips) in [(1024, 1), (10, 1), (2, 2), (1, 2)] {
                let placed = place(
                    &network,
                    PlacementOptions::default().compartments_per_core(compartments_per_core).chips(chips).pack(false),
                )
                .unwrap();
                let needs = of(&network, &Lists::of(&network), &placed.parts, &mut |_, _| {});
                assert_eq!(needs, placed.usage, "{}, {compartments_per_core} a core", network.name);
            }
        }
    }
}
