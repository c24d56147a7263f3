//! What graphs say that the chip does not: ways of different lengths, time steps, parts that are not to be had; and what comes
//! back from a file.

use super::*;

/// A kernel of even size with a padding of `same` reads one element more after its middle than before it.
#[test]
fn even_kernels_with_a_padding_of_same_are_exact() {
    let weights: Vec<f64> = (1..=8).map(f64::from).collect();
    let conv = |dilation| conv2d(real(&[1, 1, 2, 4], weights.clone()), Padding::Same, dilation);
    let each = |value| real(&[1, 3, 5], vec![value; 15]);
    let neurons = charged(each(1.0), each(64.0));
    let nodes = vec![("in", input(&[1, 3, 5])), ("conv", conv([1; 2])), ("if", neurons.clone())];
    let edges = [("in", "conv"), ("conv", "if")];
    let imported = quantise(&graph(nodes, &edges), "n", QuantiseOptions::default()).unwrap();
    let connection = &imported.network.connections[0];
    let v_th = imported.network.populations[0].compartments[0].get(0).unwrap().v_th / 64;
    for (y, x) in (0..3).flat_map(|y| (0..5).map(move |x| (y, x))) {
        let mut found = Vec::new();
        connection.visit([&[1, 3, 5], &[1, 3, 5]], y * 5 + x, |neuron, weight, _| {
            let weight = f64::from(connection.folded(weight)) / f64::from(v_th) * 64.0;
            found.extend((weight != 0.0).then(|| (neuron, format!("{weight:.1}"))));
        });
        found.sort_unstable();
        // Output (i, j) sums weight (a, b) times input (i + a, j + b - 1).
        let reads = |(i, j): (usize, usize)| {
            let (a, b) = (y.checked_sub(i).filter(|a| *a < 2)?, (x + 1).checked_sub(j).filter(|b| *b < 4)?);
            Some((i * 5 + j, format!("{:.1}", weights[a * 4 + b])))
        };
        let wanted: Vec<_> = (0..3).flat_map(|i| (0..5).map(move |j| (i, j))).filter_map(reads).collect();
        assert_eq!(found, wanted, "row {y}, column {x}");
    }
    let nodes = vec![("in", input(&[1, 3, 5])), ("conv", conv([1, 3])), ("if", neurons)];
    let said = quantise(&graph(nodes, &edges), "n", QuantiseOptions::default()).unwrap_err();
    assert_eq!(said.node.as_deref(), Some("conv"));
    assert!(said.what.contains("say the numbers"), "{}", said.what);
}

/// What the chip lacks, or the importer does not know, is reported, and replaced by the nearest.
#[test]
fn what_is_unsupported_is_rated() {
    let delays = real(&[3], vec![0.0, 0.0704, 0.5]);
    let gru = NirNode::Unknown {
        type_name: "GRU".to_owned(),
        arrays: [("weight".to_owned(), real(&[2], vec![1.0; 2]))].into(),
        texts: std::collections::BTreeMap::new(),
    };
    let nodes = |delay: Array| {
        vec![
            ("in", input(&[3])),
            ("gru", gru.clone()),
            ("wait", NirNode::Delay { delay }),
            ("fc", linear([3, 3], vec![1.0; 9])),
            ("lif", lif(3, 0.0005, 0.5, 1.0)),
            ("out", output(&[3])),
        ]
    };
    let edges = [("in", "gru"), ("gru", "wait"), ("wait", "fc"), ("fc", "lif"), ("lif", "out")];
    let options = QuantiseOptions { dt: Some(0.001), ..QuantiseOptions::default() };
    let imported = quantise(&graph(nodes(delays), &edges), "n", options).unwrap();
    let row = |imported: &Imported, name: &str| imported.rows.iter().find(|row| row.node == name).unwrap().clone();
    for (name, note) in [
        ("gru", "unknown type of node: left out"),
        ("wait", "a delay of 70 steps, but the chip has 0 to 62: held to them"),
        ("lif", "dt = 0.001 is longer than a `tau`, so nothing of it is kept; v_th"),
    ] {
        let row = row(&imported, name);
        assert_eq!(row.fidelity, Fidelity::Unsupported, "{row:?}");
        assert!(row.note.starts_with(note), "{row:?}");
    }
    assert_eq!(row(&imported, "in").fidelity, Fidelity::Exact);
    let delays: Vec<i32> = imported.network.connections[0].delay.values().iter().map(|delay| delay.get()).collect();
    assert_eq!(delays, [0, 62, 62]);
    let Each::Same(profile) = &imported.network.populations[0].compartments[0] else { panic!("several profiles") };
    assert_eq!(profile.decay_v, 4096);
    // A delay that is not a whole number of steps is off by the rest.
    let rounded = quantise(&graph(nodes(real(&[1], vec![0.0024])), &edges), "n", options).unwrap();
    assert_eq!(row(&rounded, "wait").fidelity, Fidelity::Approximate);
    assert_eq!(row(&rounded, "wait").note, "off by 0.40 steps at most");
    // What does not fit because a node was left out says so.
    let mut misfit = nodes(real(&[1], vec![0.0]));
    misfit[3] = ("fc", linear([3, 4], vec![1.0; 12]));
    let said = quantise(&graph(misfit, &edges), "n", options).unwrap_err().of(Path::new("a.nir")).to_string();
    assert!(said.ends_with("it comes without what is unsupported: `gru` (GRU)"), "{said}");
}

