//! Probes change no result, and a run split at its samples sees what single steps see.

use host_harness::device::inproc::InProcess;
use host_harness::device::recorder::{Recorder, Sink};
use host_harness::device::session::{RetryPolicy, Session};
use host_harness::experiment::{Experiment, NoObserver, Outcome, RunOptions};
use host_harness::inference::{Inference, Stimulus};
use host_harness::network::{Endpoint, Network, file};
use host_harness::place::{self, place};
use host_harness::probe::Probe;
use loihi_core::register::Register;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// What a probe gave: step and words.
type Given = Vec<(u64, Vec<i32>)>;
type Samples = Arc<Mutex<Given>>;

struct Kept(Samples);

impl Sink for Kept {
    fn sample(&mut self, step: u64, words: &[i32]) -> io::Result<()> {
        self.0.lock().unwrap().push((step, words.to_vec()));
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        Ok(())
    }
}

/// Runs an experiment that learns with these probes, and spikes if asked; what each probe and the spikes gave.
fn run(name: &str, probes: &[&str], spikes: bool) -> (Outcome, Vec<Given>) {
    let device = Box::new(InProcess::new(1 << 22));
    let mut session = Session::open(device, RetryPolicy::default(), 1, || false).unwrap();
    let mut recorder = Recorder::default();
    let samples: Vec<Samples> = (0..=probes.len()).map(|_| Samples::default()).collect();
    for (text, samples) in probes.iter().zip(&samples) {
        recorder.probe(text.parse::<Probe>().unwrap(), Box::new(Kept(samples.clone())));
    }
    if spikes {
        recorder.spikes(vec![Probe::SPIKES], Box::new(Kept(samples[probes.len()].clone())));
    }
    if spikes || !probes.is_empty() {
        session.set_recorder(Some(recorder));
    }
    let experiment = Experiment::named(name).unwrap();
    let options = RunOptions { epochs: Some(1), samples: Some(20), ..RunOptions::default() };
    let outcome = experiment.run(&mut session, &options, &mut NoObserver).unwrap();
    (outcome, samples.iter().map(|samples| samples.lock().unwrap().clone()).collect())
}

#[test]
fn probes_change_nothing_and_see_what_single_steps_see() {
    for name in ["stdp-pair", "stdp-reward", "pes-square"] {
        let (plain, _) = run(name, &[], false);
        let (sparse, few) = run(name, &["v[0..2]@every=7,from=3,to=400", "u@every=50,to=400"], false);
        let (dense, all) = run(name, &["v[0..2]@to=400", "u@to=400"], true);
        assert_eq!(plain, sparse, "{name}: sparse probes");
        assert_eq!(plain, dense, "{name}: every step");
        assert!(!few[0].is_empty() && !few[1].is_empty(), "{name}");
        assert!(few[0].iter().all(|(step, words)| step % 7 == 3 && *step < 400 && words.len() == 2), "{name}");
        for (few, all) in few.iter().zip(&all).take(2) {
            assert!(few.iter().all(|sample| all.contains(sample)), "{name}: a sample differs");
        }
        let fired: usize = all[2].iter().map(|(_, words)| words.len() / 2).sum();
        assert_eq!(u64::try_from(fired).unwrap(), plain.ops.spikes, "{name}: every spike is recorded");
    }
}

/// A pool, whose neurons are not placed in the order in which they count, and neurons of two compartments.
const POOL_AND_TREE: &str = r#"
[[input]]
name = "sensor"
shape = [3, 4, 4]

[[population]]
name = "pool"
shape = [3, 2, 2]
decay_v = 300
v_th = 60

[[population]]
name = "tree"
shape = [4]

[[population.compartment]]
decay_v = 128
v_th = 131071
stack_out = "push"

[[population.compartment]]
v_th = 100
stack_in = "pop_a"
join = "add"

[[connection]]
from = "sensor"
to = "pool"
kind = "pool2d"
kernel = [2, 2]
weights = 30

[[connection]]
from = "pool"
to = "tree"
weights = { uniform = [-40, 60] }
"#;

fn stimulus() -> Stimulus {
    let spikes = (0..40).flat_map(|step| (0..48).map(move |at| (step, 0, at)));
    let spikes = spikes.filter(|(step, _, at)| (*step as usize * 31 + at * 17) % 7 < 2).collect();
    Stimulus { steps: 40, spikes, ..Stimulus::default() }
}

