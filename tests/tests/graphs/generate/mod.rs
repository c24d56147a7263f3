//! Graphs drawn at random: inputs, populations each with ways that lead to it, circles, and what is shown.
//!
//! Most of them have weights, thresholds and biases that are small whole numbers of one step. Of these, some have decays
//! that the chip's registers hold, and the others keep all of their voltage or nothing, so that they can be exact on the
//! chip.

mod layers;
mod neurons;

use crate::draw::Draw;
use crate::graph::{Graph, Node, Op};
use std::collections::BTreeSet;

/// Most elements of a node.
const ELEMENTS_MAX: usize = 48;

/// A graph that grows.
struct Growing {
    draw: Draw,
    nodes: Vec<Node>,
    dt: f64,
    /// The step of which numbers are multiples, if they are.
    step: Option<f64>,
    /// Whether states decay.
    decays: bool,
}

/// The graph of a number.
pub(crate) fn graph(number: u32) -> Graph {
    let mut draw = Draw::new(number);
    let dt = draw.pick(&[1.0, 1.0 / 1024.0, 1e-3, 1e-4]);
    let step = draw.percent(70).then(|| draw.pick(&[1.0, 1.0, 1.0, 0.5, 0.25, 2.0, 1.0 / 64.0, 0.1]));
    let decays = step.is_none() || draw.percent(35);
    let mut growing = Growing { draw, nodes: Vec::new(), dt, step, decays };
    growing.inputs();
    let populations = growing.draw.whole(1..=4);
    for number in 0..populations {
        growing.population(number + 1 == populations);
    }
    growing.output();
    growing.done()
}

impl Growing {
    fn add(&mut self, op: Op, shape: Vec<usize>, from: Vec<usize>) -> usize {
        // Importers walk through nodes in the order of their names, on which nothing may depend.
        let letter = self.draw.pick(&["a", "b", "c", "d", "e", "f"]);
        let name = format!("{letter}{}", self.nodes.len());
        self.nodes.push(Node { name, op, shape, from });
        self.nodes.len() - 1
    }

    fn inputs(&mut self) {
        for _ in 0..=i32::from(self.draw.percent(20)) {
            let mut extent = |low, high| self.draw.size(low..=high);
            let shape = match extent(0, 3) {
                0 => vec![extent(1, 3), extent(3, 8)],
                1 => vec![extent(1, 2), extent(2, 6), extent(2, 4)],
                _ => vec![extent(1, 8)],
            };
            self.add(Op::Input, shape, Vec::new());
        }
    }

    /// Neurons with one or more ways that lead to them.
    fn population(&mut self, last: bool) {
        let mut at = self.start();
        let layers = self.draw.pick(&[0, 1, 1, 1, 1, 2, 2, 3]);
        for _ in 0..layers {
            at = self.layer(at);
        }
        let shape = self.nodes[at].shape.clone();
        let mut from = vec![at];
        while from.len() < 4 && self.draw.percent(30) {
            if let Some(way) = self.skip(&shape).filter(|way| !from.contains(way)) {
                from.push(way);
            }
        }
        let neurons = self.neurons(shape.iter().product(), last);
        let fires = neurons.kind.fires();
        let population = self.add(Op::Neurons(neurons), shape, from);
        if fires && self.draw.percent(25) {
            self.circle(population, population);
        }
        if fires && self.draw.percent(20) {
            self.wide_circle(population);
        }
    }

    /// Where a way begins: often the neurons before, sometimes a layer that leads elsewhere, too.
    fn start(&mut self) -> usize {
        let sources: Vec<usize> = (0..self.nodes.len()).filter(|at| self.goes_on(*at)).collect();
        let spiking: Vec<usize> = sources.iter().copied().filter(|at| self.nodes[*at].is_source()).collect();
        match self.draw.whole(0..=9) {
            0 => self.draw.pick(&sources),
            1 | 2 => self.draw.pick(&spiking),
            _ => spiking.last().copied().unwrap_or(0),
        }
    }

    /// Whether something can follow a node.
    fn goes_on(&self, at: usize) -> bool {
        self.nodes[at].neurons().is_none_or(|neurons| neurons.kind.fires())
    }

    /// A way from any earlier node that ends with these extents.
    fn skip(&mut self, shape: &[usize]) -> Option<usize> {
        let alike = |at: &usize| self.nodes[*at].shape == shape && self.goes_on(*at);
        let alike: Vec<usize> = (0..self.nodes.len()).filter(alike).collect();
        if !alike.is_empty() && self.draw.percent(50) {
            let from = self.draw.pick(&alike);
            return Some(if self.draw.percent(50) { self.alike(from) } else { from });
        }
        let [outputs] = *shape else { return None };
        let sources: Vec<usize> =
            (0..self.nodes.len()).filter(|at| self.nodes[*at].is_source() && self.goes_on(*at)).collect();
        let from = self.draw.pick(&sources);
        let from = self.flat(from);
        Some(self.dense(from, outputs))
    }

    /// A way back from neurons to neurons of a node before them, or to the same.
    fn circle(&mut self, from: usize, to: usize) {
        let shape = self.nodes[to].shape.clone();
        let mut at = from;
        match *shape {
            [outputs] if self.draw.percent(70) || self.nodes[from].shape != shape => {
                at = self.flat(at);
                at = self.dense(at, outputs);
            }
            _ if self.nodes[from].shape == shape => {
                if self.draw.percent(70) {
                    at = self.scale(at);
                }
            }
            _ => return,
        }
        if self.draw.percent(40) {
            // What a wide circle takes more than in the file depends on its delay, which is the same for all then.
            at = self.delay(at, from != to);
        }
        if !self.nodes[to].from.contains(&at) {
            self.nodes[to].from.push(at);
        }
    }

    /// A circle through several populations, if there is one to which all ways from the inputs to this one lead, so that it
    /// is plain which edge leads back.
    fn wide_circle(&mut self, from: usize) {
        let passed = |to: usize| {
            let mut free = BTreeSet::new();
            for (at, node) in self.nodes.iter().enumerate().filter(|(at, _)| *at != to) {
                let before = |before: &usize| *before < at && free.contains(before);
                if matches!(node.op, Op::Input) || node.from.iter().any(before) {
                    free.insert(at);
                }
            }
            self.nodes[to].neurons().is_some() && !free.contains(&from)
        };
        let before: Vec<usize> = (0..from).filter(|to| passed(*to)).collect();
        if !before.is_empty() {
            let to = self.draw.pick(&before);
            self.circle(from, to);
        }
    }

    fn output(&mut self) {
        let last = self.nodes.iter().rposition(|node| node.neurons().is_some()).unwrap();
        let shape = self.nodes[last].shape.clone();
        self.add(Op::Output, shape, vec![last]);
    }

    fn done(mut self) -> Graph {
        let steps = self.draw.whole(12..=32);
        let percent = self.draw.pick(&[5, 15, 30, 60]);
        let mut shown = BTreeSet::new();
        for (at, node) in self.nodes.iter().enumerate().filter(|(_, node)| matches!(node.op, Op::Input)) {
            for (step, element) in (0..steps).flat_map(|step| (0..node.elements()).map(move |element| (step, element)))
            {
                if self.draw.percent(percent) {
                    shown.insert((at, i64::from(step), element));
                }
            }
        }
        Graph { nodes: self.nodes, dt: self.dt, says_dt: true, steps: i64::from(steps), shown }
    }
}
