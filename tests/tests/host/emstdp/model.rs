//! EMSTDP in plain integers: a slow model of chip and rule.

use super::net::{Net, Outcome, number};
use crate::taught::Sample;
use loihi_core::num::lowbias32;
use loihi_core::tools::local_error::NO_TARGET;

/// What the model remembers of a layer's post within a sample.
#[derive(Clone, Default)]
struct Post {
    v: i64,
    bias: i64,
    fired: bool,
    error: i64,
    sent: i64,
    counts: [i64; 2],
    is_early: bool,
}

/// The model.
pub(super) struct Model {
    pub(super) net: Net,
    pub(super) updates: i32,
}

fn rounded(value: i64, shift: u32) -> i64 {
    (2 * value + (1 << shift)).div_euclid(2 << shift)
}

impl Model {
    pub(super) fn run(mut self, samples: &[Sample]) -> Outcome {
        let outputs = samples.iter().map(|(values, targets)| self.show(values, targets)).collect();
        let weights = self.net.layers.iter().map(|layer| layer.weights.concat()).collect();
        Outcome { outputs, weights, updates: vec![self.updates] }
    }

    /// A sample; returns what is answered.
    fn show(&mut self, values: &[i16], targets: &[i16]) -> Vec<i32> {
        let (phase, full) = (self.net.params.phase_steps, self.net.full_scale);
        let is_taught = targets.iter().any(|target| *target != NO_TARGET);
        let mut posts: Vec<Vec<Post>> =
            self.net.layers.iter().map(|layer| vec![Post::default(); layer.posts()]).collect();
        let mut filled: Vec<u32> =
            (1..=number(values.len())).map(|input| ((lowbias32(input) >> 16) * full) >> 16).collect();
        let mut pre = vec![0; values.len()];
        let mut answer = vec![0; targets.len()];
        for t in 1..=2 * phase + 1 {
            let mut arrived = Vec::new();
            for (input, (filled, value)) in filled.iter_mut().zip(values).enumerate() {
                *filled += u32::try_from(*value).unwrap();
                if *filled >= full {
                    *filled -= full;
                    arrived.push(input);
                }
            }
            if (3..=phase + 2).contains(&t) {
                for input in &arrived {
                    pre[*input] += 1;
                }
            }
            let before = posts.clone();
            for (layer, posts) in self.net.layers.iter().zip(&mut posts) {
                // A spike reaches the layer above a step later.
                let next: Vec<usize> = (0..posts.len()).filter(|post| posts[*post].fired).collect();
                for (number, post) in posts.iter_mut().enumerate() {
                    post.v += post.bias + arrived.iter().map(|axon| 128 * layer.weights[*axon][number]).sum::<i64>();
                    post.fired = post.v > layer.v_th();
                    post.v = if post.fired { 0 } else { post.v };
                }
                arrived = next;
            }
            if is_taught && t > phase {
                self.send_errors(&mut posts, &before, targets);
            }
            for (answer, post) in answer.iter_mut().zip(posts.last().unwrap()) {
                *answer += i32::from(post.fired && (!is_taught || t < phase));
            }
            for post in posts.iter_mut().flatten().filter(|post| post.fired) {
                post.counts[usize::from(t > phase + 1)] += i64::from(t >= 2);
                post.is_early |= t < phase;
            }
        }
        if is_taught {
            self.learn(&pre, &posts);
        }
        answer
    }

    /// `before` is how everything was after the step before.
    fn send_errors(&self, posts: &mut [Vec<Post>], before: &[Vec<Post>], targets: &[i16]) {
        let mut hidden = 0;
        let last = posts.len() - 1;
        for (at, layer) in self.net.layers.iter().enumerate() {
            for (number, post) in posts[at].iter_mut().enumerate() {
                post.bias = 128 * layer.drive * post.sent;
                post.error += if at == last {
                    match (targets[number], before[at][number].fired) {
                        (0, true) => -1,
                        (target, false) if target != 0 && target != NO_TARGET => 1,
                        _ => 0,
                    }
                } else if let Some(direct) = &self.net.direct {
                    direct[hidden + number].iter().zip(&before[last]).map(|(weight, post)| weight * post.sent).sum()
                } else {
                    let weights = &self.net.layers[at + 1].weights[number];
                    weights.iter().zip(&before[at + 1]).map(|(weight, post)| weight * post.sent).sum()
                };
                post.sent = 0;
                if post.error.abs() >= layer.error_threshold {
                    post.sent = if at == last || post.is_early { post.error.signum() } else { 0 };
                    post.error = 0;
                }
            }
            hidden += layer.posts();
        }
    }

    fn learn(&mut self, pre: &[i64], posts: &[Vec<Post>]) {
        let mut counts = pre.to_vec();
        for (layer, posts) in self.net.layers.iter_mut().zip(posts) {
            self.updates += 1;
            for (count, row) in counts.iter().zip(&mut layer.weights) {
                for (weight, post) in row.iter_mut().zip(posts) {
                    let change = rounded(count * (post.counts[1] - post.counts[0]), self.net.params.shift);
                    *weight = (*weight + change).clamp(-127, 127);
                }
            }
            counts = posts.iter().map(|post| post.counts[0]).collect();
        }
    }
}
