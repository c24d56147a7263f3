//! What a network answers to the samples of a stage, and how good that is.

use crate::figures::q20;
use loihi_data::Sample;
use loihi_run::inference::answers::CONFUSION_CLASSES_MAX;
use loihi_run::inference::winner;
use loihi_run::record::checkpoint::RunPosition;
use loihi_snip::{Port, Programs, Teaching};
use loihi_task::stage::Stage;

/// What came of a sample.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// Words of the output mailbox.
    pub outputs: &'a [i32],
    /// Scores of the network's readout.
    pub scores: &'a [i64],
}

/// Who answers, and what the answers can be.
#[derive(Clone, Copy, Debug)]
pub struct Judge<'p> {
    /// The programs of the network.
    pub programs: &'p Programs,
    /// Classes of the samples.
    pub classes: u32,
}

impl<'p> Judge<'p> {
    /// The program whose answer is the stage's.
    pub fn port(&self, stage: &Stage) -> Option<&'p Port> {
        stage.asked.last().and_then(|at| self.programs.ports.get(*at))
    }

    /// Numbers of its answer, if they are values and no classes.
    pub fn values(&self, stage: &Stage) -> Option<usize> {
        let port = self.port(stage)?;
        matches!(port.teaching, Teaching::Values { .. }).then_some(port.output.len())
    }

    /// Classes of its answer; 0 if it is values.
    fn classes(&self, stage: &Stage) -> u32 {
        match self.port(stage) {
            Some(port) if self.values(stage).is_none() => port.output.end - port.output.start,
            Some(_) => 0,
            None => self.classes,
        }
    }

    /// Nothing counted yet of a stage.
    pub fn begin(&self, stage: &Stage, position: &mut RunPosition) {
        position.right = vec![0; stage.asked.len().max(1)];
        position.squared_error_q20 = 0;
        let side = Some(self.classes(stage) as usize).filter(|side| *side <= CONFUSION_CLASSES_MAX).unwrap_or(0);
        position.confusion = vec![0; side * side];
    }

    /// The class that is the stage's answer.
    pub fn answer(&self, stage: &Stage, answered: Answered<'_>) -> Option<u32> {
        class(stage, self.port(stage), answered)
    }

    /// Counts the right answers of every program that is asked, and how far off values are.
    pub fn count(&self, stage: &Stage, sample: &Sample, answered: Answered<'_>, position: &mut RunPosition) {
        let last = stage.asked.len().saturating_sub(1);
        let ports: Vec<Option<&Port>> = match &*stage.asked {
            [] => vec![None],
            asked => asked.iter().map(|at| self.programs.ports.get(*at)).collect(),
        };
        for (place, port) in ports.into_iter().enumerate() {
            if let Some(Port { teaching: Teaching::Values { output_fraction_bits, .. }, output, .. }) = port {
                if place == last {
                    let squares = squares(answered.outputs, output.start, *output_fraction_bits, sample);
                    position.squared_error_q20 = position.squared_error_q20.saturating_add(q20(squares));
                }
                continue;
            }
            let answer = class(stage, port, answered);
            if let Some(count) = position.right.get_mut(place) {
                *count += u32::from(sample.label.is_some() && answer == sample.label);
            }
            if place == last
                && let (Some(label), Some(answer)) = (sample.label, answer)
            {
                let classes = self.classes(stage);
                let cell = (label < classes && answer < classes).then_some((label * classes + answer) as usize);
                if let Some(cell) = cell.and_then(|cell| position.confusion.get_mut(cell)) {
                    *cell += 1;
                }
            }
        }
    }
}

/// Sum of the squared distances of the words from `first` on to the targets of a sample.
fn squares(outputs: &[i32], first: u32, fraction_bits: u32, sample: &Sample) -> f64 {
    let unit = f64::from(1_u32 << fraction_bits);
    let words = outputs.iter().skip(first as usize);
    words.zip(&sample.targets).map(|(word, target)| (f64::from(*word) / unit - f64::from(*target)).powi(2)).sum()
}

/// The first class with the largest score, among those that can be.
fn class(stage: &Stage, port: Option<&Port>, answered: Answered<'_>) -> Option<u32> {
    let scores: Vec<i64> = match port {
        Some(port) => {
            let words = answered.outputs.iter().skip(port.output.start as usize).take(port.output.len());
            words.map(|word| i64::from(*word)).collect()
        }
        None => answered.scores.to_vec(),
    };
    let least = i64::MIN;
    let held: Vec<i64> =
        (0..).zip(&scores).map(|(class, score)| if stage.can_be(class) { *score } else { least }).collect();
    winner(&held).filter(|class| held.get(*class) != Some(&least)).and_then(|class| u32::try_from(class).ok())
}
