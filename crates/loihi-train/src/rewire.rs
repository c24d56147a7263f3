//! Sparse rewiring (DEEP R): a connection keeps its number of synapses, and training chooses which ones these are.
//!
//! As Bellec and others, 2018, arXiv 1711.05136, have it, on the steps of the optimiser as for LSNNs (arXiv 1803.09574). Every
//! place of a weight has a sign, drawn once. A synapse whose weight crosses 0 is dropped, and a place drawn among all those
//! without one gets a new synapse of a small weight. Without a synapse a weight is exactly 0, with one it never is: weights alone
//! say where synapses are, and a checkpoint holds nothing else.

use crate::layers::{Model, Synapses};
use crate::optimiser::Moments;
use crate::parameter::{Parameters, Place};
use crate::settings::TrainForm;
use crate::ways::Ways;
use loihi_core::num::word;
use loihi_net::network::Network;

/// How a connection is rewired.
#[derive(Clone, Debug, PartialEq)]
pub struct Rewiring {
    /// The sign of every place, 1 or -1.
    signs: Vec<f32>,
    /// Magnitude of a new synapse: the smallest weight that the chip stores.
    small: f32,
    /// L1: what a step at a rate of 1 takes from the magnitude of every synapse.
    l1: f32,
    /// Standard deviation of the noise of a step at a rate of 1.
    noise: f32,
    seed: u32,
    /// Index of the connection among those whose weights are trained.
    number: u32,
}

/// What is drawn.
#[derive(Clone, Copy)]
enum Drawn {
    Sign = 0,
    First = 1,
    Noise = 2,
    Next = 3,
}

/// Thins out the connections for which `[train]` gives a connectivity. Returns the rewiring of each group of parameters, `None` if
/// it is not rewired.
pub fn begin(model: &mut Model, network: &Network, form: &TrainForm, seed: u32) -> Vec<Option<Rewiring>> {
    let mut all = Vec::new();
    let mut number = 0;
    for own in &mut model.parameters {
        let Place::Weights(at) = own.place else {
            all.push(None);
            continue;
        };
        let Synapses { ways, to, .. } = &model.synapses[at];
        let share = form.connectivity.get(&model.neurons[*to].name).filter(|_| matches!(ways, Ways::Dense { .. }));
        all.push(share.map(|share| {
            let rewiring = Rewiring::new(own, number, form, seed);
            rewiring.thin(own, *share);
            rewiring
        }));
        number += 1;
    }
    model.fold(network);
    all
}

impl Rewiring {
    #[expect(clippy::cast_precision_loss, reason = "at most 512")]
    fn new(trained: &Parameters, number: u32, form: &TrainForm, seed: u32) -> Self {
        let [low, high] = trained.grid.range();
        let mut own = Self {
            signs: Vec::new(),
            small: trained.grid.step as f32,
            l1: form.rewire_l1,
            noise: form.rewire_noise,
            seed,
            number,
        };
        let sign = |place| match (low < 0.0, high > 0.0) {
            (true, true) if own.word(Drawn::Sign, 0, place) >> 31 == 1 => -1.0,
            (true, false) => -1.0,
            _ => 1.0,
        };
        own.signs = (0..trained.values.len()).map(sign).collect();
        own
    }

    /// Keeps a share of the synapses, at least one, drawn at random; their magnitudes stay.
    fn thin(&self, trained: &mut Parameters, share: f32) {
        let weights = &mut trained.values;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of a count"
        )]
        let synapses = (f64::from(share) * weights.len() as f64).round() as usize;
        let places = self.drawn((0..weights.len()).collect(), synapses.max(1), Drawn::First, 0);
        let before = std::mem::replace(weights, vec![0.0; self.signs.len()]);
        for place in places {
            weights[place] = self.signs[place] * before[place].abs().max(self.small);
        }
    }

    /// Clears the derivatives by weights that have no synapse.
    pub fn mask(gradient: &mut [f32], weights: &[f32]) {
        for (own, weight) in gradient.iter_mut().zip(weights) {
            *own = if *weight == 0.0 { 0.0 } else { *own };
        }
    }

    /// Runs after step `step` of the optimiser: applies L1 and noise to the weights, drops synapses that have crossed 0, and adds as
    /// many new ones.
    pub fn step(&self, step: u32, rate: f32, trained: &mut Parameters, moments: &mut Moments) {
        let [low, high] = trained.grid.range();
        let most = high.max(-low);
        let (shorter, shake) = (rate * self.l1, rate.sqrt() * self.noise);
        let (mut dropped, mut dormant) = (0, Vec::new());
        for (place, (weight, sign)) in trained.values.iter_mut().zip(&self.signs).enumerate() {
            if *weight != 0.0 {
                let noise = if shake > 0.0 { shake * normal(self.word(Drawn::Noise, step, place)) } else { 0.0 };
                let magnitude = sign * *weight - shorter + noise;
                let stays = magnitude > 0.0;
                *weight = if stays { sign * magnitude.min(most) } else { 0.0 };
                dropped += usize::from(!stays);
            } else if moments.second[place] != 0.0 {
                // The optimiser has brought it to 0 exactly.
                dropped += 1;
            }
            if *weight == 0.0 {
                (moments.first[place], moments.second[place]) = (0.0, 0.0);
                dormant.push(place);
            }
        }
        for place in self.drawn(dormant, dropped, Drawn::Next, step) {
            trained.values[place] = self.signs[place] * self.small;
        }
    }

    /// Draws `count` of the places without replacement, each with the same chance.
    fn drawn(&self, mut places: Vec<usize>, count: usize, what: Drawn, step: u32) -> Vec<usize> {
        let count = count.min(places.len());
        for next in 0..count {
            let left = (places.len() - next) as u64;
            let drawn = (u64::from(self.word(what, step, next)) * left) >> 32;
            places.swap(next, next + usize::try_from(drawn).unwrap_or(0));
        }
        places.truncate(count);
        places
    }

    fn word(&self, what: Drawn, step: u32, place: usize) -> u32 {
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        word(self.seed ^ 0xDEE9, (self.number << 2) | what as u32, step, place)
    }
}

