//! `loihi train` of networks that were trained before: here, by others (NIR graphs), and as ANNs that were converted.

use crate::common::root;
use crate::process::{assert_one_sentence, command, object};
use host_harness::nir::{self, Graph, NirNode};
use host_harness::npz::{Array, Values};
use std::fs;
use std::path::Path;

/// A graph of two layers that leak, on digits, with weights that nobody has trained.
fn graph() -> Graph {
    let weights = |rows: usize, columns: usize| {
        let at = |place: usize| (f64::from(u32::try_from(place * 7919 % 1009).unwrap()) / 1009.0 - 0.5) * 0.6;
        Array::new(vec![rows, columns], Values::Real((0..rows * columns).map(at).collect())).unwrap()
    };
    let lif = |neurons: usize| NirNode::Lif {
        tau: Array::from(vec![0.001; neurons]),
        r: Array::from(vec![10.0; neurons]),
        v_leak: Array::from(vec![0.0; neurons]),
        v_threshold: Array::from(vec![1.0; neurons]),
        v_reset: None,
    };
    Graph::default()
        .with_node("input", NirNode::Input { shape: vec![64] })
        .with_node("first", NirNode::Affine { weight: weights(24, 64), bias: Array::from(vec![0.02; 24]) })
        .with_node("hidden", lif(24))
        .with_node("second", NirNode::Affine { weight: weights(10, 24), bias: Array::from(vec![0.01; 10]) })
        .with_node("out", lif(10))
        .with_node("output", NirNode::Output { shape: vec![10] })
        .with_edges([
            ("input", "first"),
            ("first", "hidden"),
            ("hidden", "second"),
            ("second", "out"),
            ("out", "output"),
        ])
}

/// What a command prints as JSON.
fn run(words: &[&str]) -> serde_json::Value {
    object(&command(&[words, &["--json"]].concat()).output().unwrap())
}

/// As `loihi import` and then `loihi train` have it, in one command: the same weights come out.
#[test]
fn a_nir_graph_is_trained_where_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(at("net.nir"), nir::bytes(&graph()).unwrap()).unwrap();
    let table = "[train]\nepochs = 10\nbatch = 32\nrate = 4.0\n";
    fs::write(at("train.toml"), table).unwrap();
    let graph_options = ["--as", "snntorch", "--steps", "12"];
    let [net, toml, train, out] = ["net.nir", "net.toml", "train.toml", "one"].map(at);
    let begins = ["train", &train, "--from", &net, "--coding", "rate", "--train", "digits", "--out", &out];
    let one = run(&[&begins[..], &graph_options].concat());
    assert_eq!((&one["scores_compared"], &one["scores_different"]), (&3600.into(), &0.into()), "{one}");
    assert!(one["accuracy_test"].as_f64().unwrap() > 0.7, "{one}");
    let network = fs::read_to_string(at("one/network.toml")).unwrap();
    assert!(network.contains("Imported from") && network.contains("Trained in the chip's integers"), "{network}");

    run(&[&["import", &net, "--out", &toml], &graph_options[..]].concat());
    let imported = fs::read_to_string(&toml).unwrap();
    let coded = imported.replacen("[[input]]\n", "[[input]]\ncoding = \"rate\"\n", 1);
    fs::write(&toml, format!("{coded}\n{table}")).unwrap();
    let two = run(&["train", &toml, "--train", "digits", "--out", &at("two")]);
    assert_eq!((&two["loss"], &two["accuracy_test"]), (&one["loss"], &one["accuracy_test"]));
    assert_eq!(fs::read(at("one/metrics.csv")).unwrap(), fs::read(at("two/metrics.csv")).unwrap());
    // It goes back to others.
    run(&["export", &at("one/network.toml"), "--nir", &at("back.nir")]);
}

