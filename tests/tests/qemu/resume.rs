//! A run resumed from a checkpoint ends in the same bits as one that was not interrupted, on any device.

use crate::common::{self, experiment};
use host_harness::device::recorder::RecordedFile;
use host_harness::device::session::Session;
use host_harness::experiment::{Experiment, ExperimentError, NoObserver, Observer, Outcome, RunOptions};
use host_harness::image::ImageFile;
use host_harness::neuron_map::NeuronMap;
use host_harness::record::RecordError;
use host_harness::record::checkpoint::{Checkpoint, RunPosition};

/// Keeps the checkpoint after this many that it could have had.
struct Keeper {
    left: usize,
    image_hash: u64,
    kept: Option<Checkpoint>,
}

impl Observer for Keeper {
    fn image(&mut self, image: &ImageFile, _neuron_map: &NeuronMap) -> Result<(), RecordError> {
        self.image_hash = image.hash();
        Ok(())
    }

    fn wants_checkpoint(&mut self) -> bool {
        self.left = self.left.wrapping_sub(1);
        self.left == 0
    }

    fn checkpoint(
        &mut self,
        position: &RunPosition,
        state: &[u8],
        files: Vec<RecordedFile>,
    ) -> Result<(), RecordError> {
        let (position, state) = (position.clone(), state.to_vec());
        self.kept = Some(Checkpoint { image_hash: self.image_hash, position, files, state });
        Ok(())
    }
}

fn options(resume: Option<Checkpoint>) -> RunOptions {
    RunOptions { seed: 4, epochs: Some(2), samples: Some(70), resume, ..RunOptions::default() }
}

/// The outcome of the whole run, and its checkpoint number `at`, as it comes back from a file.
fn interrupted(experiment: Experiment, at: usize) -> (Outcome, Checkpoint) {
    let mut keeper = Keeper { left: at, image_hash: 0, kept: None };
    let whole = experiment.run(&mut common::open_host(), &options(None), &mut keeper).unwrap();
    let kept = keeper.kept.unwrap_or_else(|| panic!("{}: no checkpoint {at}", experiment.name));
    (whole, Checkpoint::parse(&kept.to_bytes().unwrap()).unwrap())
}

fn resume(experiment: Experiment, checkpoint: Checkpoint, session: &mut Session) -> Outcome {
    experiment.run(session, &options(Some(checkpoint)), &mut NoObserver).unwrap()
}

#[test]
fn a_run_goes_on_with_the_same_bits() {
    for experiment in [
        experiment("digits-decolle"),
        experiment("digits-decolle-2"),
        experiment("digits-emstdp"),
        experiment("digits-soel-fewshot"),
        experiment("digits-continual"),
    ] {
        for at in [1, 3, 6, 11] {
            let (whole, checkpoint) = interrupted(experiment, at);
            let place = format!("{}, checkpoint {at}: {:?}", experiment.name, checkpoint.position);
            let rest = resume(experiment, checkpoint, &mut common::open_host());
            assert_eq!(rest, whole, "{place}");
        }
    }
}

#[test]
fn a_run_goes_on_on_another_device() {
    let (whole, checkpoint) = interrupted(experiment("digits-continual"), 9);
    let rest = resume(experiment("digits-continual"), checkpoint, &mut common::open_qemu());
    assert_eq!((rest.digest, rest.ops, rest.metrics), (whole.digest, whole.ops, whole.metrics));
}

#[test]
fn what_cannot_go_on_is_refused() {
    let (_, checkpoint) = interrupted(experiment("digits-decolle"), 2);
    let mut session = common::open_host();
    let run = |experiment: Experiment, session: &mut Session| {
        experiment.run(session, &options(Some(checkpoint.clone())), &mut NoObserver).unwrap_err()
    };
    assert!(matches!(run(experiment("pes-channel"), &mut session), ExperimentError::NotResumable));
    let other = run(experiment("digits-emstdp"), &mut session).to_string();
    assert!(other.contains("another network"), "{other}");
}
