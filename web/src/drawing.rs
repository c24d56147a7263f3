//! A drawing as a sample of the digits: 8×8 values of 0 to 16.
//!
//! The digits of the data set were brought to 32×32 black and white pixels, straightened, 20 pixels wide and all of the
//! height, with strokes of a width that blackens as many pixels for any digit; each value counts the black pixels of a
//! block of 4×4. Drawings are brought to the same form here, by their strokes.

use loihi_data::Sample;
use loihi_data::digits::{FULL_SCALE, PIXELS};

/// Pixels of a side.
const SIDE: usize = 32;
/// Pixels of a side of a block, which becomes a value.
const BLOCK: usize = 4;
/// Most columns that are inked.
const WIDTH_MAX: f64 = 20.0;
/// Black pixels of a digit of the data set, on average.
const INK: usize = 313;
/// Radii of strokes that are tried, in pixels.
const RADII: [f64; 2] = [1.0, 6.0];
/// How far the top of a drawing can be moved to straighten it, as a share of its height.
const SLANT_MAX: f64 = 0.6;
/// Most points of a drawing.
pub const POINTS_MAX: usize = 20_000;
/// What coordinates stay below, on either side of 0.
pub const COORDINATE_LIMIT: f64 = 1e6;

/// Why a drawing cannot become a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DrawingError {
    /// There is no point.
    #[error("the drawing is empty: draw a digit")]
    Empty,
    /// There are more points than [`POINTS_MAX`].
    #[error("the drawing has more than {POINTS_MAX} points: draw a simpler one")]
    TooLong,
    /// A stroke has an x without a y, or a coordinate is not below [`COORDINATE_LIMIT`].
    #[error("a stroke is not a list of x and y: give pairs of finite numbers below 1,000,000")]
    Points,
}

/// Strokes of a pen.
///
/// ```
/// use loihi_web::drawing::Drawing;
///
/// let seven = Drawing::of(&[vec![0.0, 0.0, 60.0, 0.0, 20.0, 100.0]])?;
/// let sample = seven.sample();
/// let values = sample.flat().unwrap();
/// assert_eq!((values.len(), values.iter().max()), (64, Some(&16)));
/// assert!(values[2] > values[58], "the bar above, nothing below at the left");
/// # Ok::<(), loihi_web::drawing::DrawingError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    strokes: Vec<Vec<[f64; 2]>>,
}

impl Drawing {
    /// From the points of each stroke: x and y in turn, y downwards, in any unit in which they are below
    /// [`COORDINATE_LIMIT`].
    ///
    /// # Errors
    /// [`DrawingError`].
    pub fn of(strokes: &[Vec<f64>]) -> Result<Self, DrawingError> {
        if strokes.iter().map(Vec::len).sum::<usize>() > 2 * POINTS_MAX {
            return Err(DrawingError::TooLong);
        }
        let is_near = |coordinate: &f64| coordinate.abs() < COORDINATE_LIMIT;
        let is_valid = |stroke: &Vec<f64>| stroke.len().is_multiple_of(2) && stroke.iter().all(is_near);
        if !strokes.iter().all(is_valid) {
            return Err(DrawingError::Points);
        }
        let strokes: Vec<Vec<[f64; 2]>> =
            strokes.iter().map(|stroke| stroke.as_chunks::<2>().0.to_vec()).filter(|own| !own.is_empty()).collect();
        if strokes.is_empty() { Err(DrawingError::Empty) } else { Ok(Self { strokes }) }
    }

    /// The sample, without a class.
    pub fn sample(&self) -> Sample {
        let upright = self.upright();
        let [mut thin, mut thick] = RADII;
        // Ink grows with the radius.
        for _ in 0..12 {
            let radius = f64::midpoint(thin, thick);
            let black = upright.raster(radius).iter().filter(|own| **own).count();
            *(if black < INK { &mut thin } else { &mut thick }) = radius;
        }
        Sample::values("drawing", &[SIDE / BLOCK, SIDE / BLOCK], blocks(&upright.raster(thick)))
    }

