//! Augmentation: samples are turned and stretched at random.

use loihi_core::num::word;
use loihi_data::events::{Event, Events};
use loihi_data::{Sample, SampleData};

/// Stream of the draws.
const STREAM: u32 = 0x7A4E;

/// How far samples are distorted at most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distortion {
    /// Degrees by which they are turned, either way.
    pub turn_degrees: f32,
    /// Share by which rows and columns, each by its own, are longer or shorter.
    pub stretch: f32,
}

/// A turn and a stretch about the centre of rows and columns.
#[derive(Clone, Copy, Debug)]
struct Map {
    centre: [f64; 2],
    /// Row and column of the result by those of the sample, relative to the centre.
    ahead: [[f64; 2]; 2],
    /// The other way round.
    back: [[f64; 2]; 2],
}

impl Distortion {
    /// A sample in which every place of the last two extents, or of the sensor, is where the drawn map takes it; what comes in is 0.
    /// Values are those of the nearest place; events that leave the sensor are lost. What is drawn follows from a seed, the epoch
    /// and the number of the sample.
    pub fn of(&self, sample: &Sample, seed: u32, [epoch, number]: [u32; 2]) -> Sample {
        let draw = |axis: u32, most: f32| {
            let drawn = f64::from(word(seed, number, epoch, STREAM + axis).cast_signed()) / 2_147_483_648.0;
            f64::from(most) * drawn
        };
        let map = |rows, columns| {
            let stretch = [1, 2].map(|axis| 1.0 + draw(axis, self.stretch));
            Map::new([rows, columns], draw(0, self.turn_degrees).to_radians(), stretch)
        };
        let data = match &sample.data {
            SampleData::Values { shape, values } => match **shape {
                [.., rows, columns] => {
                    let map = map(rows, columns);
                    let planes = values.chunks((rows * columns).max(1));
                    let values = planes.flat_map(|plane| map.values(plane, [rows, columns])).collect();
                    SampleData::Values { shape: shape.clone(), values }
                }
                _ => return sample.clone(),
            },
            SampleData::Events(events) => {
                let [columns, rows] = events.size;
                SampleData::Events(map(rows.into(), columns.into()).events(events))
            }
            _ => return sample.clone(),
        };
        let mut moved = sample.clone();
        moved.data = data;
        moved
    }
}

/// Why a sample like this one cannot be distorted, if it cannot.
pub fn refusal(sample: &Sample) -> Option<&'static str> {
    let is_plane = match &sample.data {
        SampleData::Values { shape, .. } => matches!(**shape, [.., rows, columns] if rows > 1 && columns > 1),
        SampleData::Events(events) => events.size[1] > 1,
        _ => false,
    };
    (!is_plane).then_some("samples without rows and columns cannot be turned or stretched: take it out")
}

impl Map {
    #[expect(clippy::cast_precision_loss, reason = "extents are far below 2^52")]
    fn new([rows, columns]: [usize; 2], turn: f64, [tall, wide]: [f64; 2]) -> Self {
        let centre = [rows, columns].map(|extent| (extent as f64 - 1.0) / 2.0);
        let (sin, cos) = turn.sin_cos();
        let ahead = [[cos * tall, sin * wide], [-sin * tall, cos * wide]];
        let back = [[cos / tall, -sin / tall], [sin / wide, cos / wide]];
        Self { centre, ahead, back }
    }

