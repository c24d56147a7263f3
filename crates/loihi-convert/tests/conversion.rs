//! Networks that are converted, on the emulator, beside what the ANN computes.

#![allow(clippy::unwrap_used, reason = "what is missing fails the test")]

use loihi_convert::ann::{Activation, Ann, Layer, Map, Ready, Source, Way};
use loihi_convert::calibrate::{By, calibrate};
use loihi_convert::convert::{ConvertOptions, Converted, InputAs, ReadoutBy, Reset, convert};
use loihi_convert::curve::curve;
use loihi_convert::{inputs, onnx};
use loihi_core::num::word;
use loihi_core::register::Register;
use loihi_data::Sample;
use loihi_device::inproc::InProcess;
use loihi_net::network::{Conv2d, Pool2d, file};
use loihi_run::inference::answer;
use loihi_run::inference::present::{Presentation, present};
use loihi_run::runner::Runner;
use std::num::NonZeroUsize;

const ONE: NonZeroUsize = NonZeroUsize::MIN;

/// Drawn from -1 to 1.
fn drawn(count: usize, seed: u32) -> Vec<f32> {
    let one = |at| f32::from(u16::try_from(word(seed, at, 0, 0) >> 16).unwrap()) / 32768.0 - 1.0;
    (0..u32::try_from(count).unwrap()).map(one).collect()
}

fn layer(name: &str, shape: &[usize], ways: Vec<(Source, &[usize], Map)>, bias: Vec<f32>) -> Layer {
    let way = |(from, shape, map): (Source, &[usize], Map)| Way { from, from_shape: shape.to_vec(), map };
    let ways = ways.into_iter().map(way).collect();
    Layer { name: name.to_owned(), shape: shape.to_vec(), ways, bias, activation: Activation::Relu }
}

/// A convolution, a pool, a branch that goes round a layer, and scores.
fn branched() -> Ann {
    let conv = Conv2d::new([4, 1, 3, 3], Vec::new()).stride([2, 2]).padding([1, 1]);
    let weights: Vec<f32> = drawn(36, 1).iter().map(|own| 0.4 * own + 0.1).collect();
    let first = layer(
        "first",
        &[4, 4, 4],
        vec![(Source::Input, &[1, 8, 8], Map::Conv(conv, weights))],
        drawn(4, 2).iter().map(|own| 0.2 * own).collect(),
    );
    let pool = Map::Pool(Pool2d::new([2, 2], 0), 0.25);
    let pool = layer("pool", &[4, 2, 2], vec![(Source::Layer(0), &[4, 4, 4], pool)], Vec::new());
    let inner = Map::Dense(drawn(256, 3).iter().map(|own| 0.3 * own).collect());
    let inner = layer("inner", &[16], vec![(Source::Layer(1), &[16], inner)], vec![0.05; 16]);
    let round = Map::Scale(vec![1.0; 16]);
    let back = Map::Dense(drawn(256, 4).iter().map(|own| 0.3 * own).collect());
    let both =
        layer("both", &[16], vec![(Source::Layer(2), &[16], back), (Source::Layer(1), &[16], round)], vec![0.0; 16]);
    let last = Map::Dense(drawn(64, 34));
    let mut last = layer("scores", &[4], vec![(Source::Layer(3), &[16], last)], vec![0.2, -1.1, 0.5, 0.1]);
    last.activation = Activation::Linear;
    Ann { name: "branched".to_owned(), input: vec![1, 8, 8], layers: vec![first, pool, inner, both, last] }
}

/// Images of a bright patch, with the class that the ANN gives them.
fn patches(ann: &Ann, count: u32) -> Vec<Sample> {
    let ready = Ready::new(ann).unwrap();
    let one = |number: u32| {
        let [row, column] = [0, 1].map(|axis| word(9, number, axis, 0) % 6);
        let value = |at: u32| {
            let near = (at / 8).abs_diff(row + 1) <= 1 && (at % 8).abs_diff(column + 1) <= 1;
            u8::try_from((word(10, number, at, 0) % 90) + if near { 160 } else { 0 }).unwrap()
        };
        let sample = Sample::values(number.to_string(), &[8, 8], (0..64).map(value).collect());
        let scores = ready.forward(&inputs::activations(64, &sample).unwrap()).pop().unwrap();
        let class = inputs::winner(&scores).map(|class| u32::try_from(class).unwrap());
        sample.labelled(class)
    };
    (0..count).map(one).collect()
}

