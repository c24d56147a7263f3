//! What a page can ask, and what it is told.

use crate::drawing::{Drawing, DrawingError};
use crate::lessons;
use crate::student::{Answer, Student};
use loihi_data::digits::CLASSES;
use loihi_experiments::{ExperimentError, Running};
use loihi_run::record::Learned;
use serde::{Deserialize, Serialize};

/// Longest request, in bytes.
pub const REQUEST_BYTES_MAX: usize = 1 << 20;

/// What is asked. Strokes are lists of x and y in turn, as [`Drawing::of`] takes them.
///
/// It is read by way of a flat form: serde buffers the numbers of a tagged enum, and a feature of `serde_json` that any crate may
/// enable changes what it buffers.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "RequestForm")]
pub enum Request {
    /// Run the digits experiment; what it learned is what the network starts from.
    Experiment {
        /// Only the first samples of its training set and its test set.
        samples: Option<usize>,
    },
    /// Show a drawing.
    Predict {
        /// The drawing.
        strokes: Vec<Vec<f64>>,
    },
    /// Show a drawing, and learn it once.
    Teach {
        /// The drawing.
        strokes: Vec<Vec<f64>>,
        /// What it is.
        class: u32,
    },
    /// Go back to what the experiment learned.
    Forget,
}

/// A request as the page writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestForm {
    ask: Ask,
    samples: Option<usize>,
    strokes: Option<Vec<Vec<f64>>>,
    class: Option<u32>,
}

/// The names of requests.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Ask {
    Experiment,
    Predict,
    Teach,
    Forget,
}

impl TryFrom<RequestForm> for Request {
    type Error = String;

    fn try_from(form: RequestForm) -> Result<Self, String> {
        let RequestForm { ask, mut samples, mut strokes, mut class } = form;
        let missing = |key: &str| format!("`{key}` is missing");
        let request = match ask {
            Ask::Experiment => Self::Experiment { samples: samples.take() },
            Ask::Predict => Self::Predict { strokes: strokes.take().ok_or_else(|| missing("strokes"))? },
            Ask::Teach => Self::Teach {
                strokes: strokes.take().ok_or_else(|| missing("strokes"))?,
                class: class.take().ok_or_else(|| missing("class"))?,
            },
            Ask::Forget => Self::Forget,
        };
        let left = [("samples", samples.is_some()), ("strokes", strokes.is_some()), ("class", class.is_some())];
        match left.iter().find(|(_, is_there)| *is_there) {
            Some((key, _)) => Err(format!("`{key}` means nothing here")),
            None => Ok(request),
        }
    }
}

/// What is told.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "tell", rename_all = "kebab-case")]
pub enum Told<'t> {
    /// The experiment is running.
    Progress {
        /// Samples shown.
        done: u64,
        /// Samples to show.
        total: u64,
        /// What it does.
        stage: &'t str,
        /// Share of right answers in this stage, if any was given.
        accuracy: Option<f64>,
    },
    /// The experiment has ended.
    Experiment {
        /// Its name.
        name: &'static str,
        /// Digest of all state, 16 hexadecimal digits.
        digest: String,
        /// Samples shown.
        samples: u64,
        /// Steps computed.
        steps: u64,
        /// Share of right answers before learning, of the last epoch.
        accuracy_online: Option<f64>,
        /// Share of right answers to the test set.
        accuracy_test: Option<f64>,
    },
    /// The answer to a drawing.
    Answer {
        /// The answer.
        answer: &'t Answer,
    },
    /// A drawing was learned.
    Taught {
        /// The answer before.
        before: &'t Answer,
        /// The answer since.
        answer: &'t Answer,
        /// What was taught.
        class: u32,
        /// Of each drawing so far, whether it was answered correctly before it was learned.
        right: &'t [bool],
    },
    /// What was taught is gone.
    Forgotten,
    /// Nothing was done.
    Error {
        /// What was wrong.
        what: String,
    },
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// A request is not one.
    #[error("not a request of this page: {0}")]
    Request(#[from] serde_json::Error),
    /// The drawing cannot become a sample.
    #[error(transparent)]
    Drawing(#[from] DrawingError),
    /// The chip did not do what it was asked.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// Nothing was learned yet.
    #[error("the network has learned nothing yet: run the experiment first")]
    Untrained,
    /// There is no such class.
    #[error("class {0} does not exist: give 0 to 9")]
    Class(u32),
}

/// All state of a page.
#[derive(Debug, Default)]
pub struct Page {
    student: Option<(Student, Learned)>,
    /// Of each drawing that was taught, whether it was answered correctly before.
    right: Vec<bool>,
}

impl Page {
    /// Does what is asked; `tell` takes JSON texts; the last one says how the request ended.
    pub fn ask(&mut self, request: &str, tell: &mut dyn FnMut(&str)) {
        let mut tell = |told: &Told<'_>| tell(&text_of(told));
        if let Err(error) = self.done(request, &mut tell) {
            tell(&Told::Error { what: error.to_string() });
        }
    }

    fn done(&mut self, request: &str, tell: &mut dyn FnMut(&Told<'_>)) -> Result<(), PageError> {
        match serde_json::from_str(request)? {
            Request::Experiment { samples } => self.experiment(samples, tell),
            Request::Predict { strokes } => {
                let sample = Drawing::of(&strokes)?.sample();
                let (student, _) = self.student.as_mut().ok_or(PageError::Untrained)?;
                tell(&Told::Answer { answer: &student.predict(&sample)? });
                Ok(())
            }
            Request::Teach { strokes, class } => self.teach(&strokes, class, tell),
            Request::Forget => {
                let (student, learned) = self.student.as_mut().ok_or(PageError::Untrained)?;
                student.restore(learned)?;
                self.right.clear();
                tell(&Told::Forgotten);
                Ok(())
            }
        }
    }

    fn experiment(&mut self, samples: Option<usize>, tell: &mut dyn FnMut(&Told<'_>)) -> Result<(), PageError> {
        let lessons = lessons::run(samples, &mut |running: &Running<'_>| {
            let accuracy = running.figure.map(|(_, value)| value);
            let Running { done, total, stage, .. } = *running;
            tell(&Told::Progress { done, total, stage, accuracy });
        })?;
        let student = Student::new(lessons::experiment()?.text, &lessons.learned)?;
        self.student = Some((student, lessons.learned));
        self.right.clear();
        let outcome = lessons.outcome;
        tell(&Told::Experiment {
            name: lessons::EXPERIMENT,
            digest: format!("{:016x}", outcome.digest.total()),
            samples: outcome.samples.unwrap_or(0),
            steps: outcome.steps,
            accuracy_online: outcome.metrics.get("accuracy_online"),
            accuracy_test: outcome.metrics.get("accuracy_test"),
        });
        Ok(())
    }

    fn teach(&mut self, strokes: &[Vec<f64>], class: u32, tell: &mut dyn FnMut(&Told<'_>)) -> Result<(), PageError> {
        if class >= CLASSES {
            return Err(PageError::Class(class));
        }
        let sample = Drawing::of(strokes)?.sample().labelled(class);
        let (student, _) = self.student.as_mut().ok_or(PageError::Untrained)?;
        let before = student.teach(&sample)?;
        let answer = student.predict(&sample)?;
        self.right.push(before.class == class as usize);
        tell(&Told::Taught { before: &before, answer: &answer, class, right: &self.right });
        Ok(())
    }
}

fn text_of(told: &Told<'_>) -> String {
    let error = r#"{"tell":"error","what":"an answer has no form in JSON"}"#;
    serde_json::to_string(told).unwrap_or_else(|_| error.to_owned())
}
