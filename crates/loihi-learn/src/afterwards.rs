//! What a network is told after it has answered: the reward and the third factors of the cores' own rules.

use crate::judge::{Answered, Judge};
use loihi_core::image::Variable;
use loihi_core::register::Register;
use loihi_core::tools::local_error::NO_TARGET;
use loihi_data::Sample;
use loihi_files::plural::plural;
use loihi_net::network::Network;
use loihi_run::inference::{Inference, Lesson, Stimulus};
use loihi_snip::{Port, Programs, Teaching};
use loihi_task::samples::Samples;
use loihi_task::settings::{RewardForm, Settings, TaughtFrom, TeacherForm};
use loihi_task::stage::Stage;
use loihi_task::task::ExperimentError;

/// `[reward]` and `[teacher]` of a network file, for a run through its samples.
#[derive(Clone, Copy, Debug)]
pub struct Afterwards<'s> {
    reward: Option<&'s RewardForm>,
    teacher: Option<&'s TeacherForm>,
}

impl<'s> Afterwards<'s> {
    /// Those of a file.
    pub const fn new(settings: &'s Settings) -> Self {
        Self { reward: settings.reward.as_ref(), teacher: settings.teacher.as_ref() }
    }

    /// Whether there is nothing to tell: then samples can be shown without waiting for their answers.
    pub const fn is_empty(self) -> bool {
        self.reward.is_none() && self.teacher.is_none()
    }

    /// Whether a network can be told, and what every sample needs for it is there. `network` still has
    /// the rules that a command has frozen; `programs` does not.
    ///
    /// # Errors
    /// [`ExperimentError::Plan`] says what is missing, and what to do.
    pub fn check(self, network: &Network, programs: &Programs, samples: &Samples) -> Result<(), ExperimentError> {
        if let Some(form) = self.reward {
            check_reward(form, network, programs, samples)?;
        }
        if let Some(form) = self.teacher {
            check_teacher(form, network, programs, samples)?;
        }
        Ok(())
    }

    /// Tells what follows from an answer, in steps after the sample; learning is on in them.
    ///
    /// # Errors
    /// What the device says.
    pub fn tell(
        self,
        judge: Judge<'_>,
        (stage, sample): (&Stage, &Sample),
        answered: Answered<'_>,
        inference: &mut Inference<'_>,
    ) -> Result<(), ExperimentError> {
        if let Some(form) = self.reward {
            let reward = reward(form, judge, (stage, sample), answered);
            if let Some(reward) = reward {
                inference.session().write(Register::Reward, 0, &[reward])?;
            }
            let later = Lesson { learn: true, ..Lesson::default() };
            inference.teach(&Stimulus::new(form.steps.into()), &later)?;
            if reward.is_some() {
                inference.session().write(Register::Reward, 0, &[0])?;
            }
        }
        if let Some(form) = self.teacher {
            let target = third_factors(form, judge, (stage, sample), answered);
            let later = Lesson { learn: true, target: &target, ..Lesson::default() };
            inference.teach(&Stimulus::new(form.steps.into()), &later)?;
        }
        Ok(())
    }
}

/// Whether there is what decides over the reward.
fn check_reward(
    form: &RewardForm,
    network: &Network,
    programs: &Programs,
    samples: &Samples,
) -> Result<(), ExperimentError> {
    let mut rules = network.connections.iter().filter_map(|own| own.learning.as_ref());
    require(rules.any(|learning| learning.reads(Variable::R1)), || {
        "no rule reads the reward of [reward]: give a connection a rule with r1, or take out the table".to_owned()
    })?;
    match form.from {
        // `Settings` refuses it without a plant, and this run has none.
        TaughtFrom::Plant => Ok(()),
        TaughtFrom::Snip => has_program("[reward]", network),
        TaughtFrom::Label => {
            answers("[reward]", network, programs)?;
            let without = samples.training.iter().find(|sample| sample.label.is_none());
            without.map_or(Ok(()), |sample| {
                let what = format!("sample {} has no class for [reward]: give one in `y`", sample.name);
                Err(ExperimentError::Plan(what))
            })
        }
        TaughtFrom::Target => have_targets("[reward]", 1, samples),
    }
}

/// Whether there is what decides over the third factors.
fn check_teacher(
    form: &TeacherForm,
    network: &Network,
    programs: &Programs,
    samples: &Samples,
) -> Result<(), ExperimentError> {
    if form.from == TaughtFrom::Snip {
        return has_program("[teacher]", network);
    }
    // A teacher that is frozen is told nothing.
    let Some(neurons) = programs.ports.iter().find_map(words) else { return Ok(()) };
    if form.from == TaughtFrom::Target {
        return have_targets("[teacher]", neurons, samples);
    }
    answers("[teacher]", network, programs)?;
    let fits = |label: u32| (label as usize) < neurons;
    let beyond = samples.training.iter().find(|sample| !sample.label.is_some_and(fits));
    beyond.map_or(Ok(()), |sample| {
        let (name, neurons) = (&sample.name, plural(neurons, "neuron"));
        let what = format!("sample {name} has no class for [teacher], or one beyond its {neurons}: give one in `y`");
        Err(ExperimentError::Plan(what))
    })
}

fn require(holds: bool, what: impl FnOnce() -> String) -> Result<(), ExperimentError> {
    if holds { Ok(()) } else { Err(ExperimentError::Plan(what())) }
}

/// Whether a program can write what a table is about.
fn has_program(table: &str, network: &Network) -> Result<(), ExperimentError> {
    require(network.snips.iter().any(loihi_snip::is_own), || {
        format!("no built-in program writes what {table} is about: take from = \"label\" or \"target\"")
    })
}