/// A nearly normal number of mean 0 and deviation 1, from the sum of the four bytes of a word.
#[expect(clippy::cast_precision_loss, reason = "at most 1020")]
fn normal(word: u32) -> f32 {
    let sum: u32 = word.to_le_bytes().into_iter().map(u32::from).sum();
    // Four times the variance of a byte is (256^2 - 1) / 3.
    (sum as f32 - 510.0) / 147.8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Grid;
    use crate::optimiser::AdamW;
    use loihi_net::network::{Connection, Population, Signs};

    fn trained(weights: usize, signs: Signs) -> Parameters {
        let mut network = Network::new("n");
        let (from, to) = (network.input("in", 1), network.population(Population::new("p", 1)));
        let grid = Grid::of_weights(&Connection::new(from, to, [0]).signs(signs));
        let one = |at: u32| f32::from(i16::try_from(word(9, at, 0, 0) >> 25).unwrap() - 64);
        let values = (0..).map(one).take(weights).collect();
        Parameters { place: Place::Weights(0), values, grid, per_unit: 1.0, rate: 1.0, weight_decay: 0.0 }
    }

    /// Steps by gradients at random: weights after each.
    fn run(signs: Signs, form: &TrainForm, steps: u32) -> (Rewiring, Vec<Vec<f32>>) {
        let mut own = trained(400, signs);
        let rewiring = Rewiring::new(&own, 2, form, 7);
        rewiring.thin(&mut own, 0.2);
        let mut moments = Moments::new(400);
        let adam = AdamW { rate: 3.0, betas: [0.9, 0.999], weight_decay: 0.0 };
        let mut all = vec![own.values.clone()];
        for step in 1..=steps {
            let mut gradient: Vec<f32> = (0..400).map(|at| normal(word(8, step, at, 0))).collect();
            Rewiring::mask(&mut gradient, &own.values);
            adam.step(step, &mut own.values, &gradient, &mut moments, own.grid.range());
            rewiring.step(step, adam.rate, &mut own, &mut moments);
            all.push(own.values.clone());
        }
        (rewiring, all)
    }

    #[test]
    fn synapses_keep_their_number_and_places_their_signs() {
        for signs in [Signs::Mixed, Signs::Split, Signs::Excitatory, Signs::Inhibitory] {
            for (rewire_l1, rewire_noise) in [(0.0, 0.0), (0.1, 0.0), (0.02, 0.5)] {
                let form = TrainForm { rewire_l1, rewire_noise, ..TrainForm::default() };
                let (rewiring, all) = run(signs, &form, 60);
                for weights in &all {
                    assert_eq!(weights.iter().filter(|weight| **weight != 0.0).count(), 80, "{signs:?}");
                    let same = |(weight, sign): (&f32, &f32)| *weight == 0.0 || weight * sign > 0.0;
                    assert!(weights.iter().zip(&rewiring.signs).all(same), "{signs:?}");
                }
                let moved = all[0].iter().zip(&all[60]).filter(|(a, b)| (**a == 0.0) != (**b == 0.0)).count();
                assert!(moved > 20, "{signs:?}: synapses are at other places, {moved}");
            }
        }
    }

    /// A weight that the optimiser has left at 0 exactly is dropped as one that has crossed it.
    #[test]
    fn a_weight_of_nothing_is_dropped() {
        let mut own = trained(40, Signs::Excitatory);
        let form = TrainForm { rewire_l1: 0.0, rewire_noise: 0.0, ..TrainForm::default() };
        let rewiring = Rewiring::new(&own, 2, &form, 7);
        rewiring.thin(&mut own, 0.5);
        let mut moments = Moments::new(40);
        let place = own.values.iter().position(|weight| *weight != 0.0).unwrap();
        (own.values[place], moments.second[place]) = (0.0, 1.0);
        rewiring.step(1, 1.0, &mut own, &mut moments);
        assert_eq!(own.values.iter().filter(|weight| **weight != 0.0).count(), 20);
    }

    #[test]
    fn noise_has_its_deviation() {
        let all: Vec<f32> = (0..10_000).map(|at| normal(word(3, at, 0, 0))).collect();
        let mean = all.iter().sum::<f32>() / 10_000.0;
        let square = all.iter().map(|value| value * value).sum::<f32>() / 10_000.0;
        assert!(mean.abs() < 0.03 && (square - 1.0).abs() < 0.05, "{mean} {square}");
    }
}
