//! What parts will take of their cores, from the lengths of their lists: no try needs an image.
//!
//! The numbers are those that [`loihi_image::limits::usage()`] finds in the image of the same parts, if each has a core of its
//! own; parts that share one can need less.

use super::PopulationPart;
use super::lists::Lists;
use super::stored::{Repeated, Stored};
use loihi_core::image::Profile;
use loihi_image::limits::CoreUsage;
use loihi_image::limits::usage::output_entries;
use loihi_net::network::{Each, Endpoint, Network};
use std::ops::Range;

/// By part: its needs. `after` is told how many connections of how many are done.
pub(super) fn of(
    network: &Network,
    lists: &Lists<'_>,
    parts: &[PopulationPart],
    after: &mut dyn FnMut(u64, u64),
) -> Vec<CoreUsage> {
    let mut needs: Vec<CoreUsage> = parts.iter().map(|part| of_neurons(network, lists, part)).collect();
    let homes = homes(lists, parts);
    let mut marks = vec![Vec::new(); parts.len()];
    for (done, (connection, list)) in (0..).zip(network.connections.iter().zip(&lists.lists)) {
        after(done, lists.lists.len() as u64);
        list.visit_pieces(parts, |at, piece| {
            let row = list.row(piece);
            needs[at].input_axons += 1;
            needs[at].synaptic_words += row.words();
            if !list.learns {
                marks[at].push(row.brief_mark());
            }
            if let Endpoint::Population(from) = connection.from {
                let home = homes[from][list.source(piece)];
                needs[home].output_axons += output_entries(parts[home].core, parts[at].core, 1);
            }
        });
    }
    let repeated: Vec<Repeated> = marks.into_iter().map(Repeated::of).collect();
    if !repeated.iter().all(Repeated::is_empty) {
        share_rows(lists, parts, &repeated, &mut needs);
    }
    needs
}

/// Takes off the words of rows that are equal to others of their part, which share them.
fn share_rows(lists: &Lists<'_>, parts: &[PopulationPart], repeated: &[Repeated], needs: &mut [CoreUsage]) {
    let mut stored: Vec<Stored<'_, ()>> = parts.iter().map(|_| Stored::new()).collect();
    for list in lists.lists.iter().filter(|list| !list.learns) {
        list.visit_pieces(parts, |at, piece| {
            if repeated[at].is_empty() {
                return;
            }
            let row = list.row(piece);
            if repeated[at].has(row.brief_mark()) && !stored[at].of(row, |_| ()).1 {
                needs[at].synaptic_words -= row.words();
            }
        });
    }
}

/// Its compartments and their profiles.
fn of_neurons(network: &Network, lists: &Lists<'_>, part: &PopulationPart) -> CoreUsage {
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
fn homes(lists: &Lists<'_>, parts: &[PopulationPart]) -> Vec<Vec<usize>> {
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
