//! A graph as the project runs it: written and read as a file, imported, placed, and computed on a device.

use crate::graph::Graph;
use host_harness::device::inproc::InProcess;
use host_harness::device::session::{RetryPolicy, Session};
use host_harness::import::Imported;
use host_harness::inference::{Inference, Stimulus};
use host_harness::network::{Endpoint, Network};
use host_harness::place::{self, place};
use host_harness::quantise::{QuantiseOptions, quantise};
use host_harness::{network, nir};
use loihi_core::register::Register;
use std::collections::BTreeSet;
use std::fmt::Display;

/// What came of a graph.
pub(crate) struct Ran {
    pub(crate) imported: Imported,
    /// Steps that were computed.
    pub(crate) steps: i64,
    /// Population by name, step on the chip, neuron.
    pub(crate) spikes: BTreeSet<(String, i64, usize)>,
    /// Voltages at the end of the population that is read.
    pub(crate) voltages: Vec<i32>,
}

/// Memory of the device: graphs are small.
const ARENA_BYTES: usize = 4 << 20;

/// Runs a graph.
///
/// # Errors
/// What was refused, and why.
pub(crate) fn run(graph: &Graph) -> Result<Ran, String> {
    let bytes = nir::bytes(&graph.file()).map_err(told("it cannot be written"))?;
    let file = nir::parse(&bytes).map_err(told("it cannot be read"))?;
    let options = if graph.says_dt { QuantiseOptions::default().with_dt(graph.dt) } else { QuantiseOptions::default() };
    let imported = quantise(&file, "graph", options).map_err(told("it cannot be imported"))?;
    let network = through_a_file(&imported.network)?;
    let placed = place(&network, place::PlacementOptions::default()).map_err(told("it cannot be placed"))?;
    let device = Box::new(InProcess::new(ARENA_BYTES));
    let mut session = Session::open(device, RetryPolicy::default(), 1, || false).map_err(told("no device"))?;
    let mut inference = Inference::new(&mut session, &network, &placed).map_err(told("it cannot be loaded"))?;
    let stimulus = stimulus(graph, &network)?;
    let mut spikes = BTreeSet::new();
    let visit = |spike: host_harness::inference::Spike| {
        let name = network.populations[spike.population].name.clone();
        spikes.insert((name, i64::from(spike.step), spike.neuron));
    };
    inference.run(&stimulus, visit).map_err(told("it cannot be run"))?;
    let voltages = match network.readout {
        Some(readout) => inference.read(Register::V, readout.population).map_err(told("it cannot be read"))?,
        None => Vec::new(),
    };
    Ok(Ran { imported, steps: i64::from(stimulus.steps), spikes, voltages })
}

fn told<E: Display>(what: &'static str) -> impl Fn(E) -> String {
    move |error| format!("{what}: {error}")
}

/// A network as `loihi infer` finds it in the file that `loihi import` writes.
fn through_a_file(network: &Network) -> Result<Network, String> {
    let folder = tempfile::tempdir().map_err(told("no folder"))?;
    let path = folder.path().join("graph.toml");
    network.save(&path).map_err(told("it cannot be saved"))?;
    network::file::read(&path).map_err(told("it cannot be read again"))
}

fn stimulus(graph: &Graph, network: &Network) -> Result<Stimulus, String> {
    let mut spikes = Vec::new();
    for (node, step, element) in &graph.shown {
        let name = &graph.nodes[*node].name;
        let Some(Endpoint::Input(input)) = network.find(name) else {
            return Err(format!("there is no input `{name}`"));
        };
        spikes.push((u32::try_from(*step).unwrap(), input, *element));
    }
    spikes.sort_unstable();
    let steps = u32::try_from(graph.steps).unwrap() + network.late_steps;
    Ok(Stimulus { steps, spikes, ..Stimulus::default() })
}
