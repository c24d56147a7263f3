//! Scores of a sample: counts of spikes, voltages or first spikes of the readout, in all steps or window by window.

use super::{Inference, InferenceError, Lesson, Stimulus};
use loihi_core::register::Register;
use loihi_core::wire::message::Report;
use loihi_net::network::{Population, ReadBy, Readout};

impl Inference<'_> {
    /// Computes a sample and scores every class: the larger the better. A network without readout has no classes. Scores lie window
    /// by window, in each neuron by neuron.
    ///
    /// # Errors
    /// What [`Inference::run`] says.
    pub fn score(&mut self, stimulus: &Stimulus) -> Result<Vec<i64>, InferenceError> {
        self.teach(stimulus, &Lesson { reset: true, learn: self.learns, ..Lesson::default() })
    }

    /// The same, with what is taught.
    ///
    /// # Errors
    /// What [`Inference::run`] says.
    pub fn teach(&mut self, stimulus: &Stimulus, lesson: &Lesson<'_>) -> Result<Vec<i64>, InferenceError> {
        let windows = self.network.readout.map(|readout| readout.windows(stimulus.steps).collect::<Vec<_>>());
        let Some((readout, windows)) = self.network.readout.zip(windows).filter(|(_, windows)| !windows.is_empty())
        else {
            self.compute(stimulus, lesson, Report::Nothing, |_, _| {})?;
            return Ok(Vec::new());
        };
        if let [only] = &*windows {
            return self.score_window(stimulus, lesson, &readout, only.start);
        }
        let (mut scores, mut first) = (Vec::new(), 0);
        for window in windows {
            // What is put in at the beginning is there, and the state is as the window before has left it.
            let lesson = if first == 0 { *lesson } else { Lesson { learn: lesson.learn, ..Lesson::default() } };
            let part = stimulus.part(first..window.end);
            scores.extend(self.score_window(&part, &lesson, &readout, window.start - first)?);
            first = window.end;
        }
        Ok(scores)
    }

    /// Computes all steps of a stimulus, and scores those after the first `skip_steps`.
    fn score_window(
        &mut self,
        stimulus: &Stimulus,
        lesson: &Lesson<'_>,
        Readout { population, by, .. }: &Readout,
        skip_steps: u32,
    ) -> Result<Vec<i64>, InferenceError> {
        let (population, by) = (*population, *by);
        let neurons = self.network.populations.get(population).map_or(0, Population::neurons);
        let somata: Vec<u32> = (0..neurons).filter_map(|neuron| self.placed.map.soma(population, neuron)).collect();
        let first = somata.iter().copied().min().unwrap_or(0);
        let count = somata.iter().max().map_or(0, |last| last - first + 1);
        let report = match by {
            ReadBy::Spikes => Report::Counts { first, count, skip_steps },
            ReadBy::Voltage => Report::Words { register: Register::V, first, count },
            ReadBy::FirstSpike => return self.score_by_first_spike(stimulus, lesson, population, skip_steps),
        };
        let words = self.compute(stimulus, lesson, report, |_, _| {})?;
        let word = |soma: &u32| words.get((soma - first) as usize).copied().unwrap_or(0);
        Ok(somata.iter().map(|soma| i64::from(word(soma))).collect())
    }

    /// Scores every class by how soon the first spike of its neuron comes.
    fn score_by_first_spike(
        &mut self,
        stimulus: &Stimulus,
        lesson: &Lesson<'_>,
        population: usize,
        skip_steps: u32,
    ) -> Result<Vec<i64>, InferenceError> {
        let map = &self.placed.map;
        let classes = self.network.populations.get(population).map_or(0, Population::neurons);
        let mut scores = vec![0_i64; classes];
        self.compute(stimulus, lesson, Report::Spikes, |step, compartment| {
            if let Some((owner, neuron)) = map.sender(compartment)
                && owner == population
                && step >= skip_steps
                && let Some(score) = scores.get_mut(neuron)
                && *score == 0
            {
                *score = i64::from(stimulus.steps - step);
            }
        })?;
        Ok(scores)
    }
}
