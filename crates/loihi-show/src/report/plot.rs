//! Plots as SVG text: lines and points over axes that are linear or logarithmic.
//!
//! The same data give the same text. Colours are told apart by people who see few of them, too (Okabe, Ito 2008), and
//! the lines differ in their dashes.

use plotters::backend::SVGBackend;
use plotters::chart::ChartBuilder;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea as _};
use plotters::element::{Circle, DashedPathElement, PathElement, Rectangle, Text};
use plotters::prelude::{IntoLogRange as _, Ranged};
use plotters::series::{DashedLineSeries, LineSeries};
use plotters::style::{Color as _, IntoFont as _, RGBColor, ShapeStyle};
use std::ops::Range;

/// Extents of a plot in pixels.
pub const SIZE: [u32; 2] = [760, 380];

/// Height of a line of the legend.
const LEGEND_LINE_PX: i32 = 22;
/// Where lines of the legend begin.
const LEGEND_LEFT_PX: i32 = 86;
/// Width of an entry besides its letters, and of a letter.
const LEGEND_SWATCH_PX: i32 = 48;
const LEGEND_LETTER_PX: i32 = 7;

const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];
const INK: RGBColor = RGBColor(60, 60, 60);
const GRID: RGBColor = RGBColor(228, 228, 228);

/// How an axis divides its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Evenly.
    Linear,
    /// By powers; values of 0 and below are left out.
    Log,
}

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
    /// Height in pixels.
    pub height: u32,
    /// What is drawn, the first at the bottom.
    pub series: Vec<Series>,
}

type Failed = DrawingAreaErrorKind<std::io::Error>;

impl Plot {
    /// An empty plot with linear axes.
    pub fn new(x: impl Into<String>, y: impl Into<String>) -> Self {
        Self {
            x: x.into(),
            y: y.into(),
            scales: [Scale::Linear; 2],
            x_range: None,
            y_range: None,
            height: SIZE[1],
            series: Vec::new(),
        }
    }

    /// Adds a series.
    #[must_use]
    pub fn with(mut self, label: impl Into<String>, mark: Mark, points: Vec<(f64, f64)>) -> Self {
        self.series.push(Series { label: label.into(), points, mark });
        self
    }

    /// The plot as SVG text; a note in its place if there is nothing to draw.
    pub fn svg(&self) -> String {
        let mut text = String::new();
        let drawn = self.draw(&mut text);
        match drawn {
            Ok(true) => text,
            Ok(false) => note("there is nothing to draw here"),
            Err(error) => note(&format!("this cannot be drawn: {error}")),
        }
    }

    fn draw(&self, text: &mut String) -> Result<bool, Failed> {
        let (Some(x), Some(y)) = (self.range(0), self.range(1)) else { return Ok(false) };
        let backend = SVGBackend::with_string(text, (SIZE[0], self.height));
        let whole = backend.into_drawing_area();
        let (head, area) = whole.split_vertically(self.legend_px());
        self.legend(&head)?;
        match self.scales {
            [Scale::Linear, Scale::Linear] => self.draw_on(&area, x, y)?,
            [Scale::Log, Scale::Linear] => self.draw_on(&area, x.log_scale(), y)?,
            [Scale::Linear, Scale::Log] => self.draw_on(&area, x, y.log_scale())?,
            [Scale::Log, Scale::Log] => self.draw_on(&area, x.log_scale(), y.log_scale())?,
        }
        whole.present()?;
        Ok(true)
    }

    /// Series that have a label, each with its number, its place from the left and its line of the legend.
    fn labels(&self) -> Vec<(usize, &str, [i32; 2])> {
        let labelled = self.series.iter().enumerate().filter(|(_, series)| !series.label.is_empty());
        let width = i32::try_from(SIZE[0]).unwrap_or(i32::MAX);
        let (mut left, mut line) = (LEGEND_LEFT_PX, 0);
        let mut labels = Vec::new();
        for (number, Series { label, .. }) in labelled {
            let letters = i32::try_from(label.chars().count()).unwrap_or(i32::MAX / 16);
            let wide = LEGEND_SWATCH_PX + letters.saturating_mul(LEGEND_LETTER_PX);
            if left > LEGEND_LEFT_PX && left.saturating_add(wide) > width {
                (left, line) = (LEGEND_LEFT_PX, line + 1);
            }
            labels.push((number, label.as_str(), [left, line]));
            left = left.saturating_add(wide);
        }
        labels
    }

