//! From scores to answers: the class with the largest score, of a sample, of each window of its steps, of each pixel; and how right
//! answers are, class by class.

use loihi_net::network::{Endpoint, Network, ReadBy};
use std::collections::BTreeMap;

/// The class with the largest score, the first of equal ones; `None` without classes.
pub fn winner(scores: &[i64]) -> Option<usize> {
    let best = scores.iter().max()?;
    scores.iter().position(|score| score == best)
}

/// What a network with these scores answers: the class with the largest one, and where spikes are read none without a spike.
pub fn answer(by: ReadBy, scores: &[i64]) -> Option<usize> {
    let is_silent = by != ReadBy::Voltage && scores.iter().all(|score| *score == 0);
    winner(scores).filter(|_| !is_silent)
}

/// How many answers a readout gives: scores of a sample are of shape `[windows, classes, pixels]`, its answers `[windows, pixels]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerShape {
    /// Windows of a sample; 1 if all steps have one answer.
    pub windows: usize,
    /// Classes.
    pub classes: usize,
    /// Rows and columns of pixels; 1 and 1 if these have no answers of their own.
    pub pixels: [usize; 2],
}

impl AnswerShape {
    /// Of a network and the steps of a sample; nothing without a readout.
    pub fn of(network: &Network, steps: u32) -> Option<Self> {
        let readout = network.readout?;
        let windows = readout.windows(steps).count();
        Some(match *network.shape_of(Endpoint::Population(readout.population)) {
            [classes, rows, columns] if readout.per_pixel => Self { windows, classes, pixels: [rows, columns] },
            ref shape => Self { windows, classes: shape.iter().product(), pixels: [1, 1] },
        })
    }

    /// Answers of a sample.
    pub const fn count(&self) -> usize {
        self.windows * self.area()
    }

    /// Places of the scores from which an answer is taken, class by class.
    ///
    /// ```
    /// use loihi_run::inference::answers::AnswerShape;
    ///
    /// let shape = AnswerShape { windows: 2, classes: 3, pixels: [1, 2] };
    /// // The second window's second pixel.
    /// assert_eq!(shape.scores_of(3).collect::<Vec<_>>(), [7, 9, 11]);
    /// ```
    pub fn scores_of(&self, answer: usize) -> impl Iterator<Item = usize> + use<> {
        let area = self.area();
        let first = answer / area.max(1) * self.classes * area + answer % area.max(1);
        (0..self.classes).map(move |class| first + class * area)
    }

    /// The answer of each window and pixel; `None` if no class spiked there.
    pub fn answers(&self, by: ReadBy, scores: &[i64]) -> Vec<Option<usize>> {
        let of = |number: usize| {
            let own: Vec<i64> = self.scores_of(number).map(|at| scores.get(at).copied().unwrap_or(0)).collect();
            answer(by, &own)
        };
        (0..self.count()).map(of).collect()
    }

    const fn area(&self) -> usize {
        self.pixels[0] * self.pixels[1]
    }
}

/// Most classes whose confusions are written.
pub const CONFUSION_CLASSES_MAX: usize = 256;

/// How often places labelled with a class had each answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassTally {
    classes: usize,
    /// By label and answer, `None` where no class spiked.
    counts: BTreeMap<(usize, Option<usize>), u64>,
}

impl ClassTally {
    /// Of this many classes.
    pub const fn new(classes: usize) -> Self {
        Self { classes, counts: BTreeMap::new() }
    }

    /// Classes.
    pub const fn classes(&self) -> usize {
        self.classes
    }

    /// Counts the answers of a sample; those to places without a label do not count.
    pub fn add(&mut self, labels: &[Option<usize>], answers: &[Option<usize>]) {
        for (label, answer) in labels.iter().zip(answers) {
            if let Some(label) = *label {
                *self.counts.entry((label, *answer)).or_default() += 1;
            }
        }
    }

    /// Labelled places without an answer.
    pub fn silent(&self) -> u64 {
        self.sum(|_, answer| answer.is_none())
    }

    /// Counts by label (rows) and answer (columns), without places that had no answer; empty beyond [`CONFUSION_CLASSES_MAX`].
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    pub fn confusion(&self) -> Vec<Vec<f64>> {
        if self.classes > CONFUSION_CLASSES_MAX {
            return Vec::new();
        }
        let count = |label, answer| self.counts.get(&(label, Some(answer))).copied().unwrap_or(0) as f64;
        (0..self.classes).map(|label| (0..self.classes).map(|answer| count(label, answer)).collect()).collect()
    }

