//! The network of rectified units that a network file describes.
//!
//! The population that takes the input as biases is the input. Every other population is a layer, and the readout is the last
//! one. Weights are drawn as the file says and scaled to the deviation of He and others (2015). Pools become means, and
//! `one_to_one` connections become sums. What only spiking neurons have, such as thresholds and decays, is ignored.

use crate::ann::{Activation, Ann, Layer, Map, Source, Way};
use crate::error::ConvertError;
use loihi_net::network::{Endpoint, Entry, Network, Weights, size};
use loihi_train::ways::Ways;

/// The ANN of a network, whose activations may be clipped.
///
/// # Errors
/// [`ConvertError::Network`] names what an ANN cannot have.
pub fn design(network: &Network, clip: Option<f32>) -> Result<Ann, ConvertError> {
    let wrong = |what: String| ConvertError::Network(format!("{} is no ANN: {what}", network.name));
    let [input] = &*network.inputs else {
        return Err(wrong(format!("it has {} inputs, and an ANN takes one", network.inputs.len())));
    };
    let pixels = match input.entry {
        Entry::Spikes => Endpoint::Input(0),
        Entry::Bias { population, .. } => Endpoint::Population(population),
        Entry::Weighted(_) => return Err(wrong("its input is summed by the embedded CPU: give `bias_of`".to_owned())),
    };
    let readout = network.readout.map(|readout| readout.population);
    let readout = readout.ok_or_else(|| wrong("it has no [readout]".to_owned()))?;
    if network.connections.iter().any(|own| own.from == Endpoint::Population(readout)) {
        return Err(wrong("its readout leads to others".to_owned()));
    }
    let mut places: Vec<(Endpoint, Source)> = vec![(pixels, Source::Input)];
    let mut ann = Ann { name: network.name.clone(), input: network.shape_of(pixels).to_vec(), layers: Vec::new() };
    let mut left: Vec<usize> =
        (0..network.populations.len()).filter(|at| Endpoint::Population(*at) != pixels).collect();
    while !left.is_empty() {
        // The readout comes last.
        let is_ready = |at: &usize| {
            let mut before = network.connections.iter().filter(|own| own.to == *at);
            before.all(|own| places.iter().any(|(place, _)| *place == own.from)) && (*at != readout || left.len() == 1)
        };
        let Some(next) = left.iter().position(is_ready) else {
            // What waits for a circle may be outside of it, as the readout is.
            let first = left.iter().find(|at| **at != readout).unwrap_or(&left[0]);
            return Err(wrong(format!("`{}` is in a circle", network.populations[*first].name)));
        };
        let at = left.remove(next);
        let mut layer = layer(network, at, &places)?;
        layer.activation = match clip {
            _ if at == readout => Activation::Linear,
            // The mean of what is clipped is clipped.
            Some(clip) if !matches!(&*layer.ways, [Way { map: Map::Pool(..), .. }]) => Activation::Clip(clip),
            _ => Activation::Relu,
        };
        places.push((Endpoint::Population(at), Source::Layer(ann.layers.len())));
        ann.layers.push(layer);
    }
    Ok(ann)
}

