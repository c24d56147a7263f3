//! From samples to spikes: of values by rate, latency, change, level and crossing, of images by saccades; of recordings by their
//! events.
//!
//! ```
//! // A value of 255 spikes at once, one of 1 in the last of 20 steps, one of 0 never.
//! let spikes = loihi_encode::latency(&[255, 0, 1], 20);
//! assert_eq!((spikes.steps, &spikes.spikes[..]), (20, &[(0, 0), (19, 2)][..]));
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod marks;
pub mod saccades;

use loihi_core::num::word;
use loihi_data::events::{Event, Events};
use marks::Marks;
use std::ops::RangeInclusive;

/// Spikes of a sample: step and element, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Spikes {
    /// Steps.
    pub steps: u32,
    /// Step and element.
    pub spikes: Vec<(u32, usize)>,
}

/// A spike with chance `value / 256` in every step, drawn by place from a seed.
pub fn rate(values: &[u8], steps: u32, seed: u32, sample: u32) -> Spikes {
    // A value of 0 never fires: nothing is drawn for it, and others draw what they would beside it.
    let bright: Vec<(u32, u32)> =
        (0..).zip(values).filter(|(_, value)| **value > 0).map(|(at, value)| (at, u32::from(*value))).collect();
    let mut spikes = Vec::new();
    for step in 0..steps {
        let fires = |(at, value): &&(u32, u32)| word(seed ^ 0x0A7E, sample, step, *at) >> 24 < *value;
        spikes.extend(bright.iter().filter(fires).map(|(at, _)| (step, *at as usize)));
    }
    Spikes { steps, spikes }
}

/// One spike per value above 0 at step `(255 − value) · (steps − 1) / 254`, rounded down.
pub fn latency(values: &[u8], steps: u32) -> Spikes {
    let last = u64::from(steps.saturating_sub(1));
    let step = |value: u8| u32::try_from(u64::from(255 - value) * last / 254).unwrap_or(u32::MAX);
    let fires = values.iter().enumerate().filter(|(_, value)| **value > 0 && steps > 0);
    let mut spikes: Vec<(u32, usize)> = fires.map(|(at, value)| (step(*value), at)).collect();
    spikes.sort_unstable();
    Spikes { steps, spikes }
}

/// Rows of values, one a step: a spike for every value of 128 or more.
pub fn frames(rows: &[u8], width: usize) -> Spikes {
    levels(rows, width, 1)
}

/// Rows of values, one a step: a spike at element `level · width + at` for every level that a value reaches. Level `k` of `levels`,
/// from 0, is at `256 · (k + 1) / (levels + 1)`, rounded up.
pub fn levels(rows: &[u8], width: usize, levels: usize) -> Spikes {
    let rows = rows.chunks_exact(width.max(1));
    let steps = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    let heights = heights(levels);
    let of_row = |(step, row): (u32, &[u8])| {
        let reached = |height: usize| move |(_, value): &(usize, &u8)| usize::from(**value) >= height;
        let spikes = heights.iter().enumerate().flat_map(|(level, height)| {
            row.iter().enumerate().filter(reached(*height)).map(move |(at, _)| (step, level * width + at))
        });
        spikes.collect::<Vec<_>>()
    };
    Spikes { steps, spikes: (0..).zip(rows).flat_map(of_row).collect() }
}

/// Rows of values, one a step: a spike at element `level · width + at` for every level that a rise since the row before has
/// reached, at `(levels + level) · width + at` for every one that a fall has left. Levels are those of [`levels`]; before the
/// first row all values are 0.
pub fn crossings(rows: &[u8], width: usize, levels: usize) -> Spikes {
    let heights = heights(levels);
    let reached = |value: u8| heights.partition_point(|height| *height <= usize::from(value));
    let rows = rows.chunks_exact(width.max(1));
    let steps = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    let mut before = vec![0; width.max(1)];
    let mut spikes = Vec::new();
    for (step, row) in (0..).zip(rows) {
        let first = spikes.len();
        for (at, (value, before)) in row.iter().zip(&mut before).enumerate() {
            let now = reached(*value);
            spikes.extend((*before..now).map(|level| (step, level * width + at)));
            spikes.extend((now..*before).map(|level| (step, (levels + level) * width + at)));
            *before = now;
        }
        spikes[first..].sort_unstable();
    }
    Spikes { steps, spikes }
}