/// What Norse 1.1 has trained and written, with `dt / tau_inv` for a time constant.
#[test]
fn a_network_of_norse_is_trained_on() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let net = root().join("tests/golden/nir/digits_norse.nir").to_str().unwrap().to_owned();
    let read = ["--as", "norse", "--steps", "20"];
    let long = command(&[&["import", &net, "--out", &at("long.toml")], &read[..]].concat()).output().unwrap();
    let said = String::from_utf8(long.stdout).unwrap();
    assert!(
        said.contains("longer than a `tau`, so nothing of it is kept: if Norse 1.1 wrote it, give --dt 1e-6"),
        "{said}"
    );

    fs::write(at("train.toml"), "[train]\nepochs = 20\nbatch = 32\nrate = 1.0\nper_score = 0.5\n").unwrap();
    let begins = ["train", &at("train.toml"), "--from", &net, "--dt", "1e-6", "--coding", "rate"];
    let trained = run(&[&begins, &read[..], &["--train", "digits", "--seed", "11", "--out", &at("out")]].concat());
    assert_eq!((&trained["scores_compared"], &trained["scores_different"]), (&3600.into(), &0.into()));
    let accuracy = trained["accuracy_test"].as_f64().unwrap();
    assert!(accuracy > 0.945, "{accuracy}");
}

/// As registers for samples of spikes, as offsets of the embedded CPU's sums for values.
#[test]
fn biases_of_the_first_layer_are_trained() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(at("net.nir"), nir::bytes(&graph()).unwrap()).unwrap();
    let [net, train] = ["net.nir", "train.toml"].map(at);
    for (shown, out) in [(&["--coding", "rate"][..], "spikes"), (&["--values"], "values")] {
        let trained = |rate: &str, out: &str| {
            fs::write(
                &train,
                format!("[train]\nepochs = 2\nrate = 2.0\nbias = {{ rate = {rate}, of = [\"hidden\"] }}\n"),
            )
            .unwrap();
            let begins = ["train", &train, "--from", &net, "--as", "snntorch", "--steps", "8", "--samples", "200"];
            let ends = ["--train", "digits", "--out", &at(out)];
            run(&[&begins, shown, &ends].concat())
        };
        let [some, none] = [trained("20.0", out), trained("0.00001", &format!("{out}-none"))];
        assert_eq!((&some["bias"], &some["scores_different"]), (&24.into(), &0.into()), "{some}");
        assert_ne!(some["loss"], none["loss"], "biases have moved");
    }
}

#[test]
fn what_a_graph_lacks_is_told_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(at("net.nir"), nir::bytes(&graph()).unwrap()).unwrap();
    let wait = NirNode::Delay { delay: Array::from(1.0) };
    let mut waits = graph().with_node("wait", wait).with_edges([("hidden", "wait"), ("wait", "second")]);
    waits.edges.retain(|(from, to)| (from.as_str(), to.as_str()) != ("hidden", "second"));
    fs::write(at("waits.nir"), nir::bytes(&waits).unwrap()).unwrap();
    fs::write(at("more.toml"), "steps = 3\n[train]\nepochs = 1\n").unwrap();
    fs::write(at("wrong.toml"), "[train]\nspeed = 1\n").unwrap();
    let example = root().join("examples/train/digits.toml").to_str().unwrap().to_owned();
    let [net, waits, more, wrong] = ["net.nir", "waits.nir", "more.toml", "wrong.toml"].map(at);
    fs::create_dir(at("empty")).unwrap();
    let [empty, python] = ["empty", "net.py"].map(at);
    let [no_table, no_graph] = ["nowhere.toml", "nowhere.nir"].map(at);
    let rows: [(&[&str], &str); 12] = [
        (&[], "what is trained is missing: give a network file, or --from"),
        (&["--as", "norse", &example], "--as is for a network of another framework: give that by --from"),
        (&["--from", &net, &more], "has `steps` beside [train], and the network is that of --from"),
        (&["--from", &net, &wrong], "unknown field `speed`"),
        (&["--from", &net, &no_table], "nowhere.toml cannot be read"),
        (&["--from", &no_graph], "nowhere.nir"),
        (&["--from", &python], "net.py: give the folder of a training, a .toml, a .nir or a .net file"),
        (&["--from", &empty], "has no network.toml, which a training writes at its end"),
        (&["--from", &example, &more], "has `steps` beside [train], and the network is that of --from"),
        (&["--from", &example, "--coding", "rate"], "digits.toml says it itself: take it out"),
        (&["--from", &net, "--steps", "12"], "and the samples are values"),
        (&["--from", &waits, "--as", "snntorch"], "has nodes that are not supported, `wait` ("),
    ];
    for (words, said) in rows {
        let out = at("out");
        let all = [&["train", "--train", "digits", "--out", &out], words].concat();
        assert_one_sentence(&command(&all).output().unwrap(), &[said]);
        assert!(!Path::new(&out).exists(), "{said}");
    }
}

