//! The scale of a population: how many units of 64 a voltage of 1 is, such that its weights, thresholds and biases lose
//! least together, and sums stay in their registers as far as that costs little.

use loihi_core::num::{BiasMantissa, ThresholdMantissa};

/// Largest bias that the chip has.
const BIAS_MAX: f64 = (BiasMantissa::MAX << 7) as f64;

/// Scales that are tried, sixteen in an octave: four octaves above the one at which the largest weight is the largest
/// mantissa, and eight below.
const SCALES: std::ops::RangeInclusive<i32> = -16 * 8..=16 * 4;

/// How often the register that is held to a part of all that can fire is halved at most.
const HALVINGS: i32 = 6;

/// How much larger the mean square of errors may be for sums that stay in their registers: of neurons that fire, whose
/// sums are seldom far above the threshold, and of those that never do, which add up for long.
const WORSE: [f64; 2] = [1.5, 16.0];

/// Errors that never matter: in parts of the threshold, and of the largest weight where there is none.
const SMALL: [f64; 2] = [1e-3, 1e-2];

/// What a population's scale depends on.
#[derive(Clone, Debug, Default)]
pub(super) struct Demands<'w> {
    /// Weights of each connection, and synapses of a neuron.
    pub(super) weights: Vec<(&'w [f64], usize)>,
    /// Thresholds; none of them for neurons that never fire.
    pub(super) thresholds: &'w [f64],
    /// Largest bias or sum of values, both signs.
    pub(super) drive: f64,
    /// Whether a synapse takes the threshold off, which then is a weight too.
    pub(super) subtract: bool,
    /// The largest scale at which no sum leaves its register, whatever fires.
    pub(super) units_max: f64,
}

/// Mantissas of a connection's weights.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Mantissas {
    pub(super) wgt_exp: i32,
    pub(super) values: Vec<i16>,
    /// Largest and root-mean-square error, in voltage.
    pub(super) max: f64,
    pub(super) rms: f64,
    /// Weights that the range has cut.
    pub(super) clipped: usize,
}

/// A scale, and what comes of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scale {
    /// Units of 64 in a voltage of 1.
    pub(super) units: f64,
    pub(super) thresholds: Vec<i32>,
    pub(super) connections: Vec<Mantissas>,
    /// Share of all that has one sign that can arrive in every step before a sum leaves its register, at most 1.
    pub(super) share: f64,
}

/// The scale that loses least, or little more where that keeps sums in their registers.
pub(super) fn search(demands: &Demands<'_>) -> Scale {
    let largest =
        demands.weights.iter().flat_map(|(weights, _)| weights.iter()).fold(0.0_f64, |most, own| most.max(own.abs()));
    let threshold = demands.thresholds.iter().copied().fold(0.0, f64::max);
    // Without weights the threshold says what is large, and without both what biases and values drive.
    let base = match (largest > 0.0, threshold > 0.0) {
        (true, _) => 254.0 / largest,
        (false, true) => 4096.0 / threshold,
        (false, false) => 512.0 / demands.drive.max(1e-9),
    };
    let scales = SCALES.map(|at| base * (f64::from(at) / 16.0).exp2());
    let mut tried = Vec::new();
    for scale in scales.map(|scale| snapped(demands, scale, largest)).filter(|scale| *scale > 0.0) {
        let sound = threshold * scale <= f64::from(ThresholdMantissa::MAX) && demands.drive * scale * 64.0 <= BIAS_MAX;
        if sound {
            tried.push((apply(demands, scale, threshold).0, scale));
        }
    }
    let below = |most: f64| {
        let allowed = tried.iter().copied().filter(|(_, scale)| *scale <= most);
        allowed.reduce(|best, own| if own.0 < best.0 * 0.99 { own } else { best })
    };
    // Errors of neurons without threshold are in parts of a voltage of 1.
    let (silent, unit) = if threshold > 0.0 { (0, 1.0) } else { (1, largest.max(demands.drive)) };
    let free = below(f64::INFINITY);
    let most = free.map_or(0.0, |(cost, _)| cost * WORSE[silent] + (SMALL[silent] * unit).powi(2));
    let held = (0..=HALVINGS).filter_map(|halved| below(demands.units_max * f64::from(1 << halved)));
    let chosen = held.into_iter().find(|(cost, _)| *cost <= most).or(free);
    // Where no threshold or bias fits, the smallest scale cuts least.
    let chosen = chosen.map_or(snapped(demands, base / 256.0, largest), |(_, scale)| scale);
    let share = (demands.units_max / chosen).min(1.0);
    Scale { share, ..apply(demands, chosen, threshold).1 }
}

