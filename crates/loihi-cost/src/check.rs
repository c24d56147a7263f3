//! Published whole networks, computed again from their sizes and assumed activity: how far off the model is.
//!
//! Spikes are spread evenly: a layer of n sources with rate r has sent floor(t n r) of them by step t, its cores take
//! turns, and every spike reaches as many synapses on as many cores as its layer says. That is kinder to the slowest core
//! than real activity, and no traffic jam forms.

use super::activity::{Activity, CpuActivity, StepActivity};
use super::event::{CostEvent, Counts};
use super::floorplan::Floorplan;
use super::format::{Cell, Column, ColumnKind, Table};
use super::table::{Named, SampleCost};
use super::units::{Energy, Range};
use serde::Deserialize;
use std::collections::BTreeMap;

const FILE: &str = include_str!("../costs/published-networks.toml");

/// Networks with published figures.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Networks {
    /// Whole networks.
    pub network: Vec<PublishedNetwork>,
    /// Energy of cores alone.
    pub check: CoreCheck,
}

/// A network with published figures of a sample.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedNetwork {
    /// What it is.
    pub name: String,
    /// Who measured it.
    pub source: String,
    /// Which of its sizes are known.
    pub sizes: String,
    /// What is assumed of its activity.
    pub assumption: String,
    /// Steps of a sample.
    pub steps: u64,
    /// Latency that was measured.
    pub latency_ms: f64,
    /// Energy that was measured.
    pub energy_mj: Option<f64>,
    /// Instructions of the embedded CPU's programs, if it has any.
    pub instructions_per_step: Option<u64>,
    /// Its layers; spikes of one go to the next.
    pub layer: Vec<PublishedLayer>,
}

/// A layer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedLayer {
    /// What it is.
    pub name: String,
    /// Its compartments; 0 of inputs from outside.
    pub compartments: u64,
    /// What of it sends spikes.
    pub sources: u64,
    /// The cores that it is spread over; those of one network with as few as one share it.
    pub cores: u64,
    /// Spikes per source and step, assumed.
    pub rate: f64,
    /// Synapses that a spike reaches.
    pub fan_out: f64,
    /// Cores that it reaches.
    pub fan_out_cores: u64,
    /// Whether its spikes go back to itself too, by as many synapses.
    #[serde(default)]
    pub back: bool,
}

/// Energy of cores, without time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoreCheck {
    /// What it is.
    pub name: String,
    /// Who measured it.
    pub source: String,
    /// What is known.
    pub sizes: String,
    /// Energy that was measured.
    pub energy_mj: f64,
    /// Updates of compartments.
    pub compartment_updates: u64,
    /// Synaptic events, fewest, between, most.
    pub synaptic_events: [u64; 3],
}

/// The networks that are built in.
///
/// # Errors
/// [`toml::de::Error`], which a test rules out.
pub fn networks() -> Result<Networks, toml::de::Error> {
    toml::from_str(FILE)
}

impl PublishedNetwork {
    /// What it does in a sample, with all rates scaled by this factor.
    pub fn activity(&self, rate_factor: f64) -> Activity {
        let single = self.layer.iter().all(|layer| layer.cores == 1);
        let mut first = 0;
        let firsts: Vec<usize> = self
            .layer
            .iter()
            .map(|layer| {
                let own = first;
                first += if single { 0 } else { index(layer.cores) };
                own
            })
            .collect();
        let cores = first.max(1);
        let steps = (0..self.steps).map(|step| self.step(step, rate_factor, &firsts, cores)).collect();
        let instructions = self.instructions_per_step.map(|instructions| instructions * self.steps);
        let cpu = CpuActivity { has_snips: instructions.is_some(), instructions, ..CpuActivity::default() };
        Activity { cores, steps, cpu }
    }

