//! Networks of rectified units: affine maps, each followed by a rectification, and their forward pass in single precision.
//!
//! A layer is what becomes a population. It takes one or more ways ([`Way`]) from the input or from layers before it; sums of
//! branches have several.

use loihi_net::network::{Conv2d, Each, Pool2d, Weights, size};
use loihi_train::ways::Ways;

/// Most elements of the input or a layer: more than eight chips hold.
pub const ELEMENTS_MAX: usize = 1 << 20;

/// What a way comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The input.
    Input,
    /// A layer, by its place in the list.
    Layer(usize),
}

/// What follows the sum of a layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// Nothing: the scores of the last layer.
    Linear,
    /// 0 for what is less.
    Relu,
    /// The same, and this for what is more.
    Clip(f32),
}

/// A linear map.
#[derive(Clone, Debug, PartialEq)]
pub enum Map {
    /// All to all: `[sources, neurons]`, neurons fastest.
    Dense(Vec<f32>),
    /// A convolution with weights `[outputs, inputs / groups, height, width]`; those of the geometry are not used.
    Conv(Conv2d, Vec<f32>),
    /// Means of windows: what every element of a window counts.
    Pool(Pool2d, f32),
    /// Element by element: a factor for all, or one a channel.
    Scale(Vec<f32>),
}

/// A linear map from a source.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    /// Where it comes from.
    pub from: Source,
    /// Extents of that as the map takes it: flattened, for one that is all to all.
    pub from_shape: Vec<usize>,
    /// The map.
    pub map: Map,
}

/// A layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Its name.
    pub name: String,
    /// Extents, channels first.
    pub shape: Vec<usize>,
    /// What is summed.
    pub ways: Vec<Way>,
    /// What is added, one a channel; empty for nothing.
    pub bias: Vec<f32>,
    /// What follows.
    pub activation: Activation,
}

/// A network of rectified units.
#[derive(Clone, Debug, PartialEq)]
pub struct Ann {
    /// What it is called.
    pub name: String,
    /// Extents of the input, channels first.
    pub input: Vec<usize>,
    /// Layers, each after what it takes; the last one has the scores.
    pub layers: Vec<Layer>,
}

/// Channels of a shape, and neurons of each: a single extent is channels of one neuron.
pub fn channels(shape: &[usize]) -> [usize; 2] {
    match shape {
        [] => [1, 1],
        [channels, rest @ ..] => [*channels, size(rest)],
    }
}

impl Layer {
    /// Neurons.
    pub fn neurons(&self) -> usize {
        size(&self.shape)
    }
}

impl Ann {
    /// Extents of a source.
    pub fn shape(&self, source: Source) -> &[usize] {
        match source {
            Source::Input => &self.input,
            Source::Layer(at) => self.layers.get(at).map_or(&[], |layer| &layer.shape),
        }
    }

    /// By layer: how many steps its spikes come after those of the input.
    pub fn depths(&self) -> Vec<usize> {
        let mut depths: Vec<usize> = Vec::new();
        for layer in &self.layers {
            let before = layer.ways.iter().map(|way| match way.from {
                Source::Input => 0,
                Source::Layer(at) => depths.get(at).copied().unwrap_or(0),
            });
            depths.push(before.max().unwrap_or(0) + 1);
        }
        depths
    }

    /// Weights and biases.
    pub fn parameters(&self) -> usize {
        let of = |way: &Way| match &way.map {
            Map::Dense(weights) | Map::Conv(_, weights) => weights.len(),
            Map::Pool(..) | Map::Scale(_) => 0,
        };
        self.layers.iter().map(|layer| layer.bias.len() + layer.ways.iter().map(of).sum::<usize>()).sum()
    }
}

/// A way that is ready for products: which source reaches which neuron, and weights in that order.
#[derive(Clone, Debug)]
pub struct ReadyWay {
    /// Where it comes from.
    pub from: Source,
    /// The products.
    pub ways: Ways,
    /// Weights in the order of the products.
    pub weights: Vec<f32>,
}