/// Whether the network gives an answer that a table goes by.
fn answers(table: &str, network: &Network, programs: &Programs) -> Result<(), ExperimentError> {
    let gives = network.readout.is_some() || programs.ports.iter().any(|port| !port.output.is_empty());
    require(gives, || format!("{table} goes by the answer, and the network gives none: add a [readout]"))
}

/// Whether every sample that is learned has this many targets.
fn have_targets(table: &str, count: usize, samples: &Samples) -> Result<(), ExperimentError> {
    let missing = samples.training.iter().find(|sample| sample.targets.len() < count);
    missing.map_or(Ok(()), |sample| {
        let what = format!("sample {} has too few targets for {table}: give {count} in `y`", sample.name);
        Err(ExperimentError::Plan(what))
    })
}

/// Third factors that a program takes, if it is that of `[teacher]`.
fn words(port: &Port) -> Option<usize> {
    (port.teaching == Teaching::Afterwards).then_some(port.target.len())
}

/// The reward of an answer; nothing if a program gives it.
fn reward(
    form: &RewardForm,
    judge: Judge<'_>,
    (stage, sample): (&Stage, &Sample),
    answered: Answered<'_>,
) -> Option<i32> {
    match form.from {
        TaughtFrom::Snip | TaughtFrom::Plant => None,
        TaughtFrom::Label => {
            let right = sample.label.is_some() && judge.answer(stage, answered) == sample.label;
            Some(i32::from(if right { form.right } else { form.wrong }))
        }
        TaughtFrom::Target => Some(form.scaled(sample.targets.first().copied().unwrap_or(0.0).into())),
    }
}

/// Words of the target mailbox: the third factors of programs that learn in this stage; the others are told nothing.
fn third_factors(
    form: &TeacherForm,
    judge: Judge<'_>,
    (stage, sample): (&Stage, &Sample),
    answered: Answered<'_>,
) -> Vec<i16> {
    let mut words = vec![NO_TARGET; judge.programs.words[1] as usize];
    let answer = judge.answer(stage, answered);
    let own = |at: usize| match form.from {
        TaughtFrom::Snip | TaughtFrom::Plant => NO_TARGET,
        TaughtFrom::Target => whole(sample.targets.get(at).copied()),
        TaughtFrom::Label if !form.always && answer == sample.label => 0,
        TaughtFrom::Label => {
            let is = |class: Option<u32>| class.is_some_and(|class| class as usize == at);
            if is(sample.label) {
                form.right.into()
            } else if is(answer) {
                form.wrong.into()
            } else {
                0
            }
        }
    };
    for port in stage.taught.iter().filter_map(|at| judge.programs.ports.get(*at)) {
        if port.teaching == Teaching::Afterwards {
            let own = (0..port.target.len()).map(own);
            words.iter_mut().skip(port.target.start as usize).zip(own).for_each(|(word, own)| *word = own);
        }
    }
    words
}

/// A target in whole numbers, held to -127..=127.
#[expect(clippy::cast_possible_truncation, reason = "held to the range")]
fn whole(target: Option<f32>) -> i16 {
    f64::from(target.unwrap_or(0.0)).round().clamp(-127.0, 127.0) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of a layer that is taught afterwards.
    fn programs() -> Programs {
        let text = "input = [{ name = \"values\", shape = [4] }]\nreadout = { population = \"classes\", by = \"voltage\" }\n\
            [[population]]\nname = \"classes\"\nshape = [3]\nv_th = 131071\n[[connection]]\nfrom = \"values\"\nto = \"classes\"\n\
            weights = 0\n[connection.learning]\nrule = \"dw = 2^-7*u0*x1*y1\"\nx1 = { impulse = 8, tau_steps = 9.0 }\n\
            signed_by_profile = true\n[teacher]\npopulation = \"classes\"\n";
        let path = std::path::Path::new("net.toml");
        let network =
            loihi_net::network::file::parse_with(text, path, &loihi_net::network::file::FileOptions::default());
        loihi_place::place::place(&network.unwrap(), loihi_place::place::PlacementOptions::default()).unwrap().programs
    }

    fn taught(form: &TeacherForm, label: u32, scores: &[i64]) -> Vec<i16> {
        let programs = programs();
        let judge = Judge { programs: &programs, classes: 3 };
        let sample = Sample::values("0", &[4], vec![0; 4]).labelled(label).with_targets(vec![3.4, -500.0, 0.0]);
        let stage = Stage { learns: true, taught: vec![0], ..Stage::default() };
        third_factors(form, judge, (&stage, &sample), Answered { outputs: &[], scores })
    }

    #[test]
    fn a_wrong_answer_is_taken_back_and_the_class_is_taught() {
        let mut form = TeacherForm::default();
        (form.right, form.wrong) = (40, -30);
        assert_eq!(taught(&form, 2, &[5, 1, 2]), [-30, 0, 40]);
        assert_eq!(taught(&form, 2, &[1, 2, 5]), [0, 0, 0]);
        form.always = true;
        assert_eq!(taught(&form, 2, &[1, 2, 5]), [0, 0, 40]);
    }

    #[test]
    fn targets_are_third_factors_in_their_range() {
        let mut form = TeacherForm::default();
        form.from = TaughtFrom::Target;
        assert_eq!(taught(&form, 0, &[0, 0, 0]), [3, -127, 0]);
    }

    #[test]
    fn the_program_of_a_teacher_is_told_nothing_while_a_sample_is_shown() {
        let programs = programs();
        assert_eq!(programs.ports.len(), 1);
        assert_eq!((programs.ports[0].name.as_str(), programs.ports[0].teaching), ("teacher", Teaching::Afterwards));
    }
}
