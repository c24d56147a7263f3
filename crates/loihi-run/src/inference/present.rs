//! From a sample to what a network is shown, by how its input enters.

pub use super::error::PresentError;
pub use super::presentation::Presentation;
pub use loihi_net::network::{Coding, Time};

use super::encoded::{encoded, fits_coding, is_rows, wrong_size};
use super::{Stimulus, span};
use loihi_data::events::Events;
use loihi_data::{Legend, Sample, SampleData};
use loihi_encode::{self as encode, Spikes};
use loihi_net::network::{Entry, Input, Network, size};

/// The place of the input to which samples are shown: that of this name, or the only one.
///
/// # Errors
/// [`PresentError`] lists the inputs that there are.
pub fn input_of(network: &Network, name: Option<&str>) -> Result<usize, PresentError> {
    let there = || network.inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>().join(", ");
    match (name, network.inputs.len()) {
        (_, 0) => Err(PresentError::NoInput),
        (None, 1) => Ok(0),
        (None, _) => Err(PresentError::Inputs(there())),
        (Some(name), _) => {
            let place = network.inputs.iter().position(|input| input.name == name);
            place.ok_or_else(|| PresentError::NoSuchInput { name: name.to_owned(), there: there() })
        }
    }
}

/// Checks that each sample is of a size that fits the input: a recording is from a sensor that does. Nothing is encoded. What
/// their file says of its columns is said of those that do not fit.
///
/// # Errors
/// [`PresentError::Size`] names the first one that does not fit, unless none does.
pub fn check_recordings<'i>(
    network: &Network,
    items: impl IntoIterator<Item = &'i Sample>,
    presentation: &Presentation,
    legend: &Legend,
) -> Result<(), PresentError> {
    let input = network.inputs.get(presentation.input).ok_or(PresentError::NoInput)?;
    let (mut first, mut any_fits) = (None, false);
    for item in items {
        if fits(item, input, presentation.coding) {
            any_fits = true;
        } else if first.is_none() {
            first = Some(wrong_size(item, input, presentation.coding));
        }
    }
    match first {
        Some(PresentError::Size { item, found, input, expected }) => {
            let found = found + &legend.aside();
            Err(PresentError::Size { item: item.filter(|_| any_fits), found, input, expected })
        }
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// Whether a sample is of a size that the input takes; what else is wrong with it shows when it is encoded.
fn fits(item: &Sample, input: &Input, coding: Option<Coding>) -> bool {
    match (&item.data, &input.entry) {
        (SampleData::Events(events), Entry::Spikes) => sensor_of(events, &input.shape).is_some(),
        (SampleData::Events(_), _) => false,
        (SampleData::Values { shape, values }, Entry::Spikes) => {
            coding.is_none_or(|coding| fits_coding((shape, values), input, coding))
        }
        (SampleData::Values { values, .. }, Entry::Bias { .. }) => values.len() == size(&input.shape),
        (SampleData::Values { shape, .. }, Entry::Weighted(_)) => is_rows(shape, size(&input.shape).max(1)),
        _ => true,
    }
}

/// What a network is shown for a sample, the `number`-th.
///
/// # Errors
/// [`PresentError`].
pub fn present(
    network: &Network,
    item: &Sample,
    number: u32,
    presentation: &Presentation,
) -> Result<Stimulus, PresentError> {
    let shown = as_long_as_it_is(network, item, number, presentation)?;
    Ok(Stimulus { steps: shown.steps.saturating_add(network.late_steps), ..shown })
}

/// Steps that [`present`] takes for a sample. Nothing is drawn.
///
/// # Errors
/// [`PresentError`]; not all that [`present`] finds.
pub fn steps_of(network: &Network, item: &Sample, presentation: &Presentation) -> Result<u32, PresentError> {
    let own = match (span::asked(network, presentation), &item.data) {
        (Some(steps), _) => steps,
        (None, SampleData::Events(events)) => span::of_events(item, events, presentation, None)?,
        // What is drawn has asked for its steps.
        (None, _) => as_long_as_it_is(network, item, 0, presentation)?.steps,
    };
    Ok(own.saturating_add(network.late_steps))
}

/// The steps of a sample itself.
fn as_long_as_it_is(
    network: &Network,
    item: &Sample,
    number: u32,
    presentation: &Presentation,
) -> Result<Stimulus, PresentError> {
    let place = presentation.input;
    let input = network.inputs.get(place).ok_or(PresentError::NoInput)?;
    let steps = span::asked(network, presentation);
    match (&item.data, &input.entry) {
        (SampleData::Events(events), Entry::Spikes) => {
            let sensor = sensor_of(events, &input.shape).ok_or_else(|| wrong_size(item, input, None))?;
            let steps = span::of_events(item, events, presentation, steps)?;
            Ok(of_spikes(encode::events(events, presentation.clock(events), steps, sensor), place))
        }
        (SampleData::Values { shape, values }, Entry::Spikes) => {
            Ok(of_spikes(encoded(item, (shape, values), input, number, steps, presentation)?, place))
        }
        (SampleData::Values { values, .. }, Entry::Bias { gain_q16, offset, .. }) => {
            if values.len() != size(&input.shape) {
                return Err(wrong_size(item, input, None));
            }
            let bias = |value: &u8| {
                let scaled = (i64::from(*gain_q16) * i64::from(*value) + (1 << 15)) >> 16;
                i32::try_from(scaled + i64::from(*offset)).unwrap_or(i32::MAX)
            };
            let biases = vec![(place, values.iter().map(bias).collect())];
            Ok(Stimulus { steps: steps.ok_or(PresentError::Steps)?, biases, ..Stimulus::default() })
        }
        (SampleData::Values { shape, values }, Entry::Weighted(_)) => {
            values_as_they_are(item, (shape, values), (input, place), steps)
        }
        (SampleData::Reals { .. }, _) => {
            Err(PresentError::Reals { item: item.name.clone(), input: input.name.clone() })
        }
        _ => Err(wrong_size(item, input, None)),
    }
}

/// Polarities, rows and columns of an input that takes the events of a recording, if it does.
fn sensor_of(events: &Events, shape: &[usize]) -> Option<[usize; 3]> {
    let sensor = match *shape {
        [polarities @ (1 | 2), height, width] => [polarities, height, width],
        [width] => [1, 1, width],
        _ => return None,
    };
    let [_, height, width] = sensor;
    let fits = usize::from(events.size[0]) <= width && usize::from(events.size[1]) <= height;
    // Both polarities on one element would be another recording.
    let of_one = || events.events.windows(2).all(|pair| pair[0].polarity == pair[1].polarity);
    (fits && (sensor[0] == 2 || of_one())).then_some(sensor)
}

fn of_spikes(spikes: Spikes, input: usize) -> Stimulus {
    let spike = |(step, element)| (step, input, element);
    Stimulus { steps: spikes.steps, spikes: spikes.spikes.into_iter().map(spike).collect(), ..Stimulus::default() }
}

/// Values for weighted sums: the same in all steps, or a row of them a step.
fn values_as_they_are(
    item: &Sample,
    (shape, values): (&[usize], &[u8]),
    (input, place): (&Input, usize),
    steps: Option<u32>,
) -> Result<Stimulus, PresentError> {
    let elements = size(&input.shape).max(1);
    if !is_rows(shape, elements) {
        return Err(wrong_size(item, input, None));
    }
    let rows = u32::try_from(values.len() / elements).unwrap_or(u32::MAX);
    let steps = match (rows, steps) {
        (1, None) => return Err(PresentError::Steps),
        (1, Some(steps)) => steps,
        (rows, steps) => steps.unwrap_or(rows),
    };
    let values = (0..).zip(values.chunks(elements)).map(|(step, row)| (step, place, encode::shares(row))).collect();
    Ok(Stimulus { steps, values, ..Stimulus::default() })
}

/// What tests start from.
#[cfg(test)]
pub(super) const PLAIN: Presentation =
    Presentation { input: 0, coding: None, steps: None, step_us: 1000, time: Time::First, threshold: 8, seed: 1 };

/// A network with one input and nothing else.
#[cfg(test)]
pub(super) fn network(shape: &[usize]) -> Network {
    let mut network = Network::new("n");
    network.input("in", shape);
    network
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_data::Headings;
    use loihi_data::events::Event;
    use loihi_net::network::Population;

    fn values(count: usize) -> Sample {
        Sample::values("7", &[count], vec![255; count])
    }

    #[test]
    fn what_does_not_fit_says_so() {
        let said = |network: &Network, item: &Sample, presentation: &Presentation| {
            present(network, item, 0, presentation).unwrap_err().to_string()
        };
        assert!(said(&network(&[4]), &values(4), &PLAIN).contains("give it a `coding`"));
        let rate = Presentation { coding: Some(Coding::Rate), ..PLAIN };
        assert!(said(&network(&[4]), &values(4), &rate).contains("give `steps` in the network file"));
        let endless = Presentation { steps: Some(u32::MAX), ..rate };
        assert!(said(&network(&[4]), &values(4), &endless).contains("give fewer --steps"));
        let rate = Presentation { steps: Some(5), ..rate };
        let wanted = "sample 7: it has 3 values, the input `in` takes 4 of shape [4]";
        assert_eq!(said(&network(&[4]), &values(3), &rate), wanted);
        assert!(said(&Network::new("n"), &values(3), &rate).contains("no input"));
        let reals = said(&network(&[1]), &Sample::reals("7", &[1], vec![0.5]), &rate);
        assert!(
            reals.starts_with("sample 7 has real numbers and the input `in` takes values of 0 to 255: "),
            "{reals}"
        );
        let event = Event { t_us: 0, x: 1, y: 1, polarity: 0 };
        let events = Sample::events("7", Events::of(vec![event]));
        assert!(said(&network(&[4]), &events, &rate).contains("sensor of 2 x 2"));
        assert_eq!(present(&network(&[2, 2, 2]), &events, 0, &PLAIN).unwrap().spikes, [(0, 0, 3)]);
        assert_eq!(present(&network(&[1, 2, 2]), &events, 0, &PLAIN).unwrap().spikes, [(0, 0, 3)], "of one polarity");
        let narrow = said(&network(&[2, 2, 1]), &events, &PLAIN);
        let (both, plain) = ([values(4), events], Legend::default());
        assert_eq!(check_recordings(&network(&[2, 2, 1]), &both, &PLAIN, &plain).unwrap_err().to_string(), narrow);
        let rate = Presentation { coding: Some(Coding::Rate), ..PLAIN };
        let none =
            check_recordings(&network(&[2, 3]), [&values(4), &values(5)], &rate, &plain).unwrap_err().to_string();
        assert_eq!(none, "the samples have 4 values, the input `in` takes 6 of shape [2, 3]");
        let one = check_recordings(&network(&[5]), [&values(5), &values(4)], &rate, &plain).unwrap_err().to_string();
        assert_eq!(one, "sample 7: it has 4 values, the input `in` takes 5 of shape [5]");
        let mut of_table = Legend::default();
        of_table.columns =
            Some(Headings { values: 3, names: None, others: vec!["the last column is the class".to_owned()] });
        let said = check_recordings(&network(&[4]), [&values(3)], &rate, &of_table).unwrap_err().to_string();
        let expected = "the samples have 3 values (the last column is the class), the input `in` takes 4 of shape [4]";
        assert_eq!(said, expected);
        assert_eq!(check_recordings(&network(&[2, 2, 2]), &both, &PLAIN, &plain), Ok(()));
        assert!(
            narrow.contains("events of a sensor of 2 x 2, the input `in` takes spikes of shape [2, 2, 1]"),
            "{narrow}"
        );
    }

    #[test]
    fn levels_are_the_first_extent_of_the_input() {
        let levels = Presentation { coding: Some(Coding::Levels), ..PLAIN };
        let shown = |shape: &[usize], rows: &[u8]| {
            let item = Sample::values("7", &[rows.len() / 2, 2], rows.to_vec());
            present(&network(shape), &item, 0, &levels).map(|shown| (shown.steps, shown.spikes))
        };
        // Of three levels, 64, 128 and 192.
        assert_eq!(
            shown(&[3, 2], &[64, 0, 200, 130]),
            Ok((2, vec![(0, 0, 0), (1, 0, 0), (1, 0, 1), (1, 0, 2), (1, 0, 3), (1, 0, 4)]))
        );
        assert_eq!(shown(&[1, 2], &[127, 128]), Ok((1, vec![(0, 0, 1)])), "one level is the half");
        assert!(shown(&[3, 4], &[1, 2]).is_err(), "rows of 4");
    }

    #[test]
    fn levels_are_crossed_pixel_by_pixel() {
        let crossings = Presentation { coding: Some(Coding::Crossings), ..PLAIN };
        let shown = |shape: &[usize]| {
            let item = Sample::values("7", &[2, 2], vec![64, 200, 130, 0]);
            present(&network(shape), &item, 0, &crossings).map(|shown| (shown.steps, shown.spikes))
        };
        // Of three levels, 64, 128 and 192.
        let alone = [(0, 0), (1, 1), (1, 2), (2, 5), (3, 3), (3, 4)].map(|(step, element)| (step, 0, element));
        assert_eq!(shown(&[2, 3]), Ok((4, alone.to_vec())));
        let rows = [(0, 0), (0, 1), (0, 3), (0, 5), (1, 2), (1, 7), (1, 9), (1, 11)];
        assert_eq!(shown(&[2, 3, 2]), Ok((2, rows.map(|(step, element)| (step, 0, element)).to_vec())));
        for shape in [&[6][..], &[3, 2], &[1, 6]] {
            let said = shown(shape).unwrap_err().to_string();
            assert!(said.contains("spikes of shape [2, levels] or [2, levels, row]"), "{said}");
        }
    }

    #[test]
    fn the_input_is_the_only_one_or_named() {
        let mut network = network(&[4]);
        assert_eq!(input_of(&network, None), Ok(0));
        network.input("other", 2);
        let said = |name| input_of(&network, name).unwrap_err().to_string();
        assert_eq!(said(None), "the network has several inputs: say --input with one of in, other");
        assert_eq!(said(Some("out")), "the network has no input `out`; there are: in, other");
        assert_eq!(input_of(&network, Some("other")), Ok(1));
        let frames = Presentation { input: 1, coding: Some(Coding::Frames), ..PLAIN };
        network.late_steps = 4;
        let shown = present(&network, &values(6), 0, &frames).unwrap();
        assert_eq!((shown.steps, &shown.spikes[..3]), (3 + 4, &[(0, 1, 0), (0, 1, 1), (1, 1, 0)][..]));
        assert!(present(&network, &values(5), 0, &frames).is_err());
        let shaped = |shape: &[usize]| Sample::values("7", shape, vec![255; shape.iter().product()]);
        assert!(present(&network, &shaped(&[3, 2]), 0, &frames).is_ok());
        let turned = present(&network, &shaped(&[2, 3]), 0, &frames).unwrap_err().to_string();
        assert_eq!(turned, "sample 7: it has 6 values of shape [2, 3], the input `other` takes 2 of shape [2]");
        let fewer = present(&network, &shaped(&[3, 2]), 0, &Presentation { steps: Some(2), ..frames }).unwrap();
        assert_eq!((fewer.steps, fewer.spikes.len()), (2 + 4, 4));
    }

    #[test]
    fn values_become_biases_by_gain_and_offset() {
        let mut network = network(&[1]);
        network.populations.push(Population::new("p", 2));
        network.inputs[0].entry = Entry::Bias { population: 0, gain_q16: -(3 << 15), offset: 10 };
        network.inputs[0].shape = vec![2];
        let shown = present(&network, &values(2), 0, &Presentation { steps: Some(3), ..PLAIN }).unwrap();
        assert_eq!(shown.biases, [(0, vec![-372, -372])], "-1.5 · 255 + 10, halves up");
    }
}
