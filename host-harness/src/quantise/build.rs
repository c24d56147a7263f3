//! Registers of a folded network, and what each node loses by them.

use super::fold::{Folded, Path, Population, Weights};
use super::reach::{Reach, units_max};
use super::scale::{self, Demands, Mantissas, Scale, subtract_exponent};
use super::{InputAs, Options, Reset};
use crate::import::{Imported, Rating, Row, Wrong};
use crate::network::{
    Connection, Conv2d, Each, Endpoint, Entry, Input, Network, Pool2d, ReadBy, Signs, Target, Weighted, nearest_bias,
};
use loihi_core::image::{Join, Profile, StackIn, StackOut, ThresholdMode, Tree};
use loihi_core::num::{BiasExponent, BiasMantissa, Delay, ThresholdMantissa, WeightExponent};
use std::collections::BTreeMap;
use std::fmt::Write as _;

struct Build<'f> {
    folded: &'f Folded,
    options: Options,
    network: Network,
    rows: BTreeMap<String, Row>,
    /// Units of 64 in a voltage of 1, by population.
    scales: Vec<f64>,
}

/// A population with what leads to it, spikes and values apart.
struct Site<'f> {
    at: usize,
    population: &'f Population,
    spikes: Vec<&'f Path>,
    values: Vec<&'f Path>,
    subtracts: bool,
}

/// The network of a folded one, and a rating for each of its nodes.
pub(super) fn build(
    folded: &Folded,
    name: &str,
    dt: f64,
    options: Options,
    mut said: Vec<String>,
) -> Result<Imported, Wrong> {
    let mut network = Network::new(name);
    let later = folded.readout.and_then(|at| folded.depths().get(at).copied()).unwrap_or(0);
    if options.steps > 0 {
        network.steps = options.steps + u32::from(later);
    }
    if later > 0 {
        said.push(format!("Spikes take a step from layer to layer: the answer comes {later} steps after its values."));
    }
    let dt_us = dt * 1e6;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
    if dt < 1.0 && dt_us >= 0.999 {
        network.dt_us = dt_us.round() as u64;
    }
    let mut build = Build { folded, options, network, rows: BTreeMap::new(), scales: Vec::new() };
    for (name, shape) in &folded.inputs {
        if options.input == InputAs::Spikes {
            build.network.input(name, shape);
        }
        let note = if options.input == InputAs::Spikes { "spikes from outside" } else { "values from outside" };
        build.row(name, "Input", Rating::Exact, note);
    }
    for (name, kind) in &folded.others {
        build.row(name, kind, Rating::Exact, "folded");
    }
    for at in 0..folded.populations.len() {
        build.population(at)?;
    }
    build.start();
    if let Some(at) = folded.readout {
        let fires = folded.populations[at].neurons.threshold.is_some();
        let by = if fires { ReadBy::Spikes } else { ReadBy::Voltage };
        build.network.read(Endpoint::Population(at), by);
    }
    build.network.check().map_err(|error| Wrong::whole(error.to_string()))?;
    Ok(Imported { network: build.network, rows: build.rows.into_values().collect(), said })
}

