//! What the TOML form takes and refuses.

use super::*;
use crate::network::{
    Bias, Coding, Each, Encoding, Entry, Input, Learning, PeriodicReset, Time, TraceShape, Weighted, Weights,
};
use loihi_core::image::{Profile, StackOut, Tree};
use loihi_core::num::{BiasExponent, BiasMantissa, word};

const WHOLE: &str = r#"
name = "two layers"
seed = 7
dt = "1 ms"
steps = 20

[[input]]
name = "image"
shape = [1, 4, 4]

[[population]]
name = "hidden"
shape = [2, 2, 2]
decay_u = 4096
decay_v = "20 ms"
v_th = 80
bias = [1, -2, 3, 4, 5, 6, 7, 8]

[[population]]
name = "out"
shape = [3]
v_th = [10, 20, 30]
reset_interval_steps = 9
refractory = 2

[[connection]]
from = "image"
to = "hidden"
kind = "conv2d"
weights = [[[[2, 4], [6, 8]]], [[[-2, -4], [-6, -8]]]]
stride = [2, 2]

[[connection]]
from = "hidden"
to = "out"
weights = { uniform = [-20, 20], density = 0.5 }
wgt_exp = -1
delay = 3

[[probe]]
of = "hidden"
register = "v"
elements = [2, 5]
every = 4
from = 1
to = 90

[[probe]]
of = "out"
register = "spikes"

[readout]
population = "out"
by = "first_spike"
"#;

fn said(text: &str) -> String {
    parse(text, Path::new("net.toml")).unwrap_err().to_string()
}

#[test]
fn every_part_is_read() {
    let network = parse(WHOLE, Path::new("net.toml")).unwrap();
    assert_eq!((network.name.as_str(), network.seed, network.dt_us, network.steps), ("two layers", 7, 1000, 20));
    let hidden = &network.populations[0];
    let Each::Same(profile) = &hidden.compartments[0] else { panic!("{hidden:?}") };
    assert_eq!((profile.decay_u, profile.decay_v, profile.v_th), (4096, 200, 80 * 64));
    let second = Bias { mantissa: BiasMantissa::saturating(-2), ..Bias::ZERO };
    assert_eq!(hidden.bias.get(1), Some(&second));
    let reset = PeriodicReset { interval_steps: 9, offset_steps: 0 };
    assert_eq!((hidden.reset, network.populations[1].reset), (None, Some(reset)));
    let thresholds: Vec<i32> = network.populations[1].compartments[0].values().iter().map(|own| own.v_th).collect();
    assert_eq!(thresholds, [640, 1280, 1920]);
    let Weights::Conv2d(conv) = &network.connections[0].weights else { panic!() };
    assert_eq!((conv.shape, conv.weights.as_slice()), ([2, 1, 2, 2], &[2, 4, 6, 8, -2, -4, -6, -8][..]));
    let Weights::Compressed(weights) = &network.connections[1].weights else { panic!() };
    assert!((4..=20).contains(&weights.len()), "{weights:?}");
    assert!(weights.mantissas().all(|weight| weight % 2 == 0 && weight.abs() <= 20));
    assert_eq!(network.readout.unwrap().by, ReadBy::FirstSpike);
    let probes: Vec<String> = network.probes.iter().map(ToString::to_string).collect();
    assert_eq!(probes, ["hidden.v[2..5]@every=4,from=1,to=90", "out.spikes"]);
}

/// The file that shows every key has every key, and is a network.
#[test]
fn the_file_with_every_key_has_every_key() {
    let network = parse(EVERY_KEY, Path::new("every_key.toml")).unwrap();
    assert_eq!((network.inputs.len(), network.populations.len(), network.connections.len()), (4, 3, 7));
    let keys = include_str!("form.rs").lines().filter_map(|line| {
        let (key, _) = line.strip_prefix("    pub(super) ")?.split_once(": ")?;
        (!key.contains([' ', '('])).then_some(key)
    });
    let mut found = 0;
    for key in keys {
        let is_key = |(at, _): (usize, &str)| {
            let before = EVERY_KEY[..at].chars().next_back();
            let after = &EVERY_KEY[at + key.len()..];
            before.is_none_or(|letter| "\n {[.".contains(letter))
                && (after.starts_with(" = ") || after.starts_with(']'))
        };
        assert!(EVERY_KEY.match_indices(key).any(is_key), "{key} is missing");
        found += 1;
    }
    assert!(found > 60, "{found} keys");
}

