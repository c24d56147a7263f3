//! Augmentation: samples are shifted at random.

use loihi_core::num::word;
use loihi_data::events::{Event, Events};
use loihi_data::{Sample, SampleData};

/// Stream of the draws.
const STREAM: u32 = 0x5417;

/// Moves the last two extents of a sample's values (of one extent, that), or its events, by up to `most` rows and columns either
/// way; what comes in is 0, and events that leave the sensor are lost. Which way follows from a seed, the epoch and the number of
/// the sample. Real numbers stay.
pub fn shifted(sample: &Sample, most: [u8; 2], seed: u32, [epoch, number]: [u32; 2]) -> Sample {
    let draw = |axis: u32, most: u8| {
        let span = 2 * u64::from(most) + 1;
        let drawn = (u64::from(word(seed, number, epoch, STREAM + axis)) * span) >> 32;
        isize::try_from(drawn).unwrap_or(0) - isize::from(most)
    };
    let by = [draw(0, most[0]), draw(1, most[1])];
    let data = match &sample.data {
        SampleData::Values { shape, values } => {
            let (rows, columns) = match **shape {
                [] => return sample.clone(),
                [columns] => (1, columns),
                [.., rows, columns] => (rows, columns),
            };
            SampleData::Values { shape: shape.clone(), values: shifted_values(values, [rows, columns], by) }
        }
        SampleData::Events(events) => SampleData::Events(shifted_events(events, by)),
        _ => return sample.clone(),
    };
    let mut moved = sample.clone();
    moved.data = data;
    moved
}

fn shifted_values(values: &[u8], [rows, columns]: [usize; 2], [down, right]: [isize; 2]) -> Vec<u8> {
    let mut moved = vec![0; values.len()];
    let planes = values.chunks(rows * columns).zip(moved.chunks_mut(rows * columns));
    for (from, to) in planes {
        for row in 0..rows {
            let Some(source) = row.checked_add_signed(-down).filter(|source| *source < rows) else { continue };
            for column in 0..columns {
                if let Some(origin) = column.checked_add_signed(-right).filter(|origin| *origin < columns) {
                    to[row * columns + column] = from[source * columns + origin];
                }
            }
        }
    }
    moved
}

fn shifted_events(events: &Events, [down, right]: [isize; 2]) -> Events {
    let within = |at: u16, by: isize, extent: u16| {
        let moved = usize::from(at).checked_add_signed(by)?;
        u16::try_from(moved).ok().filter(|moved| *moved < extent)
    };
    let [columns, rows] = events.size;
    let moved =
        |event: &Event| Some(Event { x: within(event.x, right, columns)?, y: within(event.y, down, rows)?, ..*event });
    Events { events: events.events.iter().filter_map(moved).collect(), ..*events }
}

/// Why a sample cannot be shifted by up to `most` rows and columns, if it cannot.
pub fn refusal(sample: &Sample, most: [u8; 2]) -> Option<&'static str> {
    let extents = match &sample.data {
        SampleData::Values { shape, .. } => match **shape {
            [] => [1, 1],
            [columns] => [1, columns],
            [.., rows, columns] => [rows, columns],
        },
        SampleData::Events(Events { size: [columns, rows], .. }) => [(*rows).into(), (*columns).into()],
        _ => return Some("`shift` moves values and events, and these samples are real numbers: take it out"),
    };
    if extents[0] < 2 && most[0] > 0 {
        return Some("samples of one row have no other rows to move to: give `shift = [0, COLUMNS]`");
    }
    let leaves = extents.into_iter().zip(most).any(|(extent, most)| most > 0 && usize::from(most) >= extent);
    leaves.then_some("samples would be moved out of their rows or columns: give fewer of them")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_moved_is_refused() {
        let reals = Sample::reals("7", &[2, 2], vec![0.5; 4]);
        assert!(refusal(&reals, [1, 1]).unwrap().contains("real numbers: take it out"));
        let line = Sample::events("7", Events::of(vec![Event { t_us: 0, x: 3, y: 0, polarity: 0 }]));
        assert!(refusal(&line, [1, 1]).unwrap().contains("no other rows to move to: give `shift = [0, COLUMNS]`"));
        assert_eq!(refusal(&line, [0, 1]), None);
        let row = Sample::values("7", &[4], vec![1; 4]);
        assert!(refusal(&row, [1, 1]).unwrap().contains("no other rows to move to: give `shift = [0, COLUMNS]`"));
        assert_eq!(refusal(&row, [0, 3]), None);
        assert!(refusal(&row, [0, 4]).unwrap().contains("out of their rows or columns"));
        let flat = Sample::values("7", &[1, 64], vec![1; 64]);
        assert!(refusal(&flat, [1, 0]).unwrap().contains("no other rows"));
        assert_eq!(refusal(&Sample::values("7", &[2, 2], vec![1; 4]), [1, 1]), None);
    }

    #[test]
    fn a_sample_moves_by_no_more_than_asked_in_all_ways() {
        let mut values = vec![0; 25];
        values[12] = 9;
        let sample = Sample::values("dot", &[5, 5], values).labelled(3);
        let mut seen = std::collections::BTreeSet::new();
        for number in 0..200 {
            let moved = shifted(&sample, [1, 2], 7, [0, number]);
            let at = moved.flat().unwrap().iter().position(|value| *value == 9).unwrap();
            assert!((1..=3).contains(&(at / 5)), "{at}");
            assert_eq!(moved.label, Some(3));
            seen.insert(at);
        }
        assert_eq!(seen.len(), 15);
        assert_eq!(shifted(&sample, [0, 0], 7, [0, 0]), sample);
    }

    #[test]
    fn events_move_together_and_are_lost_at_the_edge() {
        let event = |x, y| Event { t_us: 0, x, y, polarity: 1 };
        let events = Events { size: [5, 4], ..Events::of(vec![event(0, 0), event(2, 1)]) };
        let mut seen = std::collections::BTreeSet::new();
        for number in 0..100 {
            let moved = shifted(&Sample::events("7", events.clone()), [1, 1], 7, [0, number]);
            let SampleData::Events(Events { events, size: [5, 4], .. }) = moved.data else { panic!("{number}") };
            let last = events.last().unwrap();
            assert_eq!(events.len(), if last.x >= 2 && last.y >= 1 { 2 } else { 1 }, "{events:?}");
            seen.insert((last.x, last.y));
        }
        assert_eq!(seen.len(), 9);
    }
}
