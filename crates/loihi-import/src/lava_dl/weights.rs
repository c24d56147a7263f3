//! Layers with weights: dense ones, convolutions, pools, each with the neurons that it leads to.

use super::fields::{self, LavaLayer};
use super::{Fidelity, Import, NodeError};
use loihi_core::image::Profile;
use loihi_core::num::{Delay, ThresholdMantissa, WeightExponent};
use loihi_net::network::{
    Bias, Connection, Conv2d, Each, Endpoint, Pool2d, Population, ReadBy, Signs, Weights, nearest_bias, size,
};
use std::fmt::Write as _;

impl Import {
    pub(super) fn dense(&mut self, layer: &mut LavaLayer) -> Result<(), NodeError> {
        let (mantissas, extents) = layer.weights("weight")?;
        // A layer of one neuron may come without its first extent.
        let neurons = if extents.len() == 1 { 1 } else { extents.first().copied().unwrap_or(0) };
        let (from, shape) = self.source(layer, |_| Some(vec![mantissas.len() / neurons.max(1)]))?;
        let sources = size(&shape);
        if neurons.checked_mul(sources) != Some(mantissas.len()) || neurons == 0 {
            return Err(layer.invalid(format!("weights of shape {extents:?} do not fit {sources} sources")));
        }
        layer.expect_elements(neurons)?;
        let recurrent = if layer.kind == "dense_rec" { Some(own_weights(layer, neurons)?) } else { None };
        self.connect(layer, from, &[neurons], Weights::Dense(mantissas), recurrent)
    }

    pub(super) fn conv(&mut self, layer: &mut LavaLayer) -> Result<(), NodeError> {
        let (weights, extents) = layer.weights("weight")?;
        let ([outputs, inputs, height, width] | [outputs, inputs, height, width, 1]) = *extents else {
            return Err(layer.invalid(format!("weights of shape {extents:?} are not a convolution in two dimensions")));
        };
        let conv = Conv2d::new([outputs, inputs, height, width], weights)
            .stride(layer.pair("stride", 1)?)
            .padding(layer.pair("padding", 0)?)
            .dilation(layer.pair("dilation", 1)?)
            .groups(layer.pair("groups", 1)?[0]);
        let (from, shape) = self.source(layer, |layer| {
            let reach = |at: usize| conv.dilation[at].checked_mul(conv.shape[at + 2].checked_sub(1)?)?.checked_add(1);
            let [rows, columns] = before(layer, conv.stride, conv.padding, [reach(0)?, reach(1)?])?;
            Some(vec![inputs.checked_mul(conv.groups)?, rows, columns])
        })?;
        let to = fields::planes(&shape).and_then(|from| conv.output_shape(from));
        let to = to.ok_or_else(|| layer.invalid(format!("the convolution of {shape:?} has no output")))?;
        layer.expect_elements(size(&to))?;
        self.connect(layer, from, &to, Weights::Conv2d(conv), None)
    }

    pub(super) fn pool(&mut self, layer: &mut LavaLayer) -> Result<(), NodeError> {
        let kernel = layer.pair("kernelSize", 2)?;
        let stride = if layer.has("stride") { layer.pair("stride", 1)? } else { kernel };
        let (weights, _) = layer.weights("weight")?;
        let weight = weights.first().copied().filter(|first| weights.iter().all(|weight| weight == first));
        let weight = weight.ok_or_else(|| layer.invalid("the weights of a pool are all the same"))?;
        let pool = Pool2d::new(kernel, weight).stride(stride).padding(layer.pair("padding", 0)?);
        let (from, shape) = self.source(layer, |layer| {
            let [rows, columns] = before(layer, stride, pool.padding, kernel)?;
            Some(vec![fields::planes(&layer.shape)?[0], rows, columns])
        })?;
        let to = fields::planes(&shape).and_then(|from| pool.output_shape(from));
        let to = to.ok_or_else(|| layer.invalid(format!("the pool of {shape:?} has no output")))?;
        layer.expect_elements(size(&to))?;
        self.connect(layer, from, &to, Weights::Pool2d(pool), None)
    }

