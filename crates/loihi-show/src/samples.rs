//! Samples described in a few lines of text, with a preview of the first.

use loihi_data::{Legend, Sample, SampleData};
use loihi_files::plural::plural;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Columns of a preview.
const COLUMNS_MAX: usize = 64;
/// Rows of a preview; what is below is left out.
const ROWS_MAX: usize = 32;
/// Targets of the first sample that are told.
const TARGETS_MAX: usize = 8;
/// From nothing to most.
const SHADES: [char; 10] = [' ', '.', ':', '-', '=', '+', '*', '#', '%', '@'];

/// Lines about samples: how many, their shapes, what their file says of its columns and its scale, their labels, targets and stages
/// if they have any, a preview of the first. No lines without samples.
pub fn describe(items: &[Sample], legend: &Legend) -> Vec<String> {
    let Some(first) = items.first() else { return Vec::new() };
    let mut lines = vec![format!("samples   {}", items.len()), format!("each      {}", shapes(items))];
    lines.extend(legend.columns.iter().map(|columns| format!("columns   {columns}")));
    lines.extend(legend.scale.iter().map(|scale| format!("scale     {scale}")));
    let reals = items.iter().filter_map(Sample::flat_reals).flatten();
    lines.extend(range(reals).map(|range| format!("range     {range}")));
    lines.push(format!("labels    {}", labels(items)));
    lines.extend(targets(items).map(|targets| format!("targets   {targets}")));
    lines.extend(stages(items).map(|stages| format!("stages    {stages}")));
    lines.push(format!("the first is {}", known(first)));
    lines.extend(image(&first.data).into_iter().map(|row| format!("  |{row}|")));
    lines
}

/// A sample by its name, with its label, its first targets and its stage.
fn known(sample: &Sample) -> String {
    let Sample { name, label, targets, stage, .. } = sample;
    let label = label.map_or_else(String::new, |label| format!(", label {label}"));
    let first: Vec<String> = targets.iter().take(TARGETS_MAX).map(|target| format!("{target:?}")).collect();
    let targets = match (first.len(), targets.len()) {
        (0, _) => String::new(),
        (told, all) => format!(", targets {}{}", first.join(" "), if told < all { " ..." } else { "" }),
    };
    let stage = stage.as_ref().map_or_else(String::new, |stage| format!(", stage {}", stage.escape_debug()));
    format!("{name}{label}{targets}{stage}")
}

/// The least and the largest of real numbers; `None` of an empty list.
fn range<'v>(values: impl Iterator<Item = &'v f32>) -> Option<String> {
    let [low, high] = extremes(values);
    (low <= high).then(|| format!("{low:?} to {high:?}"))
}

fn extremes<'v>(values: impl Iterator<Item = &'v f32>) -> [f32; 2] {
    values.fold([f32::INFINITY, f32::NEG_INFINITY], |[low, high], value| [low.min(*value), high.max(*value)])
}

fn targets(items: &[Sample]) -> Option<String> {
    let range = range(items.iter().flat_map(|item| &item.targets))?;
    let counts: BTreeSet<String> = items.iter().map(|item| item.targets.len().to_string()).collect();
    Some(format!("{} a sample, {range}", counts.into_iter().collect::<Vec<_>>().join(" or ")))
}

/// Stages with their numbers of samples, in the order in which they come.
fn stages(items: &[Sample]) -> Option<String> {
    let (mut order, mut counts) = (Vec::new(), BTreeMap::new());
    for stage in items.iter().filter_map(|item| item.stage.as_ref()) {
        let count: &mut usize = counts.entry(stage).or_default();
        if *count == 0 {
            order.push(stage);
        }
        *count += 1;
    }
    let told = |stage: &&String| format!("{}:{}", stage.escape_debug(), counts.get(stage).unwrap_or(&0));
    let first: Vec<String> = order.iter().take(20).map(told).collect();
    let dots = if first.len() < order.len() { " ..." } else { "" };
    (!order.is_empty()).then(|| format!("{}{dots} ({})", first.join(" "), plural(order.len(), "stage")))
}

