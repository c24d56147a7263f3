//! Connections: which source reaches which neuron, with what weight and delay.

use super::conv::planes;
use super::{CompressedWeights, Conv2d, Each, Endpoint, Pool2d, size};
use loihi_core::image::{ProductRecord, Variable};
use loihi_core::num::{Delay, Weight, WeightExponent};
use loihi_core::synapse::{SignMode, fold};
use loihi_image::rule::{self, Limits};

/// Which signs a connection's weights have, and so in what steps its mantissas come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signs {
    /// Both; mantissas −256..=254 are even, since a bit is spent on the sign.
    Mixed,
    /// Not negative: 0..=255.
    Excitatory,
    /// Not positive: −256..=0.
    Inhibitory,
    /// Both, −256..=255 in steps of 1: positive and negative weights are connections of their own, with an axon each.
    Split,
}

impl Signs {
    /// The sign mode in which a weight is stored.
    pub const fn mode(self, mantissa: i32) -> SignMode {
        match self {
            Self::Mixed => SignMode::Mixed,
            Self::Inhibitory => SignMode::Inhibitory,
            Self::Split if mantissa < 0 => SignMode::Inhibitory,
            Self::Excitatory | Self::Split => SignMode::Excitatory,
        }
    }
}

/// Weight mantissas and who has them.
///
/// [`Weights::Compressed`] are equal to the same ones that are not, as they are read back from a file.
#[derive(Clone, Debug)]
pub enum Weights {
    /// `[neurons, sources]`, sources fastest.
    Dense(Vec<i16>),
    /// The same, or row to row, without those that are 0: weights that are drawn with a density.
    Compressed(CompressedWeights),
    /// Every source reaches the neuron of the same number.
    OneToOne(Each<i16>),
    /// A convolution.
    Conv2d(Conv2d),
    /// A pool.
    Pool2d(Pool2d),
    /// Single synapses in ascending order of source, then neuron.
    Sparse(Vec<SparseSynapse>),
}

impl Weights {
    /// Whether every source reaches every neuron, if only by a weight of 0.
    pub const fn is_dense(&self) -> bool {
        match self {
            Self::Dense(_) => true,
            Self::Compressed(weights) => weights.extents()[0] == 1,
            Self::OneToOne(_) | Self::Conv2d(_) | Self::Pool2d(_) | Self::Sparse(_) => false,
        }
    }
}

impl PartialEq for Weights {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Dense(own), Self::Dense(other)) => own == other,
            (Self::OneToOne(own), Self::OneToOne(other)) => own == other,
            (Self::Conv2d(own), Self::Conv2d(other)) => own == other,
            (Self::Pool2d(own), Self::Pool2d(other)) => own == other,
            (Self::Sparse(own), Self::Sparse(other)) => own == other,
            (Self::Compressed(own), Self::Compressed(other)) => own == other,
            (Self::Compressed(own), other) | (other, Self::Compressed(own)) => {
                let places = match other {
                    Self::Dense(weights) => weights.len(),
                    Self::Sparse(synapses) => synapses.len(),
                    _ => return false,
                };
                // Sizes first: a matrix that is drawn may be far larger than its synapses.
                places == own.places() && own.expanded() == *other
            }
            _ => false,
        }
    }
}

impl Eq for Weights {}

impl From<Vec<i16>> for Weights {
    fn from(weights: Vec<i16>) -> Self {
        Self::Dense(weights)
    }
}

impl<const N: usize> From<[i16; N]> for Weights {
    fn from(weights: [i16; N]) -> Self {
        Self::Dense(weights.to_vec())
    }
}

impl From<CompressedWeights> for Weights {
    fn from(weights: CompressedWeights) -> Self {
        Self::Compressed(weights)
    }
}

impl From<Conv2d> for Weights {
    fn from(conv: Conv2d) -> Self {
        Self::Conv2d(conv)
    }
}

impl From<Pool2d> for Weights {
    fn from(pool: Pool2d) -> Self {
        Self::Pool2d(pool)
    }
}

impl From<Vec<SparseSynapse>> for Weights {
    fn from(synapses: Vec<SparseSynapse>) -> Self {
        Self::Sparse(synapses)
    }
}

/// One synapse of [`Weights::Sparse`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SparseSynapse {
    /// Source element.
    pub source: usize,
    /// Neuron.
    pub neuron: usize,
    /// Weight mantissa.
    pub weight: i16,
    /// Steps of delay on top of those of its source.
    pub delay: u8,
}

