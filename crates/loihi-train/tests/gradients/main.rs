//! The backward pass against finite differences of a smooth twin: every kind of connection, of neuron and of loss, by every kind
//! of value that is trained.

#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "small numbers of tests"
)]

mod losses;
mod networks;
mod twin;

use loihi_adjoint::arithmetic::{Derivatives, Reset};
use loihi_adjoint::rate::Backward;
use loihi_core::image::Profile;
use loihi_core::num::Delay;
use loihi_net::network::{Each, Endpoint, Network, Population, ReadBy, Readout};
use loihi_run::inference::Stimulus;
use loihi_train::TrainError;
use loihi_train::batch::Batch;
use loihi_train::layers::Model;
use loihi_train::loss::Loss;
use loihi_train::parameter::{Parameters, Place};
use loihi_train::pass::Workspace;
use loihi_train::settings::TrainForm;
use losses::Goal;
use networks::{
    PLAIN, STEPS, SparseDelays, drawn, driven_layers, joins, layers, maps, of_two_profiles, trees, windows,
};
use twin::{Moved, Trail, Twin};

/// How far a value is moved: less than keeps two voltages apart.
const OFF: f64 = 1e-5;

const REGISTERS: &str =
    "decay_u = { rate = 1.0 }\ndecay_v = { rate = 1.0 }\nv_th = { rate = 1.0 }\nbias = { rate = 1.0 }";

#[test]
fn gradients_of_plain_neurons_are_finite_differences() {
    compare(&layers(of_two_profiles()), Goal::Factors, REGISTERS);
}

/// Of a network whose voltages are not reset.
#[test]
fn gradients_past_resets_are_finite_differences() {
    compare(&layers(of_two_profiles()), Goal::Factors, &format!("{REGISTERS}\nbackward = \"kernel\""));
}

#[test]
fn gradients_of_neurons_with_biases_and_voltages_at_the_start_are_finite_differences() {
    compare(&driven_layers(), Goal::Factors, REGISTERS);
}

#[test]
fn gradients_of_every_kind_of_connection_are_finite_differences() {
    compare(&windows(SparseDelays::Connection), Goal::Factors, REGISTERS);
    compare_as(&windows(SparseDelays::Synapses), Goal::Factors, REGISTERS);
}

#[test]
fn gradients_of_neurons_of_several_compartments_are_finite_differences() {
    for network in trees() {
        compare(&network, Goal::Factors, REGISTERS);
    }
}

/// A largest and a smallest value are not smooth where two are equal: here a bias, and spikes in the first step, keep them apart
/// from the beginning.
#[test]
fn gradients_of_every_join_of_compartments_are_finite_differences() {
    for network in joins() {
        compare(&network, Goal::Factors, REGISTERS);
    }
}

#[test]
fn gradients_of_neurons_that_wait_are_finite_differences() {
    let hidden = Population::new("hidden", 4).profile(Profile { refractory: 3, ..PLAIN });
    compare(&layers(hidden), Goal::Factors, REGISTERS);
}

/// A voltage that is held by its limits follows nothing; a threshold counts there, too.
#[test]
fn gradients_of_neurons_that_are_held_are_finite_differences() {
    let hidden = Population::new("hidden", 4).profile(Profile { v_min: -2000, v_max: 2500, ..PLAIN });
    compare(&layers(hidden), Goal::Factors, REGISTERS);
}

/// Losses, and what they are of.
const LOSSES: [(Loss, ReadBy); 4] = [
    (Loss::CrossEntropy, ReadBy::Spikes),
    (Loss::TargetSpikes, ReadBy::Spikes),
    (Loss::CrossEntropy, ReadBy::Voltage),
    (Loss::CrossEntropy, ReadBy::FirstSpike),
];

/// With steps that do not count.
#[test]
fn gradients_of_losses_of_the_readout_are_finite_differences() {
    for (kind, by) in LOSSES {
        let mut network = layers(of_two_profiles());
        network.readout = Some(Readout::new(Endpoint::Population(1), by).skip_steps(2));
        compare(&network, Goal::Readout(kind, by), REGISTERS);
    }
}

/// The last window of some samples is shorter.
#[test]
fn gradients_of_losses_of_windows_are_finite_differences() {
    for (kind, by) in LOSSES {
        let mut network = layers(of_two_profiles());
        network.readout = Some(Readout::new(Endpoint::Population(1), by).skip_steps(1).window_steps(4));
        compare(&network, Goal::Readout(kind, by), REGISTERS);
    }
}

#[test]
fn gradients_of_losses_of_pixels_are_finite_differences() {
    for (kind, by, window_steps) in [
        (Loss::CrossEntropy, ReadBy::Spikes, 0),
        (Loss::TargetSpikes, ReadBy::Spikes, 5),
        (Loss::CrossEntropy, ReadBy::Voltage, 0),
    ] {
        let mut network = maps();
        let readout = Readout::new(Endpoint::Population(1), by).per_pixel();
        network.readout = Some(readout.window_steps(window_steps));
        compare(&network, Goal::Readout(kind, by), REGISTERS);
    }
}

#[test]
fn gradients_of_the_loss_of_rates_are_finite_differences() {
    compare(&layers(of_two_profiles()), Goal::Rates, REGISTERS);
}