fn shapes(items: &[Sample]) -> String {
    let mut shapes: BTreeMap<String, usize> = BTreeMap::new();
    let (mut recordings, mut events, mut longest_us, mut starts_us, mut size) = (0, 0, 0, Vec::new(), [0, 0]);
    for item in items {
        match &item.data {
            SampleData::Values { shape, .. } => *shapes.entry(format!("values {shape:?}")).or_default() += 1,
            SampleData::Reals { shape, .. } => *shapes.entry(format!("real numbers {shape:?}")).or_default() += 1,
            SampleData::Events(recording) => {
                recordings += 1;
                events += recording.events.len();
                longest_us = longest_us.max(recording.end_us().saturating_sub(recording.start_us));
                starts_us.push(recording.start_us);
                size = [size[0].max(recording.size[0]), size[1].max(recording.size[1])];
            }
            _ => {}
        }
    }
    let mut parts: Vec<String> = shapes.into_iter().map(|(shape, count)| format!("{shape} ({count})")).collect();
    if let Some(mean) = events.checked_div(recordings) {
        let [width, height] = size;
        let from = match (starts_us.iter().min(), starts_us.iter().max()) {
            (Some(0), Some(0)) => String::new(),
            (Some(first), Some(last)) if first < last => format!(" from {first} to {last} us on"),
            (first, _) => format!(" from {} us on", first.unwrap_or(&0)),
        };
        parts.push(format!(
            "events, sensor {width} x {height}, {mean} on average, up to {longest_us} us{from} ({recordings})",
        ));
    }
    parts.join("; ")
}

fn labels(items: &[Sample]) -> String {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for label in items.iter().filter_map(|item| item.label) {
        *counts.entry(label).or_default() += 1;
    }
    let without = items.iter().filter(|item| item.label.is_none()).count();
    let mut text = String::new();
    for (label, count) in counts.iter().take(20) {
        let space = if text.is_empty() { "" } else { " " };
        // Writing to a string cannot fail.
        let _written = write!(text, "{space}{label}:{count}");
    }
    match (counts.len(), without) {
        (0, _) => "none".to_owned(),
        (classes, 0) if classes > 20 => format!("{text} ... ({classes} classes)"),
        (classes, 0) => {
            format!("{text} ({})", if classes == 1 { "1 class".to_owned() } else { format!("{classes} classes") })
        }
        (classes, without) => format!("{text} ({classes} classes, {without} samples without)"),
    }
}

/// Rows of characters; a character stands for cells twice as high as wide, as characters are.
pub fn image(data: &SampleData) -> Vec<String> {
    let (height, width, cells) = match data {
        SampleData::Values { shape, values } => {
            let [height, width] = plane(shape, values.len());
            (height, width, values.iter().take(height * width).map(|value| u64::from(*value)).collect())
        }
        SampleData::Reals { shape, values } => {
            let [height, width] = plane(shape, values.len());
            (height, width, shares(values.get(..height * width).unwrap_or_default()))
        }
        SampleData::Events(recording) => {
            let [width, height] = recording.size.map(usize::from);
            (height, width, counts(&recording.events, height, width))
        }
        _ => return Vec::new(),
    };
    if height == 0 || width == 0 {
        return Vec::new();
    }
    let across = width.div_ceil(COLUMNS_MAX);
    let down = if height == 1 { 1 } else { 2 * across };
    let columns = width.div_ceil(across);
    let mut sums = vec![0_u64; columns * height.div_ceil(down)];
    for (at, value) in cells.iter().enumerate() {
        if let Some(sum) = sums.get_mut(at / width / down * columns + at % width / across) {
            *sum += value;
        }
    }
    let most = sums.iter().max().copied().unwrap_or(0).max(1);
    let shade = |sum: &u64| {
        // The least that is there is seen.
        let number = (sum * (SHADES.len() as u64 - 1)).div_ceil(most);
        usize::try_from(number).ok().and_then(|number| SHADES.get(number)).copied().unwrap_or(' ')
    };
    sums.chunks(columns).take(ROWS_MAX).map(|row| row.iter().map(shade).collect()).collect()
}

/// Rows and columns of the first plane; a single extent that is a square is shown as one.
fn plane(shape: &[usize], values: usize) -> [usize; 2] {
    match *shape {
        [.., height, width] if width > 0 && height.checked_mul(width).is_some_and(|size| size <= values) => {
            [height, width]
        }
        _ if values > 1 && values.isqrt().pow(2) == values => [values.isqrt(); 2],
        _ => [1, values],
    }
}

