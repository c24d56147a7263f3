//! Axes: from values to pixels, and tick values.

use std::ops::Range;

/// How an axis divides its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Linear.
    Linear,
    /// Logarithmic; values of 0 and below are left out.
    Log,
}

/// An axis with its range in values and in pixels.
pub(super) struct Axis {
    pub(super) scale: Scale,
    pub(super) values: Range<f64>,
    /// Whether all values on it are whole, and so what is written.
    pub(super) whole: bool,
    /// From the first value to the last; from high to low for an axis that goes up.
    pub(super) pixels: [f64; 2],
}

impl Axis {
    /// Where a value stands.
    pub(super) fn at(&self, value: f64) -> f64 {
        let own = |value: f64| if self.scale == Scale::Log { value.ln() } else { value };
        let (low, high) = (own(self.values.start), own(self.values.end));
        let share = (own(value) - low) / (high - low);
        self.pixels[0] + share * (self.pixels[1] - self.pixels[0])
    }

    /// Tick values, about `most` of them at most.
    pub(super) fn ticks(&self, most: u32) -> Vec<f64> {
        match self.scale {
            Scale::Linear => even(&self.values, f64::from(most), self.whole),
            Scale::Log => powers(&self.values, most),
        }
    }
}

/// Multiples of 1, 2 or 5 times a power of ten.
fn even(range: &Range<f64>, most: f64, whole: bool) -> Vec<f64> {
    let least = (range.end - range.start) / most;
    let least = if whole { least.max(1.0) } else { least };
    let power = 10_f64.powf(least.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= least * 0.999).unwrap_or(10.0);
    let step = factor * power;
    // A little more than the range, for what was lost in rounding.
    let slack = step * 1e-6;
    let mut ticks = Vec::new();
    let mut multiple = ((range.start - slack) / step).ceil();
    while multiple * step <= range.end + slack && ticks.len() < 100 {
        ticks.push(multiple * step);
        multiple += 1.0;
    }
    ticks
}

/// Powers of ten, every n-th if there are many; 2 and 5 times as much, too, if there are few.
fn powers(range: &Range<f64>, most: u32) -> Vec<f64> {
    #[expect(clippy::cast_possible_truncation, reason = "an exponent of a double")]
    let [first, last] = [range.start.log10().floor(), range.end.log10().ceil()].map(|power| power as i32);
    let powers: Vec<i32> = (first..=last).collect();
    let inside = |value: &f64| (range.start..=range.end).contains(value);
    let count = powers.iter().filter(|power| inside(&10_f64.powi(**power))).count();
    let factors: &[f64] = if count < 3 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let every = count.div_ceil(most as usize).max(1);
    let ticks = powers.iter().step_by(every);
    ticks.flat_map(|power| factors.iter().map(|factor| factor * 10_f64.powi(*power))).filter(inside).collect()
}

/// The label of a tick, in thousands from 10,000 on.
pub(super) fn tick(value: f64, percent: bool) -> String {
    if percent {
        return format!("{} %", tick(100.0 * value, false));
    }
    let magnitude = value.abs();
    if magnitude < 1e-12 {
        return "0".to_owned();
    }
    if !(1e-4..1e6).contains(&magnitude) {
        // Five digits are enough for what distinguishes ticks.
        let text = format!("{value:.4e}");
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.'));
    }
    let (value, unit) = if magnitude < 1e4 { (value, "") } else { (value / 1e3, "k") };
    let text = format!("{value:.6}");
    format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(scale: Scale, values: Range<f64>) -> Axis {
        Axis { scale, values, whole: false, pixels: [100.0, 0.0] }
    }

    #[test]
    fn ticks_are_round_and_inside() {
        let written = |scale, range: Range<f64>| {
            let ticks = axis(scale, range).ticks(6);
            ticks.into_iter().map(|value| tick(value, false)).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(written(Scale::Linear, 0.0..1.0), "0 0.2 0.4 0.6 0.8 1");
        assert_eq!(written(Scale::Linear, -25.0..25.0), "-20 -10 0 10 20");
        assert_eq!(written(Scale::Linear, 5785.0..6480.0), "5800 6000 6200 6400");
        assert_eq!(written(Scale::Linear, 0.0..2.5e7), "0 5e6 1e7 1.5e7 2e7 2.5e7");
        assert_eq!(written(Scale::Linear, 0.0..60_000.0), "0 10k 20k 30k 40k 50k 60k");
        assert_eq!(written(Scale::Log, 0.005..2000.0), "0.01 0.1 1 10 100 1000");
        assert_eq!(written(Scale::Log, 1.5..12.0), "2 5 10");
        assert_eq!(tick(0.2, true), "20 %");
        let epochs = Axis { whole: true, ..axis(Scale::Linear, 0.9..3.1) };
        assert_eq!(epochs.ticks(6).iter().map(|value| tick(*value, false)).collect::<Vec<_>>(), ["1", "2", "3"]);
    }

    #[test]
    fn ends_of_the_range_stand_at_the_ends_of_the_axis() {
        for (scale, range, middle) in [(Scale::Linear, 2.0..4.0, 3.0), (Scale::Log, 1.0..100.0, 10.0)] {
            let axis = axis(scale, range.clone());
            let places = [range.start, middle, range.end].map(|value| axis.at(value).round());
            assert!(places.iter().zip([100.0, 50.0, 0.0]).all(|(a, b)| (a - b).abs() < 1e-9), "{places:?}");
        }
    }
}
