//! Networks that lava-dl ships give the numbers that it recorded of them.

#![allow(clippy::unwrap_used, reason = "what is missing fails the test")]

use flate2::read::GzDecoder;
use loihi_core::register::Register;
use loihi_device::inproc::InProcess;
use loihi_device::session::{RetryPolicy, Session};
use loihi_files::npz::{self, Array, Values};
use loihi_hdf5::{self as h5, H5Item};
use loihi_import::lava_dl::{parse, read, reset_periodically};
use loihi_net::network::{Endpoint, PeriodicReset};
use loihi_nir::import::{Fidelity, Imported};
use loihi_place::place::{PlacementOptions, place};
use loihi_run::inference::Spike;
use loihi_run::inference::{Inference, Stimulus};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

fn file(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/lava-dl").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn net(name: &str) -> Imported {
    let mut bytes = Vec::new();
    GzDecoder::new(&*file(&format!("{name}.net.gz"))).read_to_end(&mut bytes).unwrap();
    parse(&bytes, name).unwrap_or_else(|invalid| panic!("{name}: {invalid:?}"))
}

fn session() -> Session {
    Session::open(Box::new(InProcess::new(64 << 20)), RetryPolicy::default(), 1, || false).unwrap()
}

/// Spikes of an array `[elements, steps]` as a stimulus, this many steps later.
fn spikes(array: &[i64], steps: usize, later: u32) -> Vec<(u32, usize, usize)> {
    let step = |at: usize| u32::try_from(at % steps).unwrap() + later;
    let mut spikes: Vec<_> =
        array.iter().enumerate().filter(|(_, spike)| **spike != 0).map(|(at, _)| (step(at), 0, at / steps)).collect();
    spikes.sort_unstable();
    spikes
}

#[test]
fn ntidigits_fires_every_recorded_spike() {
    let Imported { network, rows, .. } = net("ntidigits");
    assert!(rows.iter().all(|row| row.fidelity == Fidelity::Exact), "{rows:?}");
    let truth = file("ntidigits_gt.npz");
    let [input, output] = ["input", "output"].map(|name| npz::parse(&truth, name).unwrap().whole().unwrap());
    let stimulus = Stimulus { steps: 3000, spikes: spikes(&input, 3000, 0), ..Stimulus::default() };
    let placed = place(&network, PlacementOptions::default()).unwrap();
    let mut session = session();
    let mut inference = Inference::new(&mut session, &network, &placed).unwrap();
    let last = network.readout.unwrap().population;
    let mut found = Vec::new();
    // The recording counts the input's step and the output's as layers of their own.
    let visit = |spike: Spike| {
        if spike.population == last {
            found.push((spike.step + 2, 0, spike.neuron));
        }
    };
    inference.run(&stimulus, visit).unwrap();
    found.sort_unstable();
    assert_eq!(found.len(), 22_572);
    assert_eq!(found, spikes(&output, 3000, 0));
}

/// Recorded spikes, and currents and voltages where they were, `[x, y, channel, step]` or `[neuron, step]`.
struct Recording {
    truth: Vec<u8>,
    layer: String,
    shape: Vec<usize>,
}

impl Recording {
    fn array(&self, what: &str) -> Option<Vec<i64>> {
        if self.layer == "conv0" {
            let bytes = (what == "s").then(|| npz::parse(&self.truth, "conv0_s_packed").unwrap().whole().unwrap());
            return bytes
                .map(|bytes| bytes.iter().flat_map(|byte| (0..8).map(move |bit| byte >> (7 - bit) & 1)).collect());
        }
        npz::parse(&self.truth, &format!("{}_{what}", self.layer)).ok().map(|array| array.whole().unwrap())
    }

    /// Where a neuron's steps begin in an array.
    fn place(&self, neuron: usize) -> usize {
        let [channels, height, width] = *self.shape else { return 24 * neuron };
        let (channel, y, x) = (neuron / (height * width), neuron / width % height, neuron % width);
        24 * ((x * height + y) * channels + channel)
    }
}