/// A spike of the input reaches a population by two layers and by none: both ways meet in the same step, as in a simulator in
/// which layers take no time, and an exported network says so.
#[test]
fn ways_of_different_lengths_meet() {
    let one_to_one = |weight: f64| linear([2, 2], vec![weight, 0.0, 0.0, weight]);
    let graph = graph(
        vec![
            ("in", input(&[2])),
            ("a", one_to_one(2.0)),
            ("first", lif(2, 0.01, 10.0, 1.0)),
            ("b", one_to_one(2.0)),
            ("second", lif(2, 0.01, 10.0, 1.0)),
            ("c", one_to_one(0.6)),
            ("direct", one_to_one(0.6)),
            ("both", lif(2, 0.001, 1.0, 1.0)),
            ("out", output(&[2])),
        ],
        &[
            ("in", "a"),
            ("a", "first"),
            ("first", "b"),
            ("b", "second"),
            ("second", "c"),
            ("c", "both"),
            ("in", "direct"),
            ("direct", "both"),
            ("both", "out"),
        ],
    );
    let imported = quantise(&graph, "n", QuantiseOptions { dt: Some(0.001), ..QuantiseOptions::default() }).unwrap();
    let waits = imported.said.iter().find(|sentence| sentence.starts_with("Ways of different lengths")).unwrap();
    assert!(waits.contains("from `in` to `both` by 2"), "{waits}");
    assert_eq!(imported.network.late_steps, 2);
    let stimulus = Stimulus { steps: 20, spikes: vec![(3, 0, 1), (9, 0, 0)], ..Stimulus::default() };
    // Neither way alone exceeds the threshold, both in one step do.
    assert_eq!(spikes(&imported.network, &stimulus), [(5, 1), (11, 0)]);
    let exported = nir::export(&imported.network).unwrap();
    assert!(exported.nodes.values().all(|node| !matches!(node, NirNode::Delay { .. })), "{:?}", exported.nodes.keys());
    let again = quantise(&exported, "n", QuantiseOptions { dt: Some(0.001), ..QuantiseOptions::default() }).unwrap();
    assert_eq!(spikes(&again.network, &stimulus), [(5, 1), (11, 0)]);
    // Files of this project say who wrote them.
    let lists_others = |imported: &Imported| imported.said.iter().any(|said| said.starts_with("Files do not say who"));
    assert!(lists_others(&imported) && !lists_others(&again), "{:?}", again.said);
}

/// Voltages cannot go on to other neurons, an answer that is not read is said, and so is one that does not fit.
#[test]
fn what_spikes_cannot_carry_is_unsupported() {
    let each = |value| real(&[2], vec![value; 2]);
    let leaky = NirNode::Li { tau: each(0.01), r: each(10.0), v_leak: each(0.0) };
    let end = |extent| output(&[extent]);
    let nodes = |last: NirNode| {
        vec![
            ("in", input(&[2])),
            ("li", leaky.clone()),
            ("fc", linear([2, 2], vec![1.0; 4])),
            ("lif", lif(2, 0.01, 10.0, 1.0)),
            ("aside", end(2)),
            ("out", last),
        ]
    };
    let edges = [("in", "li"), ("li", "fc"), ("fc", "lif"), ("lif", "out"), ("lif", "aside")];
    let options = QuantiseOptions { dt: Some(0.001), ..QuantiseOptions::default() };
    let imported = quantise(&graph(nodes(end(2)), &edges), "n", options).unwrap();
    let row = |name: &str| imported.rows.iter().find(|row| row.node == name).unwrap();
    assert!(
        row("li").fidelity == Fidelity::Unsupported && row("li").note.starts_with("its voltage is read"),
        "{:?}",
        row("li")
    );
    assert_eq!(
        (row("aside").fidelity, row("aside").note.as_str()),
        (Fidelity::Unsupported, "not read: a network has one answer, and it is `out`")
    );
    let misfit = quantise(&graph(nodes(end(7)), &edges), "n", options).unwrap_err().of(Path::new("a.nir")).to_string();
    assert_eq!(misfit, "a.nir, node `out`: its shape is [7], but [2] comes to it");
}

