//! How numbers of a file become values of 0 to 255.

/// A linear map of numbers to values of 0 to 255, rounded to the nearest; numbers beyond its ends are held to them.
///
/// ```
/// use loihi_data::Scale;
///
/// let training = Scale::of_extremes([-1.0, 0.0, 3.0]).ok_or("too far apart")?;
/// assert_eq!([-1.0, 1.0, 3.0].map(|number| training.value(number)), [0, 128, 255]);
/// // What is tested is scaled as what was learned.
/// assert_eq!([-2.0, 5.0].map(|number| training.value(number)), [0, 255]);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// The number that becomes 0.
    low: f64,
    /// The number that becomes 255.
    high: f64,
    /// Whether it was recognised from the numbers, and so will be in other files.
    is_recognised: bool,
}

/// Why numbers have no scale of their own.
pub(crate) const TOO_WIDE: &str =
    "its numbers are too far apart to be scaled, or too large: divide all of them by a number first";

/// Numbers whose range is a smaller share of the scale than this become nearly the same values.
const RANGE_MIN: f64 = 1.0 / 64.0;

impl Scale {
    /// 0 to 1, recognised from the numbers of an array.
    pub const SHARES: Self = Self { low: 0.0, high: 1.0, is_recognised: true };
    /// 0 to 255, recognised from the whole numbers of an array, which stay as they are.
    pub const BYTES: Self = Self { low: 0.0, high: 255.0, is_recognised: true };

    /// From the smallest to the largest of these numbers; if all are the same, they become 0. None if there are no numbers, or
    /// their range is not finite.
    pub fn of_extremes(numbers: impl IntoIterator<Item = f64>) -> Option<Self> {
        let [low, high] = extremes(numbers);
        // From 2^53 on, adding 1 may change nothing.
        Self::of_ends([low, if high > low { high } else { (low + 1.0).max(low.next_up()) }])
    }

    /// From `low` to `high`; `None` unless `low < high` and the range is finite.
    pub fn of_ends([low, high]: [f64; 2]) -> Option<Self> {
        (low < high && (high - low).is_finite()).then_some(Self { low, high, is_recognised: false })
    }

    /// The numbers that become 0 and 255.
    pub const fn ends(self) -> [f64; 2] {
        [self.low, self.high]
    }

    /// The same, if samples that are shown later are to be scaled by it; none if it is [`Self::SHARES`] or [`Self::BYTES`], which
    /// the numbers of each file say themselves.
    pub fn kept(self) -> Option<Self> {
        (!self.is_recognised).then_some(self)
    }

    /// How finite numbers do not suit this scale, if it was made for others: most of them lie outside of it, or all of them, which
    /// differ, within a small part of it.
    pub(crate) fn misfit(self, numbers: impl Iterator<Item = f64> + Clone) -> Option<String> {
        let [least, most] = extremes(numbers.clone());
        let what = if most - least > 0.0 && most - least < (self.high - self.low) * RANGE_MIN {
            "all numbers lie within less than a 64th of the scale".to_owned()
        } else {
            let count = numbers.clone().count();
            let outside = numbers.filter(|number| !(self.low..=self.high).contains(number)).count();
            (outside > count / 2).then(|| format!("{outside} of {count} numbers lie outside of the scale"))?
        };
        Some(format!("{what} ({self}): give samples in the unit of those that were learned"))
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
        if self.ends().map(f64::to_bits) == Self::BYTES.ends().map(f64::to_bits) {
            return f.write_str("0 to 255, as they are");
        }
        let [low, high] = self.ends().map(short);
        write!(f, "{low} to {high} become 0 to 255")
    }
}

/// The smallest and the largest of these numbers.
pub(crate) fn extremes(numbers: impl IntoIterator<Item = f64>) -> [f64; 2] {
    let ends = [f64::INFINITY, f64::NEG_INFINITY];
    numbers.into_iter().fold(ends, |[low, high], number| [low.min(number), high.max(number)])
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
        assert_eq!(Scale::of_extremes([7.0, 7.0]).unwrap().value(7.0), 0);
        assert_eq!(Scale::of_extremes([1e17, 1e17]).unwrap().value(1e17), 0);
        assert_eq!(Scale::BYTES.value(f64::NAN), 0);
    }

    #[test]
    fn ends_make_the_same_scale_again_and_are_told_shortly() {
        for numbers in
            [[-1.5, 4.0], [0.1, 0.3], [7.0, 7.0], [0.0, 255.0], [-1e300, 1e-300], [1e17, 1e17], [-1e17, -1e17]]
        {
            let scale = Scale::of_extremes(numbers);
            assert!(scale.is_some(), "{numbers:?}");
            assert_eq!(scale.and_then(|own| Scale::of_ends(own.ends())), scale, "{numbers:?}");
        }
        for numbers in [&[-1e308, 1e308][..], &[f64::MAX; 2], &[0.0, f64::INFINITY], &[f64::NAN], &[]] {
            assert_eq!(Scale::of_extremes(numbers.iter().copied()), None, "{numbers:?}");
        }
        for wrong in [[1.0, 1.0], [2.0, 1.0], [f64::NAN, 1.0], [0.0, f64::INFINITY], [-1e308, 1e308]] {
            assert_eq!(Scale::of_ends(wrong), None, "{wrong:?}");
        }
        let said = |numbers: [f64; 2]| Scale::of_extremes(numbers).unwrap().to_string();
        assert_eq!(said([-1.5, 4.0]), "-1.5 to 4 become 0 to 255");
        assert_eq!(said([1.0 / 3.0, 2e9]), "0.333333 to 2e9 become 0 to 255");
        assert_eq!(said([0.0, 255.0]), "0 to 255, as they are");
    }

    #[test]
    fn what_every_file_says_itself_is_not_kept() {
        assert_eq!([Scale::BYTES, Scale::SHARES].map(Scale::kept), [None; 2]);
        // Of a table, the same ends say nothing of other tables.
        for numbers in [[0.0, 1.0], [0.0, 255.0], [-1.0, 3.0]] {
            let scale = Scale::of_extremes(numbers).unwrap();
            assert_eq!(scale.kept(), Some(scale));
        }
    }

    #[test]
    fn numbers_that_a_scale_does_not_suit_are_told() {
        let misfit = |ends, numbers: &[f64]| Scale::of_ends(ends).unwrap().misfit(numbers.iter().copied());
        let told = |what| Some(format!("{what}: give samples in the unit of those that were learned"));
        let outside = "2 of 3 numbers lie outside of the scale (0 to 1 become 0 to 255)";
        assert_eq!(misfit([0.0, 1.0], &[0.5, 17.0, -3.0]), told(outside));
        let narrow = "all numbers lie within less than a 64th of the scale (0 to 255, as they are)";
        assert_eq!(misfit([0.0, 255.0], &[0.0, 0.5, 1.0]), told(narrow));
        assert_eq!(misfit([0.0, 64.0], &[0.0, 1.0]), None, "no less than a 64th");
        assert_eq!(misfit([0.0, 255.0], &[3.0, 3.0]), None, "equal numbers say nothing");
        assert_eq!(misfit([0.0, 1.0], &[0.0, 1.0, 17.0, -3.0]), None, "half of them");
        assert_eq!(misfit([0.0, 1.0], &[]), None);
    }
}
