//! Seeds of the fuzz tests: small files of every format.

use host_harness::convert::ann::{Activation, Ann, Layer, Map, Source as From, Way};
use host_harness::convert::onnx;
use host_harness::cost::prices::BUILT_IN;
use host_harness::experiment::EXPERIMENTS;
use host_harness::image::{ImageBuilder, Plasticity, Source, decay_table, full_row};
use host_harness::network::{Conv2d, Pool2d, file};
use host_harness::nir::NirNode;
use host_harness::npz;
use host_harness::place::{PlacementOptions, place};
use host_harness::record::checkpoint::{Checkpoint, Planned, RunPosition};
use host_harness::{h5, nir, rule};
use loihi_core::image::{Join, Profile, StackIn, StackOut, Synapse, ThresholdMode, Tree};
use std::path::Path;

/// The seeds of a format of samples, and whether its files are packed.
pub(super) fn of_format(name: &str) -> (fn() -> Vec<Vec<u8>>, bool) {
    match name {
        "idx" => (idx, true),
        "cifar-batch" => (cifar_batch, false),
        "bs2" | "bin" => (events, false),
        "aedat" => (aedat, true),
        "raw" => (raw, false),
        "dat" => (dat, false),
        "wav" => (wav, false),
        "numpy" => (|| [records(), arrays()].concat(), true),
        "csv" => (csv, false),
        "shd" => (shd, true),
        _ => panic!("the format {name} has no seeds: add a row"),
    }
}

/// A network with a convolution, a pool, a branch and scores.
pub(super) fn onnx() -> Vec<Vec<u8>> {
    let layer = |name: &str, shape: &[usize], ways: Vec<(From, &[usize], Map)>, bias: Vec<f32>| {
        let way = |(from, shape, map): (From, &[usize], Map)| Way { from, from_shape: shape.to_vec(), map };
        let ways = ways.into_iter().map(way).collect();
        Layer { name: name.to_owned(), shape: shape.to_vec(), ways, bias, activation: Activation::Relu }
    };
    let conv = Map::Conv(Conv2d::new([2, 1, 2, 2], Vec::new()), vec![0.5; 8]);
    let first = layer("first", &[2, 4, 4], vec![(From::Input, &[1, 5, 5], conv)], vec![0.1; 2]);
    let pool = Map::Pool(Pool2d::new([2, 2], 0), 0.25);
    let pool = layer("pool", &[2, 2, 2], vec![(From::Layer(0), &[2, 4, 4], pool)], Vec::new());
    let round =
        vec![(From::Layer(1), &[8][..], Map::Dense(vec![0.5; 64])), (From::Layer(1), &[8], Map::Scale(vec![1.0]))];
    let mut both = layer("both", &[8], round, vec![0.0; 8]);
    both.activation = Activation::Clip(6.0);
    let mut last = layer("scores", &[2], vec![(From::Layer(2), &[8], Map::Dense(vec![0.5; 16]))], vec![0.0; 2]);
    last.activation = Activation::Linear;
    vec![onnx::bytes(&Ann { name: "a".to_owned(), input: vec![1, 5, 5], layers: vec![first, pool, both, last] })]
}

/// Networks with a convolution, with trees, and with synapses that learn.
pub(super) fn image() -> Vec<Vec<u8>> {
    let text = String::from_utf8(network().remove(0)).unwrap();
    let network = file::parse(&text, Path::new("/nowhere/net.toml")).unwrap();
    let convolution = place(&network, PlacementOptions::default()).unwrap().image;
    let mut builder = ImageBuilder::new();
    let core = builder.core();
    let pass = Tree { stack_out: StackOut::Push, threshold: ThresholdMode::PassAbove, ..Tree::NONE };
    let add = Tree { stack_in: StackIn::PopA, join: Join::Add, ..Tree::NONE };
    builder.neurons(4, &[pass, add].map(|tree| Profile { v_th: 64, tree, ..Profile::DEFAULT }));
    builder.inputs(3);
    builder.dense(Source::Input(0), core, 0, &[10; 8]);
    builder.sparse(Source::Compartment(1), core, &[Synapse { compartment: 4, delay: 3, weight: 20 }]);
    let trees = builder.build().unwrap();
    let mut builder = ImageBuilder::new();
    let core = builder.core();
    builder.group(4, Profile { v_th: 64, ..Profile::DEFAULT });
    builder.inputs(3);
    let trace = builder.trace(40, 0, &decay_table(0.9, 0.0), None);
    let plasticity = Plasticity::default()
        .products(rule::parse("dw = 2^-4*x1*y0 - 2^-4*x0*y1", &rule::Limits::LOIHI).unwrap())
        .traces([trace, 0, trace, 0, 0]);
    let rows = (0..3).map(|input| (Source::Input(input), full_row(0..4, |_| 100)));
    builder.plastic_group(core, 0..4, &plasticity, rows);
    let learns = builder.build().unwrap();
    [convolution, trees, learns].map(|image| image.bytes().to_vec()).to_vec()
}