fn options(reset: Reset, input: InputAs, readout: ReadoutBy, steps: u32) -> ConvertOptions {
    let mut options = ConvertOptions::default();
    (options.reset, options.input, options.readout, options.steps) = (reset, input, readout, steps);
    options
}

/// Spikes of every neuron of each layer, and the voltages of the readout, after a sample.
fn counts(converted: &Converted, sample: &Sample) -> (Vec<Vec<i32>>, Vec<i32>) {
    let network = &converted.network;
    let mut runner = Runner::new(network.clone(), InProcess::default()).unwrap();
    let spikes = runner.run(&present(network, sample, 0, &Presentation::new(network, 0)).unwrap()).unwrap();
    let of = |layer: &loihi_convert::convert::ConvertedLayer| {
        let mut counts = vec![0; network.populations[layer.population].neurons()];
        let until = network.steps + layer.first_step;
        let own = spikes.iter().filter(|spike| spike.population == layer.population && spike.step < until);
        own.for_each(|spike| counts[spike.neuron] += 1);
        counts
    };
    let last = converted.layers.last().unwrap().population;
    (converted.layers.iter().map(of).collect(), runner.read(Register::V, last).unwrap())
}

#[test]
fn rates_of_every_layer_follow_its_activations() {
    let ann = onnx::read(&onnx::bytes(&branched()), "branched").unwrap();
    assert!(ann == branched(), "written and read again");
    let samples = patches(&ann, 40);
    let ready = Ready::new(&ann).unwrap();
    // Channels with small activations have large weights, which coarsen those of all others.
    for (by, readout, most) in [(By::Layer, ReadoutBy::Voltage, 0.04), (By::Channel, ReadoutBy::Spikes, 0.08)] {
        let calibration = calibrate(&ann, &samples, 100.0, by, ONE).unwrap();
        let steps = 256;
        let converted = convert(&ann, &calibration, options(Reset::Soft, InputAs::Bias, readout, steps)).unwrap();
        assert_eq!(converted.network.late_steps, 5);
        for sample in &samples[..5] {
            let activations = ready.forward(&inputs::activations(64, sample).unwrap());
            let (counts, _) = counts(&converted, sample);
            for (at, (counts, activations)) in counts.iter().zip(&activations).enumerate().take(4) {
                let largest = &converted.layers[at].largest;
                let each = counts.len() / largest.len();
                for (neuron, (count, activation)) in counts.iter().zip(activations).enumerate() {
                    let rate = f64::from(*count) / f64::from(steps);
                    let wanted = f64::from(activation / largest[neuron / each]);
                    assert!((rate - wanted).abs() < most, "{by:?}, layer {at}, neuron {neuron}: {rate} for {wanted}");
                }
            }
        }
    }
}

