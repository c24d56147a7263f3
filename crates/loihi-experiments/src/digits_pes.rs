//! Handwritten digits, one at a time: a fixed random layer on the core, decoders learned by PES.
//!
//! Pixels become evenly spaced spikes. They drive a layer of compartments through fixed random weights. Ten decoders
//! read the layer. Each digit is shown once a pass: it is predicted with learning off, then, while it is still being
//! shown, it is learned. Nothing is averaged over digits (batch = 1).

use super::classify;
use super::data::{Dataset, Example};
use super::float_pes::FloatPes;
use super::float_reference::FloatReference;
use super::{
    ExperimentError, Metrics, MetricsRow, Observer, Outcome, RunOptions, Running, Task, conclude, load, mailbox, q12,
    sizes,
};
use loihi_core::chip::ResetScope;
use loihi_core::image::Profile;
use loihi_core::num::{Weight, WeightExponent, word};
use loihi_core::register::StateDigest;
use loihi_core::rules::{PesParams, RateEncoderParams};
use loihi_core::synapse::{SignMode, fold};
use loihi_core::wire::message::Record;
use loihi_device::session::{Session, SessionError};
use loihi_image::image::{BuildError, ImageBuilder, ImageFile, Source};
use serde::{Deserialize, Serialize};

/// Words of the stimulus: one per pixel.
const PIXEL_WORDS: u32 = 64;
/// Words of the target and of the output: one per class.
const CLASS_WORDS: u32 = 10;
/// The same.
const CLASSES: usize = CLASS_WORDS as usize;

/// Parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DigitsPes {
    /// Compartments of the random layer, at most 1,024.
    #[serde(deserialize_with = "sizes::compartments")]
    pub hidden: usize,
    /// The pixel value that would spike in every step.
    pub full_scale: u32,
    /// Largest magnitude of the random weights' mantissas.
    #[serde(deserialize_with = "sizes::span")]
    pub weight_span: u32,
    /// Largest magnitude of the random biases, in units of the voltage.
    #[serde(deserialize_with = "sizes::span")]
    pub bias_span: u32,
    /// Effective decay of the current.
    pub decay_u: i32,
    /// Decay of the voltage.
    pub decay_v: i32,
    /// Threshold mantissa.
    pub v_th: i32,
    /// Refractory period in steps.
    pub refractory: i32,
    /// Steps after which a digit is predicted.
    pub predict_steps: u16,
    /// Further steps in which it is learned.
    pub learn_steps: u16,
    /// See [`PesParams::rate_shift`].
    pub rate_shift: u32,
    /// See [`PesParams::decay_y`], in units of 1/256.
    pub decay_y: u32,
    /// Epochs over the training set.
    #[serde(alias = "passes", deserialize_with = "sizes::epochs")]
    pub epochs: u32,
}

impl Default for DigitsPes {
    fn default() -> Self {
        Self {
            hidden: 400,
            full_scale: 32,
            weight_span: 200,
            bias_span: 4000,
            decay_u: 1024,
            decay_v: 512,
            v_th: 500,
            refractory: 1,
            predict_steps: 16,
            learn_steps: 8,
            rate_shift: 11,
            decay_y: 40,
            epochs: 3,
        }
    }
}

/// How many digits were recognised.
#[derive(Clone, Copy, Debug, Default)]
struct Score {
    right: u32,
    seen: u32,
}

impl Score {
    fn add(&mut self, right: bool) {
        self.right += u32::from(right);
        self.seen += 1;
    }

    fn accuracy(self) -> f64 {
        f64::from(self.right) / f64::from(self.seen.max(1))
    }
}