/// The whole network from its image on, with netx's periodic reset: every spike, and every current and voltage that was
/// recorded, of eight layers in 24 steps. What goes on from conv1 is recorded in conv2.
#[test]
fn pilotnet_is_exact_from_its_image_on() {
    let mut imported = net("pilotnet_lif");
    reset_periodically(&mut imported, PeriodicReset { interval_steps: 17, offset_steps: 0 });
    let network = imported.network;
    let placed = place(&network, PlacementOptions::default().chips(2)).unwrap();
    let mut session = Session::open(Box::new(InProcess::new(512 << 20)), RetryPolicy::default(), 1, || false).unwrap();
    let mut inference = Inference::new(&mut session, &network, &placed).unwrap();
    let truth = file("pilotnet_lif_gt.npz");
    // The image was recorded as netx hands it over: biases in units of 64, `[x, y, channel]`.
    let picture = npz::parse(&truth, "image").unwrap().whole().unwrap();
    let bias = |at: usize| {
        let (channel, y, x) = (at / 13_200, at / 200 % 66, at % 200);
        64 * i32::try_from(picture[(x * 66 + y) * 3 + channel]).unwrap()
    };
    let biases = vec![(0, (0..39_600).map(bias).collect())];
    let layers = [(1, "conv0"), (3, "conv2"), (4, "conv3"), (5, "conv4"), (6, "fc0"), (7, "fc1"), (8, "fc2")];
    let recorded = layers.map(|(population, layer)| {
        let shape = network.populations[population].shape.clone();
        let recording = Recording { truth: truth.clone(), layer: layer.to_owned(), shape };
        let arrays = ["u", "v", "s"].map(|what| recording.array(what));
        (population, recording, arrays)
    });
    let mut stimulus = Stimulus { steps: 1, biases, ..Stimulus::default() };
    for step in 0..24 {
        let mut fired: Vec<Vec<bool>> = network.populations.iter().map(|own| vec![false; own.neurons()]).collect();
        inference.go_on(&stimulus, |spike| fired[spike.population][spike.neuron] = true).unwrap();
        stimulus.biases.clear();
        for (population, recording, [u, v, s]) in &recorded {
            let here = |neuron: usize| format!("{}, step {step}, neuron {neuron}", recording.layer);
            let spikes = s.as_ref().unwrap();
            for (neuron, fired) in fired[*population].iter().enumerate() {
                assert_eq!(i64::from(*fired), spikes[recording.place(neuron) + step], "spikes of {}", here(neuron));
            }
            for (register, wanted) in [(Register::U, u), (Register::V, v)] {
                let Some(wanted) = wanted else { continue };
                for (neuron, found) in inference.read(register, *population).unwrap().into_iter().enumerate() {
                    // The recorder shows 128 where a neuron has just fired.
                    let reset = register == Register::V && fired[*population][neuron];
                    let wanted = if reset { 0 } else { wanted[recording.place(neuron) + step] };
                    assert_eq!(i64::from(found), wanted, "{register:?} of {}", here(neuron));
                }
            }
        }
    }
}

/// A file of the field, which others have written.
fn field(name: &str) -> Imported {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/field/lava-dl").join(name);
    read(&path).unwrap_or_else(|error| panic!("{error}"))
}

/// A layer of CUBA neurons as the equations say it, with registers by neuron.
struct Cuba {
    weights: Vec<i64>,
    own: Vec<i64>,
    decays: [Vec<i64>; 2],
    v_th: i64,
    state: [Vec<i64>; 2],
    fired: Vec<bool>,
}

impl Cuba {
    fn of(layer: &H5Item, neurons: usize) -> Self {
        let numbers = |item: Option<&H5Item>| match item {
            Some(H5Item::Array(array)) => array.whole().unwrap(),
            _ => Vec::new(),
        };
        let register = |name: &str| {
            let values = numbers(layer.get("neuron").and_then(|neuron| neuron.get(name)));
            if values.len() == 1 { vec![values[0]; neurons] } else { values }
        };
        Self {
            weights: numbers(layer.get("weight")),
            own: numbers(layer.get("weight_rec")),
            decays: [register("iDecay"), register("vDecay")],
            v_th: 64 * register("vThMant")[0],
            state: [vec![0; neurons], vec![0; neurons]],
            fired: vec![false; neurons],
        }
    }

    fn step(&mut self, spikes: &[bool]) {
        let before = self.fired.clone();
        let sum = |weights: &[i64], spikes: &[bool]| -> i64 {
            weights.iter().zip(spikes).filter(|(_, spike)| **spike).map(|(weight, _)| 64 * weight).sum()
        };
        for neuron in 0..before.len() {
            let row = |weights: &[i64], width: usize| {
                weights.get(neuron * width..(neuron + 1) * width).unwrap_or(&[]).to_vec()
            };
            let input = sum(&row(&self.weights, spikes.len()), spikes) + sum(&row(&self.own, before.len()), &before);
            let kept = |value: i64, decay: i64| value * (4096 - decay) / 4096;
            let [u, v] = [0, 1].map(|at| kept(self.state[at][neuron], self.decays[at][neuron]));
            let (u, v) = (u + input, v + u + input);
            self.fired[neuron] = v > self.v_th;
            (self.state[0][neuron], self.state[1][neuron]) = (u, if self.fired[neuron] { 0 } else { v });
        }
    }
}