/// The nearest scale at which the largest threshold is a whole mantissa, and if need be a weight; without thresholds the
/// largest weight is one.
fn snapped(demands: &Demands<'_>, scale: f64, largest: f64) -> f64 {
    let threshold = demands.thresholds.iter().copied().fold(0.0, f64::max);
    if threshold <= 0.0 {
        return if largest > 0.0 { (largest * scale / 2.0).round().max(1.0) * 2.0 / largest } else { scale };
    }
    let step = if demands.subtract { f64::from(1 << subtract_exponent(threshold * scale)) } else { 1.0 };
    ((threshold * scale / step).round() * step).max(1.0) / threshold
}

/// The exponent at which a mantissa of 8 bits holds a threshold, 0..=7.
pub(super) fn subtract_exponent(threshold: f64) -> i32 {
    (0..7).find(|exponent| threshold <= 256.0 * f64::from(1 << exponent)).unwrap_or(7)
}

/// Mean square of what a neuron's drive is off per step, in thresholds; and the registers.
fn apply(demands: &Demands<'_>, scale: f64, threshold: f64) -> (f64, Scale) {
    let unit = if threshold > 0.0 { threshold } else { 1.0 };
    let mut cost = (0.5 / (64.0 * scale * unit)).powi(2);
    let mut connections = Vec::new();
    for (weights, fan_in) in &demands.weights {
        let mantissas = mantissas(weights, scale);
        #[expect(clippy::cast_precision_loss, reason = "numbers of synapses")]
        let synapses = *fan_in as f64;
        cost += synapses * (mantissas.rms / unit).powi(2);
        connections.push(mantissas);
    }
    #[expect(clippy::cast_possible_truncation, reason = "held to the range")]
    let held = |own: &f64| (own * scale).round().clamp(0.0, f64::from(ThresholdMantissa::MAX)) as i32;
    let mut thresholds: Vec<i32> = demands.thresholds.iter().map(held).collect();
    if demands.subtract {
        let exponent = subtract_exponent(threshold * scale);
        for own in &mut thresholds {
            *own = ((*own + (1 << exponent >> 1)) >> exponent).clamp(1, 256) << exponent;
        }
    }
    let error = |(own, held): (&f64, &i32)| (own - f64::from(*held) / scale) / unit;
    let most = demands.thresholds.iter().zip(&thresholds).map(|pair| error(pair).abs()).fold(0.0, f64::max);
    (cost + most * most, Scale { units: scale, thresholds, connections, share: 1.0 })
}

/// Mantissas of both signs, even as such connections have them, at the exponent that loses least.
pub(super) fn mantissas(weights: &[f64], scale: f64) -> Mantissas {
    let largest = weights.iter().fold(0.0_f64, |most, own| most.max(own.abs())) * scale;
    let whole = (0..7).find(|exponent| largest <= 254.0 * f64::from(1 << exponent)).unwrap_or(7);
    // One exponent less halves the steps, and cuts the largest weights.
    let fine = at_exponent(weights, scale, (whole - 1).max(0));
    let coarse = at_exponent(weights, scale, whole);
    if fine.rms < coarse.rms { fine } else { coarse }
}

fn at_exponent(weights: &[f64], scale: f64, wgt_exp: i32) -> Mantissas {
    let unit = f64::from(1 << wgt_exp);
    let mut found = Mantissas { wgt_exp, ..Mantissas::default() };
    let mut squares = 0.0;
    for weight in weights {
        let even = 2.0 * (weight * scale / unit / 2.0).round();
        let held = even.clamp(-256.0, 254.0);
        let error = (held * unit / scale - weight).abs();
        // Rounding to the even one below the largest is no cut.
        found.clipped += usize::from((even - held).abs() > 2.0);
        found.max = found.max.max(error);
        squares += error * error;
        #[expect(clippy::cast_possible_truncation, reason = "in range")]
        found.values.push(held as i16);
    }
    #[expect(clippy::cast_precision_loss, reason = "numbers of weights")]
    let count = weights.len().max(1) as f64;
    found.rms = (squares / count).sqrt();
    found
}
