//! Signals that networks learn in episodes, and programs that take errors from them every few steps.

#![allow(clippy::unwrap_used)]

use loihi_core::chip::SnapshotScope;
use loihi_device::inproc::InProcess;
use loihi_device::session::{RetryPolicy, Session};
use loihi_learn::{ExperimentError, Learner, MetricsRow, Observer, Outcome, RunOptions, Task as _};
use std::path::Path;

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

/// Keeps the rows of metrics.
#[derive(Default)]
struct Rows(Vec<(u32, String)>);

impl Observer for Rows {
    fn row(&mut self, row: &MetricsRow) -> Result<(), loihi_run::record::RecordError> {
        self.0.push((row.pass, row.metrics.to_string()));
        Ok(())
    }
}

fn session() -> Session {
    Session::open(Box::new(InProcess::default()), RetryPolicy::default(), 1, || false).unwrap()
}

fn run(text: &str, rows: &mut Rows) -> Result<(Outcome, Vec<u8>), ExperimentError> {
    let mut session = session();
    let outcome = Learner::parse(text, Path::new("net.toml"))?.run(&mut session, &RunOptions::default(), rows)?;
    Ok((outcome, session.save(SnapshotScope::Learned)?))
}

#[test]
fn episodes_begin_at_rest_and_tests_learn_nothing() {
    let mut rows = Rows::default();
    let (outcome, learned) = run(DENDRITE, &mut rows).unwrap();
    assert_eq!(outcome.steps, 600);
    assert_eq!(rows.0.iter().map(|(pass, _)| *pass).collect::<Vec<_>>(), [2, 4, 5]);
    assert!(rows.0.iter().all(|(_, figures)| figures.starts_with("rate_mse 0.") && !figures.contains("constant")));
    let names: Vec<&str> = outcome.metrics.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["rate_mse", "rate_mse_constant", "passes"]);
    let (untested, same) = run(&DENDRITE.replace("test_epochs = 1", "test_epochs = 0"), &mut Rows::default()).unwrap();
    assert_eq!((untested.steps, &same), (500, &learned));
    let (longer, same) = run(&DENDRITE.replace("test_epochs = 1", "test_epochs = 3"), &mut Rows::default()).unwrap();
    assert_eq!(longer.metrics.get("rate_mse"), outcome.metrics.get("rate_mse"), "the same noise, the same answers");
    assert_eq!(same, learned);
    assert!(learned.iter().any(|byte| *byte != 0), "it learns");
}

#[test]
fn a_core_learns_from_errors_every_few_steps() {
    let (outcome, _) = run(ERRORS, &mut Rows::default()).unwrap();
    let (without, _) = run(&ERRORS.replace("2^-5*u1", "0*u1"), &mut Rows::default()).unwrap();
    let [learned, still] = [outcome, without].map(|outcome| outcome.metrics.get("rmse").unwrap());
    assert!(learned < still / 2.0, "{learned}, {still}");
}

#[test]
fn what_cannot_be_learned_in_episodes_is_one_sentence() {
    let pendulum = "[plant]\nplant = \"pendulum\"\ngravity_nm = 9.81\nfriction_nms = 1.0\ninertia_kgm2 = 1.0\n\
        stiffness_nm = 100.0\ndamping_nms = 20.0\ntorque_nm = 20.0\n";
    let (before, _) = DENDRITE.split_once("[plant]").unwrap();
    for (text, what) in [
        (format!("{before}{pendulum}"), "needs a plant that is a signal, such as `sines`"),
        (
            DENDRITE.replace("\"rate_mse_constant\"", "\"rmsd\""),
            "unknown figure `rmsd` in [task]; of episodes there are",
        ),
        (before.to_owned(), "episodes need a signal: add a `[plant]`"),
        (DENDRITE.replace("episodes = true", ""), "`test_epochs` has a meaning only with `episodes = true`"),
        (DENDRITE.replace("\"rate_mse\"", "\"mse\""), "the network answers with rates: take `rate_mse`"),
        (DENDRITE.replace(", value = 400", ""), "the inputs take 20 values, and the plant sends 0 (`sensed`)"),
        (DENDRITE.replace("value = 400", "value = -1"), "give a `value` of 0 to 32767"),
        (DENDRITE.replace("test_epochs = 1", "test_epochs = 5000"), "5000 is out of its range"),
        (ERRORS.replace("row_steps = 1000", "episodes = true"), "`third-factor` takes errors"),
        (ERRORS.replace("dimensions = 1", "dimensions = 3"), "3 errors cannot share 2 places"),
        (ERRORS.replace("-1.0, -1.0]", "-1.0]"), "3 decoders for 4"),
        (ERRORS.replace("[1.0,", "[200.0,"), "200 is out of the range of a decoder"),
        (ERRORS.replace("16000, 0, 16000]", "16000]"), "2 values, but there are 4 neurons"),
        (ERRORS.replace("[0, 16000, 0", "[0, 99999999, 0"), "99999999"),
        (ERRORS.replace("every_steps = 4", "every_steps = 0"), "`every_steps` of 0 is out of its range"),
    ] {
        let said = run(&text, &mut Rows::default()).unwrap_err().to_string();
        assert!(said.contains(what), "{said}\n{what}");
    }
}
