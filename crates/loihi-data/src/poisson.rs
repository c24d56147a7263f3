//! Ten rate patterns, drawn from a seed: every sample of a class has the same rates, and spikes of its own.

use super::sample::Sample;
use loihi_core::num::word;

/// Name of the data set.
pub const NAME: &str = "poisson";
/// Inputs of a pattern.
const INPUTS: u32 = 100;
/// Patterns.
pub(crate) const CLASSES: u32 = 10;
/// Samples of the training set and of the test set.
const SAMPLES: [u32; 2] = [700, 300];

/// The largest value: a fifth of 256.
pub const FULL_SCALE: u8 = 51;

/// The samples of a split, `train` or `test`, of the patterns of a seed; of another one none. Values are in 256ths of a
/// spike per step, at most a fifth; most are small: the squares of uniform numbers.
pub fn samples(seed: u32, split: &str) -> Vec<Sample> {
    let value = |class: u32, input: u32| {
        let uniform = u64::from(word(seed, class, input, 77));
        // A square of 64 bits; a fifth of its high 8 counts, to the nearest.
        let share = (uniform * uniform) >> 32;
        u8::try_from((share * 256 / 5 + (1 << 31)) >> 32).unwrap_or(u8::MAX)
    };
    let patterns: Vec<Vec<u8>> =
        (0..CLASSES).map(|class| (0..INPUTS).map(|input| value(class, input)).collect()).collect();
    let sample = |number: u32| {
        let class = word(seed, number, 0, 78) % CLASSES;
        Sample::values(number.to_string(), &[INPUTS as usize], patterns[class as usize].clone()).labelled(class)
    };
    let [training, test] = SAMPLES;
    match split {
        "train" => (0..training).map(sample).collect(),
        "test" => (training..training + test).map(sample).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_squares_of_uniform_numbers_up_to_a_fifth() {
        let training = samples(3, "train");
        let values = || training.iter().flat_map(|sample| sample.flat().unwrap().iter().copied());
        assert!(values().max() > Some(45) && values().max() <= Some(FULL_SCALE), "{:?}", values().max());
        let mean = values().map(f64::from).sum::<f64>() / 70_000.0;
        // A third of 51.2.
        assert!((15.0..19.0).contains(&mean), "{mean}");
        assert!((0..10).all(|class| samples(3, "test").iter().any(|sample| sample.label == Some(class))));
    }
}
