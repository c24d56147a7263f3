//! Who follows a run, and what it is told: how far the run is, figures, answers, what was learned.

use crate::metrics::{Metrics, figure};
use loihi_data::Scale;
use loihi_device::recorder::RecordedFile;
use loihi_image::image::ImageFile;
use loihi_place::neuron_map::NeuronMap;
use loihi_run::record::RecordError;
use loihi_run::record::checkpoint::RunPosition;

/// Most classes or scores of a sample in `metrics.csv`.
pub const COLUMN_MAX: usize = 100;

/// Follows a run: shows it, records it. What is not taken up is passed over.
pub trait Observer {
    /// The image that is going to run, and its neuron map.
    ///
    /// # Errors
    /// [`RecordError`].
    fn image(&mut self, _image: &ImageFile, _neuron_map: &NeuronMap) -> Result<(), RecordError> {
        Ok(())
    }

    /// How numbers of its samples become values, before the first of them.
    fn scale(&mut self, _scale: Scale) {}

    /// Warns of what is probably a mistake.
    fn warn(&mut self, _what: &str) {}

    /// How far the run is.
    fn progress(&mut self, _running: &Running<'_>) {}

    /// A sample was shown to a network that learns nothing, and answered.
    ///
    /// # Errors
    /// [`RecordError`].
    fn answer(&mut self, _answer: &Answer<'_>) -> Result<(), RecordError> {
        Ok(())
    }

    /// A pass, or a stretch of time, is over.
    ///
    /// # Errors
    /// [`RecordError`].
    fn row(&mut self, _row: &MetricsRow) -> Result<(), RecordError> {
        Ok(())
    }

    /// What has been learned so far: [`loihi_core::chip::SnapshotScope::Learned`].
    ///
    /// # Errors
    /// [`RecordError`].
    fn learned(&mut self, _image: &ImageFile, _learned: &[u8]) -> Result<(), RecordError> {
        Ok(())
    }

    /// Whether it is time to write down where the run stands.
    fn wants_checkpoint(&mut self) -> bool {
        false
    }

    /// Where the run stands, all state of its device, and how long the files are that are recorded.
    ///
    /// # Errors
    /// [`RecordError`].
    fn checkpoint(
        &mut self,
        _standing: &RunPosition,
        _state: &[u8],
        _files: Vec<RecordedFile>,
    ) -> Result<(), RecordError> {
        Ok(())
    }
}

/// No-op observer.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

impl Observer for NoObserver {}

/// How far a run is, and how it goes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Running<'a> {
    /// What is done, in whatever the experiment counts.
    pub done: u64,
    /// All there is to do.
    pub total: u64,
    /// What the present stage is called, if there are several.
    pub stage: &'a str,
    /// The figure that tells how it goes, and its name.
    pub figure: Option<(&'a str, f64)>,
}

impl std::fmt::Display for Running<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let between = if self.stage.is_empty() || self.figure.is_none() { "" } else { ": " };
        write!(f, "{}{between}", self.stage)?;
        self.figure.map_or(Ok(()), |(name, value)| write!(f, "{name} {}", figure(name, value)))
    }
}

/// What a network answered to a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer<'a> {
    /// Place of the sample among those that are shown, from 0.
    pub number: u32,
    /// What the sample is called.
    pub name: &'a str,
    /// Steps that it was shown.
    pub steps: u32,
    /// Its classes, as many as there are answers, where they are known.
    pub labels: &'a [Option<usize>],
    /// The classes with the largest scores, window by window, pixel by pixel; none if the network has no classes.
    pub answers: &'a [Option<usize>],
    /// Scores window by window, by class, the larger the better.
    pub scores: &'a [i64],
    /// Answers so far whose class is known, and those of them that are right.
    pub labelled: u32,
    /// See `labelled`.
    pub right: u32,
}

impl std::fmt::Display for Answer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.labels, self.answers) {
            ([], []) => write!(f, "{}: class ?, answer ?", self.name),
            ([label], [answer]) => {
                let class = |class: &Option<usize>| class.map_or_else(|| "?".to_owned(), |class| class.to_string());
                write!(f, "{}: class {}, answer {}", self.name, class(label), class(answer))
            }
            (labels, answers) => {
                let [right, labelled] = right_of(labels, answers);
                let [classes, answers] = [labels, answers].map(listed);
                write!(f, "{}: {right} of {labelled} right, classes {classes}, answers {answers}", self.name)
            }
        }
    }
}

/// Number of right answers, and of labelled ones.
pub fn right_of(labels: &[Option<usize>], answers: &[Option<usize>]) -> [u32; 2] {
    let known = || labels.iter().zip(answers).filter(|(label, _)| label.is_some());
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    [count(known().filter(|(label, answer)| label == answer).count()), count(known().count())]
}

/// Classes as a cell of a table: separated by blanks, `-` for an unknown one, cut after the first few. A single unknown class is an
/// empty cell.
pub fn column(classes: &[Option<usize>]) -> String {
    let text = |class: &Option<usize>| class.map_or_else(|| "-".to_owned(), |class| class.to_string());
    match classes {
        [] | [None] => String::new(),
        all => all.iter().take(COLUMN_MAX).map(text).collect::<Vec<_>>().join(" "),
    }
}

/// Classes as they are printed: as [`column`], with a sign that more follow.
fn listed(classes: &[Option<usize>]) -> String {
    match classes {
        [] | [None] => "?".to_owned(),
        all => format!("{}{}", column(all), if all.len() > COLUMN_MAX { " …" } else { "" }),
    }
}

impl Answer<'_> {
    /// The share of right answers among those whose class is known.
    pub fn accuracy(&self) -> Option<f64> {
        (self.labelled > 0).then(|| f64::from(self.right) / f64::from(self.labelled))
    }
}

/// A row of `metrics.csv`.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricsRow {
    /// Number of the pass, or of the stage, from 1.
    pub pass: u32,
    /// What the stage is, if there are several.
    pub stage: Option<String>,
    /// Figures of the pass.
    pub metrics: Metrics,
    /// Digest of all state after the pass.
    pub digest: u64,
}
