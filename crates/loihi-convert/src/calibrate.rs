//! How far the activations of each layer reach: the largest that a rate of one spike a step stands for.
//!
//! Of a layer, or of each of its channels, it is a percentile of the activations above 0 (Rueckauer and others, 2017): the few
//! that are larger would make all others slow.

use crate::ann::{Activation, Ann, Map, Ready, Source, channels};
use crate::error::ConvertError;
use crate::inputs::{BATCH, forward};
use loihi_data::Sample;
use loihi_train::threads::each;
use std::num::NonZeroUsize;

/// Most samples that are looked at.
pub const SAMPLES_MAX: usize = 1000;
/// Least scale of a channel, in parts of the largest one of its layer.
const CHANNEL_LEAST: f32 = 0.25;
/// Most activations that are kept at a time.
const ACTIVATIONS_MAX: usize = 1 << 26;

loihi_files::choices! {
    /// What has a scale of its own.
    #[derive(Default)]
    pub enum By {
        /// Every layer
        #[default]
        Layer = "layer",
        /// Every channel of a layer
        Channel = "channel",
    }
}

/// How far activations reach.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Calibration {
    /// By layer and channel: the activation that is one spike a step.
    pub largest: Vec<Vec<f32>>,
    /// Largest magnitude of a score.
    pub score: f32,
    /// Lowest and highest percentile of the largest score of a sample.
    pub winners: [f32; 2],
    /// Layers that were never active.
    pub silent: Vec<String>,
    /// Samples that were looked at.
    pub samples: usize,
}

/// Looks at samples; `percentile` is above 0, at most 100.
///
/// # Errors
/// [`ConvertError::Unfit`].
pub fn calibrate(
    ann: &Ann,
    samples: &[Sample],
    percentile: f64,
    by: By,
    jobs: NonZeroUsize,
) -> Result<Calibration, ConvertError> {
    let ready = Ready::new(ann).map_err(ConvertError::Network)?;
    let neurons: usize = ready.layers.iter().map(crate::ann::ReadyLayer::neurons).sum();
    let count = samples.len().min(SAMPLES_MAX).min((ACTIVATIONS_MAX / neurons.max(1)).max(1));
    let mut parts: Vec<&[Sample]> = samples[..count].chunks(BATCH).collect();
    let all = each(&mut parts, jobs, |_, part| forward(&ready, part)).into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut found =
        Calibration { largest: Vec::new(), score: 0.0, winners: [0.0, 0.0], silent: Vec::new(), samples: count };
    for (at, layer) in ann.layers.iter().enumerate() {
        let [own_channels, each] = channels(&layer.shape);
        let groups = if by == By::Channel { own_channels } else { 1 };
        let mut active: Vec<Vec<f32>> = vec![Vec::new(); groups];
        for row in all.iter().flat_map(|part| part[at].chunks(layer.neurons())) {
            for (channel, row) in row.chunks(each).enumerate() {
                active[channel % groups].extend(row.iter().filter(|own| **own > 0.0));
            }
        }
        let of_all = active.iter_mut().map(|own| percentile_of(own, percentile)).collect::<Vec<_>>();
        let most = of_all.iter().flatten().copied().fold(0.0_f32, f32::max);
        if most <= 0.0 && layer.activation != Activation::Linear {
            found.silent.push(layer.name.clone());
        }
        // Channels share a threshold: one with small activations would coarsen the weights of all others.
        let fallback = if most > 0.0 { most } else { 1.0 };
        let least = CHANNEL_LEAST * fallback;
        let clip = if let Activation::Clip(clip) = layer.activation { clip } else { f32::INFINITY };
        let mut largest: Vec<f32> = of_all.iter().map(|own| own.unwrap_or(fallback).max(least).min(clip)).collect();
        if by == By::Layer {
            largest = vec![largest[0]; own_channels];
        }
        found.largest.push(largest);
        follow_pool(ann, at, &mut found.largest);
    }
    found.of_scores(ann, &all);
    Ok(found)
}

/// Of these, the one that a share of them does not exceed; `None` if there are no values.
fn percentile_of(values: &mut [f32], percentile: f64) -> Option<f32> {
    let last = values.len().checked_sub(1)?;
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place")]
    let place = (percentile / 100.0 * last as f64).round() as usize;
    let (_, found, _) = values.select_nth_unstable_by(place.min(last), f32::total_cmp);
    Some(*found)
}

/// All windows of a pool have one weight, so that its channels keep the proportions of those before.
fn follow_pool(ann: &Ann, at: usize, largest: &mut [Vec<f32>]) {
    let [way] = &*ann.layers[at].ways else { return };
    if !matches!(way.map, Map::Pool(..)) {
        return;
    }
    let before = match way.from {
        Source::Input => vec![1.0; largest[at].len()],
        Source::Layer(before) => largest[before].clone(),
    };
    let share = largest[at].iter().zip(&before).map(|(own, before)| own / before).fold(0.0, f32::max);
    let share = if share > 0.0 { share } else { 1.0 };
    largest[at] = before.iter().map(|before| before * share).collect();
}

impl Calibration {
    /// How far scores reach.
    fn of_scores(&mut self, ann: &Ann, all: &[Vec<Vec<f32>>]) {
        let Some(last) = ann.layers.last() else { return };
        let rows = || all.iter().filter_map(|part| part.last()).flat_map(|part| part.chunks(last.neurons()));
        self.score = rows().flatten().fold(0.0, |most, own| own.abs().max(most));
        let mut winners: Vec<f32> = rows().map(|row| row.iter().copied().fold(f32::NEG_INFINITY, f32::max)).collect();
        self.winners = [1.0, 99.0].map(|share| percentile_of(&mut winners, share).unwrap_or(0.0));
    }

    /// By neuron of a layer: the activation that is one spike a step.
    pub fn per_neuron(&self, ann: &Ann, at: usize) -> Vec<f32> {
        let [_, each] = channels(&ann.layers[at].shape);
        self.largest[at].iter().flat_map(|own| std::iter::repeat_n(*own, each)).collect()
    }
}
