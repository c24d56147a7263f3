//! Signals that networks learn in episodes, and programs that take errors from them every few steps.

#![allow(clippy::unwrap_used)]

mod common;

use common::{refused, run, run_with};
use loihi_task::RunOptions;

/// A dendrite that learns the rate of a teacher.
const DENDRITE: &str = r#"
input = [{ name = "noise", shape = [20] }]
population = [{ name = "dendrite", shape = [1], decay_u = 819, decay_v = 205, v_th = 131071 }]
connection = [{ from = "noise", to = "dendrite", weights = 0 }]
snip = [
    { kind = "bernoulli-encoder", full_scale = 4096, value = 400 },
    { kind = "urbanczik-senn", population = "dendrite", volt = 81280.0, target_shift = 5, table_shift = 12, nudge_256 = 128, shift = 22 },
]

[task]
epochs = 5
steps = 100
episodes = true
test_epochs = 1
row_steps = 200
metrics = ["rate_mse", "rate_mse_constant"]

[plant]
plant = "sines"
period_steps = 100
periods = [2.0]
amplitudes = [5080.0]
phases = [0.0]
offset = -2540.0
"#;

/// Integrators whose weights the core learns from the error of a readout, every four steps.
const ERRORS: &str = r#"
input = [{ name = "value", shape = [1] }]
population = [
    { name = "ensemble", shape = [20], decay_v = 200, v_th = 1024, refractory = 2 },
    { name = "pairs", shape = [4], v_th = 500, v_min = 0, v_start = [0, 16000, 0, 16000] },
]
snip = [
    { kind = "bias-encoder", population = "ensemble" },
    { kind = "third-factor", population = "pairs", dimensions = 1, shift = 3 },
    { kind = "pes", population = "pairs", learn = false, decoders = [1.0, 1.0, -1.0, -1.0] },
]

[task]
steps = 2000
row_steps = 1000
final_steps = 1000

[plant]
plant = "sine"
frequency_hz = 1.0
power = 1
probe_tau_steps = 20.0
every_steps = 4

[[connection]]
from = "ensemble"
to = "pairs"
weights = 0
learning = { rule = "dw = 2^-5*u1*x1*y1", signed_by_profile = true, epoch_steps = 2, x1 = { impulse = 2, tau_steps = 5.0 } }
"#;

#[test]
fn episodes_begin_at_rest_and_tests_learn_nothing() {
    let ran = run(DENDRITE).unwrap();
    assert_eq!(ran.outcome.steps, 600);
    assert_eq!(ran.rows.iter().map(|(pass, _)| *pass).collect::<Vec<_>>(), [2, 4, 5]);
    for (_, row) in &ran.rows {
        let figures = row.to_string();
        assert!(figures.starts_with("rate_mse 0.") && !figures.contains("constant"), "{figures}");
    }
    assert_eq!(ran.names(), ["rate_mse", "rate_mse_constant", "passes"]);
    let untested = run(&DENDRITE.replace("test_epochs = 1", "test_epochs = 0")).unwrap();
    assert_eq!((untested.outcome.steps, &untested.learned), (500, &ran.learned));
    let longer = run(&DENDRITE.replace("test_epochs = 1", "test_epochs = 3")).unwrap();
    assert_eq!(
        longer.metric("rate_mse").to_bits(),
        ran.metric("rate_mse").to_bits(),
        "the same noise, the same answers"
    );
    assert_eq!(longer.learned, ran.learned);
    assert!(ran.learned.iter().any(|byte| *byte != 0), "it learns");
}

#[test]
fn a_core_learns_from_errors_every_few_steps() {
    let [learned, still] =
        [ERRORS.to_owned(), ERRORS.replace("2^-5*u1", "0*u1")].map(|text| run(&text).unwrap().metric("rmse"));
    assert!(learned < still / 2.0, "{learned}, {still}");
}