impl DigitsPes {
    /// The network.
    ///
    /// # Errors
    /// [`BuildError`] if `hidden` exceeds a core.
    pub fn image(&self, seed: u32) -> Result<ImageFile, BuildError> {
        let mut builder = ImageBuilder::new();
        builder.mailboxes(PIXEL_WORDS, CLASS_WORDS, CLASS_WORDS);
        let core = builder.core();
        let profile = Profile {
            decay_u: self.decay_u,
            decay_v: self.decay_v,
            v_th: self.v_th << 6,
            refractory: self.refractory,
            ..Profile::DEFAULT
        };
        let layer = builder.group(self.hidden, profile);
        let biases: Vec<i32> = layer.clone().map(|i| uniform(self.bias_span, word(seed, i, 0, 1))).collect();
        builder.bias(layer.start, &biases);
        for input in builder.inputs(PIXEL_WORDS) {
            let weights: Vec<i16> = layer.clone().map(|i| self.weight(word(seed, i, input, 2))).collect();
            builder.dense(Source::Input(input), core, 0, &weights);
        }
        builder.snip(&RateEncoderParams {
            count: PIXEL_WORDS,
            full_scale: self.full_scale,
            ..RateEncoderParams::default()
        });
        let hidden = layer.end - layer.start;
        builder.snip(&PesParams {
            compartment_first: layer.start,
            count: hidden,
            dimensions: CLASS_WORDS,
            rate_shift: self.rate_shift,
            decay_y: self.decay_y,
            ..PesParams::default()
        });
        builder.build()
    }

    fn weight(&self, draw: u32) -> i16 {
        let mantissa = Weight::saturating(uniform(self.weight_span, draw));
        fold(mantissa, WeightExponent::saturating(0), 8, SignMode::Mixed)
    }

    /// Learns from some digits and tests on others.
    ///
    /// # Errors
    /// [`ExperimentError`].
    pub fn run_on(
        &self,
        learn: &[Example],
        test: &[Example],
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        let file = self.image(options.seed)?;
        load(session, &file, &RunOptions { data: None, ..options.clone() }, observer)?;
        let float = FloatPes::new(self.hidden, CLASSES, self.rate_shift, self.decay_y);
        let mut memory = Vec::new();
        let mut float_reference = FloatReference::new(&file, &mut memory, float)?;

        let epochs = options.epochs.unwrap_or(self.epochs);
        let total = u64::from(epochs) * (learn.len() + test.len()) as u64;
        let (mut done, mut online, mut tested) = (0, Score::default(), (0.0, 0.0));
        let mut digests: Vec<StateDigest> = Vec::new();
        for pass in 1..=epochs {
            let mut pass_online = Score::default();
            for chunk in learn.chunks(32) {
                self.show(session, chunk, true, |digit, prediction| {
                    pass_online.add(prediction == usize::from(digit.label));
                })?;
                for digit in chunk {
                    self.show_reference(&mut float_reference, digit, true);
                }
                done += chunk.len() as u64;
                let figure = Some(("accuracy online", pass_online.accuracy()));
                observer.progress(&Running { done, total, stage: &format!("pass {pass}"), figure });
            }
            online = pass_online;
            tested = self.test(session, &mut float_reference, test)?;
            done += test.len() as u64;
            let digest = session.digest()?;
            let metrics: Metrics = vec![
                ("accuracy_online", online.accuracy()),
                ("accuracy_test", tested.0),
                ("accuracy_test_float", tested.1),
            ];
            let figure = Some(("accuracy on the test", tested.0));
            observer.progress(&Running { done, total, stage: &format!("pass {pass}"), figure });
            observer.row(&MetricsRow { pass, stage: None, metrics, digest: digest.total() })?;
            digests.push(digest);
        }
        if epochs == 0 {
            tested = self.test(session, &mut float_reference, test)?;
        }
        let metrics = vec![
            ("accuracy_test", tested.0),
            ("accuracy_online", online.accuracy()),
            ("accuracy_test_float", tested.1),
            ("passes", f64::from(epochs)),
        ];
        let shown = if epochs == 0 { test.len() } else { (learn.len() + test.len()) * epochs as usize };
        let outcome = conclude(session, &file, observer, metrics, digests)?;
        Ok(Outcome { samples: Some(shown as u64), ..outcome })
    }