/// What probes and spikes of populations gave, with at most this many compartments a core.
fn by_population(network: &Network, per_core: usize, probes: &[&str], spikes: &[&str]) -> io::Result<Vec<Given>> {
    let options = place::PlacementOptions::default().compartments_per_core(per_core);
    let placed = place(network, options).unwrap();
    let mut session = Session::open(Box::new(InProcess::new(1 << 22)), RetryPolicy::default(), 1, || false).unwrap();
    let samples: Vec<Samples> = (0..=probes.len()).map(|_| Samples::default()).collect();
    let mut recorder = Recorder::default();
    for (text, samples) in probes.iter().zip(&samples) {
        recorder.probe(text.parse().unwrap(), Box::new(Kept(samples.clone())));
    }
    let of_spikes = spikes.iter().map(|text| text.parse::<Probe>().unwrap()).collect();
    recorder.spikes(of_spikes, Box::new(Kept(samples[probes.len()].clone())));
    session.set_recorder(Some(recorder));
    let mut inference = Inference::new(&mut session, network, &placed).map_err(io::Error::other)?;
    inference.run(&stimulus(), |_| {}).unwrap();
    let mut given: Vec<Given> = samples.iter().map(|samples| samples.lock().unwrap().clone()).collect();
    // Spikes come by core and compartment of the core: population and neuron instead.
    let image = placed.image.open().unwrap();
    let firsts: Vec<usize> = image.cores().map(|core| core.compartment_first).collect();
    for (_, words) in given.last_mut().unwrap() {
        let owner = |pair: &[i32; 2]| {
            let [core, own] = pair.map(|word| usize::try_from(word).unwrap());
            let (population, neuron) = placed.map.owner(u32::try_from(firsts[core] + own).unwrap()).unwrap();
            [population, neuron].map(|number| i32::try_from(number).unwrap())
        };
        let mut owners: Vec<[i32; 2]> = words.as_chunks::<2>().0.iter().map(owner).collect();
        owners.sort_unstable();
        *words = owners.concat();
    }
    Ok(given)
}

#[test]
fn populations_are_sampled_neuron_by_neuron_however_they_are_placed() {
    let network = file::parse(POOL_AND_TREE, Path::new("net.toml")).unwrap();
    let probes = ["pool.v", "pool.u[3..9]@every=3,from=2", "tree.v[2]", "tree.v@compartment=0", "tree.v@compartment=1"];
    let spikes = ["pool.spikes[5..12]@from=3,to=30", "tree.spikes"];
    let whole = by_population(&network, 1024, &probes, &spikes).unwrap();
    for per_core in [3, 5] {
        assert_eq!(by_population(&network, per_core, &probes, &spikes).unwrap(), whole, "{per_core} a core");
    }
    // The same, read from the chip after every step.
    let placed = place(&network, place::PlacementOptions::default()).unwrap();
    let mut session = Session::open(Box::new(InProcess::new(1 << 22)), RetryPolicy::default(), 1, || false).unwrap();
    let mut inference = Inference::new(&mut session, &network, &placed).unwrap();
    let all = stimulus();
    let mut fired = Vec::new();
    for step in 0..40_u32 {
        let now = all.spikes.iter().filter(|(at, ..)| *at == step).map(|(_, input, at)| (0, *input, *at)).collect();
        let one = Stimulus { steps: 1, spikes: now, ..Stimulus::default() };
        let visit = |spike: host_harness::inference::Spike| fired.push((step, spike.population, spike.neuron));
        inference.go_on(&one, visit).unwrap();
        let given = |probe: usize| {
            let words = whole[probe].iter().find(|(at, _)| *at == u64::from(step));
            words.map_or(&[][..], |(_, words)| words)
        };
        assert_eq!(given(0), inference.read(Register::V, 0).unwrap(), "pool, step {step}");
        let tree = inference.read(Register::V, 1).unwrap();
        assert_eq!((given(2), given(4)), (&tree[2..3], &tree[..]), "soma, step {step}");
        let voltages = inference.session().read(Register::V).unwrap();
        let leaves = placed.map.firsts(Endpoint::Population(1)).iter().map(|first| voltages[*first as usize]);
        assert_eq!(given(3), leaves.collect::<Vec<_>>(), "leaf, step {step}");
        let currents = inference.read(Register::U, 0).unwrap();
        let sampled = if step >= 2 && (step - 2) % 3 == 0 { &currents[3..9] } else { &[][..] };
        assert_eq!(given(1), sampled, "current, step {step}");
    }
    assert!(whole[3].iter().any(|(_, words)| words.iter().any(|v| *v != 0)), "{:?}", whole[3]);
    let wanted = |(step, population, neuron): &(u32, usize, usize)| {
        *population == 1 || (5..12).contains(neuron) && (3..30).contains(step)
    };
    fired.retain(wanted);
    fired.sort_unstable();
    let recorded = whole[5].iter().flat_map(|(step, words)| {
        words.as_chunks::<2>().0.iter().map(|[population, neuron]| {
            let number = |word: i32| usize::try_from(word).unwrap();
            (u32::try_from(*step).unwrap(), number(*population), number(*neuron))
        })
    });
    assert_eq!(recorded.collect::<Vec<_>>(), fired);
    assert!(fired.len() > 50 && fired.iter().any(|(_, population, _)| *population == 1), "{fired:?}");
    for (probe, wanted) in [
        ("pol.v", "unknown population `pol`; there are: pool, tree"),
        ("pool.v[3..13]", "asks for neurons up to 13, `pool` has 12"),
        ("tree.v@compartment=2", "a neuron has 2 compartments, counted from 0"),
        ("tree.activity", "this network has no such register"),
        ("v[0..99]", "asks for elements up to 99, the register has 20"),
    ] {
        let said = by_population(&network, 1024, &[probe], &[]).unwrap_err().to_string();
        assert!(said.contains(probe) && said.contains(wanted), "{said}");
    }
}
