//! Registers of a folded network.

use super::compose::Weights;
use super::fidelity::{self, Losses, percent};
use super::fold::{Folded, Path};
use super::layer_plan::LayerPlan;
use super::mantissas::{Mantissas, SINGLE};
use super::neuron::decay;
use super::scale::{self, Demands, Scale};
use super::ways::Ways;
use super::{InputAs, QuantiseOptions};
use loihi_core::image::Profile;
use loihi_core::num::{BiasExponent, BiasMantissa, Delay, ThresholdMantissa, WeightExponent};
use loihi_files::plural::plural;
use loihi_net::network::{
    Connection, Each, Endpoint, Entry, Input, Network, ReadBy, SparseSynapse, Weighted, nearest_bias, subtracting,
};
use loihi_nir::import::{Fidelity, FidelityRow, Imported, NodeError};
use std::collections::BTreeMap;
use std::fmt::Write as _;

struct Build<'f> {
    folded: &'f Folded,
    options: QuantiseOptions,
    network: Network,
    rows: BTreeMap<String, FidelityRow>,
    /// Populations with what a synapse adds to them in every step.
    delayed: Vec<(usize, Mantissas)>,
    /// Populations with biases that begin before the first spikes can arrive.
    early: Vec<usize>,
}

/// The network of a folded one, and the fidelity of each of its nodes.
pub(super) fn build(
    folded: &Folded,
    name: &str,
    dt: f64,
    options: QuantiseOptions,
    mut said: Vec<String>,
) -> Result<Imported, NodeError> {
    let mut network = Network::new(name);
    let depth = folded.readout.and_then(|at| folded.depths.get(at).copied()).and_then(|late| u32::try_from(late).ok());
    let later = folded.late_steps.or(depth).unwrap_or(0);
    (network.steps, network.late_steps) = (options.steps, later);
    match (folded.late_steps, later) {
        (_, 0) => {}
        (Some(_), _) => said.push(format!("A sample takes {} more, as the file says.", in_steps(later))),
        (None, _) => {
            said.push(format!("Spikes take a step from layer to layer: a sample takes {} more.", in_steps(later)));
        }
    }
    if !folded.waits.is_empty() {
        said.push(format!(
            "Ways of different lengths: spikes are delayed {}, so that they meet.",
            folded.waits.join(", ")
        ));
    }
    let dt_us = dt * 1e6;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
    if dt < 1.0 && dt_us >= 0.999 {
        network.dt_us = dt_us.round() as u64;
    }
    let mut build = Build { folded, options, network, rows: BTreeMap::new(), delayed: Vec::new(), early: Vec::new() };
    for (name, shape) in &folded.inputs {
        if options.input == InputAs::Spikes {
            build.network.input(name, shape);
        }
        let note = if options.input == InputAs::Spikes { "spikes from outside" } else { "values from outside" };
        build.row(name, "Input", Fidelity::Exact, note);
    }
    for row in &folded.others {
        build.row(&row.node, &row.kind, row.fidelity, &row.note);
    }
    for at in 0..folded.populations.len() {
        build.population(at)?;
    }
    said.extend(build.start());
    for (node, note) in &folded.late {
        build.worse(node, note);
    }
    if let Some(at) = folded.readout {
        let fires = folded.populations[at].neurons.threshold.is_some();
        let by = if fires { ReadBy::Spikes } else { ReadBy::Voltage };
        build.network.read(Endpoint::Population(at), by);
    }
    build.network.check().map_err(|error| NodeError::whole(error.to_string()))?;
    let mut imported = Imported::new(build.network, build.rows.into_values().collect(), said);
    imported.sort();
    Ok(imported)
}

