//! Where the answer to a sample is read: what of a population, in which steps, for which pixels.

use super::{Endpoint, Network};
use std::ops::Range;

/// What the answer to a sample is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadBy {
    /// Number of spikes.
    Spikes,
    /// Voltage after the last step.
    Voltage,
    /// The sooner the first spike, the better.
    FirstSpike,
}

/// Where the answer to a sample is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Readout {
    /// The population, by its place in the list; each neuron stands for a class.
    pub population: usize,
    /// What of it.
    pub by: ReadBy,
    /// Steps to leave out at the beginning.
    pub skip_steps: u32,
    /// Steps of a window, each of which has an answer of its own; 0: one answer for all steps.
    pub window_steps: u32,
    /// Whether each pixel has an answer of its own: then the population is of shape `[classes, height, width]`.
    pub per_pixel: bool,
}

impl Readout {
    /// One answer, of all steps of a sample.
    pub const fn new(population: Endpoint, by: ReadBy) -> Self {
        Self { population: population.population(), by, skip_steps: 0, window_steps: 0, per_pixel: false }
    }

    /// Leaves out steps at the beginning.
    #[must_use]
    pub const fn skip_steps(mut self, skip_steps: u32) -> Self {
        self.skip_steps = skip_steps;
        self
    }

    /// Asks for an answer in each window of this many steps; 0 for one in all steps.
    #[must_use]
    pub const fn window_steps(mut self, window_steps: u32) -> Self {
        self.window_steps = window_steps;
        self
    }

    /// Asks for an answer of each pixel.
    #[must_use]
    pub const fn per_pixel(mut self) -> Self {
        self.per_pixel = true;
        self
    }

    /// Whether a sample has one answer.
    pub const fn is_single(&self) -> bool {
        self.window_steps == 0 && !self.per_pixel
    }

    /// The key that cannot be as it is in a network, and why, if there is one.
    pub(super) fn refusal(&self, network: &Network) -> Option<(&'static str, String)> {
        let Self { population, skip_steps, window_steps, per_pixel, .. } = *self;
        if population >= network.populations.len() {
            return Some(("population", "unknown population".to_owned()));
        }
        if let Some(all) = network.sample_steps() {
            if skip_steps >= all {
                return Some(("skip_steps", format!("{skip_steps} steps to leave out of {all} leave none")));
            }
            let left = all - skip_steps;
            if window_steps > left {
                let what = format!("a window of {window_steps} steps is longer than the {left} of a sample that count");
                return Some(("window_steps", what));
            }
        }
        let shape = network.shape_of(Endpoint::Population(population));
        let what =
            || format!("a class for each pixel takes a population of shape [classes, height, width], not {shape:?}");
        (per_pixel && shape.len() != 3).then(|| ("per_pixel", what()))
    }

    /// The windows of a sample of this many steps, one after the other from `skip_steps` on; the last one may be shorter. Without
    /// `window_steps` there is one.
    ///
    /// ```
    /// use loihi_net::network::{Endpoint, ReadBy, Readout};
    ///
    /// let readout = Readout::new(Endpoint::Population(0), ReadBy::Spikes).skip_steps(2);
    /// assert_eq!(readout.windows(9).collect::<Vec<_>>(), [2..9]);
    /// assert_eq!(readout.window_steps(3).windows(9).collect::<Vec<_>>(), [2..5, 5..8, 8..9]);
    /// ```
    pub fn windows(&self, steps: u32) -> impl Iterator<Item = Range<u32>> + use<> {
        let skipped = self.skip_steps.min(steps);
        let span = steps - skipped;
        let (each, count) = match self.window_steps {
            0 => (span, 1),
            each => (each, span.div_ceil(each)),
        };
        (0..count).map(move |window| {
            // No more than `span`, but for the end of the last window.
            let begin = skipped + window * each;
            begin..begin.saturating_add(each).min(steps)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Population;

    #[test]
    fn what_cannot_be_read_is_refused() {
        let mut network = Network::new("n").steps(6).late_steps(1);
        let flat = network.population(Population::new("flat", 4));
        let planes = network.population(Population::new("planes", [2, 3, 4]));
        let mut said = |readout: Readout| {
            network.readout = Some(readout);
            network.check().err().map(|error| error.to_string())
        };
        let on = |population| Readout::new(population, ReadBy::Spikes);
        assert_eq!(said(on(planes).per_pixel().skip_steps(2).window_steps(5)), None);
        let rows = [
            (on(flat).skip_steps(7), "7 steps to leave out of 7 leave none"),
            (on(flat).skip_steps(2).window_steps(6), "a window of 6 steps is longer than the 5 of a sample that count"),
            (on(flat).per_pixel(), "takes a population of shape [classes, height, width], not [4]"),
            (on(Endpoint::Population(2)), "unknown population"),
        ];
        for (readout, expected) in rows {
            let said = said(readout).unwrap_or_default();
            assert!(said.contains(expected), "{readout:?}: {said}");
        }
    }

    #[test]
    fn windows_follow_each_other_to_the_end() {
        for (skip, each, steps) in
            (0..6).flat_map(|skip| (0..6).flat_map(move |each| (0..9).map(move |n| (skip, each, n))))
        {
            let readout = Readout::new(Endpoint::Population(0), ReadBy::Voltage).skip_steps(skip).window_steps(each);
            let windows: Vec<Range<u32>> = readout.windows(steps).collect();
            if each == 0 {
                assert_eq!((windows.len(), windows.first()), (1, Some(&(skip.min(steps)..steps))));
                continue;
            }
            assert!(windows.iter().all(|own| !own.is_empty() && own.len() <= each as usize), "{windows:?}");
            let counted: Vec<u32> = windows.into_iter().flatten().collect();
            assert_eq!(counted, (skip..steps).collect::<Vec<u32>>());
        }
    }
}
