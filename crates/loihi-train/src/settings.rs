//! What a network file says of training: `[train]`.

use crate::beside::{DelayForm, RegisterForm, is_unit, place_of};
use crate::distort::Distortion;
use crate::loss::{Loss, RateLoss, ReadoutLoss};
use crate::optimiser::Schedule;
use crate::parameter::Register;
use crate::rate::Backward;
use crate::surrogate::Surrogate;
use loihi_net::network::{Connection, Endpoint, Network, Population, ReadBy, Section, SectionError, Weights};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `[train]`: every key has a default.
///
/// ```
/// let train: loihi_train::settings::TrainForm = toml::from_str("batch = 64\nrate = 0.5")?;
/// assert_eq!((train.batch, train.rate), (64, 0.5));
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TrainForm {
    /// Epochs over the training set, 1 to 10,000; `--epochs` comes first.
    pub epochs: u32,
    /// Samples between two changes of the weights, 1 to 4,096.
    pub batch: usize,
    /// Learning rate: about what a weight moves in a step, in units of its mantissa.
    pub rate: f32,
    /// How the rate changes over all epochs.
    pub schedule: Schedule,
    /// Share of a weight that a step takes away, at a rate of 1.
    pub weight_decay: f32,
    /// Largest norm of the gradient of a batch, which is shortened to it; 0 for any.
    pub clip_norm: f32,
    /// The loss.
    pub loss: Loss,
    /// Of the loss `cross-entropy`: what a spike adds to the logit of its class; of first spikes a step that one comes sooner, of
    /// voltages a threshold.
    pub per_score: f32,
    /// Of the loss `target-spikes`: spikes of the right class, and of each of the others.
    pub target_spikes: Option<[f32; 2]>,
    /// How derivatives go back through neurons.
    pub backward: Backward,
    /// What stands for the derivative of a spike by the voltage.
    pub surrogate: Surrogate,
    /// Its width, in thresholds.
    pub width: f32,
    /// What it is multiplied by: less than 1 keeps gradients from growing over many steps.
    pub damping: f32,
    /// Whether the reset has a derivative by the voltage, too.
    pub through_reset: bool,
    /// Keeps the rate of every population but the readout within bounds.
    pub rates: Option<RatesForm>,
    /// Populations whose incoming weights are trained; by default all.
    pub learn: Vec<String>,
    /// Trains delays, too.
    pub delay: Option<DelayForm>,
    /// Trains decays of currents, too.
    pub decay_u: Option<RegisterForm>,
    /// Trains decays of voltages, too.
    pub decay_v: Option<RegisterForm>,
    /// Trains thresholds, too; that of a readout by voltage stays.
    pub v_th: Option<RegisterForm>,
    /// By population, the share of synapses that each dense connection into it has: training chooses which, by sparse rewiring.
    pub connectivity: BTreeMap<String, f32>,
    /// Of sparse rewiring: what a step takes from the magnitude of every weight, at a rate of 1.
    pub rewire_l1: f32,
    /// Of sparse rewiring: the deviation of what a step adds to every weight at random, at a rate of 1.
    pub rewire_noise: f32,
    /// Before training, thresholds of populations that are trained are chosen so that at most this share of the
    /// neurons spikes in a step; by default they are those of the file. That of a readout by voltage stays.
    pub v_th_rate: Option<f64>,
    /// Samples are shown moved at random, by at most as many rows and columns.
    pub shift: Option<[u8; 2]>,
    /// Samples are shown turned at random, by at most as many degrees either way.
    pub turn_degrees: f32,
    /// Samples are shown longer and wider or less so at random, by at most this share.
    pub stretch: f32,
    /// Samples of the training set that are held back with `--validate`; of small sets it is a fifth.
    pub validation_samples: usize,
}

/// Bounds of a mean rate, in spikes a neuron and step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with `low`, `high` and `strength`")]
#[non_exhaustive]
pub struct RatesForm {
    /// Least rate that costs nothing.
    #[serde(default)]
    pub low: f32,
    /// Largest rate that costs nothing.
    pub high: f32,
    /// What the squared excess of a population counts in the loss of a sample.
    pub strength: f32,
}