/// Pools and convolutions of one and two dimensions come back from a file as they were.
#[test]
fn pools_and_convolutions_come_back() {
    let each = |shape: &[usize]| real(shape, vec![1.0; shape.iter().product()]);
    let neurons = |shape: &[usize]| charged(each(shape), each(shape));
    let pool = NirNode::AvgPool2d { kernel_size: [2; 2], stride: Some([2; 2]), padding: None };
    let weights: Vec<f64> = (0..12).map(|at| draw(21, at)).collect();
    let conv = NirNode::Conv1d {
        weight: real(&[2, 2, 3], weights),
        bias: None,
        stride: None,
        padding: Some(Padding::Zeros(1)),
        dilation: None,
        groups: None,
        input_shape: None,
    };
    for (from, layer, to) in [(vec![2, 4, 6], pool, vec![2, 2, 3]), (vec![2, 5], conv, vec![2, 5])] {
        let nodes = vec![("in", input(&from)), ("layer", layer), ("if", neurons(&to))];
        let first =
            quantise(&graph(nodes, &[("in", "layer"), ("layer", "if")]), "n", QuantiseOptions::default()).unwrap();
        let exported = nir::export(&first.network).unwrap();
        let bytes = nir::bytes(&exported).unwrap();
        let second = quantise(&nir::parse(&bytes).unwrap(), "n", QuantiseOptions::default()).unwrap();
        let [one, two] = [&first, &second].map(|imported| &imported.network.connections[0]);
        assert_eq!(std::mem::discriminant(&one.weights), std::mem::discriminant(&two.weights));
        for source in 0..from.iter().product() {
            let synapses = |connection: &loihi_net::network::Connection| {
                let mut found = Vec::new();
                connection
                    .visit([&from, &to], source, |neuron, weight, _| found.push((neuron, connection.folded(weight))));
                found
            };
            let (one, two) = (synapses(one), synapses(two));
            let v_th =
                |imported: &Imported| f64::from(imported.network.populations[0].compartments[0].get(0).unwrap().v_th);
            // Half a step of mantissas; the largest weight has 254.
            let near = 1.0 / 254.0 / 64.0;
            for ((a, one), (b, two)) in one.iter().zip(&two) {
                let (one, two) = (f64::from(*one) / v_th(&first), f64::from(*two) / v_th(&second));
                assert!(a == b && (one - two).abs() < near, "source {source}: {a} {one}, {b} {two}");
            }
            assert_eq!(one.len(), two.len());
        }
    }
}

/// The layer is refused before its output is allocated.
#[test]
fn a_padding_of_any_size_is_refused_in_a_sentence() {
    let pool = NirNode::SumPool2d { kernel_size: [1, 1], stride: None, padding: Some([1 << 16; 2]) };
    let convolution = NirNode::Conv2d {
        weight: real(&[1, 1, 1, 1], vec![1.0]),
        bias: Some(real(&[1], vec![1.0])),
        stride: None,
        padding: Some(Padding::Zeros([1 << 16; 2])),
        dilation: None,
        groups: None,
        input_shape: None,
    };
    for wide in [pool, convolution] {
        let nodes = vec![("in", input(&[1, 2, 2])), ("wide", wide), ("out", output(&[1]))];
        let said = quantise(&graph(nodes, &[("in", "wide"), ("wide", "out")]), "n", QuantiseOptions::default());
        let said = said.unwrap_err().to_string();
        assert!(said.contains("wide") && said.contains("a node has at most 16777216 elements"), "{said}");
    }
}