impl Build<'_> {
    /// Reports the fidelity of a node; the worst of several stays, with its note.
    fn row(&mut self, node: &str, kind: &str, fidelity: Fidelity, note: impl Into<String>) {
        let row = FidelityRow::new(node, kind, fidelity, note);
        match self.rows.get_mut(node) {
            Some(there) if there.fidelity > fidelity => {}
            // What leads to several populations may lose something else on each way.
            Some(there) if there.fidelity == fidelity && there.note != row.note && there.fidelity > Fidelity::Exact => {
                let _ = write!(there.note, "; {}", row.note);
            }
            _ => drop(self.rows.insert(node.to_owned(), row)),
        }
    }

    /// Rates a node as approximate, if it is not worse, and adds why.
    fn worse(&mut self, node: &str, why: &str) {
        if let Some(row) = self.rows.get_mut(node) {
            row.fidelity = row.fidelity.max(Fidelity::Approximate);
            let _ = write!(row.note, "{}{why}", if row.note.is_empty() { "" } else { "; " });
        }
    }

    fn population(&mut self, at: usize) -> Result<(), NodeError> {
        let population = &self.folded.populations[at];
        let plan = LayerPlan::of(self.folded, at, self.options);
        let neurons = population.neurons.gain.len();
        let stored: Vec<Vec<f64>> = plan.spikes.iter().map(|path| path.weights.stored()).collect();
        let ways = plan.spikes.iter().zip(&stored).map(|(path, stored)| Ways::of(&path.weights, stored, neurons));
        let delayed = Some(Ways::each(&plan.delayed)).filter(|_| !plan.delayed.is_empty());
        let demands = Demands {
            ways: ways.chain(delayed).collect(),
            thresholds: &plan.thresholds,
            biases: &plan.biases,
            decays: plan.decays(),
            max_input: plan.max_input(),
            units_max: plan.units_max(self.options.steps),
            subtract: plan.structure.subtracts,
            rounds_decays: plan.rounds_decays(),
            alike: population.neurons.threshold.is_none(),
        };
        let mut found = scale::search(&demands);
        for (held, threshold) in found.thresholds.iter_mut().zip(population.neurons.threshold.iter().flatten()) {
            if *threshold == 0.0 {
                *held = 0;
            }
        }
        let rest = self.delayed(&plan, &found);
        if self.depth(at) > 0 && plan.biases.iter().any(|bias| *bias != 0.0) {
            self.early.push(at);
        }
        self.neurons(&plan, &found, &rest);
        if !plan.values.is_empty() {
            self.values(&plan, &found.units, &rest)?;
        }
        for (path, mantissas) in plan.spikes.iter().zip(&found.connections) {
            self.connection(path, mantissas)?;
            self.weigh(&plan, path, mantissas);
        }
        if plan.structure.subtracts {
            self.subtract(&plan, &found);
        }
        Ok(())
    }

    /// Steps by which a population is later than in the file.
    fn depth(&self, at: usize) -> i32 {
        self.folded.depths.get(at).copied().unwrap_or(0)
    }

    /// Records what a synapse adds in every step, and returns what is left for the bias of each neuron.
    fn delayed(&mut self, plan: &LayerPlan<'_>, found: &Scale) -> Vec<f64> {
        let Some(mantissas) = found.connections.get(plan.spikes.len()) else { return vec![0.0; found.units.len()] };
        let unit = f64::from(1 << mantissas.wgt_exp);
        let keeps = &plan.population.neurons.keep_u;
        let rest = |(at, (delayed, held)): (usize, (&f64, &i16))| {
            let rest = delayed - f64::from(*held) * unit / found.units[at];
            // What is below single precision counts as 0.
            match rest.abs() <= SINGLE * delayed.abs() {
                true => 0.0,
                false if plan.structure.current => rest,
                false => rest / (1.0 - keeps[at]),
            }
        };
        let rest = plan.delayed.iter().zip(&mantissas.values).enumerate().map(rest).collect();
        self.delayed.push((plan.at, mantissas.clone()));
        rest
    }

    fn neurons(&mut self, plan: &LayerPlan<'_>, found: &Scale, rest: &[f64]) {
        let LayerPlan { population, .. } = plan;
        let own = &population.neurons;
        let mut compartments = vec![Vec::new(); plan.structure.compartments()];
        let mut losses = Losses::default();
        let depth = f64::from(self.depth(plan.at));
        for at in 0..own.gain.len() {
            let (decay_u, decay_v) = (decay(own.keep_u[at]), decay(own.keep_v[at]));
            losses.decays([(decay_u, own.keep_u[at]), (decay_v, own.keep_v[at])]);
            let v_th = found.thresholds.get(at).copied().unwrap_or(ThresholdMantissa::MAX) << 6;
            let profile = Profile { decay_u, decay_v, v_th, ..Profile::DEFAULT };
            compartments.iter_mut().zip(plan.structure.tree(profile)).for_each(|(all, own)| all.push(own));
        }
        let biases = plan.biases.iter().zip(rest).map(|(bias, rest)| bias + rest);
        let wanted = biases.zip(&found.units).map(|(bias, units)| bias * units * 64.0);
        let held: Vec<_> = wanted.clone().map(nearest_bias).collect();
        for (at, (held, wanted)) in held.iter().zip(wanted).enumerate() {
            losses.bias(held.value(), wanted, 64.0 * found.units[at] * plan.unit(at));
            // A current that lasts would have to rise to it besides.
            let rises = if own.keep_u[at] > 0.0 { 1.0 / (1.0 - own.keep_u[at]) } else { 0.0 };
            losses.early(rest[at] / plan.unit(at), depth + rises);
        }
        let mut placed = loihi_net::network::Population::new(&population.name, &population.shape);
        placed.compartments = compartments.into_iter().map(Each::of).collect();
        if plan.values.is_empty() {
            placed.bias = Each::of(held);
        }
        self.network.population(placed);
        let goes_on = self.folded.paths.iter().any(|path| path.from == population.name);
        let (fidelity, note) = losses.fidelity(plan, found, goes_on);
        self.row(&population.name, &population.kind, fidelity, note);
    }

    /// A layer between values and neurons, for the embedded CPU.
    fn values(&mut self, plan: &LayerPlan<'_>, units: &[f64], rest: &[f64]) -> Result<(), NodeError> {
        let [path] = &*plan.values else {
            return Err(NodeError::at(&plan.population.name, "values come to it in several ways; use --input spikes"));
        };
        if path.delays.iter().any(|delay| *delay > 0) {
            return Err(NodeError::at(&plan.population.name, "values cannot be delayed; use --input spikes"));
        }
        if self.network.inputs.iter().any(|input| input.name == path.from) {
            return Err(NodeError::at(&path.from, "its values go to several populations; use --input spikes"));
        }
        let Weights::Dense(weights) = &path.weights else { return Ok(()) };
        let sources = path.delays.len().max(1);
        let fixed = |value: f64, neuron: usize| nearest(value * units[neuron] * 64.0);
        let gains: Vec<i32> = weights.iter().enumerate().map(|(at, weight)| fixed(*weight, at / sources)).collect();
        let zeroed = gains.iter().zip(weights).filter(|(gain, weight)| **gain == 0 && **weight != 0.0).count();
        let driven = plan.max_input().into_iter().zip(units).map(|(max_input, units)| max_input * units * 64.0);
        let largest = driven.clone().fold(0.0, f64::max);
        let fits = |exponent: &i32| largest <= f64::from(BiasMantissa::MAX << exponent);
        let exponent = (0..BiasExponent::MAX).find(fits).unwrap_or(BiasExponent::MAX);
        let most = f64::from(BiasMantissa::MAX << exponent);
        // The embedded CPU cuts sums down to the steps of the bias: half a step more makes that the nearest one.
        let half = (1_i32 << exponent) / 2;
        let biases = plan.biases.iter().zip(rest).map(|(bias, rest)| bias + rest);
        let offsets = biases.enumerate().map(|(neuron, bias)| fixed(bias, neuron).saturating_add(half)).collect();
        let saturating = driven.filter(|driven| *driven > most).count();
        let shape = self.folded.inputs.iter().find(|(name, _)| *name == path.from).map(|(_, shape)| shape.clone());
        let weighted = Weighted::new(plan.at, gains, offsets).exponent(BiasExponent::saturating(exponent));
        self.network.add_input(Input::new(&path.from, shape.unwrap_or_default(), Entry::Weighted(weighted)));
        let step =
            units.iter().enumerate().map(|(at, units)| f64::from(1 << exponent) / (64.0 * units * plan.unit(at)));
        let step = percent(step.fold(0.0, f64::max));
        let mut note = format!("by the embedded CPU; its sums in steps of {step} % of the threshold");
        for (count, what) in [(zeroed, "weight"), (saturating, "neuron")] {
            let what_of_it = if what == "weight" { "become 0" } else { "can be driven beyond the largest bias" };
            if count > 0 {
                let _ = write!(note, "; {} {what_of_it}", plural(count, what));
            }
        }
        for node in &path.through {
            let kind = self.rows.get(node).map_or_else(String::new, |row| row.kind.clone());
            self.row(node, &kind, Fidelity::Approximate, &note);
        }
        Ok(())
    }

    fn connection(&mut self, path: &Path, mantissas: &Mantissas) -> Result<(), NodeError> {
        let from = self.endpoint(&path.from)?;
        let own = || mantissas.values.clone();
        let weights =
            match &path.weights {
                Weights::Dense(_) => loihi_net::network::Weights::Dense(own()),
                Weights::OneToOne(_) => loihi_net::network::Weights::OneToOne(Each::of(own())),
                Weights::Conv(conv, _) => conv.clone().weights(own()).into(),
                Weights::Pool(pool, _) => {
                    let weight = mantissas.values.first().copied().unwrap_or(0);
                    pool.weight(weight).into()
                }
                Weights::Sparse(synapses) => {
                    let target = |((source, neuron, _, delay), weight): (&(usize, usize, f64, u8), &i16)| {
                        SparseSynapse { source: *source, neuron: *neuron, weight: *weight, delay: *delay }
                    };
                    let mut targets: Vec<SparseSynapse> = synapses.iter().zip(&mantissas.values).map(target).collect();
                    targets.sort_unstable();
                    loihi_net::network::Weights::Sparse(targets)
                }
            };
        let delay = Each::of(path.delays.iter().map(|delay| Delay::saturating(i32::from(*delay))).collect());
        let wgt_exp = WeightExponent::saturating(mantissas.wgt_exp);
        let to = Endpoint::Population(path.to);
        self.network.connect(Connection::new(from, to, weights).wgt_exp(wgt_exp).delay(delay));
        Ok(())
    }

    fn endpoint(&self, name: &str) -> Result<Endpoint, NodeError> {
        let input = self.network.inputs.iter().position(|input| input.name == name).map(Endpoint::Input);
        let population = || self.folded.populations.iter().position(|own| own.name == name).map(Endpoint::Population);
        input.or_else(population).ok_or_else(|| NodeError::at(name, "nothing comes from it"))
    }

    /// Rates the nodes through which spikes go.
    fn weigh(&mut self, plan: &LayerPlan<'_>, path: &Path, mantissas: &Mantissas) {
        let (fidelity, note) = fidelity::weights(mantissas, path.weights.fan_in(plan.population.neurons.gain.len()));
        let weighs = |kind: &str| matches!(kind, "Affine" | "Linear" | "Conv1d" | "Conv2d" | "Scale");
        let mut weighed = false;
        for node in &path.through {
            let kind = self.rows.get(node).map_or_else(String::new, |row| row.kind.clone());
            if weighs(&kind) {
                self.row(node, &kind, fidelity, &note);
                weighed = true;
            }
        }
        // What comes straight to neurons, or by way of pools, has weights all the same.
        if !weighed && fidelity > Fidelity::Exact {
            self.worse(&plan.population.name, &note);
        }
    }

    /// Adds the neuron that fires in every step, and its synapses: what they add to a population begins with the step in which
    /// the first spikes can arrive. Returns what to say of biases that begin before.
    fn start(&mut self) -> Vec<String> {
        let begins = |at: &usize| {
            let (name, early) = (&self.folded.populations[*at].name, u32::try_from(self.depth(*at)).unwrap_or(0));
            format!("Biases of `{name}` start {} before the first spikes can reach it.", in_steps(early))
        };
        let mut said: Vec<String> = self.early.iter().map(begins).collect();
        if self.delayed.is_empty() {
            return said;
        }
        let mut name = "start".to_owned();
        while self.network.find(&name).is_some() {
            name.push('_');
        }
        said.push(format!(
            "`{name}` fires in every step: biases of populations behind others are its synapses, and start on time."
        ));
        let start = loihi_net::network::Population::new(name, 1).decay_v(0).v_th(0).bias(nearest_bias(1.0));
        let start = self.network.population(start);
        for (at, found) in std::mem::take(&mut self.delayed) {
            let depth = self.depth(at);
            let connection = Connection::new(start, Endpoint::Population(at), found.values)
                .wgt_exp(WeightExponent::saturating(found.wgt_exp))
                .delay(Delay::saturating(depth - 1));
            self.network.connect(connection);
        }
        said
    }

    /// The synapses by which neurons take the threshold off.
    fn subtract(&mut self, plan: &LayerPlan<'_>, found: &Scale) {
        let compartments = self.network.populations[plan.at].compartments.len();
        self.network.connect(subtracting(plan.at, compartments - 2, &found.thresholds));
    }
}

/// The nearest 32-bit integer.
fn nearest(value: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "held to the range by the conversion")]
    let nearest = value.round() as i32;
    nearest
}

fn in_steps(steps: u32) -> String {
    plural(usize::try_from(steps).unwrap_or(usize::MAX), "step")
}
