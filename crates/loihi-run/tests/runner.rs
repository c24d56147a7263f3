//! Runners: on threads, step by step and sample by sample, and what they have learned.

#![expect(clippy::unwrap_used, reason = "tests")]

use loihi_core::image::{Join, Profile, StackIn, StackOut, Tree};
use loihi_data::Sample;
use loihi_device::framed::Framed;
use loihi_device::inproc::{InProcess, InProcessLine};
use loihi_net::network::{Connection, Each, Endpoint, Learning, Network, Population, ReadBy, TraceShape, Weights};
use loihi_place::neuron_map::NeuronMap;
use loihi_run::inference::Stimulus;
use loihi_run::inference::present::{Coding, Presentation};
use loihi_run::record::RunFolder;
use loihi_run::runner::{Runner, RunnerError};
use safetensors::{Dtype, SafeTensors};
use std::thread;

/// Two neurons, each driven by one of two inputs, that are the classes.
fn relays() -> Network {
    let mut network = Network::new("relays");
    let input = network.input("in", 2);
    let relays = network.population(Population::new("relays", 2).profile(Profile { v_th: 64, ..Profile::DEFAULT }));
    network.connect(Connection::new(input, relays, Weights::Dense(vec![100, 0, 0, 100])));
    network.read(relays, ReadBy::Spikes);
    network
}

fn stimulus() -> Stimulus {
    let spikes = (0..50).map(|step| (step, 0, step as usize % 2)).collect();
    Stimulus { steps: 50, spikes, ..Stimulus::default() }
}

/// A compartment before the soma is reset when its voltage passes its threshold; it sends nothing.
#[test]
fn spikes_of_a_neuron_are_those_of_its_soma() {
    let leaf = Profile { v_th: 64, tree: Tree { stack_out: StackOut::Push, ..Tree::NONE }, ..Profile::DEFAULT };
    let tree = Tree { stack_in: StackIn::PopA, join: Join::Add, ..Tree::NONE };
    let spikes = |v_th: i32| {
        let mut network = relays();
        let soma = Profile { decay_u: 4096, decay_v: 4096, v_th, tree, ..Profile::DEFAULT };
        network.populations[0] = Population::new("relays", 2).compartments([leaf, soma].map(Each::Same));
        network.read(Endpoint::Population(0), ReadBy::FirstSpike);
        network.connect(Connection::new(Endpoint::Input(0), Endpoint::Population(0), [0, 20, 0, 0]).compartment(1));
        let mut runner = Runner::new(network, InProcess::default()).unwrap();
        let spikes = runner.run(&stimulus()).unwrap();
        (spikes.len(), runner.scores(&stimulus()).unwrap())
    };
    assert_eq!(spikes(1 << 20), (0, vec![0, 0]), "leaves pass their thresholds");
    assert_eq!(spikes(64), (25, vec![49, 0]), "one soma is reached, by the second input from step 1 on");
}

#[test]
fn runners_on_two_threads_end_in_the_same_digest() {
    let run = |mut runner: Runner| {
        thread::spawn(move || {
            let spikes = runner.run(&stimulus()).unwrap();
            (spikes, runner.digest().unwrap())
        })
    };
    let near = run(Runner::new(relays(), InProcess::default()).unwrap());
    let far = run(Runner::new(relays(), Framed::new(InProcessLine::new(1 << 20))).unwrap());
    let (near, far) = (near.join().unwrap(), far.join().unwrap());
    assert_eq!(near, far);
    assert!(!near.0.is_empty());
}

