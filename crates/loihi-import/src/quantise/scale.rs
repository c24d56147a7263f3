//! Scales of a population: how many units of 64 a voltage of 1 is, such that weights, thresholds and biases lose least
//! together, and sums stay in their registers as far as that costs little.
//!
//! Neurons do not see each other's voltages, so that each may have a scale of its own, as far as weights are its own: one a
//! neuron, one a channel behind convolutions, one in all behind pools and where voltages are read. What is compared below
//! is in thresholds: with everything that leads to a neuron in parts of its threshold, its scale is its threshold's
//! mantissa.

mod exact;
mod refine;

use super::mantissas::{Mantissas, at_exponent, exponents_of, mantissas, mean_square};
use super::ways::Ways;
use loihi_core::num::{BiasMantissa, ThresholdMantissa};

/// Largest bias that the chip has.
const BIAS_MAX: f64 = (BiasMantissa::MAX << 7) as f64;

/// Largest mantissa of a threshold.
const THRESHOLD_MAX: f64 = ThresholdMantissa::MAX as f64;

/// Scales that are tried for all, sixteen in an octave: four octaves above the one at which the largest weight is the
/// largest mantissa, and eight below.
const SCALES: std::ops::RangeInclusive<i32> = -16 * 8..=16 * 4;

/// How often the register that is held to a part of all that can fire is halved at most.
const HALVINGS: i32 = 6;

/// How much larger the mean square of errors may be for sums that stay in their registers: of neurons that fire, whose
/// sums are seldom far above the threshold, and of those that never do, which add up for long.
const WORSE: [f64; 2] = [1.5, 16.0];

/// Errors that never matter: in parts of the threshold, and of the largest weight where no neuron has a threshold.
const SMALL: [f64; 2] = [1e-3, 1e-2];

/// What the scales of a population depend on.
#[derive(Clone, Debug, Default)]
pub(super) struct Demands<'w> {
    /// What leads to it.
    pub(super) ways: Vec<Ways<'w>>,
    /// Threshold of each neuron; none of them for neurons that never fire.
    pub(super) thresholds: &'w [f64],
    /// Bias of each neuron.
    pub(super) biases: &'w [f64],
    /// By neuron: a number for each set of decays, which profiles have besides a threshold.
    pub(super) decays: Vec<usize>,
    /// By neuron: largest bias or sum of values, both signs.
    pub(super) max_input: Vec<f64>,
    /// By neuron: the largest scale at which no sum leaves its register, whatever fires.
    pub(super) units_max: Vec<f64>,
    /// Whether a synapse takes the threshold off, which then is a weight too.
    pub(super) subtract: bool,
    /// Whether a share of some current or voltage decays, and what is left is rounded.
    pub(super) rounds_decays: bool,
    /// Whether all neurons must have the same scale.
    pub(super) alike: bool,
}

/// Scales, and what comes of them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scale {
    /// By neuron: units of 64 in a voltage of 1.
    pub(super) units: Vec<f64>,
    /// By neuron: mantissas.
    pub(super) thresholds: Vec<i32>,
    pub(super) connections: Vec<Mantissas>,
    /// Share of all that has one sign that can arrive in every step before a sum leaves its register, at most 1.
    pub(super) share: f64,
}

/// Neurons with one scale, and all that leads to them in parts of their unit: the smallest threshold, or 1.
#[derive(Clone, Debug)]
struct Group {
    unit: f64,
    /// Largest threshold.
    threshold: f64,
    max_input: f64,
    /// Largest scale that keeps all sums in their registers.
    scale_max: f64,
    /// Weights by connection.
    weights: Vec<Vec<f64>>,
}

/// Demands by groups.
struct Groups<'d, 'w> {
    demands: &'d Demands<'w>,
    list: Vec<Group>,
    /// Synapses of a neuron, by connection.
    fan_in: Vec<f64>,
    fires: bool,
}

/// The scales that lose least, or little more where that keeps sums in their registers.
pub(super) fn search(demands: &Demands<'_>) -> Scale {
    let neurons = demands.max_input.len();
    if let Some(units) = exact::common(demands) {
        return apply(demands, &vec![units; neurons], None);
    }
    let count = if demands.alike || demands.thresholds.is_empty() { 1 } else { group_count(demands) };
    let groups = Groups::new(demands, count);
    let scale = groups.uniform();
    let units = |scales: &dyn Fn(usize) -> f64| -> Vec<f64> {
        let of = |neuron: usize| neuron * count / neurons.max(1);
        (0..neurons).map(|neuron| scales(of(neuron)) / groups.list[of(neuron)].unit).collect()
    };
    let uniform = apply(demands, &units(&|_| scale), None);
    if count == 1 {
        return uniform;
    }
    let (scales, exponents) = refine::refine(&groups, scale);
    let refined = apply(demands, &units(&|group| scales[group]), Some(&exponents));
    let worth = !groups.valid(scale) || refined.halves(&groups.fan_in, &uniform);
    if worth { refined } else { uniform }
}