    fn sum(&self, of: impl Fn(usize, Option<usize>) -> bool) -> u64 {
        self.counts.iter().filter(|((label, answer), _)| of(*label, *answer)).map(|(_, count)| count).sum()
    }

    /// The F1 score of a class, 0 to 1: `2 · right / (answered + labelled)`; `None` if it is neither.
    pub fn f1(&self, class: usize) -> Option<f64> {
        let [right, sum] = self.counts(class);
        (sum > 0.0).then(|| 2.0 * right / sum)
    }

    /// The intersection over union of a class, 0 to 1: `right / (answered + labelled - right)`; `None` if it is neither.
    pub fn iou(&self, class: usize) -> Option<f64> {
        let [right, sum] = self.counts(class);
        (sum > 0.0).then(|| right / (sum - right))
    }

    /// The mean of one of these over all classes that have it; `None` if none has.
    pub fn mean(&self, of: impl Fn(&Self, usize) -> Option<f64>) -> Option<f64> {
        let all: Vec<f64> = (0..self.classes).filter_map(|class| of(self, class)).collect();
        #[expect(clippy::cast_precision_loss, reason = "classes are few")]
        let count = all.len() as f64;
        (!all.is_empty()).then(|| all.iter().sum::<f64>() / count)
    }

    /// Right answers of a class, and the sum of its answers and labels.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    fn counts(&self, class: usize) -> [f64; 2] {
        let right = self.counts.get(&(class, Some(class))).copied().unwrap_or(0);
        let [labelled, answered] = [self.sum(|label, _| label == class), self.sum(|_, answer| answer == Some(class))];
        [right as f64, (labelled + answered) as f64]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_that_is_silent_has_no_answer() {
        assert_eq!(answer(ReadBy::Spikes, &[0, 0]), None);
        assert_eq!(answer(ReadBy::FirstSpike, &[0, 0]), None);
        assert_eq!(answer(ReadBy::Voltage, &[0, 0]), Some(0));
        assert_eq!(answer(ReadBy::Voltage, &[-3, -2]), Some(1));
        assert_eq!(answer(ReadBy::Spikes, &[2, 2]), Some(0), "the first of equal ones");
    }

    #[test]
    fn every_score_is_of_one_answer() {
        for (windows, classes, rows) in (0..3).flat_map(|w| (1..4).flat_map(move |c| (1..4).map(move |r| (w, c, r)))) {
            let shape = AnswerShape { windows, classes, pixels: [rows, 2] };
            let mut places: Vec<usize> = (0..shape.count()).flat_map(|own| shape.scores_of(own)).collect();
            places.sort_unstable();
            assert_eq!(places, (0..windows * classes * rows * 2).collect::<Vec<_>>());
        }
        let shape = AnswerShape { windows: 2, classes: 2, pixels: [1, 2] };
        let answers = shape.answers(ReadBy::Spikes, &[3, 0, 1, 0, 0, 5, 2, 4]);
        assert_eq!(answers, [Some(0), None, Some(1), Some(0)]);
    }

    #[test]
    fn f1_and_iou_are_those_of_counts() {
        let mut tally = ClassTally::new(4);
        tally.add(&[Some(0), Some(0), Some(1), None, Some(1)], &[Some(0), Some(1), Some(1), Some(3), None]);
        assert_eq!(tally.confusion()[..2], [[1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]);
        assert_eq!((tally.silent(), tally.classes()), (1, 4));
        assert!(ClassTally::new(CONFUSION_CLASSES_MAX + 1).confusion().is_empty());
        let near = |found: Option<f64>, expected: f64| (found.unwrap() - expected).abs() < 1e-12;
        assert!(near(tally.f1(0), 2.0 / 3.0) && near(tally.iou(0), 0.5));
        assert!(near(tally.f1(1), 0.5) && near(tally.iou(1), 1.0 / 3.0));
        assert_eq!((tally.f1(2), tally.iou(3)), (None, None));
        assert!(near(tally.mean(ClassTally::iou), 5.0 / 12.0));
        assert_eq!(ClassTally::new(3).mean(ClassTally::f1), None);
    }
}
