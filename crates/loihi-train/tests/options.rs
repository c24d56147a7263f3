//! Ways back through neurons, as a file names them: each trains weights of its own, and loses nothing in the emulator.

#![allow(clippy::unwrap_used)]

mod common;

use common::{PIXELS, trained};
use loihi_net::network::{Network, Section};
use loihi_train::check::compare;
use loihi_train::{Subject, SubjectOptions};
use std::num::NonZeroUsize;
use std::path::Path;

fn options() -> SubjectOptions {
    let mut options = SubjectOptions::new("digits");
    options.samples = Some(400);
    options
}

/// The trained network, with the accuracy that it has in the emulator, too.
fn done(subject: &Subject) -> (Network, f64) {
    let trainer = trained(subject, 1, &[]);
    let answers = trainer.answers().unwrap();
    let mut network = subject.network.clone();
    trainer.model().write_to(&mut network);
    let compared = compare(subject, &network, &answers.scores, NonZeroUsize::MIN, &|_| false).unwrap();
    assert!(compared.compared > 0 && compared.different == 0, "{compared:?}");
    (network, answers.accuracy().unwrap())
}

fn table(rate: &str, keys: &str) -> String {
    format!("[train]\nepochs = 6\nbatch = 20\nrate = {rate}\n{keys}")
}

#[test]
fn ways_back_train_each_in_its_own_way() {
    let keys =
        ["", "through_reset = true", "backward = \"kernel\"", "surrogate = \"exponential\"", "backward = \"rate\""];
    let networks: Vec<Network> = keys
        .iter()
        .map(|keys| {
            let text = format!("{PIXELS}{}\nv_th_rate = 0.1\n", table("4.0", keys));
            let (network, accuracy) = done(&Subject::open(&text, Path::new("n.toml"), &options()).unwrap());
            assert!(accuracy > 0.5, "{keys}: {accuracy}");
            network
        })
        .collect();
    for (at, one) in networks.iter().enumerate() {
        let same = networks[..at].iter().position(|other| other.connections == one.connections);
        assert_eq!(same, None, "{} as the one before", keys[at]);
    }
}

/// It goes on with a network that spikes.
#[test]
fn a_trained_network_goes_on_by_the_time_since_its_last_spikes() {
    let text = format!("{PIXELS}{}\nv_th_rate = 0.1\n", table("4.0", ""));
    let subject = Subject::open(&text, Path::new("n.toml"), &options()).unwrap();
    let (begun, before) = done(&subject);
    let mut options = options();
    let mut section = Section::default();
    section.keys = toml::from_str(
        &table("0.2", "surrogate = \"last-spike\"\nwidth = 3.0\ndamping = 0.3").replace("[train]\n", ""),
    )
    .unwrap();
    options.table = Some(section);
    let (network, accuracy) = done(&Subject::of(begun.clone(), &options).unwrap());
    assert_ne!(network.connections, begun.connections);
    assert!(accuracy > before - 0.05, "{accuracy} after {before}");
}
