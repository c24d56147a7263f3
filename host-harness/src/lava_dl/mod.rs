//! Networks of lava-dl, in its `.net` files: integers already, so that the import is exact or says why it is not.
//!
//! A file is HDF5: `/layer/0`, `/layer/1`, … in the order of computation, each with a `type`, a `shape` with channels
//! first, weights in units of the chip's mantissas, and a group `neuron` with the chip's registers. The files list no
//! connections: each layer feeds the next one. Source: lava-dl, `netx/hdf5.py` and the files that it ships.

mod fields;

use crate::h5::{self, Item};
use crate::import::{ImportError, Imported, Rating, Row, Wrong};
use crate::network::{
    Bias, Connection, Conv2d, Each, Endpoint, Entry, Input, Network, Pool2d, Population, ReadBy, Signs, Weights,
    nearest_bias, size,
};
use crate::whole;
use crate::words::counted;
use fields::Layer;
use loihi_core::image::Profile;
use loihi_core::num::{Delay, ThresholdMantissa, WeightExponent};
use std::fmt::Write as _;
use std::path::Path;

/// Reads a `.net` file.
///
/// # Errors
/// [`ImportError`] names file, layer, and what is wrong.
pub fn read(path: &Path) -> Result<Imported, ImportError> {
    let bytes = whole::bytes(path).map_err(|error| Wrong::whole(error.to_string()).of(path))?;
    let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    parse(&bytes, &name).map_err(|wrong| wrong.of(path))
}

/// Reads a network from the bytes of a `.net` file.
///
/// # Errors
/// [`Wrong`] names the layer, and what is wrong.
pub fn parse(bytes: &[u8], name: &str) -> Result<Imported, Wrong> {
    let root = h5::parse(bytes).map_err(Wrong::whole)?;
    let layers =
        root.get("layer").ok_or_else(|| Wrong::whole("it has no group `layer`: it is no network of lava-dl"))?;
    let mut import = Import::new(name, &root);
    let read = import.all(layers);
    read.map_err(|wrong| wrong.after(&import.rows))?;
    Ok(Imported { network: import.network, rows: import.rows, said: import.said })
}

struct Import {
    network: Network,
    rows: Vec<Row>,
    said: Vec<String>,
    /// What the next layer gets its spikes from, and their extents as that layer sees them.
    from: Option<(Endpoint, Vec<usize>)>,
    /// Delay of each of these spikes.
    delay: Each<Delay>,
    /// Weight layers so far.
    depth: u32,
}

impl Import {
    fn new(name: &str, root: &Item) -> Self {
        let mut network = Network::new(name);
        let sample = root.get("simulation").and_then(|simulation| simulation.get("tSample"));
        let steps = sample.and_then(fields::single).filter(|steps| steps.fract() == 0.0 && (1.0..1e9).contains(steps));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and in range")]
        if let Some(steps) = steps {
            network.steps = steps as u32;
        }
        let delay = Each::Same(Delay::saturating(0));
        Self { network, rows: Vec::new(), said: Vec::new(), from: None, delay, depth: 0 }
    }

    /// Every layer, and what is to be said of all of them.
    fn all(&mut self, layers: &Item) -> Result<(), Wrong> {
        for number in 0.. {
            let Some(layer) = layers.get(&number.to_string()) else { break };
            let mut layer = Layer::new(number, layer)?;
            self.layer(&mut layer)?;
            self.rate(&layer);
        }
        self.finish()
    }

    fn row(&mut self, layer: &Layer, rating: Rating, note: impl Into<String>) {
        self.rows.push(Row::new(&layer.name, &layer.kind, rating, note));
    }

    fn layer(&mut self, layer: &mut Layer) -> Result<(), Wrong> {
        match &*layer.kind {
            "input" => self.input(layer),
            "flatten" => {
                let (_, shape) = self.source(layer)?;
                let elements = size(&shape);
                layer.expect_elements(elements)?;
                self.reshape(vec![elements]);
                self.row(layer, Rating::Exact, format!("{elements} in the same order, channels first; folded"));
                Ok(())
            }
            "average" => {
                let (_, shape) = self.source(layer)?;
                let classes = size(&layer.shape).max(1);
                let note =
                    format!("mean over runs of {} outputs each: left to who reads the spikes", size(&shape) / classes);
                self.row(layer, Rating::Exact, note);
                Ok(())
            }
            "dense" => self.dense(layer),
            "conv" => self.conv(layer),
            "pool" => self.pool(layer),
            _ => {
                self.source(layer)?;
                layer.unsupported.push("no type of layer that is known: left out, what comes in goes on".to_owned());
                self.row(layer, Rating::Unsupported, "");
                Ok(())
            }
        }
    }