impl Build<'_> {
    /// Rates a node; of several ratings the worst stays, with its note.
    fn row(&mut self, node: &str, kind: &str, rating: Rating, note: impl Into<String>) {
        let row = Row::new(node, kind, rating, note);
        match self.rows.get(node) {
            Some(there) if there.rating > rating => {}
            _ => drop(self.rows.insert(node.to_owned(), row)),
        }
    }

    fn population(&mut self, at: usize) -> Result<(), Wrong> {
        let population = &self.folded.populations[at];
        let is_value = |path: &&Path| {
            self.options.input == InputAs::Values && self.folded.inputs.iter().any(|(name, _)| *name == path.from)
        };
        let (values, spikes) = self.folded.paths.iter().filter(|path| path.to == at).partition(is_value);
        let subtracts = self.options.reset == Reset::Subtract && population.neurons.threshold.is_some();
        let site = Site { at, population, spikes, values, subtracts };
        let stored: Vec<(Vec<f64>, usize)> = site
            .spikes
            .iter()
            .map(|path| (path.weights.stored(), path.weights.fan_in(population.neurons.gain.len())))
            .collect();
        let demands = Demands {
            weights: stored.iter().map(|(weights, fan_in)| (&**weights, *fan_in)).collect(),
            thresholds: population.neurons.threshold.as_deref().unwrap_or_default(),
            drive: site.drive(),
            subtract: subtracts,
            units_max: site.units_max(self.options.steps),
        };
        let found = scale::search(&demands);
        self.scales.push(found.units);
        self.neurons(&site, &found)?;
        if !site.values.is_empty() {
            self.values(&site, found.units)?;
        }
        for (path, mantissas) in site.spikes.iter().zip(&found.connections) {
            self.connection(path, mantissas)?;
            self.weigh(&site, path, mantissas);
        }
        if site.subtracts {
            self.subtract(&site, &found);
        }
        Ok(())
    }

    fn neurons(&mut self, site: &Site<'_>, found: &Scale) -> Result<(), Wrong> {
        let Site { population, .. } = site;
        let own = &population.neurons;
        let lasting = own.keep_u.iter().any(|keep| *keep > 0.0);
        let biased = own.bias.iter().any(|bias| *bias != 0.0) || !site.values.is_empty();
        if site.subtracts && lasting && biased {
            let what = "a bias, a lasting current and a reset that subtracts do not go together: use --reset zero";
            return Err(Wrong::at(&population.name, what));
        }
        let mut compartments = vec![Vec::new(); if site.subtracts { 2 + usize::from(lasting) } else { 1 }];
        let mut decay_error = 0.0_f64;
        for at in 0..own.gain.len() {
            let (decay_u, decay_v) = (decay(own.keep_u[at]), decay(own.keep_v[at]));
            for (decay, keep) in [(decay_u, own.keep_u[at]), (decay_v, own.keep_v[at])] {
                decay_error = decay_error.max((f64::from(4096 - decay) / 4096.0 - keep).abs());
            }
            let v_th = found.thresholds.get(at).copied().unwrap_or(ThresholdMantissa::MAX) << 6;
            let profile = Profile { decay_u, decay_v, v_th, ..Profile::DEFAULT };
            let tree = if site.subtracts { tree(profile, lasting) } else { vec![profile] };
            compartments.iter_mut().zip(tree).for_each(|(all, own)| all.push(own));
        }
        let wanted: Vec<f64> = own.bias.iter().map(|bias| bias * found.units * 64.0).collect();
        let held: Vec<_> = wanted.iter().map(|bias| nearest_bias(*bias)).collect();
        let errors = held.iter().zip(&wanted).map(|(held, wanted)| (f64::from(held.value()) - wanted).abs());
        let bias_error = errors.fold(0.0, f64::max) / (64.0 * found.units);
        let mut placed = crate::network::Population::new(&population.name, &population.shape, Profile::DEFAULT);
        placed.compartments = compartments.into_iter().map(Each::of).collect();
        if site.values.is_empty() {
            placed.bias = Each::of(held);
        }
        self.network.population(placed);
        self.rate_neurons(site, found, decay_error, bias_error);
        Ok(())
    }

    fn rate_neurons(&mut self, site: &Site<'_>, found: &Scale, decay_error: f64, bias_error: f64) {
        let own = &site.population.neurons;
        let unit = site.unit();
        let thresholds = own.threshold.as_deref().unwrap_or_default();
        let error = |(own, held): (&f64, &i32)| (f64::from(*held) / found.units / own - 1.0).abs();
        let threshold_error = thresholds.iter().zip(&found.thresholds).map(error).fold(0.0, f64::max);
        let mut note = match found.thresholds.iter().max() {
            Some(most) => format!("v_th {most}, threshold off by {} %", percent(threshold_error)),
            None => format!("never fires, 1 is {:.1} of 64", found.units),
        };
        let _ = write!(note, "; decays off by {decay_error:.1e} a step; biases by {} %", percent(bias_error / unit));
        let mut rating =
            if decay_error + threshold_error + bias_error > 0.0 { Rating::Approximate } else { Rating::Exact };
        if own.shifted {
            rating = Rating::Approximate;
            note += "; voltages count from v_reset, and begin there";
        }
        if !site.values.is_empty() && own.keep_u.iter().any(|keep| *keep > 0.0) {
            rating = Rating::Unsupported;
            note += "; values enter its voltage at once, not by way of its current";
        } else if own.keep_u.iter().zip(&own.bias).any(|(keep, bias)| *keep > 0.0 && *bias != 0.0) {
            rating = Rating::Approximate;
            note += "; constant currents are there from the first step";
        }
        if found.share < 1.0 {
            rating = rating.max(Rating::Approximate);
            let _ = write!(note, "; its sums leave their registers if over {} % of", percent(found.share));
            note += " what has one sign comes in every step";
        }
        if site.subtracts {
            note += "; two compartments or three a neuron";
        }
        self.row(&site.population.name, &site.population.kind, rating, note);
    }

    /// A layer between values and neurons, for the embedded CPU.
    fn values(&mut self, site: &Site<'_>, scale: f64) -> Result<(), Wrong> {
        let [path] = &*site.values else {
            return Err(Wrong::at(&site.population.name, "values come to it in several ways; use --input spikes"));
        };
        if path.delays.iter().any(|delay| *delay > 0) {
            return Err(Wrong::at(&site.population.name, "values cannot be delayed; use --input spikes"));
        }
        if self.network.inputs.iter().any(|input| input.name == path.from) {
            return Err(Wrong::at(&path.from, "its values go to several populations; use --input spikes"));
        }
        let Weights::Dense(weights) = &path.weights else { return Ok(()) };
        let fixed = |value: &f64| nearest(value * scale * 64.0);
        let gains: Vec<i32> = weights.iter().map(fixed).collect();
        let offsets = site.population.neurons.bias.iter().map(fixed).collect();
        let largest = site.drive() * scale * 64.0;
        let fits = |exponent: &i32| largest <= f64::from(BiasMantissa::MAX << exponent);
        let exponent = (0..BiasExponent::MAX).find(fits).unwrap_or(BiasExponent::MAX);
        let shape = self.folded.inputs.iter().find(|(name, _)| *name == path.from).map(|(_, shape)| shape.clone());
        let entry = Entry::Weighted(Weighted {
            population: site.at,
            gains,
            offsets,
            exponent: BiasExponent::saturating(exponent),
        });
        self.network.inputs.push(Input { name: path.from.clone(), shape: shape.unwrap_or_default(), entry });
        let step = f64::from(1 << exponent) / (64.0 * scale) / site.unit();
        for node in &path.through {
            let kind = self.rows.get(node).map_or_else(String::new, |row| row.kind.clone());
            let note = format!("by the embedded CPU; its sums in steps of {} % of the threshold", percent(step));
            self.row(node, &kind, Rating::Approximate, note);
        }
        Ok(())
    }

    fn connection(&mut self, path: &Path, mantissas: &Mantissas) -> Result<(), Wrong> {
        let from = self.endpoint(&path.from)?;
        let own = || mantissas.values.clone();
        let weights = match &path.weights {
            Weights::Dense(_) => crate::network::Weights::Dense(own()),
            Weights::OneToOne(_) => crate::network::Weights::OneToOne(Each::of(own())),
            Weights::Conv(conv, _) => crate::network::Weights::Conv2d(Conv2d { weights: own(), ..conv.clone() }),
            Weights::Pool(pool, _) => {
                let weight = mantissas.values.first().copied().unwrap_or(0);
                crate::network::Weights::Pool2d(Pool2d { weight, ..*pool })
            }
            Weights::Sparse(synapses) => {
                let target = |((source, neuron, _, delay), weight): (&(usize, usize, f64, u8), &i16)| Target {
                    source: *source,
                    neuron: *neuron,
                    weight: *weight,
                    delay: *delay,
                };
                let mut targets: Vec<Target> = synapses.iter().zip(&mantissas.values).map(target).collect();
                targets.sort_unstable();
                crate::network::Weights::Sparse(targets)
            }
        };
        let delay = Each::of(path.delays.iter().map(|delay| Delay::saturating(i32::from(*delay))).collect());
        let wgt_exp = WeightExponent::saturating(mantissas.wgt_exp);
        let to = Endpoint::Population(path.to);
        self.network.connect(Connection { wgt_exp, delay, ..Connection::new(from, to, weights) });
        Ok(())
    }

    fn endpoint(&self, name: &str) -> Result<Endpoint, Wrong> {
        let input = self.network.inputs.iter().position(|input| input.name == name).map(Endpoint::Input);
        let population = || self.folded.populations.iter().position(|own| own.name == name).map(Endpoint::Population);
        input.or_else(population).ok_or_else(|| Wrong::at(name, "nothing comes from it"))
    }

    /// Rates the nodes through which spikes go.
    fn weigh(&mut self, site: &Site<'_>, path: &Path, mantissas: &Mantissas) {
        let unit = site.unit();
        let fan_in = path.weights.fan_in(site.population.neurons.gain.len());
        #[expect(clippy::cast_precision_loss, reason = "numbers of synapses")]
        let drift = (fan_in as f64).sqrt() * mantissas.rms / unit;
        let exact = mantissas.max <= 1e-12 * unit;
        let numbers = format!(
            "{} weights, off by {} % of the threshold at most, {} % rms, {} clipped; drift up to {} % a step if all fire",
            mantissas.values.len(),
            percent(mantissas.max / unit),
            percent(mantissas.rms / unit),
            mantissas.clipped,
            percent(drift),
        );
        let weighs = |kind: &str| matches!(kind, "Affine" | "Linear" | "Conv1d" | "Conv2d" | "Scale");
        for node in &path.through {
            let kind = self.rows.get(node).map_or_else(String::new, |row| row.kind.clone());
            if weighs(&kind) {
                let rating = if exact { Rating::Exact } else { Rating::Approximate };
                self.row(node, &kind, rating, &numbers);
            }
        }
    }

    /// Takes off what biases have added to layers behind the first one before the first spikes can have come through to
    /// them: by a neuron that fires in the first step, and then never again.
    fn start(&mut self) {
        let depths = self.folded.depths();
        let mut connections = Vec::new();
        for (at, (population, depth)) in self.folded.populations.iter().zip(&depths).enumerate() {
            let own = &population.neurons;
            let early =
                |(bias, keep): (&f64, &f64)| -bias * (1..=i32::from(*depth)).map(|step| keep.powi(step)).sum::<f64>();
            let lasting = own.keep_u.iter().any(|keep| *keep > 0.0);
            let weights: Vec<f64> = own.bias.iter().zip(&own.keep_v).map(early).collect();
            if !lasting && weights.iter().any(|weight| *weight != 0.0) {
                let scale = self.scales.get(at).copied().unwrap_or(1.0);
                connections.push((at, *depth, scale::mantissas(&weights, scale)));
            }
        }
        if connections.is_empty() {
            return;
        }
        let mut name = "start".to_owned();
        while self.network.find(&name).is_some() {
            name.push('_');
        }
        let mut once = crate::network::Population::new(name, &[1], Profile { decay_v: 0, v_th: 0, ..Profile::DEFAULT });
        once.bias = Each::Same(nearest_bias(1.0));
        let once = self.network.population(once);
        self.network.connect(Connection {
            wgt_exp: WeightExponent::saturating(7),
            ..Connection::new(once, once, crate::network::Weights::OneToOne(Each::Same(-256)))
        });
        for (at, depth, found) in connections {
            let weights = crate::network::Weights::Dense(found.values);
            self.network.connect(Connection {
                wgt_exp: WeightExponent::saturating(found.wgt_exp),
                delay: Each::Same(Delay::saturating(i32::from(depth) - 1)),
                ..Connection::new(once, Endpoint::Population(at), weights)
            });
        }
    }

    /// The synapses by which neurons take the threshold off.
    fn subtract(&mut self, site: &Site<'_>, found: &Scale) {
        let most = found.thresholds.iter().copied().max().unwrap_or(0);
        let exponent = subtract_exponent(f64::from(most));
        let mantissa = |threshold: &i32| i16::try_from(-(threshold >> exponent)).unwrap_or(-256);
        let weights = Each::of(found.thresholds.iter().map(mantissa).collect());
        let own = Endpoint::Population(site.at);
        let compartments = self.network.populations[site.at].compartments.len();
        self.network.connect(Connection {
            compartment: compartments - 2,
            wgt_exp: WeightExponent::saturating(exponent),
            signs: Signs::Inhibitory,
            ..Connection::new(own, own, crate::network::Weights::OneToOne(weights))
        });
    }
}

