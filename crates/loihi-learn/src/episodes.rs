//! A signal that a network learns to give, in episodes: each begins at rest, all are the same, and in the last ones nothing
//! is learned.
//!
//! No action moves a signal, so an episode is known before it runs, and goes to the device several steps at a time.

use crate::exchange::{Exchange, Steps};
use loihi_core::ops::OpCounts;
use loihi_core::register::StateDigest;
use loihi_core::wire::message::Record;
use loihi_device::session::{Session, SessionError};
use loihi_plant::{Checked, Plant, Teaches};
use loihi_task::observer::{MetricsRow, Observer, Running};
use loihi_task::signal_figures::{SignalFigures, Stretch};
use loihi_task::task::{ExperimentError, Outcome, RunOptions, conclude, mailbox};

/// A placed network, and how many episodes it learns in.
#[derive(Debug)]
pub struct Episodes<'n> {
    /// The network, where it is, and what its file says: steps of an episode, episodes, figures.
    pub exchange: Exchange<'n>,
}

/// What an episode shows and teaches, an exchange after the other.
#[derive(Debug)]
struct Episode {
    every_steps: u16,
    /// Bytes of the stimulus, empty where it stays as it was, and of the target.
    mailboxes: Vec<[Vec<u8>; 2]>,
    /// What the answers should be, those of an exchange side by side.
    wanted: Vec<f64>,
}

/// A run so far.
#[derive(Debug, Default)]
struct Progress {
    /// Squared distances from what answers should be, by episode.
    squares: Vec<f64>,
    digests: Vec<StateDigest>,
    /// Episodes, and counts, at the row before.
    row_first: usize,
    row_ops: OpCounts,
}

