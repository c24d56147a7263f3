//! What a network file says of training: `[train]`.

use crate::beside::{BiasForm, DelayForm, RegisterForm, is_unit};
use crate::loss::{Loss, RateLoss, ReadoutLoss};
use crate::optimiser::Schedule;
use crate::parameter::Register;
use loihi_adjoint::rate::Backward;
use loihi_adjoint::surrogate::Surrogate;
use loihi_augment::distort::Distortion;
use loihi_net::network::{Endpoint, Network, Population, Weights};
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
    /// Epochs at the end of training over whose steps everything that is trained is averaged: the trained network has the means.
    /// 0, as by default, for the values of the last step; of fewer epochs in all, by `--epochs`, all count.
    pub average_epochs: u32,
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
    /// Its width, in thresholds; that of `last-spike` in steps.
    pub width: f32,
    /// Factor of the surrogate: less than 1 keeps gradients from growing over many steps.
    pub damping: f32,
    /// Whether the reset has a derivative by the voltage, too, through the surrogate.
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
    /// Trains biases, too.
    pub bias: Option<BiasForm>,
    /// By population, the share of synapses that each dense connection into it has: training chooses which, by sparse rewiring.
    pub connectivity: BTreeMap<String, f32>,
    /// Of sparse rewiring: what a step takes from the magnitude of every weight, at a rate of 1.
    pub rewire_l1: f32,
    /// Of sparse rewiring: the deviation of what a step adds to every weight at random, at a rate of 1.
    pub rewire_noise: f32,
    /// Before training, thresholds of populations that are trained are chosen so that at most this share of the
    /// neurons spikes in a step; by default they are those of the file. That of a readout by voltage stays.
    pub v_th_rate: Option<f64>,
    /// Samples are shifted at random, by at most this many rows and columns.
    pub shift: Option<[u8; 2]>,
    /// Samples are rotated at random, by at most this many degrees either way.
    pub turn_degrees: f32,
    /// Samples are stretched or squeezed at random, rows and columns each by at most this share.
    pub stretch: f32,
    /// Samples lose events at random, or have 0 for values: each at most this share of them.
    pub input_dropout: f32,
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
            average_epochs: 0,
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
            bias: None,
            connectivity: BTreeMap::new(),
            rewire_l1: 0.01,
            rewire_noise: 0.0,
            v_th_rate: None,
            shift: None,
            turn_degrees: 0.0,
            stretch: 0.0,
            input_dropout: 0.0,
            validation_samples: 5000,
        }
    }
}

impl TrainForm {
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

    /// Whether the biases of a population are trained.
    pub fn trains_bias(&self, network: &Network, place: usize) -> bool {
        self.bias.as_ref().is_some_and(|form| form.trains(network, place, self.trains_into(network, place)))
    }

    /// By population, whether something trained is on a way to it: then a derivative by its sums is needed.
    pub fn reached(&self, network: &Network) -> Vec<bool> {
        let is_own = |place: usize| {
            self.trains_into(network, place)
                || self.delay_into(network, place).is_some()
                || self.trains_bias(network, place)
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
pub(crate) const fn is_trainable(weights: &Weights) -> bool {
    matches!(weights, Weights::Dense(_) | Weights::Compressed(_) | Weights::Sparse(_) | Weights::Conv2d(_))
}