    /// Rates what a layer has that is taken for something else.
    fn rate(&mut self, layer: &Layer) {
        if let Some(row) = self.rows.last_mut().filter(|_| !layer.unsupported.is_empty()) {
            row.rating = Rating::Unsupported;
            let notes = layer.unsupported.iter().chain([&row.note]).filter(|note| !note.is_empty());
            row.note = notes.map(String::as_str).collect::<Vec<_>>().join("; ");
        }
    }

    fn source(&self, layer: &Layer) -> Result<(Endpoint, Vec<usize>), Wrong> {
        self.from.clone().ok_or_else(|| layer.wrong("there is no input layer before it"))
    }

    fn reshape(&mut self, shape: Vec<usize>) {
        if let Some((_, own)) = &mut self.from {
            *own = shape;
        }
    }

    /// Spikes from outside, or neurons whose biases come from outside.
    fn input(&mut self, layer: &mut Layer) -> Result<(), Wrong> {
        if layer.shape.is_empty() {
            return Err(layer.wrong("it has no `shape`"));
        }
        let shape = fields::squeezed(&layer.shape);
        if layer.neuron.is_none() {
            let input = self.network.input("input", &shape);
            self.from = Some((input, shape));
            self.row(layer, Rating::Exact, "spikes from outside");
            return Ok(());
        }
        let (scale, own) = (layer.number("weight")?.unwrap_or(1.0), layer.number("bias")?.unwrap_or(0.0));
        let population = Population::new("input_neurons", &shape, layer.profile()?);
        let population = self.network.population(population);
        // Values come as 0 to 255, for x from -1 to 1.
        let gain_q16 = fields::rounded(64.0 * scale * 2.0 / 255.0 * 65_536.0);
        let offset = fields::rounded(64.0 * (own - scale));
        let (Some(gain_q16), Some(offset)) = (gain_q16, offset) else {
            return Err(layer.wrong(format!("biases of {scale} * x + {own} are beyond what the chip has")));
        };
        let Endpoint::Population(at) = population else { return Ok(()) };
        let entry = Entry::Bias { population: at, gain_q16, offset };
        self.network.inputs.push(Input { name: "input".to_owned(), shape: shape.clone(), entry });
        self.from = Some((population, shape));
        self.note_delay(layer)?;
        let note = format!(
            "neurons with a bias of 64 * ({scale} * x + {own}) for x from -1 to 1, which a value of 0 to 255 stands for"
        );
        self.row(layer, Rating::Exact, note);
        Ok(())
    }

    fn dense(&mut self, layer: &mut Layer) -> Result<(), Wrong> {
        let (from, shape) = self.source(layer)?;
        let (mantissas, extents) = layer.weights()?;
        let sources = size(&shape);
        // A layer of one neuron may come without its first extent.
        let neurons = if extents.len() == 1 { 1 } else { extents.first().copied().unwrap_or(0) };
        if neurons.checked_mul(sources) != Some(mantissas.len()) || neurons == 0 {
            return Err(layer.wrong(format!("weights of shape {extents:?} do not fit {sources} sources")));
        }
        layer.expect_elements(neurons)?;
        self.connect(layer, from, &[neurons], Weights::Dense(mantissas))
    }

    fn conv(&mut self, layer: &mut Layer) -> Result<(), Wrong> {
        let (from, shape) = self.source(layer)?;
        let (weights, extents) = layer.weights()?;
        let ([outputs, inputs, height, width] | [outputs, inputs, height, width, 1]) = *extents else {
            return Err(layer.wrong(format!("weights of shape {extents:?} are no convolution in two dimensions")));
        };
        let conv = Conv2d {
            weights,
            shape: [outputs, inputs, height, width],
            stride: layer.pair("stride", 1)?,
            padding: layer.pair("padding", 0)?,
            dilation: layer.pair("dilation", 1)?,
            groups: layer.pair("groups", 1)?[0],
        };
        let to = fields::planes(&shape).and_then(|from| conv.output_shape(from));
        let to = to.ok_or_else(|| layer.wrong(format!("the convolution of {shape:?} has no output")))?;
        layer.expect_elements(size(&to))?;
        self.connect(layer, from, &to, Weights::Conv2d(conv))
    }