/// How the cores change the weights of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Learning {
    /// The rule, as [`loihi_image::rule::parse`] reads it; empty if only a program of the embedded CPU writes the weights.
    pub rule: String,
    /// Whether the rule counts with the sign that a program gives to each neuron: neurons of profile 0 take it negated, those of
    /// profile 1 as it is.
    pub signed_by_profile: bool,
    /// Whether changes are rounded to the nearest, and not at random.
    pub rounds_to_nearest: bool,
    /// Traces x1, x2, y1, y2, y3: impulse and time constant in thousandths of a step.
    pub traces: [Option<TraceShape>; 5],
    /// Steps of an epoch, 1..=64.
    pub epoch_steps: u32,
}

/// Whether a rule reads a variable.
pub(super) fn reads(rule: &[ProductRecord], variable: Variable) -> bool {
    let mut factors = rule.iter().flat_map(|product| product.factor.iter().take(product.factors));
    factors.any(|factor| factor.variable == variable)
}

/// What a spike adds to a trace, and how it decays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceShape {
    /// 0..=127.
    pub impulse: i32,
    /// Time constant of the decay in thousandths of a step; 0 for a trace that does not decay.
    pub tau_millisteps: u32,
    /// Whether what a step keeps is rounded to 4096ths, as the decays of compartments are; else it is exact to 2^-32.
    pub in_4096ths: bool,
}

/// Setters of traces, by their names in a rule.
macro_rules! traces {
    ($($name:ident: $at:literal),*) => { $(
        #[doc = concat!("Sets the trace ", stringify!($name), ".")]
        #[must_use]
        pub const fn $name(mut self, shape: TraceShape) -> Self {
            self.traces[$at] = Some(shape);
            self
        }
    )* };
}

impl Learning {
    /// A rule with an epoch of one step; every trace that it reads is to be set.
    ///
    /// ```
    /// use loihi_net::network::{Learning, TraceShape};
    ///
    /// let trace = TraceShape::new(40, 10_000);
    /// let stdp = Learning::new("dw = 2^-2*x1*y0 - 2^-2*x0*y1").x1(trace).y1(trace);
    /// ```
    pub fn new(rule: impl Into<String>) -> Self {
        Self {
            rule: rule.into(),
            signed_by_profile: false,
            rounds_to_nearest: false,
            traces: [None; 5],
            epoch_steps: 1,
        }
    }

    /// Weights that only a program of the embedded CPU writes.
    pub fn by_program() -> Self {
        Self::new("")
    }

    /// Lets a program choose the sign of the rule for each neuron.
    #[must_use]
    pub const fn signed_by_profile(mut self) -> Self {
        self.signed_by_profile = true;
        self
    }

    /// Whether the rule reads a variable.
    pub fn reads(&self, variable: Variable) -> bool {
        rule::parse(&self.rule, &Limits::RELAXED).is_ok_and(|products| reads(&products, variable))
    }

    /// Rounds changes to the nearest, and not at random.
    #[must_use]
    pub const fn rounds_to_nearest(mut self, nearest: bool) -> Self {
        self.rounds_to_nearest = nearest;
        self
    }

    traces! { x1: 0, x2: 1, y1: 2, y2: 3, y3: 4 }

    /// Sets the steps of an epoch, 1..=64.
    #[must_use]
    pub const fn epoch_steps(mut self, epoch_steps: u32) -> Self {
        self.epoch_steps = epoch_steps;
        self
    }
}

impl TraceShape {
    /// What a spike adds, 0..=127, and the time constant of the decay in thousandths of a step.
    pub const fn new(impulse: i32, tau_millisteps: u32) -> Self {
        Self { impulse, tau_millisteps, in_4096ths: false }
    }

    /// Rounds what a step keeps to 4096ths.
    #[must_use]
    pub const fn in_4096ths(mut self) -> Self {
        self.in_4096ths = true;
        self
    }

    /// What a step keeps of it, 0 to 1.
    pub fn keep(self) -> f64 {
        let keep = match self.tau_millisteps {
            0 => 1.0,
            tau => (-1000.0 / f64::from(tau)).exp(),
        };
        if self.in_4096ths { (4096.0 * keep).round() / 4096.0 } else { keep }
    }
}

