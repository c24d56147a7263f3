//! Files as simulators write them, against their equations: small ones, each of a kind that is easily read as something
//! else.

use super::*;

fn path(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/field").join(name)
}

fn import(name: &str, options: QuantiseOptions) -> Imported {
    quantise(&nir::read(&path(name)).unwrap(), "n", options).unwrap()
}

fn row<'i>(imported: &'i Imported, name: &str) -> &'i loihi_nir::import::FidelityRow {
    imported.rows.iter().find(|row| row.node == name).unwrap()
}

/// Two samples of 60 steps, ten elements each.
fn frames(name: &str) -> Vec<Vec<Vec<bool>>> {
    let bytes = std::fs::read(path(name)).unwrap();
    let data = &bytes[bytes.len() - 1200..];
    data.chunks(600).map(|sample| sample.chunks(10).map(|row| row.iter().map(|x| *x > 0).collect()).collect()).collect()
}

/// A layer of neurons as its equations have it: `u ← ku u + gain w x`, `v ← kv v + u`, above the threshold a spike and 0.
struct ReferenceLayer {
    weights: Vec<f64>,
    /// Of the current, and of the voltage.
    keeps: [Vec<f64>; 2],
    gain: Vec<f64>,
    threshold: Vec<f64>,
}

impl ReferenceLayer {
    /// Of a matrix and neurons, by Euler's rule; without time constants an input of 1 adds `r · dt`.
    fn of(graph: &Graph, [weights, neurons]: [&str; 2], dt: f64) -> Self {
        let node = &graph.nodes[neurons];
        let threshold = node.array("v_threshold").unwrap().real();
        let count = threshold.len();
        let field = |name: &str, default: f64| node.array(name).map_or(vec![default; count], Array::real);
        let tau = field(if node.type_name() == "CubaLIF" { "tau_mem" } else { "tau" }, f64::INFINITY);
        let tau_syn = field("tau_syn", dt);
        let share = |tau: &f64| if tau.is_finite() { dt / tau } else { dt };
        let (r, w_in) = (field("r", 1.0), field("w_in", 1.0));
        let gain = (0..count).map(|at| share(&tau[at]) * r[at] * w_in[at] * dt / tau_syn[at]).collect();
        let keeps = [tau_syn, tau].map(|taus| taus.iter().map(|tau| 1.0 - dt / tau).collect());
        Self { weights: graph.nodes[weights].array("weight").unwrap().real(), keeps, gain, threshold }
    }

    /// What fires in each step.
    fn run(&self, input: &[Vec<bool>]) -> Vec<Vec<bool>> {
        let mut states = vec![[0.0; 2]; self.threshold.len()];
        let step = |x: &Vec<bool>| {
            let mut fired = Vec::new();
            for (neuron, [u, v]) in states.iter_mut().enumerate() {
                let row = &self.weights[neuron * x.len()..][..x.len()];
                let sum: f64 = row.iter().zip(x).filter(|(_, x)| **x).map(|(weight, _)| weight).sum();
                *u = self.keeps[0][neuron] * *u + self.gain[neuron] * sum;
                *v = self.keeps[1][neuron] * *v + *u;
                fired.push(*v > self.threshold[neuron]);
                if *v > self.threshold[neuron] {
                    *v = 0.0;
                }
            }
            fired
        };
        input.iter().map(step).collect()
    }
}

/// How often each neuron fires in a sample.
fn counts(fired: &[Vec<bool>]) -> Vec<usize> {
    (0..fired[0].len()).map(|neuron| fired.iter().filter(|row| row[neuron]).count()).collect()
}

/// The same on the chip.
fn counts_of_chip(network: &Network, input: &[Vec<bool>], neurons: usize) -> Vec<usize> {
    let mut stimulus = Stimulus { steps: 60 + network.late_steps, ..Stimulus::default() };
    for (step, row) in (0..).zip(input) {
        stimulus.spikes.extend(row.iter().enumerate().filter(|(_, x)| **x).map(|(at, _)| (step, 0, at)));
    }
    let fired = spikes(network, &stimulus);
    (0..neurons).map(|neuron| fired.iter().filter(|(_, own)| *own == neuron).count()).collect()
}

/// Each file on the chip against its equations: how many spikes of all may be too many or too few.
#[test]
fn files_of_simulators_do_what_their_equations_do() {
    let [two, one] = [vec![["fc", "lif"], ["fc2", "lif2"]], vec![["fc", "lif"]]];
    for (file, dt, layers, data, most) in [
        // A voltage that keeps half of itself: tau / r is dt, and half of tau.
        ("half_of_the_voltage.nir", None, two, "frames_351.npy", 3),
        // A threshold of 1e9 beside those of 1.
        ("one_never_fires.nir", None, one.clone(), "frames_351.npy", 3),
        // r = 1 / dt.
        ("if_by_time.nir", None, vec![["fc", "if"], ["fc2", "if2"]], "frames_343.npy", 1),
        ("if_by_time.nir", Some(1e-4), vec![["fc", "if"], ["fc2", "if2"]], "frames_343.npy", 1),
        // Neurons with gains, time constants and thresholds of their own.
        ("gains_per_neuron.nir", Some(1e-3), one, "frames_343.npy", 4),
    ] {
        let graph = nir::read(&path(file)).unwrap();
        let imported = import(file, QuantiseOptions { dt, ..QuantiseOptions::default() });
        let dt = dt.unwrap_or(if file.starts_with("one") { 1e-3 } else { 1e-4 });
        assert!(imported.said[0].starts_with(&format!("dt = {dt:?}")), "{file}: {}", imported.said[0]);
        let mut off = 0;
        for sample in frames(data) {
            let wanted = layers.iter().fold(sample.clone(), |x, layer| ReferenceLayer::of(&graph, *layer, dt).run(&x));
            let wanted = counts(&wanted);
            let found = counts_of_chip(&imported.network, &sample, wanted.len());
            off += wanted.iter().zip(&found).map(|(wanted, found)| wanted.abs_diff(*found)).sum::<usize>();
        }
        assert!(off <= most, "{file}: {off} spikes too many or too few");
    }
}

