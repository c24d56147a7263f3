//! Figures of a signal that a network learns to give, by name.

use crate::metrics::Metrics;
use crate::task::ExperimentError;
use loihi_core::ops::OpCounts;

/// What a figure is taken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Figure {
    /// The mean squared distance of an answer from what it should be.
    Mse,
    /// That of the best constant.
    MseConstant,
    /// The squared distances over the squares of the signal.
    Nmse,
    /// Share of the chances to learn in which there was an error.
    TriggerRate,
    /// Spikes of a compartment in an episode.
    Spikes,
    /// Changes of weights that ended at an end of their range, per change.
    SaturationRate,
}

/// All by name. Answers that are rates have names of their own.
const FIGURES: [(&str, Figure); 8] = [
    ("mse", Figure::Mse),
    ("mse_constant", Figure::MseConstant),
    ("nmse", Figure::Nmse),
    ("rate_mse", Figure::Mse),
    ("rate_mse_constant", Figure::MseConstant),
    ("trigger_rate", Figure::TriggerRate),
    ("spikes_per_iteration", Figure::Spikes),
    ("saturation_rate", Figure::SaturationRate),
];

/// Which figures are taken of a run, in their order.
#[derive(Clone, Debug)]
pub struct SignalFigures(Vec<(&'static str, Figure)>);

/// Episodes of a run: the errors of some, the counts of some.
#[derive(Clone, Copy, Debug)]
pub struct Stretch<'s> {
    /// By episode: squared distances of all answers from what they should be.
    pub squares: &'s [f64],
    /// Counts before it, and after it.
    pub ops: [&'s OpCounts; 2],
    /// Episodes that the counts are of.
    pub episodes: u32,
    /// Compartments of the network.
    pub compartments: usize,
}

/// The figure of a name, or the names that there are.
fn find(name: &str) -> Result<(&'static str, Figure), String> {
    let found = FIGURES.iter().find(|(own, _)| *own == name).copied();
    found.ok_or_else(|| {
        let all = FIGURES.map(|(own, _)| own).join(", ");
        format!("unknown figure `{name}` in [task]; of episodes there are: {all}")
    })
}

impl SignalFigures {
    /// Whether figures of these names can be taken of some network.
    ///
    /// # Errors
    /// The first name that is unknown, and those that there are.
    pub fn check(names: &[String]) -> Result<(), String> {
        names.iter().try_for_each(|name| find(name).map(|_| ()))
    }

    /// Those of these names; without any the mean squared error. `is_rate` says whether answers are rates of potentials.
    ///
    /// # Errors
    /// [`ExperimentError::Plan`] for a name that is unknown, or that the network has no answers for.
    pub fn named(names: &[String], is_rate: bool) -> Result<Self, ExperimentError> {
        let default = [if is_rate { "rate_mse" } else { "mse" }.to_owned()];
        let names = if names.is_empty() { &default } else { names };
        let one = |name: &String| {
            let found = find(name).map_err(ExperimentError::Plan)?;
            let is_error = matches!(found.1, Figure::Mse | Figure::MseConstant | Figure::Nmse);
            if is_error && name.starts_with("rate_") != is_rate {
                let what = if is_rate {
                    format!("`{name}` compares targets, and the network answers with rates: take `rate_mse`")
                } else {
                    format!("`{name}` compares rates, which only `urbanczik-senn` gives: take `mse`")
                };
                return Err(ExperimentError::Plan(what));
            }
            Ok(found)
        };
        names.iter().map(one).collect::<Result<_, _>>().map(Self)
    }

    /// Those of a stretch; `wanted` is what the answers of an episode should be. Those of the signal alone only if `is_last`.
    pub fn of(&self, stretch: &Stretch<'_>, wanted: &[f64], is_last: bool) -> Metrics {
        let mut metrics = Metrics::new();
        for (name, figure) in &self.0 {
            if *figure != Figure::MseConstant || is_last {
                metrics.push(*name, stretch.figure(*figure, wanted));
            }
        }
        metrics
    }
}

impl Stretch<'_> {
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    fn figure(&self, figure: Figure, wanted: &[f64]) -> f64 {
        let [before, after] = self.ops;
        let grown = |of: fn(&OpCounts) -> u64| of(after).saturating_sub(of(before));
        let share = |of: fn(&OpCounts) -> u64, all: fn(&OpCounts) -> u64| grown(of) as f64 / grown(all).max(1) as f64;
        let by_episode = |unit: f64| mean(&self.squares.iter().map(|squares| squares / unit).collect::<Vec<_>>());
        match figure {
            Figure::Mse => by_episode(wanted.len().max(1) as f64),
            Figure::MseConstant => {
                let middle = mean(wanted);
                mean(&wanted.iter().map(|value| (value - middle).powi(2)).collect::<Vec<_>>())
            }
            Figure::Nmse => by_episode(wanted.iter().map(|value| value * value).sum::<f64>().max(f64::MIN_POSITIVE)),
            Figure::TriggerRate => share(|ops| ops.rule_triggers, |ops| ops.rule_opportunities),
            Figure::SaturationRate => share(|ops| ops.rule_saturations, |ops| ops.rule_changes),
            Figure::Spikes => {
                let spikes = grown(|ops| ops.spikes) as f64 / self.compartments.max(1) as f64;
                spikes / f64::from(self.episodes.max(1))
            }
        }
    }
}

fn mean(values: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    let count = values.len().max(1) as f64;
    values.iter().sum::<f64>() / count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn figures_of_two_episodes() {
        let figures = SignalFigures::named(&names(&["mse", "mse_constant", "nmse", "spikes_per_iteration"]), false);
        let (before, after) = (OpCounts::default(), OpCounts { spikes: 60, ..OpCounts::default() });
        let stretch = Stretch { squares: &[2.0, 4.0], ops: [&before, &after], episodes: 2, compartments: 3 };
        let metrics = figures.unwrap().of(&stretch, &[1.0, 3.0], true);
        let values: Vec<f64> = metrics.iter().map(|(_, value)| value).collect();
        for (value, expected) in values.iter().zip([1.5, 1.0, 0.3, 10.0]) {
            assert!((value - expected).abs() < 1e-12, "{values:?}");
        }
    }

    #[test]
    fn names_are_checked() {
        let refused = |name, is_rate| SignalFigures::named(&names(&[name]), is_rate).unwrap_err().to_string();
        assert!(refused("rmsd", false).contains("unknown figure `rmsd` in [task]; of episodes there are: mse"));
        assert!(refused("rate_mse", false).contains("only `urbanczik-senn` gives: take `mse`"));
        assert!(refused("nmse", true).contains("take `rate_mse`"));
        assert!(SignalFigures::named(&[], true).unwrap().0[0].0 == "rate_mse");
    }
}