    fn pool(&mut self, layer: &mut Layer) -> Result<(), Wrong> {
        let (from, shape) = self.source(layer)?;
        let kernel = layer.pair("kernelSize", 2)?;
        let stride = if layer.has("stride") { layer.pair("stride", 1)? } else { kernel };
        let (weights, _) = layer.weights()?;
        let weight = weights.first().copied().filter(|first| weights.iter().all(|weight| weight == first));
        let weight = weight.ok_or_else(|| layer.wrong("the weights of a pool are all the same"))?;
        let pool = Pool2d { kernel, stride, padding: layer.pair("padding", 0)?, weight };
        let to = fields::planes(&shape).and_then(|from| pool.output_shape(from));
        let to = to.ok_or_else(|| layer.wrong(format!("the pool of {shape:?} has no output")))?;
        layer.expect_elements(size(&to))?;
        self.connect(layer, from, &to, Weights::Pool2d(pool))
    }

    /// Adds the population of a layer and what leads to it.
    fn connect(&mut self, layer: &mut Layer, from: Endpoint, shape: &[usize], weights: Weights) -> Result<(), Wrong> {
        self.depth += 1;
        let mut population = Population::new(format!("layer{}", layer.number), shape, Profile::DEFAULT);
        let mut note = format!("{} synapse weights as they are", count(&weights));
        let sums = layer.neuron.is_none();
        let profile = if sums { integrator() } else { layer.profile()? };
        population.compartments = vec![Each::Same(profile)];
        let mut rating = Rating::Exact;
        if let Some(biases) = layer.biases(shape)? {
            let held: Vec<Bias> = biases.iter().map(|bias| nearest_bias(64.0 * bias)).collect();
            let error = |(held, wanted): (&Bias, &f64)| (f64::from(held.value()) - 64.0 * wanted).abs();
            let most = held.iter().zip(&biases).map(error).fold(0.0, f64::max);
            if most > 0.0 {
                rating = Rating::Approximate;
                let _ = write!(note, "; biases differ by up to {most} of {}", profile.v_th);
            }
            population.bias = Each::of(held);
        }
        if sums {
            note.push_str("; no neurons: sums in the voltage, which is read");
        }
        let population = self.network.population(population);
        let even = |weights: &[i16]| weights.iter().all(|weight| weight % 2 == 0);
        let even = match &weights {
            Weights::Dense(weights) => even(weights),
            Weights::Conv2d(conv) => even(&conv.weights),
            Weights::Pool2d(pool) => pool.weight % 2 == 0,
            _ => false,
        };
        let signs = if even { Signs::Mixed } else { Signs::Split };
        if signs == Signs::Split {
            note.push_str("; odd weights: positive and negative ones have axons of their own");
        }
        let delay = std::mem::replace(&mut self.delay, Each::Same(Delay::saturating(0)));
        let wgt_exp = WeightExponent::saturating(layer.register("wgtExp", 0, -8..=7)?);
        self.network.connect(Connection { wgt_exp, signs, delay, ..Connection::new(from, population, weights) });
        self.from = Some((population, shape.to_vec()));
        let delays = self.note_delay(layer)?;
        if delays > 0 {
            let _ = write!(note, "; its spikes take up to {delays} steps more");
        }
        let by = if sums { ReadBy::Voltage } else { ReadBy::Spikes };
        self.network.read(population, by);
        self.row(layer, rating, note);
        Ok(())
    }

    /// Keeps the delays of a layer's spikes for the next connection; returns the longest.
    fn note_delay(&mut self, layer: &mut Layer) -> Result<i32, Wrong> {
        let (_, shape) = self.source(layer)?;
        let Some(delays) = layer.delays(size(&shape))? else { return Ok(0) };
        let most = delays.iter().map(|delay| delay.get()).max().unwrap_or(0);
        self.delay = Each::of(delays);
        Ok(most)
    }

    fn finish(&mut self) -> Result<(), Wrong> {
        if self.network.populations.is_empty() {
            return Err(Wrong::whole("it has no layer of neurons"));
        }
        // Spikes from outside reach the first layer in their own step, those of neurons a step later.
        let driven = self.network.inputs.iter().any(|input| input.entry != Entry::Spikes);
        let late = self.depth.saturating_sub(u32::from(!driven));
        self.network.late_steps = late;
        if late > 0 {
            let late = counted(late as usize, "step");
            self.said.push(format!("Spikes take a step from layer to layer: a sample takes {late} more."));
        }
        self.said
            .push("Integers of the chip throughout: dt, integrator and reset are those of CUBA neurons.".to_owned());
        self.network.check().map_err(|error| Wrong::whole(error.to_string()))
    }
}

fn count(weights: &Weights) -> usize {
    match weights {
        Weights::Dense(weights) => weights.len(),
        Weights::Conv2d(conv) => conv.weights.len(),
        _ => 1,
    }
}

/// A compartment that adds up, and never fires.
fn integrator() -> Profile {
    Profile { decay_u: 4096, decay_v: 0, v_th: ThresholdMantissa::MAX << 6, ..Profile::DEFAULT }
}

#[cfg(test)]
mod tests;
