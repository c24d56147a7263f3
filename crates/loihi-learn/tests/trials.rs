//! Trials of spikes that a network file gives, and what they change weights by.

#![allow(clippy::unwrap_used)]

use loihi_device::inproc::InProcess;
use loihi_device::session::{RetryPolicy, Session};
use loihi_learn::{Learner, Metrics, MetricsRow, Observer, Outcome, RunOptions, Task as _};
use loihi_run::record::RecordError;
use std::path::Path;

/// Neurons that fire in steps 12 and 13, after axons in steps 10 and 11: rules see several spikes in an epoch.
const NETWORK: &str = r#"
steps = 40

[task]
trials = 40
float_twin = true

[[input]]
name = "axons"
shape = [2, 32]

[[input]]
name = "teacher"
shape = [1]

[[population]]
name = "neurons"
shape = [16]
v_th = 16384
decay_v = 4096

[[connection]]
from = "axons"
to = "neurons"
weights = 20

[connection.learning]
rule = "RULE"
epoch_steps = 1
TRACES

[[connection]]
from = "teacher"
to = "neurons"
weights = 254
wgt_exp = 7

[[spikes]]
input = "axons"
at = [10, 20]
count = 2

[[spikes]]
input = "teacher"
at = 12
count = 2

[[measure]]
name = "change"
from = "axons"
to = "neurons"
by = "from"
columns = { row = { from = 0, to = 1 } }
"#;

const PAIRS: &str = "dw = 2^-5*x1*y0 - 2^-5*x0*y1";
const TRACES: &str = "x1 = { impulse = 40, tau_steps = 8.0 }\ny1 = { impulse = 30, tau_steps = 12.0 }";

/// Keeps all rows of metrics.
#[derive(Default)]
struct Rows(Vec<Metrics>);

impl Observer for Rows {
    fn row(&mut self, row: &MetricsRow) -> Result<(), RecordError> {
        self.0.push(row.metrics.clone());
        Ok(())
    }
}

fn run(text: &str) -> Result<(Outcome, Vec<Metrics>), String> {
    let mut session = Session::open(Box::new(InProcess::default()), RetryPolicy::default(), 1, || false).unwrap();
    let learner = Learner::parse(text, Path::new("net.toml")).map_err(|error| error.to_string())?;
    let mut rows = Rows::default();
    let outcome = learner.run(&mut session, &RunOptions::default(), &mut rows).map_err(|error| error.to_string())?;
    Ok((outcome, rows.0))
}

fn network(rule: &str, traces: &str) -> String {
    NETWORK.replace("RULE", rule).replace("TRACES", traces)
}

#[test]
fn a_pair_of_spikes_changes_a_weight_as_the_equation_says() {
    let text = network(PAIRS, TRACES).replace("count = 2", "count = 1");
    let (outcome, rows) = run(&text).unwrap();
    let expected = [40.0 / 32.0 * (-2.0_f64 / 8.0).exp(), -30.0 / 32.0 * (-8.0_f64 / 12.0).exp()];
    for (row, expected) in rows.iter().zip(expected) {
        let [own, of_twin] = ["change", "change_float"].map(|name| row.get(name).unwrap());
        assert!((of_twin - expected).abs() < 1e-9, "{row:?}: {expected}");
        assert!((own - expected).abs() < 0.05, "{row:?}: {expected}");
    }
    assert_eq!((rows.len(), rows[1].get("row"), outcome.steps), (2, Some(1.0), 1600));
    let largest = outcome.metrics.get("largest_change_float").unwrap();
    assert!((largest - expected[0]).abs() < 1e-9 && outcome.metrics.get("rms_difference").unwrap() < 0.05);
}

