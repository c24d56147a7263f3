//! Graphs of NIR drawn at random, computed by the project and by a plain simulation of NIR's equations: `generate` draws
//! them, `file` writes them, `chip` has the project run them, `reference` computes them, `stated` reads what the import says
//! of its errors, `compare` and `follow` compare, `shrink` looks for the smallest graph that still differs.
//!
//! The number of a graph is the seed that it is drawn from. `GRAPH=123 cargo test --profile tests -p conformance --test graphs a_graph` runs one.

#![allow(clippy::unwrap_used, reason = "what is missing fails the test")]

mod chip;
mod compare;
mod draw;
mod file;
mod follow;
mod generate;
mod graph;
mod late;
mod layers;
mod reference;
mod shrink;
mod stated;

use compare::{Tally, by_kind, check};
use std::ops::Range;

/// Runs graphs, and tells how many of what were compared.
fn graphs(numbers: Range<u32>) {
    let mut tally = Tally::default();
    let mut differences = Vec::new();
    let (count, seeds) = (numbers.len(), numbers.clone());
    for number in numbers {
        match check(&generate::graph(number)) {
            Ok(own) => tally += own,
            Err(difference) => differences.push((number, difference)),
        }
    }
    println!("graphs of seeds {first} to {last}: {tally:?}", first = seeds.start, last = seeds.end - 1);
    for (kind, numbers) in by_kind(&differences) {
        println!("{kind:?}: {} graphs: {numbers:?}", numbers.len());
    }
    for (number, difference) in &differences {
        println!("graph {number}: {}", difference.what);
    }
    if let Some((number, _)) = differences.first() {
        let (graph, difference) = shrink::shrink(generate::graph(*number)).unwrap();
        panic!("graph {number} differs: {}\nin its smallest form:\n{graph}", difference.what);
    }
    assert!(tally.exact * 4 > count, "{} of {count} graphs are exact: too few to tell", tally.exact);
    assert!(tally.open * 20 < tally.decisions, "{} of {} decisions are open: too many", tally.open, tally.decisions);
}

/// In every spike where the import says exact, and within what it states elsewhere.
#[test]
fn a_hundred_random_graphs_fire_as_their_equations_say() {
    graphs(0..100);
}

/// The same of more.
#[test]
#[ignore = "takes long"]
fn a_thousand_random_graphs_fire_as_their_equations_say() {
    graphs(100..1300);
}

/// The graph that `GRAPH` names, if it does.
#[test]
fn a_graph_that_is_asked_for_fires_as_its_equations_say() {
    if let Some(number) = std::env::var("GRAPH").ok().and_then(|number| number.parse().ok()) {
        let graph = generate::graph(number);
        println!("{graph}");
        if let Some((graph, difference)) = shrink::shrink(graph) {
            let table = chip::run(&graph).map_or_else(|why| why, |ran| ran.imported.table());
            panic!(
                "graph {number} differs: {}\nin its smallest form:\n{graph}\nimported as:\n{table}",
                difference.what
            );
        }
    }
}