    /// Height of the legend, which stands above what is drawn.
    fn legend_px(&self) -> i32 {
        self.labels().last().map_or(0, |(.., [_, line])| (line + 1) * LEGEND_LINE_PX)
    }

    fn legend(&self, area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>) -> Result<(), Failed> {
        for (number, label, [left, line]) in self.labels() {
            let colour = COLOURS[number % COLOURS.len()];
            let style = ShapeStyle { color: colour.to_rgba(), filled: true, stroke_width: 3 };
            let middle = line * LEGEND_LINE_PX + LEGEND_LINE_PX / 2;
            let ends = [(left, middle), (left + 24, middle)];
            let (dash, gap) = DASHES[number % DASHES.len()];
            if number == 0 || gap == 0 {
                area.draw(&PathElement::new(ends, style))?;
            } else {
                area.draw(&DashedPathElement::new(ends, dash, gap, style))?;
            }
            let font = ("sans-serif", 13).into_font().color(&INK);
            area.draw(&Text::new(label.to_owned(), (left + 30, middle - 7), font))?;
        }
        Ok(())
    }

    /// Points that can be drawn: finite, and above 0 on a logarithmic axis.
    fn points<'s>(&'s self, series: &'s Series) -> impl Iterator<Item = (f64, f64)> + Clone + 's {
        let valid = |value: f64, scale| value.is_finite() && (scale == Scale::Linear || value > 0.0);
        series.points.iter().copied().filter(move |(x, y)| valid(*x, self.scales[0]) && valid(*y, self.scales[1]))
    }

    /// Range of an axis, a little wider than its points.
    fn range(&self, axis: usize) -> Option<Range<f64>> {
        let given = if axis == 0 { &self.x_range } else { &self.y_range };
        if let Some(range) = given.clone().filter(|range| range.start < range.end) {
            return Some(range);
        }
        let bars = self.series.iter().any(|series| series.mark == Mark::Bars);
        let own = |(x, y): (f64, f64)| if axis == 0 { x } else { y };
        let mut low = f64::INFINITY;
        let mut high = f64::NEG_INFINITY;
        for value in self.series.iter().flat_map(|series| self.points(series)).map(own) {
            (low, high) = (low.min(value), high.max(value));
        }
        if low > high {
            return None;
        }
        if axis == 1 && bars {
            low = low.min(0.0);
        }
        if self.scales[axis] == Scale::Log {
            return Some(low / 1.15..high * 1.15);
        }
        let margin = if low < high { 0.03 * (high - low) } else { low.abs().max(1.0) * 0.5 };
        Some(if axis == 1 && bars { low..high + margin } else { low - margin..high + margin })
    }