pub(super) fn checkpoint() -> Vec<Vec<u8>> {
    let planned = |name: &str, samples| Planned { name: name.to_owned(), samples, readouts: 1, ..Planned::default() };
    let plan = vec![planned("learn", 48), planned("test", 9)];
    let position = RunPosition { plan, stage: 0, items: 4, right: vec![3], ..RunPosition::default() };
    let checkpoint = Checkpoint { image_hash: 7, position, state: vec![9; 100], files: Vec::new() };
    vec![checkpoint.to_bytes().unwrap()]
}

pub(super) fn experiment() -> Vec<Vec<u8>> {
    EXPERIMENTS.iter().map(|experiment| experiment.text.as_bytes().to_vec()).collect()
}

pub(super) fn prices() -> Vec<Vec<u8>> {
    BUILT_IN.iter().map(|(_, text)| text.as_bytes().to_vec()).collect()
}

pub(super) fn sweep() -> Vec<Vec<u8>> {
    let rows =
        "00000000000000aa-4,0,0,9,1,10,00000000000000bb,0.5,\n00000000000000aa-4,3,1,\"10\",2,10,00000000000000bc,,7\n";
    vec![format!("sweep,run,point,snip.rate_shift,seed,steps,digest,accuracy,late\n{rows}").into_bytes()]
}

pub(super) fn idx() -> Vec<Vec<u8>> {
    let plain = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4][..], &[7; 24]].concat();
    vec![plain.clone(), vec![0, 0, 8, 1, 0, 0, 0, 2, 5, 6], gzip(&plain)]
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn events() -> Vec<Vec<u8>> {
    vec![vec![49, 82, 0x80, 28, 55, 92, 1, 0x7F, 0xFF, 0xFF, 0, 240, 0, 0, 0, 3, 4, 0x80, 0, 7]]
}

pub(super) fn aedat() -> Vec<Vec<u8>> {
    let mut bytes = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#!END-HEADER\r\n".to_vec();
    for kind in [1_u16, 0, 1] {
        bytes.extend(kind.to_le_bytes());
        bytes.extend(1_u16.to_le_bytes());
        // Size of an event, offset of its time, overflows, capacity, events, valid events; two events.
        for word in [8_u32, 4, 0, 9, 2, 2, 3 << 17 | 5 << 2 | 3, 17, 8 << 17 | 1, 30] {
            bytes.extend(word.to_le_bytes());
        }
    }
    // Version 2: a DVS128, and a DAVIS.
    let mut old = b"#!AER-DAT2.0\r\n# AEChip: ch.unizh.ini.jaer.chip.retina.DVS128\r\n".to_vec();
    let mut davis = b"#!AER-DAT2.0\r\n# AEChip: eu.seebetter.ini.chips.davis.Davis346blue\r\n".to_vec();
    for word in [5_u32 << 8 | 3 << 1, 17, 9 << 8 | 1, 30, 1 << 15, 31] {
        old.extend(word.to_be_bytes());
        davis.extend((word << 12).to_be_bytes());
    }
    // Version 4, packed in every way.
    let plain = include_bytes!("../../golden/aedat/plain.aedat").to_vec();
    let lz4 = include_bytes!("../../golden/aedat/lz4.aedat").to_vec();
    vec![bytes, old, davis, plain, lz4, include_bytes!("../../golden/aedat/zstandard.aedat").to_vec()]
}

