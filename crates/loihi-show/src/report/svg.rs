//! Plots as SVG text.
//!
//! The same data give the same text. Colours are classes, so that a page and the reader's setting choose between light and
//! dark; they are told apart by people who see few of them, too (after Okabe, Ito 2008), and lines differ in their dashes.
//! Letters may be enlarged to 22 units, as they are on phones, without touching each other.

use super::axis::{Axis, tick};
use super::plot::{Mark, Plot, Series, WIDTH};
use super::text::escaped;
use std::fmt::Write as _;

/// Style of all plots of a page.
pub(super) const STYLE: &str = include_str!("plot.css");

/// Colours and dashes of the style.
const COLOURS: usize = 6;
const DASHES: usize = 5;
/// Room beside, below and above what is drawn, for the numbers of the axes.
const LEFT: f64 = 84.0;
const RIGHT: f64 = 24.0;
const BOTTOM: f64 = 56.0;
const TOP: f64 = 14.0;
/// Height of a line of the legend.
const LINE: f64 = 26.0;
/// Width of a letter, as large as it may become.
const LETTER: f64 = 12.5;
/// A piece of line in the legend, with the gaps beside it.
const SWATCH: f64 = 46.0;
/// Longest line that has a dot at each of its points.
const MARKED_MAX: usize = 40;

impl Plot {
    /// The plot as an SVG file; a note in its place if there is nothing to draw.
    pub fn svg(&self) -> String {
        self.drawn(&format!("<style>\n{STYLE}</style>\n"), &self.in_words())
    }

    /// The plot for a page that has the style. `alt` says in its place what can be seen.
    pub(super) fn inline(&self, alt: &str) -> String {
        self.drawn("", alt)
    }

    fn drawn(&self, style: &str, alt: &str) -> String {
        let alt = escaped(alt);
        let (Some(x), Some(y)) = (self.range(0), self.range(1)) else {
            return format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" viewBox=\"0 0 {WIDTH} 60\" role=\"img\" \
                 aria-label=\"{alt}\">\n{style}<text x=\"20\" y=\"35\">there is nothing to draw here</text>\n</svg>\n"
            );
        };
        let (head, labels) = self.legend();
        let (bottom, height) = (head + f64::from(self.height) - BOTTOM, head + f64::from(self.height));
        let axes = [
            Axis {
                scale: self.scales[0],
                values: x,
                whole: self.is_whole(0),
                pixels: [LEFT, f64::from(WIDTH) - RIGHT],
            },
            Axis { scale: self.scales[1], values: y, whole: self.is_whole(1), pixels: [bottom, head + TOP] },
        ];
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" \
             aria-label=\"{alt}\">\n{style}"
        );
        self.draw_axes(&mut svg, &axes, [bottom, height]);
        svg += &labels;
        for (number, series) in self.series.iter().enumerate() {
            self.draw_series(&mut svg, &axes, number, series);
        }
        svg + "</svg>\n"
    }

    /// The name of the vertical axis, and after it the labels, line by line; with the height of all.
    fn legend(&self) -> (f64, String) {
        let letters = |text: &str| LETTER * f64::from(u32::try_from(text.chars().count()).unwrap_or(u32::MAX));
        let mut text = format!("<text x=\"8\" y=\"18\">{}</text>\n", escaped(&self.y));
        let (mut left, mut line) = ((8.0 + letters(&self.y) + 24.0).max(LEFT), 0.0);
        for (number, Series { label, .. }) in self.series.iter().enumerate().filter(|(_, own)| !own.label.is_empty()) {
            let wide = SWATCH + letters(label);
            if left > LEFT && left + wide > f64::from(WIDTH) {
                (left, line) = (LEFT, line + LINE);
            }
            let class = class(number);
            let (middle, after, base) = (line + 13.0, left + 28.0, line + 18.0);
            // Writing to a text does not fail.
            let _ = writeln!(
                text,
                "<path class=\"line {class}\" d=\"M{left:.1} {middle:.1}H{after:.1}\"/><text x=\"{:.1}\" y=\"{base:.1}\">{}</text>",
                left + 34.0,
                escaped(label)
            );
            left += wide;
        }
        (line + LINE, text)
    }

    fn draw_axes(&self, svg: &mut String, axes: &[Axis; 2], [bottom, height]: [f64; 2]) {
        let [x, y] = axes;
        let (mut grid, mut texts) = (String::new(), String::new());
        for value in x.ticks(6) {
            let at = x.at(value);
            let _ = write!(grid, "M{at:.1} {:.1}V{bottom:.1}", y.pixels[1]);
            let text = tick(value, false);
            let _ = writeln!(texts, "<text class=\"middle\" x=\"{at:.1}\" y=\"{:.1}\">{text}</text>", bottom + 22.0);
        }
        for value in y.ticks(if self.height < 200 { 3 } else { 5 }) {
            let at = y.at(value);
            let _ = write!(grid, "M{:.1} {at:.1}H{:.1}", x.pixels[0], x.pixels[1]);
            let text = tick(value, self.percent);
            let _ = writeln!(texts, "<text class=\"end\" x=\"{:.1}\" y=\"{:.1}\">{text}</text>", LEFT - 8.0, at + 5.0);
        }
        let _ = writeln!(
            texts,
            "<text class=\"middle\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            f64::midpoint(x.pixels[0], x.pixels[1]),
            height - 8.0,
            escaped(&self.x)
        );
        let axis = format!("M{:.1} {:.1}V{bottom:.1}H{:.1}", x.pixels[0], y.pixels[1], x.pixels[1]);
        let _ = write!(svg, "<path class=\"grid\" d=\"{grid}\"/><path class=\"axis\" d=\"{axis}\"/>\n{texts}");
    }

    fn draw_series(&self, svg: &mut String, axes: &[Axis; 2], number: usize, series: &Series) {
        let [x, y] = axes;
        let places = || self.points(series).map(move |(own_x, own_y)| [x.at(own_x), y.at(own_y)]);
        let dot = |[x, y]: [f64; 2]| format!("M{x:.1} {y:.1}h0");
        let dots = || places().map(dot).collect::<String>();
        let colour = format!("c{}", number % COLOURS);
        let _ = match series.mark {
            Mark::Line => {
                let points: Vec<String> = places().map(|[x, y]| format!("{x:.1},{y:.1}")).collect();
                writeln!(svg, "<polyline class=\"line {}\" points=\"{}\"/>", class(number), points.join(" "))
            }
            Mark::Dots => writeln!(svg, "<path class=\"dots {colour}\" d=\"{}\"/>", dots()),
            Mark::Bars => {
                let step = series.points.windows(2).next().map_or(1.0, |pair| pair[1].0 - pair[0].0);
                let bar = |(own_x, own_y): (f64, f64)| {
                    let [left, right] = [x.at(own_x - 0.45 * step), x.at(own_x + 0.45 * step)];
                    format!("M{left:.1} {:.1}V{:.1}H{right:.1}V{:.1}z", y.at(0.0), y.at(own_y), y.at(0.0))
                };
                let bars: String = self.points(series).map(bar).collect();
                writeln!(svg, "<path class=\"bars {colour}\" d=\"{bars}\"/>")
            }
        };
        if series.mark == Mark::Line && series.points.len() <= MARKED_MAX {
            let _ = writeln!(svg, "<path class=\"marks {colour}\" d=\"{}\"/>", dots());
        }
    }
}

