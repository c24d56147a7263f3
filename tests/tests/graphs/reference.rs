//! NIR's equations in floating point, as slow and plain as they can be written: what a node puts out in a step is computed
//! anew, from the nodes before it, whenever it is asked for.
//!
//! All nodes compute in the same step. A recurrent edge takes one, before the first of which neurons were silent, so that a
//! layer on it gave its bias. Differential equations take Euler's steps; the
//! current of a step counts in the voltage of the same step.

use crate::graph::{Graph, NeuronKind, Neurons, Op, Way};
use crate::layers::apply;
use std::collections::{BTreeMap, BTreeSet};

/// Which part of a node's output is asked for: layers are linear, so the parts add up.
#[derive(Clone, Copy, Debug)]
pub(crate) enum InputPart {
    /// What spikes make.
    Spikes,
    /// What biases make, which are there from a step on; and whether a delay keeps them back.
    Biases { start: i64, delayed: bool },
}

/// A graph with the spikes so far.
pub(crate) struct Reference<'g> {
    graph: &'g Graph,
    /// Node, step, element.
    pub(crate) spikes: BTreeSet<(usize, i64, usize)>,
    /// Steps that a recurrent way takes beside its one: from, to, and how many.
    pub(crate) later: Vec<(usize, usize, i64)>,
}

/// Voltage and current of the neurons of a population.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) v: Vec<f64>,
    pub(crate) u: Vec<f64>,
}

impl<'g> Reference<'g> {
    pub(crate) fn new(graph: &'g Graph) -> Self {
        Self { graph, spikes: graph.shown.clone(), later: Vec::new() }
    }

    /// What comes into a node in a step.
    pub(crate) fn input(&self, node: usize, step: i64, part: InputPart) -> Vec<f64> {
        let mut sum: Vec<f64> = Vec::new();
        for from in &self.graph.nodes[node].from {
            let recurrent = *from >= node && matches!(part, InputPart::Spikes);
            let step = if recurrent { step - 1 - self.later(*from, node) } else { step };
            let own = self.output(*from, step, part);
            sum.resize(own.len(), 0.0);
            sum.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
        }
        sum
    }

    fn later(&self, from: usize, to: usize) -> i64 {
        let mut ways = self.graph.ways(to).into_iter();
        let own = |way: &Way| way.through.last().copied().unwrap_or(way.source) == from;
        ways.find(own).map_or(0, |way| self.steps(&way, to) - 1)
    }

    /// Steps that a spike takes on a way beside its delays.
    pub(crate) fn steps(&self, way: &Way, to: usize) -> i64 {
        let later = self.later.iter().find(|(from, of, _)| *from == way.source && *of == to);
        if way.recurrent { 1 + later.map_or(0, |(_, _, steps)| *steps) } else { 0 }
    }

    /// What a node puts out in a step.
    fn output(&self, at: usize, step: i64, part: InputPart) -> Vec<f64> {
        let node = &self.graph.nodes[at];
        match (&node.op, part) {
            (Op::Input | Op::Neurons(_), InputPart::Spikes) => {
                let spike = |element| f64::from(u8::from(self.spikes.contains(&(at, step, element))));
                (0..node.elements()).map(spike).collect()
            }
            (Op::Input | Op::Neurons(_), InputPart::Biases { .. }) => vec![0.0; node.elements()],
            (Op::Delay(_), InputPart::Biases { delayed: false, .. }) => self.input(at, step, part),
            (Op::Delay(steps), _) => {
                let mut by_delay: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
                let mut element = |(element, steps): (usize, &u32)| {
                    let then = by_delay.entry(*steps).or_insert_with(|| self.input(at, step - i64::from(*steps), part));
                    then[element]
                };
                steps.iter().enumerate().map(&mut element).collect()
            }
            (_, part) => {
                let biases = matches!(part, InputPart::Biases { start, .. } if step >= start);
                let before = &self.graph.nodes[node.from[0]].shape;
                apply(node, before, &self.input(at, step, part), biases)
            }
        }
    }

    /// What a spike of one element of the source makes at each neuron at the end of a way: neuron, delay, weight.
    pub(crate) fn reached(&self, way: &Way, element: usize) -> Vec<(usize, u32, f64)> {
        let source = &self.graph.nodes[way.source];
        let first = (0..source.elements()).map(|at| f64::from(u8::from(at == element))).collect();
        let mut moving: Vec<(u32, Vec<f64>)> = vec![(0, first)];
        let mut shape = &source.shape;
        for layer in &way.through {
            let node = &self.graph.nodes[*layer];
            moving = match &node.op {
                Op::Delay(steps) => {
                    let apart = moving.iter().flat_map(|(delay, x)| {
                        let one = move |(at, steps): (usize, &u32)| {
                            let only = (0..x.len()).map(|other| if other == at { x[at] } else { 0.0 }).collect();
                            (delay + steps, only)
                        };
                        steps.iter().enumerate().map(one)
                    });
                    apart.filter(|(_, x): &(u32, Vec<f64>)| x.iter().any(|x| *x != 0.0)).collect()
                }
                _ => moving.iter().map(|(delay, x)| (*delay, apply(node, shape, x, false))).collect(),
            };
            shape = &node.shape;
        }
        let ends = moving.iter().flat_map(|(delay, x)| x.iter().enumerate().map(|(at, x)| (at, *delay, *x)));
        ends.filter(|(_, _, weight)| *weight != 0.0).collect()
    }
}

impl Neurons {
    /// Shares that stay in a step: of the current and of the voltage.
    pub(crate) fn keeps(&self, at: usize, dt: f64) -> [f64; 2] {
        match self.kind {
            NeuronKind::Threshold => [0.0, 0.0],
            NeuronKind::If | NeuronKind::I => [0.0, 1.0],
            NeuronKind::Lif | NeuronKind::Li => [0.0, 1.0 - dt / self.tau[at]],
            NeuronKind::CubaLif | NeuronKind::CubaLi => [1.0 - dt / self.tau_syn[at], 1.0 - dt / self.tau[at]],
        }
    }

    /// What a current of 1 adds to the voltage in a step.
    pub(crate) fn drive(&self, at: usize, dt: f64) -> f64 {
        match self.kind {
            NeuronKind::Threshold => 1.0,
            NeuronKind::If | NeuronKind::I => self.r[at] * dt,
            _ => dt / self.tau[at] * self.r[at],
        }
    }

    /// A step of one neuron, up to its threshold; `leaks` says whether the leak is there yet.
    pub(crate) fn advance(&self, at: usize, dt: f64, state: &mut State, input: f64, leaks: bool) {
        let [v, u] = [&mut state.v[at], &mut state.u[at]];
        let v_leak = if leaks { self.v_leak.get(at).copied().unwrap_or(0.0) } else { 0.0 };
        match self.kind {
            NeuronKind::Threshold => *v = input,
            NeuronKind::If | NeuronKind::I => *v += dt * self.r[at] * input,
            NeuronKind::Lif | NeuronKind::Li => *v += dt / self.tau[at] * (v_leak - *v + self.r[at] * input),
            NeuronKind::CubaLif | NeuronKind::CubaLi => {
                *u += dt / self.tau_syn[at] * (self.w_in[at] * input - *u);
                *v += dt / self.tau[at] * (v_leak - *v + self.r[at] * *u);
            }
        }
    }

    /// What the voltage is after a spike.
    pub(crate) fn reset(&self, at: usize) -> f64 {
        self.v_reset.get(at).copied().unwrap_or(0.0)
    }
}