impl Default for TrainForm {
    fn default() -> Self {
        Self {
            epochs: 10,
            batch: 64,
            rate: 0.5,
            schedule: Schedule::Cosine,
            weight_decay: 0.0,
            clip_norm: 0.0,
            loss: Loss::CrossEntropy,
            per_score: 1.0,
            target_spikes: None,
            backward: Backward::Time,
            surrogate: Surrogate::Arctan,
            width: 1.0,
            damping: 1.0,
            through_reset: false,
            rates: None,
            learn: Vec::new(),
            delay: None,
            decay_u: None,
            decay_v: None,
            v_th: None,
            connectivity: BTreeMap::new(),
            rewire_l1: 0.01,
            rewire_noise: 0.0,
            v_th_rate: None,
            shift: None,
            turn_degrees: 0.0,
            stretch: 0.0,
            validation_samples: 5000,
        }
    }
}

impl TrainForm {
    /// The table of a network, or the defaults of a network without one.
    ///
    /// # Errors
    /// [`SectionError`] at the first key that is not known, out of its range, or without effect.
    pub fn of(network: &Network) -> Result<Self, SectionError> {
        let Some(section) = &network.run.train else { return Ok(Self::default()) };
        let form: Self = section.form("train")?;
        form.check_ranges(section)?;
        form.check_effects(section, network)?;
        form.check_parts(section, network)?;
        Ok(form)
    }

    fn check_ranges(&self, section: &Section) -> Result<(), SectionError> {
        let within = |value: f32, low: f32, high: f32| (low..=high).contains(&value);
        let targets = |[right, wrong]: [f32; 2]| within(wrong, 0.0, 1e6) && within(right, wrong, 1e6);
        let rates = |rates: RatesForm| {
            within(rates.low, 0.0, 1.0) && within(rates.high, rates.low, 1.0) && within(rates.strength, 1e-9, 1e6)
        };
        let rows = [
            ("epochs", (1..=10_000).contains(&self.epochs), "give 1 to 10,000 epochs"),
            ("batch", (1..=4096).contains(&self.batch), "give a batch of 1 to 4,096 samples"),
            (
                "rate",
                within(self.rate, 1e-6, 256.0),
                "give a rate above 0, at most 256, in units of the weights' mantissas",
            ),
            ("weight_decay", within(self.weight_decay, 0.0, 1.0), "give 0 to 1"),
            (
                "weight_decay",
                self.rate * self.weight_decay <= 1.0,
                "a step would take more than the weight away: give a `weight_decay` of at most 1 / `rate`",
            ),
            (
                "clip_norm",
                self.clip_norm == 0.0 || within(self.clip_norm, 1e-6, f32::MAX),
                "give 0 for any norm, or 0.000001 or more",
            ),
            ("validation_samples", self.validation_samples > 0, "give 1 or more"),
            ("per_score", within(self.per_score, 1e-6, 1e3), "give more than 0, at most 1000"),
            ("width", within(self.width, 1e-3, 1e3), "give a width of 0.001 to 1000 thresholds"),
            ("damping", within(self.damping, 1e-3, 1.0), "give a factor of 0.001 to 1"),
            (
                "target_spikes",
                self.target_spikes.is_none_or(targets),
                "give the spikes of the right class, and then fewer of the others",
            ),
            (
                "rates",
                self.rates.is_none_or(rates),
                "give `low` and `high` of 0 to 1 spikes a step, and a `strength` above 0",
            ),
            ("turn_degrees", within(self.turn_degrees, 0.0, 180.0), "give 0 to 180 degrees"),
            ("stretch", within(self.stretch, 0.0, 0.9), "give a share of 0 to 0.9"),
            (
                "connectivity",
                self.connectivity.values().all(|share| within(*share, 1e-4, 1.0)),
                "give shares of 0.0001 to 1 of all synapses",
            ),
            ("rewire_l1", within(self.rewire_l1, 0.0, 256.0), "give 0 to 256 units of the weights' mantissas"),
            ("rewire_noise", within(self.rewire_noise, 0.0, 256.0), "give 0 to 256 units of the weights' mantissas"),
            (
                "v_th_rate",
                self.v_th_rate.is_none_or(|rate| (1e-4..=0.9).contains(&rate)),
                "give a share of 0.0001 to 0.9 of the neurons",
            ),
        ];
        match rows.into_iter().find(|(_, is_valid, _)| !is_valid) {
            Some((key, _, what)) => Err(section.error("train", key, what)),
            None => Ok(()),
        }
    }