    /// The nearest place to where one is taken, if it is within the extents.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within the extents"
    )]
    fn place(&self, by: [[f64; 2]; 2], from: [usize; 2], extents: [usize; 2]) -> Option<[usize; 2]> {
        let off = [0, 1].map(|axis| from[axis] as f64 - self.centre[axis]);
        let to = [0, 1].map(|axis| (by[axis][0] * off[0] + by[axis][1] * off[1] + self.centre[axis]).round());
        let is_inside = |axis: usize| to[axis] >= 0.0 && to[axis] < extents[axis] as f64;
        (is_inside(0) && is_inside(1)).then(|| to.map(|place| place as usize))
    }

    fn values(&self, plane: &[u8], extents: [usize; 2]) -> Vec<u8> {
        let value = |at: usize| {
            let origin = self.place(self.back, [at / extents[1], at % extents[1]], extents);
            origin.map_or(0, |[row, column]| plane[row * extents[1] + column])
        };
        (0..plane.len()).map(value).collect()
    }

    fn events(&self, events: &Events) -> Events {
        let extents = [events.size[1].into(), events.size[0].into()];
        let moved = |event: &Event| {
            let [y, x] = self.place(self.ahead, [event.y.into(), event.x.into()], extents)?;
            Some(Event { x: u16::try_from(x).ok()?, y: u16::try_from(y).ok()?, ..*event })
        };
        Events { events: events.events.iter().filter_map(moved).collect(), ..*events }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dot(row: u16, column: u16) -> Sample {
        let mut events = Events::of(vec![Event { t_us: 5, x: column, y: row, polarity: 1 }]);
        events.size = [9, 9];
        Sample::events("dot", events).labelled(3)
    }

    fn plane(row: usize, column: usize) -> Sample {
        let mut values = vec![0; 81];
        values[row * 9 + column] = 200;
        Sample::values("dot", &[9, 9], values)
    }

    /// Row and column of a dot.
    fn found(sample: &Sample) -> Option<[usize; 2]> {
        match &sample.data {
            SampleData::Events(events) => events.events.first().map(|event| [event.y.into(), event.x.into()]),
            _ => sample.flat()?.iter().position(|value| *value > 0).map(|at| [at / 9, at % 9]),
        }
    }

    #[test]
    fn nothing_is_moved_by_nothing_and_the_centre_stays() {
        let none = Distortion { turn_degrees: 0.0, stretch: 0.0 };
        assert_eq!(none.of(&dot(1, 7), 5, [0, 1]), dot(1, 7));
        assert_eq!(none.of(&plane(1, 7), 5, [0, 1]), plane(1, 7));
        let far = Distortion { turn_degrees: 180.0, stretch: 0.9 };
        for number in 0..50 {
            assert_eq!(found(&far.of(&dot(4, 4), 5, [0, number])), Some([4, 4]));
        }
    }

    #[test]
    fn events_and_values_go_the_same_way_and_no_farther_than_asked() {
        let turn = Distortion { turn_degrees: 30.0, stretch: 0.0 };
        let stretch = Distortion { turn_degrees: 0.0, stretch: 0.34 };
        let (mut turned, mut stretched) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
        for number in 0..200 {
            let events = turn.of(&dot(4, 7), 5, [1, number]);
            assert_eq!(events.label, Some(3));
            let [row, column] = found(&events).unwrap();
            // 3 columns from the centre, by 30 degrees at most.
            assert!((3..=5).contains(&row) && (6..=7).contains(&column), "{row}, {column}");
            if let Some([by_values, _]) = found(&turn.of(&plane(4, 7), 5, [1, number])) {
                assert!(by_values.abs_diff(row) <= 1, "{row} and {by_values}");
            }
            turned.insert(row);
            stretched.insert(found(&stretch.of(&dot(4, 7), 5, [1, number])).unwrap());
        }
        assert_eq!(turned.into_iter().collect::<Vec<_>>(), [3, 4, 5]);
        assert_eq!(stretched.into_iter().collect::<Vec<_>>(), [[4, 6], [4, 7], [4, 8]]);
    }

    #[test]
    fn events_that_leave_the_sensor_are_lost_and_rows_alone_are_refused() {
        let stretch = Distortion { turn_degrees: 0.0, stretch: 0.9 };
        let lost = (0..50).filter(|number| found(&stretch.of(&dot(0, 0), 5, [0, *number])).is_none()).count();
        assert!((10..50).contains(&lost), "{lost}");
        assert!(refusal(&Sample::values("row", &[4], vec![1; 4])).unwrap().contains("take it out"));
        assert_eq!((refusal(&dot(0, 0)), refusal(&plane(0, 0))), (None, None));
    }
}