/// The lowest value that reaches each level.
fn heights(levels: usize) -> Vec<usize> {
    (1..=levels).map(|level| (256 * level).div_ceil(levels + 1)).collect()
}

/// Rows of values, one a step: a spike at element `at` for a rise by `threshold` since the last spike there, at
/// `width + at` for a fall. A threshold of 0 counts as 1. The first row is where it begins.
pub fn delta(rows: &[u8], width: usize, threshold: u8) -> Spikes {
    let threshold = i32::from(threshold.max(1));
    let mut rows = rows.chunks_exact(width.max(1));
    let mut level: Vec<i32> = rows.next().unwrap_or_default().iter().map(|value| i32::from(*value)).collect();
    let mut spikes = Vec::new();
    let mut steps = 1;
    for row in rows {
        let mut falls = Vec::new();
        for (at, (value, level)) in row.iter().zip(&mut level).enumerate() {
            let change = i32::from(*value) - *level;
            if change >= threshold {
                spikes.push((steps, at));
                *level += change / threshold * threshold;
            } else if change <= -threshold {
                falls.push((steps, width + at));
                *level += change / threshold * threshold;
            }
        }
        spikes.extend(falls);
        steps += 1;
    }
    Spikes { steps, spikes }
}

/// How times become steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The time of step 0; what is before it counts as that.
    pub start_us: u64,
    /// Duration of a step; 0 counts as 1.
    pub step_us: u64,
}

impl Clock {
    /// The step of a time: the nearest one, of two the even one.
    pub fn step_of(self, t_us: u64) -> u64 {
        let (since_us, step_us) = (t_us.saturating_sub(self.start_us), self.step_us.max(1));
        let (whole, rest) = (since_us / step_us, since_us % step_us);
        let half = rest.cmp(&(step_us - rest));
        whole + u64::from(half.is_gt() || (half.is_eq() && whole % 2 == 1))
    }

    /// Times that are nearer to a step than to any other; empty if they overflow.
    fn around(self, step: u64) -> RangeInclusive<u64> {
        let reach_us = self.step_us.saturating_sub(1) / 2;
        let middle_us = step.checked_mul(self.step_us.max(1)).and_then(|since_us| since_us.checked_add(self.start_us));
        let first_and_last = middle_us
            .and_then(|middle_us| Some((middle_us.saturating_sub(reach_us), middle_us.checked_add(reach_us)?)));
        first_and_last.map_or(RangeInclusive::new(1, 0), |(first, last)| first..=last)
    }

    /// Steps of a recording, to that of its last event.
    pub fn steps_of(self, recording: &Events) -> u64 {
        self.step_of(recording.end_us()).saturating_add(1)
    }
}

/// Events as elements `[polarity, height, width]` in their steps; those outside the sensor or after `steps` are left out.
/// With one polarity, both count as that.
pub fn events(recording: &Events, clock: Clock, steps: u32, [polarities, height, width]: [usize; 3]) -> Spikes {
    let polarity = |event: &Event| if polarities > 1 { usize::from(event.polarity) } else { 0 };
    let mut places: Vec<(u32, usize)> = Vec::with_capacity(recording.events.len());
    // Most events belong to the step of the one before.
    let (mut step, mut around) = (0, clock.around(0));
    let elements = recording.events.iter().filter_map(|event| {
        if !around.contains(&event.t_us) {
            step = clock.step_of(event.t_us);
            around = clock.around(step);
        }
        let (x, y) = (usize::from(event.x), usize::from(event.y));
        let step = u32::try_from(step).ok().filter(|step| *step < steps && x < width && y < height)?;
        Some((step, (polarity(event) * height + y) * width + x))
    });
    places.extend(elements);
    // Nearly all events come in the order of their times, which this sort takes in one pass.
    places.sort_by_key(|(step, _)| *step);
    let mut spikes = Vec::with_capacity(places.len());
    let mut marks = Marks::of(polarities.max(1) * height * width);
    for of_step in places.chunk_by(|(step, _), (next, _)| step == next) {
        let Some((step, _)) = of_step.first() else { continue };
        for (_, element) in of_step {
            marks.mark(*element);
        }
        marks.drain(|element| spikes.push((*step, element)));
    }
    Spikes { steps, spikes }
}

