//! Numbers of the TOML form that are drawn.

use super::InvalidValue;
use super::values::{Drawn, Init};
use crate::draw;
use loihi_core::num::word;
use std::ops::Range;

/// What is drawn, and for what.
pub(super) struct Draws {
    /// Seed of the network.
    pub(super) seed: u32,
    /// Number of the connection or population, so that others draw other words.
    pub(super) number: u32,
    /// Sources, one number for each of them and each neuron; 1 for numbers of neurons.
    pub(super) sources: usize,
    /// Whether sources and neurons are the same population.
    pub(super) is_recurrent: bool,
    /// Steps in which the numbers come.
    pub(super) step: i64,
    /// Lowest and highest number, for errors.
    pub(super) limits: [i64; 2],
    /// What the numbers are called, for errors.
    pub(super) what: &'static str,
}

impl Draws {
    /// This many numbers, those of a neuron side by side. Others than a share of `density` are 0.
    pub(super) fn numbers(&self, wanted: usize, from: Drawn, span: &Range<usize>) -> Result<Vec<i64>, InvalidValue> {
        let invalid = |what: String| InvalidValue::new(span.clone(), what);
        let density = from.density.unwrap_or(1.0);
        if !(0.0..=1.0).contains(&density) {
            return Err(invalid(format!("draw {} with a `density` of 0 to 1", self.what)));
        }
        let no_autapses = from.autapses == Some(false);
        if from.autapses.is_some() && !self.is_recurrent {
            return Err(invalid(
                "`autapses` has a meaning only for connections from a population to itself".to_owned(),
            ));
        }
        if from.by_source.is_some() && from.stream.is_none() {
            return Err(invalid("`by_source` has a meaning only with `stream`".to_owned()));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 2^32")]
        let dense = (density * 4_294_967_296.0) as u64;
        let chosen = |at: u32| u64::from(word(self.seed, 0x5EED, self.number, at.wrapping_mul(2))) < dense;
        let value = self.value(from, span)?;
        let sources = u32::try_from(self.sources).unwrap_or(u32::MAX).max(1);
        // A connection has at most 2^27 synapses.
        let places = (0..u32::MAX).take(wanted);
        let kept = |at: u32| chosen(at) && !(no_autapses && at / sources == at % sources);
        Ok(places.map(|at| if kept(at) { value(at) } else { 0 }).collect())
    }

    /// The number at a place.
    fn value(&self, from: Drawn, span: &Range<usize>) -> Result<Box<dyn Fn(u32) -> i64>, InvalidValue> {
        let invalid = |what: String| InvalidValue::new(span.clone(), what);
        let Self { seed, number, step, limits: [least, most], .. } = *self;
        let sources = u32::try_from(self.sources).unwrap_or(u32::MAX).max(1);
        let by_source = from.by_source == Some(true);
        let place = move |at: u32| {
            let (neuron, source) = (at / sources, at % sources);
            if by_source { (source, neuron) } else { (neuron, source) }
        };
        let normal = match (from.normal, from.init, from.std) {
            (deviation, None, None) => deviation,
            (None, Some(Init::Normal), Some(std)) => Some(std / f64::from(i32::try_from(step).unwrap_or(1))),
            _ => {
                let what =
                    format!("draw initial {} by `init = \"normal\", std = DEVIATION`, and nothing else", self.what);
                return Err(invalid(what));
            }
        };
        match (from.uniform, normal) {
            (Some([low, high]), None) => {
                if low > high || low < least || high > most {
                    return Err(invalid(format!("draw from `uniform = [low, high]` within {least} to {most}")));
                }
                let (first, last) =
                    (low.div_euclid(step) + i64::from(low.rem_euclid(step) != 0), high.div_euclid(step));
                Ok(match from.stream {
                    None => Box::new(move |at| {
                        let draw = word(seed, 0x5EED, number, at.wrapping_mul(2).wrapping_add(1));
                        (first + scaled(draw, last - first + 1)) * step
                    }),
                    Some(stream) => Box::new(move |at| {
                        let (a, b) = place(at);
                        let drawn = low + scaled(word(seed, a, b, stream), high - low + 1);
                        // What the format does not hold is lost toward zero, as on the chip.
                        drawn / step * step
                    }),
                })
            }
            (None, Some(deviation)) => {
                if !(0.0..=127.0).contains(&deviation) {
                    return Err(invalid(match from.init {
                        Some(_) => format!("draw initial {} with a `std` of 0 to {}", self.what, 127 * step),
                        None => "draw from `normal = DEVIATION` of 0 to 127 steps of the weights' format".to_owned(),
                    }));
                }
                // A stream is named for draws that are to be the same in another network.
                let seed = from.stream.map_or_else(|| seed.wrapping_add(number.wrapping_mul(50)), |_| seed);
                let stream = from.stream.unwrap_or(1);
                Ok(Box::new(move |at| {
                    let (a, b) = place(at);
                    i64::from(draw::weight(deviation, seed, a, b, stream)) * step
                }))
            }
            _ => {
                Err(invalid(format!("draw {} either by `uniform = [low, high]` or by `normal = DEVIATION`", self.what)))
            }
        }
    }
}

/// A word brought to `0..values`.
fn scaled(word: u32, values: i64) -> i64 {
    i64::try_from((u64::from(word) * values.unsigned_abs()) >> 32).unwrap_or(0)
}