    /// Refuses keys that would do nothing.
    fn check_effects(&self, section: &Section, network: &Network) -> Result<(), SectionError> {
        let given = |key: &str| section.keys.contains_key(key);
        let of_scores = self.loss == Loss::CrossEntropy;
        if given("per_score") && !of_scores {
            return Err(section.error("train", "per_score", "`per_score` is of loss = \"cross-entropy\": take it out"));
        }
        if given("target_spikes") && of_scores {
            let what = "`target_spikes` is of loss = \"target-spikes\": give that, or take it out";
            return Err(section.error("train", "target_spikes", what));
        }
        if self.loss == Loss::TargetSpikes && self.target_spikes.is_none() {
            let what = "loss = \"target-spikes\" takes `target_spikes = [RIGHT, WRONG]`";
            return Err(section.error("train", "loss", what));
        }
        if self.loss == Loss::TargetSpikes && network.readout.is_some_and(|readout| readout.by != ReadBy::Spikes) {
            let what = "loss = \"target-spikes\" is on spikes: read them, by = \"spikes\" in [readout]";
            return Err(section.error("train", "loss", what));
        }
        let of_time = ["surrogate", "width", "damping", "through_reset", "delay", "decay_u", "decay_v", "v_th"];
        let of_time = of_time.into_iter().find(|key| given(key));
        if let Some(key) = of_time.filter(|_| self.backward == Backward::Rate) {
            let what = format!("`{key}` is of backward = \"time\": give that, or take it out");
            return Err(section.error("train", key, what));
        }
        if self.backward == Backward::Rate && network.readout.is_some_and(|own| own.by == ReadBy::FirstSpike) {
            let what = "a first spike has no rate: read spikes or voltages, or take out backward = \"rate\"";
            return Err(section.error("train", "backward", what));
        }
        for key in ["rewire_l1", "rewire_noise"] {
            if given(key) && self.connectivity.is_empty() {
                let what = format!("`{key}` is of sparse rewiring: give a `connectivity`, or take it out");
                return Err(section.error("train", key, what));
            }
        }
        let nothing = [("turn_degrees", self.turn_degrees), ("stretch", self.stretch)];
        if let Some((key, _)) = nothing.into_iter().find(|(key, most)| given(key) && *most == 0.0) {
            return Err(section.error("train", key, format!("`{key} = 0` changes nothing: take it out")));
        }
        if self.shift == Some([0, 0]) {
            return Err(section.error("train", "shift", "`shift = [0, 0]` moves nothing: take it out"));
        }
        Ok(())
    }