#[test]
fn what_cannot_be_learned_in_episodes_is_one_sentence() {
    let pendulum = "[plant]\nplant = \"pendulum\"\ngravity_nm = 9.81\nfriction_nms = 1.0\ninertia_kgm2 = 1.0\n\
        stiffness_nm = 100.0\ndamping_nms = 20.0\ntorque_nm = 20.0\n";
    let (before, sines) = DENDRITE.split_at(DENDRITE.find("[plant]").unwrap());
    refused(
        DENDRITE,
        &[
            (sines, pendulum, "needs a plant that is a signal, such as `sines`"),
            ("\"rate_mse_constant\"", "\"rmsd\"", "unknown figure `rmsd` in [task]; of episodes there are"),
            ("episodes = true", "", "`test_epochs` has a meaning only with `episodes = true`"),
            ("\"rate_mse\"", "\"mse\"", "the network answers with rates: take `rate_mse`"),
            (", value = 400", "", "the inputs take 20 values, and the plant sends 0 (`sensed`)"),
            ("value = 400", "value = -1", "give a `value` of 0 to 32767"),
            ("test_epochs = 1", "test_epochs = 5000", "5000 is out of its range"),
            (
                "[plant]",
                "[reward]\nfrom = \"plant\"\n[plant]",
                "`from = \"plant\"`: [reward] from a plant does nothing",
            ),
        ],
    );
    let said = run(before).unwrap_err();
    assert!(said.contains("episodes need a signal: add a `[plant]`"), "{said}");
    refused(
        ERRORS,
        &[
            ("row_steps = 1000", "episodes = true", "`third-factor` takes errors"),
            ("dimensions = 1", "dimensions = 3", "3 errors cannot share 2 places"),
            ("-1.0, -1.0]", "-1.0]", "3 decoders for 4"),
            ("[1.0,", "[200.0,", "200 is out of the range of a decoder"),
            ("16000, 0, 16000]", "16000]", "2 values, but there are 4 neurons"),
            ("[0, 16000, 0", "[0, 99999999, 0", "99999999"),
            ("every_steps = 4", "every_steps = 0", "`every_steps` of 0 is out of its range"),
            (
                "every_steps = 4",
                "every_steps = 2001",
                "line 14, `steps = 2000`: 2000 steps are less than one of the plant",
            ),
            ("learn = false", "learn = false, rate_shift = 9", "`rate_shift` does nothing with `learn = false`"),
            ("learn = false", "learn = false, error_given = true", "`error_given` does nothing with `learn = false`"),
            (
                "learn = false",
                "learn = false, pre_synapse = \"raw\"",
                "`pre_synapse` does nothing with `learn = false`",
            ),
            (
                "row_steps = 1000",
                "float_twin = true",
                "`float_twin` needs decoders that learn, and `pes` has `learn = false`",
            ),
        ],
    );
}

/// A plant that is a signal.
const SINE: &str = "\
[plant]
plant = \"sine\"
frequency_hz = 1.0
power = 1
probe_tau_steps = 20.0
";

/// A sine that decoders learn, in integers and in double precision, from what they know.
fn channel(decoders: f64) -> String {
    let decoders = vec![format!("{decoders:?}"); 20].join(", ");
    format!(
        "input = [{{ name = \"value\", shape = [1] }}]\n\
         population = [{{ name = \"ensemble\", shape = [20], decay_v = 200, v_th = 1024, refractory = 2 }}]\n\
         snip = [{{ kind = \"bias-encoder\", population = \"ensemble\" }},\n\
         {{ kind = \"pes\", population = \"ensemble\", rate_shift = 12, decoders = [{decoders}] }}]\n\
         task = {{ steps = 400, row_steps = 400, final_steps = 400, float_twin = true }}\n{SINE}"
    )
}

#[test]
fn a_float_twin_begins_with_the_same_decoders() {
    for decoders in [0.0, 2.0] {
        let ran = run(&channel(decoders)).unwrap();
        let [own, of_twin] = ["rmse", "rmse_float"].map(|name| ran.metric(name));
        assert!((own - of_twin).abs() < 0.01, "{decoders}: {own}, {of_twin}");
    }
    let far = run(&channel(2.0)).unwrap().metric("rmse_float");
    assert!(far > run(&channel(0.0)).unwrap().metric("rmse_float") + 0.1, "{far}");
}

#[test]
fn a_float_twin_of_a_filtered_rule_is_refused() {
    let of_a_trace = channel(0.0).replacen("rate_shift = 12", "rate_shift = 12, pre_synapse = \"trace\"", 1);
    let said = run(&of_a_trace).unwrap_err();
    assert!(said.contains("`float_twin` works only with `pre_synapse = \"raw\"`"), "{said}");
    assert!(run(&of_a_trace.replacen(", float_twin = true", "", 1)).is_ok());
}

#[test]
fn no_epochs_have_no_error() {
    let none = RunOptions { epochs: Some(0), ..RunOptions::default() };
    let ran = run_with(&channel(0.0), &none).unwrap();
    assert_eq!((ran.metric("rmse").to_bits(), ran.outcome.steps), (0, 0));
}