impl Episodes<'_> {
    /// Runs a network through the episodes of a signal: `epochs` of `[task]`, then `test_epochs` with learning off.
    ///
    /// Rows of metrics come every `row_steps`. The final figures are those of the tests, without tests those of
    /// the last `final_steps`; counts are of all that was learned.
    ///
    /// # Errors
    /// [`ExperimentError`]; for example a plant that is not a signal, or a network with the wrong number of words.
    pub fn run(
        &self,
        plant: &mut dyn Plant,
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        self.check(plant)?;
        let Exchange { network, placed, settings } = self.exchange;
        let task = &settings.task;
        let figures = SignalFigures::named(&task.metrics, self.rates().any(|rate| rate.is_some()))?;
        let (_, steps) = self.exchange.begin(plant, session, options, observer)?;
        let epochs = options.epochs.unwrap_or(task.epochs);
        let episode = self.episode(plant, steps, options.seed)?;
        let mut progress = Progress { row_ops: session.ops()?, ..Progress::default() };
        let row_epochs = u32::try_from(task.row_steps / task.steps).unwrap_or(u32::MAX).max(1);
        for epoch in 1..=epochs {
            progress.squares.push(self.pass(session, &episode, true)?);
            if epoch % row_epochs == 0 || epoch == epochs {
                self.row(session, &mut progress, [epoch, epochs], (&figures, &episode.wanted), observer)?;
            }
        }
        let learned = session.ops()?;
        let final_epochs = (task.final_steps / task.steps).max(1);
        let last = progress.squares.len().saturating_sub(final_epochs);
        let mut squares = progress.squares.split_off(last);
        if task.test_epochs > 0 {
            let tests = (0..task.test_epochs).map(|_| self.pass(session, &episode, false));
            squares = tests.collect::<Result<_, _>>()?;
        }
        let ops = [&OpCounts::default(), &learned];
        let stretch = Stretch { squares: &squares, ops, episodes: epochs, compartments: network.compartments() };
        let mut metrics = figures.of(&stretch, &episode.wanted, true);
        metrics.push("passes", f64::from(epochs));
        metrics.publish(&task.published);
        conclude(session, &placed.image, observer, metrics, progress.digests)
    }

    /// Whether the plant is a signal that the network can be taught before it answers.
    fn check(&self, plant: &dyn Plant) -> Result<(), ExperimentError> {
        if plant.teaches() != Teaches::Targets {
            let what = "`episodes` in [task] needs a plant that is a signal, such as `sines`: leave it out, other plants say \
                        themselves when an episode is over";
            return Err(ExperimentError::Plan(what.to_owned()));
        }
        let errors =
            self.exchange.placed.programs.ports.iter().find(|port| port.takes_errors && !port.target.is_empty());
        errors.map_or(Ok(()), |port| {
            let what = format!(
                "`{}` takes errors, which follow from the answers, and `episodes` teaches targets: leave `episodes` out",
                port.name
            );
            Err(ExperimentError::Plan(what))
        })
    }

    /// By answer: the rate that stands for a target, if answers are rates.
    fn rates(&self) -> impl Iterator<Item = Option<loihi_snip::RateFunction>> {
        let ports = self.exchange.placed.programs.ports.iter();
        ports.flat_map(|port| std::iter::repeat_n(port.rate, port.output.len()))
    }

    /// All of an episode. The same seed begins the same one.
    fn episode(&self, plant: &mut dyn Plant, steps: Steps, seed: u32) -> Result<Episode, ExperimentError> {
        let rest = vec![0.0; plant.ports().actions];
        let mut plant = Checked::new(plant);
        let mut observation = plant.reset(seed)?;
        let (exchange, rates) = (self.exchange, self.rates().collect::<Vec<_>>());
        let mut episode = Episode { every_steps: steps.every, mailboxes: Vec::new(), wanted: Vec::new() };
        let mut shown = Vec::new();
        for _ in 0..steps.epoch {
            let stimulus = mailbox(exchange.stimulus(&observation));
            let target = mailbox(exchange.target(&observation.error, &[]));
            let answers = observation.error.iter().zip(&rates);
            episode.wanted.extend(answers.map(|(target, rate)| rate.map_or(*target, |rate| rate.of(*target))));
            // What was shown stays in the mailbox until the next reset.
            let changed = if stimulus == shown { Vec::new() } else { stimulus.clone() };
            episode.mailboxes.push([changed, target]);
            shown = stimulus;
            observation = plant.step(&rest)?;
        }
        Ok(episode)
    }

    /// Runs an episode; returns the squared distances of all answers from what they should be.
    fn pass(&self, session: &mut Session, episode: &Episode, learn: bool) -> Result<f64, SessionError> {
        let steps = episode.every_steps;
        let records = episode.mailboxes.iter().enumerate().map(|(number, [stimulus, target])| Record {
            reset: number == 0,
            learn,
            steps,
            stimulus,
            target,
            ..Record::PLAIN
        });
        let (exchange, mut wanted, mut squares) = (self.exchange, episode.wanted.iter(), 0.0);
        session.stream(records, |output| {
            for (answer, wanted) in exchange.action(output).iter().zip(&mut wanted) {
                squares += (answer - wanted).powi(2);
            }
        })?;
        Ok(squares)
    }

    /// Reports the episodes since the row before.
    fn row(
        &self,
        session: &mut Session,
        progress: &mut Progress,
        [epoch, epochs]: [u32; 2],
        (figures, wanted): (&SignalFigures, &[f64]),
        observer: &mut dyn Observer,
    ) -> Result<(), ExperimentError> {
        let (ops, digest) = (session.ops()?, session.digest()?);
        let squares = progress.squares.get(progress.row_first..).unwrap_or_default();
        let episodes = u32::try_from(squares.len()).unwrap_or(u32::MAX);
        let compartments = self.exchange.network.compartments();
        let stretch = Stretch { squares, ops: [&progress.row_ops, &ops], episodes, compartments };
        let metrics = figures.of(&stretch, wanted, false);
        let (done, total) = (epoch.into(), epochs.into());
        observer.progress(&Running { done, total, stage: "", figure: metrics.first() });
        observer.row(&MetricsRow { pass: epoch, stage: None, metrics, digest: digest.total() })?;
        progress.digests.push(digest);
        (progress.row_first, progress.row_ops) = (progress.squares.len(), ops);
        Ok(())
    }
}