    fn step(&self, step: u64, rate_factor: f64, firsts: &[usize], cores: usize) -> StepActivity {
        let mut step_of = Step { counts: vec![Counts::default(); cores], messages: BTreeMap::new() };
        for (number, (layer, first)) in self.layer.iter().zip(firsts).enumerate() {
            for core in 0..layer.cores {
                let compartments = shares(layer.compartments, layer.cores, core);
                step_of.add(first + index(core), CostEvent::CompartmentActive, compartments);
            }
            let spikes = sent(layer, rate_factor, step + 1) - sent(layer, rate_factor, step);
            let next = self.layer.get(number + 1).zip(firsts.get(number + 1));
            let back = layer.back.then_some((layer, first));
            for (target, target_first) in next.into_iter().chain(back) {
                step_of.send(layer, *first, target, *target_first, spikes, sent(layer, rate_factor, step));
            }
            for spike in 0..spikes {
                let core = first + index((sent(layer, rate_factor, step) + spike) % layer.cores);
                step_of.add(core, CostEvent::SpikeFired, u64::from(layer.compartments > 0));
            }
        }
        let messages = step_of.messages.into_iter().map(|((from, to), count)| (from, to, count)).collect();
        StepActivity { cores: step_of.counts, messages }
    }
}

/// A step that is put together.
struct Step {
    counts: Vec<Counts>,
    messages: BTreeMap<(usize, usize), u64>,
}

impl Step {
    fn add(&mut self, core: usize, event: CostEvent, count: u64) {
        if let Some(counts) = self.counts.get_mut(core) {
            counts.add(event, count);
        }
    }

    /// Sends this many spikes of a layer to another; `before` were sent in earlier steps.
    fn send(
        &mut self,
        layer: &PublishedLayer,
        first: usize,
        target: &PublishedLayer,
        target_first: usize,
        spikes: u64,
        before: u64,
    ) {
        for spike in before..before + spikes {
            // Sources lie on the layer's cores in turn, what they reach on the target's cores likewise.
            let from = first + index(spike % layer.cores);
            let events = whole(spike + 1, layer.fan_out) - whole(spike, layer.fan_out);
            for reached in 0..layer.fan_out_cores {
                let to = target_first + index((spike + reached) % target.cores.max(1));
                self.add(to, CostEvent::MessageIn, 1);
                self.add(to, CostEvent::SynapseSparse, shares(events, layer.fan_out_cores, reached));
                if layer.compartments > 0 {
                    self.message(from, to);
                }
            }
        }
    }

    fn message(&mut self, from: usize, to: usize) {
        let hops = Floorplan::LOIHI_1.hops(from, to);
        self.add(from, CostEvent::MessageOut, 1);
        self.add(from, CostEvent::MessageInTile, u64::from(hops.is_in_tile()));
        self.add(from, CostEvent::HopEw, hops.ew);
        self.add(from, CostEvent::HopNs, hops.ns);
        self.add(from, CostEvent::ChipHop, hops.chips);
        *self.messages.entry((from, to)).or_default() += 1;
    }
}

/// Spikes that a layer has sent before a step.
fn sent(layer: &PublishedLayer, rate_factor: f64, step: u64) -> u64 {
    whole(step * layer.sources, layer.rate * rate_factor)
}

/// The share of one of `parts` of a whole; shares differ by at most 1.
fn shares(whole: u64, parts: u64, part: u64) -> u64 {
    whole * (part + 1) / parts.max(1) - whole * part / parts.max(1)
}

/// A multiple of something, rounded down.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
fn whole(count: u64, each: f64) -> u64 {
    (count as f64 * each).floor() as u64
}