impl Way {
    /// The way as a connection of the chip to neurons of this shape, all its weights 0.
    pub fn geometry(&self, to: &[usize]) -> Weights {
        match &self.map {
            Map::Dense(weights) => Weights::Dense(vec![0; weights.len()]),
            Map::Conv(conv, weights) => Weights::Conv2d(conv.clone().weights(vec![0; weights.len()])),
            Map::Pool(pool, _) => Weights::Pool2d(pool.weight(0)),
            Map::Scale(_) => Weights::OneToOne(Each::of(vec![0; size(to)])),
        }
    }

    /// Its weights in the order of its products.
    pub fn ordered(&self, ways: &Ways, to: &[usize]) -> Vec<f32> {
        match &self.map {
            Map::Dense(weights) => weights.clone(),
            Map::Conv(_, weights) => ways.places().map(|place| weights.get(place).copied().unwrap_or(0.0)).collect(),
            Map::Pool(pool, weight) => {
                let channels = channels(&self.from_shape)[0];
                vec![*weight; channels * pool.kernel[0] * pool.kernel[1]]
            }
            Map::Scale(factors) => {
                let [_, each] = channels(to);
                (0..size(to))
                    .map(|at| factors.get(at / each.max(1)).or(factors.first()).copied().unwrap_or(1.0))
                    .collect()
            }
        }
    }

    /// Sets its weights to those of its products.
    pub fn set(&mut self, ready: &ReadyWay) {
        match &mut self.map {
            Map::Dense(weights) => weights.copy_from_slice(&ready.weights),
            Map::Conv(_, weights) => {
                ready.ways.places().zip(&ready.weights).for_each(|(place, own)| weights[place] = *own);
            }
            Map::Pool(..) | Map::Scale(_) => {}
        }
    }

    /// The products, with the weights in their order.
    ///
    /// # Errors
    /// Shapes that do not meet.
    pub fn ready(&self, to: &[usize]) -> Result<ReadyWay, String> {
        let (ways, _) = Ways::of(&self.geometry(to), [&self.from_shape, to])?;
        let weights = self.ordered(&ways, to);
        Ok(ReadyWay { from: self.from, ways, weights })
    }
}

/// An ANN that is ready to compute.
#[derive(Clone, Debug)]
pub struct Ready {
    /// Elements of the input.
    pub inputs: usize,
    /// Layers, in the order of the ANN.
    pub layers: Vec<ReadyLayer>,
}

/// A layer that is ready to compute.
#[derive(Clone, Debug)]
pub struct ReadyLayer {
    /// Ways into it.
    pub ways: Vec<ReadyWay>,
    /// One a channel, or empty.
    pub bias: Vec<f32>,
    /// Channels, and neurons of each.
    pub channels: [usize; 2],
    /// What follows.
    pub activation: Activation,
}

impl Ready {
    /// Of an ANN.
    ///
    /// # Errors
    /// Shapes that do not meet.
    pub fn new(ann: &Ann) -> Result<Self, String> {
        let layer = |layer: &Layer| -> Result<ReadyLayer, String> {
            let ways = layer.ways.iter().map(|way| way.ready(&layer.shape)).collect::<Result<_, _>>();
            Ok(ReadyLayer {
                ways: ways.map_err(|what| format!("layer `{}`: {what}", layer.name))?,
                bias: layer.bias.clone(),
                channels: channels(&layer.shape),
                activation: layer.activation,
            })
        };
        Ok(Self { inputs: size(&ann.input), layers: ann.layers.iter().map(layer).collect::<Result<_, _>>()? })
    }

    /// Activations of every layer for some samples, `[samples, neurons]` each.
    pub fn forward(&self, inputs: &[f32]) -> Vec<Vec<f32>> {
        let mut all: Vec<Vec<f32>> = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            let mut sums = layer.begin(inputs.len() / self.inputs.max(1));
            for way in &layer.ways {
                way.ways.add(&mut sums, of(way.from, inputs, &all), &way.weights);
            }
            layer.activation.apply(&mut sums);
            all.push(sums);
        }
        all
    }
}

/// What a source has.
pub fn of<'v>(source: Source, inputs: &'v [f32], layers: &'v [Vec<f32>]) -> &'v [f32] {
    match source {
        Source::Input => inputs,
        Source::Layer(at) => layers.get(at).map_or(&[], Vec::as_slice),
    }
}

