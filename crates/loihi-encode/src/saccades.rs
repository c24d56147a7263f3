//! Spikes of images by saccades: an image as a moving event camera sees it.
//!
//! Orchard, Jayant, Cohen and Thakor, 2015, "Converting Static Image Datasets to Spiking Neuromorphic Datasets Using Saccades"
//! (arXiv 1507.07629), recorded images this way. The path and its times are those that such recordings show.

use crate::{Clock, Spikes};
use loihi_core::num::word;

/// Where the middle of the image is before and after each saccade, seen from that of the sensor: rows down and columns to the
/// right, in 256ths of a pixel.
const CORNERS: [[i32; 2]; 4] = [[-440, -632], [904, -238], [-410, 730], [-440, -632]];

/// When a saccade begins and ends, in microseconds.
const TIMES_US: [[u64; 2]; 3] = [[5_000, 82_000], [103_000, 192_000], [217_000, 298_000]];

/// Duration of all saccades with the pauses between them.
pub const DURATION_US: u64 = 300_000;

/// The path is followed in stretches of a step that are no longer than this.
const STRETCH_US: u64 = 5_000;

/// The change of a value that a pixel reports, in 256ths: about a seventh of the range.
const THRESHOLD: i32 = 37 << 8;

/// Chance of an event without a change, in 2^-32 for a pixel and microsecond: in a recording one pixel in eight has one.
const NOISE: u64 = 1_800;

/// Stream of draws of a sample's threshold.
const OF_SAMPLE: u32 = 0x5ACC_0000;
/// Stream of draws of pixels' thresholds.
const OF_PIXEL: u32 = 0xA35D_0000;
/// Stream of draws of the values where pixels begin.
const BEGIN: u32 = 0xC79E_0000;
/// Stream of draws of noise.
const OF_NOISE: u32 = 0x6E2F_0000;

/// A camera that looks at images in three saccades of 100 ms, along a triangle.
///
/// ```
/// use loihi_encode::saccades::Camera;
///
/// // A bright dot on a sensor of 9 x 9 pixels, in 31 steps of 10 ms.
/// let spikes = Camera { sensor: [9, 9], step_us: 10_000, seed: 1 }.look(&[255], 1, 31, 0);
/// assert!(spikes.spikes.iter().all(|(step, element)| *step < 31 && *element < 2 * 81));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Camera {
    /// Rows and columns of the sensor. An image stands in its middle, a value a pixel.
    pub sensor: [usize; 2],
    /// Duration of a step; 0 counts as 1.
    pub step_us: u64,
    /// Seed of thresholds, of where pixels begin, and of noise.
    pub seed: u32,
}

/// What a pixel compares.
#[derive(Clone, Copy, Debug)]
struct Pixel {
    /// The value at its last event, in 256ths.
    last: i32,
    threshold: i32,
}

impl Camera {
    /// Steps from the beginning of the first saccade to the end of the last.
    pub fn steps(&self) -> u32 {
        u32::try_from(DURATION_US / self.step_us.max(1)).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// The spikes of an image with rows of `columns` values: element `row · width + column` of the sensor where the value has risen,
    /// `(height + row) · width + column` where it has fallen, by a seventh of the range since the last event there; each once a
    /// step, and none after [`Self::steps`]. Values between those of the image are interpolated, and outside of it they are 0.
    /// Thresholds differ by up to a quarter from sample to sample and by an eighth from pixel to pixel, and a few events are noise:
    /// what is drawn follows from the seed and the number of the sample. An event is in the step that is nearest to it.
    pub fn look(&self, image: &[u8], columns: usize, steps: u32, sample: u32) -> Spikes {
        let image = Image { values: image, columns: columns.max(1), sensor: self.sensor };
        let mut pixels = self.pixels(&image, sample);
        let mut fired = vec![false; 2 * pixels.len()];
        let (mut stretches, mut middle) = (self.stretches().peekable(), CORNERS[0]);
        let mut spikes = Vec::new();
        for step in 0..steps.min(self.steps()) {
            while let Some((_, t_us)) = stretches.next_if(|(own, _)| *own <= u64::from(step)) {
                let to = at(t_us);
                if to != middle {
                    middle = to;
                    image.reports(middle, &mut pixels, &mut fired);
                }
            }
            self.noise(step, sample, &mut fired);
            spikes.extend(fired.iter().enumerate().filter(|(_, fired)| **fired).map(|(element, _)| (step, element)));
            fired.fill(false);
        }
        Spikes { steps, spikes }
    }

    /// Stretches of the path: the step to which the middle of one is nearest, and its end.
    fn stretches(&self) -> impl Iterator<Item = (u64, u64)> {
        let clock = Clock { start_us: 0, step_us: self.step_us.max(1) };
        let stretch_us = clock.step_us / clock.step_us.div_ceil(STRETCH_US);
        let ends = (1..=DURATION_US.div_ceil(stretch_us)).map(move |number| number * stretch_us);
        ends.map(move |t_us| (clock.step_of(t_us - stretch_us.div_ceil(2)), t_us))
    }

    /// Pixels at rest, each somewhere between two events.
    fn pixels(&self, image: &Image<'_>, sample: u32) -> Vec<Pixel> {
        // A share of 2^15, evenly between -1 and 1.
        let draw =
            |stream: u32, pixel: u32| (word(self.seed ^ stream, sample, 0, pixel) >> 16).cast_signed() - (1 << 15);
        let of_sample = THRESHOLD + (((THRESHOLD >> 2) * draw(OF_SAMPLE, 0)) >> 15);
        let mut pixels = Vec::with_capacity(self.sensor[0] * self.sensor[1]);
        image.each(CORNERS[0], |place, value| {
            let pixel = u32::try_from(place).unwrap_or(u32::MAX);
            let threshold = of_sample + (((of_sample >> 3) * draw(OF_PIXEL, pixel)) >> 15);
            let last = value + (((threshold - (threshold >> 3)) * draw(BEGIN, pixel)) >> 15);
            pixels.push(Pixel { last, threshold });
        });
        pixels
    }

    fn noise(&self, step: u32, sample: u32, fired: &mut [bool]) {
        // No step is longer than the path.
        let chance = u32::try_from(self.step_us.clamp(1, DURATION_US) * NOISE).unwrap_or(u32::MAX);
        let pixels = fired.len() / 2;
        for (number, place) in (0..).zip(0..pixels) {
            let drawn = word(self.seed ^ OF_NOISE, sample, step, number);
            let plane = if drawn & 1 == 0 { 0 } else { pixels };
            fired[plane + place] |= drawn < chance;
        }
    }
}

/// An image in front of a sensor.
#[derive(Clone, Copy, Debug)]
struct Image<'i> {
    values: &'i [u8],
    columns: usize,
    sensor: [usize; 2],
}

