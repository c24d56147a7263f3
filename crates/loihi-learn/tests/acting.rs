//! Networks whose neurons act, and what a plant's reward teaches them.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Ran, refused};
use loihi_plant::{Observation, Plant, PlantError, PlantType, Ports, register};
use std::sync::Once;

/// Wants the neuron to fire in every step, and pays for each spike; an episode has ten steps.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Payer {
    #[serde(default)]
    every_steps: u16,
    #[serde(skip)]
    steps: u32,
}

impl Plant for Payer {
    fn ports(&self) -> Ports {
        Ports { sensed: 2, actions: 1, errors: 0 }
    }

    fn gives_rewards(&self) -> bool {
        true
    }

    fn every_steps(&self) -> u16 {
        self.every_steps.max(1)
    }

    fn reset(&mut self, _: u32) -> Result<Observation, PlantError> {
        self.steps = 0;
        Ok(Observation { sensed: vec![1.0, 0.4], ..Observation::default() })
    }

    fn step(&mut self, action: &[f64]) -> Result<Observation, PlantError> {
        self.steps += 1;
        let done = self.steps == 10;
        let sensed = vec![1.0, 0.4];
        Ok(Observation { sensed, reward: action.first().copied(), done, ..Observation::default() })
    }
}

/// A neuron that fires with every spike of the first input; its weights grow with the reward of the step before.
const NETWORK: &str = r#"
[task]
steps = 40
row_steps = 20
final_steps = 20

[plant]
plant = "payer"
actions_from = "neuron"

[reward]
from = "plant"
scale = 4

[[input]]
name = "sensed"
shape = [2]
coding = "frames"

[[population]]
name = "neuron"
shape = [1]
v_th = 40
decay_v = 4096

[[connection]]
from = "sensed"
to = "neuron"
weights = [[60, 60]]

[connection.learning]
rule = "dw = 2^-3*u0*r1*x1"
x1 = { impulse = 64, tau_steps = 0.01 }

[[measure]]
name = "weight"
from = "sensed"
to = "neuron"
value = "weight"
by = "from"
"#;

fn register_payer() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| register(PlantType::new::<Payer>("payer", "pays for spikes", "")).unwrap());
}

fn run(text: &str) -> Ran {
    register_payer();
    common::run(text).unwrap()
}

/// The first input spikes in all 40 steps, the second one is below a half; 39 of the rewards come before a step.
#[test]
fn the_reward_of_a_step_is_learned_from_in_the_next() {
    let ran = run(NETWORK);
    assert_eq!((ran.metric("reward_mean_first"), ran.metric("reward_mean_last")), (1.0, 1.0));
    assert_eq!((ran.metric("weight_0"), ran.metric("weight_1")), (60.0 + 4.0 * 39.0, 60.0));
    assert_eq!((ran.outcome.steps, ran.outcome.digests.len()), (40, 2));
}

/// Ten exchanges of four steps each: inputs spike in the first of them, and a row is five exchanges.
#[test]
fn a_plant_of_longer_steps_exchanges_less_often() {
    let ran = run(&NETWORK.replacen("plant = \"payer\"", "plant = \"payer\"\nevery_steps = 4", 1));
    assert_eq!((ran.metric("reward_mean_first"), ran.metric("reward_mean_last")), (1.0, 1.0));
    assert_eq!((ran.outcome.ops.spikes, ran.outcome.steps, ran.rows.len()), (10, 40, 2));
}

#[test]
fn figures_are_ordered_and_published_ones_come_last() {
    let more = "row_steps = 20\nmetrics = [\"weight_1\", \"weight_0\"]\npublished = { weight_of_others = 3.0 }";
    let ran = run(&NETWORK.replacen("row_steps = 20", more, 1));
    let names = ["weight_1", "weight_0", "reward_mean_first", "reward_mean_last", "weight_of_others"];
    assert_eq!(ran.names(), names);
}