/// With the weights of the folder, and the settings of another file, of the network's own, or none.
#[test]
fn a_training_begins_where_another_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let example = root().join("examples/train/digits.toml").to_str().unwrap().to_owned();
    run(&["train", &example, "--train", "digits", "--epochs", "2", "--out", &at("first")]);
    let table = "[train]\nepochs = 1\nbatch = 32\nrate = 0.2\nper_score = 0.5\n";
    fs::write(at("tune.toml"), table).unwrap();
    let onward = |words: &[&str], out: &str| {
        let end = ["--train", "digits", "--seed", "3", "--out", &at(out)];
        let trained = run(&[&["train"], words, &end].concat());
        assert_eq!((&trained["epochs"], &trained["scores_different"]), (&1.into(), &0.into()), "{trained}");
        trained
    };
    let tuned = onward(&[&at("tune.toml"), "--from", &at("first")], "tuned");
    // Settings in the trained file are the same, and so is that file as the network.
    let network = fs::read_to_string(at("first/network.toml")).unwrap();
    fs::write(at("first/whole.toml"), format!("{network}\n{table}")).unwrap();
    let whole = at("first/whole.toml");
    for (words, out) in
        [(&["--from", &whole][..], "own"), (&[&whole], "plain"), (&[&at("tune.toml"), "--from", &whole], "given")]
    {
        assert_eq!(onward(words, out)["loss"], tuned["loss"], "{out}");
        assert_eq!(
            fs::read(at(&format!("{out}/network.npz"))).unwrap(),
            fs::read(at("tuned/network.npz")).unwrap(),
            "{out}"
        );
    }
    let one = onward(&["--from", &at("first"), "--epochs", "1"], "without");
    assert_ne!(one["loss"], tuned["loss"], "by the defaults of [train]");
    let anew = onward(&[&example, "--epochs", "1"], "anew");
    assert!(tuned["loss"].as_f64().unwrap() < anew["loss"].as_f64().unwrap(), "{tuned} and {anew}");
}

/// Hybrid: what was converted is trained on, with the synapses that set its neurons where they begin.
#[test]
fn a_converted_network_is_trained_on() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let example = root().join("examples/train/digits-ann.toml").to_str().unwrap().to_owned();
    run(&["train", &example, "--train", "digits", "--epochs", "4", "--out", &at("ann")]);
    let net = at("ann/net.onnx");
    run(&["convert", &net, "--calibrate", "digits", "--steps", "6", "--out", &at("net.toml")]);
    let converted = run(&["run", &at("net.toml"), "--data", "digits"])["accuracy"].as_f64().unwrap();
    let text = fs::read_to_string(at("net.toml")).unwrap();
    fs::write(at("net.toml"), format!("{text}\n[train]\nepochs = 2\nrate = 0.5\nper_score = 100.0\n")).unwrap();
    let trained = run(&["train", &at("net.toml"), "--train", "digits", "--out", &at("out")]);
    assert_eq!(trained["scores_different"], 0);
    let accuracy = trained["accuracy_test"].as_f64().unwrap();
    assert!(accuracy > converted - 0.02, "{accuracy} after {converted}");
}
