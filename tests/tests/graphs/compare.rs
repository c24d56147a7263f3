//! The project's spikes against the reference's: equal where the import's table says exact, and elsewhere unequal only where
//! the stated errors leave open whether a neuron fires.

use crate::chip::{self, Ran};
use crate::graph::{Graph, Neurons, Node, Way};
use crate::late::lateness;
use crate::reference::{Part, Reference, State};
use crate::stated::{Stated, Table};
use host_harness::import::Rating;
use std::collections::BTreeMap;
use std::ops::AddAssign;

/// How the project differs from the reference.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    pub(crate) kind: Kind,
    pub(crate) what: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A sound graph is refused, or said to be unsupported.
    Refused,
    /// The table lacks something.
    Table,
    /// A spike too many or too few, of neurons that are said to be exact with all that leads to them.
    ExactSpike,
    /// The same of others.
    ApproximateSpike,
    /// What is read at the end.
    Voltage,
}

/// What was compared.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Whether every row of the table says exact.
    pub(crate) exact: usize,
    /// Whether neurons are reached by nothing, so that it was not compared.
    pub(crate) unreached: usize,
    /// Neurons times steps, and how many of them stated errors leave open.
    pub(crate) decisions: usize,
    pub(crate) open: usize,
    pub(crate) spikes: usize,
    pub(crate) voltages: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.exact += other.exact;
        self.unreached += other.unreached;
        self.decisions += other.decisions;
        self.open += other.open;
        self.spikes += other.spikes;
        self.voltages += other.voltages;
    }
}

/// What is known of a population on its way through the steps.
struct Population<'g> {
    at: usize,
    node: &'g Node,
    neurons: &'g Neurons,
    stated: Stated,
    /// Ways, each with the largest error of its weights and what its sources reach, if there is one.
    ways: Vec<(Way, f64, Vec<Vec<(usize, u32, f64)>>)>,
    /// Whether all of it is said to be exact.
    exact: bool,
    /// Steps by which it is later on the chip.
    late: i64,
    state: State,
    /// How far voltage and current may be off.
    off: State,
}

/// Runs a graph both ways.
///
/// # Errors
/// The first difference.
pub(crate) fn check(graph: &Graph) -> Result<Tally, Difference> {
    let differs = |kind: Kind| move |what: String| Difference { kind, what };
    let ran = chip::run(graph).map_err(differs(Kind::Refused))?;
    let rows = &ran.imported.rows;
    if let Some(row) = rows.iter().find(|row| row.rating == Rating::Unsupported) {
        return Err(differs(Kind::Refused)(format!("`{}` is unsupported: {}", row.node, row.note)));
    }
    let table = Table::new(&ran.imported);
    let mut reference = Reference::new(graph);
    let Some(late) = lateness(graph, &reference, &ran) else { return Ok(Tally { unreached: 1, ..Tally::default() }) };
    for (from, to) in graph.circles() {
        if let Some(steps) = table.circle(&graph.nodes[from].name, &graph.nodes[to].name) {
            reference.later.push((from, to, steps));
        }
    }
    let population = |(at, node, neurons)| Population::new(graph, &table, &reference, late[at], (at, node, neurons));
    let populations: Result<Vec<_>, _> = graph.populations().map(population).collect();
    let mut populations = populations.map_err(differs(Kind::Table))?;
    let mut tally = Tally { exact: usize::from(rows.iter().all(|row| row.rating == Rating::Exact)), ..Tally::default() };
    let delayed = !table.undelayed(graph);
    let earliest = late.iter().copied().max().unwrap_or(0);
    for step in -earliest..graph.steps {
        for own in &mut populations {
            own.advance(graph, &mut reference, &ran, step, delayed, &mut tally)?;
        }
    }
    read(graph, &ran, &populations, &mut tally).map_err(differs(Kind::Voltage))?;
    Ok(tally)
}