/// Words of both encodings, with every kind of word.
pub(super) fn raw() -> Vec<Vec<u8>> {
    let evt2 = [0x8000_0001_u32, 0x1000_0000 | 5 << 22 | 3 << 11 | 4, 0xA000_0001, 9 << 22 | 7 << 11 | 1, 0x8000_0002];
    let evt3 =
        [0x8001_u16, 0x6010, 0x0005, 0x2807, 0x3064, 0x4801, 0x5082, 0xA001, 0xE014, 0xF001, 0x7003, 0x8002, 0x2003];
    vec![
        [b"% evt 2.0\n% geometry 640x480\n% end\n", &*evt2.map(u32::to_le_bytes).concat()].concat(),
        [b"% format EVT3;height=720;width=1280\n% end\n", &*evt3.map(u16::to_le_bytes).concat()].concat(),
        [b"% evt 3.0\n% endianness big\n", &*evt3.map(u16::to_be_bytes).concat()].concat(),
    ]
}

pub(super) fn dat() -> Vec<Vec<u8>> {
    let mut bytes = b"% Data file containing CD events\n% Version 2\n% Width 640\n% Height 480\n\x0C\x08".to_vec();
    for word in [7_u32, 3 | 4 << 14 | 1 << 28, 9, 0x027F | 479 << 14, 12, 5 << 14] {
        bytes.extend(word.to_le_bytes());
    }
    vec![bytes]
}

/// An array of records, and an array for each field.
pub(super) fn records() -> Vec<Vec<u8>> {
    let text =
        "{'descr': [('x', '<i2'), ('y', '<i2'), ('t', '<i8'), ('p', '|b1')], 'fortran_order': False, 'shape': (2,), }";
    let mut npy = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    npy.extend(format!("{text:<117}\n").into_bytes());
    for (x, t) in [(3_i16, 5_000_000_000_i64), (9, 5_000_000_007)] {
        npy.extend([&x.to_le_bytes()[..], &[1, 0], &t.to_le_bytes(), &[1]].concat());
    }
    let array = |values: [i64; 2]| npz::Array::new(vec![2], npz::Values::Whole(values.to_vec())).unwrap();
    let columns = [("t", [70, 80]), ("x", [1, 2]), ("y", [3, 4]), ("p", [0, 1])];
    vec![npy, npz::bytes(&columns.map(|(name, values)| (name.to_owned(), array(values)))).unwrap()]
}

/// The same words as h5py and as `PyTables` write them.
pub(super) fn shd() -> Vec<Vec<u8>> {
    let [first, second, third]: [&[u8]; 3] = [
        include_bytes!("../../golden/shd/h5py.h5"),
        include_bytes!("../../golden/shd/latest.h5"),
        include_bytes!("../../golden/shd/pytables.h5"),
    ];
    vec![first.to_vec(), second.to_vec(), third.to_vec()]
}

pub(super) fn cifar() -> Vec<Vec<u8>> {
    vec![include_bytes!("../../golden/cifar/two.png").to_vec()]
}

pub(super) fn cifar_batch() -> Vec<Vec<u8>> {
    (1..4_u8).map(|samples| (0..samples).flat_map(|class| std::iter::repeat_n(class, 3073)).collect()).collect()
}

/// A recording of 16 bits, one of 8 bits and two channels, one of floating point.
pub(super) fn wav() -> Vec<Vec<u8>> {
    let of = |kind: u16, channels: u16, bits: u16, frames: u16| {
        let align = channels * bits / 8;
        let length = u32::from(align) * u32::from(frames);
        let mut bytes = [&b"RIFF"[..], &(36 + length).to_le_bytes(), b"WAVEfmt ", &16_u32.to_le_bytes()].concat();
        bytes.extend([kind.to_le_bytes(), channels.to_le_bytes()].concat());
        bytes.extend([8000_u32.to_le_bytes(), (8000 * u32::from(align)).to_le_bytes()].concat());
        bytes.extend([align.to_le_bytes(), bits.to_le_bytes()].concat());
        bytes.extend([&b"data"[..], &length.to_le_bytes()].concat());
        bytes.extend((0..length).map(|at| (at * 37 % 64).to_le_bytes()[0]));
        bytes
    };
    vec![of(1, 1, 16, 300), of(1, 2, 8, 300), of(3, 1, 32, 250)]
}

