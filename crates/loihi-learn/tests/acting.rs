//! Networks whose neurons act, and what a plant's reward teaches them.

#![allow(clippy::unwrap_used)]

use loihi_device::inproc::InProcess;
use loihi_device::session::{RetryPolicy, Session};
use loihi_learn::{Learner, NoObserver, Outcome, RunOptions, Task as _};
use loihi_plant::{Observation, Plant, PlantError, PlantType, Ports, register};
use std::path::Path;
use std::sync::Once;

/// Wants the neuron to fire in every step, and pays for each spike; an episode has ten steps.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Payer {
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

fn run(text: &str) -> Result<Outcome, String> {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| register(PlantType::new::<Payer>("payer", "pays for spikes", "")).unwrap());
    let mut session = Session::open(Box::new(InProcess::default()), RetryPolicy::default(), 1, || false).unwrap();
    let learner = Learner::parse(text, Path::new("net.toml")).map_err(|error| error.to_string())?;
    learner.run(&mut session, &RunOptions::default(), &mut NoObserver).map_err(|error| error.to_string())
}

/// The first input spikes in all 40 steps, the second one is below a half; 39 of the rewards come before a step.
#[test]
fn the_reward_of_a_step_is_learned_from_in_the_next() {
    let outcome = run(NETWORK).unwrap();
    let metric = |name: &str| outcome.metrics.get(name).unwrap();
    assert_eq!((metric("reward_mean_first"), metric("reward_mean_last")), (1.0, 1.0));
    assert_eq!((metric("weight_0"), metric("weight_1")), (60.0 + 4.0 * 39.0, 60.0));
    assert_eq!((outcome.steps, outcome.digests.len()), (40, 2));
}

/// What cannot be is one sentence.
#[test]
fn what_cannot_be_is_refused() {
    for (old, new, why) in [
        ("actions_from = \"neuron\"", "actions_from = \"neurons\"", "unknown population `neurons`; there are: neuron"),
        ("actions_from = \"neuron\"", "actions_from = 3", "`actions_from = 3`: give the name of a population"),
        ("actions_from = \"neuron\"\n", "", "[[measure]] does nothing with a [plant] without `actions_from`"),
        ("shape = [2]", "shape = [3]", "the inputs take 3 values, and the plant sends 2 (`sensed`)"),
        ("shape = [1]", "shape = [2]", "2 neurons act, and the plant takes 1 (`action`)"),
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
    ] {
        let text = NETWORK.replacen(old, new, 1);
        let text = if new.contains("[2]") { text.replacen("[[60, 60]]", "60", 1) } else { text };
        let text = if new.contains("[3]") { text.replacen("[[60, 60]]", "60", 1) } else { text };
        assert_ne!(text, NETWORK, "{old}");
        let said = run(&text).map(|_| ()).unwrap_err();
        assert!(said.contains(why), "{new}: {said}");
    }
    let (unmeasured, _) = NETWORK.split_once("[[measure]]").unwrap();
    let said = run(&unmeasured.replacen("actions_from = \"neuron\"\n", "", 1)).map(|_| ()).unwrap_err();
    assert!(said.contains("the plant `payer` gives only rewards: add `actions_from`"), "{said}");
}
