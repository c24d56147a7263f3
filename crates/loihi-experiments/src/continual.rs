//! Class after class: a network learns two classes at a time and is tested on all that there are, without and with
//! samples that the device has kept.
//!
//! After task i the accuracy on task j is `R_ij`, among all classes, with learning off. Of T tasks, counted from 1:
//! accuracy `mean_j R_Tj`, backward transfer `mean_{j<T} (R_Tj − R_jj)`, forgetting `mean_{j<T} (max_i R_ij − R_Tj)`.

use super::classify::{self, Interface, Replay, Showing, Stage};
use super::data::{Dataset, Example};
use super::decolle_net::{DecolleNet, Recording};
use super::network::LayerNetwork;
use super::score::Score;
use super::{ExperimentError, Metrics, Observer, Outcome, RunOptions, Task, conclude, sizes};
use loihi_core::num::word;
use loihi_core::rules::ReplayBufferParams;
use loihi_device::session::Session;
use loihi_image::image::{BuildError, ImageFile};
use serde::{Deserialize, Serialize};

/// Parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Continual {
    /// The classes of each task.
    #[serde(deserialize_with = "sizes::tasks")]
    pub tasks: Vec<Vec<u8>>,
    /// Samples of each class that the device keeps in the second run.
    pub replay_samples: u16,
    /// Share of a task's showings that are recalled samples, as soon as there are any, 0 to 0.9.
    pub replay_share: f64,
    /// Samples that are held back with `--validate`.
    pub validation_samples: usize,
    /// The network.
    pub net: DecolleNet,
}

impl Continual {
    fn image(&self, data: &Dataset, seed: u32) -> Result<ImageFile, BuildError> {
        let mut network = LayerNetwork::new(data.inputs, [data.classes, data.classes], seed);
        self.net.stack(&mut network, data.classes, Recording::default());
        let slots = data.classes * u32::from(self.replay_samples);
        network.builder.snip(&ReplayBufferParams { values: data.inputs, targets: data.classes, slots });
        network.builder.build()
    }

    /// One run through all tasks: a stage of learning and a test of every task, task after task.
    fn run_of<'d>(&self, data: &'d Dataset, keeps: u16, seed: u32) -> Vec<Stage<'d>> {
        let port = self.net.port(data.classes, 0);
        let kind = if keeps > 0 { format!("replay {keeps}") } else { "no replay".to_owned() };
        let mut stages = Vec::new();
        for (number, classes) in self.tasks.iter().enumerate() {
            let seen: Vec<u8> = self.tasks.iter().take(number).flatten().copied().collect();
            let items = self.items(data, classes, &seen, keeps, word(seed, u32::from(keeps), 0, 99));
            stages.push(Stage {
                fresh: number == 0,
                taught: vec![port],
                ..Stage::asking(format!("{kind}: learn {classes:?}"), port, &[], items)
            });
            for tested in &self.tasks {
                let items = classify::to_test(data.test.iter().filter(|sample| tested.contains(&sample.label)));
                let name = format!("{kind}: test {tested:?} after {classes:?}");
                stages.push(Stage::asking(name, port, &[], items));
            }
        }
        stages
    }

    /// A task's samples, the first of each class kept; and samples recalled of the classes before, spread among them.
    fn items<'d>(&self, data: &'d Dataset, classes: &[u8], seen: &[u8], keeps: u16, seed: u32) -> Vec<Showing<'d>> {
        let slot = |class: u8, at: u16| u16::from(class) * keeps + at;
        let mut items = classify::to_learn(data.training.iter().filter(|sample| classes.contains(&sample.label)), 0);
        let mut kept = [0_u16; 256];
        for item in &mut items {
            let count = &mut kept[usize::from(item.sample.label)];
            if *count < keeps {
                item.replay = Replay::Keep(slot(item.sample.label, *count));
                *count += 1;
            }
        }
        let of_class = |class: u8| data.training.iter().filter(move |sample: &&Example| sample.label == class);
        let stored = |class: u8| {
            let samples = (0..keeps).zip(of_class(class));
            samples.map(move |(at, sample)| Showing { sample, key: 0, replay: Replay::Recall(slot(class, at)) })
        };
        let stored: Vec<Showing<'d>> = seen.iter().flat_map(|class| stored(*class)).collect();
        let recalled = self.recalled(items.len());
        items.extend(stored.iter().copied().cycle().take(if stored.is_empty() { 0 } else { recalled }));
        classify::shuffled(&items, seed, 98)
    }

    /// How many samples are recalled along with this many fresh ones.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "counts")]
    fn recalled(&self, fresh: usize) -> usize {
        let share = self.replay_share.clamp(0.0, 0.9);
        (fresh as f64 * share / (1.0 - share)).round() as usize
    }
}

