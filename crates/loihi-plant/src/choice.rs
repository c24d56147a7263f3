//! Choices that are rewarded later: which action belongs to which cue.
//!
//! In a trial one of the cues is shown: its inputs spike once each. An action that comes more often than every other one until
//! the reward is due is the choice; the right one has the number of the cue. The reward is 1 for a right choice, -1 for a wrong
//! one, 0 for none. Random inputs, one for each action, make a network explore.

use super::range::{chance, within};
use super::registry::PlantType;
use super::{Observation, Plant, PlantError, Ports};
use loihi_core::num::word;
use loihi_net::draw::uniform;
use serde::Deserialize;
use serde::de::Deserializer;

/// `choice`.
pub(super) const PLANT: PlantType = PlantType::new::<Choice>(
    "choice",
    "cues, and choices that are rewarded later",
    include_str!("../plants/choice.toml"),
);

/// Most of each kind of steps, of cues, and of inputs of a cue.
const MOST: u32 = 4096;

/// Cues and choices.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Cues, and as many choices, 1..=4096.
    #[serde(deserialize_with = "some")]
    pub cues: u32,
    /// Inputs of a cue, 1..=4096.
    #[serde(deserialize_with = "some")]
    pub inputs: u32,
    /// Steps in which the inputs of a cue spike, and the random ones, 1..=4096.
    #[serde(deserialize_with = "some")]
    pub cue_steps: u32,
    /// Steps from the end of the cue to the reward, 0..=4096.
    #[serde(deserialize_with = "any")]
    pub delay_steps: u32,
    /// Steps from the reward to the next trial, 1..=4096.
    #[serde(deserialize_with = "some")]
    pub rest_steps: u32,
    /// Chance that the random input of a choice spikes in a step of the cue, 0 to 1.
    #[serde(deserialize_with = "chance")]
    pub exploration: f64,
    #[serde(skip)]
    state: State,
}

/// Where a trial stands.
#[derive(Clone, Debug, Default, PartialEq)]
struct State {
    seed: u32,
    trial: u32,
    step: u32,
    /// By action: its sum since the trial began.
    chosen: Vec<f64>,
}

fn any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    within(deserializer, 0..=MOST)
}

fn some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    within(deserializer, 1..=MOST)
}

impl Choice {
    /// The cue of the present trial.
    fn cue(&self) -> u32 {
        word(self.state.seed, self.state.trial, 0, 10).checked_rem(self.cues).unwrap_or(0)
    }

    /// 1 for every input that spikes in the next step: those of each cue, then the random ones.
    fn observation(&self) -> Observation {
        let State { seed, trial, step, .. } = self.state;
        let (cue, shown) = (self.cue(), step < self.cue_steps);
        let of_cue = |input: u32| word(seed, trial, input, 11).checked_rem(self.cue_steps) == Some(step);
        let at_random = |choice: u32| uniform(seed, trial, step, 12 + choice) < self.exploration;
        let inputs = (0..self.cues).flat_map(|own| (0..self.inputs).map(move |input| (own, input)));
        let inputs = inputs.map(|(own, input)| own == cue && of_cue(input));
        let spikes = inputs.chain((0..self.cues).map(at_random));
        let sensed = spikes.map(|spikes| f64::from(u8::from(shown && spikes))).collect();
        Observation { sensed, ..Observation::default() }
    }

    /// Whether the choice is right; nothing if there is none.
    fn is_right(&self) -> Option<bool> {
        let chosen = &self.state.chosen;
        let most = chosen.iter().copied().fold(0.0, f64::max);
        let mut first = (0..self.cues).zip(chosen).filter(|(_, own)| **own > 0.0 && **own >= most);
        match (first.next(), first.next()) {
            (Some((choice, _)), None) => Some(choice == self.cue()),
            _ => None,
        }
    }
}