impl Site<'_> {
    /// What errors are told in parts of: the smallest threshold, or 1.
    fn unit(&self) -> f64 {
        let thresholds = self.population.neurons.threshold.iter().flatten();
        let least = thresholds.copied().fold(f64::INFINITY, f64::min);
        if least.is_finite() { least } else { 1.0 }
    }

    /// The largest scale at which no sum leaves its register, whatever fires.
    fn units_max(&self, steps: u32) -> f64 {
        let own = &self.population.neurons;
        let mut spikes = Reach::new(own.gain.len());
        for path in &self.spikes {
            spikes.connection(&path.weights);
        }
        for (at, threshold) in own.threshold.iter().flatten().enumerate().filter(|_| self.subtracts) {
            spikes.constant(at, -threshold);
        }
        let mut all = spikes.clone();
        for path in &self.values {
            all.connection(&path.weights);
        }
        for (at, bias) in own.bias.iter().enumerate() {
            all.constant(at, *bias);
        }
        units_max(&spikes, &all, [&own.keep_u, &own.keep_v], own.threshold.is_some(), steps)
    }

    /// The most that biases and sums of values can be, either sign.
    fn drive(&self) -> f64 {
        let own = &self.population.neurons;
        let mut most = 0.0_f64;
        for (neuron, bias) in own.bias.iter().enumerate() {
            let mut range = [bias.min(0.0), bias.max(0.0)];
            for path in &self.values {
                if let Weights::Dense(weights) = &path.weights {
                    let sources = path.delays.len();
                    for weight in weights.iter().skip(neuron * sources).take(sources) {
                        range[usize::from(*weight > 0.0)] += weight;
                    }
                }
            }
            most = most.max(-range[0]).max(range[1]);
        }
        most
    }
}

