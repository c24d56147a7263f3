//! Losses of the twin in real numbers, and their derivatives as training computes them.

use crate::networks::drawn;
use crate::twin::{Trail, Twin};
use loihi_net::network::ReadBy;
use loihi_run::inference::answers::AnswerShape;
use loihi_train::loss::{Loss, RateLoss, ReadoutLoss};
use loihi_train::pass::Workspace;
use loihi_train::readout::Shown;
use std::ops::Range;

/// What a score adds to its logit, and spikes of the right class and of the others.
const PER_SCORE: f64 = 0.4;
const TARGET_SPIKES: [f64; 2] = [5.0, 1.0];
/// Rates that cost nothing, and what a squared excess counts.
const BOUNDS: [f64; 2] = [0.02, 0.1];
const STRENGTH: f64 = 30.0;

/// How spikes become a number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// A sum of those of the readout, each with a factor of its own.
    Factors,
    /// A loss of what is read.
    Readout(Loss, ReadBy),
    /// A loss of the rates of all that is not read.
    Rates,
}

impl Goal {
    /// The loss of all samples.
    pub(crate) fn of(self, twin: &Twin<'_>, trails: &[Trail]) -> f64 {
        let reading = twin.model.readout;
        let trail = &trails[reading.population()];
        let samples = 0..twin.batch.samples;
        match self {
            Self::Factors => factors(twin).map(|(at, factor)| trail.spikes[at] * factor).sum(),
            Self::Readout(kind, ReadBy::FirstSpike) => {
                let fired = fired(twin);
                samples.map(|sample| first_spikes(twin, kind, sample, &fired, &trail.spikes)).sum()
            }
            Self::Readout(kind, by) => {
                samples.map(|sample| loss(twin, kind, sample, &scores(twin, by, trail, sample))).sum()
            }
            Self::Rates => {
                let pairs = others(twin).flat_map(|place| samples.clone().map(move |sample| (place, sample)));
                let loss = |(place, sample): (usize, usize)| {
                    let rate = rate(twin, place, sample, &trails[place]);
                    STRENGTH * (rate - rate.clamp(BOUNDS[0], BOUNDS[1])).powi(2)
                };
                pairs.map(loss).sum()
            }
        }
    }

    /// Leaves the derivatives of the loss in a workspace, which has the spikes of the trails.
    pub(crate) fn back(self, twin: &Twin<'_>, trails: &[Trail], workspace: &mut Workspace) {
        let batch = &twin.batch;
        match self {
            Self::Factors => {
                let trail = workspace.trail_mut(twin.model.readout.population());
                factors(twin).for_each(|(at, factor)| trail.by_spikes[at] = factor as f32);
            }
            Self::Readout(kind, by) => {
                let reading = twin.model.readout;
                let trail = &trails[reading.population()];
                let fired = fired(twin);
                let own = workspace.trail_mut(reading.population());
                for sample in 0..batch.samples {
                    let whole = || reading.scores(batch, sample, Shown { spikes: &fired, voltages: &[] });
                    let scores = match by {
                        ReadBy::FirstSpike => whole().into_iter().map(|score| score as f64).collect(),
                        _ => scores(twin, by, trail, sample),
                    };
                    let mut slopes = slopes(twin, kind, sample, &scores);
                    if by == ReadBy::Voltage {
                        let each = slopes.iter_mut().enumerate();
                        each.for_each(|(at, slope)| *slope /= unit(twin, at % reading.neurons) as f32);
                    }
                    let into = [&mut own.by_spikes[..], &mut own.by_voltages[..]];
                    reading.back(batch, sample, &slopes, &fired, into);
                }
            }
            Self::Rates => {
                let loss = RateLoss { bounds: BOUNDS.map(|bound| bound as f32), strength: STRENGTH as f32 };
                for (place, sample) in others(twin).flat_map(|place| (0..batch.samples).map(move |own| (place, own))) {
                    let n = twin.model.neurons[place].registers.len();
                    let [_, slope] = loss.of(rate(twin, place, sample, &trails[place]) as f32);
                    let own = workspace.trail_mut(place);
                    let each = slope / (batch.lengths[sample] * n) as f32;
                    for row in batch.rows(sample, n) {
                        own.by_spikes[row..row + n].iter_mut().for_each(|value| *value += each);
                    }
                }
            }
        }
    }
}

/// Places of the spikes of the readout within their samples, each with its factor.
fn factors(twin: &Twin<'_>) -> impl Iterator<Item = (usize, f64)> {
    let neurons = twin.model.readout.neurons;
    let rows = (0..twin.batch.samples).flat_map(move |sample| twin.batch.rows(sample, neurons));
    rows.flat_map(move |row| row..row + neurons).map(|at| (at, drawn(at, 9)))
}

/// Populations that are not read.
fn others(twin: &Twin<'_>) -> impl Iterator<Item = usize> {
    (0..twin.model.neurons.len()).filter(|place| *place != twin.model.readout.population())
}

/// Spikes a neuron and step of a sample.
fn rate(twin: &Twin<'_>, place: usize, sample: usize, trail: &Trail) -> f64 {
    let n = twin.model.neurons[place].registers.len();
    let count: f64 = twin.batch.rows(sample, n).map(|row| trail.spikes[row..row + n].iter().sum::<f64>()).sum();
    count / (twin.batch.lengths[sample] * n) as f64
}

