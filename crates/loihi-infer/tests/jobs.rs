//! Samples shared over several devices have the answers, counts and digests of one device.

#![allow(clippy::unwrap_used)]

use loihi_core::image::{Noise, NoiseAt, Profile};
use loihi_core::num::Delay;
use loihi_data::Sample;
use loihi_device::inproc::InProcess;
use loihi_device::recorder::{RecordedFile, Recorder, Tap};
use loihi_device::session::{RetryPolicy, Session};
use loihi_infer::Trained;
use loihi_net::network::{Bias, Coding, Connection, Network, Population, ReadBy, Readout};
use loihi_place::place::{PlacementOptions, place};
use loihi_run::inference::present::Presentation;
use loihi_run::record::RecordError;
use loihi_run::record::checkpoint::{Checkpoint, RunPosition};
use loihi_task::{Answer, Observer, Outcome, RunOptions, Task as _};
use std::num::NonZeroUsize;

/// Neurons with noise and delays, so that a step of another number is another step.
fn trained(items: Vec<Sample>, jobs: Option<usize>) -> Trained {
    let mut network = Network::new("noisy");
    let input = network.input("in", 6);
    let noise = Some(Noise { at: NoiseAt::Voltage, exponent: 8, offset: 3 });
    let profile = Profile { decay_u: 900, decay_v: 200, v_th: 40 * 64, refractory: 2, noise, ..Profile::DEFAULT };
    let out = network.population(Population::new("out", 3).profile(profile).bias(Bias::ZERO));
    let weights: Vec<i16> = (0..18).map(|at| 2 * (at * 37 % 51) - 30).collect();
    network.connect(Connection::new(input, out, weights).delay(Delay::new(3).unwrap()));
    network.readout = Some(Readout::new(out, ReadBy::Spikes));
    let placed = place(&network, PlacementOptions::default()).unwrap();
    let presentation = Presentation { coding: Some(Coding::Frames), ..Presentation::new(&network, 0) };
    let jobs = jobs.and_then(NonZeroUsize::new);
    Trained { network, placed, items, presentation, also: Vec::new(), scale: None, learn: false, jobs }
}

/// Samples of 3 to 9 steps.
fn items(count: u8) -> Vec<Sample> {
    let values = |number: u8, steps: u8| (0..6 * steps).map(move |at| (at ^ number).wrapping_mul(73)).collect();
    let item = |number: u8| {
        let steps = 3 + number % 7;
        Sample::values(number.to_string(), &[usize::from(steps), 6], values(number, steps)).labelled(1)
    };
    (0..count).map(item).collect()
}

fn session() -> Session {
    Session::open(Box::new(InProcess::default()), RetryPolicy::default(), 1, || false).unwrap()
}

/// Remembers everything it is told.
#[derive(Default)]
struct Told {
    answers: Vec<String>,
    checkpoints: Vec<(RunPosition, Vec<u8>)>,
}

impl Observer for Told {
    fn answer(&mut self, answer: &Answer<'_>) -> Result<(), RecordError> {
        self.answers.push(format!("{answer:?}"));
        Ok(())
    }

    fn wants_checkpoint(&mut self) -> bool {
        true
    }

    fn checkpoint(&mut self, at: &RunPosition, state: &[u8], _files: Vec<RecordedFile>) -> Result<(), RecordError> {
        self.checkpoints.push((at.clone(), state.to_vec()));
        Ok(())
    }
}

fn run(trained: &Trained, options: &RunOptions) -> (Outcome, Told) {
    let mut told = Told::default();
    let outcome = trained.run(&mut session(), options, &mut told).unwrap();
    (outcome, told)
}

#[test]
fn answers_counts_and_digests_are_those_of_one_at_a_time() {
    let (alone, told) = run(&trained(items(70), Some(1)), &RunOptions::default());
    assert_eq!(told.answers.len(), 70);
    assert!(alone.ops.spikes > 300, "{:?}", alone.ops);
    for jobs in [Some(2), Some(3), Some(7), None] {
        let (outcome, own) = run(&trained(items(70), jobs), &RunOptions::default());
        assert_eq!(own.answers, told.answers);
        assert_eq!((outcome.ops, outcome.digest), (alone.ops, alone.digest), "{jobs:?}");
        assert_eq!(outcome.metrics, alone.metrics);
    }
    // More devices than samples.
    let two = [Some(1), Some(9)].map(|jobs| run(&trained(items(2), jobs), &RunOptions::default()).0.digest);
    assert_eq!(two[0], two[1]);
}

#[test]
fn what_was_interrupted_goes_on_with_any_number() {
    let (alone, whole) = run(&trained(items(40), Some(1)), &RunOptions::default());
    for (before, after) in [(1, 3), (3, 1), (2, 2)] {
        let begun = trained(items(40), Some(before));
        let (_, told) = run(&begun, &RunOptions::default());
        for (position, state) in told.checkpoints.into_iter().step_by(5) {
            let (image_hash, items_before) = (begun.placed.image.hash(), position.items);
            let resume = Some(Checkpoint { image_hash, position, files: Vec::new(), state });
            let options = RunOptions { resume, ..RunOptions::default() };
            let (outcome, own) = run(&trained(items(40), Some(after)), &options);
            assert_eq!(own.answers, whole.answers[items_before..]);
            assert_eq!((outcome.ops, outcome.digest), (alone.ops, alone.digest), "{before} {after} {items_before}");
        }
    }
}

#[test]
fn the_first_sample_that_cannot_be_shown_ends_the_run() {
    let mut items = items(30);
    items[17] = Sample::values("wrong", &[5], vec![0; 5]).labelled(0);
    for jobs in [1, 2, 4] {
        let mut told = Told::default();
        let error = trained(items.clone(), Some(jobs)).run(&mut session(), &RunOptions::default(), &mut told);
        assert!(error.unwrap_err().to_string().contains("sample wrong"));
        assert_eq!(told.answers.len(), 17, "all before it");
    }
}

#[test]
fn samples_that_are_watched_are_answered_one_after_the_other() {
    struct Blind;
    impl Tap for Blind {
        fn wants(&self) -> bool {
            false
        }
        fn look(&mut self, _step: u64, _spikes: &[i32], _ops: &loihi_core::ops::OpCounts) {}
    }
    let watched = |jobs| {
        let mut session = session();
        let mut recorder = Recorder::default();
        recorder.tap(Box::new(Blind));
        session.set_recorder(Some(recorder));
        trained(items(9), jobs).run(&mut session, &RunOptions::default(), &mut Told::default())
    };
    assert!(watched(None).is_ok());
    assert!(watched(Some(2)).unwrap_err().to_string().ends_with("leave out --jobs, or give --jobs 1"));
    let learning = Trained { learn: true, ..trained(items(9), Some(2)) };
    let error = learning.run(&mut session(), &RunOptions::default(), &mut Told::default());
    assert!(error.unwrap_err().to_string().contains("samples that are learned follow each other"));
}