/// Where a file does not say how long a step is, one is chosen, and that is said.
#[test]
fn a_time_step_is_inferred_or_chosen() {
    let said = |tau: f64, r: f64| {
        let nodes = vec![("in", input(&[1])), ("fc", linear([1, 1], vec![1.0])), ("lif", lif(1, tau, r, 1.0))];
        let imported =
            quantise(&graph(nodes, &[("in", "fc"), ("fc", "lif")]), "n", QuantiseOptions::default()).unwrap();
        (imported.network.dt_us, imported.said[0].clone())
    };
    let (dt_us, inferred) = said(0.01, 10.0);
    assert_eq!(dt_us, 1000);
    assert_eq!(inferred, "dt = 0.001: the file does not say, but tau / r is this for all neurons; --dt sets it.");
    let (dt_us, chosen) = said(0.0025, 1.0);
    assert_eq!(dt_us, 1000);
    assert!(chosen.starts_with("dt = 0.001: the file does not say, and it is chosen"), "{chosen}");
    assert!(chosen.contains("(0.0025)"), "{chosen}");
    // What SpikingJelly writes by default, and what is shorter than that of any simulator.
    assert_eq!(said(0.0002, 1.0).0, 100);
    assert_eq!(said(0.00002, 1.0).0, 10);
    assert!(said(20.0, 1.0).1.starts_with("dt = 1.0: the file does not say, and it is chosen"));
    // Half of the voltage stays, or nothing of it.
    assert_eq!((said(0.002, 2.0).0, said(0.001, 1.0 + 1e-9).0), (1000, 100));
    // A resistance below 1 of neurons that are alike says nothing; behind different time constants it is Spyx's share that
    // stays.
    assert!(said(0.02, 0.5).1.contains("tau / r"), "{}", said(0.02, 0.5).1);
    let each = |values: [f64; 2]| real(&[2], values.to_vec());
    let two = NirNode::Lif {
        tau: each([10.0, 20.0]),
        r: each([0.9, 0.95]),
        v_leak: each([0.0; 2]),
        v_threshold: each([1.0; 2]),
        v_reset: None,
    };
    let nodes = vec![("in", input(&[1])), ("fc", linear([2, 1], vec![1.0; 2])), ("lif", two)];
    let spyx = quantise(&graph(nodes, &[("in", "fc"), ("fc", "lif")]), "n", QuantiseOptions::default()).unwrap().said
        [0]
    .clone();
    assert!(spyx.starts_with("dt = 1.0: the file does not say, but tau (1 - r) is this"), "{spyx}");
}

/// A threshold of 0 is exceeded by whatever is above it, at every scale; others beside it keep their weights.
#[test]
fn thresholds_of_0_are_exceeded_by_what_is_above_them() {
    let weights = vec![0.25, -0.5, 0.75, -0.25, 0.5, -0.75];
    let three = |values: [f64; 3]| real(&[3], values.to_vec());
    let threshold = NirNode::Threshold { threshold: three([0.0; 3]) };
    let mixed = charged(three([1.0; 3]), three([0.0, 1.0, 0.0]));
    for (node, reset) in [(threshold, Reset::AsFile), (mixed.clone(), Reset::AsFile), (mixed, Reset::Subtract)] {
        let thresholds = node.array("threshold").or(node.array("v_threshold")).unwrap().real();
        let kept = if node.type_name() == "IF" { 1.0 } else { 0.0 };
        let nodes =
            vec![("in", input(&[2])), ("fc", linear([3, 2], weights.clone())), ("n", node), ("out", output(&[3]))];
        let options = QuantiseOptions { reset, ..QuantiseOptions::default() };
        let imported = quantise(&graph(nodes, &[("in", "fc"), ("fc", "n"), ("n", "out")]), "n", options).unwrap();
        assert!(imported.rows.iter().all(|row| row.fidelity == Fidelity::Exact), "{:?}", imported.rows);
        let given = [[true, false], [false, true], [true; 2], [false; 2], [true, false], [true, false], [true; 2]];
        let (mut v, mut wanted) = (vec![0.0; 3], Vec::new());
        for (step, given) in (0..).zip(&given) {
            for neuron in 0..3 {
                let input: f64 = (0..2).filter(|at| given[*at]).map(|at| weights[2 * neuron + at]).sum();
                v[neuron] = v[neuron] * kept + input;
                if v[neuron] > thresholds[neuron] {
                    v[neuron] = if reset == Reset::Subtract { v[neuron] - thresholds[neuron] } else { 0.0 };
                    wanted.push((step, neuron));
                }
            }
        }
        let given =
            (0..).zip(&given).flat_map(|(step, given)| (0..2).filter(|at| given[*at]).map(move |at| (step, 0, at)));
        let stimulus = Stimulus { steps: 7, spikes: given.collect(), ..Stimulus::default() };
        assert_eq!(spikes(&imported.network, &stimulus), wanted, "{reset:?}");
    }
}
