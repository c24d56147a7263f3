//! Network files that learn.

#![allow(clippy::unwrap_used)]

use loihi_device::inproc::InProcess;
use loihi_device::session::{RetryPolicy, Session};
use loihi_learn::{Learner, NoObserver, Outcome, RunOptions, Task as _};
use std::path::Path;

fn session() -> Session {
    Session::open(Box::new(InProcess::default()), RetryPolicy::default(), 1, || false).unwrap()
}

fn run(text: &str, options: &RunOptions) -> Outcome {
    Learner::parse(text, Path::new("net.toml")).unwrap().run(&mut session(), options, &mut NoObserver).unwrap()
}

const DIGITS: &str = r#"
beyond_the_chip = true
steps = 60
[[input]]
name = "image"
shape = [64]
[[population]]
name = "hidden"
shape = [128]
decay_u = 819
decay_v = 410
v_th = 500
[[connection]]
from = "image"
to = "hidden"
weights = { normal = 10.0 }
[[snip]]
kind = "bernoulli-encoder"
full_scale = 32
[[snip]]
kind = "decolle"
population = "hidden"
classes = 10
target = 64
error_limit = 64
[task]
data = "digits"
epochs = 4
predict = "during"
"#;

#[test]
fn a_layer_from_a_file_ends_in_the_bits_of_the_experiment() {
    let outcome = run(DIGITS, &RunOptions::default());
    eprintln!("{:?} {:016x} {:?}", outcome.metrics, outcome.digest.total(), outcome.tables.len());
    assert_eq!(format!("{:016x}", outcome.digest.total()), "d834144c22e06cd3");
}

/// Every key of the tables that say what a run does is in the file that has every key.
#[test]
fn every_key_of_a_run_is_in_the_file_of_every_key() {
    use loihi_learn::settings::{RewardForm, StageForm, TaskForm};
    use loihi_net::network::file::EVERY_KEY;
    let keys_of = |text: String| text.lines().filter_map(|line| Some(line.split_once(" = ")?.0.to_owned())).collect();
    let keys: [Vec<String>; 3] = [
        keys_of(format!("{:#?}", TaskForm::default()).replace(": ", " = ")),
        keys_of(format!("{:#?}", StageForm::default()).replace(": ", " = ")),
        keys_of(format!("{:#?}", RewardForm::default()).replace(": ", " = ")),
    ];
    for (table, keys) in ["[task]", "[[stage]]", "[reward]"].into_iter().zip(keys) {
        let section = EVERY_KEY.split_once(&format!("# {table}")).unwrap().1;
        let section = section.split("\n\n").next().unwrap();
        assert!(keys.len() >= 4, "{table}: {keys:?}");
        for key in keys {
            assert!(section.contains(&format!("\n# {} = ", key.trim())), "{table} {key} is missing");
        }
    }
}
