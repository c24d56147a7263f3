//! The float twin of a head: a nearest-prototype classifier in double precision, on the spike counts that the head gets.

use crate::observer::{Observer, Running};
use crate::online::Online;
use crate::samples::Of;
use crate::stage::Replay;
use crate::task::ExperimentError;
use loihi_device::inproc::InProcess;
use loihi_device::session::{RetryPolicy, Session};
use loihi_net::network::{Endpoint, Network, ReadBy, Readout};
use loihi_run::inference::Inference;

/// Means of classes.
#[derive(Clone, Debug, Default, PartialEq)]
struct Means {
    /// By class: samples, and their sums.
    classes: Vec<(u32, Vec<f64>)>,
}

/// Answers to a stage, by the cosine and by Euclid's distance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Right {
    by: [u32; 2],
    samples: u32,
}

impl Means {
    fn learn(&mut self, class: u32, counts: &[f64]) {
        let class = class as usize;
        if self.classes.len() <= class {
            self.classes.resize(class + 1, (0, vec![0.0; counts.len()]));
        }
        let (samples, sums) = &mut self.classes[class];
        *samples += 1;
        sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }

    /// The class with the most similar mean, and that with the nearest one, among those that can be.
    fn answers(&self, counts: &[f64], can_be: impl Fn(u32) -> bool) -> [Option<u32>; 2] {
        let mut best: [Option<(f64, u32)>; 2] = [None; 2];
        for (class, (samples, sums)) in (0..).zip(&self.classes).filter(|(class, own)| own.0 > 0 && can_be(*class)) {
            let of_each = |value: fn(f64, f64) -> f64| {
                sums.iter().zip(counts).map(|(sum, count)| value(sum / f64::from(*samples), *count)).sum::<f64>()
            };
            let length = of_each(|mean, _| mean * mean).sqrt();
            let dot = of_each(|mean, count| mean * count);
            let cosine = if length > 0.0 { dot / length } else { 0.0 };
            let nearness = -of_each(|mean, count| (mean - count).powi(2));
            for (best, score) in best.iter_mut().zip([cosine, nearness]) {
                if best.is_none_or(|(so_far, _)| score > so_far) {
                    *best = Some((score, class));
                }
            }
        }
        best.map(|best| best.map(|(_, class)| class))
    }
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
    let (mut means, mut right, mut done) = (Means::default(), Right::default(), 0);
    for (_, stage) in shown() {
        if stage.fresh {
            means = Means::default();
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
    fn answers_by_hand() {
        let mut means = Means::default();
        assert_eq!(means.answers(&[1.0, 1.0], |_| true), [None; 2]);
        means.learn(2, &[8.0, 0.0]);
        means.learn(2, &[12.0, 0.0]);
        means.learn(0, &[1.0, 2.0]);
        // The direction of (10, 0), but nearer to (1, 2).
        assert_eq!(means.answers(&[3.0, 1.0], |_| true), [Some(2), Some(0)]);
        assert_eq!(means.answers(&[3.0, 1.0], |class| class != 2), [Some(0); 2]);
        // A silent sample is as similar to all.
        assert_eq!(means.answers(&[0.0, 0.0], |_| true), [Some(0), Some(0)]);
    }

    #[test]
    fn the_better_of_the_two_counts() {
        let mut right = Right::default();
        assert_eq!(right.accuracy(), None);
        right.see([Some(1), Some(2)], Some(2));
        right.see([Some(1), Some(2)], None);
        assert_eq!(right.accuracy(), Some(0.5));
    }
}