/// Rules of every kind, on several spikes in an epoch, stay by their twins within what is rounded: a mean over 512 synapses.
#[test]
fn a_twin_follows_every_rule() {
    let all = "x1 = { impulse = 40, tau_steps = 8.0 }\nx2 = { impulse = 20, tau_steps = 20.0 }\n\
               y1 = { impulse = 30, tau_steps = 12.0 }\ny2 = { impulse = 20, tau_steps = 30.0 }";
    for (rule, traces, allowed) in [
        (PAIRS, TRACES, 0.05),
        ("dw = 2^-6*x1*y2*y0 - 2^-6*x0*y1*x2", all, 0.3),
        ("dw = 2^-6*u1*x1 - 2^-7*u0*w*y1", TRACES, 0.3),
        ("dw = 2^-3*u0*t; dt = 2^-2*x1*y0 - 2^-3*u0*t", "x1 = { impulse = 40, tau_steps = 8.0 }", 1.0),
        ("dw = 2^-3*x0*sgn(y1-3) + 2^-5*y0*(x1-9)", TRACES, 0.3),
    ] {
        for epoch_steps in [1, 4] {
            let text = network(rule, traces).replace("epoch_steps = 1", &format!("epoch_steps = {epoch_steps}"));
            let (outcome, rows) = run(&text.replace("trials = 40", "trials = 2")).unwrap();
            let largest = outcome.metrics.get("largest_difference").unwrap();
            assert!(largest < allowed, "{rule}, epochs of {epoch_steps}: {largest}, {rows:?}");
        }
    }
}

#[test]
fn figures_are_named_and_ordered() {
    let text = network(PAIRS, TRACES)
        .replace("float_twin = true", "metrics = [\"late\", \"early\"]")
        .replace("columns =", "figures = { early = 0, late = 1 }\ncolumns =");
    let (outcome, _) = run(&text).unwrap();
    let names: Vec<String> = outcome.metrics.iter().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(names, ["late", "early"]);
}

/// What cannot be is one sentence, at its line, before anything runs.
#[test]
fn what_cannot_be_is_refused() {
    let whole = network(PAIRS, TRACES);
    for (old, new, why) in [
        (
            "input = \"teacher\"",
            "input = \"tutor\"",
            "`input = \"tutor\"`: unknown input `tutor`; there are: axons, teacher",
        ),
        ("at = 12", "at = 40", "row 0 spikes in step 41, and a trial has 40 steps, from 0"),
        ("at = 12", "at = 1.5", "1.5 is not a whole number of 0 to 16777216"),
        ("at = [10, 20]", "at = [10, 20, 30]", "3 numbers for 2 rows: give one for each"),
        ("at = [10, 20]", "at = \"ten\"", "a list with one for each row"),
        ("steps = 40\n\n[task]", "[task]", "nothing says how many steps a trial has: give `steps`"),
        (
            "from = \"axons\"\nto = \"neurons\"\nby",
            "from = \"axon\"\nto = \"neurons\"\nby",
            "unknown input or population `axon`",
        ),
        (
            "from = \"axons\"\nto = \"neurons\"\nby",
            "from = \"teacher\"\nto = \"neurons\"\nby",
            "does not learn: give it `[connection.learning]`",
        ),
        (
            "from = \"axons\"\nto = \"neurons\"\nby",
            "from = \"neurons\"\nto = \"neurons\"\nby",
            "no connection leads from `neurons` to `neurons`",
        ),
        ("name = \"change\"\n", "", "give every measure a name of its own"),
        ("columns = { row", "columns = { change", "the name `change` is taken: choose another"),
        ("columns = { row", "columns = { \"a,b\"", "invalid name \"a,b\": use letters, digits"),
        ("columns = { row", "columns = { digest", "`columns = { digest = "),
        ("name = \"change\"", "name = \"pass\"", "the name `pass` is taken"),
        ("columns = {", "figures = { third = 2 }\ncolumns = {", "`third` names row 2, but rows are 0 to 1"),
        ("by = \"from\"", "by = \"from\"\nsynapses = \"same-row\"", "`axons` has 2 rows and `neurons` has 16"),
        ("[[measure]]", "[plant]\nplant = \"choice\"\n[[measure]]", "missing field `cues`"),
        ("[[measure]]", "[reward]\nfrom = \"plant\"\n[[measure]]", "[reward]"),
        ("trials = 40", "trials = 40\ndata = \"digits\"", "`data`"),
    ] {
        let text = whole.replacen(old, new, 1);
        assert_ne!(text, whole, "{old}");
        let said = run(&text).map(|_| ()).unwrap_err();
        assert!(said.contains(why), "{new}: {said}");
    }
}
