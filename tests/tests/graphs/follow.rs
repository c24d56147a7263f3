//! A population step by step beside the chip's: its state, how far that may be off by what the import states, and whether
//! the chip's neurons fire as they must.

use crate::chip::Ran;
use crate::compare::{Difference, DifferenceKind, Tally};
use crate::graph::{Graph, Neurons, Node, Way};
use crate::reference::{InputPart, Reference, State};
use crate::stated::{Stated, Table};
use host_harness::import::Fidelity;

/// What is known of a population on its way through the steps.
pub(crate) struct FollowedPopulation<'g> {
    at: usize,
    pub(crate) node: &'g Node,
    pub(crate) neurons: &'g Neurons,
    pub(crate) stated: Stated,
    /// What errors and limits depend on; empty where there are none.
    synapses: Vec<Synapse>,
    /// Whether all of it is said to be exact.
    exact: bool,
    /// Steps by which it is later on the chip.
    pub(crate) late: i64,
    pub(crate) state: State,
    /// How far voltage and current may be off.
    pub(crate) off: State,
}

/// What a spike of an element adds to a neuron.
struct Synapse {
    source: usize,
    element: usize,
    neuron: usize,
    /// Steps that it takes in the file.
    delay: i64,
    weight: f64,
    /// How far the weight may be off.
    error: f64,
}

impl<'g> FollowedPopulation<'g> {
    pub(crate) fn new(
        graph: &Graph,
        table: &Table<'_>,
        reference: &Reference<'_>,
        late: i64,
        (at, node, neurons): (usize, &'g Node, &'g Neurons),
    ) -> Result<Self, String> {
        let stated = table.population(&node.name)?;
        let count = node.elements();
        let v = (0..count).map(|at| if stated.begins_at_reset { neurons.reset(at) } else { 0.0 }).collect();
        let mut u = vec![0.0; count];
        if stated.steady && !neurons.w_in.is_empty() {
            let part = InputPart::Biases { start: i64::MIN, delayed: false };
            let constant = reference.input(at, 0, part);
            u = neurons.w_in.iter().zip(constant).map(|(w_in, constant)| w_in * constant).collect();
        }
        let off = State { v: vec![0.0; count], u: vec![0.0; count] };
        let state = State { v, u };
        let exact = table.row(&node.name)?.fidelity == Fidelity::Exact;
        let mut own = Self { at, node, neurons, stated, synapses: Vec::new(), exact, late, state, off };
        for way in graph.ways(at) {
            own.lead(graph, table, reference, &way)?;
        }
        Ok(own)
    }

    /// Adds the synapses of a way, if anything depends on them.
    fn lead(&mut self, graph: &Graph, table: &Table<'_>, reference: &Reference<'_>, way: &Way) -> Result<(), String> {
        for layer in &way.through {
            self.exact &= table.row(&graph.nodes[*layer].name)?.fidelity == Fidelity::Exact;
        }
        let error = table.weights(graph, way, &self.node.name)?;
        if error == 0.0 && self.stated.holds >= 1.0 {
            return Ok(());
        }
        let own = reference.steps(way, self.at);
        for element in 0..graph.nodes[way.source].elements() {
            for (neuron, delay, weight) in reference.reached(way, element) {
                let (delay, error) = (own + i64::from(delay), error * self.unit(neuron));
                self.synapses.push(Synapse { source: way.source, element, neuron, delay, weight, error });
            }
        }
        Ok(())
    }

    /// What errors of a neuron are told in parts of: how far its threshold is above its reset.
    fn unit(&self, neuron: usize) -> f64 {
        self.neurons.v_threshold.get(neuron).map_or(1.0, |threshold| threshold - self.neurons.reset(neuron))
    }

    /// How far the sum of a step may be off, by neuron; without end where it leaves its register.
    fn arrives_off(&self, reference: &Reference<'_>, step: i64) -> Vec<f64> {
        let count = self.node.elements();
        let (mut off, mut sums) = (vec![0.0; count], vec![[[0.0_f64; 2]; 2]; count]);
        for Synapse { source, element, neuron, delay, weight, error } in &self.synapses {
            let [most, arriving] = &mut sums[*neuron];
            let sign = usize::from(*weight > 0.0);
            most[sign] += weight.abs();
            if reference.spikes.contains(&(*source, step - delay, *element)) {
                arriving[sign] += weight.abs();
                off[*neuron] += error;
            }
        }
        let leaves =
            |[most, arriving]: &[[f64; 2]; 2]| (0..2).any(|sign| arriving[sign] > self.stated.holds * most[sign]);
        off.iter_mut().zip(&sums).filter(|(_, sums)| leaves(sums)).for_each(|(off, _)| *off = f64::INFINITY);
        off
    }

