//! Adaptive control: PES takes off the error of a PD controller what the field's own models take off.

use crate::common::{self, experiment};
use host_harness::experiment::{Experiment, ExperimentError, NoObserver, Outcome, RunOptions};
use host_harness::learn::control::Control;
use host_harness::learn::exchange::Exchange;
use host_harness::network::Network;
use host_harness::network::file::{FileOptions, parse_with};
use host_harness::place::{Placed, PlacementOptions, place};
use host_harness::plant::{Observation, Plant, PlantError, Ports};
use host_harness::task::settings::Settings;
use std::path::Path;

fn run(experiment: Experiment, seed: u32) -> Outcome {
    experiment.run(&mut common::open_host(), &RunOptions { seed, ..RunOptions::default() }, &mut NoObserver).unwrap()
}

fn metric(outcome: &Outcome, name: &str) -> f64 {
    outcome.metrics.get(name).unwrap()
}

/// Three seeds of an experiment; `rms_error_pd` is that of the model in double precision.
fn assert_reduced(experiment: Experiment, reduction_least: f64, rms_error_pd: f64) {
    for seed in [1, 2, 3] {
        let outcome = run(experiment, seed);
        let name = format!("{}, seed {seed}: {:?}", experiment.name, outcome.metrics);
        assert!(metric(&outcome, "reduction") >= reduction_least, "{name}");
        assert!((metric(&outcome, "rms_error_pd") / rms_error_pd - 1.0).abs() < 1e-6, "{name}");
        let reduced = 1.0 - metric(&outcome, "rms_error") / metric(&outcome, "rms_error_pd");
        assert!((metric(&outcome, "reduction") - reduced).abs() < 1e-12, "{name}");
        assert!((5.0..60.0).contains(&metric(&outcome, "spikes_per_step")), "{name}");
        assert_eq!(outcome.ops.decoder_saturations, 0, "{name}");
        assert_eq!((outcome.steps, outcome.digests.len()), (60_000, 15), "{name}");
    }
}

#[test]
fn a_pendulum_of_unknown_weight_and_friction() {
    assert_reduced(experiment("pes-pendulum"), 0.60, 0.039_633_640_241_948_98);
}

#[test]
fn an_arm_with_an_unknown_payload_in_a_force_field() {
    assert_reduced(experiment("pes-arm"), 0.80, 0.205_354_856_138_144_25);
}

/// A tank that fills by what the network gives; an episode lasts a second.
#[derive(Debug, Default)]
struct Tank {
    level: f64,
    steps: u32,
    resets: Vec<u32>,
}

impl Tank {
    fn observation(&self) -> Observation {
        let missing = 0.5 - self.level;
        let done = self.steps.is_multiple_of(1000) && self.steps > 0;
        let (cost, reward) = (Some(missing), Some(-missing.abs()));
        Observation { sensed: vec![0.8], error: vec![-missing], cost, reward, done, ..Observation::default() }
    }
}

impl Plant for Tank {
    fn ports(&self) -> Ports {
        Ports { sensed: 1, actions: 1, errors: 1 }
    }

    fn reset(&mut self, seed: u32) -> Result<Observation, PlantError> {
        self.resets.push(seed);
        (self.level, self.steps) = (0.0, 0);
        Ok(self.observation())
    }

    fn step(&mut self, action: &[f64]) -> Result<Observation, PlantError> {
        self.level += 0.05 * (action[0] - self.level);
        self.steps += 1;
        Ok(self.observation())
    }
}

/// The network of the pendulum for other numbers of values.
fn network(sensed: usize, actions: usize, error_given: bool) -> (Network, Placed) {
    let text = experiment("pes-pendulum").text;
    let text = text.replace("shape = [2]", &format!("shape = [{sensed}]"));
    let text = text.replace("dimensions = 1", &format!("dimensions = {actions}"));
    let text = text.replace("error_given = true", &format!("error_given = {error_given}"));
    let network = parse_with(&text, Path::new("net.toml"), &FileOptions::default().seed(5));
    let network = network.unwrap();
    let placed = place(&network, PlacementOptions::default()).unwrap();
    (network, placed)
}

fn control(tank: &mut Tank, (network, placed): &(Network, Placed), steps: usize) -> Result<Outcome, ExperimentError> {
    let mut settings = Settings::of(network).unwrap();
    settings.task.steps = steps;
    let options = RunOptions { seed: 5, ..RunOptions::default() };
    let exchange = Exchange { network, placed, settings: &settings };
    Control { exchange }.run(tank, &mut common::open_host(), &options, &mut NoObserver)
}

#[test]
fn a_plant_of_ones_own() {
    let mut tank = Tank::default();
    let outcome = control(&mut tank, &network(1, 1, true), 3000).unwrap();
    assert_eq!(tank.resets, [5, 6, 7, 8, 5, 6, 7, 8], "alone, then with the network");
    assert!((metric(&outcome, "rms_error_pd") - 0.5).abs() < 1e-12 && metric(&outcome, "reduction") > 0.5);
    assert!((metric(&outcome, "reward_mean_pd") + 0.5).abs() < 1e-12 && metric(&outcome, "reward_mean") > -0.25);
    assert_eq!((outcome.steps, outcome.digests.len()), (3000, 1));
}

#[test]
fn a_network_that_does_not_fit_its_plant_is_refused() {
    let mut tank = Tank::default();
    for (network, what) in [
        (network(2, 1, true), "the inputs take 2 values, and the plant sends 1 (`sensed`)"),
        (network(1, 3, true), "the targets take 3 values, and the plant sends 1 (`error`)"),
        (network(1, 1, false), "the plant gives errors: add `error_given = true`"),
    ] {
        let said = control(&mut tank, &network, 100).unwrap_err().to_string();
        assert!(said.contains(what), "{said}");
    }
}
