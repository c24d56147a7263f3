//! A stage of a run: what it learns or tests, with whom, and in what order.

use crate::sample_hash::hash_of;
use crate::samples::{Of, Samples};
use crate::task::ExperimentError;
use loihi_core::chip::SnapshotScope;
use loihi_core::num::Fnv64;
use loihi_image::image::ImageFile;
use loihi_run::inference::Inference;
use loihi_run::record::RecordError;
use loihi_run::record::checkpoint::{Checkpoint, Planned, RunPosition};

/// Keys of the samples that are tested, apart from those that are learned.
const TEST_KEY: u32 = 1 << 30;

/// A sample in a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Showing {
    /// What is shown.
    pub of: Of,
    /// Names the showing, so that its spikes are its own. A sample that the device recalls is named by the step.
    pub key: u32,
    /// What the device's replay buffer does with it.
    pub replay: Replay,
}

/// What the device's replay buffer does with a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// Nothing.
    None,
    /// Keeps it in this slot.
    Keep(u16),
    /// Shows what is in this slot.
    Recall(u16),
}

impl Replay {
    /// What a record says of it ([`Record::keep`](loihi_core::wire::message::Record::keep),
    /// [`recall`](loihi_core::wire::message::Record::recall)): slots from 1, or 0.
    pub const fn words(self) -> [u16; 2] {
        match self {
            Self::None => [0, 0],
            Self::Keep(slot) => [slot.saturating_add(1), 0],
            Self::Recall(slot) => [0, slot.saturating_add(1)],
        }
    }
}

/// A part of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stage {
    /// What users see.
    pub name: String,
    /// Whether everything is as after loading before it begins.
    pub fresh: bool,
    /// How many times the learning rate is halved in it.
    pub halvings: u32,
    /// Whether the network learns.
    pub learns: bool,
    /// Programs that learn, by their places among the ports.
    pub taught: Vec<usize>,
    /// Programs that are asked; the last one's accuracy is the stage's.
    pub asked: Vec<usize>,
    /// Classes that can be the answer; all if empty.
    pub among: Vec<u32>,
    /// What is shown, in order.
    pub items: Vec<Showing>,
    /// The task that it learns or tests, in runs of several.
    pub task: Option<[usize; 2]>,
    /// What its accuracy is called among the figures of the run.
    pub metric: Option<String>,
}

impl Stage {
    /// Whether a class can be the answer.
    pub fn can_be(&self, class: u32) -> bool {
        self.among.is_empty() || self.among.contains(&class)
    }

    /// What a checkpoint says of it; `steps` are those of a sample, if all have as many.
    pub fn planned(&self, samples: &Samples, steps: Option<u64>) -> Planned {
        let Self { name, fresh, halvings, learns, taught, asked, among, items, .. } = self;
        let mut hash = Fnv64::new();
        hash.bytes(format!("{fresh} {halvings} {learns} {taught:?} {asked:?} {among:?}").as_bytes());
        for Showing { of, key, replay } in items {
            hash.bytes(&key.to_le_bytes());
            hash.bytes(format!("{replay:?}").as_bytes());
            if let Some(sample) = samples.get(*of) {
                hash_of(sample, &mut hash);
            }
        }
        Planned { name: name.clone(), samples: items.len(), steps, readouts: asked.len().max(1), hash: hash.finish() }
    }
}

/// Training samples, each named by its place in the list and the number of the epoch.
pub fn to_learn(samples: &[usize], epoch: u32) -> Vec<Showing> {
    let showing = |(key, at): (u32, &usize)| Showing { of: Of::Training(*at), key, replay: Replay::None };
    (epoch << 20..).zip(samples).map(showing).collect()
}

/// Test samples, each named by its place in the list.
pub fn to_test(samples: &[usize]) -> Vec<Showing> {
    let showing = |(key, at): (u32, &usize)| Showing { of: Of::Test(*at), key, replay: Replay::None };
    (TEST_KEY..).zip(samples).map(showing).collect()
}

/// Takes the device where a run stood, which must be a run of this image with this plan; returns where that is.
///
/// # Errors
/// [`RecordError::OtherImage`], [`ExperimentError::OtherPlan`], [`RecordError::OtherState`].
pub fn resumed<'r>(
    checkpoint: &'r Checkpoint,
    plan: &[Planned],
    image: &ImageFile,
    inference: &mut Inference<'_>,
) -> Result<&'r RunPosition, ExperimentError> {
    let Checkpoint { image_hash, position, state, .. } = checkpoint;
    if *image_hash != image.hash() {
        return Err(RecordError::OtherImage { expected: image.hash(), found: *image_hash }.into());
    }
    if position.plan != plan {
        return Err(ExperimentError::OtherPlan { found: position.plan.len(), expected: plan.len() });
    }
    inference.session().restore(SnapshotScope::State, state)?;
    position.check_state(&inference.session().ops()?)?;
    inference.restored()?;
    Ok(position)
}
