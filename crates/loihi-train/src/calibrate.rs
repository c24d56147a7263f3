//! Thresholds from data, before training: a network whose neurons spike all the time, or never, learns little.

use crate::batch::Batch;
use crate::layers::Model;
use crate::pass::Workspace;
use loihi_core::num::ThresholdMantissa;

/// Chooses the thresholds of populations into which weights are trained, one for all neurons of each, layer after layer: the
/// least ones at which no more than a share of the neurons spikes in a step.
pub fn thresholds(model: &mut Model, batch: &Batch, share: f64) {
    let mut workspace = Workspace::default();
    workspace.begin(model, batch);
    for group in model.groups.clone() {
        workspace.arrive(model, batch, &group);
        for place in &group {
            if model.synapses.iter().any(|own| own.to == *place && own.trained.is_some()) {
                choose(model, &mut workspace, batch, &group, *place, share);
            }
        }
        workspace.arrive(model, batch, &group);
        workspace.advance(model, batch, &group, None);
    }
}

/// The threshold of a population: its rate falls as that rises, so that the least mantissa is found by halves.
fn choose(model: &mut Model, workspace: &mut Workspace, batch: &Batch, group: &[usize], place: usize, share: f64) {
    let (mut low, mut high) = (0, ThresholdMantissa::MAX);
    while low < high {
        let middle = low + (high - low) / 2;
        set(model, place, middle);
        if group
            .iter()
            .any(|own| model.synapses.iter().any(|synapses| synapses.to == *own && synapses.is_within(group)))
        {
            // Sums have what the group has sent to itself.
            workspace.arrive(model, batch, group);
        }
        workspace.advance(model, batch, group, None);
        if rate(workspace, place) > share { low = middle + 1 } else { high = middle }
    }
    set(model, place, low);
}

fn set(model: &mut Model, place: usize, mantissa: i32) {
    model.neurons[place].registers.v_th.fill(mantissa << 6);
    model.neurons[place].share();
}

/// Spikes a neuron and step.
fn rate(workspace: &Workspace, place: usize) -> f64 {
    let spikes = &workspace.trail(place).spikes;
    let count = spikes.iter().filter(|spike| **spike > 0.0).count();
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let rate = count as f64 / spikes.len().max(1) as f64;
    rate
}