/// The threshold of a neuron, in which its voltage counts.
fn unit(twin: &Twin<'_>, neuron: usize) -> f64 {
    f64::from(twin.model.neurons[twin.model.readout.population()].registers.v_th[neuron])
}

/// The place of a neuron of the readout in a step of a sample.
fn place(twin: &Twin<'_>, step: usize, sample: usize, neuron: usize) -> usize {
    (step * twin.batch.samples + sample) * twin.model.readout.neurons + neuron
}

/// Windows of a sample, each with every neuron.
fn asked(twin: &Twin<'_>, sample: usize) -> impl Iterator<Item = (Range<usize>, usize)> {
    let (reading, length) = (twin.model.readout, twin.batch.lengths[sample]);
    reading.windows(length).flat_map(move |window| (0..reading.neurons).map(move |neuron| (window.clone(), neuron)))
}

/// The scores of a sample.
fn scores(twin: &Twin<'_>, by: ReadBy, trail: &Trail, sample: usize) -> Vec<f64> {
    let of = |(window, neuron): (Range<usize>, usize)| match by {
        ReadBy::Voltage => trail.potentials[place(twin, window.end - 1, sample, neuron)] / unit(twin, neuron),
        _ => window.map(|step| trail.spikes[place(twin, step, sample, neuron)]).sum(),
    };
    asked(twin, sample).map(of).collect()
}

/// Labels of a sample; where it has several answers, every fourth has none.
fn labels(twin: &Twin<'_>, sample: usize) -> (AnswerShape, Vec<(usize, usize)>) {
    let shape = twin.model.answer_shape(twin.batch.lengths[sample]);
    let known = (0..shape.count()).filter(|answer| answer % 4 != 3);
    (shape, known.map(|answer| (answer, (sample + answer) % shape.classes)).collect())
}

/// The loss of a sample: the mean over its answers that have a label.
fn loss(twin: &Twin<'_>, kind: Loss, sample: usize, scores: &[f64]) -> f64 {
    let (shape, labels) = labels(twin, sample);
    let own = |answer: usize| shape.scores_of(answer).map(|at| scores[at]).collect::<Vec<f64>>();
    labels.iter().map(|(answer, label)| real(kind, &own(*answer), *label)).sum::<f64>() / labels.len() as f64
}

/// A loss in real numbers.
fn real(kind: Loss, scores: &[f64], label: usize) -> f64 {
    match kind {
        Loss::CrossEntropy => {
            let all: f64 = scores.iter().map(|score| (PER_SCORE * score).exp()).sum();
            all.ln() - PER_SCORE * scores[label]
        }
        Loss::TargetSpikes => {
            let target = |class| TARGET_SPIKES[usize::from(class != label)];
            scores.iter().enumerate().map(|(class, score)| (score - target(class)).powi(2) / 2.0).sum()
        }
    }
}

/// The derivatives of the loss of a sample by its scores, as they are trained with.
fn slopes(twin: &Twin<'_>, kind: Loss, sample: usize, scores: &[f64]) -> Vec<f32> {
    let loss = ReadoutLoss { kind, per_score: PER_SCORE as f32, target_spikes: TARGET_SPIKES.map(|own| own as f32) };
    let (shape, labels) = labels(twin, sample);
    let mut slopes = vec![0.0; scores.len()];
    for (answer, label) in &labels {
        let own: Vec<f32> = shape.scores_of(*answer).map(|at| scores[at] as f32).collect();
        let mut own_slopes = vec![0.0; own.len()];
        loss.of(&own, *label, &mut own_slopes);
        shape.scores_of(*answer).zip(own_slopes).for_each(|(at, slope)| slopes[at] = slope / labels.len() as f32);
    }
    slopes
}

/// Whole spikes of the readout, so drawn that the first comes late in some classes, and never in one.
fn fired(twin: &Twin<'_>) -> Vec<f32> {
    let all = twin.batch.steps * twin.batch.samples * twin.model.readout.neurons;
    (0..all).map(|at| f32::from(u8::from(drawn(at, 22) > 0.5))).collect()
}

/// A loss of first spikes about whole ones: the score has a derivative by each spike while all others are whole.
fn first_spikes(twin: &Twin<'_>, kind: Loss, sample: usize, fired: &[f32], spikes: &[f64]) -> f64 {
    // The score of a neuron in a window, of spikes that are chances.
    let score = |(window, neuron): (Range<usize>, usize), spike: &dyn Fn(usize) -> f64| {
        let (mut score, mut silent) = (0.0, 1.0);
        for step in window.clone() {
            let own = spike(place(twin, step, sample, neuron));
            score += silent * own * (window.end - step) as f64;
            silent *= 1.0 - own;
        }
        score
    };
    let whole = |at: usize| f64::from(fired[at]);
    let scores: Vec<f64> = asked(twin, sample).map(|own| score(own, &whole)).collect();
    let one_by_one = |(window, neuron): (Range<usize>, usize)| -> f64 {
        let moved = window.clone().map(|step| place(twin, step, sample, neuron));
        let at_one = |own: usize| move |at: usize| if at == own { spikes[at] } else { whole(at) };
        moved.map(|own| score((window.clone(), neuron), &at_one(own))).sum()
    };
    let slopes = slopes(twin, kind, sample, &scores);
    slopes.iter().zip(asked(twin, sample)).map(|(slope, own)| f64::from(*slope) * one_by_one(own)).sum()
}
