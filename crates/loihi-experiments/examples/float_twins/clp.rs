//! Continually learning prototypes with real weights.
//!
//! The rule is that of `loihi_core::rules::Clp`.

use crate::Twin;
use crate::encoder::{Encoder, Spikes};
use crate::setup::Setup;
use loihi_core::rules::{ClpMode, ClpParams};
use std::error::Error;

/// A prototype, apart from its weights.
struct Prototype {
    class: usize,
    /// What it was used for, its recruitment included.
    uses: f32,
    /// Length of its weights.
    length: f32,
}

/// Prototypes, by their places, of a sample.
#[derive(Default)]
struct Found {
    /// The most similar one.
    best: Option<usize>,
    /// The most similar one of the sample's class.
    own: Option<usize>,
    /// How many the sample's class has.
    of_class: usize,
}

/// Prototypes that are recruited, and move.
pub(crate) struct ClpTwin {
    params: ClpParams,
    encoder: Encoder,
    posts: usize,
    prototypes: Vec<Prototype>,
    /// Those of an input side by side, one for every prototype that there can be.
    weights: Vec<f32>,
    spikes: Spikes,
    /// Length of the sample.
    length: f32,
    /// Of the sample to every prototype: the cosine, 0 if it is negative.
    similarities: Vec<f32>,
}

impl ClpTwin {
    /// No prototypes.
    ///
    /// # Errors
    /// If the experiment has no rate encoder.
    pub(crate) fn new(setup: &Setup, params: ClpParams) -> Result<Self, Box<dyn Error>> {
        let matrix = setup.weights(0)?;
        Ok(Self {
            params,
            encoder: Encoder::new(setup, params.steps)?,
            posts: matrix.neurons,
            prototypes: Vec::new(),
            weights: matrix.weights,
            spikes: Spikes::default(),
            length: 0.0,
            similarities: Vec::new(),
        })
    }

    /// Compares the sample with all prototypes.
    fn compare(&mut self) {
        let mut products = vec![0.0_f32; self.prototypes.len()];
        for (input, count) in &self.spikes.counts {
            let row = &self.weights[input * self.posts..];
            products.iter_mut().zip(row).for_each(|(product, weight)| *product += count * weight);
        }
        let lengths = self.prototypes.iter().map(|prototype| prototype.length * self.length);
        self.similarities.clear();
        let cosine = |(product, lengths): (f32, f32)| if lengths > 0.0 { (product / lengths).max(0.0) } else { 0.0 };
        self.similarities.extend(products.into_iter().zip(lengths).map(cosine));
    }

    fn most_similar(&self, among: impl Fn(&Prototype) -> bool) -> Option<usize> {
        let mut best = None;
        for (post, _) in self.prototypes.iter().enumerate().filter(|(_, prototype)| among(prototype)) {
            if best.is_none_or(|best: usize| self.similarities[post] > self.similarities[best]) {
                best = Some(post);
            }
        }
        best
    }

    fn found(&self, label: usize) -> Found {
        Found {
            best: self.most_similar(|_| true),
            own: self.most_similar(|prototype| prototype.class == label),
            of_class: self.prototypes.iter().filter(|prototype| prototype.class == label).count(),
        }
    }

    /// Makes a prototype of the sample.
    fn recruit(&mut self, class: usize) {
        let post = self.prototypes.len();
        self.prototypes.push(Prototype { class, uses: 1.0, length: 0.0 });
        self.write(post, 0.0, self.scale());
    }

    /// Moves a prototype towards the sample by its own rate times `share`; away from it if that is negative.
    fn change(&mut self, post: usize, share: f32) {
        let similarity = self.similarities[post];
        let prototype = &mut self.prototypes[post];
        let least = real(self.params.rate_min_256) / 256.0;
        let rate = (1.0 / (1.0 + prototype.uses)).max(least) * share;
        if rate > 0.0 {
            prototype.uses += 1.0;
        }
        self.write(post, 1.0 - rate * similarity, rate * self.scale());
    }

    /// Brings the sample to the length of prototypes.
    fn scale(&self) -> f32 {
        real(self.params.length) / self.length
    }

    /// Weights of a prototype become `keep` of what they were, and `count` for every spike of the sample.
    fn write(&mut self, post: usize, keep: f32, count: f32) {
        let mut own = self.weights.iter_mut().skip(post).step_by(self.posts).collect::<Vec<_>>();
        for weight in &mut own {
            **weight *= keep;
        }
        for (input, spikes) in &self.spikes.counts {
            *own[*input] += count * spikes;
        }
        self.prototypes[post].length = own.iter().map(|weight| weight.powi(2)).sum::<f32>().sqrt();
    }
}

impl Twin for ClpTwin {
    fn answer(&mut self, values: &[u8]) -> Option<usize> {
        self.spikes = self.encoder.encode(values);
        self.length = self.spikes.counts.iter().map(|(_, count)| count.powi(2)).sum::<f32>().sqrt();
        self.compare();
        self.most_similar(|_| true).map(|best| self.prototypes[best].class)
    }

    fn learn(&mut self, label: usize, _: f32) {
        if self.length == 0.0 {
            return;
        }
        let found = self.found(label);
        let wrong = found.best.filter(|best| self.prototypes[*best].class != label);
        let similarity_min = real(self.params.similarity_min_256) / 256.0;
        let is_new = found.best.is_none_or(|best| self.similarities[best] < similarity_min);
        let most = usize::try_from(self.params.class_prototypes_max).unwrap_or(usize::MAX);
        if (wrong.is_some() || is_new) && found.of_class < most && self.prototypes.len() < self.posts {
            self.recruit(label);
        } else if self.params.mode == ClpMode::Adaptive {
            if let Some(own) = found.own {
                self.change(own, 1.0);
            }
            if let Some(wrong) = wrong.filter(|_| self.params.repulsion_256 > 0) {
                self.change(wrong, -real(self.params.repulsion_256) / 256.0);
            }
        }
    }
}

/// A parameter of at most 24 bits.
#[expect(clippy::cast_precision_loss, reason = "24 bits are held")]
fn real(parameter: u32) -> f32 {
    parameter as f32
}