    fn points(&self) -> impl Iterator<Item = [f64; 2]> + '_ {
        self.strokes.iter().flatten().copied()
    }

    /// The same straightened: rows are moved until x no longer changes with y, on average over the length of the strokes.
    fn upright(&self) -> Self {
        let (mut length, mut sums) = (0.0, [0.0; 2]);
        let pieces: Vec<([f64; 2], f64)> = self
            .strokes
            .iter()
            .flat_map(|stroke| stroke.windows(2))
            .map(|ends| {
                let [[x0, y0], [x1, y1]] = [ends[0], ends[1]];
                ([f64::midpoint(x0, x1), f64::midpoint(y0, y1)], (x1 - x0).hypot(y1 - y0))
            })
            .collect();
        for ([x, y], weight) in &pieces {
            length += weight;
            sums = [sums[0] + x * weight, sums[1] + y * weight];
        }
        if length <= 0.0 {
            return self.clone();
        }
        let [x_mean, y_mean] = sums.map(|sum| sum / length);
        let (mut xy, mut yy) = (0.0, 0.0);
        for ([x, y], weight) in &pieces {
            xy += (x - x_mean) * (y - y_mean) * weight;
            yy += (y - y_mean).powi(2) * weight;
        }
        let slant = if yy > 0.0 { (xy / yy).clamp(-SLANT_MAX, SLANT_MAX) } else { 0.0 };
        let straight = |[x, y]: &[f64; 2]| [x - slant * (y - y_mean), *y];
        Self { strokes: self.strokes.iter().map(|stroke| stroke.iter().map(straight).collect()).collect() }
    }

    /// Pixels within a radius of the strokes, once these fill the height.
    fn raster(&self, radius: f64) -> [bool; SIDE * SIDE] {
        let fold = |axis: usize, from: f64, choose: fn(f64, f64) -> f64| {
            self.points().map(|point| point[axis]).fold(from, choose)
        };
        let first = [0, 1].map(|axis| fold(axis, f64::INFINITY, f64::min));
        let extent = [0, 1].map(|axis| fold(axis, f64::NEG_INFINITY, f64::max) - first[axis]);
        #[expect(clippy::cast_precision_loss, reason = "32")]
        let side = SIDE as f64;
        let height = side - 2.0 * radius;
        // A bar stays narrow; everything else becomes as wide as the digits of the data set.
        let narrow = if extent[1] > 0.0 { 1.6 * height * extent[0] / extent[1] } else { WIDTH_MAX };
        let width = narrow.min(WIDTH_MAX - 2.0 * radius).max(0.0);
        let target = [width, height];
        let place = |point: [f64; 2]| {
            [0, 1].map(|axis| {
                let share = if extent[axis] > 0.0 { (point[axis] - first[axis]) / extent[axis] } else { 0.5 };
                side / 2.0 + (share - 0.5) * target[axis]
            })
        };
        let mut pixels = [false; SIDE * SIDE];
        for stroke in &self.strokes {
            let placed: Vec<[f64; 2]> = stroke.iter().map(|point| place(*point)).collect();
            let ends = [placed[0], placed[0]];
            ink(&mut pixels, ends, radius);
            for ends in placed.windows(2) {
                ink(&mut pixels, [ends[0], ends[1]], radius);
            }
        }
        pixels
    }
}

/// Blackens the pixels whose centres are within a radius of a piece of a stroke.
fn ink(pixels: &mut [bool; SIDE * SIDE], [from, to]: [[f64; 2]; 2], radius: f64) {
    let along = [to[0] - from[0], to[1] - from[1]];
    let length_squared = along[0] * along[0] + along[1] * along[1];
    for (row, y) in (0..SIDE).zip(0_u8..) {
        for (column, x) in (0..SIDE).zip(0_u8..) {
            let offset = [f64::from(x) + 0.5 - from[0], f64::from(y) + 0.5 - from[1]];
            let share = (offset[0] * along[0] + offset[1] * along[1]) / length_squared.max(1e-9);
            let share = share.clamp(0.0, 1.0);
            let away = [offset[0] - share * along[0], offset[1] - share * along[1]];
            if away[0] * away[0] + away[1] * away[1] <= radius * radius {
                pixels[row * SIDE + column] = true;
            }
        }
    }
}

/// Black pixels of each block.
fn blocks(pixels: &[bool; SIDE * SIDE]) -> Vec<u8> {
    let mut values = vec![0_u8; PIXELS];
    for (at, _) in pixels.iter().enumerate().filter(|(_, black)| **black) {
        let (row, column) = (at / SIDE / BLOCK, at % SIDE / BLOCK);
        values[row * (SIDE / BLOCK) + column] += 1;
    }
    debug_assert!(values.iter().all(|value| *value <= FULL_SCALE));
    values
}
