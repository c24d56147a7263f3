//! The loss of some samples, and its derivatives by weights and biases.

use crate::ann::{Ann, Map, Ready, Source, of};
use crate::inputs::winner;
use loihi_train::loss::{Loss, ReadoutLoss};

/// Cross-entropy of the scores.
const LOSS: ReadoutLoss = ReadoutLoss { kind: Loss::CrossEntropy, per_score: 1.0, target_spikes: [0.0, 0.0] };

/// What is trained: by layer, which ways have weights, and whether there are biases.
#[derive(Clone, Debug)]
pub struct Trained {
    /// Layer and way.
    pub weights: Vec<(usize, usize)>,
    /// Layers.
    pub biases: Vec<usize>,
}

/// What some samples come to.
#[derive(Clone, Debug, Default)]
pub struct Learned {
    /// Derivatives: of weights by way, then of biases by layer, in the order of [`Trained`].
    pub gradients: Vec<Vec<f32>>,
    /// Sum of their losses.
    pub loss: f64,
    /// Those that were answered right.
    pub right: u64,
}

impl Trained {
    /// All weights of dense maps and convolutions, and biases beside them.
    pub fn of(ann: &Ann) -> Self {
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        for (at, layer) in ann.layers.iter().enumerate() {
            let has_weights = |way: &crate::ann::Way| matches!(way.map, Map::Dense(_) | Map::Conv(..));
            weights.extend((0..layer.ways.len()).filter(|way| has_weights(&layer.ways[*way])).map(|way| (at, way)));
            biases.extend((!layer.bias.is_empty()).then_some(at));
        }
        Self { weights, biases }
    }

    /// All that is trained, in the order of gradients.
    pub fn values<'r>(&'r self, ready: &'r mut Ready) -> Vec<&'r mut Vec<f32>> {
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        for (at, layer) in ready.layers.iter_mut().enumerate() {
            for (way, own) in layer.ways.iter_mut().enumerate() {
                if self.weights.contains(&(at, way)) {
                    weights.push(&mut own.weights);
                }
            }
            if self.biases.contains(&at) {
                biases.push(&mut layer.bias);
            }
        }
        weights.extend(biases);
        weights
    }

    /// Takes the weights of a network that was trained.
    pub fn write(&self, ready: &Ready, ann: &mut Ann) {
        for (at, way) in &self.weights {
            ann.layers[*at].ways[*way].set(&ready.layers[*at].ways[*way]);
        }
        for at in &self.biases {
            ann.layers[*at].bias.clone_from(&ready.layers[*at].bias);
        }
    }
}

/// Learns some samples of a batch of this many: `[samples, inputs]` with their classes.
pub fn learn(ready: &Ready, trained: &Trained, inputs: &[f32], labels: &[usize], batch: usize) -> Learned {
    let layers = ready.forward(inputs);
    let mut slopes: Vec<Vec<f32>> = layers.iter().map(|layer| vec![0.0; layer.len()]).collect();
    let mut learned = Learned::default();
    #[expect(clippy::cast_precision_loss, reason = "a batch is small")]
    let share = 1.0 / batch.max(1) as f32;
    if let (Some(last), Some(scores), Some(own)) = (slopes.last_mut(), layers.last(), ready.layers.last()) {
        let classes = own.neurons();
        for ((slopes, scores), label) in last.chunks_mut(classes).zip(scores.chunks(classes)).zip(labels) {
            learned.loss += f64::from(LOSS.of(scores, *label, slopes));
            learned.right += u64::from(winner(scores) == Some(*label));
            for slope in slopes {
                *slope *= share;
            }
        }
    }
    let mut weights: Vec<((usize, usize), Vec<f32>)> = Vec::new();
    let mut biases: Vec<Vec<f32>> = Vec::new();
    for (at, layer) in ready.layers.iter().enumerate().rev() {
        let (before, own) = slopes.split_at_mut(at);
        let Some(own) = own.first_mut() else { continue };
        layer.activation.back(own, &layers[at]);
        if trained.biases.contains(&at) {
            biases.push(by_channel(own, layer.channels));
        }
        for (number, way) in layer.ways.iter().enumerate() {
            if trained.weights.contains(&(at, number)) {
                let mut gradient = vec![0.0; way.weights.len()];
                way.ways.gradient(&mut gradient, of(way.from, inputs, &layers), own);
                weights.push(((at, number), gradient));
            }
            if let Source::Layer(from) = way.from {
                way.ways.back(&mut before[from], own, &way.weights);
            }
        }
    }
    weights.sort_by_key(|(place, _)| *place);
    biases.reverse();
    learned.gradients = weights.into_iter().map(|(_, gradient)| gradient).chain(biases).collect();
    learned
}

/// Sums over samples and the neurons of each channel.
fn by_channel(slopes: &[f32], [channels, each]: [usize; 2]) -> Vec<f32> {
    let mut sums = vec![0.0; channels];
    for row in slopes.chunks(channels * each) {
        row.chunks(each).zip(&mut sums).for_each(|(row, sum)| *sum += row.iter().sum::<f32>());
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ann::{Activation, Layer, Way};
    use loihi_core::num::word;
    use loihi_net::network::{Conv2d, Pool2d};

    fn drawn(count: usize, seed: u32) -> Vec<f32> {
        let one = |at| f32::from(u16::try_from(word(seed, at, 0, 0) >> 16).unwrap()) / 32768.0 - 1.0;
        (0..u32::try_from(count).unwrap()).map(one).collect()
    }

    /// Derivatives are those of finite differences.
    #[test]
    fn gradients_are_finite_differences() {
        let conv = Map::Conv(Conv2d::new([4, 1, 2, 2], Vec::new()).groups(2), drawn(16, 1));
        let layer = |from, from_shape: &[usize], shape: &[usize], map, bias| Layer {
            name: "l".to_owned(),
            shape: shape.to_vec(),
            ways: vec![Way { from, from_shape: from_shape.to_vec(), map }],
            bias,
            activation: Activation::Relu,
        };
        let first = layer(Source::Input, &[2, 3, 3], &[4, 2, 2], conv, drawn(4, 2));
        let pool = layer(Source::Layer(0), &[4, 2, 2], &[4, 1, 1], Map::Pool(Pool2d::new([2, 2], 0), 0.25), Vec::new());
        let mut last = layer(Source::Layer(1), &[4], &[3], Map::Dense(drawn(12, 3)), drawn(3, 4));
        last.ways.push(Way { from: Source::Layer(0), from_shape: vec![16], map: Map::Dense(drawn(48, 5)) });
        last.activation = Activation::Linear;
        let ann = Ann { name: "a".to_owned(), input: vec![2, 3, 3], layers: vec![first, pool, last] };
        let (trained, mut ready) = (Trained::of(&ann), Ready::new(&ann).unwrap());
        let (inputs, labels) = (drawn(2 * 18, 6), [2, 0]);
        let found = learn(&ready, &trained, &inputs, &labels, 1);
        for number in 0..found.gradients.len() {
            for at in (0..found.gradients[number].len()).step_by(5) {
                let mut loss = |off: f32| {
                    trained.values(&mut ready)[number][at] += off;
                    let loss = learn(&ready, &trained, &inputs, &labels, 1).loss;
                    trained.values(&mut ready)[number][at] -= off;
                    loss
                };
                let difference = (loss(1e-2) - loss(-1e-2)) / 2e-2;
                let own = f64::from(found.gradients[number][at]);
                assert!((own - difference).abs() < 2e-2 * (1.0 + own.abs()), "{number} {at}: {own} and {difference}");
            }
        }
    }
}
