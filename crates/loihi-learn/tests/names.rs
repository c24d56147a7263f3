//! Names that `[[stage]]` tables give to the figures of a run.

#![allow(clippy::unwrap_used)]

use loihi_learn::Learner;
use std::path::Path;

/// What is said of a network whose stages name these figures.
fn said(names: &[&str]) -> Result<(), String> {
    let network = "[[input]]\nname = \"in\"\nshape = [2]\n[[population]]\nname = \"out\"\nshape = [2]\n\
                   [[connection]]\nfrom = \"in\"\nto = \"out\"\nweights = 20\n";
    let stages = names.iter().map(|name| format!("[[stage]]\nmetric = {name:?}\n")).collect::<Vec<_>>().concat();
    let learner = Learner::parse(&format!("{network}{stages}"), Path::new("net.toml"));
    learner.map(|_| ()).map_err(|error| error.to_string())
}

#[test]
fn stages_have_figures_of_their_own() {
    assert_eq!(said(&["accuracy", "accuracy_new", "of 5-9"]), Ok(()));
    let taken = said(&["a", "b", "a"]).unwrap_err();
    assert_eq!(taken, "net.toml, line 16, `metric = \"a\"`: the name `a` is taken: choose another");
    assert!(said(&["spike_rate"]).unwrap_err().ends_with("the name `spike_rate` is taken: choose another"));
    for name in ["", "a,b", "a\nb", " a", "a\"b"] {
        let invalid = said(&[name]).unwrap_err();
        assert!(invalid.contains("`: invalid name \"") && invalid.lines().count() == 1, "{invalid}");
    }
}