/// Files without an input layer, with registers by neuron, and with recurrent layers: every spike, against the equations.
#[test]
fn files_of_the_field_compute_what_they_say() {
    for (name, layers, inputs) in
        [("no_input_layer.net", &[0, 1][..], 6), ("decays_per_neuron.net", &[1], 6), ("dense_rec.net", &[1], 6)]
    {
        let imported = field(name);
        assert!(imported.rows.iter().all(|row| row.fidelity == Fidelity::Exact), "{name}: {:?}", imported.rows);
        let network = imported.network;
        assert_eq!(network.inputs[0].shape, [inputs], "{name}");
        let bytes =
            std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/field/lava-dl").join(name));
        let tree = h5::parse(&bytes.unwrap()).unwrap();
        let of_file = |number: &usize| tree.get("layer").and_then(|layers| layers.get(&number.to_string())).unwrap();
        let mut model: Vec<Cuba> = layers
            .iter()
            .zip(&network.populations)
            .map(|(number, own)| Cuba::of(of_file(number), own.neurons()))
            .collect();
        let spikes = |step: u32| -> Vec<bool> {
            (0..inputs)
                .map(|at| loihi_core::num::word(5, 1, step, u32::try_from(at).unwrap()).is_multiple_of(3))
                .collect()
        };
        let steps = 200;
        let given = (0..steps).flat_map(|step| {
            let fired = spikes(step).into_iter().enumerate().filter(|(_, spike)| *spike);
            fired.map(move |(at, _)| (step, 0, at)).collect::<Vec<_>>()
        });
        let stimulus = Stimulus { steps, spikes: given.collect(), ..Stimulus::default() };
        let mut wanted = Vec::new();
        for step in 0..steps {
            let before: Vec<Vec<bool>> = model.iter().map(|layer| layer.fired.clone()).collect();
            for (number, layer) in model.iter_mut().enumerate() {
                layer.step(&number.checked_sub(1).map_or_else(|| spikes(step), |before_it| before[before_it].clone()));
                let fired = layer.fired.iter().enumerate().filter(|(_, fired)| **fired);
                wanted.extend(fired.map(|(neuron, _)| Spike { step, population: number, neuron }));
            }
        }
        let placed = place(&network, PlacementOptions::default()).unwrap();
        let mut session = session();
        let mut found = Vec::new();
        Inference::new(&mut session, &network, &placed).unwrap().run(&stimulus, |spike| found.push(spike)).unwrap();
        found.sort_unstable();
        assert!(wanted.len() > 50, "{name}: {} spikes", wanted.len());
        assert_eq!(found, wanted, "{name}");
    }
}

/// What leads from a layer to itself, and what was assumed, is said.
#[test]
fn what_a_file_of_the_field_leaves_open_is_said() {
    let recurrent = field("dense_rec.net");
    let ends: Vec<_> = recurrent.network.connections.iter().map(|own| (own.from, own.to)).collect();
    assert_eq!(ends, [(Endpoint::Input(0), 0), (Endpoint::Population(0), 0)]);
    assert!(recurrent.rows[1].note.contains("25 from its neurons to themselves"), "{:?}", recurrent.rows);
    let without = field("no_input_layer.net");
    let said = "The file has no input layer: `layer/0` takes spikes of shape [6] from outside.";
    assert!(without.said.iter().any(|sentence| sentence == said), "{:?}", without.said);
    assert!(field("decays_per_neuron.net").rows[1].note.contains("registers by neuron"));
}