impl<'g> Population<'g> {
    fn new(
        graph: &Graph,
        table: &Table<'_>,
        reference: &Reference<'_>,
        late: i64,
        (at, node, neurons): (usize, &'g Node, &'g Neurons),
    ) -> Result<Self, String> {
        let stated = table.population(&node.name)?;
        let mut ways = Vec::new();
        let mut exact = table.row(&node.name)?.rating == Rating::Exact;
        for way in graph.ways(at) {
            let error = table.weights(graph, &way)?;
            for layer in &way.through {
                exact &= table.row(&graph.nodes[*layer].name)?.rating == Rating::Exact;
            }
            let elements = if error > 0.0 { graph.nodes[way.source].elements() } else { 0 };
            let reached = (0..elements).map(|element| reference.reached(&way, element)).collect();
            ways.push((way, error, reached));
        }
        let count = node.elements();
        let mut v = vec![0.0; count];
        if stated.begins_at_reset {
            v = (0..count).map(|at| neurons.reset(at)).collect();
        }
        let mut u = vec![0.0; count];
        if stated.steady && !neurons.w_in.is_empty() {
            let part = Part::Biases { begin: i64::MIN, delayed: false };
            let constant = reference.input(at, 0, part);
            u = neurons.w_in.iter().zip(constant).map(|(w_in, constant)| w_in * constant).collect();
        }
        let off = State { v: vec![0.0; count], u: vec![0.0; count] };
        Ok(Self { at, node, neurons, stated, ways, exact, late, state: State { v, u }, off })
    }

    /// What errors of a neuron are told in parts of: how far its threshold is above its reset.
    fn unit(&self, neuron: usize) -> f64 {
        self.neurons.v_threshold.get(neuron).map_or(1.0, |threshold| threshold - self.neurons.reset(neuron))
    }

    /// How far the sum of a step may be off, by neuron.
    fn arrives_off(&self, reference: &Reference<'_>, step: i64) -> Vec<f64> {
        let mut off = vec![0.0; self.node.elements()];
        for (way, error, reached) in &self.ways {
            let later = reference.later.iter().find(|(from, to, _)| (*from, *to) == (way.source, self.at));
            let own = i64::try_from(way.recurrent).unwrap() + later.map_or(0, |(_, _, steps)| *steps);
            for (element, reached) in reached.iter().enumerate() {
                for (neuron, delay, _) in reached {
                    if reference.spikes.contains(&(way.source, step - own - i64::from(*delay), element)) {
                        off[*neuron] += error * self.unit(*neuron);
                    }
                }
            }
        }
        off
    }

    fn advance(
        &mut self,
        graph: &Graph,
        reference: &mut Reference<'_>,
        ran: &Ran,
        step: i64,
        delayed: bool,
        tally: &mut Tally,
    ) -> Result<(), Difference> {
        let begin = if self.stated.early { -self.late } else { 0 };
        let spikes = reference.input(self.at, step, Part::Spikes);
        let biases = reference.input(self.at, step, Part::Biases { begin, delayed });
        let arrives = self.arrives_off(reference, step);
        for neuron in 0..self.node.elements() {
            let before = [self.state.v[neuron], self.state.u[neuron]];
            let input = spikes[neuron] + biases[neuron];
            if step >= begin || input != 0.0 {
                self.neurons.advance(neuron, graph.dt, &mut self.state, input, step >= begin);
            }
            self.widen(graph.dt, neuron, before, arrives[neuron], step >= begin);
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
            *off = (keep_u + wrong) * *off + wrong * (u * self.neurons.drive(neuron, dt)).abs() + arrives;
            arrives = *off;
        }
        let bias = if biased { self.stated.bias * self.unit(neuron) } else { 0.0 };
        let far = v.abs() + self.neurons.reset(neuron).abs();
        let off = &mut self.off.v[neuron];
        *off = (keep_v + wrong) * *off + wrong * far + arrives + bias;
    }

