//! The UCI handwritten digits, 8 × 8, built in. See `data/NOTICE.md` for their source and licence.

use super::sample::Sample;

/// Name of the data set.
pub const NAME: &str = "digits";
/// Digits of the training set; the others are the test set.
pub const TRAINING: usize = 1437;
/// Pixels of a digit, each 0..=16.
pub const PIXELS: usize = 64;
/// Classes.
pub const CLASSES: u32 = 10;
/// The brightest value of a pixel.
pub const FULL_SCALE: u8 = 16;

const TEXT: &str = include_str!("../data/digits8x8.txt");

/// The samples of a split, `train` or `test`, in their order; of another one none. Their values are 0 to
/// [`FULL_SCALE`].
pub fn samples(split: &str) -> Vec<Sample> {
    let all = TEXT.lines().filter_map(parse).enumerate();
    let is_wanted = |number: usize| if number < TRAINING { split == "train" } else { split == "test" };
    let all = all.filter(|(number, _)| is_wanted(*number)).map(|(_, sample)| sample);
    all.enumerate().map(|(number, sample)| Sample { name: number.to_string(), ..sample }).collect()
}

fn parse(line: &str) -> Option<Sample> {
    let (image, label) = line.split_once(' ')?;
    let value = |character: char| u8::try_from(character.to_digit(17)?).ok();
    let values: Vec<u8> = image.chars().map(value).collect::<Option<_>>()?;
    let label: u32 = label.trim().parse().ok().filter(|label| *label < CLASSES)?;
    (values.len() == PIXELS).then(|| Sample::values("", &[8, 8], values).labelled(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read() {
        let (training, test) = (samples("train"), samples("test"));
        assert_eq!((training.len(), test.len()), (1437, 360));
        assert_eq!((training[0].label, &*training[1436].name, &*test[0].name), (Some(6), "1436", "0"));
        assert_eq!(training[0].flat().unwrap()[..6], [0, 0, 2, 14, 11, 0]);
        let values = || training.iter().chain(&test).flat_map(|sample| sample.flat().unwrap());
        assert_eq!(values().max(), Some(&FULL_SCALE));
        assert!(samples("validation").is_empty());
    }
}