/// Colour and dashes of a line.
fn class(number: usize) -> String {
    format!("c{} d{}", number % COLOURS, number % DASHES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plot::Scale;

    fn plot() -> Plot {
        Plot::new("rate", "slowdown").with("one", Mark::Line, vec![(0.01, 1.0), (0.1, 1.0), (1.0, 2.0)]).with(
            "many & more",
            Mark::Line,
            vec![(0.01, 1.0), (0.1, 30.0), (1.0, 300.0)],
        )
    }

    #[test]
    fn lines_and_dots_are_drawn_on_linear_and_logarithmic_axes() {
        let linear = plot().with("", Mark::Dots, vec![(0.5, 100.0), (0.75, 150.0)]);
        insta::assert_snapshot!("linear_axes", linear.inline("one & all"));
        let mut log = plot();
        log.scales = [Scale::Log; 2];
        insta::assert_snapshot!("logarithmic_axes", log.inline("logarithmic"));
    }

    #[test]
    fn a_file_has_the_style_and_says_what_can_be_seen() {
        let svg = plot().svg();
        assert!(svg.contains("<style>") && svg.contains("prefers-color-scheme: dark"), "{svg}");
        assert!(svg.contains("slowdown over rate: one from 1 to 2; many &amp; more from 1 to 300"), "{svg}");
    }

    #[test]
    fn nothing_and_nonsense_are_drawn_as_a_note() {
        assert!(Plot::new("x", "y").svg().contains("nothing to draw"));
        let nonsense = Plot::new("x", "y").with("", Mark::Dots, vec![(f64::NAN, 1.0), (1.0, f64::INFINITY)]);
        assert!(nonsense.svg().contains("nothing to draw"));
        let mut below = Plot::new("x", "y").with("", Mark::Line, vec![(1.0, 0.0)]);
        below.scales[1] = Scale::Log;
        assert!(below.svg().contains("nothing to draw"));
        assert!(Plot::new("x", "y").with("", Mark::Line, vec![(1.0, 5.0)]).svg().contains("class=\"marks"));
    }
}