pub(super) fn csv() -> Vec<Vec<u8>> {
    let answers = b"a,target_x,target_y,stage,label\n1,-0.5,2,1,0\n2,1e3,0,2,1\n".to_vec();
    vec![b"a,b,label\n1,2.5,0\n-3,4e2,1\n".to_vec(), b"1,2\n".to_vec(), b"\"1\",2\r\n3,4\r\n".to_vec(), answers]
}

pub(super) fn npz() -> Vec<Vec<u8>> {
    let array = |values| npz::Array::new(vec![2, 3], values).unwrap();
    let whole = array(npz::Values::Whole(vec![1, -2, 3, 4, 5, 6]));
    let real = array(npz::Values::Real(vec![0.5; 6]));
    let file = npz::bytes(&[("w".to_owned(), whole), ("v".to_owned(), real)]).unwrap();
    let mut npy = b"\x93NUMPY\x01\x00\x46\x00".to_vec();
    npy.extend(format!("{:<69}\n", "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }").into_bytes());
    npy.extend([1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0]);
    vec![file, npy]
}

pub(super) fn arrays() -> Vec<Vec<u8>> {
    let array = |shape: &[usize], values| npz::Array::new(shape.to_vec(), npz::Values::Whole(values)).unwrap();
    let samples = array(&[2, 3], vec![1, 0, 200, 4, 5, 6]);
    let file = npz::bytes(&[("x".to_owned(), samples), ("y".to_owned(), array(&[2], vec![0, 1]))]).unwrap();
    let real = |shape: &[usize]| npz::Array::new(shape.to_vec(), npz::Values::Real(vec![0.5; 2])).unwrap();
    let answers = [("x", real(&[2, 1])), ("y", real(&[2])), ("stage", array(&[2], vec![3, 4]))];
    let answers = npz::bytes(&answers.map(|(name, array)| (name.to_owned(), array))).unwrap();
    vec![file, npz().swap_remove(1), answers, include_bytes!("../../golden/field/stages.npz").to_vec()]
}