/// Delays of single synapses are not those of sources.
#[test]
fn delays_of_single_synapses_are_not_trained() {
    let model = |sparse, keys: &str| Model::new(&windows(sparse), &toml::from_str(keys).unwrap());
    let delays = "delay = { rate = 1.0 }";
    let Err(TrainError::Network { what, .. }) = model(SparseDelays::Synapses, delays) else { panic!("it is trained") };
    assert_eq!(
        what,
        "the connection from `maps` to `out`: its synapses have delays of their own, which are not trained: give the \
         connection delays by source"
    );
    // Those of other connections are, and those that the connection has by source.
    let trained = |model: Model| model.parameters.into_iter().map(|own| own.place).collect::<Vec<_>>();
    let elsewhere = trained(model(SparseDelays::Synapses, "delay = { rate = 1.0, into = [\"maps\"] }").unwrap());
    assert!(elsewhere.contains(&Place::Delays(0)) && !elsewhere.contains(&Place::Delays(4)));
    assert!(trained(model(SparseDelays::Connection, delays).unwrap()).contains(&Place::Delays(4)));
}

/// All but delays, and then these, too: the twin takes spikes a step sooner by turns, which no delay of 0 in a circle allows.
fn compare(network: &Network, goal: Goal, keys: &str) {
    compare_as(network, goal, keys);
    let mut later = network.clone();
    for own in later.connections.iter_mut().filter(|own| own.from == Endpoint::Population(own.to)) {
        own.delay = Each::Same(Delay::saturating(1));
    }
    compare_as(&later, goal, &format!("{keys}\ndelay = {{ rate = 1.0 }}"));
}

fn compare_as(network: &Network, goal: Goal, keys: &str) {
    let form: TrainForm = toml::from_str(keys).unwrap();
    let model = Model::new(network, &form).unwrap();
    let batch = batch(network, &model.inputs);
    let reset = if form.backward == Backward::Kernel { Reset::Passes } else { Reset::ThroughSpike };
    let twin = Twin::new(network, model, batch, reset);
    let gradients = gradients(&twin, goal, &twin.forward(None));
    for (own, gradient) in twin.model.parameters.iter().zip(&gradients) {
        let Parameters { place, values, .. } = own;
        assert_eq!(gradient.len(), values.len());
        let largest = gradient.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
        // Into the current of a soma with leaves, nothing may arrive; and a leaf that pushes its current does not push its bias.
        let is_tree = matches!(
            place,
            Place::Register(at, _) | Place::Bias(at) if !twin.model.neurons[*at].branches.leaves.is_empty()
        );
        assert!(largest > 0.0 || is_tree, "{}, {goal:?}: {place:?} has no gradient", network.name);
        for (number, gradient) in gradient.iter().enumerate() {
            let loss = |off: f64| goal.of(&twin, &twin.forward(Some(Moved { place: *place, at: number, off })));
            let difference = (loss(OFF) - loss(-OFF)) / (2.0 * OFF);
            let off = (difference - f64::from(*gradient)).abs();
            assert!(
                off <= 2e-3 * f64::from(largest),
                "{}, {goal:?}, {place:?}, value {number}: {difference} by differences, {gradient} backward, largest {largest}",
                network.name
            );
        }
    }
}

/// Samples of different lengths; the first input spikes in the first step and in 2 of 5 others, further inputs in 1 of 20.
fn batch(network: &Network, inputs: &[usize]) -> Batch {
    let stimulus = |number: u32| {
        let steps = STEPS - number % 2;
        let elements = |(input, elements): (usize, &usize)| (0..*elements).map(move |element| (input, element));
        let all: Vec<(usize, usize)> = inputs.iter().enumerate().flat_map(elements).collect();
        let spikes = (0..steps).flat_map(|step| all.iter().map(move |(input, element)| (step, *input, *element)));
        let fires = |(step, input, element): &(u32, usize, usize)| {
            let least = if *input == 0 { 0.2 } else { 0.9 };
            (*step, *input) == (0, 0) || drawn((number * 100 + step) as usize, input * 100 + element) > least
        };
        Stimulus::new(steps).spikes(spikes.filter(fires))
    };
    Batch::new(network, [1, 2, 3].map(stimulus).to_vec())
}

/// The gradients of the backward pass, from what the twin leaves.
fn gradients(twin: &Twin<'_>, goal: Goal, trails: &[Trail]) -> Vec<Vec<f32>> {
    let mut workspace = Workspace::default();
    let derivatives = Derivatives { reset: twin.reset, ..Derivatives::default() };
    workspace.forward(&twin.model, &twin.batch, Some(derivatives));
    let narrow = |values: &[f64]| values.iter().map(|value| *value as f32).collect::<Vec<f32>>();
    for (place, own) in trails.iter().enumerate() {
        let trail = workspace.trail_mut(place);
        assert_eq!(trail.spikes.len(), own.spikes.len());
        (trail.spikes, trail.slopes) = (narrow(&own.spikes), narrow(&own.slopes));
        (trail.currents, trail.potentials) = (narrow(&own.currents), narrow(&own.potentials));
        trail.keeps = narrow(own.keeps.last().unwrap());
        let routes = |number: usize| own.routes[number].iter().map(|route| route.map(|value| value as f32)).collect();
        for (number, leaf) in trail.leaves.iter_mut().enumerate() {
            (leaf.keeps, leaf.passes) = (narrow(&own.keeps[number]), narrow(&own.passes[number]));
            leaf.routes = routes(number);
        }
        trail.soma.routes = routes(own.routes.len() - 1);
    }
    workspace.clear_derivatives(&twin.model, &twin.batch);
    goal.back(twin, trails, &mut workspace);
    workspace.backward(&twin.model, &twin.batch, Backward::Time);
    let mut gradients = Vec::new();
    workspace.gradients(&twin.model, &twin.batch, twin.reset, &mut gradients);
    gradients
}
