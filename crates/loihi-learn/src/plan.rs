//! What a run shows, in what order: stages of learning and of testing, known before anything runs.

use loihi_core::num::word;
use loihi_snip::Programs;
use loihi_task::samples::{Of, Samples, shuffled, some_of_class};
use loihi_task::settings::{Settings, StageForm, StageRun};
use loihi_task::sizes;
use loihi_task::stage::{Replay, Showing, Stage, to_learn, to_test};
use loihi_task::task::ExperimentError;

/// What a stage calls the cores' rules that learn from `[reward]`.
const REWARD: &str = "reward";

/// What is known of a run before it is planned.
#[derive(Clone, Copy, Debug)]
pub struct Planning<'p> {
    /// What the network file says.
    pub settings: &'p Settings,
    /// What is shown.
    pub samples: &'p Samples,
    /// Programs of the network.
    pub programs: &'p Programs,
    /// Programs that do not learn, by their places among the ports.
    pub frozen: &'p [usize],
    /// Seed for all random numbers.
    pub seed: u32,
    /// Epochs, if not the file's own number.
    pub epochs: Option<u32>,
    /// Whether only the first samples are shown, so that a class can have fewer than a stage wants.
    pub is_shortened: bool,
}

impl Planning<'_> {
    /// All stages of the run.
    ///
    /// # Errors
    /// [`ExperimentError`] if a stage names what is not there, has no samples, or the run has more than can be held.
    pub fn stages(&self) -> Result<Vec<Stage>, ExperimentError> {
        let task = &self.settings.task;
        if !self.settings.stages.is_empty() {
            return self.of_forms();
        }
        // Without epochs the test set is answered, all classes together.
        if task.stages.is_empty() || self.epochs.unwrap_or(task.epochs) == 0 {
            return self.epochs();
        }
        let runs: Vec<StageRun> =
            task.stages.iter().map(|text| text.parse()).collect::<Result<_, _>>().map_err(ExperimentError::Plan)?;
        let kept: Vec<u16> = runs.iter().map(|run| run.replay_samples).collect();
        if !(kept.len() == 1 || matches!(*kept, [0, again] if again > 0)) {
            let what = "give stages once, or twice: first without and then with replay, for comparison";
            return Err(Self::invalid(what));
        }
        let mut all = Vec::new();
        for run in &runs {
            all.extend(self.task_after_task(run)?);
        }
        Ok(all)
    }

    fn invalid(what: impl Into<String>) -> ExperimentError {
        ExperimentError::Plan(what.into())
    }

    /// Programs of these names, by their places among the ports.
    fn named<S: AsRef<str>>(&self, names: &[S]) -> Result<Vec<usize>, ExperimentError> {
        names.iter().map(|name| named(self.programs, name.as_ref()).map_err(ExperimentError::Plan)).collect()
    }

    /// Programs that learn: those that the task names, or all that are taught; without those that are frozen.
    fn taught(&self) -> Result<Vec<usize>, ExperimentError> {
        let named = self.named(&self.settings.task.learn)?;
        let ports = self.programs.ports.iter().enumerate();
        let all = ports.filter(|(_, port)| !port.target.is_empty()).map(|(at, _)| at);
        let taught = if named.is_empty() { all.collect() } else { named };
        Ok(taught.into_iter().filter(|at| !self.frozen.contains(at)).collect())
    }

    /// Programs that answer.
    fn asked(&self) -> Vec<usize> {
        let ports = self.programs.ports.iter().enumerate();
        ports.filter(|(_, port)| !port.output.is_empty()).map(|(at, _)| at).collect()
    }

    fn training(&self) -> Vec<usize> {
        (0..self.samples.training.len()).collect()
    }

    fn test(&self) -> Vec<usize> {
        (0..self.samples.test.len()).collect()
    }

    /// Epochs over the training set, each followed by a test.
    fn epochs(&self) -> Result<Vec<Stage>, ExperimentError> {
        let (training, test) = (self.training(), self.test());
        let epochs = self.epochs.unwrap_or(self.settings.task.epochs);
        sizes::epochs_over(training.len() + test.len(), epochs)?;
        let (taught, asked) = (self.taught()?, self.asked());
        let halvings = u32::from(self.settings.task.rate_halvings_per_epoch);
        let stage = |name: String, epoch: u32| Stage {
            name,
            halvings: epoch * halvings,
            asked: asked.clone(),
            ..Stage::default()
        };
        if epochs == 0 {
            return Ok(vec![Stage { items: to_test(&test), ..stage("test".to_owned(), 0) }]);
        }
        let of_epoch = |epoch: u32| {
            let learn = Stage {
                learns: true,
                taught: taught.clone(),
                items: to_learn(&training, epoch),
                ..stage(format!("learn, epoch {}", epoch + 1), epoch)
            };
            let test = Stage { items: to_test(&test), ..stage(format!("test after epoch {}", epoch + 1), epoch) };
            [Some(learn), (!test.items.is_empty()).then_some(test)]
        };
        Ok((0..epochs).flat_map(of_epoch).flatten().collect())
    }

    /// The stages that the network file lists.
    fn of_forms(&self) -> Result<Vec<Stage>, ExperimentError> {
        let mut stages = Vec::new();
        let mut next_epoch = 0;
        for (number, form) in self.settings.stages.iter().enumerate() {
            let name = if form.name.is_empty() { format!("stage {}", number + 1) } else { form.name.clone() };
            let (of_cores, programs): (Vec<&String>, Vec<&String>) =
                form.learn.iter().partition(|own| own.as_str() == REWARD && self.settings.reward.is_some());
            let taught: Vec<usize> = self.named(&programs)?;
            let answers: Vec<usize> =
                taught.iter().copied().filter(|at| !self.programs.ports[*at].output.is_empty()).collect();
            if let Some(frozen) = taught.iter().find(|at| self.frozen.contains(at)) {
                let program = &self.programs.ports[*frozen].name;
                return Err(Self::invalid(format!(
                    "stage `{name}` learns with `{program}`, which is frozen: leave out one"
                )));
            }
            let asked = match (&*form.ask, &*answers) {
                ([], []) => self.asked().last().copied().into_iter().collect(),
                ([], _) => answers,
                (ask, _) => self.named(ask)?,
            };
            let stage = Stage {
                name: name.clone(),
                fresh: form.fresh,
                learns: !taught.is_empty() || !of_cores.is_empty(),
                taught,
                asked,
                among: form.among.clone(),
                metric: form.metric.clone(),
                ..Stage::default()
            };
            let first = form.first_epoch.unwrap_or(next_epoch);
            let epochs = form.epochs.unwrap_or(1);
            if epochs == 0 {
                return Err(Self::invalid(format!("stage `{name}` has no epochs: give 1 or more, or take it out")));
            }
            let last = first.saturating_add(epochs);
            sizes::epochs_over(1, last)?;
            next_epoch = next_epoch.max(last).next_multiple_of(64);
            let chosen =
                self.chosen(form, stage.learns).map_err(|what| Self::invalid(format!("stage `{name}`: {what}")))?;
            if chosen.is_empty() {
                return Err(Self::invalid(format!(
                    "stage `{name}` has no samples: the data have none of its classes {:?}",
                    form.classes
                )));
            }
            sizes::epochs_over(chosen.len(), last)?;
            for epoch in first..last {
                let items = match (stage.learns, form.shots) {
                    (false, _) => to_test(&chosen),
                    (true, None) => to_learn(&chosen, epoch),
                    (true, Some(_)) => {
                        let number = 77 + epoch - first;
                        to_learn(&shuffled(chosen.iter().copied(), self.seed, [number, 98]), epoch)
                    }
                };
                stages.push(Stage { items, ..stage.clone() });
            }
        }
        Ok(stages)
    }

    /// The samples of a stage: those of its classes, or some of each.
    fn chosen(&self, form: &StageForm, of_training: bool) -> Result<Vec<usize>, String> {
        let all = if of_training { &self.samples.training } else { &self.samples.test };
        let is_shown =
            |label: Option<u32>| form.classes.is_empty() || label.is_some_and(|label| form.classes.contains(&label));
        let Some(shots) = form.shots else {
            return Ok((0..all.len()).filter(|at| is_shown(all[*at].label)).collect());
        };
        let mut chosen = Vec::new();
        for class in (0..self.samples.classes).filter(|class| is_shown(Some(*class))) {
            let some: Vec<usize> = some_of_class(all, class, shots, self.seed);
            if some.len() < shots && !self.is_shortened {
                return Err(format!("class {class} has {} samples, fewer than {shots} shots: give fewer", some.len()));
            }
            chosen.extend(some);
        }
        Ok(chosen)
    }

    /// A run through all tasks: a stage of learning and a test of every task, task after task.
    fn task_after_task(&self, run: &StageRun) -> Result<Vec<Stage>, ExperimentError> {
        let keeps = run.replay_samples;
        let slots = u32::from(keeps).saturating_mul(self.samples.classes);
        if slots > self.programs.replay_slots {
            return Err(Self::invalid(format!(
                "replay:{keeps} of {} classes takes {slots} slots, the replay buffer has {}: add `[[snip]]` with kind = \
                 \"replay-buffer\" and slots = {slots}",
                self.samples.classes, self.programs.replay_slots
            )));
        }
        let tasks = self.samples.tasks(&run.by).map_err(ExperimentError::Plan)?;
        let epochs = self.epochs.unwrap_or(self.settings.task.epochs);
        sizes::epochs_over(self.samples.training.len(), epochs)?;
        let (taught, asked) = (self.taught()?, self.asked());
        let kind = if keeps > 0 { format!("replay {keeps}") } else { "no replay".to_owned() };
        let mut stages = Vec::new();
        for (number, task) in tasks.iter().enumerate() {
            let before: Vec<usize> = tasks.iter().take(number).flat_map(|task| task.training.iter().copied()).collect();
            for epoch in 0..epochs {
                stages.push(Stage {
                    name: format!("{kind}: learn {}", task.name),
                    fresh: number == 0 && epoch == 0,
                    learns: true,
                    taught: taught.clone(),
                    asked: asked.clone(),
                    items: self.items_of(&task.training, &before, run, epoch),
                    task: Some([number, number]),
                    ..Stage::default()
                });
            }
            for (tested, other) in tasks.iter().enumerate() {
                stages.push(Stage {
                    name: format!("{kind}: test {} after {}", other.name, task.name),
                    asked: asked.clone(),
                    items: to_test(&other.test),
                    task: Some([number, tested]),
                    ..Stage::default()
                });
            }
        }
        Ok(stages)
    }

    /// A task's samples, the first of each class kept; and samples recalled of the tasks before, spread among them.
    fn items_of(&self, own: &[usize], before: &[usize], run: &StageRun, epoch: u32) -> Vec<Showing> {
        let keeps = run.replay_samples;
        let training = &self.samples.training;
        let label = |at: usize| training[at].label.unwrap_or(0);
        let slot =
            |class: u32, at: u16| u16::try_from(class).unwrap_or(u16::MAX).saturating_mul(keeps).saturating_add(at);
        let mut items = to_learn(own, epoch);
        let mut kept = vec![0_u16; self.samples.classes as usize];
        for (item, at) in items.iter_mut().zip(own) {
            let Some(count) = kept.get_mut(label(*at) as usize).filter(|count| **count < keeps && epoch == 0) else {
                continue;
            };
            item.replay = Replay::Keep(slot(label(*at), *count));
            *count += 1;
        }
        let mut seen: Vec<u32> = Vec::new();
        for at in before {
            if !seen.contains(&label(*at)) {
                seen.push(label(*at));
            }
        }
        seen.sort_unstable();
        let stored = |class: u32| {
            let samples = before.iter().copied().filter(move |at| label(*at) == class);
            (0..keeps).zip(samples).map(move |(at, sample)| Showing {
                of: Of::Training(sample),
                key: 0,
                replay: Replay::Recall(slot(class, at)),
            })
        };
        let stored: Vec<Showing> = seen.iter().flat_map(|class| stored(*class)).collect();
        let recalled = recalled(items.len(), run.replay_share);
        items.extend(stored.iter().copied().cycle().take(if stored.is_empty() { 0 } else { recalled }));
        shuffled(items, word(self.seed, u32::from(keeps), epoch, 99), [98, 98])
    }
}

/// The program of a name, by its place among the ports.
///
/// # Errors
/// The names that there are.
pub fn named(programs: &Programs, name: &str) -> Result<usize, String> {
    let found = programs.ports.iter().position(|port| port.name == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = programs.ports.iter().map(|port| port.name.as_str()).collect();
        let there =
            if names.is_empty() { "there is none".to_owned() } else { format!("there are: {}", names.join(", ")) };
        format!("unknown program `{name}`; {there}")
    })
}

/// How many samples are recalled along with this many fresh ones.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "counts")]
fn recalled(fresh: usize, share: f64) -> usize {
    (fresh as f64 * share / (1.0 - share)).round() as usize
}
