//! Networks of lava-dl, in its `.net` files: integers already, so that the import is exact or says why it is not.
//!
//! A file is HDF5: `/layer/0`, `/layer/1`, … in the order of computation, each with a `type`, a `shape` with channels
//! first, weights in units of the chip's mantissas, and a group `neuron` with the chip's registers. The files list no
//! connections: each layer feeds the next one. Source: lava-dl, `netx/hdf5.py` and the files that it ships.

mod fields;
mod weights;

use fields::LavaLayer;
use loihi_core::num::Delay;
use loihi_files::plural::plural;
use loihi_files::whole;
use loihi_hdf5::{self as h5, H5Item};
use loihi_net::network::{ELEMENTS_MAX, Each, Endpoint, Entry, Input, Network, PeriodicReset, Population, size};
use loihi_nir::import::{Fidelity, FidelityRow, ImportError, Imported, NodeError};
use std::path::Path;

/// Reads a `.net` file.
///
/// # Errors
/// [`ImportError`] names file, layer, and what is wrong.
pub fn read(path: &Path) -> Result<Imported, ImportError> {
    let bytes = whole::bytes(path).map_err(|error| NodeError::whole(error.to_string()).of(path))?;
    let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    parse(&bytes, &name).map_err(|invalid| invalid.of(path))
}

/// Reads a network from the bytes of a `.net` file.
///
/// # Errors
/// [`NodeError`] names the layer, and what is wrong.
pub fn parse(bytes: &[u8], name: &str) -> Result<Imported, NodeError> {
    let root = h5::parse(bytes).map_err(|error| NodeError::whole(error.to_string()))?;
    let layers =
        root.get("layer").ok_or_else(|| NodeError::whole("it has no group `layer`: it is not a network of lava-dl"))?;
    let mut import = Import::new(name, &root);
    let read = import.all(layers);
    read.map_err(|invalid| invalid.after(&import.rows))?;
    Ok(Imported::new(import.network, import.rows, import.said))
}

/// Resets the neurons of an imported network periodically, as netx does: those of the first layer as
/// `first` says, those of each further layer a step later.
pub fn reset_periodically(imported: &mut Imported, first: PeriodicReset) {
    let PeriodicReset { interval_steps, mut offset_steps } = first;
    for population in &mut imported.network.populations {
        population.reset = Some(PeriodicReset { interval_steps, offset_steps });
        offset_steps = if offset_steps + 1 < interval_steps { offset_steps + 1 } else { 0 };
    }
    imported.said.push(format!(
        "Currents and voltages return to 0 every {}, layer by layer, from step {} of a sample on.",
        plural(interval_steps as usize, "step"),
        first.offset_steps
    ));
}

struct Import {
    network: Network,
    rows: Vec<FidelityRow>,
    said: Vec<String>,
    /// What the next layer gets its spikes from, and their extents as that layer sees them.
    from: Option<(Endpoint, Vec<usize>)>,
    /// Delay of each of these spikes.
    delay: Each<Delay>,
    /// Weight layers so far.
    depth: u32,
}

