//! Runs through samples: what is reported beside their own figures, and inputs that cannot show them.

#![allow(clippy::unwrap_used)]

mod common;

use common::{refused, run_with};
use loihi_task::RunOptions;

/// Decoders that learn digits.
const DIGITS: &str = r#"
steps = 10
input = [{ name = "image", shape = [8, 8] }]
population = [{ name = "hidden", shape = [8], v_th = 500 }]
connection = [{ from = "image", to = "hidden", weights = { normal = 10.0 } }]
snip = [
    { kind = "bernoulli-encoder", full_scale = 32 },
    { kind = "pes", population = "hidden", classes = 10 },
]
task = { data = "digits", published = { accuracy_of_others = 0.75 } }
"#;

#[test]
fn published_figures_are_reported_last() {
    let ran = run_with(DIGITS, &RunOptions { samples: Some(4), ..RunOptions::default() }).unwrap();
    assert_eq!((ran.names().last(), ran.metric("accuracy_of_others")), (Some(&"accuracy_of_others"), 0.75));
}

#[test]
fn an_encoder_with_a_value_of_its_own_shows_no_samples() {
    let what = "samples are shown to the input `image`, whose encoder always has the same `value`: leave `value` out";
    refused(DIGITS, &[("full_scale = 32", "full_scale = 32, value = 3", what)]);
}
