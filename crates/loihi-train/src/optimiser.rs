//! `AdamW` (Loshchilov and Hutter) on weights in units of their mantissas.

use serde::{Deserialize, Serialize};

/// How the learning rate changes over training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// Half a cosine from `rate` to 0.
    #[default]
    Cosine,
    /// `rate` all the time.
    Constant,
}

/// What a step of the optimiser does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// Learning rate of this step: about what a weight moves.
    pub rate: f32,
    /// What the means of gradients and of their squares keep.
    pub betas: [f32; 2],
    /// Share of a weight that a step takes away at a rate of 1.
    pub weight_decay: f32,
}

/// Means that the optimiser keeps of a group of weights.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moments {
    /// Of gradients.
    pub first: Vec<f32>,
    /// Of their squares.
    pub second: Vec<f32>,
}

impl Moments {
    /// Of as many weights, before the first step.
    pub fn new(weights: usize) -> Self {
        Self { first: vec![0.0; weights], second: vec![0.0; weights] }
    }
}

impl Schedule {
    /// The share of the rate after a share of all steps.
    pub fn share(self, done: f64) -> f64 {
        match self {
            Self::Cosine => f64::midpoint(1.0, (std::f64::consts::PI * done.clamp(0.0, 1.0)).cos()),
            Self::Constant => 1.0,
        }
    }
}

impl AdamW {
    /// Moves weights by their gradients in step `number`, from 1, and holds them to `range`.
    pub fn step(&self, number: u32, weights: &mut [f32], gradients: &[f32], moments: &mut Moments, range: [f32; 2]) {
        let [keep_first, keep_second] = self.betas;
        // Means start at 0, and are divided by what they have seen.
        let seen = |keep: f32| {
            #[expect(clippy::cast_possible_truncation, reason = "a share")]
            let seen = (1.0 - f64::from(keep).powf(f64::from(number.max(1)))) as f32;
            seen
        };
        let (first_seen, second_seen) = (seen(keep_first), seen(keep_second));
        let kept = 1.0 - self.rate * self.weight_decay;
        let means = moments.first.iter_mut().zip(&mut moments.second);
        for ((weight, gradient), (first, second)) in weights.iter_mut().zip(gradients).zip(means) {
            *first += (1.0 - keep_first) * (gradient - *first);
            *second += (1.0 - keep_second) * (gradient * gradient - *second);
            let direction = (*first / first_seen) / ((*second / second_seen).sqrt() + 1e-12);
            *weight = (*weight * kept - self.rate * direction).clamp(range[0], range[1]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bowl_is_descended_and_the_first_step_is_the_rate() {
        let adam = AdamW { rate: 0.5, betas: [0.9, 0.999], weight_decay: 0.0 };
        let (mut weights, mut moments) = (vec![10.0, -3.0], Moments::new(2));
        adam.step(1, &mut weights, &[4.0, -1e-3], &mut moments, [-254.0, 254.0]);
        assert_eq!(weights, [9.5, -2.5]);
        for number in 2..200 {
            let gradients: Vec<f32> = weights.iter().map(|weight| weight - 1.0).collect();
            let rate = 0.5 * f32::from(200 - u8::try_from(number).unwrap()) / 200.0;
            AdamW { rate, ..adam }.step(number, &mut weights, &gradients, &mut moments, [-254.0, 254.0]);
        }
        assert!(weights.iter().all(|weight| (weight - 1.0).abs() < 0.1), "{weights:?}");
        adam.step(200, &mut weights, &[-1.0, -1.0], &mut moments, [-1.0, 1.0]);
        assert_eq!(weights, [1.0, 1.0]);
    }

    #[test]
    fn a_cosine_falls_from_one_to_nothing() {
        assert!((Schedule::Cosine.share(0.0) - 1.0).abs() < 1e-12 && Schedule::Cosine.share(1.0).abs() < 1e-12);
        assert!((Schedule::Cosine.share(0.5) - 0.5).abs() < 1e-12);
    }
}