impl Import {
    fn new(name: &str, root: &H5Item) -> Self {
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
    fn all(&mut self, layers: &H5Item) -> Result<(), NodeError> {
        for number in 0.. {
            let Some(layer) = layers.get(&number.to_string()) else {
                return self.finish(number, layers);
            };
            let mut layer = LavaLayer::new(number, layer)?;
            self.layer(&mut layer)?;
            self.rate(&layer);
        }
        Ok(())
    }

    fn row(&mut self, layer: &LavaLayer, fidelity: Fidelity, note: impl Into<String>) {
        self.rows.push(FidelityRow::new(&layer.name, &layer.kind, fidelity, note));
    }

    fn layer(&mut self, layer: &mut LavaLayer) -> Result<(), NodeError> {
        match &*layer.kind {
            "input" => self.input(layer),
            "flatten" => {
                let (_, shape) = self.source(layer, |layer| Some(layer.shape.clone()))?;
                let elements = size(&shape);
                layer.expect_elements(elements)?;
                self.reshape(vec![elements]);
                self.row(layer, Fidelity::Exact, format!("{elements} in the same order, channels first; folded"));
                Ok(())
            }
            "average" => {
                let (_, shape) = self.source(layer, |_| None)?;
                let classes = size(&layer.shape).max(1);
                let note = format!(
                    "mean over runs of {} outputs each: left to the reader of the spikes",
                    size(&shape) / classes
                );
                self.row(layer, Fidelity::Exact, note);
                Ok(())
            }
            "dense" | "dense_rec" => self.dense(layer),
            "conv" => self.conv(layer),
            "pool" => self.pool(layer),
            _ => {
                self.source(layer, |_| None)?;
                layer.unsupported.push("unknown type of layer: left out, its input is passed on".to_owned());
                self.row(layer, Fidelity::Unsupported, "");
                Ok(())
            }
        }
    }

    /// Rates what a layer has that is taken for something else.
    fn rate(&mut self, layer: &LavaLayer) {
        if let Some(row) = self.rows.last_mut().filter(|_| !layer.unsupported.is_empty()) {
            row.fidelity = Fidelity::Unsupported;
            let notes = layer.unsupported.iter().chain([&row.note]).filter(|note| !note.is_empty());
            row.note = notes.map(String::as_str).collect::<Vec<_>>().join("; ");
        }
    }

    /// What a layer gets its spikes from, and their extents. The first one of a file without input layer gets them from
    /// outside, of a shape that `first` finds.
    fn source(
        &mut self,
        layer: &LavaLayer,
        first: impl Fn(&LavaLayer) -> Option<Vec<usize>>,
    ) -> Result<(Endpoint, Vec<usize>), NodeError> {
        if let Some(from) = &self.from {
            return Ok(from.clone());
        }
        let shape = first(layer).filter(|shape| (1..=ELEMENTS_MAX).contains(&size(shape)));
        let shape = shape.ok_or_else(|| {
            layer.invalid("there is no input layer before it, and its own fields do not give the shape of its input")
        })?;
        let shape = fields::squeezed(&shape);
        let name = &layer.name;
        self.said.push(format!("The file has no input layer: `{name}` takes spikes of shape {shape:?} from outside."));
        let from = (self.network.input("input", &shape), shape);
        self.from = Some(from.clone());
        Ok(from)
    }

    fn reshape(&mut self, shape: Vec<usize>) {
        if let Some((_, own)) = &mut self.from {
            *own = shape;
        }
    }

    /// Spikes from outside, or neurons whose biases come from outside.
    fn input(&mut self, layer: &mut LavaLayer) -> Result<(), NodeError> {
        if layer.shape.is_empty() {
            return Err(layer.invalid("it has no `shape`"));
        }
        let shape = fields::squeezed(&layer.shape);
        if layer.neuron.is_none() {
            let input = self.network.input("input", &shape);
            self.from = Some((input, shape));
            self.row(layer, Fidelity::Exact, "spikes from outside");
            return Ok(());
        }
        let (scale, own) = (layer.number("weight")?.unwrap_or(1.0), layer.number("bias")?.unwrap_or(0.0));
        let mut population = Population::new("input_neurons", &shape);
        population.compartments = vec![layer.profiles(&shape)?];
        let population = self.network.population(population);
        // Values come as 0 to 255, for x from -1 to 1.
        let gain_q16 = fields::rounded(64.0 * scale * 2.0 / 255.0 * 65_536.0);
        let offset = fields::rounded(64.0 * (own - scale));
        let (Some(gain_q16), Some(offset)) = (gain_q16, offset) else {
            return Err(layer.invalid(format!("biases of {scale} * x + {own} are beyond what the chip has")));
        };
        let Endpoint::Population(at) = population else { return Ok(()) };
        let entry = Entry::Bias { population: at, gain_q16, offset };
        self.network.inputs.push(Input::new("input", &shape, entry));
        self.from = Some((population, shape));
        self.note_delay(layer)?;
        let note = format!(
            "neurons with a bias of 64 * ({scale} * x + {own}) for x from -1 to 1, which a value of 0 to 255 stands for; \
             netx cuts {scale} * x + {own} to a whole number"
        );
        self.row(layer, Fidelity::Exact, note);
        Ok(())
    }

    /// Keeps the delays of a layer's spikes for the next connection; returns the longest.
    fn note_delay(&mut self, layer: &mut LavaLayer) -> Result<i32, NodeError> {
        let elements = self.from.as_ref().map_or(0, |(_, shape)| size(shape));
        let Some(delays) = layer.delays(elements)? else { return Ok(0) };
        let most = delays.iter().map(|delay| delay.get()).max().unwrap_or(0);
        self.delay = Each::of(delays);
        Ok(most)
    }

    /// What is to be seen of all layers, from the first to the last.
    fn finish(&mut self, count: usize, layers: &H5Item) -> Result<(), NodeError> {
        let H5Item::Group(layers) = layers else { return Err(NodeError::whole("`layer` is not a group")) };
        let behind = layers.keys().filter_map(|name| name.parse().ok()).find(|number: &usize| *number > count);
        if let Some(behind) = behind {
            return Err(NodeError::whole(format!("there is a `layer/{behind}`, but no `layer/{count}`")));
        }
        if self.network.populations.is_empty() {
            return Err(NodeError::whole("it has no layer of neurons"));
        }
        // Spikes from outside reach the first layer in their own step, those of neurons a step later.
        let driven = self.network.inputs.iter().any(|input| input.entry != Entry::Spikes);
        let late = self.depth.saturating_sub(u32::from(!driven));
        self.network.late_steps = late;
        if late > 0 {
            let late = plural(late as usize, "step");
            self.said.push(format!("Spikes take a step from layer to layer: a sample takes {late} more."));
        }
        self.said
            .push("Integers of the chip throughout: dt, integrator and reset are those of CUBA neurons.".to_owned());
        self.network.check().map_err(|error| NodeError::whole(error.to_string()))
    }
}