/// Real numbers as 0 to 255, from the least to the largest of them.
fn shares(values: &[f32]) -> Vec<u64> {
    let [low, high] = extremes(values.iter()).map(f64::from);
    let range = if high > low { high - low } else { 1.0 };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
    let share = |value: &f32| (255.0 * (f64::from(*value) - low) / range).round() as u64;
    values.iter().map(share).collect()
}

/// Events per pixel, row by row.
fn counts(events: &[loihi_data::events::Event], height: usize, width: usize) -> Vec<u64> {
    // One event can claim 2^16 columns and rows: what is beyond the first pixels is not counted.
    let mut counts = vec![0; height.saturating_mul(width).min(PIXELS_MAX)];
    for event in events {
        if let Some(count) = counts.get_mut(usize::from(event.y) * width + usize::from(event.x)) {
            *count += 1;
        }
    }
    counts
}

/// Pixels of a sensor that are shown.
const PIXELS_MAX: usize = 1 << 21;

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_data::events::{Event, Events};

    fn values(shape: &[usize], values: &[u8], label: Option<u32>) -> Sample {
        Sample::values("7", shape, values.to_vec()).labelled(label)
    }

    #[test]
    fn images_are_half_as_high() {
        let square = values(&[4, 3], &[0, 255, 0, 0, 255, 0, 1, 0, 0, 0, 0, 0], None);
        assert_eq!(image(&square.data), [" @ ", ".  "], "a little is seen");
        assert_eq!(image(&values(&[4], &[9, 0, 0, 9], None).data), ["@@"], "a square");
        assert_eq!(image(&values(&[3], &[9, 0, 3], None).data), ["@ -"]);
        assert_eq!(image(&values(&[2, 128], &[5; 256], None).data), ["@".repeat(64)]);
        assert!(image(&values(&[0], &[], None).data).is_empty());
        let event = |x, y| Event { t_us: 5, x, y, polarity: 1 };
        let events = SampleData::Events(Events::of(vec![event(0, 0), event(2, 1)]));
        assert_eq!(image(&events), ["@ @"]);
    }

    #[test]
    fn the_far_corner_of_a_large_sensor_does_not_take_its_memory() {
        let far = Event { t_us: 0, x: u16::MAX - 1, y: u16::MAX - 1, polarity: 0 };
        let rows = image(&SampleData::Events(Events::of(vec![far])));
        assert_eq!((rows.len(), rows[0].chars().count()), (ROWS_MAX, COLUMNS_MAX));
    }

    #[test]
    fn counts_and_labels_are_told() {
        let items = [values(&[2], &[1, 2], Some(3)), values(&[2], &[1, 2], Some(3)), values(&[1], &[0], None)];
        let lines = describe(&items, &Legend::default());
        assert_eq!(
            lines[..3],
            ["samples   3", "each      values [1] (1); values [2] (2)", "labels    3:2 (1 classes, 1 samples without)"]
        );
        assert_eq!(lines[3], "the first is 7, label 3");
        assert!(describe(&[], &Legend::default()).is_empty());
    }

    #[test]
    fn real_numbers_targets_and_stages_are_told() {
        let step = |value: f32, targets: &[f32], stage: &str| {
            Sample::reals("0", &[3], vec![value, 0.5, 2.5]).with_targets(targets.to_vec()).in_stage(stage.to_owned())
        };
        let items =
            [step(-1.0, &[0.25, 1e30], "light"), step(0.0, &[-3.0, 1.0], "heavy"), step(1.0, &[0.0; 2], "heavy")];
        let expected = [
            "samples   3",
            "each      real numbers [3] (3)",
            "range     -1.0 to 2.5",
            "labels    none",
            "targets   2 a sample, -3.0 to 1e30",
            "stages    light:1 heavy:2 (2 stages)",
            "the first is 0, targets 0.25 1e30, stage light",
            "  | =@|",
        ];
        assert_eq!(describe(&items, &Legend::default()), expected);
        let many = [step(0.0, &[1.0; 9], "a").labelled(4)];
        let lines = describe(&many, &Legend::default());
        assert_eq!(lines[6], "the first is 0, label 4, targets 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 ..., stage a");
        let far = Sample::reals("0", &[2], vec![f32::MIN, f32::MAX]);
        assert_eq!(image(&far.data), [" @"]);
        assert_eq!(image(&Sample::reals("0", &[2, 2], vec![3.0; 4]).data), ["  "], "all the same");
    }
}