    /// Computes a step, and compares the spikes of the chip with it.
    pub(crate) fn advance(
        &mut self,
        graph: &Graph,
        reference: &mut Reference<'_>,
        ran: &Ran,
        (step, delayed): (i64, bool),
        tally: &mut Tally,
    ) -> Result<(), Difference> {
        let spikes = reference.input(self.at, step, InputPart::Spikes);
        let biases = reference.input(self.at, step, InputPart::Biases { start: 0, delayed });
        let arrives = self.arrives_off(reference, step);
        for neuron in 0..self.node.elements() {
            let before = [self.state.v[neuron], self.state.u[neuron]];
            let input = spikes[neuron] + biases[neuron];
            // What leaks enters voltages, which no synapse does behind a current that lasts: a bias does, from the first step.
            let lasts = self.neurons.tau_syn.get(neuron).is_some_and(|tau| *tau > graph.dt * (1.0 + 1e-9));
            let leaks = step >= if self.stated.early && lasts { -self.late } else { 0 };
            if leaks || input != 0.0 {
                self.neurons.advance(neuron, graph.dt, &mut self.state, input, leaks);
            }
            self.widen(graph.dt, neuron, before, arrives[neuron], leaks);
            let at = step + self.late;
            if self.neurons.v_threshold.is_empty() || !(0..ran.steps).contains(&at) {
                continue;
            }
            let found = ran.spikes.contains(&(self.node.name.clone(), at, neuron));
            if self.fires(neuron, found, tally).map_err(|what| self.difference(step, neuron, found, &what))? {
                self.state.v[neuron] = self.neurons.reset(neuron);
                self.off.v[neuron] = 0.0;
                reference.spikes.insert((self.at, step, neuron));
                tally.spikes += 1;
            }
        }
        Ok(())
    }

    /// How far the state may be off after a step that began with `v` and `u`.
    fn widen(&mut self, dt: f64, neuron: usize, [v, u]: [f64; 2], arrives: f64, biased: bool) {
        let [keep_u, keep_v] = self.neurons.keeps(neuron, dt);
        let wrong = self.stated.keep;
        let mut arrives = arrives;
        if !self.neurons.tau_syn.is_empty() {
            let off = &mut self.off.u[neuron];
            *off = kept(keep_u + wrong, *off) + wrong * (u * self.neurons.drive(neuron, dt)).abs() + arrives;
            arrives = *off;
        }
        let bias = if biased { self.stated.bias * self.unit(neuron) } else { 0.0 };
        let far = v.abs() + self.neurons.reset(neuron).abs();
        let off = &mut self.off.v[neuron];
        *off = kept(keep_v + wrong, *off) + wrong * far + arrives + bias;
    }

    /// Whether a neuron fires, which `found` says of the chip's.
    fn fires(&self, neuron: usize, found: bool, tally: &mut Tally) -> Result<bool, String> {
        let (v, threshold) = (self.state.v[neuron], self.neurons.v_threshold[neuron]);
        let mut open = self.off.v[neuron] + (self.stated.threshold + self.stated.rounded) * self.unit(neuron);
        // What double precision loses; nothing where both have few digits, so that equal is equal.
        if open > 0.0 || !(is_short(v) && is_short(threshold)) {
            open += 1e-9 * threshold.abs() + 1e-12 * v.abs();
        }
        tally.decisions += 1;
        let fires = v > threshold;
        if open > 0.0 && (v - threshold).abs() <= open {
            tally.open += 1;
            return Ok(found);
        }
        if fires == found {
            Ok(fires)
        } else {
            Err(format!("v = {v:?}, threshold {threshold:?}, {open:.3e} left open"))
        }
    }

    fn difference(&self, step: i64, neuron: usize, found: bool, what: &str) -> Difference {
        let (name, verb) = (&self.node.name, if found { "fires" } else { "does not fire" });
        let kind = if self.exact { DifferenceKind::ExactSpike } else { DifferenceKind::ApproximateSpike };
        let what =
            format!("neuron {neuron} of `{name}` {verb} in step {step} ({} on the chip): {what}", step + self.late);
        Difference { kind, what }
    }
}

/// What of an error stays, which may be without end.
fn kept(keep: f64, off: f64) -> f64 {
    if keep == 0.0 { 0.0 } else { keep * off }
}

/// Whether a number is a multiple of 2^-20.
fn is_short(value: f64) -> bool {
    (value * f64::from(1 << 20)).fract() == 0.0
}