/// A connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connection {
    /// Where its spikes come from.
    pub from: Endpoint,
    /// The population that it reaches, by its place in the list.
    pub to: usize,
    /// Which compartment of a neuron it enters, leaves first.
    pub compartment: usize,
    /// Weight mantissas.
    pub weights: Weights,
    /// Exponent of all of them: a spike adds `floor(mantissa · 2^exponent) · 64` to the current.
    pub wgt_exp: WeightExponent,
    /// Signs of all of them.
    pub signs: Signs,
    /// Precision, 0..=8 without 7.
    pub weight_bits: u32,
    /// Steps of delay of every source beyond the one that every spike takes.
    pub delay: Each<Delay>,
    /// How the weights change, if they do.
    pub learning: Option<Learning>,
}

impl Connection {
    /// A connection of exponent 0, 8 bits, both signs, no delay, to a neuron's first compartment.
    pub fn new(from: Endpoint, to: Endpoint, weights: impl Into<Weights>) -> Self {
        Self {
            from,
            to: to.population(),
            compartment: 0,
            weights: weights.into(),
            wgt_exp: WeightExponent::saturating(0),
            signs: Signs::Mixed,
            weight_bits: 8,
            delay: Each::Same(Delay::saturating(0)),
            learning: None,
        }
    }

    /// Sets which compartment of a neuron it enters, leaves first.
    #[must_use]
    pub const fn compartment(mut self, compartment: usize) -> Self {
        self.compartment = compartment;
        self
    }

    /// Sets the exponent of all weights.
    #[must_use]
    pub const fn wgt_exp(mut self, wgt_exp: WeightExponent) -> Self {
        self.wgt_exp = wgt_exp;
        self
    }

    /// Sets which signs its weights have.
    #[must_use]
    pub const fn signs(mut self, signs: Signs) -> Self {
        self.signs = signs;
        self
    }

    /// Sets the precision of its weights, 0..=8 without 7.
    #[must_use]
    pub const fn weight_bits(mut self, weight_bits: u32) -> Self {
        self.weight_bits = weight_bits;
        self
    }

    /// Sets the delay of all sources, or of each.
    #[must_use]
    pub fn delay(mut self, delay: impl Into<Each<Delay>>) -> Self {
        self.delay = delay.into();
        self
    }

    /// Lets the cores change its weights.
    #[must_use]
    pub fn learning(mut self, learning: Learning) -> Self {
        self.learning = Some(learning);
        self
    }

    /// What a spike adds through a synapse, in units of 64.
    pub fn folded(&self, mantissa: i16) -> i16 {
        let signs = self.signs.mode(i32::from(mantissa));
        fold(Weight::saturating(i32::from(mantissa)), self.wgt_exp, self.weight_bits, signs)
    }

    /// Hands neuron, weight mantissa and delay of every synapse of a source to `visit`; of [`Weights::Compressed`] those of weight
    /// 0 only if the connection learns.
    ///
    /// `from` and `to` are the shapes at both ends; shapes that do not fit have no synapses.
    pub fn visit(&self, [from, to]: [&[usize]; 2], source: usize, mut visit: impl FnMut(usize, i16, usize)) {
        let delay = self.delay.get(source).map_or(0, |delay| usize::try_from(delay.get()).unwrap_or(0));
        match &self.weights {
            Weights::Dense(weights) => {
                let column = weights.iter().skip(source).step_by(size(from).max(1));
                column.enumerate().for_each(|(neuron, weight)| visit(neuron, *weight, delay));
            }
            // A weight of 0 can become another.
            Weights::Compressed(weights) if self.learning.is_some() => {
                weights.visit_all(source, |neuron, weight| visit(neuron, weight, delay));
            }
            Weights::Compressed(weights) => {
                weights.of_source(source).for_each(|(neuron, weight)| visit(neuron, weight, delay));
            }
            Weights::OneToOne(weights) => {
                if let Some(weight) = weights.get(source) {
                    visit(source, *weight, delay);
                }
            }
            Weights::Conv2d(conv) => {
                if let (Some(from), Some(to)) = (planes(from), planes(to)) {
                    conv.visit(from, to, source, |neuron, weight| visit(neuron, weight, delay));
                }
            }
            Weights::Pool2d(pool) => {
                if let (Some(from), Some(to)) = (planes(from), planes(to)) {
                    pool.visit(from, to, source, |neuron, weight| visit(neuron, weight, delay));
                }
            }
            Weights::Sparse(synapses) => {
                let first = synapses.partition_point(|synapse| synapse.source < source);
                for synapse in synapses[first..].iter().take_while(|synapse| synapse.source == source) {
                    visit(synapse.neuron, synapse.weight, delay + usize::from(synapse.delay));
                }
            }
        }
    }
}