/// A neuron that adds up in one compartment and fires from another, so that a synapse can take the threshold off; a third
/// one before them holds a current that lasts.
fn tree(profile: Profile, lasting: bool) -> Vec<Profile> {
    let plain = Profile { decay_u: 4096, decay_v: 4096, ..Profile::DEFAULT };
    let never = ThresholdMantissa::MAX << 6;
    let current = Profile {
        decay_u: profile.decay_u,
        v_th: never,
        tree: Tree { stack_out: StackOut::PushU, ..Tree::NONE },
        ..plain
    };
    let join = |tree: Tree| Tree { stack_in: StackIn::PopA, join: Join::Add, ..tree };
    let passes = Tree { stack_out: StackOut::Push, threshold: ThresholdMode::PassAbove, ..Tree::NONE };
    let tree = if lasting { join(passes) } else { passes };
    let dendrite = Profile { decay_v: profile.decay_v, v_th: 0, tree, ..plain };
    let soma = Profile { v_th: profile.v_th, tree: join(Tree::NONE), ..plain };
    if lasting { vec![current, dendrite, soma] } else { vec![dendrite, soma] }
}

/// The decay register that keeps nearest to a share.
fn decay(keep: f64) -> i32 {
    nearest((1.0 - keep) * 4096.0).clamp(0, 4096)
}

/// The nearest 32-bit integer.
fn nearest(value: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "held to the range by the conversion")]
    let nearest = value.round() as i32;
    nearest
}

fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent == 0.0 || percent >= 0.01 { format!("{percent:.2}") } else { format!("{percent:.0e}") }
}