    /// Accuracy with learning off: of the device, and of the decoders in double precision.
    fn test(
        &self,
        session: &mut Session,
        float_reference: &mut FloatReference<'_>,
        test: &[Example],
    ) -> Result<(f64, f64), SessionError> {
        let (mut score, mut float) = (Score::default(), Score::default());
        self.show(session, test, false, |digit, prediction| score.add(prediction == usize::from(digit.label)))?;
        for digit in test {
            float.add(self.show_reference(float_reference, digit, false) == usize::from(digit.label));
        }
        Ok((score.accuracy(), float.accuracy()))
    }

    /// Shows digits to the device and hands each one's prediction to `judge`.
    fn show(
        &self,
        session: &mut Session,
        digits: &[Example],
        learn: bool,
        mut judge: impl FnMut(&Example, usize),
    ) -> Result<(), SessionError> {
        let looks: Vec<(Vec<u8>, Vec<u8>)> = digits
            .iter()
            .map(|digit| (mailbox(digit.values.iter().map(|value| i16::from(*value))), mailbox(targets(digit.label))))
            .collect();
        let records = looks.iter().flat_map(|(stimulus, target)| {
            let first =
                Record { reset: true, learn: false, steps: self.predict_steps, stimulus, target, ..Record::PLAIN };
            let second = Record {
                reset: false,
                learn: true,
                steps: self.learn_steps,
                stimulus: &[],
                target: &[],
                ..Record::PLAIN
            };
            [Some(first), learn.then_some(second)].into_iter().flatten()
        });
        let looks_each = if learn { 2 } else { 1 };
        let mut at = 0;
        session.stream(records, |outputs| {
            if at % looks_each == 0 {
                judge(&digits[at / looks_each], largest(outputs));
            }
            at += 1;
        })
    }

    /// Shows a digit to the float reference and returns the prediction of its decoders.
    fn show_reference(&self, float_reference: &mut FloatReference<'_>, digit: &Example, learn: bool) -> usize {
        float_reference.chip.reset(ResetScope::State);
        float_reference.float.reset();
        for (word, pixel) in float_reference.chip.stimulus_mut().iter_mut().zip(&digit.values) {
            *word = i16::from(*pixel);
        }
        for _ in 0..self.predict_steps {
            float_reference.step(None);
        }
        let prediction = largest(float_reference.float.outputs());
        let targets = targets(digit.label).map(|target| f64::from(target) / 4096.0);
        for _ in 0..if learn { self.learn_steps } else { 0 } {
            float_reference.step(Some(&targets));
        }
        prediction
    }
}

impl Task for DigitsPes {
    fn run(
        &self,
        session: &mut Session,
        options: &RunOptions,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, ExperimentError> {
        let data = Dataset::open("digits", options)?.sized(options, PIXEL_WORDS, CLASS_WORDS)?;
        let held_back = data.test.len();
        let Dataset { training: learn, test, .. } = classify::select(data, options, held_back);
        self.run_on(&learn, &test, session, options, observer)
    }
}

/// A uniform integer in `−span..=span`.
fn uniform(span: u32, draw: u32) -> i32 {
    let width = u64::from(2 * span + 1);
    let scaled = (u64::from(draw) * width) >> 32;
    // At most 2 · span, which is far below 2^31.
    i32::try_from(scaled).unwrap_or(0) - span.cast_signed()
}

/// One for the class, zero for the others, in Q3.12.
fn targets(label: u8) -> [i16; CLASSES] {
    std::array::from_fn(|class| if class == usize::from(label) { q12(1.0) } else { 0 })
}

/// Place of the first largest value.
fn largest<T: PartialOrd + Copy>(values: &[T]) -> usize {
    let mut best = 0;
    for (at, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = at;
        }
    }
    best
}