/// Kernels are drawn as weights of other kinds are, and `init` and `std` are a deviation in units of the mantissa.
#[test]
fn kernels_are_drawn_for_the_channels_at_both_ends() {
    let kernels = |keys: &str| {
        let drawn = WHOLE.replace("weights = [[[[2, 4], [6, 8]]], [[[-2, -4], [-6, -8]]]]", keys);
        parse(&drawn, Path::new("net.toml")).map(|network| {
            let Weights::Conv2d(conv) = &network.connections[0].weights else { panic!("{keys}") };
            (conv.shape, conv.weights.clone())
        })
    };
    let (shape, weights) = kernels("kernel = [2, 2]\nweights = { normal = 10.0, stream = 3 }").unwrap();
    assert_eq!((shape, weights.len()), ([2, 1, 2, 2], 8));
    // In the order in which they stand, of words counted as those of a row of the 16 sources.
    let expected: Vec<i16> = (0..8).map(|at| 2 * crate::draw::weight(10.0, 7, 0, at, 3)).collect();
    assert_eq!(weights, expected);
    // A step of mixed weights is 2 units of the mantissa.
    let initial = kernels("kernel = [2, 2]\nweights = { init = \"normal\", std = 20.0, stream = 3 }").unwrap();
    assert_eq!(initial, (shape, expected));
    let said = kernels("weights = { normal = 10.0 }").unwrap_err().to_string();
    assert!(said.contains("takes `kernel = [rows, columns]`, of 1 or more"), "{said}");
    let said = kernels("kernel = [2, 2]\nweights = { init = \"normal\", std = 255.0 }").unwrap_err().to_string();
    assert!(said.contains("draw initial weights with a `std` of 0 to 254"), "{said}");
}

/// Draws of a stream follow from the seed and their own places, wherever the table stands.
#[test]
fn draws_of_a_stream_are_words_of_the_seed_and_the_place() {
    let text = WHOLE.replace("bias = [1, -2, 3, 4, 5, 6, 7, 8]", "bias = { uniform = [-4000, 4000], stream = 1 }");
    let network = parse(&text, Path::new("net.toml")).unwrap();
    let scaled = |word: u32| i32::try_from((u64::from(word) * 8001) >> 32).unwrap() - 4000;
    for neuron in 0..8 {
        let bias = network.populations[0].bias.get(neuron as usize).unwrap();
        assert_eq!(bias.value(), scaled(word(7, neuron, 0, 1)));
    }
    let weights = |draws: &str| {
        let connection =
            format!("[[connection]]\nfrom = \"hidden\"\nto = \"hidden\"\nweights = {{ {draws} }}\n[readout]");
        let network = parse(&WHOLE.replace("[readout]", &connection), Path::new("net.toml")).unwrap();
        let Weights::Dense(weights) = &network.connections[2].weights else { panic!() };
        weights.clone()
    };
    let plain = weights("normal = 10.0, stream = 3");
    let turned = weights("normal = 10.0, stream = 3, by_source = true");
    let open = weights("normal = 10.0, stream = 3, autapses = false");
    for (at, (neuron, source)) in (0..8).flat_map(|neuron| (0..8).map(move |source| (neuron, source))).enumerate() {
        assert_eq!(plain[at], 2 * crate::draw::weight(10.0, 7, neuron, source, 3));
        assert_eq!(turned[at], 2 * crate::draw::weight(10.0, 7, source, neuron, 3));
        assert_eq!(open[at], if neuron == source { 0 } else { plain[at] });
    }
}

/// What is saved is read back as it was, arrays in their file.
#[test]
fn a_saved_network_is_the_same_network() {
    let mut network = parse(WHOLE, Path::new("net.toml")).unwrap();
    network.inputs[0].encoding = Encoding::new(Coding::Delta).threshold(3).time(Time::Absolute);
    let values = Entry::Weighted(Weighted {
        population: 1,
        gains: (-7..8).collect(),
        offsets: vec![1, -2, 70_000],
        exponent: BiasExponent::saturating(3),
    });
    network.inputs.push(Input::new("values", 5, values));
    let entry = Entry::Bias { population: 0, gain_q16: -39_000, offset: 12 };
    network.inputs.push(Input::new("bias", [2, 2, 2], entry));
    let rule = Learning::new("dw = 2^-4*u0*x1*y1").x1(TraceShape::new(16, 16_000)).signed_by_profile();
    network.connections[1].learning = Some(rule);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saved.toml");
    network.about = "One line,\nand \"another\".\n".to_owned();
    network.save(&path).unwrap();
    assert_eq!(read(&path).unwrap(), network);
}

