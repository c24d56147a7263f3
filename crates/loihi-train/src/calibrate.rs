//! Thresholds from data, before training: a network learns little while its neurons spike all the time, or never.

use crate::batch::Batch;
use crate::layers::Model;
use crate::pass::Workspace;
use loihi_core::num::ThresholdMantissa;
use loihi_net::network::ReadBy;

/// Chooses the thresholds of populations into which weights are trained, one for all neurons of each, layer after layer: the
/// least ones at which no more than a share of the neurons spikes in a step. That of a readout by voltage is a unit, and stays.
pub fn thresholds(model: &mut Model, batch: &Batch, share: f64) {
    let mut workspace = Workspace::default();
    workspace.begin(model, batch);
    for group in model.groups.clone() {
        workspace.arrive(model, batch, &group);
        for place in &group {
            let is_unit = model.readout.by() == ReadBy::Voltage && model.readout.population() == *place;
            if !is_unit && model.trains_weights_into(*place) {
                choose(model, &mut workspace, batch, &group, *place, share);
            }
        }
        workspace.arrive(model, batch, &group);
        workspace.advance(model, batch, &group, None);
    }
}

/// The threshold of a population: its rate falls as that rises, so that the least mantissa is found by halves.
fn choose(model: &mut Model, workspace: &mut Workspace, batch: &Batch, group: &[usize], place: usize, share: f64) {
    let is_circle = model.synapses.iter().any(|own| own.is_within(group));
    let (mut low, mut high) = (0, ThresholdMantissa::MAX);
    while low < high {
        let middle = low + (high - low) / 2;
        model.set_v_th(place, middle);
        if is_circle {
            // Sums have what the group has sent to itself.
            workspace.arrive(model, batch, group);
        }
        workspace.advance(model, batch, group, None);
        if rate(model, workspace, batch, place) > share { low = middle + 1 } else { high = middle }
    }
    model.set_v_th(place, low);
}

/// Spikes a neuron and step.
fn rate(model: &Model, workspace: &Workspace, batch: &Batch, place: usize) -> f64 {
    let [spikes, turns] = batch.count(&workspace.trail(place).spikes, model.neurons[place].registers.len());
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let rate = spikes as f64 / turns.max(1) as f64;
    rate
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::TrainForm;
    use loihi_net::network::{Connection, Network, Population};
    use loihi_run::inference::Stimulus;

    /// A voltage is read in units of its threshold, which the file has set; a threshold of spikes is chosen, by the steps that
    /// samples have.
    #[test]
    fn the_threshold_of_a_readout_by_voltage_stays() {
        for by in [ReadBy::Spikes, ReadBy::FirstSpike, ReadBy::Voltage] {
            let mut network = Network::new("n");
            let out = Population::new("out", 1).decay_u(4096).decay_v(4096).v_th(77);
            let (input, out) = (network.input("in", 2), network.population(out));
            network.connect(Connection::new(input, out, [20, 40]));
            network.read(out, by);
            let mut model = Model::new(&network, &TrainForm::default()).unwrap();
            // The first sample is over after its two steps: two spikes by the larger weight in 10 steps are too many, in 16 they
            // would not be.
            let stimuli = vec![
                Stimulus::new(2).spikes([(0, 0, 1), (1, 0, 1)]),
                Stimulus::new(8).spikes((0..8).map(|step| (step, 0, 0))),
            ];
            thresholds(&mut model, &Batch::new(&network, stimuli), 0.15);
            let expected = if by == ReadBy::Voltage { 77 } else { 40 };
            assert_eq!(model.neurons[0].registers.v_th, [expected << 6], "{by:?}");
        }
    }
}
