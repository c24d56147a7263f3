//! Position of a run through stages, and all state of its device: the run resumes there with the same bits.
//!
//! The position is the head of a container, the state its body. What the position claims is checked against the plan in
//! it, and a run that resumes checks that plan against its own, and the counts against those of the state.

use super::RecordError;
use super::container::{self, CHECKPOINT, ContainerError, Contents};
use super::score::Score;
use loihi_core::ops::OpCounts;
use loihi_device::recorder::RecordedFile;
use loihi_files::whole;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A stage of a run, as it was planned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// What users see.
    pub name: String,
    /// Samples that it shows.
    pub samples: usize,
    /// Steps of a sample, if all have as many.
    pub steps: Option<u64>,
    /// Readouts that are asked.
    pub readouts: usize,
    /// Hash of everything that is shown, and how.
    pub hash: u64,
}

/// Position of a run in its plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunPosition {
    /// All stages.
    pub plan: Vec<Planned>,
    /// The stage under way.
    pub stage: usize,
    /// Its samples that were shown.
    pub items: usize,
    /// Right answers of each of its readouts so far; none before its first sample.
    pub right: Vec<u32>,
    /// Squares of what values were off so far, in units of 2^-20.
    #[serde(default)]
    pub squared_error_q20: u64,
    /// Answers by class and answer so far.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub confusion: Vec<u32>,
    /// Counts when it began.
    pub before: OpCounts,
    /// Scores of the stages before it.
    pub scores: Vec<Score>,
}

impl RunPosition {
    /// Whether what was done is a part of what was planned.
    ///
    /// # Errors
    /// What is not.
    fn check(&self) -> Result<(), String> {
        let Self { plan, stage, items, right, scores, .. } = self;
        if *stage > plan.len() || scores.len() != *stage {
            return Err(format!(
                "it claims to be in stage {} with {} scored, of a plan of {}",
                stage.saturating_add(1),
                scores.len(),
                plan.len()
            ));
        }
        for (planned, score) in plan.iter().zip(scores) {
            planned.has(score.samples, &score.right, planned.samples)?;
            if planned.steps.is_some_and(|steps| score.ops.steps != steps.saturating_mul(planned.samples as u64)) {
                return Err(format!("it claims {} steps of the stage `{}`", score.ops.steps, planned.name));
            }
        }
        match plan.get(*stage) {
            Some(planned) if *items > 0 => planned.has(*items, right, (*items).min(planned.samples)),
            _ if *items == 0 && right.is_empty() => Ok(()),
            _ => Err("it claims samples of a stage that showed none".to_owned()),
        }
    }

    /// Whether the state of a device is the one of this position.
    ///
    /// # Errors
    /// [`RecordError::OtherState`].
    pub fn check_state(&self, ops: &OpCounts) -> Result<(), RecordError> {
        let steps = self.plan.get(self.stage).map_or(Some(0), |planned| planned.steps);
        let expected = steps.map(|steps| steps.saturating_mul(self.items as u64));
        let found = ops.since(&self.before).steps;
        match expected {
            Some(expected) if self.items > 0 && found != expected => Err(RecordError::OtherState { expected, found }),
            _ => Ok(()),
        }
    }
}

impl Planned {
    /// Whether these numbers of samples and of right answers are possible in this stage.
    fn has(&self, samples: usize, right: &[u32], expected: usize) -> Result<(), String> {
        let Self { name, samples: all, readouts, .. } = self;
        if samples != expected {
            return Err(format!("it claims {samples} samples of the stage `{name}`, which has {all}"));
        }
        if right.len() != *readouts || right.iter().any(|right| *right as usize > samples) {
            return Err(format!("it claims {right:?} right answers to {samples} samples of the stage `{name}`"));
        }
        Ok(())
    }
}

/// The position of a run, with all state of its device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Hash of the image.
    pub image_hash: u64,
    /// Position of the run.
    pub position: RunPosition,
    /// Files of its folder that grow, and how long they were.
    pub files: Vec<RecordedFile>,
    /// What [`loihi_core::chip::SnapshotScope::State`] is.
    pub state: Vec<u8>,
}

/// What is written as JSON.
#[derive(Serialize, Deserialize)]
struct Words<S, F> {
    #[serde(rename = "position")]
    position: S,
    files: F,
}