/// An encoder that always has the same value senses nothing of the plant.
#[test]
fn held_encoders_sense_nothing() {
    let noise = "[[input]]\nname = \"noise\"\nshape = [3]\n\n[[snip]]\nkind = \"bernoulli-encoder\"\ninput = \"noise\"\n\
                 full_scale = 4096\nvalue = 20\n\n[[connection]]\nfrom = \"noise\"\nto = \"neuron\"\nweights = 0\n\n[[population]]";
    let ran = run(&NETWORK.replacen("[[population]]", noise, 1));
    assert_eq!((ran.metric("weight_0"), ran.metric("weight_1")), (60.0 + 4.0 * 39.0, 60.0));
}

/// Decoders that do not learn and are known from the start.
#[test]
fn programs_know_their_decoders() {
    let readout =
        "[[snip]]\nkind = \"pes\"\npopulation = \"neuron\"\nlearn = false\ndecoders = [0.5]\n\n[[population]]";
    let ran = run(&NETWORK.replacen("[[population]]", readout, 1));
    let half = (1_i32 << 23).to_le_bytes();
    assert!(ran.learned.starts_with(&half), "{:?}", ran.learned);
}

/// What cannot be is one sentence.
#[test]
fn what_cannot_be_is_refused() {
    let changes = [
        ("actions_from = \"neuron\"", "actions_from = \"neurons\"", "unknown population `neurons`; there are: neuron"),
        (
            "plant = \"payer\"",
            "plant = \"payer\"\nevery_steps = 41",
            "`steps = 40`: 40 steps are less than one of the plant",
        ),
        ("actions_from = \"neuron\"", "actions_from = 3", "`actions_from = 3`: give the name of a population"),
        ("actions_from = \"neuron\"\n", "", "[[measure]] does nothing with a [plant] without `actions_from`"),
        ("from = \"plant\"", "from = \"label\"", "with a plant there are no samples: give from = \"plant\""),
        ("[reward]\nfrom = \"plant\"\nscale = 4", "", "it reads r1, but nothing gives a reward"),
        ("u0*r1*x1", "u0*x1", "no rule reads it: give a connection a rule with r1"),
        (
            "plant = \"payer\"",
            "plant = \"sine\"\nfrequency_hz = 1.0\npower = 1\nprobe_tau_steps = 2.0",
            "the plant `sine` gives no reward",
        ),
        ("name = \"weight\"", "name = \"a,b\"", "invalid name \"a,b\": use letters"),
        ("name = \"weight\"", "name = \"a\\nb\"", "invalid name \"a\\nb\""),
        (
            "value = \"weight\"\nby = \"from\"\n",
            "[[measure]]\nname = \"accuracy_last\"\nfrom = \"sensed\"\nto = \"neuron\"\n",
            "line 40, `name = \"accuracy_last\"`: the name `accuracy_last` is taken: choose another",
        ),
        (
            "by = \"from\"\n",
            "by = \"from\"\n[[measure]]\nname = \"weight_1\"\nfrom = \"sensed\"\nto = \"neuron\"\n",
            "the name `weight_1` is taken",
        ),
        ("row_steps = 20", "row_steps = 20\npublished = { weight_1 = 3.0 }", "the name `weight_1` is taken"),
        (
            "final_steps = 20",
            "final_steps = 20\nfloat_twin = true",
            "line 6, `float_twin = true`: `float_twin` does not work with `actions_from`",
        ),
        ("[[measure]]", "[[spikes]]\ninput = \"sensed\"\n[[measure]]", "[[spikes]] or a [plant]"),
        ("[plant]\nplant = \"payer\"\nactions_from = \"neuron\"", "", "[[measure]] needs [[spikes]] or a [plant]"),
    ];
    register_payer();
    refused(NETWORK, &changes);
    let shapes = [
        ("shape = [2]", "shape = [3]", "the inputs take 3 values, and the plant sends 2 (`sensed`)"),
        ("shape = [1]", "shape = [2]", "2 neurons act, and the plant takes 1 (`action`)"),
    ];
    refused(&NETWORK.replacen("[[60, 60]]", "60", 1), &shapes);
    let (unmeasured, _) = NETWORK.split_once("[[measure]]").unwrap();
    let said = common::run(&unmeasured.replacen("actions_from = \"neuron\"\n", "", 1)).map(|_| ()).unwrap_err();
    assert!(said.contains("the plant `payer` gives only rewards: add `actions_from`"), "{said}");
}
