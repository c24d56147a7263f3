//! How numbers of a file become values of 0 to 255.

/// A linear map of numbers to values of 0 to 255, rounded to the nearest; numbers beyond its ends are held to them.
///
/// ```
/// use loihi_data::Scale;
///
/// let training = Scale::of_extremes([-1.0, 0.0, 3.0]);
/// assert_eq!([-1.0, 1.0, 3.0].map(|number| training.value(number)), [0, 128, 255]);
/// // What is tested is scaled as what was learned.
/// assert_eq!([-2.0, 5.0].map(|number| training.value(number)), [0, 255]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// The number that becomes 0.
    low: f64,
    /// How much more the number is that becomes 255.
    range: f64,
}

impl Scale {
    /// Of 0 to 1.
    pub const SHARES: Self = Self { low: 0.0, range: 1.0 };
    /// Of 0 to 255: whole numbers stay.
    pub const BYTES: Self = Self { low: 0.0, range: 255.0 };

    /// From the smallest to the largest of these numbers; if all are the same, they become 0.
    pub fn of_extremes(numbers: impl IntoIterator<Item = f64>) -> Self {
        let ends = (f64::INFINITY, f64::NEG_INFINITY);
        let (low, high) = numbers.into_iter().fold(ends, |(low, high), number| (low.min(number), high.max(number)));
        Self { low, range: if high > low { high - low } else { 1.0 } }
    }

    /// The value of a number; 0 if it is NaN.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
    pub fn value(self, number: f64) -> u8 {
        (255.0 * ((number - self.low) / self.range)).round().clamp(0.0, 255.0) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_stay_and_equal_numbers_are_none() {
        for byte in 0..=u8::MAX {
            assert_eq!(Scale::BYTES.value(byte.into()), byte);
            assert_eq!(Scale::SHARES.value(f64::from(byte) / 255.0), byte);
        }
        assert_eq!(Scale::of_extremes([7.0, 7.0]).value(7.0), 0);
        assert_eq!(Scale::of_extremes([]).value(f64::NAN), 0);
    }
}
