//! A plot: series of points, axes, ranges, and a description in words for alternative texts.

pub use super::axis::Scale;
use super::number::{percent, rounded};
use std::ops::Range;

/// Width of a plot in its own units, which are pixels on a wide screen.
pub const WIDTH: u32 = 720;
/// Usual height.
pub const HEIGHT: u32 = 320;

/// What is drawn with one colour.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What the legend says; nothing for none.
    pub label: String,
    /// Its points.
    pub points: Vec<(f64, f64)>,
    /// How.
    pub mark: Mark,
}

/// How points are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A line through them, and a dot at each if there are few.
    Line,
    /// A dot at each.
    Dots,
    /// Bars from 0, as wide as the distance of the first two points.
    Bars,
}

/// A plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Plot {
    /// What the horizontal axis says.
    pub x: String,
    /// What the vertical axis says.
    pub y: String,
    /// Scales of both.
    pub scales: [Scale; 2],
    /// Range of the horizontal axis, if not that of the points.
    pub x_range: Option<Range<f64>>,
    /// Range of the vertical axis, if not that of the points.
    pub y_range: Option<Range<f64>>,
    /// Whether values of the vertical axis are shares, which are written in per cent.
    pub percent: bool,
    /// Height, in units of [`WIDTH`], besides the legend.
    pub height: u32,
    /// What is drawn, the first at the bottom.
    pub series: Vec<Series>,
}

impl Plot {
    /// An empty plot with linear axes.
    pub fn new(x: impl Into<String>, y: impl Into<String>) -> Self {
        Self {
            x: x.into(),
            y: y.into(),
            scales: [Scale::Linear; 2],
            x_range: None,
            y_range: None,
            percent: false,
            height: HEIGHT,
            series: Vec::new(),
        }
    }

    /// Adds a series.
    #[must_use]
    pub fn with(mut self, label: impl Into<String>, mark: Mark, points: Vec<(f64, f64)>) -> Self {
        self.series.push(Series { label: label.into(), points, mark });
        self
    }

    /// What can be seen, in a sentence: what is drawn over what, and where each series begins and ends.
    ///
    /// ```
    /// use loihi_show::report::plot::{Mark, Plot};
    ///
    /// let plot = Plot::new("epoch", "loss").with("", Mark::Line, vec![(1.0, 1.5), (2.0, 0.25)]);
    /// assert_eq!(plot.in_words(), "loss over epoch: from 1.5 to 0.25");
    /// ```
    pub fn in_words(&self) -> String {
        let value = |value: f64| if self.percent { percent(value) } else { rounded(value) };
        let words = |series: &Series| {
            let mut points = self.points(series);
            let first = points.next()?;
            let last = points.last().unwrap_or(first);
            let seen = match series.mark {
                Mark::Line if first == last => value(first.1),
                Mark::Line => format!("from {} to {}", value(first.1), value(last.1)),
                Mark::Dots => format!("{} dots", series.points.len()),
                Mark::Bars => {
                    let highest = self.points(series).map(|(_, y)| y).fold(first.1, f64::max);
                    format!("bars up to {}", value(highest))
                }
            };
            Some(if series.label.is_empty() { seen } else { format!("{} {seen}", series.label) })
        };
        let series: Vec<String> = self.series.iter().filter_map(words).collect();
        let series = if series.is_empty() { "nothing".to_owned() } else { series.join("; ") };
        format!("{} over {}: {series}", self.y, self.x)
    }

    /// Points that can be drawn: finite, and above 0 on a logarithmic axis.
    pub(super) fn points<'s>(&'s self, series: &'s Series) -> impl Iterator<Item = (f64, f64)> + Clone + 's {
        let valid = |value: f64, scale| value.is_finite() && (scale == Scale::Linear || value > 0.0);
        series.points.iter().copied().filter(move |(x, y)| valid(*x, self.scales[0]) && valid(*y, self.scales[1]))
    }

    /// Whether all values on an axis are whole numbers.
    pub(super) fn is_whole(&self, axis: usize) -> bool {
        let own = |(x, y): (f64, f64)| if axis == 0 { x } else { y };
        let is_share = axis == 1 && self.percent;
        !is_share && self.series.iter().flat_map(|series| self.points(series)).all(|point| own(point).fract() == 0.0)
    }

    /// Range of an axis with a margin around its points; `None` without points.
    pub(super) fn range(&self, axis: usize) -> Option<Range<f64>> {
        let given = if axis == 0 { &self.x_range } else { &self.y_range };
        if let Some(range) = given.clone().filter(|range| range.start < range.end) {
            return Some(range);
        }
        let own = |(x, y): (f64, f64)| if axis == 0 { x } else { y };
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in self.series.iter().flat_map(|series| self.points(series)).map(own) {
            (low, high) = (low.min(value), high.max(value));
        }
        if low > high {
            return None;
        }
        let from_zero = axis == 1 && self.series.iter().any(|series| series.mark == Mark::Bars);
        if from_zero {
            low = low.min(0.0);
        }
        if self.scales[axis] == Scale::Log {
            return Some(low / 1.15..high * 1.15);
        }
        let margin = if low < high { 0.03 * (high - low) } else { low.abs().max(1.0) * 0.5 };
        Some(if from_zero { low..high + margin } else { low - margin..high + margin })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_in_words_says_what_can_be_seen() {
        let mut plot = Plot::new("samples", "accuracy")
            .with("learn", Mark::Line, vec![(1.0, 0.5), (2.0, 0.75), (3.0, f64::NAN)])
            .with("test", Mark::Line, vec![(2.0, 0.625)]);
        plot.percent = true;
        assert_eq!(plot.in_words(), "accuracy over samples: learn from 50.00 % to 75.00 %; test 62.50 %");
        let bars = Plot::new("step", "spikes").with("", Mark::Bars, vec![(0.0, 3.0), (1.0, 12.0)]);
        assert_eq!(bars.in_words(), "spikes over step: bars up to 12");
        assert_eq!(Plot::new("x", "y").in_words(), "y over x: nothing");
    }

    #[test]
    fn bars_stand_on_zero() {
        let bars = Plot::new("step", "spikes").with("", Mark::Bars, vec![(0.0, 3.0), (1.0, 12.0)]);
        assert!(bars.range(1).is_some_and(|range| range.start == 0.0 && range.end > 12.0));
    }
}