/// A recurrent network of every kind of layer, and a network of layers in a row.
pub(super) fn nir() -> Vec<Vec<u8>> {
    let real = |shape: &[usize], value: f64| {
        npz::Array::new(shape.to_vec(), npz::Values::Real(vec![value; shape.iter().product()])).unwrap()
    };
    let lif = |size: &[usize]| {
        let each = |value| real(size, value);
        NirNode::Lif { tau: each(0.01), r: each(10.0), v_leak: each(0.0), v_threshold: each(1.0), v_reset: None }
    };
    let input = |shape: &[usize]| NirNode::Input { shape: shape.to_vec() };
    let output = |shape: &[usize]| NirNode::Output { shape: shape.to_vec() };
    let linear = |to: usize, from: usize| NirNode::Linear { weight: real(&[to, from], 0.25) };
    let conv = NirNode::Conv2d {
        weight: real(&[2, 1, 3, 3], 0.5),
        bias: Some(real(&[2], 0.0)),
        stride: Some([1; 2]),
        padding: Some(nir::Padding::Zeros([1; 2])),
        dilation: Some([1; 2]),
        groups: Some(1),
        input_shape: Some(npz::Array::from(vec![4, 4])),
    };
    let pool = NirNode::SumPool2d { kernel_size: [2; 2], stride: Some([2; 2]), padding: Some([0; 2]) };
    let input_type = Some(npz::Array::from(vec![2, 2, 2]));
    let flatten = NirNode::Flatten { input_type, start_dim: Some(0), end_dim: Some(-1) };
    let graph = |nodes: Vec<(&str, NirNode)>, edges: &[(&str, &str)]| {
        let graph = nir::Graph::default().with_edges(edges.iter().copied());
        let graph = nodes.into_iter().fold(graph, |graph, (name, node)| graph.with_node(name, node));
        nir::bytes(&graph).unwrap()
    };
    let recurrent = graph(
        vec![("in", input(&[3])), ("w", linear(2, 3)), ("lif", lif(&[2])), ("r", linear(2, 2)), ("out", output(&[2]))],
        &[("in", "w"), ("w", "lif"), ("lif", "r"), ("r", "lif"), ("lif", "out")],
    );
    let row = graph(
        vec![
            ("a", input(&[1, 4, 4])),
            ("b", conv),
            ("c", lif(&[2, 4, 4])),
            ("d", pool),
            ("e", flatten),
            ("f", linear(3, 8)),
            ("g", lif(&[3])),
            ("h", output(&[3])),
        ],
        &[("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("e", "f"), ("f", "g"), ("g", "h")],
    );
    let newest = include_bytes!("../../golden/field/nir/newest_layout.nir").to_vec();
    vec![recurrent, row, newest, include_bytes!("../../golden/field/nir/half_precision.nir").to_vec()]
}

/// A network of lava-dl with a convolution, a pool and dense layers.
pub(super) fn net() -> Vec<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let packed = include_bytes!("../../golden/lava-dl/tiny.net.gz");
    flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut bytes).unwrap();
    // The same fields without compression, whose check would notice every fault.
    let array = |shape: &[usize], values: Vec<i64>| {
        h5::H5Item::Array(npz::Array::new(shape.to_vec(), npz::Values::Whole(values)).unwrap())
    };
    let group = |items: Vec<(&str, h5::H5Item)>| {
        h5::H5Item::Group(items.into_iter().map(|(name, item)| (name.to_owned(), item)).collect())
    };
    let neuron = group(vec![
        ("type", h5::H5Item::text("CUBA")),
        ("iDecay", array(&[], vec![1024])),
        ("vDecay", array(&[], vec![128])),
        ("vThMant", array(&[], vec![80])),
        ("refDelay", array(&[], vec![1])),
    ]);
    let dense = |to: usize, from: usize| {
        let weight = array(&[to, from], (0..to * from).map(|at| i64::try_from(at).unwrap() * 2 - 8).collect());
        let shape = array(&[1], vec![i64::try_from(to).unwrap()]);
        let delay = array(&[to], vec![1; to]);
        let fields = [("weight", weight), ("shape", shape), ("delay", delay), ("neuron", neuron.clone())];
        group(fields.into_iter().chain([("type", h5::H5Item::text("dense"))]).collect())
    };
    let input = group(vec![("type", h5::H5Item::text("input")), ("shape", array(&[1], vec![4]))]);
    let layers = group(vec![("0", input), ("1", dense(3, 4)), ("2", dense(2, 3))]);
    let recurrent = include_bytes!("../../golden/field/lava-dl/dense_rec.net").to_vec();
    let by_neuron = include_bytes!("../../golden/field/lava-dl/decays_per_neuron.net").to_vec();
    vec![bytes, h5::bytes(&group(vec![("layer", layers)])).unwrap(), recurrent, by_neuron]
}

pub(super) fn network() -> Vec<Vec<u8>> {
    let text = r#"name = "n"
seed = 7
dt = "1 ms"
steps = 20

[[input]]
name = "in"
shape = [1, 4, 4]

[[population]]
name = "a"
shape = [2, 2, 2]
decay_v = "20 ms"
v_th = 80
bias = [1, -2, 3, 4, 5, 6, 7, 8]

[[population]]
name = "b"
shape = [3]
v_th = [10, 20, 30]

[[connection]]
from = "in"
to = "a"
kind = "conv2d"
weights = [[[[2, 4], [6, 8]]], [[[-2, -4], [-6, -8]]]]
stride = [2, 2]

[[connection]]
from = "a"
to = "b"
weights = { uniform = [-20, 20], density = 0.5 }
delay = 3

[readout]
population = "b"
"#;
    vec![text.as_bytes().to_vec()]
}