impl Scale {
    /// Whether its errors, or the largest of them, are half of those of another one: what makes more classes of thresholds
    /// worth having.
    fn halves(&self, fan_in: &[f64], other: &Self) -> bool {
        let square = |scale: &Self| -> f64 {
            scale.connections.iter().zip(fan_in).map(|(own, fan_in)| fan_in * own.rms * own.rms).sum()
        };
        let most = |scale: &Self| scale.connections.iter().map(|own| own.max).fold(0.0, f64::max);
        square(self) < 0.25 * square(other) || most(self) < 0.5 * most(other)
    }
}

/// The most groups whose weights are their own.
fn group_count(demands: &Demands<'_>) -> usize {
    let neurons = demands.max_input.len();
    let rows = demands.ways.iter().map(|ways| ways.rows).fold(neurons, usize::min);
    // Groups are runs of neurons of the same length.
    let even = |count: usize| count > 0 && neurons.is_multiple_of(count);
    if even(rows) && demands.ways.iter().all(|ways| ways.rows.is_multiple_of(rows)) { rows } else { 1 }
}

impl<'d, 'w> Groups<'d, 'w> {
    fn new(demands: &'d Demands<'w>, count: usize) -> Self {
        let neurons = demands.max_input.len();
        let run = |values: &'d [f64], at: usize| {
            if values.is_empty() { values } else { &values[neurons * at / count..neurons * (at + 1) / count] }
        };
        let fold = |values: &[f64], first: f64, of: fn(f64, f64) -> f64| values.iter().copied().fold(first, of);
        let fires = !demands.thresholds.is_empty();
        let mut list: Vec<Group> = (0..count)
            .map(|at| {
                let thresholds = run(demands.thresholds, at);
                let unit = if fires { fold(thresholds, f64::INFINITY, f64::min) } else { 1.0 };
                Group {
                    unit,
                    threshold: if fires { fold(thresholds, 0.0, f64::max) / unit } else { 0.0 },
                    max_input: fold(run(&demands.max_input, at), 0.0, f64::max) / unit,
                    scale_max: fold(run(&demands.units_max, at), f64::INFINITY, f64::min) * unit,
                    weights: vec![Vec::new(); demands.ways.len()],
                }
            })
            .collect();
        for (number, ways) in demands.ways.iter().enumerate() {
            for (at, weight) in ways.weights.iter().enumerate() {
                let group = &mut list[ways.row(at) * count / ways.rows.max(1)];
                group.weights[number].push(weight / group.unit);
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "numbers of synapses")]
        let fan_in = demands.ways.iter().map(|ways| ways.fan_in as f64).collect();
        Self { demands, list, fan_in, fires }
    }

    /// Whether all thresholds and drives have registers at a scale of all.
    fn valid(&self, scale: f64) -> bool {
        let fits =
            |group: &Group| group.threshold * scale <= THRESHOLD_MAX && group.max_input * scale * 64.0 <= BIAS_MAX;
        self.list.iter().all(fits)
    }

    fn largest(&self) -> f64 {
        self.list.iter().flat_map(|group| group.weights.iter().flatten()).fold(0.0, |most, own| most.max(own.abs()))
    }

    /// The scale that is best if all groups have the same, in their units.
    fn uniform(&self) -> f64 {
        let largest = self.largest();
        let most = |of: fn(&Group) -> f64| self.list.iter().map(of).fold(0.0, f64::max);
        let (threshold, max_input) = (most(|group| group.threshold), most(|group| group.max_input));
        // Without weights the threshold says what is large, and without both what biases and values drive.
        let base = match (largest > 0.0, self.fires) {
            (true, _) => 254.0 / largest,
            (false, true) => 4096.0 / threshold,
            (false, false) => 512.0 / max_input.max(1e-9),
        };
        let mut tried = Vec::new();
        for at in SCALES {
            let scale = self.snapped(base * (f64::from(at) / 16.0).exp2(), threshold, largest);
            if scale > 0.0 && self.valid(scale) {
                tried.push((self.cost_of_all(scale), scale));
            }
        }
        let scale_max = self.list.iter().map(|group| group.scale_max).fold(f64::INFINITY, f64::min);
        let chosen = choose(&tried, scale_max, self.fires, largest.max(max_input));
        // Where no threshold or bias fits, the smallest scale cuts least.
        chosen.unwrap_or_else(|| self.snapped(base / 256.0, threshold, largest))
    }

    /// The nearest scale at which the largest threshold is a whole mantissa, and if need be a weight; without thresholds the
    /// largest weight is one.
    fn snapped(&self, scale: f64, threshold: f64, largest: f64) -> f64 {
        if !self.fires {
            return if largest > 0.0 { (largest * scale / 2.0).round().max(1.0) * 2.0 / largest } else { scale };
        }
        let step = if self.demands.subtract { f64::from(1 << subtract_exponent(threshold * scale)) } else { 1.0 };
        ((threshold * scale / step).round() * step).max(step) / threshold
    }

    /// Mean square of what a neuron's drive is off per step, in its unit, with the best exponents for all.
    fn cost_of_all(&self, scale: f64) -> f64 {
        let mut cost = (0.5 / (64.0 * scale)).powi(2) + self.threshold_cost(scale);
        for (number, fan_in) in self.fan_in.iter().enumerate() {
            let weights = || self.list.iter().flat_map(|group| &group.weights[number]);
            let largest = weights().fold(0.0_f64, |most, own| most.max(own.abs())) * scale;
            let mean = exponents_of(largest).map(|exponent| mean_square(weights(), scale, exponent));
            cost += fan_in * mean.into_iter().fold(f64::INFINITY, f64::min);
        }
        cost
    }

    /// Square of the largest error of a threshold.
    fn threshold_cost(&self, scale: f64) -> f64 {
        let off = |group: &Group| {
            let held = |own: f64| (held_threshold(own * scale) / scale - own).abs();
            held(1.0).max(held(group.threshold))
        };
        self.list.iter().map(off).fold(0.0, f64::max).powi(2)
    }
}