    /// Adds the population of a layer, what leads to it, and what leads from it to itself.
    fn connect(
        &mut self,
        layer: &mut LavaLayer,
        from: Endpoint,
        shape: &[usize],
        weights: Weights,
        recurrent: Option<Weights>,
    ) -> Result<(), NodeError> {
        self.depth += 1;
        let mut population = Population::new(format!("layer{}", layer.number), shape);
        let mut note = format!("{} synapse weights as they are", count(&weights));
        if let Some(recurrent) = &recurrent {
            let _ = write!(note, ", {} from its neurons to themselves", count(recurrent));
        }
        let sums = layer.neuron.is_none();
        let profiles = if sums { Each::Same(integrator()) } else { layer.profiles(shape)? };
        if matches!(profiles, Each::Every(_)) {
            note.push_str("; registers by neuron");
        }
        let v_th = profiles.values().iter().map(|profile| profile.v_th).min().unwrap_or(0);
        population.compartments = vec![profiles];
        let mut fidelity = Fidelity::Exact;
        if let Some(biases) = layer.biases(shape)? {
            let held: Vec<Bias> = biases.iter().map(|bias| nearest_bias(64.0 * bias)).collect();
            let error = |(held, wanted): (&Bias, &f64)| (f64::from(held.value()) - 64.0 * wanted).abs();
            let most = held.iter().zip(&biases).map(error).fold(0.0, f64::max);
            if most > 0.0 {
                fidelity = Fidelity::Approximate;
                let _ = write!(note, "; biases differ by up to {most} of {v_th}");
            }
            population.bias = Each::of(held);
        }
        if sums {
            note.push_str("; no neurons: sums in the voltage, which is read");
        }
        let population = self.network.population(population);
        let delay = std::mem::replace(&mut self.delay, Each::Same(Delay::saturating(0)));
        let wgt_exp = WeightExponent::saturating(layer.register("wgtExp", 0, -8..=7)?);
        let mut split = false;
        let own = recurrent.map(|weights| (population, weights, Each::Same(Delay::saturating(0))));
        for (from, weights, delay) in [(from, weights, delay)].into_iter().chain(own) {
            let signs = if all_even(&weights) { Signs::Mixed } else { Signs::Split };
            split |= signs == Signs::Split;
            let connection = Connection::new(from, population, weights);
            self.network.connect(connection.wgt_exp(wgt_exp).signs(signs).delay(delay));
        }
        if split {
            note.push_str("; odd weights: positive and negative ones have axons of their own");
        }
        self.from = Some((population, shape.to_vec()));
        let delays = self.note_delay(layer)?;
        if delays > 0 {
            let _ = write!(note, "; its spikes take up to {delays} steps more");
        }
        let by = if sums { ReadBy::Voltage } else { ReadBy::Spikes };
        self.network.read(population, by);
        self.row(layer, fidelity, note);
        Ok(())
    }
}

fn count(weights: &Weights) -> usize {
    match weights {
        Weights::Dense(weights) => weights.len(),
        Weights::Conv2d(conv) => conv.weights.len(),
        _ => 1,
    }
}

fn all_even(weights: &Weights) -> bool {
    let even = |weights: &[i16]| weights.iter().all(|weight| weight % 2 == 0);
    match weights {
        Weights::Dense(weights) => even(weights),
        Weights::Conv2d(conv) => even(&conv.weights),
        Weights::Pool2d(pool) => pool.weight % 2 == 0,
        _ => false,
    }
}

/// The weights from the neurons of a recurrent layer to themselves.
fn own_weights(layer: &LavaLayer, neurons: usize) -> Result<Weights, NodeError> {
    let (mantissas, extents) = layer.weights("weight_rec")?;
    if neurons.checked_mul(neurons) != Some(mantissas.len()) {
        let what = format!("`weight_rec` of shape {extents:?} does not lead from {neurons} neurons to themselves");
        return Err(layer.invalid(what));
    }
    Ok(Weights::Dense(mantissas))
}

/// Rows and columns before windows that reach so far, if those after them leave no choice: they do where windows skip
/// some.
fn before(layer: &LavaLayer, stride: [usize; 2], padding: [usize; 2], reach: [usize; 2]) -> Option<[usize; 2]> {
    let [_, rows, columns] = fields::planes(&layer.shape)?;
    let whole = |after: usize, at: usize| {
        let padded = after.checked_sub(1)?.checked_add(reach[at]).filter(|_| stride[at] == 1)?;
        padded.checked_sub(padding[at].checked_mul(2)?)
    };
    Some([whole(rows, 0)?, whole(columns, 1)?])
}

/// A compartment that adds up, and never fires.
fn integrator() -> Profile {
    Profile { decay_u: 4096, decay_v: 0, v_th: ThresholdMantissa::MAX << 6, ..Profile::DEFAULT }
}