fn layer(network: &Network, at: usize, places: &[(Endpoint, Source)]) -> Result<Layer, ConvertError> {
    let population = &network.populations[at];
    let own = || network.connections.iter().filter(move |own| own.to == at);
    let mut ways = Vec::new();
    let mut fan_in = 0;
    for connection in own() {
        let wrong = |what: &str| {
            let (from, to) = (network.name_of(connection.from), &population.name);
            ConvertError::Network(format!("the connection from `{from}` to `{to}` cannot be one of an ANN: {what}"))
        };
        let shape = network.shape_of(connection.from);
        let (order, mantissas) =
            Ways::of(&connection.weights, [shape, &population.shape]).map_err(|what| wrong(&what))?;
        let values = mantissas.iter().map(|own| f32::from(*own)).collect();
        let (map, from_shape) = match &connection.weights {
            own if own.is_dense() => (Map::Dense(values), vec![size(shape)]),
            Weights::Conv2d(conv) => {
                let values = conv.weights.iter().map(|own| f32::from(*own)).collect();
                (Map::Conv(conv.clone().weights(Vec::new()), values), shape.to_vec())
            }
            #[expect(clippy::cast_precision_loss, reason = "windows are small")]
            Weights::Pool2d(pool) => (Map::Pool(*pool, 1.0 / (pool.kernel[0] * pool.kernel[1]) as f32), shape.to_vec()),
            Weights::OneToOne(_) => (Map::Scale(vec![1.0]), population.shape.clone()),
            Weights::Dense(_) | Weights::Compressed(_) | Weights::Sparse(_) => return Err(wrong("it is sparse")),
        };
        if matches!(map, Map::Dense(_) | Map::Conv(..)) {
            fan_in += order.fan_in();
            if is_flat(&mantissas) {
                return Err(wrong("its weights are all the same: give { init = \"normal\", std = 20.0 }"));
            }
        }
        let from = places.iter().find(|(place, _)| *place == connection.from).map(|(_, source)| *source);
        ways.push(Way { from: from.ok_or_else(|| wrong("nothing comes from it"))?, from_shape, map });
    }
    if ways.is_empty() {
        return Err(ConvertError::Network(format!("nothing leads to `{}`", population.name)));
    }
    let is_last = network.readout.is_some_and(|readout| readout.population == at);
    let gain = if is_last { 1.0 } else { 2.0 };
    #[expect(clippy::cast_precision_loss, reason = "a deviation may be rounded")]
    let deviation = (gain / fan_in.max(1) as f32).sqrt();
    for way in &mut ways {
        draw(way, deviation);
    }
    let bias = if fan_in > 0 { vec![0.0; crate::ann::channels(&population.shape)[0]] } else { Vec::new() };
    Ok(Layer {
        name: population.name.clone(),
        shape: population.shape.clone(),
        ways,
        bias,
        activation: Activation::Linear,
    })
}

fn is_flat(mantissas: &[i16]) -> bool {
    mantissas.windows(2).all(|pair| pair[0] == pair[1])
}

/// Brings weights to a deviation.
fn draw(way: &mut Way, deviation: f32) {
    let (Map::Dense(weights) | Map::Conv(_, weights)) = &mut way.map else { return };
    #[expect(clippy::cast_precision_loss, reason = "a deviation may be rounded")]
    let count = weights.len().max(1) as f32;
    let mean = weights.iter().sum::<f32>() / count;
    let own = (weights.iter().map(|weight| (weight - mean).powi(2)).sum::<f32>() / count).sqrt();
    for weight in weights {
        *weight = (*weight - mean) * deviation / own;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_net::network::file::{FileOptions, parse_with};
    use std::path::Path;

    const POOLED: &str = r#"
name = "pooled"

[[input]]
name = "image"
shape = [1, 4, 4]

[[population]]
name = "out"
shape = [2]

[[population]]
name = "hidden"
shape = [2, 4, 4]

[[population]]
name = "pool"
shape = [2, 2, 2]

[[connection]]
from = "image"
to = "hidden"
kind = "conv2d"
kernel = [3, 3]
padding = [1, 1]
weights = { init = "normal", std = 30.0 }

[[connection]]
from = "hidden"
to = "pool"
kind = "pool2d"
kernel = [2, 2]
weights = 8

[[connection]]
from = "pool"
to = "out"
weights = { init = "normal", std = 30.0 }

[readout]
population = "out"
"#;

    fn designed(text: &str, clip: Option<f32>) -> Result<Ann, ConvertError> {
        let options = FileOptions::default().data(vec![1, 4, 4], 2);
        design(&parse_with(text, Path::new("pooled.toml"), &options).unwrap(), clip)
    }

    #[test]
    fn a_clipped_network_with_a_pool_comes_back_from_its_file_with_as_many_layers() {
        let ann = designed(POOLED, Some(0.5)).unwrap();
        let activations: Vec<Activation> = ann.layers.iter().map(|layer| layer.activation).collect();
        assert_eq!(activations, [Activation::Clip(0.5), Activation::Relu, Activation::Linear]);
        let read = crate::onnx::read(&crate::onnx::bytes(&ann), "pooled").unwrap();
        assert_eq!(read.layers.len(), 3);
        let scores = |ann: &Ann| crate::ann::Ready::new(ann).unwrap().forward(&[1.0; 16]).pop();
        assert_eq!(scores(&read), scores(&ann));
    }

    #[test]
    fn a_circle_is_named_by_a_population_that_may_be_in_it() {
        let circle =
            "[[connection]]\nfrom = \"hidden\"\nto = \"hidden\"\nweights = { init = \"normal\", std = 30.0 }\n";
        let said = designed(&POOLED.replace("[readout]", &format!("{circle}\n[readout]")), None).unwrap_err();
        assert_eq!(said.to_string(), "pooled is no ANN: `hidden` is in a circle");
    }
}
