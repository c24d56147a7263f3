//! The scale of a population: how many units of 64 a voltage of 1 is, such that its weights, thresholds and biases lose
//! least together.

use loihi_core::num::{BiasMantissa, ThresholdMantissa};

/// Largest bias that the chip has.
const BIAS_MAX: f64 = (BiasMantissa::MAX << 7) as f64;

/// Scales that are tried, sixteen in an octave.
const SCALES: i32 = 16 * 8;

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
}

/// The scale that loses least.
pub(super) fn search(demands: &Demands<'_>) -> Scale {
    let largest =
        demands.weights.iter().flat_map(|(weights, _)| weights.iter()).fold(0.0_f64, |most, own| most.max(own.abs()));
    let threshold = demands.thresholds.iter().copied().fold(0.0, f64::max);
    // Without weights the threshold alone says what is large.
    let base = if largest > 0.0 { 254.0 / largest } else { 4096.0 / threshold.max(1e-9) };
    let scales = (0..=SCALES).map(|at| base * f64::from(at - SCALES / 2).mul_add(1.0 / 16.0, 0.0).exp2());
    let mut best: Option<(f64, Scale)> = None;
    for scale in scales {
        let scale = snapped(demands, scale);
        let top = threshold * scale;
        let sound = top <= f64::from(ThresholdMantissa::MAX) && demands.drive * scale * 64.0 <= BIAS_MAX;
        if scale <= 0.0 || (!sound && best.is_some()) {
            continue;
        }
        let (cost, found) = apply(demands, scale, threshold);
        let cost = if sound { cost } else { f64::INFINITY };
        if best.as_ref().is_none_or(|(least, _)| cost < least * 0.99) {
            best = Some((cost, found));
        }
    }
    best.map_or_else(|| apply(demands, base, threshold).1, |(_, found)| found)
}

/// The nearest scale at which the largest threshold is a whole mantissa, and if need be a weight.
fn snapped(demands: &Demands<'_>, scale: f64) -> f64 {
    let threshold = demands.thresholds.iter().copied().fold(0.0, f64::max);
    if threshold <= 0.0 {
        return scale;
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
    (cost + most * most, Scale { units: scale, thresholds, connections })
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