/// A network in the chip's units goes into a file and back to the same registers, and takes the same steps.
#[test]
fn what_is_exported_comes_back_to_the_same_registers() {
    let text = "name = \"n\"\ndt = \"1 ms\"\nlate_steps = 3\n[[input]]\nname = \"i\"\nshape = [4]\n\
                [[population]]\nname = \"a\"\nshape = [4]\ndecay_v = 100\nv_th = 100\n\
                [[population]]\nname = \"relay\"\nshape = [4]\ndecay_v = 4096\nv_th = 50\n\
                [[connection]]\nfrom = \"i\"\nto = \"a\"\nkind = \"one_to_one\"\nweights = 40\n\
                [[connection]]\nfrom = \"a\"\nto = \"relay\"\nkind = \"one_to_one\"\nweights = 60\n\
                [readout]\npopulation = \"relay\"\n";
    let network = loihi_net::network::file::parse(text, Path::new("n.toml")).unwrap();
    let bytes = nir::bytes(&nir::export(&network).unwrap()).unwrap();
    let imported = quantise(&nir::parse(&bytes).unwrap(), "n", QuantiseOptions::default()).unwrap();
    assert_eq!(imported.said[0], "dt = 0.001, as the file says; --dt sets it.");
    let back = imported.network;
    assert_eq!((back.dt_us, back.late_steps), (1000, 3));
    for (own, wanted) in back.populations.iter().zip(&network.populations) {
        assert_eq!(own.compartments, wanted.compartments, "{}", own.name);
    }
    for (own, wanted) in back.connections.iter().zip(&network.connections) {
        assert_eq!((&own.weights, own.wgt_exp, &own.delay), (&wanted.weights, wanted.wgt_exp, &wanted.delay));
    }
}

/// Weights, thresholds and biases with a common step are mantissas of the chip, and the import says that it is exact.
#[test]
fn whole_weights_are_exact() {
    let imported = import("whole_weights.nir", QuantiseOptions::default());
    assert_eq!(imported.fidelity(), Fidelity::Exact, "{}", imported.table());
    assert!(row(&imported, "fc").note.ends_with("weights, all exact"), "{}", row(&imported, "fc").note);
    let graph = nir::read(&path("whole_weights.nir")).unwrap();
    let wanted = graph.nodes["fc"].array("weight").unwrap().real();
    let [connection] = &*imported.network.connections else { panic!("{:?}", imported.network.connections) };
    let Weights::Dense(found) = &connection.weights else { panic!("{:?}", connection.weights) };
    assert!(wanted.iter().zip(found).all(|(wanted, found)| (f64::from(*found) - 2.0 * wanted).abs() < 1e-9));
    let profile = imported.network.populations[0].compartments[0].get(0).unwrap();
    assert_eq!((connection.wgt_exp.get(), profile.v_th), (0, 200 << 6));
}

/// A circle of two populations takes a step more on the chip; all that lies on it says so. With a delay of a step on it, it
/// takes what it takes in the file.
#[test]
fn circles_of_several_populations_are_rated() {
    let options = QuantiseOptions { dt: Some(1e-3), ..QuantiseOptions::default() };
    let imported = import("loop_of_two.nir", options);
    for name in ["lif1", "lif2", "w21"] {
        let row = row(&imported, name);
        assert_eq!(row.fidelity, Fidelity::Approximate, "{row:?}");
        assert!(row.note.contains("a circle from `lif2` back to `lif1` takes 1 step more"), "{row:?}");
    }
    let mut graph = nir::read(&path("loop_of_two.nir")).unwrap();
    graph.nodes.insert("wait".to_owned(), NirNode::Delay { delay: Array::from(0.001) });
    graph.edges.retain(|(from, to)| (&**from, &**to) != ("lif2", "w21"));
    let graph = graph.with_edges([("lif2", "wait"), ("wait", "w21")]);
    let imported = quantise(&graph, "n", options).unwrap();
    assert!(!imported.table().contains("a circle"), "{}", imported.table());
    assert!(imported.network.connections.iter().all(|own| own.delay.values().iter().all(|delay| delay.get() == 0)));
}

/// Shapes are compared by their extents: a scale of [1, 1, 4] is one of columns, a batch of one is left out, and what is
/// flattened in part is what the next layer takes.
#[test]
fn shapes_mean_their_extents() {
    let imported = import("scale_of_columns.nir", QuantiseOptions { dt: Some(1e-3), ..QuantiseOptions::default() });
    let [connection] = &*imported.network.connections else { panic!("{:?}", imported.network.connections) };
    let Weights::OneToOne(weights) = &connection.weights else { panic!("{:?}", connection.weights) };
    for at in 0..64 {
        assert_eq!(*weights.get(at).unwrap() > 100, at % 4 == 3, "element {at}: {weights:?}");
    }
    let imported = import("batch_of_one.nir", QuantiseOptions::default());
    assert_eq!(imported.network.inputs[0].shape, [2, 8, 8]);
    assert!(matches!(imported.network.connections[0].weights, Weights::Conv2d(_)));
    let imported = import("flatten_part.nir", QuantiseOptions::default());
    let shapes = (&*imported.network.inputs[0].shape, &*imported.network.populations[0].shape);
    assert_eq!(shapes, (&[2, 4, 4][..], &[3, 14][..]));
}