impl Image<'_> {
    /// Events of all pixels when the middle of the image has come to a place.
    fn reports(&self, middle: [i32; 2], pixels: &mut [Pixel], fired: &mut [bool]) {
        let (rises, falls) = fired.split_at_mut(pixels.len());
        self.each(middle, |place, value| {
            let pixel = &mut pixels[place];
            // Values are below 2^16 and thresholds above a twentieth of that, so nothing overflows.
            let events = (value - pixel.last) / pixel.threshold;
            pixel.last += events * pixel.threshold;
            rises[place] |= events > 0;
            falls[place] |= events < 0;
        });
    }

    /// By pixel of the sensor, the value of the image there in 256ths.
    fn each(&self, middle: [i32; 2], mut take: impl FnMut(usize, i32)) {
        let rows = self.values.len() / self.columns;
        let across = self.axis(1, self.columns, middle[1]);
        let down = self.axis(0, rows, middle[0]);
        let [height, width] = self.sensor;
        for row in 0..height {
            let (above, share_below) = down(row);
            for column in 0..width {
                let (left, share_right) = across(column);
                let [top, bottom] = [above, above + 1].map(|row| {
                    let [left, right] = [left, left + 1].map(|column| self.value(row, column, rows));
                    left * (256 - share_right) + right * share_right
                });
                take(row * width + column, (top * (256 - share_below) + bottom * share_below) >> 8);
            }
        }
    }

    /// Of a row or column of the sensor: the one of the image before it, and the share of the next one in 256ths.
    fn axis(&self, axis: usize, extent: usize, middle: i32) -> impl Fn(usize) -> (i32, i32) {
        let whole = |extent: usize| i32::try_from(extent).unwrap_or(i32::MAX).min(i32::MAX >> 9);
        // Both middles are between two pixels where an extent is even.
        let first = ((whole(self.sensor[axis]) - whole(extent)) << 7) + middle;
        move |place| {
            let from_first = (whole(place) << 8) - first;
            (from_first >> 8, from_first & 255)
        }
    }

    fn value(&self, row: i32, column: i32, rows: usize) -> i32 {
        let within = |at: i32, extent: usize| usize::try_from(at).ok().filter(|at| *at < extent);
        let place = within(row, rows).zip(within(column, self.columns));
        place.map_or(0, |(row, column)| self.values[row * self.columns + column].into())
    }
}

/// Where the middle of the image is at a time: a saccade sets off slowly and comes to rest slowly.
fn at(t_us: u64) -> [i32; 2] {
    let under_way = TIMES_US.iter().zip(CORNERS.windows(2)).rev().find(|([begin, _], _)| t_us > *begin);
    let Some(([begin, end], corners)) = under_way else { return CORNERS[0] };
    // In 4096ths: 3 x^2 - 2 x^3.
    let x = ((t_us - begin).min(end - begin) << 12) / (end - begin);
    let share = i32::try_from((x * x * (3 * 4096 - 2 * x)) >> 24).unwrap_or(4096);
    [0, 1].map(|axis| corners[0][axis] + (((corners[1][axis] - corners[0][axis]) * share) >> 12))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_closed_and_smooth() {
        assert_eq!((at(0), at(DURATION_US), at(u64::MAX)), (CORNERS[0], CORNERS[0], CORNERS[0]));
        assert_eq!([at(90_000), at(200_000)], [CORNERS[1], CORNERS[2]]);
        for t_us in (0..DURATION_US).step_by(1000) {
            let [before, after] = [at(t_us), at(t_us + 1000)];
            // Half as fast again as on average: at most 5.3 pixels in 77 ms.
            assert!((0..2).all(|axis| before[axis].abs_diff(after[axis]) < 32), "{t_us}: {before:?} {after:?}");
        }
    }

    #[test]
    fn values_are_between_those_of_the_image() {
        let image = Image { values: &[255, 255, 255, 255], columns: 2, sensor: [4, 4] };
        let seen = |middle: [i32; 2]| {
            let mut all = vec![0; 16];
            image.each(middle, |place, value| all[place] = value);
            all
        };
        let still = seen([0, 0]);
        let lit: Vec<usize> = (0..16).filter(|place| still[*place] > 0).collect();
        assert_eq!((lit, still[5]), (vec![5, 6, 9, 10], 255 << 8));
        let right = seen([0, 64]);
        assert_eq!(right[4..8], [0, 48_960, 65_280, 16_320], "a quarter of a pixel");
        assert!(seen([-4000, 9000]).iter().all(|value| *value == 0));
    }
}
