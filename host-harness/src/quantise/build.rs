//! Registers of a folded network, and what each node loses by them.

use super::compose::Weights;
use super::fold::{Folded, Path};
use super::scale::{self, Demands, Mantissas, Scale, subtract_exponent};
use super::site::Site;
use super::{InputAs, Options};
use crate::import::{Imported, Rating, Row, Wrong};
use crate::network::{
    Connection, Conv2d, Each, Endpoint, Entry, Input, Network, Pool2d, ReadBy, Signs, Target, Weighted, nearest_bias,
};
use crate::words::counted;
use loihi_core::image::Profile;
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
    (network.steps, network.late_steps) = (options.steps, later.into());
    if later > 0 {
        let later = in_steps(later);
        said.push(format!("Spikes take a step from layer to layer: a sample takes {later} more."));
    }
    if !folded.waits.is_empty() {
        said.push(format!(
            "Ways of different lengths: spikes are delayed {}, so that they meet.",
            folded.waits.join(", ")
        ));
    }
    if folded.populations.iter().any(|population| matches!(&*population.kind, "IF" | "I")) {
        said.push(
            "Neurons without a time constant (IF, I): an input of 1 adds r in a step, whatever dt is.".to_owned(),
        );
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
    for row in &folded.others {
        build.row(&row.node, &row.kind, row.rating, &row.note);
    }
    for at in 0..folded.populations.len() {
        build.population(at)?;
    }
    said.extend(build.start());
    if let Some(at) = folded.readout {
        let fires = folded.populations[at].neurons.threshold.is_some();
        let by = if fires { ReadBy::Spikes } else { ReadBy::Voltage };
        build.network.read(Endpoint::Population(at), by);
    }
    build.network.check().map_err(|error| Wrong::whole(error.to_string()))?;
    let mut imported = Imported { network: build.network, rows: build.rows.into_values().collect(), said };
    imported.sort();
    Ok(imported)
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
        let site = Site::of(self.folded, at, self.options);
        let stored: Vec<(Vec<f64>, usize)> = site
            .spikes
            .iter()
            .map(|path| (path.weights.stored(), path.weights.fan_in(population.neurons.gain.len())))
            .collect();
        let demands = Demands {
            weights: stored.iter().map(|(weights, fan_in)| (&**weights, *fan_in)).collect(),
            thresholds: population.neurons.threshold.as_deref().unwrap_or_default(),
            drive: site.drive(),
            subtract: site.form.subtracts,
            units_max: site.units_max(self.options.steps),
        };
        let found = scale::search(&demands);
        self.scales.push(found.units);
        self.neurons(&site, &found);
        if !site.values.is_empty() {
            self.values(&site, found.units)?;
        }
        for (path, mantissas) in site.spikes.iter().zip(&found.connections) {
            self.connection(path, mantissas)?;
            self.weigh(&site, path, mantissas);
        }
        if site.form.subtracts {
            self.subtract(&site, &found);
        }
        Ok(())
    }

    fn neurons(&mut self, site: &Site<'_>, found: &Scale) {
        let Site { population, .. } = site;
        let own = &population.neurons;
        let mut compartments = vec![Vec::new(); site.form.compartments()];
        let mut decay_error = 0.0_f64;
        for at in 0..own.gain.len() {
            let (decay_u, decay_v) = (decay(own.keep_u[at]), decay(own.keep_v[at]));
            for (decay, keep) in [(decay_u, own.keep_u[at]), (decay_v, own.keep_v[at])] {
                decay_error = decay_error.max((f64::from(4096 - decay) / 4096.0 - keep).abs());
            }
            let v_th = found.thresholds.get(at).copied().unwrap_or(ThresholdMantissa::MAX) << 6;
            let profile = Profile { decay_u, decay_v, v_th, ..Profile::DEFAULT };
            compartments.iter_mut().zip(site.form.tree(profile)).for_each(|(all, own)| all.push(own));
        }
        let wanted: Vec<f64> = site.biases.iter().map(|bias| bias * found.units * 64.0).collect();
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
    }

    fn rate_neurons(&mut self, site: &Site<'_>, found: &Scale, decay_error: f64, bias_error: f64) {
        let own = &site.population.neurons;
        let unit = site.unit();
        let thresholds = own.threshold.as_deref().unwrap_or_default();
        let error = |(own, held): (&f64, &i32)| (f64::from(*held) / found.units / own - 1.0).abs();
        let threshold_error = thresholds.iter().zip(&found.thresholds).map(error).fold(0.0, f64::max);
        let mut note = match found.thresholds.iter().max() {
            Some(most) => format!("v_th {most}, threshold {}", off(threshold_error)),
            None => format!("never fires, 1 is {:.1} of 64", found.units),
        };
        let decays = if decay_error == 0.0 { "exact".to_owned() } else { format!("off by {decay_error:.1e} a step") };
        let _ = write!(note, "; decays {decays}");
        if site.biases.iter().any(|bias| *bias != 0.0) {
            let _ = write!(note, "; biases {}", off(bias_error / unit));
        }
        let mut rating =
            if decay_error + threshold_error + bias_error > 0.0 { Rating::Approximate } else { Rating::Exact };
        if own.shifted {
            rating = Rating::Approximate;
            note += "; voltages count from v_reset, and begin there";
        }
        if let Some(enters) = site.early() {
            rating = Rating::Approximate;
            note += enters;
        }
        if found.share < 1.0 {
            rating = rating.max(Rating::Approximate);
            let _ = write!(note, "; its sums leave their registers if over {} % of", percent(found.share));
            note += " what has one sign comes in every step";
        }
        if let compartments @ 2.. = site.form.compartments() {
            let _ = write!(note, "; {compartments} compartments a neuron");
        }
        if site.population.kind == "Output" {
            rating = rating.max(Rating::Approximate);
            note += "; adds up what comes in the steps of a sample";
        }
        let goes_on = self.folded.paths.iter().any(|path| path.from == site.population.name);
        let silent = (own.threshold.is_none() && goes_on)
            .then(|| "its voltage goes on to others, but only spikes leave a neuron of the chip".to_owned());
        for unsupported in own.unsupported.iter().chain(&silent) {
            rating = Rating::Unsupported;
            note = format!("{unsupported}; {note}");
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
        let offsets = site.biases.iter().map(fixed).collect();
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
        let mut numbers = counted(mantissas.values.len(), "weight");
        if exact {
            numbers += ", all exact";
        } else {
            let (most, rms, drift) = (percent(mantissas.max / unit), percent(mantissas.rms / unit), percent(drift));
            let clipped = mantissas.clipped;
            let _ = write!(
                numbers,
                ", off by {most} % of the threshold at most, {rms} % rms, {clipped} clipped; drift of {drift} % a \
                 step, rms, if all fire"
            );
        }
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
    /// A current that lasts cannot be taken off so; what is left there is said.
    fn start(&mut self) -> Vec<String> {
        let depths = self.folded.depths();
        let (mut connections, mut said) = (Vec::new(), Vec::new());
        for (at, (population, depth)) in self.folded.populations.iter().zip(&depths).enumerate() {
            let own = &population.neurons;
            let biases: Vec<f64> = own.leak.iter().zip(&own.constant).map(|(leak, constant)| leak + constant).collect();
            if *depth == 0 || biases.iter().all(|bias| *bias == 0.0) {
                continue;
            }
            if own.keep_u.iter().any(|keep| *keep > 0.0) {
                let (name, early) = (&population.name, in_steps(*depth));
                said.push(format!("Biases of `{name}` begin {early} before the first spikes can reach it."));
                continue;
            }
            let early =
                |(bias, keep): (&f64, &f64)| -bias * (1..=i32::from(*depth)).map(|step| keep.powi(step)).sum::<f64>();
            let weights: Vec<f64> = biases.iter().zip(&own.keep_v).map(early).collect();
            let scale = self.scales.get(at).copied().unwrap_or(1.0);
            connections.push((at, *depth, scale::mantissas(&weights, scale)));
        }
        if connections.is_empty() {
            return said;
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
        said
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

fn in_steps(steps: u8) -> String {
    counted(steps.into(), "step")
}

/// How far something is off, as a share.
fn off(share: f64) -> String {
    if share == 0.0 { "exact".to_owned() } else { format!("off by {} %", percent(share)) }
}

fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent == 0.0 || percent >= 0.01 { format!("{percent:.2}") } else { format!("{percent:.0e}") }
}
