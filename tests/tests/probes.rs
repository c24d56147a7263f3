//! Probes change no result, and a run split at its samples sees what single steps see.

#![allow(clippy::unwrap_used, reason = "what is missing fails the test")]

use host_harness::device::inproc::InProcess;
use host_harness::device::probe::Probe;
use host_harness::device::recorder::{Recorder, Sink};
use host_harness::device::session::{Patience, Session};
use host_harness::experiment::{Experiment, Nobody, Options, Outcome};
use std::io;
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
    let mut session = Session::open(device, Patience::default(), 1, || false).unwrap();
    let mut recorder = Recorder::default();
    let samples: Vec<Samples> = (0..=probes.len()).map(|_| Samples::default()).collect();
    for (text, samples) in probes.iter().zip(&samples) {
        recorder.probe(text.parse::<Probe>().unwrap(), Box::new(Kept(samples.clone())));
    }
    if spikes {
        recorder.spikes(Box::new(Kept(samples[probes.len()].clone())));
    }
    if spikes || !probes.is_empty() {
        session.set_recorder(Some(recorder));
    }
    let experiment = Experiment::from_name(name).unwrap();
    let task = experiment.task(experiment.parameters()).unwrap();
    let options = Options { passes: Some(1), samples: Some(20), ..Options::default() };
    let outcome = task.run(&mut session, &options, &mut Nobody).unwrap();
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