/// The embedded CPU's sums are finer than spikes, so that the first layer's counts are those of the activations, rounded; but for
/// the largest, which could spike in every step: what neurons start with arrives after the first one.
#[test]
fn sums_of_the_embedded_cpu_are_the_activations_of_the_first_layer() {
    let ann = branched();
    let samples = patches(&ann, 10);
    let ready = Ready::new(&ann).unwrap();
    let calibration = calibrate(&ann, &samples, 100.0, By::Layer, ONE).unwrap();
    let steps = 32;
    for reset in [Reset::Soft, Reset::Zero] {
        let converted = convert(&ann, &calibration, options(reset, InputAs::Cpu, ReadoutBy::Voltage, steps)).unwrap();
        assert_eq!(converted.network.late_steps, 4);
        let names: Vec<&str> = converted.network.populations.iter().map(|own| &*own.name).collect();
        assert_eq!(
            names,
            ["start", "first", "pool", "inner", "both", "scores"],
            "nothing stands between the input and the first layer"
        );
        for sample in samples.iter().filter(|_| reset == Reset::Soft) {
            let activations = ready.forward(&inputs::activations(64, sample).unwrap());
            let (counts, _) = counts(&converted, sample);
            for (count, own) in counts[0].iter().zip(&activations[0]) {
                let wanted = f64::from(own / converted.layers[0].largest[0]) * f64::from(steps);
                let wanted = wanted.min(f64::from(steps - 1));
                assert!((f64::from(*count) - wanted).abs() < 0.6, "{count} for {wanted}");
            }
        }
        let found = curve(&ann, &converted, &samples, &[8, steps], ONE, &|_| false).unwrap();
        let alone = convert(&ann, &calibration, options(reset, InputAs::Cpu, ReadoutBy::Voltage, 8)).unwrap();
        let alone = curve(&ann, &alone, &samples, &[8], ONE, &|_| false).unwrap();
        assert_eq!(found.points[0].right, alone.points[0].right, "the sample stays while it runs on");
        assert!(found.points[1].right >= 9 || reset == Reset::Zero, "{found:?}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("net.toml");
        converted.network.save(&path).unwrap();
        assert_eq!(file::read(&path).unwrap(), converted.network);
    }
}

#[test]
fn the_embedded_cpu_sums_for_one_layer() {
    let mut ann = branched();
    ann.layers[2].ways.push(Way { from: Source::Input, from_shape: vec![64], map: Map::Dense(drawn(1024, 6)) });
    let calibration = calibrate(&ann, &patches(&ann, 5), 100.0, By::Layer, ONE).unwrap();
    let said = convert(&ann, &calibration, options(Reset::Soft, InputAs::Cpu, ReadoutBy::Voltage, 8)).unwrap_err();
    assert!(said.to_string().contains("the input leads to other layers as well"), "{said}");
}

/// Weights that the format holds, activations that are whole numbers of spikes: nothing is rounded, and all is equal.
#[test]
fn what_needs_no_rounding_is_exact() {
    let weights = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].concat();
    let hidden = layer("hidden", &[3], vec![(Source::Input, &[3], Map::Dense(weights))], vec![0.0; 3]);
    // Multiples of 1 / 64, and the largest is 127 of them: mantissas in steps of 2.
    let weights = [127.0, 32.0, -64.0, 32.0, 16.0, 1.0].map(|own: f32| own / 64.0).to_vec();
    let ways = vec![(Source::Layer(0), &[3][..], Map::Dense(weights))];
    let mut last = layer("scores", &[2], ways, vec![0.0; 2]);
    last.activation = Activation::Linear;
    let ann = Ann { name: "exact".to_owned(), input: vec![3], layers: vec![hidden, last] };
    let all = Sample::values("all", &[3], vec![255; 3]);
    let calibration = calibrate(&ann, std::slice::from_ref(&all), 100.0, By::Layer, ONE).unwrap();
    let converted = convert(&ann, &calibration, options(Reset::Soft, InputAs::Bias, ReadoutBy::Voltage, 40)).unwrap();
    for values in [[51, 102, 204], [255, 255, 255], [0, 51, 0], [204, 0, 102]] {
        let sample = Sample::values("one", &[3], values.to_vec());
        let activations = Ready::new(&ann).unwrap().forward(&inputs::activations(3, &sample).unwrap());
        let (counts, voltages) = counts(&converted, &sample);
        let spikes: Vec<f32> = counts[0].iter().map(|count| f32::from(u8::try_from(*count).unwrap()) / 40.0).collect();
        let rounded = |values: &[f32]| values.iter().map(|own| (own * 1000.0).round()).collect::<Vec<f32>>();
        assert_eq!(rounded(&spikes), rounded(&activations[0]), "{values:?}");
        let unit = converted.layers[1].unit * 64.0 * 40.0;
        let scores: Vec<f64> = voltages.iter().map(|voltage| f64::from(*voltage) / unit).collect();
        for (found, wanted) in scores.iter().zip(&activations[1]) {
            assert!((found - f64::from(*wanted)).abs() < 1e-6, "{values:?}: {scores:?}, {:?}", activations[1]);
        }
    }
}