/// Values as Q3.12 of their share of 255.
pub fn shares(values: &[u8]) -> Vec<i16> {
    let share = |value: &u8| i16::try_from((u32::from(*value) * 4096 + 127) / 255).unwrap_or(4096);
    values.iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_in_proportion() {
        let spikes = rate(&[0, 64, 255], 4000, 3, 0).spikes;
        let count = |element| spikes.iter().filter(|(_, at)| *at == element).count();
        assert_eq!(count(0), 0);
        // Three standard errors of 4,000 draws.
        assert!(count(1).abs_diff(1000) < 83 && count(2).abs_diff(3984) < 12, "{} {}", count(1), count(2));
        assert!(spikes.is_sorted());
        assert_ne!(rate(&[128; 50], 10, 3, 1), rate(&[128; 50], 10, 3, 2), "samples differ");
        let alone: Vec<_> = rate(&[0, 64, 0, 0], 4000, 3, 0).spikes;
        assert_eq!(alone, spikes.iter().copied().filter(|(_, at)| *at == 1).collect::<Vec<_>>(), "drawn by place");
    }

    #[test]
    fn larger_values_spike_sooner() {
        assert_eq!(latency(&[255, 0, 1, 128], 11).spikes, [(0, 0), (5, 3), (10, 2)]);
        assert_eq!(latency(&[7], 0).spikes, []);
        assert_eq!(latency(&[255, 1], u32::MAX).spikes, [(0, 0), (u32::MAX - 1, 1)]);
    }

    #[test]
    fn changes_spike() {
        let rows = [10, 10, 14, 10, 15, 0, 15, 30];
        assert_eq!(delta(&rows, 2, 5), Spikes { steps: 4, spikes: vec![(2, 0), (2, 3), (3, 1)] });
    }

    #[test]
    fn events_fall_into_steps_and_count_once() {
        let event = |t_us, x, polarity| Event { t_us, x, y: 1, polarity };
        let recording = Events::of(vec![
            event(499, 0, 0),
            event(500, 0, 0),
            event(501, 0, 0),
            event(1400, 0, 0),
            event(1500, 1, 1),
            event(9999, 0, 0),
            event(100, 5, 0),
        ]);
        let clock = Clock { start_us: 0, step_us: 1000 };
        let spikes = events(&recording, clock, 3, [2, 2, 3]);
        assert_eq!(spikes.spikes, [(0, 3), (1, 3), (2, 10)]);
        assert_eq!(events(&recording, clock, 3, [1, 2, 3]).spikes, [(0, 3), (1, 3), (2, 4)], "one polarity");
        assert_eq!(clock.steps_of(&recording), 11, "to the step to which the last event is nearest");
    }

    #[test]
    fn times_around_a_step_are_nearest_to_it() {
        for (start_us, step_us) in
            [0, 5, u64::MAX - 40].into_iter().flat_map(|start| (0..9).map(move |step| (start, step)))
        {
            let clock = Clock { start_us, step_us };
            let mut alike = 0;
            for (t_us, step) in (0..40).flat_map(|t| (0..40).map(move |step| (start_us + t, step))) {
                if clock.around(step).contains(&t_us) {
                    assert_eq!(clock.step_of(t_us), step, "{t_us} {clock:?}");
                    alike += 1;
                }
            }
            assert!((20..=40).contains(&alike), "{alike} of 40 times, {clock:?}");
        }
    }

    #[test]
    fn time_counts_from_its_begin_wherever_that_is() {
        let steps = |start_us: u64| -> Vec<u64> {
            let clock = Clock { start_us, step_us: 1000 };
            [0, 499, 500, 501, 1500, 2500].map(|t_us| clock.step_of(start_us + t_us)).to_vec()
        };
        for start_us in [0, 7, 80_048_267, 1_600_000_000_000_000, u64::MAX - 2500] {
            assert_eq!(steps(start_us), [0, 0, 0, 1, 2, 2], "from {start_us}");
        }
        assert_eq!(Clock { start_us: 9, step_us: 1 }.step_of(3), 0);
        assert_eq!(Clock { start_us: 0, step_us: 0 }.step_of(u64::MAX), u64::MAX);
    }
}
