//! The loss: a function of the readout's scores, and of how much all others spike.

use serde::{Deserialize, Serialize};

/// How the answer of the readout and the class of a sample become a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Cross-entropy of the classes by their scores.
    #[default]
    CrossEntropy,
    /// Squared distance of spike counts from `target_spikes`, as SLAYER has it.
    TargetSpikes,
}

/// The loss of the readout, with its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReadoutLoss {
    /// Which one.
    pub kind: Loss,
    /// What a spike, or another unit of a score, adds to the logit of its class.
    pub per_score: f32,
    /// Spikes of the right class, and of each of the others.
    pub target_spikes: [f32; 2],
}

impl ReadoutLoss {
    /// The loss of a sample, and its derivative by the scores, left in `slopes`.
    pub fn of(&self, scores: &[f32], label: usize, slopes: &mut [f32]) -> f32 {
        match self.kind {
            Loss::CrossEntropy => self.cross_entropy(scores, label, slopes),
            Loss::TargetSpikes => self.distance(scores, label, slopes),
        }
    }

    fn cross_entropy(&self, scores: &[f32], label: usize, slopes: &mut [f32]) -> f32 {
        let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0.0;
        for (slope, score) in slopes.iter_mut().zip(scores) {
            *slope = (self.per_score * (score - highest)).exp();
            sum += *slope;
        }
        let mut loss = 0.0;
        for (class, (slope, score)) in slopes.iter_mut().zip(scores).enumerate() {
            let is_label = f32::from(u8::from(class == label));
            loss -= is_label * (self.per_score * (score - highest) - sum.ln());
            *slope = self.per_score * (*slope / sum - is_label);
        }
        loss
    }

    fn distance(&self, scores: &[f32], label: usize, slopes: &mut [f32]) -> f32 {
        let [right, wrong] = self.target_spikes;
        let mut loss = 0.0;
        for (class, (slope, score)) in slopes.iter_mut().zip(scores).enumerate() {
            let off = score - if class == label { right } else { wrong };
            loss += off * off / 2.0;
            *slope = off;
        }
        loss
    }
}

/// Keeps the mean rate of a population in a sample within bounds: `strength · (r - nearest bound)^2`, `r` in spikes a neuron and
/// step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateLoss {
    /// Least and largest rate that cost nothing.
    pub bounds: [f32; 2],
    /// What a squared excess counts.
    pub strength: f32,
}

impl RateLoss {
    /// The loss at a rate, and its derivative.
    pub fn of(&self, rate: f32) -> [f32; 2] {
        let [low, high] = self.bounds;
        let excess = rate - rate.clamp(low, high);
        [self.strength * excess * excess, 2.0 * self.strength * excess]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Derivatives are those of finite differences.
    #[test]
    fn derivatives_are_finite_differences() {
        let scores = [3.0, 0.0, 7.0, 5.5];
        for kind in [Loss::CrossEntropy, Loss::TargetSpikes] {
            let loss = ReadoutLoss { kind, per_score: 0.4, target_spikes: [6.0, 1.0] };
            let (mut slopes, mut unread) = ([0.0; 4], [0.0; 4]);
            loss.of(&scores, 3, &mut slopes);
            for class in 0..4 {
                let mut at = |off: f32| {
                    let mut moved = scores;
                    moved[class] += off;
                    loss.of(&moved, 3, &mut unread)
                };
                let difference = (at(0.01) - at(-0.01)) / 0.02;
                assert!((difference - slopes[class]).abs() < 1e-2, "{kind:?} {class}: {difference}, {slopes:?}");
            }
        }
        let rates = RateLoss { bounds: [0.1, 0.2], strength: 3.0 };
        for rate in [0.0_f32, 0.15, 0.5] {
            let difference = (rates.of(rate + 0.01)[0] - rates.of(rate - 0.01)[0]) / 0.02;
            assert!((difference - rates.of(rate)[1]).abs() < 1e-4, "{rate}");
        }
    }
}
