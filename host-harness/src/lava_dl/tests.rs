//! Networks that lava-dl ships give the numbers that it recorded of them.

use super::*;
use crate::device::inproc::InProcess;
use crate::device::session::{Patience, Session};
use crate::inference::Spike;
use crate::inference::{Inference, Stimulus};
use crate::npz::{self, Array, Values};
use crate::place::{Options, place};
use flate2::read::GzDecoder;
use loihi_core::register::Register;
use std::collections::BTreeMap;
use std::io::Read as _;

fn file(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/lava-dl").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn net(name: &str) -> Imported {
    let mut bytes = Vec::new();
    GzDecoder::new(&*file(&format!("{name}.net.gz"))).read_to_end(&mut bytes).unwrap();
    parse(&bytes, name).unwrap_or_else(|wrong| panic!("{name}: {wrong:?}"))
}

fn session() -> Session {
    Session::open(Box::new(InProcess::new(64 << 20)), Patience::default(), 1, || false).unwrap()
}

/// Spikes of an array `[elements, steps]` as a stimulus, so many steps later.
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
    assert!(rows.iter().all(|row| row.rating == Rating::Exact), "{rows:?}");
    let truth = file("ntidigits_gt.npz");
    let [input, output] = ["input", "output"].map(|name| npz::parse(&truth, name).unwrap().whole().unwrap());
    let stimulus = Stimulus { steps: 3000, spikes: spikes(&input, 3000, 0), ..Stimulus::default() };
    let placed = place(&network, Options::default()).unwrap();
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

/// The part of an imported network from a layer on, which gets its spikes from outside.
fn part(network: &Network, from: &str, to: &str) -> Network {
    let at = |name: &str| network.populations.iter().position(|own| own.name == name).unwrap();
    let (first, last) = (at(from), at(to));
    let mut part = Network::new("part");
    let mut connections = network.connections.iter().filter(|own| (first..=last).contains(&own.to));
    let into = connections.clone().find(|own| own.to == first).unwrap();
    part.input("in", network.shape_of(into.from));
    part.populations = network.populations[first..=last].to_vec();
    let moved = |own: &Connection| {
        let from = match own.from {
            Endpoint::Population(from) if from >= first => Endpoint::Population(from - first),
            _ => Endpoint::Input(0),
        };
        Connection { from, to: own.to - first, ..own.clone() }
    };
    part.connections = connections.by_ref().map(moved).collect();
    part
}

/// Recorded spikes `[x, y, channel, step]` as a stimulus of an input `[channel, y, x]`, a step later.
fn pictures(truth: &[u8], name: &str) -> Vec<(u32, usize, usize)> {
    let array = npz::parse(truth, name).unwrap();
    let &[width, height, channels, steps] = array.shape() else { panic!("{name}: {:?}", array.shape()) };
    let mut spikes = Vec::new();
    for (at, _) in array.whole().unwrap().iter().enumerate().filter(|(_, spike)| **spike != 0) {
        let (step, channel, y, x) =
            (at % steps, at / steps % channels, at / (steps * channels) % height, at / (steps * channels * height));
        assert!(x < width);
        spikes.push((u32::try_from(step).unwrap() + 1, 0, (channel * height + y) * width + x));
    }
    spikes.sort_unstable();
    spikes
}

/// Computes step by step, with voltages set to 0 before the given steps, and hands current, voltage and spikes of every
/// population to `visit`.
fn watch(
    network: &Network,
    spikes: &[(u32, usize, usize)],
    resets: &[(u32, usize)],
    mut visit: impl FnMut(u32, usize, [Vec<i32>; 2], Vec<usize>),
) {
    let placed = place(network, Options::default()).unwrap();
    let mut session = session();
    let mut inference = Inference::new(&mut session, network, &placed).unwrap();
    for step in 0..24 {
        for (_, population) in resets.iter().filter(|(at, _)| *at == step) {
            for neuron in 0..network.populations[*population].neurons() {
                let soma = placed.map.soma(*population, neuron).unwrap() as usize;
                inference.session().write(Register::V, soma, &[0]).unwrap();
            }
        }
        let now: Vec<_> = spikes.iter().filter(|(at, ..)| *at == step).map(|(_, input, at)| (0, *input, *at)).collect();
        let mut fired = vec![Vec::new(); network.populations.len()];
        let stimulus = Stimulus { steps: 1, spikes: now, ..Stimulus::default() };
        inference.go_on(&stimulus, |spike| fired[spike.population].push(spike.neuron)).unwrap();
        for (population, mut fired) in fired.into_iter().enumerate() {
            fired.sort_unstable();
            let state = [Register::U, Register::V].map(|register| inference.read(register, population).unwrap());
            visit(step, population, state, fired);
        }
    }
}

/// Every current, voltage and spike of three layers. Their voltages are set to 0 when a sample's begin reaches them: in
/// the recording before step 6 + n of layer n, and again 17 steps later, which only the first one sees.
#[test]
fn pilotnet_dense_layers_are_exact() {
    let Imported { network, .. } = net("pilotnet_lif");
    let network = part(&network, "layer7", "layer9");
    let truth = file("pilotnet_lif_gt.npz");
    let recorded =
        |layer: usize, what: &str| npz::parse(&truth, &format!("fc{layer}_{what}")).unwrap().whole().unwrap();
    let recorded: Vec<[Vec<i64>; 3]> = (0..3).map(|layer| ["u", "v", "s"].map(|what| recorded(layer, what))).collect();
    let resets = [(6, 0), (7, 1), (8, 2), (23, 0)];
    watch(&network, &pictures(&truth, "conv4_s"), &resets, |step, layer, [u, v], fired| {
        for neuron in 0..u.len() {
            let [wanted_u, wanted_v, spike] = [0, 1, 2].map(|what| recorded[layer][what][neuron * 24 + step as usize]);
            // The recorder shows 128 where a neuron has just fired.
            let wanted_v = if spike != 0 { 0 } else { wanted_v };
            let found = [i64::from(u[neuron]), i64::from(v[neuron]), i64::from(fired.binary_search(&neuron).is_ok())];
            assert_eq!(found, [wanted_u, wanted_v, spike], "layer fc{layer}, step {step}, neuron {neuron}");
        }
    });
}