    fn draw_on<X, Y>(
        &self,
        area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
        x: X,
        y: Y,
    ) -> Result<(), Failed>
    where
        X: AsRangedCoord<Value = f64>,
        Y: AsRangedCoord<Value = f64>,
        X::CoordDescType: ValueFormatter<f64> + Ranged<ValueType = f64>,
        Y::CoordDescType: ValueFormatter<f64> + Ranged<ValueType = f64>,
    {
        let font = || ("sans-serif", 13).into_font().color(&INK);
        let mut chart = ChartBuilder::on(area)
            .margin(8)
            .margin_right(18)
            .x_label_area_size(42)
            .y_label_area_size(78)
            .build_cartesian_2d(x, y)?;
        chart
            .configure_mesh()
            .x_desc(&self.x)
            .y_desc(&self.y)
            .axis_style(INK)
            .light_line_style(RGBColor(255, 255, 255).mix(0.0))
            .bold_line_style(GRID)
            .label_style(font())
            .axis_desc_style(font())
            .x_labels(8)
            .y_labels(7)
            .x_label_formatter(&|value| figure(*value))
            .y_label_formatter(&|value| figure(*value))
            .draw()?;
        for (number, series) in self.series.iter().enumerate() {
            let colour = COLOURS[number % COLOURS.len()];
            let style = ShapeStyle { color: colour.to_rgba(), filled: true, stroke_width: 2 };
            let points = self.points(series);
            match series.mark {
                Mark::Line if number == 0 => drop(chart.draw_series(LineSeries::new(points.clone(), style))?),
                Mark::Line => {
                    let (dash, gap) = DASHES[number % DASHES.len()];
                    chart.draw_series(DashedLineSeries::new(points.clone(), dash, gap, style))?;
                }
                Mark::Dots => drop(chart.draw_series(points.clone().map(|point| Circle::new(point, 1, style)))?),
                Mark::Bars => {
                    let step = series.points.windows(2).next().map_or(1.0, |pair| pair[1].0 - pair[0].0);
                    let bar = |(x, y)| Rectangle::new([(x - 0.45 * step, 0.0), (x + 0.45 * step, y)], style);
                    chart.draw_series(points.clone().map(bar))?;
                }
            }
            if series.mark == Mark::Line && series.points.len() <= 40 {
                chart.draw_series(points.map(|point| Circle::new(point, 3, style)))?;
            }
        }
        Ok(())
    }
}

/// Lengths of dashes and gaps of the lines after the first.
const DASHES: [(i32, i32); 5] = [(12, 0), (10, 4), (4, 4), (14, 6), (2, 4)];

/// A number on an axis: short, without needless zeros.
fn figure(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude < 1e-12 {
        return "0".to_owned();
    }
    if !(1e-4..1e6).contains(&magnitude) {
        return format!("{value:.0e}");
    }
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn note(what: &str) -> String {
    format!(
        "<svg width=\"{}\" height=\"60\" viewBox=\"0 0 {} 60\" xmlns=\"http://www.w3.org/2000/svg\">\n<text x=\"20\" y=\"35\" \
         font-family=\"sans-serif\" font-size=\"14\" fill=\"#777\">{what}</text>\n</svg>\n",
        SIZE[0], SIZE[0]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot() -> Plot {
        Plot::new("rate", "slowdown").with("one", Mark::Line, vec![(0.01, 1.0), (0.1, 1.0), (1.0, 2.0)]).with(
            "many",
            Mark::Line,
            vec![(0.01, 1.0), (0.1, 30.0), (1.0, 300.0)],
        )
    }

    #[test]
    fn lines_and_dots_are_drawn_on_linear_and_logarithmic_axes() {
        let linear = plot().with("", Mark::Dots, vec![(0.5, 100.0), (0.75, 150.0)]);
        insta::assert_snapshot!("linear_axes", linear.svg());
        let mut log = plot();
        log.scales = [Scale::Log; 2];
        insta::assert_snapshot!("logarithmic_axes", log.svg());
    }

    #[test]
    fn nothing_and_nonsense_are_drawn_as_a_note() {
        assert!(Plot::new("x", "y").svg().contains("nothing to draw"));
        let nonsense = Plot::new("x", "y").with("", Mark::Dots, vec![(f64::NAN, 1.0), (1.0, f64::INFINITY)]);
        assert!(nonsense.svg().contains("nothing to draw"));
        let mut below = Plot::new("x", "y").with("", Mark::Line, vec![(1.0, 0.0)]);
        below.scales[1] = Scale::Log;
        assert!(below.svg().contains("nothing to draw"));
        assert!(Plot::new("x", "y").with("", Mark::Line, vec![(1.0, 5.0)]).svg().contains("<circle"));
    }

    #[test]
    fn figures_are_short() {
        let figures = [0.0, 0.5, 100.0, 1234.5678, 1e7, 0.00001, -0.25].map(figure);
        assert_eq!(figures, ["0", "0.5", "100", "1234.5678", "1e7", "1e-5", "-0.25"]);
    }
}
