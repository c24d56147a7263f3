//! The UCI handwritten digits, 8 × 8, built in. See `data/NOTICE.md` for their source and licence.

use super::collection::{Sample, SampleData};
use super::{Dataset, LabelledValues};

/// Name of the data set.
pub const NAME: &str = "digits";
/// Digits of the training set; the others are the test set.
pub const LEARN: usize = 1437;
/// Pixels of a digit, each 0..=16.
pub const PIXELS: usize = 64;
/// Classes.
pub const CLASSES: usize = 10;

const TEXT: &str = include_str!("../data/digits8x8.txt");

/// One digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digit {
    /// Brightness row by row, 0..=16.
    pub pixels: [u8; PIXELS],
    /// Which digit it is, 0..=9.
    pub label: u8,
}

/// All digits: the training set, then the test set.
pub fn load() -> (Vec<Digit>, Vec<Digit>) {
    let mut learn: Vec<Digit> = TEXT.lines().filter_map(parse).collect();
    let test = learn.split_off(LEARN.min(learn.len()));
    (learn, test)
}

/// Digits as samples, their values 0 to 255: the training set if `prefix` is `train`, else the test set.
pub fn items(prefix: &str) -> Vec<Sample> {
    let (learn, test) = load();
    let item = |(number, Digit { pixels, label }): (usize, Digit)| {
        let values = pixels.map(|pixel| u8::try_from(u16::from(pixel) * 255 / 16).unwrap_or(u8::MAX)).to_vec();
        let data = SampleData::Values { shape: vec![8, 8], values };
        Sample { name: number.to_string(), label: Some(label.into()), data }
    };
    let digits = if prefix == "train" { learn } else { test };
    digits.into_iter().enumerate().map(item).collect()
}

/// All digits as a data set; the values are 0..=16.
pub fn dataset() -> Dataset {
    let (learn, test) = load();
    let samples = |digits: Vec<Digit>| -> Vec<LabelledValues> {
        digits.into_iter().map(|digit| LabelledValues { values: digit.pixels.to_vec(), label: digit.label }).collect()
    };
    Dataset { name: NAME, inputs: 64, classes: 10, learn: samples(learn), test: samples(test) }
}

fn parse(line: &str) -> Option<Digit> {
    let (image, label) = line.split_once(' ')?;
    let mut pixels = [0; PIXELS];
    if image.len() != PIXELS {
        return None;
    }
    for (pixel, character) in pixels.iter_mut().zip(image.chars()) {
        *pixel = u8::try_from(character.to_digit(17)?).ok()?;
    }
    let label = label.trim().parse().ok().filter(|label| usize::from(*label) < CLASSES)?;
    Some(Digit { pixels, label })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read() {
        let (learn, test) = load();
        assert_eq!((learn.len(), test.len()), (1437, 360));
        assert_eq!(learn[0].label, 6);
        assert_eq!(&learn[0].pixels[..6], &[0, 0, 2, 14, 11, 0]);
        let brightest = learn.iter().chain(&test).flat_map(|digit| digit.pixels).max();
        assert_eq!(brightest, Some(16));
    }

    #[test]
    fn the_data_set_holds_the_same() {
        let (set, (learn, test)) = (dataset(), load());
        assert_eq!((set.inputs as usize, set.classes as usize), (PIXELS, CLASSES));
        for (samples, digits) in [(set.learn, learn), (set.test, test)] {
            assert_eq!(samples.len(), digits.len());
            assert!(samples.iter().zip(&digits).all(|(s, d)| s.values == d.pixels && s.label == d.label));
        }
    }
}
