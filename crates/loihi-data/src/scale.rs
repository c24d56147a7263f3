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
    /// The number that becomes 255.
    high: f64,
}

impl Scale {
    /// Of 0 to 1.
    pub const SHARES: Self = Self { low: 0.0, high: 1.0 };
    /// Of 0 to 255: whole numbers stay.
    pub const BYTES: Self = Self { low: 0.0, high: 255.0 };

    /// From the smallest to the largest of these numbers; if all are the same, they become 0.
    pub fn of_extremes(numbers: impl IntoIterator<Item = f64>) -> Self {
        let ends = (f64::INFINITY, f64::NEG_INFINITY);
        let (low, high) = numbers.into_iter().fold(ends, |(low, high), number| (low.min(number), high.max(number)));
        Self { low, high: if high > low { high } else { low + 1.0 } }
    }

    /// Between two finite numbers, of which the second is larger.
    pub fn of_ends([low, high]: [f64; 2]) -> Option<Self> {
        (low < high && (high - low).is_finite()).then_some(Self { low, high })
    }

    /// The numbers that become 0 and 255.
    pub const fn ends(self) -> [f64; 2] {
        [self.low, self.high]
    }

    /// The value of a number; 0 if it is NaN.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
    pub fn value(self, number: f64) -> u8 {
        (255.0 * ((number - self.low) / (self.high - self.low))).round().clamp(0.0, 255.0) as u8
    }
}

/// In words, of six digits: `-1.5 to 4 become 0 to 255`.
impl std::fmt::Display for Scale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if *self == Self::BYTES {
            return f.write_str("0 to 255, as they are");
        }
        let [low, high] = self.ends().map(short);
        write!(f, "{low} to {high} become 0 to 255")
    }
}

/// A number of six digits.
fn short(number: f64) -> String {
    let rounded = format!("{number:.5e}").parse().unwrap_or(number);
    let is_plain = rounded == 0.0 || (1e-4..1e7).contains(&rounded.abs());
    if is_plain { format!("{rounded}") } else { format!("{rounded:e}") }
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

    #[test]
    fn ends_make_the_same_scale_again_and_are_told_shortly() {
        for numbers in [[-1.5, 4.0], [0.1, 0.3], [7.0, 7.0], [0.0, 255.0], [-1e300, 1e-300]] {
            let scale = Scale::of_extremes(numbers);
            assert_eq!(Scale::of_ends(scale.ends()), Some(scale), "{numbers:?}");
        }
        for wrong in [[1.0, 1.0], [2.0, 1.0], [f64::NAN, 1.0], [0.0, f64::INFINITY], [-1e308, 1e308]] {
            assert_eq!(Scale::of_ends(wrong), None, "{wrong:?}");
        }
        let said = |numbers| Scale::of_extremes(numbers).to_string();
        assert_eq!(said([-1.5, 4.0]), "-1.5 to 4 become 0 to 255");
        assert_eq!(said([1.0 / 3.0, 2e9]), "0.333333 to 2e9 become 0 to 255");
        assert_eq!(said([0.0, 255.0]), "0 to 255, as they are");
    }
}