#[expect(clippy::too_many_lines, reason = "a table")]
#[test]
fn what_is_wrong_is_shown_with_its_line() {
    for (from, to, wanted) in [
        ("v_th = 80", "v_th = 200000", "line 16, `v_th = 200000`: v_th = 200000 is outside 0..=131071"),
        (
            "decay_v = \"20 ms\"",
            "decay_v = \"20 mV\"",
            "line 15, `decay_v = \"20 mV\"`: `mV` is not a unit of time: use us, ms or s",
        ),
        ("decay_v = \"20 ms\"", "decay_v = 0.95", "a whole number"),
        ("dt = \"1 ms\"", "", "a time constant of 20 ms takes a duration of a step"),
        ("refractory = 2", "refractory = 65", "line 24, `refractory = 65`: refractory = 65 is outside 1..=64"),
        ("refractory = 2", "refractori = 2", "unknown field `refractori`"),
        ("to = \"out\"", "to = \"aut\"", "line 35, `to = \"aut\"`: unknown population `aut`; there are: hidden, out"),
        ("to = \"out\"", "to = \"image\"", "`image` is an input, a population is needed"),
        (
            "stride = [2, 2]",
            "stride = [1, 1]",
            "the convolution of [1, 4, 4] gives [2, 3, 3], but the population has [2, 2, 2]",
        ),
        ("[[2, 4], [6, 8]]", "[[2, 4], [6]]", "the rows are of different lengths"),
        ("[[2, 4], [6, 8]]", "[[2, 4], [6, 9]]", "a weight of 9, but mantissas are even numbers from -256 to 254"),
        ("delay = 3", "delay = 63", "line 38, `delay = 63`: a delay of 63 steps: a synapse has at most 62"),
        ("bias = [1,", "bias = [", "line 17, `bias = [ -2, 3, 4, 5, 6, 7, 8]`: 7 values, but there are 8 neurons"),
        ("[readout]", "[[input]]\nname = \"out\"\nshape = [1]\n[readout]", "`out` is there twice"),
        (
            "delay = 3",
            "delay = 3\nkernel = [2, 2]",
            "line 39, `kernel = [2, 2]`: `kernel` has no meaning for this `kind`",
        ),
        ("shape = [1, 4, 4]", "shape = [1, 4, 4]\ncoding = \"rank\"", "unknown variant `rank`"),
        (
            "shape = [1, 4, 4]",
            "shape = [1, 4, 4]\ncoding = \"rate\"\nthreshold = 4",
            "line 11, `threshold = 4`: it has a meaning only with coding = \"delta\"",
        ),
        (
            "shape = [1, 4, 4]",
            "bias_of = \"hidden\"\ntime = \"first\"",
            "line 10, `time = \"first\"`: it has a meaning only for inputs that send spikes",
        ),
        ("shape = [1, 4, 4]", "shape = [1, 4, 4]\ngain = 2.0", "`gain` has a meaning only with `bias_of`"),
        (
            "refractory = 2",
            "noise = { at = \"voltage\", exponent = 3 }\n[[population.compartment]]",
            "give registers either here or in each",
        ),
        (
            "of = \"hidden\"",
            "of = \"hiden\"",
            "line 41, `of = \"hiden\"`: unknown population `hiden`; there are: hidden, out",
        ),
        (
            "register = \"v\"",
            "register = \"voltage\"",
            "line 42, `register = \"voltage\"`: unknown register `voltage`; there are: u, v, bias",
        ),
        ("register = \"v\"", "register = \"w\"", "`w` is not a register of neurons; these are: u, v, bias"),
        ("elements = [2, 5]", "elements = [2, 9]", "line 43, `elements = [2, 9]`: neurons up to 9, but `hidden` has 8"),
        ("elements = [2, 5]", "elements = [5, 2]", "line 43, `elements = [5, 2]`: give [FIRST, END], END after FIRST"),
        ("elements = [2, 5]", "compartment = 1", "a neuron of `hidden` has 1 compartments, counted from 0"),
        ("every = 4", "every = 0", "line 44, `every = 0`: the probe samples no step"),
        ("register = \"spikes\"", "register = \"spikes\"\nevery = 2", "`every` has no meaning for spikes"),
        (
            "{ uniform = [-20, 20], density = 0.5 }",
            "[[2, 4, 6], [2, 4, 6], [2, 4, 6], [2, 4, 6], [2, 4, 6], [2, 4, 6], [2, 4, 6], [2, 4, 6]]",
            "weights of shape [8, 3], but 3 neurons with a row of 8 sources each take [3, 8]: transpose them",
        ),
        ("v_th = 80", "v_th = 80\nv_min = 5\nv_max = 3", "line 17, `v_min = 5`: v_min = 5 is above v_max = 3"),
        ("reset_interval_steps = 9", "v_start = [1, 2]", "2 values, but there are 3 neurons"),
        ("reset_interval_steps = 9", "v_start = 8388608", "8388608"),
        ("reset_interval_steps = 9", "reset_interval_steps = 0", "a reset every 0 steps: give 1 to 2147483647"),
        (
            "reset_interval_steps = 9",
            "reset_interval_steps = 9\nreset_offset_steps = 9",
            "line 24, `reset_offset_steps = 9`: 9 steps before the first reset: give fewer than the 9",
        ),
        ("reset_interval_steps = 9", "reset_offset_steps = 1", "has a meaning only with `reset_interval_steps`"),
        ("refractory = 2", "bias_exp = 2", "line 24, `bias_exp = 2`: `bias_exp` has a meaning only with `bias`"),
        ("shape = [1, 4, 4]", "shape = [1, 4000000, 4000]", "16000000000 elements, but a network can have 16777216"),
        (
            "by = \"first_spike\"",
            "by = \"first_spike\"\nskip_steps = 30",
            "`skip_steps = 30`: 30 steps to leave out of 20 leave none",
        ),
        (
            "delay = 3",
            "delay = 3\n[connection.learning]\nrule = \"dw = 2^-2*x1*y0\"",
            "rule uses trace x1, which is not defined: add x1 = { impulse = 40, tau_steps = 10.0 }",
        ),
        (
            "delay = 3",
            "delay = 3\n[connection.learning]\nrule = \"dw = 2^-2*x1*y0 - 2^-2*x0*y1\"",
            "rule uses traces x1, y1, which are not defined: add x1 = { impulse = 40, tau_steps = 10.0 } and y1 = { impulse",
        ),
        (
            "delay = 3",
            "delay = 3\n[connection.learning]\nrule = \"dw = 2^-2*x1*y0\"\nx1 = { impulse = 3 }\ny2 = { impulse = 3 }",
            "`y2 = { impulse = 3 }`: the rule does not read y2",
        ),
        (
            "delay = 3",
            "delay = 3\n[connection.learning]\nrule = \"dw = 2^-2*x0\"\nepoch_steps = 65",
            "`epoch_steps = 65`: 65 steps: an epoch has 1 to 64",
        ),
        (
            "delay = 3",
            "delay = 3\n[connection.learning]\nrule = \"dw = 2^-2*x0*r1\"",
            "it reads r1, but nothing gives a reward: add a table `[reward]`",
        ),
        ("wgt_exp = -1", "wgt_exp = 8", "wgt_exp = 8 is outside -8..=7"),
        ("density = 0.5", "density = 1.5", "a `density` of 0 to 1"),
        ("density = 0.5", "by_source = true", "`by_source` has a meaning only with `stream`"),
        (
            "density = 0.5",
            "autapses = false",
            "`autapses` has a meaning only for connections from a population to itself",
        ),
        ("uniform = [-20, 20]", "uniform = [-20, 300]", "draw from `uniform = [low, high]` within -256 to 255"),
        ("uniform = [-20, 20]", "normal = 200.0", "`normal = DEVIATION` of 0 to 127 steps"),
        (
            "bias = [1, -2, 3, 4, 5, 6, 7, 8]",
            "bias = { uniform = [-5000, 0] }",
            "draw from `uniform = [low, high]` within -4095 to 4095",
        ),
        (
            "bias = [1, -2, 3, 4, 5, 6, 7, 8]",
            "bias = { density = 0.5 }",
            "draw biases either by `uniform = [low, high]`",
        ),
        ("{ uniform = [-20, 20], density = 0.5 }", "\"none.npz:w\"", "none.npz, array w"),
        ("by = \"first_spike\"", "by = \"first\"", "unknown variant `first`"),
    ] {
        assert!(WHOLE.contains(from), "{from}");
        let said = said(&WHOLE.replacen(from, to, 1));
        assert!(said.contains(wanted), "{to}: {said}");
        assert!(said.starts_with("net.toml"), "{said}");
    }
}

