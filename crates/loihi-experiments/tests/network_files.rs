//! Network files with programs come to the same state as the images that the experiments build.

#![allow(clippy::unwrap_used)]

use loihi_core::wire::message::Record;
use loihi_device::inproc::InProcess;
use loihi_device::session::{RetryPolicy, Session};
use loihi_experiments::decolle_net::{BackEnd, DecolleNet, Recording};
use loihi_image::image::ImageFile;
use loihi_place::place::{Placed, PlacementOptions, place};
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
        let stimulus: Vec<i16> = (0..image.stimulus_words).map(|at| scale * ((at as i16 * 7 + sample) % 16)).collect();
        let target: Vec<i16> =
            (0..image.target_words).map(|at| i16::from(at as i16 == 3 * sample) * 4 * scale).collect();
        let (stimulus, target) = (mailbox(&stimulus), mailbox(&target));
        let record = Record { reset: true, learn: true, steps, stimulus: &stimulus, target: &target, ..Record::PLAIN };
        session.stream([record], |_| {}).unwrap();
    }
    assert!(session.ops().unwrap().spikes > 0, "it spikes");
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