impl ReadyLayer {
    /// Neurons.
    pub const fn neurons(&self) -> usize {
        self.channels[0] * self.channels[1]
    }

    /// Sums of some samples before anything comes in: the biases.
    fn begin(&self, samples: usize) -> Vec<f32> {
        let [_, each] = self.channels;
        let mut sums = vec![0.0; samples * self.neurons()];
        if !self.bias.is_empty() {
            for row in sums.chunks_mut(self.neurons()) {
                for (channel, bias) in row.chunks_mut(each).zip(&self.bias) {
                    channel.fill(*bias);
                }
            }
        }
        sums
    }
}

impl Activation {
    /// Of sums, in their place.
    pub fn apply(self, sums: &mut [f32]) {
        match self {
            Self::Linear => {}
            Self::Relu => sums.iter_mut().for_each(|sum| *sum = sum.max(0.0)),
            Self::Clip(most) => sums.iter_mut().for_each(|sum| *sum = sum.clamp(0.0, most)),
        }
    }

    /// Sets derivatives by activations to those by sums.
    pub fn back(self, slopes: &mut [f32], activations: &[f32]) {
        let within = |own: f32| match self {
            Self::Linear => true,
            Self::Relu => own > 0.0,
            Self::Clip(most) => own > 0.0 && own < most,
        };
        slopes.iter_mut().zip(activations).for_each(|(slope, own)| {
            if !within(*own) {
                *slope = 0.0;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(from: Source, from_shape: &[usize], shape: &[usize], map: Map) -> Layer {
        let ways = vec![Way { from, from_shape: from_shape.to_vec(), map }];
        Layer { name: "l".to_owned(), shape: shape.to_vec(), ways, bias: Vec::new(), activation: Activation::Relu }
    }

    #[test]
    fn a_convolution_a_pool_and_a_dense_layer_compute_by_hand() {
        let conv = Conv2d::new([2, 1, 2, 2], Vec::new());
        let weights = vec![1.0, 2.0, 3.0, 4.0, -1.0, 0.0, 0.0, 1.0];
        let mut first = layer(Source::Input, &[1, 3, 3], &[2, 2, 2], Map::Conv(conv, weights));
        first.bias = vec![0.5, -3.5];
        let pool = layer(Source::Layer(0), &[2, 2, 2], &[2, 1, 1], Map::Pool(Pool2d::new([2, 2], 0), 0.25));
        let mut last = layer(Source::Layer(1), &[2], &[3], Map::Dense(vec![1.0, -1.0, 0.5, 2.0, 0.0, -2.0]));
        last.activation = Activation::Linear;
        let ann = Ann { name: "a".to_owned(), input: vec![1, 3, 3], layers: vec![first, pool, last] };
        assert_eq!(ann.depths(), [1, 2, 3]);
        let inputs: Vec<f32> = (0..9_u8).map(f32::from).collect();
        let all = Ready::new(&ann).unwrap().forward(&inputs);
        // 0·1 + 1·2 + 3·3 + 4·4 + 0.5, then each window 10 (a column) and 30 (a row) more; the other differs by 4 everywhere.
        assert_eq!(all[0], [27.5, 37.5, 57.5, 67.5, 0.5, 0.5, 0.5, 0.5]);
        assert_eq!(all[1], [47.5, 0.5]);
        assert_eq!(all[2], [48.5, -47.5, 22.75]);
    }

    #[test]
    fn weights_go_to_the_order_of_products_and_back() {
        let conv = Conv2d::new([4, 1, 2, 1], Vec::new()).groups(2);
        let weights: Vec<f32> = (0..8_u8).map(f32::from).collect();
        let mut way = Way { from: Source::Input, from_shape: vec![2, 3, 3], map: Map::Conv(conv, weights) };
        let ready = way.ready(&[4, 2, 3]).unwrap();
        assert_eq!(ready.weights, [0.0, 2.0, 1.0, 3.0, 4.0, 6.0, 5.0, 7.0]);
        let before = way.clone();
        way.set(&ready);
        assert_eq!(way, before);
    }
}
