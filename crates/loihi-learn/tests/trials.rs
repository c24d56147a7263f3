//! Trials of spikes that a network file gives, and what they change weights by.

#![allow(clippy::unwrap_used)]

mod common;

use common::{refused, run};

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

fn network(rule: &str, traces: &str) -> String {
    NETWORK.replace("RULE", rule).replace("TRACES", traces)
}

#[test]
fn a_pair_of_spikes_changes_a_weight_as_the_equation_says() {
    let text = network(PAIRS, TRACES).replace("count = 2", "count = 1");
    let ran = run(&text).unwrap();
    let expected = [40.0 / 32.0 * (-2.0_f64 / 8.0).exp(), -30.0 / 32.0 * (-8.0_f64 / 12.0).exp()];
    for ((_, row), expected) in ran.rows.iter().zip(expected) {
        let [own, of_twin] = ["change", "change_float"].map(|name| row.get(name).unwrap());
        assert!((of_twin - expected).abs() < 1e-9, "{row:?}: {expected}");
        assert!((own - expected).abs() < 0.05, "{row:?}: {expected}");
    }
    assert_eq!((ran.rows.len(), ran.rows[1].1.get("row"), ran.outcome.steps), (2, Some(1.0), 1600));
    let largest = ran.metric("largest_change_float");
    assert!((largest - expected[0]).abs() < 1e-9 && ran.metric("rms_difference") < 0.05);
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
            let ran = run(&text.replace("trials = 40", "trials = 2")).unwrap();
            let largest = ran.metric("largest_difference");
            assert!(largest < allowed, "{rule}, epochs of {epoch_steps}: {largest}, {:?}", ran.rows);
        }
    }
}

#[test]
fn figures_are_named_and_ordered() {
    let text = network(PAIRS, TRACES)
        .replace("float_twin = true", "metrics = [\"late\", \"early\"]")
        .replace("columns =", "figures = { early = 0, late = 1 }\ncolumns =");
    assert_eq!(run(&text).unwrap().names(), ["late", "early"]);
}

#[test]
fn published_figures_are_reported_behind_those_that_are_ordered() {
    let more =
        "float_twin = true\nmetrics = [\"rms_difference\", \"largest_change\"]\npublished = { change_of_others = 0.5 }";
    let ran = run(&network(PAIRS, TRACES).replace("float_twin = true", more)).unwrap();
    let names = ["rms_difference", "largest_change", "largest_change_float", "largest_difference", "change_of_others"];
    assert_eq!((ran.names(), ran.metric("change_of_others")), (names.to_vec(), 0.5));
}

/// What cannot be is one sentence, at its line, before anything runs.
#[test]
fn what_cannot_be_is_refused() {
    let changes = [
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
    ];
    refused(&network(PAIRS, TRACES), &changes);
}