#[test]
fn windows_and_pixels_are_read_and_written() {
    let text = |keys: &str| {
        format!(
            "steps = 8\npopulation = [{{ name = \"out\", shape = [2, 3, 4] }}]\nreadout = {{ population = \"out\", {keys} }}\n"
        )
    };
    let parsed = |keys: &str| parse(&text(keys), Path::new("net.toml"));
    let network = parsed("window_steps = 3, per_pixel = true").unwrap();
    let readout = network.readout.unwrap();
    assert_eq!((readout.window_steps, readout.per_pixel, readout.is_single()), (3, true, false));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saved.toml");
    network.save(&path).unwrap();
    assert_eq!(read(&path).unwrap(), network);
    let none = parsed("window_steps = 0").unwrap_err().to_string();
    assert!(none.contains("a window has 1 step or more: leave it out for one answer in all steps"), "{none}");
    let long = parsed("window_steps = 9").unwrap_err().to_string();
    assert!(long.contains("longer than the 8 of a sample that count"), "{long}");
}

/// What the file with every key describes comes back, and its text is as it was once written.
#[test]
fn every_key_is_written() {
    let network = parse(EVERY_KEY, Path::new("every_key.toml")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saved.toml");
    network.save(&path).unwrap();
    assert_eq!(read(&path).unwrap(), network);
    insta::assert_snapshot!(std::fs::read_to_string(&path).unwrap());
}

/// Neurons that differ in what a file says once for all are not saved as if they were equal; a joined compartment alone is.
#[test]
fn what_a_file_cannot_say_is_not_saved() {
    let mut network = parse(WHOLE, Path::new("net.toml")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saved.toml");
    let plain = Profile::DEFAULT;
    let push = Tree { stack_out: StackOut::Push, ..Tree::NONE };
    network.populations[1].compartments = vec![Each::Same(Profile { tree: push, ..plain })];
    network.save(&path).unwrap();
    assert_eq!(read(&path).unwrap(), network);
    network.populations[1].compartments = vec![Each::Every(vec![plain, Profile { v_min: -1, ..plain }, plain])];
    let said = network.save(&path).unwrap_err().to_string();
    assert!(said.contains("neurons of `out` differ in v_min") && said.ends_with("populations of their own"), "{said}");
}

/// Rows reach rows of the same number, with weights a row a neuron.
#[test]
fn a_row_reaches_the_row_of_the_same_number() {
    let text = |rows: usize, weights: &str| {
        format!(
            "input = [{{ name = \"in\", shape = [2, 2] }}]\npopulation = [{{ name = \"out\", shape = [{rows}, 3] }}]\n\
             connection = [{{ from = \"in\", to = \"out\", kind = \"rows\", weights = {weights} }}]\n"
        )
    };
    let parsed = |rows, weights: &str| parse(&text(rows, weights), Path::new("net.toml"));
    let network = parsed(2, "[2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24]").unwrap();
    let Weights::Sparse(synapses) = &network.connections[0].weights else { panic!("sparse") };
    let rows: Vec<_> = synapses.iter().map(|own| (own.source, own.neuron, own.weight)).collect();
    let first = [(0, 0, 2), (0, 1, 6), (0, 2, 10), (1, 0, 4), (1, 1, 8), (1, 2, 12)];
    let second = [(2, 3, 14), (2, 4, 18), (2, 5, 22), (3, 3, 16), (3, 4, 20), (3, 5, 24)];
    assert_eq!(rows, [first, second].concat());
    assert_eq!(
        parsed(2, "10").unwrap().connections[0].weights,
        parsed(2, "[10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10]").unwrap().connections[0].weights
    );
    let refused = |rows, weights: &str| parsed(rows, weights).unwrap_err().to_string();
    assert!(refused(3, "10").contains("as many rows in the source (2) as in the population (3)"));
    assert!(refused(2, "[2, 4]").contains("2 weights, but rows of 2 to 3 take 12"));
}