impl Checkpoint {
    /// The bytes of its file.
    ///
    /// # Errors
    /// [`serde_json::Error`], which does not happen for what a run gives.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let words = serde_json::to_vec(&Words { position: &self.position, files: &self.files })?;
        let contents = Contents { image_hash: self.image_hash, head: &words, body: &self.state };
        Ok(container::to_bytes(CHECKPOINT, contents))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`RecordError`] says what is wrong with it.
    pub fn read(path: &Path) -> Result<Self, RecordError> {
        let bytes = whole::bytes(path).map_err(|error| RecordError::File { path: path.to_owned(), error })?;
        Self::parse(&bytes).map_err(|why| RecordError::Checkpoint { path: path.to_owned(), why })
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn parse(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let Contents { image_hash, head, body } = container::parse(CHECKPOINT, bytes)?;
        let words: Words<RunPosition, Vec<RecordedFile>> =
            serde_json::from_slice(head).map_err(|_| CheckpointError::Unreadable)?;
        let Words { position, files } = words;
        position.check().map_err(CheckpointError::Contradiction)?;
        Ok(Self { image_hash, position, files, state: body.to_vec() })
    }
}

/// Why a checkpoint cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file is another one, or damaged.
    #[error(transparent)]
    Container(#[from] ContainerError),
    /// The position is not JSON of the expected form.
    #[error("where the run stood cannot be read: start the run again")]
    Unreadable,
    /// The position is not a part of the plan.
    #[error("{0}: start the run again")]
    Contradiction(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint() -> Checkpoint {
        let planned =
            |name: &str, samples| Planned { name: name.to_owned(), samples, steps: Some(10), readouts: 2, hash: 5 };
        let ops = OpCounts { steps: 200, ..OpCounts::default() };
        let position = RunPosition {
            plan: vec![planned("learn", 20), planned("test", 64)],
            stage: 1,
            items: 48,
            right: vec![40, 41],
            before: ops,
            scores: vec![Score { right: vec![3, 20], ops, samples: 20, squared_error_q20: 7, confusion: vec![1, 2] }],
            squared_error_q20: 9,
            confusion: vec![3, 4, 5, 6],
        };
        let files = vec![RecordedFile { file: "metrics.csv".to_owned(), bytes: 77 }];
        Checkpoint { image_hash: 0x1234, position, files, state: vec![1, 2, 255] }
    }

    #[test]
    fn a_checkpoint_comes_back() {
        let checkpoint = checkpoint();
        let bytes = checkpoint.to_bytes().unwrap();
        assert_eq!(Checkpoint::parse(&bytes), Ok(checkpoint));
    }

    #[test]
    fn a_checkpoint_that_claims_what_was_not_planned_is_refused() {
        type Change = (&'static str, fn(&mut RunPosition));
        let changes: [Change; 12] = [
            ("65 samples of the stage `test`, which has 64", |position| position.items = 65),
            ("stage 4 with 1 scored", |position| position.stage = 3),
            ("stage 3 with 1 scored", |position| position.stage = 2),
            ("stage 1 with 1 scored", |position| position.stage = 0),
            ("stage 2 with 0 scored", |position| position.scores.clear()),
            ("[49, 41] right answers to 48 samples", |position| position.right[0] = 49),
            ("[40] right answers to 48 samples", |position| position.right.truncate(1)),
            ("showed none", |position| position.items = 0),
            ("21 samples of the stage `learn`, which has 20", |position| position.scores[0].samples = 21),
            ("[3, 21] right answers", |position| position.scores[0].right[1] = 21),
            ("201 steps of the stage `learn`", |position| position.scores[0].ops.steps = 201),
            ("plan of 0", |position| position.plan.clear()),
        ];
        for (said, change) in changes {
            let mut checkpoint = checkpoint();
            change(&mut checkpoint.position);
            let why = Checkpoint::parse(&checkpoint.to_bytes().unwrap()).unwrap_err().to_string();
            assert!(why.contains(said) && why.contains("start the run again"), "{said}: {why}");
        }
        let position = checkpoint().position;
        let after = |steps| OpCounts { steps, ..OpCounts::default() };
        assert!(position.check_state(&after(200 + 480)).is_ok());
        let other = position.check_state(&after(200 + 470)).unwrap_err().to_string();
        assert!(other.contains("480") && other.contains("470"), "{other}");
    }
}