#[test]
fn what_is_wrong_is_named_with_its_layer() {
    let mut whole = Vec::new();
    GzDecoder::new(&*file("tiny.net.gz")).read_to_end(&mut whole).unwrap();
    let tree = h5::parse(&whole).unwrap();
    let said_of = |number: &str, change: &dyn Fn(&mut BTreeMap<String, H5Item>)| {
        let mut tree = tree.clone();
        let H5Item::Group(root) = &mut tree else { panic!("no group") };
        let Some(H5Item::Group(layers)) = root.get_mut("layer") else { panic!("no layers") };
        let Some(H5Item::Group(layer)) = layers.get_mut(number) else { panic!("no layer {number}") };
        change(layer);
        parse(&h5::bytes(&tree).unwrap(), "tiny").unwrap_err().of(Path::new("a.net")).to_string()
    };
    let array =
        |shape: &[usize], values: Vec<f64>| H5Item::Array(Array::new(shape.to_vec(), Values::Real(values)).unwrap());
    for (field, value, sentence) in [
        ("weight", array(&[1], vec![f64::NAN]), "a.net, node `layer/2`: `weight` has values that are not numbers"),
        ("weight", array(&[1], vec![300.0]), "a.net, node `layer/2`: a weight is beyond -256 to 255"),
        ("weight", array(&[1], vec![0.5]), "a.net, node `layer/2`: `weight` has values that are not whole"),
        ("weight", array(&[1], vec![2.0]), "a.net, node `layer/2`: weights of shape [1] are not a convolution"),
        ("bias", array(&[2], vec![2.0, 1.0]), "a.net, node `layer/2`: 2 biases do not fit 36 neurons in 36 channels"),
        ("shape", array(&[1], vec![7.0]), "a.net, node `layer/2`: its shape is [7], but it gives 36 elements"),
    ] {
        let said = said_of("2", &|layer: &mut BTreeMap<String, H5Item>| {
            layer.insert(field.to_owned(), value.clone());
        });
        assert!(said.starts_with(sentence), "{said}");
    }
    // Layers behind one that is missing are not left out in silence.
    let mut gap = tree.clone();
    let H5Item::Group(root) = &mut gap else { panic!("no group") };
    let Some(H5Item::Group(layers)) = root.get_mut("layer") else { panic!("no layers") };
    layers.remove("1");
    let said = parse(&h5::bytes(&gap).unwrap(), "tiny").map(drop).unwrap_err().what;
    assert_eq!(said, "there is a `layer/2`, but no `layer/1`");
    // A layer that was left out is named with what does not fit because of it.
    let left_out = said_of("1", &|layer: &mut BTreeMap<String, H5Item>| {
        layer.insert("type".to_owned(), H5Item::text("gru"));
    });
    assert!(left_out.ends_with("it comes without what is unsupported: `layer/1` (gru)"), "{left_out}");
    assert!(parse(b"nonsense", "x").unwrap_err().what.contains("not an HDF5 file"));
}

/// What the chip lacks is reported, with what it is taken for.
#[test]
fn what_is_unsupported_is_rated() {
    let mut whole = Vec::new();
    GzDecoder::new(&*file("ntidigits.net.gz")).read_to_end(&mut whole).unwrap();
    let mut tree = h5::parse(&whole).unwrap();
    let H5Item::Group(root) = &mut tree else { panic!("no group") };
    let Some(H5Item::Group(layers)) = root.get_mut("layer") else { panic!("no layers") };
    let Some(H5Item::Group(layer)) = layers.get_mut("2") else { panic!("no layer 2") };
    let Some(H5Item::Group(neuron)) = layer.get_mut("neuron") else { panic!("no neuron") };
    neuron.insert("type".to_owned(), H5Item::text("ALIF"));
    let delay = Array::new(vec![1], Values::Real(vec![70.0])).unwrap();
    layer.insert("delay".to_owned(), H5Item::Array(delay));
    let gru = H5Item::Group(BTreeMap::from([("type".to_owned(), H5Item::text("gru"))]));
    let last = layers.len().to_string();
    layers.insert(last.clone(), gru);
    let imported = parse(&h5::bytes(&tree).unwrap(), "x").unwrap();
    assert_eq!(imported.fidelity(), Fidelity::Unsupported);
    let note = |name: &str| {
        let row = imported.rows.iter().find(|row| row.node == format!("layer/{name}")).unwrap();
        assert_eq!(row.fidelity, Fidelity::Unsupported, "{row:?}");
        row.note.clone()
    };
    let changed = note("2");
    assert!(changed.starts_with("neurons of type `ALIF` are taken for CUBA; a delay of 70 steps"), "{changed}");
    assert!(note(&last).starts_with("unknown type of layer: left out"), "{}", note(&last));
    let others = imported.rows.iter().filter(|row| row.fidelity == Fidelity::Exact).count();
    assert_eq!(others, imported.rows.len() - 2);
}
