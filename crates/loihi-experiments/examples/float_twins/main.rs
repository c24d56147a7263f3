//! Figures of float twins, to stand beside those of the built-in experiments that learn online.
//!
//! A twin sees the same samples in the same order, has the same input spikes, neurons, initial weights and rule, but its
//! weights are real numbers: nothing is rounded, and weights have no upper bound. It is written apart from the rules in
//! `loihi-core`, and shares only what the files of the experiments say.
//!
//! ```text
//! cargo run --release -p loihi-experiments --example float_twins -- mnist-online --seeds 11..13
//! ```
//!
//! Experiments: `mnist-online`, `fashion-online`, `digits-clp`, `mnist-clp`. Seeds are those of `loihi run NAME --seed`, the
//! last one included. Data sets are read from `$LOIHI_DATA`.

mod backprop;
mod clp;
mod encoder;
mod setup;

use backprop::BackpropTwin;
use clp::ClpTwin;
use loihi_core::rules::{BackpropParams, ClpParams};
use loihi_experiments::Experiment;
use loihi_task::stage::Stage;
use setup::Setup;
use std::error::Error;
use std::ops::RangeInclusive;
use std::process::ExitCode;

/// Experiments that have a twin.
const NAMES: [&str; 4] = ["mnist-online", "fashion-online", "digits-clp", "mnist-clp"];

/// A network of real numbers that learns from one sample at a time.
trait Twin {
    /// The class of a sample; none if nothing speaks for one.
    fn answer(&mut self, values: &[u8]) -> Option<usize>;

    /// Learns the sample that was answered last; `rate` is a share of the rule's own.
    fn learn(&mut self, label: usize, rate: f32);
}

/// Right answers among samples.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    right: u32,
    samples: u32,
}

impl Tally {
    fn count(&mut self, is_right: bool) {
        self.right += u32::from(is_right);
        self.samples += 1;
    }

    fn accuracy(self) -> f64 {
        f64::from(self.right) / f64::from(self.samples.max(1))
    }
}

fn main() -> ExitCode {
    match figures() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the figures that the arguments ask for.
fn figures() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((experiment, seeds)) = parsed(&arguments) else {
        return Err(
            format!("give one of {}, and seeds if not 11..13: NAME --seeds FIRST..LAST", NAMES.join(", ")).into()
        );
    };
    for seed in seeds {
        let setup = Setup::new(experiment, seed)?;
        run(experiment.name, seed, &setup, &mut *twin(&setup)?)?;
    }
    Ok(())
}

/// The experiment and the seeds that the arguments name.
fn parsed(arguments: &[String]) -> Option<(Experiment, RangeInclusive<u32>)> {
    let (name, rest) = arguments.split_first()?;
    let seeds = match rest {
        [] => 11..=13,
        [option, seeds] if option == "--seeds" => {
            let (first, last) = seeds.split_once("..").unwrap_or((seeds, seeds));
            first.parse().ok()?..=last.parse().ok()?
        }
        _ => return None,
    };
    let name = NAMES.into_iter().find(|own| own == name).filter(|_| !seeds.is_empty())?;
    Some((Experiment::named(name)?, seeds))
}

/// The twin of what learns in the experiment.
fn twin(setup: &Setup) -> Result<Box<dyn Twin>, Box<dyn Error>> {
    if let Some(params) = setup.params::<BackpropParams>()? {
        Ok(Box::new(BackpropTwin::new(setup, params)?))
    } else if let Some(params) = setup.params::<ClpParams>()? {
        Ok(Box::new(ClpTwin::new(setup, params)?))
    } else {
        Err("no float twin: the experiment uses neither backprop nor clp".into())
    }
}

/// Goes through all stages, and prints a line for what is tested after each stage of learning.
fn run(name: &str, seed: u32, setup: &Setup, twin: &mut dyn Twin) -> Result<(), Box<dyn Error>> {
    let (mut online, mut test) = (Tally::default(), Tally::default());
    let mut learned = "";
    for (at, stage) in setup.stages.iter().enumerate() {
        if stage.learns {
            learned = &stage.name;
            // As `accuracy_online`: of an epoch, or of all tasks.
            if stage.task.is_none() {
                online = Tally::default();
            }
            show(setup, stage, twin, &mut online)?;
        } else {
            show(setup, stage, twin, &mut test)?;
        }
        // Tasks are tested one by one; together they are the test set.
        let is_last_test = setup.stages.get(at + 1).is_none_or(|next| next.learns);
        if !stage.learns && is_last_test {
            let [tested, predicted] = [test, online].map(|tally| 100.0 * tally.accuracy());
            println!("{name}, seed {seed}, {learned}: accuracy_test {tested:.2} %, accuracy_online {predicted:.2} %");
            test = Tally::default();
        }
    }
    Ok(())
}

/// Shows all samples of a stage; each is answered before it is learned.
fn show(setup: &Setup, stage: &Stage, twin: &mut dyn Twin, tally: &mut Tally) -> Result<(), Box<dyn Error>> {
    let rate = (0..stage.halvings).fold(1.0, |rate, _| rate / 2.0);
    for item in &stage.items {
        let (values, label) = setup.sample(item.of)?;
        tally.count(twin.answer(values) == Some(label));
        if stage.learns {
            twin.learn(label, rate);
        }
    }
    Ok(())
}