    /// Refuses names of populations that are not trained, and keys for populations that do not exist.
    fn check_parts(&self, section: &Section, network: &Network) -> Result<(), SectionError> {
        let answers = |place: usize| network.readout.is_some_and(|readout| readout.population == place);
        let is_bounded = |(place, is_reached): (usize, bool)| is_reached && !answers(place);
        if self.rates.is_some() && !self.reached(network).into_iter().enumerate().any(is_bounded) {
            let what = "`rates` is for populations other than the readout, and no weights that lead to one are trained: take it out";
            return Err(section.error("train", "rates", what));
        }
        if let Some(what) = self.delay.as_ref().and_then(|delay| delay.refusal(network)) {
            return Err(section.error("train", "delay", what));
        }
        for register in Register::ALL {
            let refusal = self.register(register).and_then(|form| form.refusal(register, network));
            if let Some(what) = refusal {
                return Err(section.error("train", register.key(), what));
            }
        }
        if self.v_th.is_some()
            && (0..network.populations.len()).all(|place| !self.trains_register(Register::VTh, network, place))
        {
            let what = "`v_th` is for populations other than a readout by voltage, and no weights into one are trained: take it out";
            return Err(section.error("train", "v_th", what));
        }
        for name in self.connectivity.keys() {
            let place = place_of(network, name).map_err(|what| section.error("train", "connectivity", what))?;
            let is_rewired = |own: &Connection| {
                own.to == place
                    && matches!(own.weights, Weights::Dense(_))
                    && self.trains(&own.weights, &network.populations[place])
            };
            if !network.connections.iter().any(is_rewired) {
                let what = format!("no dense connection that is trained leads to `{name}`: take it out");
                return Err(section.error("train", "connectivity", what));
            }
        }
        for name in &self.learn {
            let place = place_of(network, name).map_err(|what| section.error("train", "learn", what))?;
            if !network.connections.iter().any(|own| own.to == place && is_trainable(&own.weights)) {
                let what = format!("no dense or sparse connection and no convolution leads to `{name}`: take it out");
                return Err(section.error("train", "learn", what));
            }
        }
        Ok(())
    }

    /// Whether the weights of a connection into a population are trained.
    pub fn trains(&self, weights: &Weights, to: &Population) -> bool {
        is_trainable(weights) && (self.learn.is_empty() || self.learn.contains(&to.name))
    }

    /// Whether weights into a population are trained.
    fn trains_into(&self, network: &Network, place: usize) -> bool {
        let Some(to) = network.populations.get(place) else { return false };
        network.connections.iter().any(|own| own.to == place && self.trains(&own.weights, to))
    }

    /// How delays of the connections into a population are trained, if they are.
    pub fn delay_into(&self, network: &Network, place: usize) -> Option<&DelayForm> {
        let is_named = |form: &&DelayForm| match form.into.as_slice() {
            [] => self.trains_into(network, place),
            names => network.populations.get(place).is_some_and(|own| names.contains(&own.name)),
        };
        self.delay.as_ref().filter(is_named)
    }

    /// How a register is trained, if it is.
    pub const fn register(&self, register: Register) -> Option<&RegisterForm> {
        match register {
            Register::DecayU => self.decay_u.as_ref(),
            Register::DecayV => self.decay_v.as_ref(),
            Register::VTh => self.v_th.as_ref(),
        }
    }

    /// Whether a register of a population is trained.
    pub fn trains_register(&self, register: Register, network: &Network, place: usize) -> bool {
        if register == Register::VTh && is_unit(network, place) {
            return false;
        }
        self.register(register).is_some_and(|form| match form.of.as_slice() {
            [] => self.trains_into(network, place),
            names => network.populations.get(place).is_some_and(|own| names.contains(&own.name)),
        })
    }

    /// By population, whether something trained is on a way to it: then a derivative by its sums is needed.
    pub fn reached(&self, network: &Network) -> Vec<bool> {
        let is_own = |place: usize| {
            self.trains_into(network, place)
                || self.delay_into(network, place).is_some()
                || Register::ALL.iter().any(|register| self.trains_register(*register, network, place))
        };
        let mut reached: Vec<bool> = (0..network.populations.len()).map(is_own).collect();
        for _ in 0..reached.len() {
            for own in &network.connections {
                let by_source = matches!(own.from, Endpoint::Population(from) if reached.get(from) == Some(&true));
                if let Some(own) = reached.get_mut(own.to) {
                    *own |= by_source;
                }
            }
        }
        reached
    }

    /// How samples are turned and stretched, if they are.
    pub fn distortion(&self) -> Option<Distortion> {
        let Self { turn_degrees, stretch, .. } = *self;
        (turn_degrees > 0.0 || stretch > 0.0).then_some(Distortion { turn_degrees, stretch })
    }

