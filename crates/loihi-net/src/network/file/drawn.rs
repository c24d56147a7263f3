//! Numbers of the TOML form that are drawn.

use super::InvalidValue;
use super::values::{Drawn, Init};
use crate::draw;
use crate::network::{CompressedWeights, SYNAPSES_MAX};
use loihi_core::num::word;
use std::ops::Range;

/// Most places of a matrix from which weights are drawn: each of them takes 3 to 4 ns.
const PLACES_MAX: u64 = 1 << 33;

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
        Ok(self.drawn(wanted, from, span)?.collect())
    }

    /// The same of weights, which are within their limits.
    pub(super) fn weights(&self, wanted: usize, from: Drawn, span: &Range<usize>) -> Result<Vec<i16>, InvalidValue> {
        Ok(self.drawn(wanted, from, span)?.map(|weight| i16::try_from(weight).unwrap_or(0)).collect())
    }

    fn drawn(
        &self,
        wanted: usize,
        from: Drawn,
        span: &Range<usize>,
    ) -> Result<impl Iterator<Item = i64>, InvalidValue> {
        let dense = self.dense(from, span)?;
        let no_autapses = from.autapses == Some(false);
        let value = self.value(from, span)?;
        let sources = (self.sources as u64).max(1);
        // A connection has at most 2^27 synapses.
        let places = (0..u64::from(u32::MAX)).take(wanted);
        let kept = move |at| self.chosen(at, dense) && !(no_autapses && at / sources == at % sources);
        Ok(places.map(move |at| if kept(at) { value(at) } else { 0 }))
    }

    /// Weights of rows of neurons and sources: those that [`Self::numbers`] gives for the same places.
    pub(super) fn compressed(
        &self,
        extents: [usize; 3],
        from: Drawn,
        span: &Range<usize>,
    ) -> Result<CompressedWeights, InvalidValue> {
        let invalid = |what: String| InvalidValue::new(span.clone(), what);
        let [_, neurons, sources] = extents.map(|extent| extent as u64);
        let dense = self.dense(from, span)?;
        let value = self.value(from, span)?;
        let places = extents.iter().fold(1_u64, |product, extent| product.saturating_mul(*extent as u64));
        if places > PLACES_MAX || extents[1] > CompressedWeights::NEURONS_MAX {
            return Err(invalid(format!(
                "{neurons} neurons and {sources} sources each: weights are drawn for at most {PLACES_MAX} pairs of them, and \
                 {} neurons; divide the population, or connect it row to row (`kind = \"rows\"`)",
                CompressedWeights::NEURONS_MAX
            )));
        }
        let expected = (u128::from(places) * u128::from(dense)) >> 32;
        let too_many = || {
            invalid(format!(
                "about {expected} synapses, but a connection can have {SYNAPSES_MAX}: take a smaller `density`"
            ))
        };
        // Far beyond what chance adds.
        if expected > SYNAPSES_MAX as u128 + SYNAPSES_MAX as u128 / 64 {
            return Err(too_many());
        }
        let no_autapses = from.autapses == Some(false);
        let weight = |[row, neuron, source]: [usize; 3]| {
            let at = (row as u64 * neurons + neuron as u64) * sources + source as u64;
            // Values are within the limits of weights.
            let drawn = self.chosen(at, dense) && !(no_autapses && neuron == source);
            if drawn { i16::try_from(value(at)).unwrap_or(0) } else { 0 }
        };
        CompressedWeights::from_fn(extents, SYNAPSES_MAX, weight).ok_or_else(too_many)
    }

    /// The share of places that have a number, in units of 2^-32, if all that is given has a meaning.
    fn dense(&self, from: Drawn, span: &Range<usize>) -> Result<u64, InvalidValue> {
        let invalid = |what: String| InvalidValue::new(span.clone(), what);
        let density = from.density.unwrap_or(1.0);
        if !(0.0..=1.0).contains(&density) {
            return Err(invalid(format!("draw {} with a `density` of 0 to 1", self.what)));
        }
        if from.autapses.is_some() && !self.is_recurrent {
            return Err(invalid(
                "`autapses` has a meaning only for connections from a population to itself".to_owned(),
            ));
        }
        if from.by_source.is_some() && from.stream.is_none() {
            return Err(invalid("`by_source` has a meaning only with `stream`".to_owned()));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 2^32")]
        Ok((density * 4_294_967_296.0) as u64)
    }

    /// Whether a place is one of those that have a number.
    #[inline]
    fn chosen(&self, at: u64, dense: u64) -> bool {
        dense > u64::from(u32::MAX) || u64::from(drawn_word(self.seed, self.number, at, 0)) < dense
    }

    /// The number at a place.
    fn value(&self, from: Drawn, span: &Range<usize>) -> Result<Box<dyn Fn(u64) -> i64>, InvalidValue> {
        let invalid = |what: String| InvalidValue::new(span.clone(), what);
        let Self { seed, number, step, limits: [least, most], .. } = *self;
        let sources = (self.sources as u64).max(1);
        let by_source = from.by_source == Some(true);
        // Inputs and populations have at most 2^24 elements.
        let place = move |at: u64| {
            let [neuron, source] = [at / sources, at % sources].map(|own| u32::try_from(own).unwrap_or(u32::MAX));
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
                let (first, last) =
                    (low.div_euclid(step) + i64::from(low.rem_euclid(step) != 0), high.div_euclid(step));
                if low > high || low < least || high > most || first * step > most {
                    return Err(invalid(format!("draw from `uniform = [low, high]` within {least} to {most}")));
                }
                Ok(match from.stream {
                    None => Box::new(move |at| {
                        let draw = drawn_word(seed, number, at, 1);
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

/// One of the two words of a place: 0 says whether there is a number, 1 which.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "what is lost of the lower half is in the upper one, which is small"
)]
const fn drawn_word(seed: u32, number: u32, at: u64, which: u32) -> u32 {
    let (lower, upper) = (at as u32, (at >> 31) as u32);
    word(seed, 0x5EED_u32.wrapping_add(upper << 16), number, lower.wrapping_mul(2).wrapping_add(which))
}

/// A word brought to `0..values`.
fn scaled(word: u32, values: i64) -> i64 {
    i64::try_from((u64::from(word) * values.unsigned_abs()) >> 32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Weights;
    use crate::network::file::parse;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn places_beyond_2_to_the_31_draw_words_of_their_own() {
        for at in [0, 1, 77, (1 << 31) - 1] {
            let below = u32::try_from(at).unwrap_or(0);
            assert_eq!(drawn_word(3, 9, at, 1), word(3, 0x5EED, 9, below.wrapping_mul(2).wrapping_add(1)));
        }
        let places = (0..4).flat_map(|high| [0_u64, 1, 77].map(|low| (high << 31) + low));
        let words = places.flat_map(|at| [0, 1].map(|which| drawn_word(3, 9, at, which)));
        assert_eq!(words.collect::<BTreeSet<_>>().len(), 24);
    }

    /// Weights with a density follow from the words of their places: whether there is one, and which.
    #[test]
    fn a_place_draws_whether_it_has_a_weight_and_which() {
        let text = |kind: &str, draws: &str| {
            format!(
                "seed = 7\ninput = [{{ name = \"in\", shape = [4, 30] }}]\n\
                 population = [{{ name = \"out\", shape = [4, 20] }}]\n[[connection]]\nfrom = \"in\"\nto = \"out\"\n\
                 signs = \"split\"\nkind = \"{kind}\"\nweights = {{ {draws} }}\n"
            )
        };
        let weights = |kind: &str, draws: &str| {
            let network = parse(&text(kind, draws), Path::new("net.toml")).unwrap();
            network.connections[0].weights.clone()
        };
        let compressed = |kind: &str, draws: &str| match weights(kind, draws) {
            Weights::Compressed(weights) => weights,
            other => panic!("{other:?}"),
        };
        let drawn = |at: usize| {
            let at = u32::try_from(at).unwrap();
            let scaled = i16::try_from((u64::from(word(7, 0x5EED, 0, 2 * at + 1)) * 19) >> 32).unwrap() - 9;
            if word(7, 0x5EED, 0, 2 * at) < 1 << 30 { scaled } else { 0 }
        };
        let dense = compressed("dense", "uniform = [-9, 9], density = 0.25");
        let rows = compressed("rows", "uniform = [-9, 9], density = 0.25");
        assert_eq!((dense.extents(), rows.extents()), ([1, 80, 120], [4, 20, 30]));
        for source in 0..120 {
            dense.visit_all(source, |neuron, weight| assert_eq!(weight, drawn(neuron * 120 + source)));
            rows.visit_all(source, |neuron, weight| assert_eq!(weight, drawn(neuron * 30 + source % 30)));
        }
        let all = compressed("dense", "normal = 30.0, density = 1.0");
        assert_eq!(all.expanded(), weights("dense", "normal = 30.0"));
        assert!(compressed("dense", "uniform = [1, 9], density = 0.0").is_empty());
    }

    /// What counts are the synapses that are drawn, not the places that they are drawn from.
    #[test]
    fn few_synapses_are_drawn_from_many_places() {
        let text = |sources: usize, density: &str| {
            format!(
                "input = [{{ name = \"in\", shape = [{sources}] }}]\npopulation = [{{ name = \"out\", shape = [3000] }}]\n\
                 [[connection]]\nfrom = \"in\"\nto = \"out\"\nweights = {{ uniform = [2, 9], density = {density} }}\n"
            )
        };
        let network = parse(&text(50_000, "0.0001"), Path::new("net.toml")).unwrap();
        let Weights::Compressed(weights) = &network.connections[0].weights else { panic!("compressed") };
        assert!(weights.places() > SYNAPSES_MAX && (14_500..15_500).contains(&weights.len()), "{}", weights.len());
        let said = |text: &str| parse(text, Path::new("net.toml")).unwrap_err().to_string();
        let refused = said(&text(1_000_000, "0.5"));
        assert!(refused.contains("about 1500000000 synapses, but a connection can have 134217728"), "{refused}");
        let refused = said(&text(16_000_000, "0.5"));
        assert!(refused.contains("3000 neurons and 16000000 sources each: weights are drawn for at most"), "{refused}");
        let rule = "[connection.learning]\nrule = \"dw = 2^-2*x1*y0\"\nx1 = { impulse = 40, tau_steps = 9.0 }\n";
        let refused = said(&(text(50_000, "0.0001") + rule));
        assert!(refused.contains("150000000 synapses, since a weight of 0 can learn, too"), "{refused}");
    }
}
