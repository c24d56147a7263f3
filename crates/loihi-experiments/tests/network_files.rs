//! Network files with programs come to the same state as the images that the experiments build.

#![allow(clippy::unwrap_used)]

use loihi_core::image::Profile;
use loihi_core::num::ThresholdMantissa;
use loihi_core::rules::UrbanczikSennParams;
use loihi_core::tools::rank_one::Precision;
use loihi_core::wire::message::Record;
use loihi_device::inproc::InProcess;
use loihi_device::session::{RetryPolicy, Session};
use loihi_experiments::Experiment;
use loihi_image::image::{ImageBuilder, ImageFile, Plasticity, Source, full_row};
use loihi_net::draw;
use loihi_place::place::{Placed, PlacementOptions, place};
use loihi_testkit::decolle_net::{BackEnd, DecolleNet, Recording};
use loihi_testkit::emstdp_net::{EmstdpNet, Feedback};
use loihi_testkit::eprop_net::EpropNet;
use loihi_testkit::layers::bernoulli_inputs;
use std::path::Path;

fn placed(text: &str) -> Placed {
    let network = loihi_net::network::file::parse(text, Path::new("net.toml")).unwrap();
    place(&network, PlacementOptions::default()).unwrap()
}

fn mailbox(words: &[i16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// The digest after two samples that are learned; stimuli are 0..=15, one target word is 64 or 1.
fn digest(file: &ImageFile, steps: u16, scale: i16) -> u64 {
    let image = file.open().unwrap();
    let mut session = Session::open(Box::new(InProcess::new(32 << 20)), RetryPolicy::default(), 1, || false).unwrap();
    session.load(file).unwrap();
    for sample in 0..2_i16 {
        let stimulus: Vec<i16> =
            (0_i16..).take(image.stimulus_words).map(|at| scale * ((at * 7 + sample) % 16)).collect();
        let target: Vec<i16> =
            (0_i16..).take(image.target_words).map(|at| i16::from(at == 3 * sample) * 4 * scale).collect();
        let (stimulus, target) = (mailbox(&stimulus), mailbox(&target));
        let record = Record { reset: true, learn: true, steps, stimulus: &stimulus, target: &target, ..Record::PLAIN };
        session.stream([record], |_| {}).unwrap();
    }
    let ops = session.ops().unwrap();
    assert!(ops.spikes > 0 || ops.synaptic_events > 0, "something happens");
    session.digest().unwrap().total()
}

/// Both come to the same state; `steps` are those of a sample.
fn assert_same(built: &ImageFile, text: &str, steps: u16, scale: i16) {
    let placed = placed(text);
    let (from, to) = (built.open().unwrap(), placed.image.open().unwrap());
    assert_eq!(to.data, from.data, "constants");
    let words = |image: &loihi_core::image::Image<'_>| [image.stimulus_words, image.target_words, image.output_words];
    assert_eq!(words(&to), words(&from), "mailboxes");
    assert_eq!(to.sparse, from.sparse, "synapses");
    assert_eq!(digest(&placed.image, steps, scale), digest(built, steps, scale));
}

const DECOLLE: &str = r#"
name = "digits"
beyond_the_chip = true

[[input]]
name = "pixels"
shape = [64]

[[population]]
name = "hidden"
shape = [128]
decay_u = 819
decay_v = 410
v_th = 500

[[connection]]
from = "pixels"
to = "hidden"
weights = { normal = 10.0 }

[[snip]]
kind = "bernoulli-encoder"
full_scale = 32

[[snip]]
kind = "decolle"
population = "hidden"
classes = 10
shift = 11
burn_in_steps = 10
epoch_steps = 5
readout_shift = 6
feedback_shift = 4
error_limit = 64
error_shift = 5
trigger_share = 0
slope = { box = { half_width = 16000 } }
homeostasis = 2
count_max = 2
"#;

#[test]
fn a_file_with_decolle_is_the_image_of_the_experiment() {
    let net = DecolleNet::digits();
    let built = net.image(64, 10, 0, Recording::default()).unwrap();
    assert_same(&built, DECOLLE, 60, 4);
    let text = DECOLLE.replace("name = \"digits\"", "name = \"digits\"\nseed = 11");
    assert_same(&net.image(64, 10, 11, Recording::default()).unwrap(), &text, 60, 4);
}

#[test]
fn a_file_with_decolle_by_the_core_is_the_image_of_the_experiment() {
    let net = DecolleNet { back_end: BackEnd::Core, ..DecolleNet::digits() };
    let text = format!("{DECOLLE}back_end = \"core\"\n");
    assert_same(&net.image(64, 10, 0, Recording::default()).unwrap(), &text, 60, 4);
}

#[test]
fn a_file_with_two_layers_of_decolle_is_the_image_of_the_experiment() {
    let second = "[[population]]\nname = \"second\"\nshape = [128]\ndecay_u = 819\ndecay_v = 410\nv_th = 500\n\
        [[connection]]\nfrom = \"hidden\"\nto = \"second\"\nweights = { normal = 10.0 }\n";
    let (_, snip) = DECOLLE.rsplit_once("[[snip]]").unwrap();
    let text = format!("{DECOLLE}{second}[[snip]]{}", snip.replace("\"hidden\"", "\"second\""));
    let net = DecolleNet { layers: vec![128, 128], ..DecolleNet::digits() };
    assert_same(&net.image(64, 10, 3, Recording::default()).unwrap(), &format!("seed = 3\n{text}"), 60, 4);
}

/// Weights by the deviation of seed 0, and thresholds by the step that it gives.
#[test]
fn a_file_with_emstdp_is_the_image_of_the_experiment() {
    let (inputs, hidden, classes) = (64_u32, 100_u32, 10_u32);
    // The largest weight is 127 steps.
    let steps = |layer: u32, axons: u32, posts: u32| {
        let all = (0..axons).flat_map(|axon| (0..posts).map(move |post| draw::gauss(0, axon, post, layer)));
        127.0 / all.fold(0.0_f64, |most, drawn| most.max(drawn.abs()))
    };
    let [of_hidden, of_output] = [steps(1, inputs, hidden), steps(2, hidden, classes)];
    let unit = |axons: u32, steps: f64| (3.0 / f64::from(axons)).sqrt() / steps;
    let [unit_hidden, unit_output] = [unit(inputs, of_hidden), unit(hidden, of_output)];
    let whole = |value: f64| draw::whole(value.round_ties_even().max(1.0));
    let drive_hidden = whole((3.0 * f64::from(inputs)).sqrt() / 4.0 * 0.5 / unit_hidden);
    let drive_output = whole((3.0 * f64::from(hidden)).sqrt() / 2.0 * 0.1 / unit_output);
    let spread = f64::from(classes) / 4.0 * 0.5;
    for (feedback, name, threshold) in [
        (Feedback::Symmetric, "symmetric", spread * (3.0 / f64::from(hidden)).sqrt() / unit_output),
        (
            Feedback::Direct,
            "direct",
            spread * (3.0 / f64::from(classes)).sqrt() / ((1.0 / f64::from(classes)).sqrt() / 127.0),
        ),
    ] {
        let text = format!(
            "[[input]]\nname = \"pixels\"\nshape = [64]\n\
             [[population]]\nname = \"hidden\"\nshape = [100]\nv_th = {}\n\
             [[population]]\nname = \"output\"\nshape = [10]\nv_th = {}\n\
             [[connection]]\nfrom = \"pixels\"\nto = \"hidden\"\n\
             weights = {{ normal = {of_hidden}, stream = 1, by_source = true }}\n\
             [[connection]]\nfrom = \"hidden\"\nto = \"output\"\n\
             weights = {{ normal = {of_output}, stream = 2, by_source = true }}\n\
             [[snip]]\nkind = \"bernoulli-encoder\"\nfull_scale = 16\nseed = 0\n\
             [[snip]]\nkind = \"emstdp\"\npopulations = [\"hidden\", \"output\"]\nfeedback = \"{name}\"\n\
             phase_steps = 49\ndrive_hidden = {drive_hidden}\ndrive_output = {drive_output}\n\
             error_threshold_hidden = {}\nerror_threshold_output = 3\nshift = 8\n",
            2 * drive_hidden - 1,
            2 * drive_output - 1,
            whole(threshold),
        );
        let net = EmstdpNet { feedback, ..EmstdpNet::digits() };
        assert_same(&net.image(inputs, classes, 0, 0).unwrap(), &text, net.steps(), 1);
    }
}

#[test]
fn a_file_with_eprop_is_the_image_of_the_experiment() {
    let net = EpropNet::default();
    for seed in [0, 11] {
        assert_same(&net.image(seed).unwrap(), &format!("seed = {seed}\n{}", net.text()), 300, 100);
    }
    let adaptive = EpropNet { adaptation_strength: 100, ..EpropNet::default() };
    assert_same(&adaptive.image(3).unwrap(), &format!("seed = 3\n{}", adaptive.text()), 300, 100);
    let text = Experiment::named("eprop-pattern").unwrap().text;
    assert_same(&net.image(0).unwrap(), text, 300, 100);
}

/// φ in Q12, then φ'/φ in Q8.
fn rates() -> Vec<i32> {
    let potential = |entry: i32| f64::from(entry << 12) / 81_280.0;
    let phi = (-128..=128).map(|entry| draw::whole(0.3 / (1.0 + (-potential(entry)).exp()) * 4096.0));
    let h = (-128..=128).map(|entry| draw::whole(256.0 / (1.0 + potential(entry).exp())));
    phi.chain(h).collect()
}

#[test]
fn a_file_with_a_dendrite_is_the_image_of_the_experiment() {
    let mut builder = ImageBuilder::new();
    builder.mailboxes(102, 1, 1);
    let inputs = bernoulli_inputs(&mut builder, 100, 1 << 12, draw::encoder_seed(0));
    let core = builder.core();
    builder.group(1, Profile { decay_u: 819, decay_v: 205, v_th: ThresholdMantissa::MAX << 6, ..Profile::DEFAULT });
    let axons = inputs.map(|input| (Source::Input(input), full_row(0..1, |_| 0)));
    let group = builder.plastic_group(core, 0..1, &Plasticity::default(), axons);
    let data_first = builder.data(&rates());
    builder.snip(&UrbanczikSennParams {
        group,
        axons: 100,
        posts: 1,
        data_first,
        target_first: 0,
        output_first: 0,
        target_shift: 5,
        nudge_256: 128,
        table_shift: 12,
        precision: Precision::Stochastic,
        shift: 26,
        decay_u: 819,
        decay_v: 205,
    });
    let text = Experiment::named("dendrite-teacher").unwrap().text;
    assert_same(&builder.build().unwrap(), text, 300, 100);
}