/// Kernels as they lie in the file, from the spikes of the layer before.
#[test]
fn pilotnet_convolution_currents_are_exact() {
    let Imported { network, .. } = net("pilotnet_lif");
    let network = part(&network, "layer5", "layer5");
    let truth = file("pilotnet_lif_gt.npz");
    let wanted = npz::parse(&truth, "conv4_u").unwrap().whole().unwrap();
    watch(&network, &pictures(&truth, "conv3_s"), &[], |step, _, [u, _], _| {
        for (at, found) in u.iter().enumerate() {
            let (channel, y, x) = (at / 40, at / 20 % 2, at % 20);
            let wanted = wanted[((x * 2 + y) * 64 + channel) * 24 + step as usize];
            assert_eq!(i64::from(*found), wanted, "step {step}, channel {channel}, row {y}, column {x}");
        }
    });
}

#[test]
fn what_is_wrong_is_named_with_its_layer() {
    let mut whole = Vec::new();
    GzDecoder::new(&*file("tiny.net.gz")).read_to_end(&mut whole).unwrap();
    let tree = h5::parse(&whole).unwrap();
    let said_of = |number: &str, change: &dyn Fn(&mut BTreeMap<String, Item>)| {
        let mut tree = tree.clone();
        let Item::Group(root) = &mut tree else { panic!("no group") };
        let Some(Item::Group(layers)) = root.get_mut("layer") else { panic!("no layers") };
        let Some(Item::Group(layer)) = layers.get_mut(number) else { panic!("no layer {number}") };
        change(layer);
        parse(&h5::bytes(&tree).unwrap(), "tiny").unwrap_err().of(Path::new("a.net")).to_string()
    };
    let array =
        |shape: &[usize], values: Vec<f64>| Item::Array(Array::new(shape.to_vec(), Values::Real(values)).unwrap());
    for (field, value, sentence) in [
        ("weight", array(&[1], vec![f64::NAN]), "a.net, node `layer/2`: `weight` has values that are no numbers"),
        ("weight", array(&[1], vec![300.0]), "a.net, node `layer/2`: a weight is beyond -256 to 255"),
        ("weight", array(&[1], vec![0.5]), "a.net, node `layer/2`: `weight` has values that are not whole"),
        ("weight", array(&[1], vec![2.0]), "a.net, node `layer/2`: weights of shape [1] are no convolution"),
        ("bias", array(&[2], vec![2.0, 1.0]), "a.net, node `layer/2`: 2 biases do not fit 36 neurons in 36 channels"),
        ("shape", array(&[1], vec![7.0]), "a.net, node `layer/2`: its shape is [7], but it gives 36 elements"),
    ] {
        let said = said_of("2", &|layer: &mut BTreeMap<String, Item>| {
            layer.insert(field.to_owned(), value.clone());
        });
        assert!(said.starts_with(sentence), "{said}");
    }
    // A layer that was left out is named with what does not fit because of it.
    let left_out = said_of("1", &|layer: &mut BTreeMap<String, Item>| {
        layer.insert("type".to_owned(), Item::text("gru"));
    });
    assert!(left_out.ends_with("it comes without what is unsupported: `layer/1` (gru)"), "{left_out}");
    assert!(parse(b"nonsense", "x").unwrap_err().what.contains("no HDF5 file"));
}

/// What the chip does not have is rated, with what it is taken for.
#[test]
fn what_is_unsupported_is_rated() {
    let mut whole = Vec::new();
    GzDecoder::new(&*file("ntidigits.net.gz")).read_to_end(&mut whole).unwrap();
    let mut tree = h5::parse(&whole).unwrap();
    let Item::Group(root) = &mut tree else { panic!("no group") };
    let Some(Item::Group(layers)) = root.get_mut("layer") else { panic!("no layers") };
    let Some(Item::Group(layer)) = layers.get_mut("2") else { panic!("no layer 2") };
    let Some(Item::Group(neuron)) = layer.get_mut("neuron") else { panic!("no neuron") };
    neuron.insert("type".to_owned(), Item::text("ALIF"));
    let delay = Array::new(vec![1], Values::Real(vec![70.0])).unwrap();
    layer.insert("delay".to_owned(), Item::Array(delay));
    let gru = Item::Group(BTreeMap::from([("type".to_owned(), Item::text("gru"))]));
    let last = layers.len().to_string();
    layers.insert(last.clone(), gru);
    let imported = parse(&h5::bytes(&tree).unwrap(), "x").unwrap();
    assert_eq!(imported.rating(), Rating::Unsupported);
    let note = |name: &str| {
        let row = imported.rows.iter().find(|row| row.node == format!("layer/{name}")).unwrap();
        assert_eq!(row.rating, Rating::Unsupported, "{row:?}");
        row.note.clone()
    };
    let changed = note("2");
    assert!(changed.starts_with("neurons of type `ALIF` are taken for CUBA; a delay of 70 steps"), "{changed}");
    assert!(note(&last).starts_with("no type of layer that is known: left out"), "{}", note(&last));
    let others = imported.rows.iter().filter(|row| row.rating == Rating::Exact).count();
    assert_eq!(others, imported.rows.len() - 2);
}