    /// Whether a neuron fires, which `found` says of the chip's.
    fn fires(&self, neuron: usize, found: bool, tally: &mut Tally) -> Result<bool, String> {
        let (v, threshold) = (self.state.v[neuron], self.neurons.v_threshold[neuron]);
        let above = threshold - self.neurons.reset(neuron);
        let mut open = self.off.v[neuron] + (self.stated.threshold + self.stated.rounded) * above;
        // What double precision loses; nothing where both have few digits, so that equal is equal.
        if open > 0.0 || !(is_short(v) && is_short(threshold)) {
            open += 1e-9 * threshold.abs() + 1e-12 * v.abs();
        }
        tally.decisions += 1;
        let fires = v > threshold;
        if (v - threshold).abs() <= open && open > 0.0 {
            tally.open += 1;
            return Ok(found);
        }
        if fires == found { Ok(fires) } else { Err(format!("v = {v:?}, threshold {threshold:?}, {open:.3e} left open")) }
    }

    fn difference(&self, step: i64, neuron: usize, found: bool, what: &str) -> Difference {
        let (name, verb) = (&self.node.name, if found { "fires" } else { "does not fire" });
        let kind = if self.exact { Kind::ExactSpike } else { Kind::ApproximateSpike };
        let what = format!("neuron {neuron} of `{name}` {verb} in step {step} ({} on the chip): {what}", step + self.late);
        Difference { kind, what }
    }
}

/// Whether a number is a multiple of 2^-20.
fn is_short(value: f64) -> bool {
    (value * f64::from(1 << 20)).fract() == 0.0
}

/// What a voltage of 1 is on the chip, where the table says it.
fn one(ran: &Ran, name: &str) -> Option<f64> {
    let row = ran.imported.rows.iter().find(|row| row.node == name)?;
    let units: f64 = row.note.split_once("1 is ")?.1.split_once(' ')?.0.parse().ok()?;
    Some(units * 64.0)
}

/// Compares what is read at the end, if it is voltages: they have one scale.
fn read(graph: &Graph, ran: &Ran, populations: &[Population<'_>], tally: &mut Tally) -> Result<(), String> {
    let network = &ran.imported.network;
    let Some(readout) = network.readout else { return Err("nothing is read".to_owned()) };
    let name = &network.populations[readout.population].name;
    let Some(own) = populations.iter().find(|own| own.node.name == *name) else { return Ok(()) };
    if i64::from(network.late_steps) != own.late {
        return Err(format!("`{name}` is {} steps late, but the network says {}", own.late, network.late_steps));
    }
    if !own.neurons.v_threshold.is_empty() {
        return Ok(());
    }
    let Some(most) = (0..own.state.v.len()).max_by(|a, b| own.state.v[*a].abs().total_cmp(&own.state.v[*b].abs())) else {
        return Ok(());
    };
    let v = &own.state.v;
    let said = one(ran, name).ok_or_else(|| format!("the row of `{name}` does not say what 1 is"))?;
    let scale = if v[most].abs() > 1e-9 { f64::from(ran.voltages[most]) / v[most] } else { said };
    // The table has one digit after the point, of which 64 are one unit of the register.
    if (scale - said).abs() > 3.2 + said * (own.off.v[most] + own.stated.rounded) / v[most].abs().max(1e-9) + 1.0 / v[most].abs().max(1e-9) {
        return Err(format!("a voltage of {} in `{name}` is {}, but 1 is said to be {said}", v[most], ran.voltages[most]));
    }
    for (neuron, found) in ran.voltages.iter().enumerate() {
        let wanted = v[neuron] * scale;
        let open = scale * (own.off.v[neuron] + own.off.v[most] + 2.0 * own.stated.rounded) + 1e-9 * scale.abs() + 1e-6;
        tally.voltages += 1;
        if (f64::from(*found) - wanted).abs() > open {
            let what = format!("neuron {neuron} of `{name}` ends with {found}, not {wanted:.2} to {open:.2}");
            return Err(format!("{what}: {} steps, 1 is {scale}", graph.steps));
        }
    }
    Ok(())
}

/// Differences by kind, for what is printed at the end.
pub(crate) fn by_kind(differences: &[(u32, Difference)]) -> BTreeMap<Kind, Vec<u32>> {
    let mut kinds: BTreeMap<Kind, Vec<u32>> = BTreeMap::new();
    for (seed, difference) in differences {
        kinds.entry(difference.kind).or_default().push(*seed);
    }
    kinds
}
