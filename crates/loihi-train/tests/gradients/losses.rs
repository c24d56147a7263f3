//! Losses of the twin in real numbers, and their derivatives as training computes them.

use crate::networks::drawn;
use crate::twin::{Trail, Twin};
use loihi_net::network::ReadBy;
use loihi_train::loss::{Loss, RateLoss, ReadoutLoss};
use loihi_train::pass::Workspace;
use loihi_train::readout::Reading;

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
        let trail = &trails[reading.population];
        let samples = 0..twin.batch.samples;
        match self {
            Self::Factors => factors(twin).map(|(at, factor)| trail.spikes[at] * factor).sum(),
            Self::Readout(kind, ReadBy::FirstSpike) => {
                let fired = fired(twin);
                samples.map(|sample| first_spikes(twin, kind, sample, &fired, &trail.spikes)).sum()
            }
            Self::Readout(kind, by) => {
                samples.map(|sample| real(kind, &scores(twin, by, trail, sample), sample % reading.classes)).sum()
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
                let trail = workspace.trail_mut(twin.model.readout.population);
                factors(twin).for_each(|(at, factor)| trail.by_spikes[at] = factor as f32);
            }
            Self::Readout(kind, by) => {
                let reading = Reading { by, ..twin.model.readout };
                let trail = &trails[reading.population];
                let fired = fired(twin);
                let own = workspace.trail_mut(reading.population);
                for sample in 0..batch.samples {
                    let scores = match by {
                        ReadBy::FirstSpike => {
                            reading.scores(batch, sample, &fired, &[]).into_iter().map(|score| score as f64).collect()
                        }
                        _ => scores(twin, by, trail, sample),
                    };
                    let mut slopes = slopes(kind, &scores, sample % reading.classes);
                    if by == ReadBy::Voltage {
                        slopes.iter_mut().enumerate().for_each(|(class, slope)| *slope /= unit(twin, class) as f32);
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
    let classes = twin.model.readout.classes;
    let rows = (0..twin.batch.samples).flat_map(move |sample| twin.batch.rows(sample, classes));
    rows.flat_map(move |row| row..row + classes).map(|at| (at, drawn(at, 9)))
}

/// Populations that are not read.
fn others(twin: &Twin<'_>) -> impl Iterator<Item = usize> {
    (0..twin.model.neurons.len()).filter(|place| *place != twin.model.readout.population)
}

/// Spikes a neuron and step of a sample.
fn rate(twin: &Twin<'_>, place: usize, sample: usize, trail: &Trail) -> f64 {
    let n = twin.model.neurons[place].registers.len();
    let count: f64 = twin.batch.rows(sample, n).map(|row| trail.spikes[row..row + n].iter().sum::<f64>()).sum();
    count / (twin.batch.lengths[sample] * n) as f64
}

/// The threshold of a class, in which its voltage counts.
fn unit(twin: &Twin<'_>, class: usize) -> f64 {
    f64::from(twin.model.neurons[twin.model.readout.population].registers.v_th[class])
}

/// The place of a class in a step of a sample.
fn place(twin: &Twin<'_>, step: usize, sample: usize, class: usize) -> usize {
    (step * twin.batch.samples + sample) * twin.model.readout.classes + class
}

/// The scores of a sample.
fn scores(twin: &Twin<'_>, by: ReadBy, trail: &Trail, sample: usize) -> Vec<f64> {
    let (reading, length) = (twin.model.readout, twin.batch.lengths[sample]);
    let of = |class: usize| match by {
        ReadBy::Voltage => trail.potentials[place(twin, length - 1, sample, class)] / unit(twin, class),
        _ => (reading.skip..length).map(|step| trail.spikes[place(twin, step, sample, class)]).sum(),
    };
    (0..reading.classes).map(of).collect()
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

/// Its derivatives by the scores, as they are trained with.
fn slopes(kind: Loss, scores: &[f64], label: usize) -> Vec<f32> {
    let loss = ReadoutLoss { kind, per_score: PER_SCORE as f32, target_spikes: TARGET_SPIKES.map(|own| own as f32) };
    let scores: Vec<f32> = scores.iter().map(|score| *score as f32).collect();
    let mut slopes = vec![0.0; scores.len()];
    loss.of(&scores, label, &mut slopes);
    slopes
}

/// Whole spikes of the readout, so drawn that the first comes late in some classes, and never in one.
fn fired(twin: &Twin<'_>) -> Vec<f32> {
    let all = twin.batch.steps * twin.batch.samples * twin.model.readout.classes;
    (0..all).map(|at| f32::from(u8::from(drawn(at, 22) > 0.5))).collect()
}

/// A loss of first spikes about whole ones: the score has a derivative by each spike while all others are whole.
fn first_spikes(twin: &Twin<'_>, kind: Loss, sample: usize, fired: &[f32], spikes: &[f64]) -> f64 {
    let (reading, length) = (twin.model.readout, twin.batch.lengths[sample]);
    // The score of a class, of spikes that are chances.
    let score = |class: usize, spike: &dyn Fn(usize) -> f64| {
        let (mut score, mut silent) = (0.0, 1.0);
        for step in reading.skip..length {
            let own = spike(place(twin, step, sample, class));
            score += silent * own * (length - step) as f64;
            silent *= 1.0 - own;
        }
        score
    };
    let whole = |at: usize| f64::from(fired[at]);
    let scores: Vec<f64> = (0..reading.classes).map(|class| score(class, &whole)).collect();
    let one_by_one = |class: usize| -> f64 {
        let moved = (reading.skip..length).map(|step| place(twin, step, sample, class));
        moved.map(|own| score(class, &|at| if at == own { spikes[at] } else { whole(at) })).sum()
    };
    let slopes = slopes(kind, &scores, sample % reading.classes);
    slopes.iter().enumerate().map(|(class, slope)| f64::from(*slope) * one_by_one(class)).sum()
}
