//! The project's spikes against the reference's: equal where the import's table says exact, and elsewhere unequal only where
//! the stated errors leave open whether a neuron fires.

use crate::chip::{self, Ran};
use crate::follow::FollowedPopulation;
use crate::graph::Graph;
use crate::late::lateness;
use crate::reference::Reference;
use crate::stated::Table;
use host_harness::import::Fidelity;
use std::collections::BTreeMap;
use std::ops::AddAssign;

/// How the project differs from the reference.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    pub(crate) kind: DifferenceKind,
    pub(crate) what: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DifferenceKind {
    /// A valid graph is refused, or said to be unsupported.
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

/// Runs a graph both ways.
///
/// # Errors
/// The first difference.
pub(crate) fn check(graph: &Graph) -> Result<Tally, Difference> {
    let differs = |kind: DifferenceKind| move |what: String| Difference { kind, what };
    let ran = chip::run(graph).map_err(differs(DifferenceKind::Refused))?;
    let rows = &ran.imported.rows;
    if let Some(row) = rows.iter().find(|row| row.fidelity == Fidelity::Unsupported) {
        return Err(differs(DifferenceKind::Refused)(format!("`{}` is unsupported: {}", row.node, row.note)));
    }
    let table = Table::new(&ran.imported);
    let mut reference = Reference::new(graph);
    let Some(late) = lateness(graph, &reference, &ran) else { return Ok(Tally { unreached: 1, ..Tally::default() }) };
    for (from, to) in graph.circles() {
        if let Some(steps) = table.circle(&graph.nodes[from].name, &graph.nodes[to].name) {
            reference.later.push((from, to, steps));
        }
    }
    let population =
        |(at, node, neurons)| FollowedPopulation::new(graph, &table, &reference, late[at], (at, node, neurons));
    let populations: Result<Vec<_>, _> = graph.populations().map(population).collect();
    let mut populations = populations.map_err(differs(DifferenceKind::Table))?;
    let mut tally =
        Tally { exact: usize::from(rows.iter().all(|row| row.fidelity == Fidelity::Exact)), ..Tally::default() };
    let delayed = !table.undelayed(graph);
    let earliest = late.iter().copied().max().unwrap_or(0);
    for step in -earliest..graph.steps {
        for own in &mut populations {
            own.advance(graph, &mut reference, &ran, (step, delayed), &mut tally)?;
        }
    }
    read(graph, &ran, &populations, &mut tally).map_err(differs(DifferenceKind::Voltage))?;
    Ok(tally)
}

/// What a voltage of 1 is on the chip, where the table says it.
fn one(ran: &Ran, name: &str) -> Option<f64> {
    let row = ran.imported.rows.iter().find(|row| row.node == name)?;
    let units: f64 = row.note.split_once("1 is ")?.1.split_once(' ')?.0.parse().ok()?;
    Some(units * 64.0)
}

/// Compares what is read at the end, if it is voltages: they have one scale.
fn read(graph: &Graph, ran: &Ran, populations: &[FollowedPopulation<'_>], tally: &mut Tally) -> Result<(), String> {
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
    let Some(most) = (0..own.state.v.len()).max_by(|a, b| own.state.v[*a].abs().total_cmp(&own.state.v[*b].abs()))
    else {
        return Ok(());
    };
    let v = &own.state.v;
    let said = one(ran, name).ok_or_else(|| format!("the row of `{name}` does not say what 1 is"))?;
    let scale = if v[most].abs() > 1e-9 { f64::from(ran.voltages[most]) / v[most] } else { said };
    // The table has one digit after the point, of which 64 are one unit of the register.
    if (scale - said).abs()
        > 3.2 + said * (own.off.v[most] + own.stated.rounded) / v[most].abs().max(1e-9) + 1.0 / v[most].abs().max(1e-9)
    {
        return Err(format!(
            "a voltage of {} in `{name}` is {}, but 1 is said to be {said}",
            v[most], ran.voltages[most]
        ));
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
pub(crate) fn by_kind(differences: &[(u32, Difference)]) -> BTreeMap<DifferenceKind, Vec<u32>> {
    let mut kinds: BTreeMap<DifferenceKind, Vec<u32>> = BTreeMap::new();
    for (seed, difference) in differences {
        kinds.entry(difference.kind).or_default().push(*seed);
    }
    kinds
}