/// Accuracies after each task (rows) on each (columns).
fn matrix(accuracies: &[f64], tasks: usize) -> Vec<Vec<f64>> {
    accuracies.chunks(tasks + 1).map(|of_task| of_task.get(1..).unwrap_or_default().to_vec()).collect()
}

/// Accuracy, backward transfer, forgetting.
#[expect(clippy::cast_precision_loss, reason = "a few tasks")]
fn summary(matrix: &[Vec<f64>]) -> [f64; 3] {
    let Some(last) = matrix.last() else { return [0.0; 3] };
    let before = last.len().saturating_sub(1);
    let mean = |values: &mut dyn Iterator<Item = f64>, count: usize| values.sum::<f64>() / count.max(1) as f64;
    let best = |task: usize| matrix.iter().filter_map(|row| row.get(task)).fold(0.0, |best: f64, r| best.max(*r));
    let accuracy = mean(&mut last.iter().copied(), last.len());
    let transfer = mean(&mut (0..before).map(|task| last[task] - matrix[task][task]), before);
    let forgetting = mean(&mut (0..before).map(|task| best(task) - last[task]), before);
    [accuracy, transfer, forgetting]
}

impl Task for Continual {
    fn run(
        &self,
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        let data = Dataset::open("digits", options)?.with_classes(options, self.tasks.iter().flatten())?;
        let data = classify::select(data, options, self.validation_samples);
        let file = self.image(&data, options.seed)?;
        classify::start(session, &file, options, observer)?;
        let classes = data.classes as usize;
        let interface = Interface { steps: self.net.steps, target_words: classes, output_words: classes };
        let mut stages = self.run_of(&data, 0, options.seed);
        let each = stages.len();
        stages.extend(self.run_of(&data, self.replay_samples, options.seed));
        let scores = classify::run(&stages, interface, session, options, observer)?;
        let digest = session.digest()?;
        let accuracies: Vec<f64> = scores.iter().map(Score::accuracy).collect();
        let (without, with) = accuracies.split_at(each);
        let [accuracy, transfer, forgetting] = summary(&matrix(without, self.tasks.len()));
        let [accuracy_replay, transfer_replay, forgetting_replay] = summary(&matrix(with, self.tasks.len()));
        let metrics: Metrics = vec![
            ("accuracy", accuracy),
            ("backward_transfer", transfer),
            ("forgetting", forgetting),
            ("accuracy_replay", accuracy_replay),
            ("backward_transfer_replay", transfer_replay),
            ("forgetting_replay", forgetting_replay),
        ];
        let outcome = conclude(session, &file, observer, metrics, vec![digest])?;
        Ok(classify::of_stages(outcome, &scores))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_a_matrix_by_hand() {
        let matrix = matrix(&[0.9, 1.0, 0.0, 0.8, 0.5, 0.75], 2);
        assert_eq!(matrix, [[1.0, 0.0], [0.5, 0.75]]);
        let figures = summary(&matrix).map(|figure| format!("{figure:.3}"));
        assert_eq!(figures, ["0.625", "-0.500", "0.500"]);
    }
}
