//! Augmentation: dropout of the input. A share of a sample is lost at random, as `EventDrop` (Gu and others, 2021, arXiv
//! 2106.05836) has it for recordings.

use loihi_core::num::word;
use loihi_data::events::Events;
use loihi_data::{Sample, SampleData};

/// Stream of the draws: one for the share, and those after it for the events or values.
const STREAM: u32 = 0xD209;

/// A sample that has lost some of its events, or has 0 for some of its values, each with the same chance. This chance is drawn for the
/// sample, from 0 to `most`; what is drawn follows from a seed, the epoch and the number of the sample. Real numbers stay.
pub fn thinned(sample: &Sample, most: f32, seed: u32, [epoch, number]: [u32; 2]) -> Sample {
    let draw = |at: u32| word(seed ^ STREAM, number, epoch, at);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 32 bits, saturating")]
    let chance = (f64::from(most) * f64::from(draw(0))) as u32;
    let stays = |at: u32| draw(at) >= chance;
    let data = match &sample.data {
        SampleData::Values { shape, values } => {
            let values = (1..).zip(values).map(|(at, value)| if stays(at) { *value } else { 0 }).collect();
            SampleData::Values { shape: shape.clone(), values }
        }
        SampleData::Events(events) => {
            let left = (1..).zip(&events.events).filter(|(at, _)| stays(*at)).map(|(_, event)| *event);
            SampleData::Events(Events { events: left.collect(), ..*events })
        }
        _ => return sample.clone(),
    };
    let mut left = sample.clone();
    left.data = data;
    left
}

/// Why a sample cannot lose a share of itself, if it cannot.
pub fn refusal(sample: &Sample) -> Option<&'static str> {
    let is_known = matches!(sample.data, SampleData::Values { .. } | SampleData::Events(_));
    (!is_known)
        .then_some("`input_dropout` takes away values and events, and these samples are real numbers: take it out")
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_data::events::Event;

    fn events(count: u32) -> Sample {
        let event = |at: u32| Event { t_us: at.into(), x: 3, y: 1, polarity: 1 };
        Sample::events("7", Events { size: [5, 4], ..Events::of((0..count).map(event).collect()) }).labelled(7)
    }

    fn left(sample: &Sample) -> usize {
        match &sample.data {
            SampleData::Events(events) => events.events.len(),
            _ => sample.flat().unwrap().iter().filter(|value| **value > 0).count(),
        }
    }

    #[test]
    fn no_more_is_lost_than_asked_and_what_is_left_stays_as_it_is() {
        let (recording, image) = (events(1000), Sample::values("7", &[10, 100], vec![9; 1000]).labelled(7));
        for whole in [&recording, &image] {
            let counts: Vec<usize> = (0..200).map(|number| left(&thinned(whole, 0.4, 7, [2, number]))).collect();
            // Evenly between 0 and 400 are lost, each of which has a deviation of at most 16.
            assert!(counts.iter().all(|left| (540..=1000).contains(left)), "{counts:?}");
            assert!(counts.iter().any(|left| *left < 650) && counts.iter().any(|left| *left > 950), "{counts:?}");
            let mean = counts.iter().sum::<usize>() / 200;
            assert!((780..820).contains(&mean), "{mean}");
            assert_eq!(thinned(whole, 0.4, 7, [2, 5]), thinned(whole, 0.4, 7, [2, 5]));
            assert_ne!(thinned(whole, 0.4, 7, [2, 5]), thinned(whole, 0.4, 7, [3, 5]));
        }
        let thin = thinned(&recording, 0.4, 7, [0, 1]);
        let (SampleData::Events(thin), SampleData::Events(whole)) = (&thin.data, &recording.data) else { panic!() };
        assert_eq!(thin.size, whole.size);
        assert!(thin.events.iter().all(|event| whole.events[usize::try_from(event.t_us).unwrap()] == *event));
    }

    #[test]
    fn real_numbers_are_refused() {
        assert!(refusal(&Sample::reals("7", &[2], vec![0.5; 2])).unwrap().contains("real numbers: take it out"));
        assert_eq!((refusal(&events(1)), refusal(&Sample::values("7", &[1], vec![1]))), (None, None));
    }
}
