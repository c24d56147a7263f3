//! The float twin of a head: a nearest-prototype classifier in double precision, on the spike counts that the head gets.

use crate::online::Online;
use loihi_device::inproc::InProcess;
use loihi_device::session::{RetryPolicy, Session};
use loihi_net::network::{Endpoint, Network, ReadBy, Readout};
use loihi_run::inference::Inference;
use loihi_task::observer::{Observer, Running};
use loihi_task::samples::Of;
use loihi_task::stage::Replay;
use loihi_task::task::ExperimentError;
use loihi_twin::ClassMeans;

/// Answers to a stage, by the cosine and by Euclid's distance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Right {
    by: [u32; 2],
    samples: u32,
}

/// The population that a network file names for it.
///
/// # Errors
/// The populations that there are.
pub fn population_of(network: &Network, name: &str) -> Result<Endpoint, ExperimentError> {
    let found = network.find(name).filter(|found| matches!(found, Endpoint::Population(_)));
    found.ok_or_else(|| {
        let names: Vec<&str> = network.populations.iter().map(|own| own.name.as_str()).collect();
        ExperimentError::Plan(format!(
            "[task], float_prototypes: unknown population `{name}`; there are: {}",
            names.join(", ")
        ))
    })
}

/// The accuracy of the last test of a run of nearest class means: by the cosine or by Euclid's distance, the better of the
/// two. A sample is the spikes of `population` that a head gets by its last step, counted on a chip in this process on
/// which nothing learns. `None` without a test.
///
/// # Errors
/// [`ExperimentError`] if the chip does not compute.
pub fn accuracy(
    online: &Online<'_>,
    network: &Network,
    population: Endpoint,
    stop: fn() -> bool,
    observer: &mut dyn Observer,
) -> Result<Option<f64>, ExperimentError> {
    let Some(tested) = online.stages.iter().rposition(|stage| !stage.learns) else { return Ok(None) };
    let mut network = network.clone();
    network.readout = Some(Readout::new(population, ReadBy::Spikes));
    let mut session = Session::open(Box::new(InProcess::default()), RetryPolicy::default(), 1, stop)?;
    let mut inference = Inference::new(&mut session, &network, online.placed)?;
    // Tests before the last one change nothing.
    let shown = || (0..).zip(online.stages).filter(|(at, stage)| *at == tested || (*at < tested && stage.learns));
    let total = shown().map(|(_, stage)| stage.items.len() as u64).sum();
    let (mut means, mut right, mut done) = (ClassMeans::default(), Right::default(), 0);
    for (_, stage) in shown() {
        if stage.fresh {
            means = ClassMeans::default();
        }
        for item in stage.items.iter().filter(|item| !matches!(item.replay, Replay::Recall(_))) {
            let sample = online.sample(item)?;
            let mut stimulus = online.shown(sample, item.key)?;
            // What is sent in the last step does not arrive any more.
            stimulus.steps = stimulus.steps.saturating_sub(1);
            stimulus.spikes.retain(|(step, ..)| *step < stimulus.steps);
            let counts: Vec<f64> = inference.score(&stimulus)?.into_iter().map(count).collect();
            match (item.of, sample.label) {
                (Of::Training(_), Some(class)) => means.learn(class, &counts),
                (Of::Test(_), label) => right.see(means.answers(&counts, |class| stage.can_be(class)), label),
                (Of::Training(_), None) => {}
            }
            done += 1;
            observer.progress(&Running { done, total, stage: "float prototypes", figure: None });
        }
    }
    Ok(right.accuracy())
}

#[expect(clippy::cast_precision_loss, reason = "a number of spikes")]
fn count(spikes: i64) -> f64 {
    spikes as f64
}

impl Right {
    fn see(&mut self, answers: [Option<u32>; 2], label: Option<u32>) {
        self.samples += 1;
        for (right, answer) in self.by.iter_mut().zip(answers) {
            *right += u32::from(label.is_some() && answer == label);
        }
    }

    fn accuracy(self) -> Option<f64> {
        let best = self.by.into_iter().max().unwrap_or(0);
        (self.samples > 0).then(|| f64::from(best) / f64::from(self.samples))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_better_of_the_two_counts() {
        let mut right = Right::default();
        assert_eq!(right.accuracy(), None);
        right.see([Some(1), Some(2)], Some(2));
        right.see([Some(1), Some(2)], None);
        assert_eq!(right.accuracy(), Some(0.5));
    }
}