    /// The loss of the readout.
    pub fn readout_loss(&self) -> ReadoutLoss {
        let target_spikes = self.target_spikes.unwrap_or_default();
        ReadoutLoss { kind: self.loss, per_score: self.per_score, target_spikes }
    }

    /// The loss of rates.
    pub fn rate_loss(&self) -> Option<RateLoss> {
        self.rates.map(|RatesForm { low, high, strength }| RateLoss { bounds: [low, high], strength })
    }
}

/// Whether weights of this kind can be trained.
const fn is_trainable(weights: &Weights) -> bool {
    matches!(weights, Weights::Dense(_) | Weights::Sparse(_) | Weights::Conv2d(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of these keys, in a network of two layers.
    fn said(keys: &str) -> Option<String> {
        let mut network = Network::new("n");
        let input = network.input("in", 1);
        let hidden = network.population(Population::new("hidden", 1));
        let out = network.population(Population::new("out", 1));
        network.connect(Connection::new(input, hidden, [2]));
        network.connect(Connection::new(hidden, out, [2]));
        network.read(out, ReadBy::Spikes);
        let mut section = Section::default();
        section.keys = toml::from_str(keys).unwrap();
        network.run.train = Some(section);
        TrainForm::of(&network).err().map(|error| error.to_string())
    }

    #[test]
    fn keys_without_effect_and_out_of_range_are_refused() {
        for (keys, expected) in [
            ("shift = [0, 0]", "moves nothing: take it out"),
            ("stretch = 0.0", "`stretch = 0` changes nothing: take it out"),
            ("clip_norm = 1e-30", "give 0 for any norm, or 0.000001 or more"),
            ("validation_samples = 0", "give 1 or more"),
            ("rates = { high = 0.1, strength = 0.0 }", "a `strength` above 0"),
            ("rewire_l1 = 0.1", "`rewire_l1` is of sparse rewiring: give a `connectivity`"),
            ("connectivity = { hide = 0.2 }", "unknown population `hide`; there are: hidden, out"),
            (
                "connectivity = { hidden = 0.2 }\nlearn = [\"out\"]",
                "no dense connection that is trained leads to `hidden`",
            ),
            ("connectivity = { hidden = 0 }", "give shares of 0.0001 to 1"),
            ("rates = { high = 0.1, strength = 1.0 }\nlearn = [\"out\"]", "populations other than the readout"),
            ("backward = \"rate\"\nwidth = 0.5", "`width` is of backward = \"time\""),
            ("rate = 4.0\nweight_decay = 0.5", "give a `weight_decay` of at most 1 / `rate`"),
            ("delay = { rate = 0.0 }", "give a `rate` above 0, at most 16 steps"),
            ("delay = { rate = 0.1, max_steps = 63 }", "give `max_steps` of 1 to 62"),
            ("delay = { rate = 0.1, into = [\"ou\"] }", "unknown population `ou`; there are: hidden, out"),
            ("delay = { rate = 0.1, most = 3 }", "unknown field `most`"),
            ("decay_u = { rate = 5000.0 }", "give a `rate` above 0, at most 4096, in units of `decay_u`"),
            ("v_th = { rate = 1.0, of = [\"in\"] }", "unknown population `in`"),
            ("turn_degrees = 181.0", "give 0 to 180 degrees"),
            ("stretch = -0.1", "give a share of 0 to 0.9"),
        ] {
            let said = said(keys).unwrap_or_default();
            assert!(said.contains(expected), "{keys}: {said}");
        }
        for keys in [
            "delay = { rate = 0.1, max_steps = 62, into = [\"hidden\"] }",
            "v_th = { rate = 1.0, of = [\"out\"] }\nlearn = [\"hidden\"]",
            "connectivity = { hidden = 0.2 }\nrewire_noise = 0.1",
            "shift = [0, 1]",
            "rates = { high = 0.1, strength = 1.0 }",
            "rate = 2.0\nweight_decay = 0.5",
        ] {
            assert_eq!(said(keys), None, "{keys}");
        }
    }
}