#[test]
fn more_steps_answer_more_as_the_ann_and_any_jobs_the_same() {
    let ann = branched();
    let samples = patches(&ann, 60);
    let of_class = |class| samples.iter().filter(|sample| sample.label == Some(class)).count();
    let commonest = (0..4).map(of_class).max().unwrap();
    assert!(commonest < 30 && (0..4).all(|class| of_class(class) > 5), "every class is asked for");
    let calibration = calibrate(&ann, &samples, 99.9, By::Layer, ONE).unwrap();
    let steps = [4, 16, 64];
    let run = |reset, readout, jobs| {
        let converted = convert(&ann, &calibration, options(reset, InputAs::Bias, readout, 64)).unwrap();
        curve(&ann, &converted, &samples, &steps, NonZeroUsize::new(jobs).unwrap(), &|_| false).unwrap()
    };
    let soft = run(Reset::Soft, ReadoutBy::Voltage, 1);
    let right: Vec<usize> = soft.points.iter().map(|point| point.right).collect();
    assert!(right.is_sorted() && right[0] > 20 && right[2] > 55, "{right:?}");
    assert!(soft.layers.iter().all(|layer| layer.correlation.unwrap() > 0.99), "{soft:?}");
    assert_eq!(soft, run(Reset::Soft, ReadoutBy::Voltage, 3));
    let zero = run(Reset::Zero, ReadoutBy::Voltage, 2);
    assert!(zero.compartments < soft.compartments, "{zero:?}");
    // Rates are too low, but follow the activations: more is right than by an answer that is always the same.
    assert!((commonest + 1..right[2]).contains(&zero.points[2].right), "{commonest}: {zero:?}");
    let spikes = run(Reset::Soft, ReadoutBy::Spikes, 2);
    assert!(spikes.points[2].right > 50, "{spikes:?}");
    // Read after fewer steps, it is what fewer steps give; where voltages are read, as long as their unit is the same.
    let converted = |readout, steps| convert(&ann, &calibration, options(Reset::Soft, InputAs::Bias, readout, steps));
    let alone = |readout| curve(&ann, &converted(readout, 16).unwrap(), &samples, &[16], ONE, &|_| false).unwrap();
    assert_eq!(alone(ReadoutBy::Spikes).points[0], spikes.points[1]);
    let unit = |steps| converted(ReadoutBy::Voltage, steps).unwrap().layers[4].unit;
    assert!(unit(16).total_cmp(&unit(64)).is_eq() && unit(10_000) < unit(64));
    assert_eq!(alone(ReadoutBy::Voltage).points[0], soft.points[1]);
}

#[test]
fn the_curve_is_what_the_network_answers_by_itself() {
    let ann = branched();
    let samples = patches(&ann, 60);
    let calibration = calibrate(&ann, &samples, 99.9, By::Layer, ONE).unwrap();
    let mut right_when_silent = 0;
    for (readout, steps) in [ReadoutBy::Voltage, ReadoutBy::Spikes].into_iter().flat_map(|own| [(own, 1), (own, 4)]) {
        let converted = convert(&ann, &calibration, options(Reset::Soft, InputAs::Bias, readout, steps)).unwrap();
        let found = curve(&ann, &converted, &samples, &[steps], ONE, &|_| false).unwrap();
        let network = &converted.network;
        let by = network.readout.unwrap().by;
        let presentation = Presentation::new(network, 0);
        let mut runner = Runner::new(network.clone(), InProcess::default()).unwrap();
        let mut is_right = |sample: &&Sample| {
            let scores = runner.scores(&present(network, sample, 0, &presentation).unwrap()).unwrap();
            answer(by, &scores) == sample.label.map(|label| usize::try_from(label).unwrap())
        };
        let right = samples.iter().filter(&mut is_right).count();
        assert_eq!(found.points[0].right, right, "{readout:?}, {steps} steps");
        if found.points[0].silent == samples.len() {
            right_when_silent += right;
        }
    }
    assert!(right_when_silent > 0, "biases answer where no spike has come");
}

