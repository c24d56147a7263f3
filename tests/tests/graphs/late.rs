//! Steps by which populations are later on the chip than in the file, as the delays of the imported network have it.
//!
//! On the chip a spike takes a step from neurons to neurons; the import may keep others waiting for it, or take the step from
//! a delay of the file. Which it does is its own choice, as long as all that leads to a neuron is as late.

use crate::chip::Ran;
use crate::graph::Graph;
use crate::reference::Reference;
use host_harness::network::{Connection, Endpoint};
use std::collections::BTreeMap;

/// The least delay of an element to a neuron.
type Least = BTreeMap<(usize, usize), i64>;

/// Steps by node; none where neurons are reached by no weight but 0, which say nothing.
pub(crate) fn lateness(graph: &Graph, reference: &Reference<'_>, ran: &Ran) -> Option<Vec<i64>> {
    let mut late = vec![0; graph.nodes.len()];
    for (to, ..) in graph.populations() {
        let mut found: BTreeMap<i64, usize> = BTreeMap::new();
        for (source, before) in late.iter().enumerate().take(to) {
            let (file, chip) = (of_file(graph, reference, source, to), of_chip(graph, ran, source, to));
            for (ends, delay) in file {
                if let Some(own) = chip.get(&ends) {
                    *found.entry(before + own - delay).or_default() += 1;
                }
            }
        }
        // What is a difference shows in the spikes.
        late[to] = found.into_iter().max_by_key(|(_, count)| *count).map(|(late, _)| late)?;
    }
    Some(late)
}

fn insert(least: &mut Least, ends: (usize, usize), delay: i64) {
    let own = least.entry(ends).or_insert(delay);
    *own = delay.min(*own);
}

fn of_file(graph: &Graph, reference: &Reference<'_>, source: usize, to: usize) -> Least {
    let mut least = Least::new();
    for way in graph.ways(to).iter().filter(|way| way.source == source && !way.recurrent) {
        for element in 0..graph.nodes[source].elements() {
            for (neuron, delay, _) in reference.reached(way, element) {
                insert(&mut least, (element, neuron), i64::from(delay));
            }
        }
    }
    least
}

fn of_chip(graph: &Graph, ran: &Ran, source: usize, to: usize) -> Least {
    let network = &ran.imported.network;
    let place = |node: usize| network.find(&graph.nodes[node].name);
    let (Some(from), Some(Endpoint::Population(to))) = (place(source), place(to)) else { return Least::new() };
    let step = i64::from(matches!(from, Endpoint::Population(_)));
    let mut least = Least::new();
    let own = |connection: &&Connection| connection.from == from && connection.to == to;
    for connection in network.connections.iter().filter(own) {
        let shapes = [network.shape_of(from), &*network.populations[to].shape];
        for element in 0..graph.nodes[source].elements() {
            connection.visit(shapes, element, |neuron, weight, delay| {
                if weight != 0 {
                    insert(&mut least, (element, neuron), step + i64::try_from(delay).unwrap());
                }
            });
        }
    }
    least
}