#[test]
fn steps_are_those_of_a_whole_stimulus() {
    let stimulus = stimulus();
    let mut whole = Runner::new(relays(), InProcess::default()).unwrap();
    let expected = whole.run(&stimulus).unwrap();
    let mut stepped = Runner::new(relays(), InProcess::default()).unwrap();
    let mut spikes = Vec::new();
    for (_, input, element) in stimulus.spikes {
        spikes.extend(stepped.step(&[(input, element)]).unwrap());
    }
    assert_eq!(spikes, expected);
    assert_eq!(stepped.digest().unwrap(), whole.digest().unwrap());
    stepped.rest();
    assert_eq!(stepped.step(&[(0, 1)]).unwrap()[0].step, 0);
    assert!(matches!(stepped.step(&[(0, 2)]), Err(RunnerError::Inference(_))));
}

#[test]
fn samples_have_an_answer() {
    let network = relays();
    let presentation = Presentation { coding: Some(Coding::Rate), steps: Some(40), ..Presentation::new(&network, 0) };
    let mut runner = Runner::builder(network).presentation(presentation).open(InProcess::default()).unwrap();
    let mut answer = |values: [u8; 2]| runner.sample(&Sample::values("one", &[2], values.to_vec())).unwrap();
    assert_eq!(answer([200, 20]).class, Some(0));
    assert_eq!(answer([20, 200]).class, Some(1));
    assert!(answer([0, 255]).scores[1] > 30);
}

#[test]
fn what_was_learned_continues_in_another_runner() {
    let mut network = relays();
    let shape = TraceShape::new(100, 4000);
    network.connections[0].learning = Some(Learning::new("dw = 2^-3*x1*y0").x1(shape));
    let mut runner = Runner::new(network.clone(), InProcess::default()).unwrap();
    let weights = |runner: &mut Runner| runner.session().weights().unwrap();
    let before = weights(&mut runner);
    runner.run(&stimulus()).unwrap();
    assert_eq!(weights(&mut runner), before, "learning is asked for");
    runner.set_learning(true);
    runner.run(&stimulus()).unwrap();
    let learned = runner.learned().unwrap();
    assert_ne!(weights(&mut runner), before);
    let mut other = Runner::new(network, InProcess::default()).unwrap();
    assert_eq!(weights(&mut other), before);
    other.restore(&learned).unwrap();
    assert_eq!(weights(&mut other), weights(&mut runner));
    let mut fixed = Runner::new(relays(), InProcess::default()).unwrap();
    assert!(matches!(fixed.restore(&learned), Err(RunnerError::Learned(_))));
}

#[test]
fn learned_weights_are_tensors_by_population() {
    let mut network = relays();
    network.connections[0].learning = Some(Learning::new("dw = 2^-3*x1*y0").x1(TraceShape::new(100, 4000)));
    let mut runner = Runner::builder(network).learning(true).open(InProcess::default()).unwrap();
    runner.run(&stimulus()).unwrap();
    let weights = runner.session().weights().unwrap();
    let map = NeuronMap::of_populations(runner.network(), runner.placed()).unwrap();
    let learned = runner.learned().unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(&temporary.path().join("run")).unwrap();
    folder.learned(&runner.placed().image, &map, &learned.bytes, None).unwrap();
    let bytes = std::fs::read(folder.path().join("learned.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let tensor = tensors.tensor("relays/0/weights").unwrap();
    let read: Vec<i32> = match tensor.dtype() {
        Dtype::I8 => tensor.data().iter().map(|byte| i32::from(byte.cast_signed())).collect(),
        Dtype::I16 => tensor.data().as_chunks().0.iter().map(|half| i32::from(i16::from_le_bytes(*half))).collect(),
        other => panic!("{other:?}"),
    };
    assert_eq!(read, weights);
    assert_eq!(tensor.shape().iter().product::<usize>(), weights.len());
    let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
    let about = &metadata.metadata().as_ref().unwrap()["loihi"];
    assert!(about.contains(&format!("{:016x}", learned.image_hash)) && about.contains("\"wgt_exp\":0"), "{about}");
    let other = RunFolder::learned(&folder, &runner.placed().image, &map, &learned.bytes[8..], None);
    assert!(other.unwrap_err().to_string().contains("not that of the image"));
}