/// The best of scales with their costs, or one that costs little more and keeps sums in their registers.
fn choose(tried: &[(f64, f64)], scale_max: f64, fires: bool, largest: f64) -> Option<f64> {
    let below = |most: f64| {
        let allowed = tried.iter().copied().filter(|(_, scale)| *scale <= most);
        allowed.reduce(|best, own| if own.0 < best.0 * 0.99 { own } else { best })
    };
    // Errors of neurons without threshold are in parts of a voltage of 1.
    let (silent, unit) = if fires { (0, 1.0) } else { (1, largest) };
    let free = below(f64::INFINITY);
    let most = free.map_or(0.0, |(cost, _)| cost * WORSE[silent] + (SMALL[silent] * unit).powi(2));
    let held = (0..=HALVINGS).filter_map(|halved| below(scale_max * f64::from(1 << halved)));
    let chosen = held.into_iter().find(|(cost, _)| *cost <= most).or(free);
    chosen.map(|(_, scale)| scale)
}

/// The exponent at which a mantissa of 8 bits holds a threshold, 0..=7.
fn subtract_exponent(threshold: f64) -> i32 {
    loihi_net::network::subtract_exponent(threshold).get()
}

/// A threshold's mantissa.
fn held_threshold(wanted: f64) -> f64 {
    wanted.round().clamp(0.0, THRESHOLD_MAX)
}

/// The registers of these units, at these exponents or the best ones.
fn apply(demands: &Demands<'_>, units: &[f64], exponents: Option<&[i32]>) -> Scale {
    #[expect(clippy::cast_possible_truncation, reason = "held to the range")]
    let held = |(own, units): (&f64, &f64)| held_threshold(own * units) as i32;
    let mut thresholds: Vec<i32> = demands.thresholds.iter().zip(units).map(held).collect();
    if demands.subtract {
        let exponent = subtract_exponent(thresholds.iter().copied().max().unwrap_or(0).into());
        for own in &mut thresholds {
            *own = ((*own + (1 << exponent >> 1)) >> exponent).clamp(1, 256) << exponent;
        }
    }
    let of = |number: usize, ways: &Ways<'_>| {
        // Of one neuron, or of all that share the row.
        let unit = |at: usize| {
            let neuron = ways.row(at) * units.len() / ways.rows.max(1);
            (units[neuron], demands.thresholds.get(neuron).copied().unwrap_or(1.0))
        };
        match exponents.and_then(|exponents| exponents.get(number)) {
            Some(exponent) => at_exponent(ways.weights, unit, *exponent),
            None => mantissas(ways.weights, unit),
        }
    };
    let connections = demands.ways.iter().enumerate().map(|(number, ways)| of(number, ways)).collect();
    let share = demands.units_max.iter().zip(units).map(|(most, units)| most / units).fold(1.0, f64::min);
    Scale { units: units.to_vec(), thresholds, connections, share }
}