impl Plant for Choice {
    fn ports(&self) -> Ports {
        let [cues, inputs] = [self.cues, self.inputs].map(|count| count as usize);
        Ports { sensed: cues * inputs + cues, actions: cues, errors: 0 }
    }

    fn gives_rewards(&self) -> bool {
        true
    }

    fn reset(&mut self, seed: u32) -> Result<Observation, PlantError> {
        self.state = State { seed, chosen: vec![0.0; self.cues as usize], ..State::default() };
        Ok(self.observation())
    }

    fn step(&mut self, action: &[f64]) -> Result<Observation, PlantError> {
        self.state.chosen.iter_mut().zip(action).for_each(|(sum, own)| *sum += own);
        self.state.step += 1;
        let due = self.cue_steps + self.delay_steps;
        if self.state.step == due {
            let right = self.is_right();
            let reward = right.map_or(0.0, |right| if right { 1.0 } else { -1.0 });
            return Ok(Observation { reward: Some(reward), right: Some(right == Some(true)), ..self.observation() });
        }
        if self.state.step >= due + self.rest_steps {
            self.state.trial = self.state.trial.wrapping_add(1);
            self.state.step = 0;
            self.state.chosen.fill(0.0);
        }
        Ok(self.observation())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice() -> Choice {
        toml::from_str(PLANT.parameters).unwrap()
    }

    /// Takes an action in the first step of some trials; rewards, and whether they were right.
    fn rewards(action: impl Fn(&Choice) -> Vec<f64>) -> Vec<(f64, bool)> {
        let mut plant = choice();
        plant.reset(3).unwrap();
        let mut rewards = Vec::new();
        for step in 0..1000 {
            let moved = if step % 100 == 0 { action(&plant) } else { vec![0.0; 2] };
            let seen = plant.step(&moved).unwrap();
            assert_eq!(seen.reward.is_some(), step % 100 == 27, "step {step}");
            rewards.extend(seen.reward.zip(seen.right));
        }
        rewards
    }

    #[test]
    fn the_choice_of_the_cue_is_rewarded_when_it_is_due() {
        let of = |plant: &Choice, is: bool| (0..2).map(|own| f64::from(u8::from((own == plant.cue()) == is))).collect();
        assert_eq!(rewards(|plant| of(plant, true)), [(1.0, true); 10]);
        assert_eq!(rewards(|plant| of(plant, false)), [(-1.0, false); 10]);
        assert_eq!(rewards(|_| vec![1.0, 1.0]), [(0.0, false); 10]);
        assert_eq!(rewards(|_| vec![0.0, 0.0]), [(0.0, false); 10]);
    }

    #[test]
    fn every_input_of_a_cue_spikes_once_in_a_trial() {
        let mut plant = Choice { exploration: 0.0, ..choice() };
        let mut sums = plant.reset(5).unwrap().sensed;
        let cue = plant.cue() as usize;
        for _ in 0..99 {
            let seen = plant.step(&[0.0, 0.0]).unwrap().sensed;
            sums.iter_mut().zip(seen).for_each(|(sum, own)| *sum += own);
        }
        let expected: Vec<f64> = (0..42).map(|at| f64::from(u8::from(at / 20 == cue && at < 40))).collect();
        assert_eq!(sums, expected);
    }

    #[test]
    fn parameters_out_of_their_range_are_refused() {
        for (line, other, why) in [
            ("cues = 2", "cues = 0", "0 is out of its range, 1 to 4096"),
            ("inputs = 20", "inputs = 1000000", "1000000 is out of its range, 1 to 4096"),
            ("delay_steps = 16", "delay_steps = 4097", "4097 is out of its range, 0 to 4096"),
            ("exploration = 0.15", "exploration = 1.5", "1.5 is not a probability from 0 to 1"),
        ] {
            let said = toml::from_str::<Choice>(&PLANT.parameters.replace(line, other)).unwrap_err().to_string();
            assert!(said.contains(why), "{said}");
        }
    }
}