fn index(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// By what share a modelled value is above a measured one, in per cent.
pub fn error_pct(modelled: f64, measured: f64) -> f64 {
    100.0 * (modelled / measured - 1.0)
}

/// What a sample of a network costs by a model.
pub fn cost(network: &PublishedNetwork, model: &Named<'_>, rate_factor: f64) -> SampleCost {
    let breakdown = model.model.breakdown(&network.activity(rate_factor));
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    let steps = network.steps as f64;
    SampleCost::of(&[breakdown], steps)
}

/// Energy of cores by a model's typical prices: of the fewest, of those between, of the most synaptic events.
pub fn core_energy(check: &CoreCheck, model: &Named<'_>) -> [Energy; 3] {
    let price = |event| model.model.energy.of(event).energy.typical;
    // Hardly any compartment has something to do in a query.
    let compartments = price(CostEvent::CompartmentIdle) * check.compartment_updates;
    check.synaptic_events.map(|events| compartments + price(CostEvent::SynapseDense) * events)
}

/// The published networks beside what the models say of them.
///
/// # Errors
/// [`toml::de::Error`], as [`networks`].
pub fn tables(models: &[Named<'_>]) -> Result<Vec<Table>, toml::de::Error> {
    let networks = networks()?;
    let columns = [
        Column::plain("network"),
        Column::plain("prices"),
        Column::plain("rates"),
        Column::figures(ColumnKind::Published, "latency", "ms"),
        Column::figures(ColumnKind::Modelled, "latency", "ms").ranges(),
        Column::changes(ColumnKind::Modelled, "error of latency"),
        Column::figures(ColumnKind::Published, "energy", "mJ"),
        Column::figures(ColumnKind::Modelled, "energy", "mJ").ranges(),
        Column::changes(ColumnKind::Modelled, "error of energy"),
    ];
    let mut table = Table::new("networks", "Published networks, computed again", &columns);
    for network in &networks.network {
        for (number, model) in models.iter().enumerate() {
            // How much hangs on the assumed rates is shown of the first model.
            let factors: &[(f64, &str)] =
                if number == 0 { &[(1.0, "assumed"), (0.5, "half"), (2.0, "double")] } else { &[(1.0, "assumed")] };
            for (factor, what) in factors {
                table.rows.push(row(network, model, *factor, what));
            }
        }
    }
    for network in &networks.network {
        let PublishedNetwork { name, source, sizes, assumption, .. } = network;
        table.notes.push(format!("{name}. Measured: {source}. Sizes: {sizes}. Assumed: {assumption}."));
    }
    Ok(vec![table, core_table(&networks.check, models)])
}

fn row(network: &PublishedNetwork, model: &Named<'_>, rate_factor: f64, rates: &str) -> Vec<Cell> {
    let SampleCost { latency_ms, energy_uj, .. } = cost(network, model, rate_factor);
    let energy_mj = energy_uj.map(|energy| energy * 1e-3);
    vec![
        network.name.as_str().into(),
        model.name.as_str().into(),
        rates.into(),
        Cell::Number(network.latency_ms),
        Cell::Range(latency_ms),
        Cell::Number(error_pct(latency_ms.typical, network.latency_ms)),
        network.energy_mj.into(),
        Cell::Range(energy_mj),
        network.energy_mj.map(|measured| error_pct(energy_mj.typical, measured)).into(),
    ]
}

fn core_table(check: &CoreCheck, models: &[Named<'_>]) -> Table {
    let columns = [
        Column::plain("network"),
        Column::plain("prices"),
        Column::figures(ColumnKind::Published, "energy", "mJ"),
        Column::figures(ColumnKind::Modelled, "energy", "mJ").ranges(),
        Column::changes(ColumnKind::Modelled, "error of energy").ranges(),
    ];
    let mut table = Table::new("cores", "Energy of the cores alone", &columns);
    // The first model's energies are those of one of the tables.
    for model in models.iter().skip(1) {
        let [low, typical, high] = core_energy(check, model).map(|energy| energy.pj() * 1e-9);
        let energy_mj = Range { low, typical, high };
        table.rows.push(vec![
            check.name.as_str().into(),
            model.name.as_str().into(),
            Cell::Number(check.energy_mj),
            Cell::Range(energy_mj),
            Cell::Range(energy_mj.map(|modelled| error_pct(modelled, check.energy_mj))),
        ]);
    }
    table
        .notes
        .push(format!("{}. {}. In brackets: the fewest and the most synaptic operations.", check.source, check.sizes));
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format;
    use crate::model::Model;
    use crate::prices::{ENERGY_DEFAULT, Prices, TIME_DEFAULT};
    use crate::traffic::ClosedForm;

    /// Errors of the regression on chips whose activity was known, in per cent.
    const LATENCY_ERROR_PCT: f64 = 24.3;
    const ENERGY_ERROR_PCT: f64 = 11.7;

    fn named<'m>(energy: &'m Prices, time: &'m Prices) -> Named<'m> {
        let model = Model { energy, time, plan: Floorplan::LOIHI_1, traffic: &ClosedForm };
        Named { name: energy.name.clone(), model }
    }

    /// The range of the model, widened by its error where activity is known, holds what was measured.
    #[test]
    fn measured_figures_are_within_the_range() {
        let [energy, time] = [ENERGY_DEFAULT, TIME_DEFAULT].map(|name| Prices::built_in(name).unwrap());
        for network in networks().unwrap().network {
            let cost = cost(&network, &named(&energy, &time), 1.0);
            let holds = |what: &str, range: Range<f64>, error_pct: f64, measured: f64| {
                let (low, high) = (range.low / (1.0 + error_pct / 100.0), range.high * (1.0 + error_pct / 100.0));
                assert!((low..=high).contains(&measured), "{}, {what}: {measured} and {range:?}", network.name);
            };
            holds("latency, ms", cost.latency_ms, LATENCY_ERROR_PCT, network.latency_ms);
            if let Some(measured) = network.energy_mj {
                holds("energy, mJ", cost.energy_uj.map(|energy| energy * 1e-3), ENERGY_ERROR_PCT, measured);
            }
        }
    }

    #[test]
    fn published_networks_beside_the_model() {
        let [energy, time] = [ENERGY_DEFAULT, TIME_DEFAULT].map(|name| Prices::built_in(name).unwrap());
        let tables = tables(&[named(&energy, &time), named(&time, &time)]).unwrap();
        insta::assert_snapshot!(format::write(&tables, format::TableFormat::Markdown).unwrap());
    }

    /// Known counts and a measured energy: the errors that others have found for both tables.
    #[test]
    fn tables_err_as_known_about_the_cores_alone() {
        let check = networks().unwrap().check;
        for (table, low, high) in [(ENERGY_DEFAULT, 9.0, 20.0), (TIME_DEFAULT, 55.0, 71.0)] {
            let prices = Prices::built_in(table).unwrap();
            let [few, _, many] = core_energy(&check, &named(&prices, &prices))
                .map(|energy| error_pct(energy.pj() * 1e-9, check.energy_mj));
            assert!((few - low).abs() < 1.0 && (many - high).abs() < 1.0, "{table}: {few} to {many} %");
        }
    }

    /// Spreading evenly loses and invents nothing.
    #[test]
    fn activity_is_as_large_as_the_network_says() {
        for network in networks().unwrap().network {
            let activity = network.activity(1.0);
            let total = activity.total();
            let compartments: u64 = network.layer.iter().map(|layer| layer.compartments).sum();
            assert_eq!(total.of(CostEvent::CompartmentActive), compartments * network.steps, "{}", network.name);
            let spikes = |layer: &PublishedLayer| sent(layer, 1.0, network.steps);
            let fired: u64 = network.layer.iter().filter(|layer| layer.compartments > 0).map(spikes).sum();
            assert_eq!(total.of(CostEvent::SpikeFired), fired, "{}", network.name);
            let events: u64 = network
                .layer
                .iter()
                .map(|layer| whole(spikes(layer), layer.fan_out) * if layer.back { 2 } else { 1 })
                .sum();
            assert_eq!(total.of(CostEvent::SynapseSparse), events, "{}", network.name);
        }
    }
}
