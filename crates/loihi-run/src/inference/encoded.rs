//! Values as the spikes of an input, by its coding.

use super::error::PresentError;
use super::presentation::Presentation;
use super::span;
use loihi_data::{Sample, SampleData};
use loihi_encode::saccades::Camera;
use loihi_encode::{self as encode, Spikes};
use loihi_net::network::{Coding, Entry, Input, size};

/// Whether values can be encoded for an input of spikes. One whose shape has no place for levels, or is not that of a sensor, is told
/// of by itself.
pub(super) fn fits_coding((shape, values): (&[usize], &[u8]), input: &Input, coding: Coding) -> bool {
    let width = span::row_width(&input.shape, coding);
    match coding {
        Coding::Crossings if width == 0 => true,
        Coding::Delta | Coding::Frames | Coding::Levels | Coding::Crossings => is_rows(shape, width),
        Coding::Rate | Coding::Latency => values.len() == size(&input.shape),
        Coding::Saccades => match sensor(&input.shape) {
            Some([height, width]) => plane(shape).is_some_and(|[rows, columns]| rows <= height && columns <= width),
            None => true,
        },
    }
}

/// The spikes of the `number`-th sample.
pub(super) fn encoded(
    item: &Sample,
    (shape, values): (&[usize], &[u8]),
    input: &Input,
    number: u32,
    steps: Option<u32>,
    presentation: &Presentation,
) -> Result<Spikes, PresentError> {
    let elements = size(&input.shape);
    let coding = presentation.coding.ok_or_else(|| PresentError::Coding(input.name.clone()))?;
    let width = span::row_width(&input.shape, coding);
    if width == 0 && coding == Coding::Crossings {
        return Err(PresentError::Crossings { input: input.name.clone(), shape: input.shape.clone() });
    }
    if !fits_coding((shape, values), input, coding) {
        return Err(wrong_size(item, input, Some(coding)));
    }
    let mut spikes = match coding {
        Coding::Rate => {
            let steps = span::held(item, values, steps.ok_or(PresentError::Steps)?)?;
            encode::rate(values, steps, presentation.seed, number)
        }
        Coding::Latency => encode::latency(values, steps.ok_or(PresentError::Steps)?),
        Coding::Delta => encode::delta(values, width, presentation.threshold),
        Coding::Frames => encode::frames(values, width),
        Coding::Levels => encode::levels(values, width, elements / width.max(1)),
        Coding::Crossings => encode::crossings(values, width, elements / (2 * width.max(1))),
        Coding::Saccades => {
            let (Some(sensor), Some([_, columns])) = (sensor(&input.shape), plane(shape)) else {
                return Err(PresentError::Saccades { input: input.name.clone(), shape: input.shape.clone() });
            };
            let camera = Camera { sensor, step_us: presentation.step_us, seed: presentation.seed };
            camera.look(values, columns, steps.unwrap_or(camera.steps()), number)
        }
    };
    // Of rows there can be more or fewer than steps are asked for.
    spikes.steps = steps.unwrap_or(spikes.steps);
    spikes.spikes.retain(|(step, _)| *step < spikes.steps);
    Ok(spikes)
}

/// Whether values of a shape are rows of this many: its last extents are those of a row. A single extent may hold
/// several, and all values are rows of one.
pub(super) fn is_rows(shape: &[usize], elements: usize) -> bool {
    let fits = |at: usize| shape[at..].iter().copied().fold(1, usize::saturating_mul) == elements;
    match *shape {
        [all] => all > 0 && elements > 0 && all.is_multiple_of(elements),
        _ => (0..=shape.len()).any(fits),
    }
}

/// The error for a sample whose size does not fit the input.
pub(super) fn wrong_size(item: &Sample, input: &Input, coding: Option<Coding>) -> PresentError {
    let found = match &item.data {
        SampleData::Values { shape, values } if shape.len() > 1 => {
            format!("{} values of shape {shape:?}", values.len())
        }
        SampleData::Values { values, .. } => format!("{} values", values.len()),
        SampleData::Events(events) => format!("events of a sensor of {} x {}", events.size[0], events.size[1]),
        _ => "data of another kind".to_owned(),
    };
    let expected = match (&item.data, &input.entry) {
        (SampleData::Events(_), Entry::Spikes) => {
            format!(
                "spikes of shape {:?}; events have [2, height, width], those of one polarity also [1, height, width] or [width]",
                input.shape
            )
        }
        (SampleData::Events(_), _) => "values".to_owned(),
        (_, Entry::Spikes) if coding == Some(Coding::Saccades) => {
            let [height, width] = sensor(&input.shape).unwrap_or_default();
            format!("images of at most {height} x {width} values")
        }
        _ => format!("{} of shape {:?}", size(&input.shape), input.shape),
    };
    PresentError::Size { item: Some(item.name.clone()), found, input: input.name.clone(), expected }
}

/// Rows and columns of an input that takes both polarities of a sensor.
const fn sensor(shape: &[usize]) -> Option<[usize; 2]> {
    match *shape {
        [2, height, width] => Some([height, width]),
        _ => None,
    }
}

/// Rows and columns of an image of one value a pixel.
const fn plane(shape: &[usize]) -> Option<[usize; 2]> {
    match *shape {
        [rows, columns] | [1, rows, columns] | [rows, columns, 1] => Some([rows, columns]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::present::{PLAIN, check_recordings, network, present};
    use super::*;
    use loihi_data::Legend;

    #[test]
    fn images_are_seen_in_three_saccades() {
        let saccades = Presentation { coding: Some(Coding::Saccades), step_us: 10_000, ..PLAIN };
        let image = Sample::values("7", &[3, 4], vec![255; 12]);
        let shown = present(&network(&[2, 9, 12]), &image, 5, &saccades).unwrap();
        let camera = Camera { sensor: [9, 12], step_us: 10_000, seed: PLAIN.seed };
        let spikes = camera.look(&[255; 12], 4, 31, 5).spikes;
        assert!(shown.steps == 31 && spikes.len() > 50, "{}", spikes.len());
        assert_eq!(shown.spikes, spikes.iter().map(|(step, element)| (*step, 0, *element)).collect::<Vec<_>>());
        let few = present(&network(&[2, 9, 12]), &image, 5, &Presentation { steps: Some(9), ..saccades }).unwrap();
        assert_eq!(few.spikes, shown.spikes[..few.spikes.len()], "the first 9 steps");
        assert!(few.steps == 9 && few.spikes.len() < shown.spikes.len());
        let said =
            |shape: &[usize], image: &Sample| present(&network(shape), image, 0, &saccades).unwrap_err().to_string();
        assert!(said(&[9, 12], &image).contains("spikes of shape [2, rows, columns], those of a sensor"));
        assert!(
            said(&[2, 9, 3], &image)
                .contains("12 values of shape [3, 4], the input `in` takes images of at most 9 x 3")
        );
        assert!(said(&[2, 9, 12], &Sample::values("7", &[12], vec![1; 12])).contains("12 values, the input"));
        assert!(check_recordings(&network(&[2, 9, 3]), [&image], &saccades, &Legend::default()).is_err());
    }
}