/// Layers have the names of what the conversion adds, and the one that reaches the readout first does so with a delay.
#[test]
fn any_name_can_be_a_layers_and_a_delay_counts_in_what_reaches_the_readout() {
    let same = || Map::Dense([[1.0, 0.0], [0.0, 1.0]].concat());
    let direct = layer("start", &[2], vec![(Source::Input, &[2], same())], vec![0.0; 2]);
    let silent = layer("pixels", &[2], vec![(Source::Layer(0), &[2], same())], vec![-100.0; 2]);
    let ways = vec![(Source::Layer(1), &[2][..], same()), (Source::Layer(0), &[2][..], same())];
    let mut last = layer("input", &[2], ways, vec![0.0; 2]);
    last.activation = Activation::Linear;
    let ann = Ann { name: "named".to_owned(), input: vec![2], layers: vec![direct, silent, last] };
    let samples: Vec<Sample> = [[255, 0], [0, 100]]
        .into_iter()
        .zip(0..)
        .map(|(values, class)| Sample::values(class.to_string(), &[2], values.to_vec()).labelled(Some(class)))
        .collect();
    let calibration = calibrate(&ann, &samples, 100.0, By::Layer, ONE).unwrap();
    for input in [InputAs::Bias, InputAs::Rate] {
        let converted = convert(&ann, &calibration, options(Reset::Soft, input, ReadoutBy::Voltage, 4)).unwrap();
        let names: Vec<&str> = converted.network.populations.iter().map(|own| &*own.name).collect();
        assert_eq!(names[converted.start], "start_", "{names:?}");
        assert_eq!(converted.network.inputs[0].name, "input_");
    }
    let converted = convert(&ann, &calibration, options(Reset::Soft, InputAs::Bias, ReadoutBy::Voltage, 4)).unwrap();
    // The second sample's first spike is too late for one step, in which the first sample's counts.
    let found = curve(&ann, &converted, &samples, &[1, 2], ONE, &|_| false).unwrap();
    assert_eq!(found.points.iter().map(|point| point.silent).collect::<Vec<_>>(), [1, 0]);
}

#[test]
fn rates_as_input_and_a_file_in_between() {
    let ann = branched();
    let samples = patches(&ann, 40);
    let calibration = calibrate(&ann, &samples, 99.9, By::Channel, ONE).unwrap();
    let converted = convert(&ann, &calibration, options(Reset::Soft, InputAs::Rate, ReadoutBy::Voltage, 128)).unwrap();
    assert_eq!(converted.network.late_steps, 4);
    let found = curve(&ann, &converted, &samples, &[128], ONE, &|_| false).unwrap();
    assert!(found.points[0].right > 30, "{found:?}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.toml");
    converted.network.save(&path).unwrap();
    let read = file::read(&path).unwrap();
    assert_eq!(read, converted.network);
}

#[test]
fn a_readout_that_hears_nothing_says_why() {
    let mut ann = branched();
    ann.layers[3].bias = vec![-100.0; 16];
    let samples = patches(&ann, 5);
    let calibration = calibrate(&ann, &samples, 99.9, By::Layer, ONE).unwrap();
    assert_eq!(calibration.silent, ["both"]);
    let converted = convert(&ann, &calibration, options(Reset::Soft, InputAs::Bias, ReadoutBy::Voltage, 16)).unwrap();
    let found = curve(&ann, &converted, &samples, &[8, 16], ONE, &|_| false).unwrap();
    assert_eq!(found.points[1].silent, 5);
    let said = found.warnings();
    assert!(
        said[0].contains("no answer to any sample after 16 steps: `both` did not spike, and is not active"),
        "{said:?}"
    );
}

/// After one step no spike has reached the readout; after 64 steps there are answers.
#[test]
fn a_readout_that_is_asked_too_soon_says_why() {
    let ann = branched();
    let samples = patches(&ann, 20);
    let calibration = calibrate(&ann, &samples, 99.9, By::Layer, ONE).unwrap();
    for readout in [ReadoutBy::Spikes, ReadoutBy::Voltage] {
        let converted = convert(&ann, &calibration, options(Reset::Soft, InputAs::Bias, readout, 1)).unwrap();
        let found = curve(&ann, &converted, &samples, &[1], ONE, &|_| false).unwrap();
        let point = &found.points[0];
        assert_eq!((point.unreached, point.silent), (20, 20));
        assert_eq!(found.accuracy(point), None, "biases alone are no answer");
        let said = found.warnings();
        assert!(said[0].contains("after 1 step: the first spikes take longer to it: give more --steps"), "{said:?}");
        let longer = convert(&ann, &calibration, options(Reset::Soft, InputAs::Bias, readout, 64)).unwrap();
        let found = curve(&ann, &longer, &samples, &[1, 64], ONE, &|_| false).unwrap();
        assert!(found.accuracy(&found.points[1]).is_some_and(|own| own > 0.5), "{found:?}");
        assert_eq!(found.warnings(), said, "whatever else is asked for");
    }
}
