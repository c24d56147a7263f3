//! From a sample to what a network is shown, by how its input enters.

use super::Stimulus;
use crate::data::collection::{Content, Item};
use crate::data::encode::{self, Spikes};
use crate::network::{Entry, Input, Network, size};

/// How values become spikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Coding {
    /// A spike with a chance of value / 256 in every step
    Rate,
    /// One spike, the sooner the larger the value
    Latency,
    /// A spike for every rise or fall by the threshold; a row of values is a step
    Delta,
}

/// How samples are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presentation {
    /// How values become spikes, for inputs of spikes.
    pub coding: Option<Coding>,
    /// Steps of a sample; else the network's own, else what the sample has.
    pub steps: Option<u32>,
    /// Duration of a step, for events.
    pub step_us: u64,
    /// Smallest change that [`Coding::Delta`] tells.
    pub threshold: u8,
    /// Seed of [`Coding::Rate`].
    pub seed: u32,
}

/// Why a sample cannot be shown to a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PresentError {
    /// It has not exactly one input.
    #[error("the network has {0} inputs; samples can be shown to a network with one")]
    Inputs(usize),
    /// Values for an input of spikes.
    #[error("the input `{0}` takes spikes and the samples are values: say --coding rate, latency or delta")]
    Coding(String),
    /// Nothing says how long.
    #[error("nothing says how many steps a sample takes: say --steps")]
    Steps,
    /// The sample has another size.
    #[error("sample {item}: it has {found}, the input `{input}` takes {expected}")]
    Size {
        /// The sample.
        item: String,
        /// What it has.
        found: String,
        /// The input.
        input: String,
        /// What it takes.
        expected: String,
    },
    /// The sample is of a class that the network cannot answer.
    #[error(
        "sample {item} is of class {label}, but the readout `{readout}` has {classes} from 0: say the classes in labels.txt, a line \
         of name and class each"
    )]
    Label {
        /// The sample.
        item: String,
        /// Its class.
        label: u32,
        /// The population of the readout.
        readout: String,
        /// How many classes that has.
        classes: usize,
    },
}

/// Whether the classes of samples are among those that a network can answer.
///
/// # Errors
/// [`PresentError::Label`] names the first sample whose class is not.
pub fn check_labels(network: &Network, items: &[Item]) -> Result<(), PresentError> {
    let population = network.readout.and_then(|readout| network.populations.get(readout.population));
    let Some(population) = population else { return Ok(()) };
    let classes = population.neurons();
    for Item { name, label, .. } in items {
        if let Some(label) = label.filter(|label| *label as usize >= classes) {
            let readout = population.name.clone();
            return Err(PresentError::Label { item: name.clone(), label, readout, classes });
        }
    }
    Ok(())
}

/// What a network is shown for a sample, the `number`-th.
///
/// # Errors
/// [`PresentError`].
pub fn present(
    network: &Network,
    item: &Item,
    number: u32,
    presentation: &Presentation,
) -> Result<Stimulus, PresentError> {
    let [input] = &*network.inputs else { return Err(PresentError::Inputs(network.inputs.len())) };
    let steps = presentation.steps.or(Some(network.steps).filter(|steps| *steps > 0));
    match (&item.content, &input.entry) {
        (Content::Events(events), Entry::Spikes) => {
            let [2, height, width] = *input.shape else { return Err(wrong_size(item, input)) };
            let duration = u32::try_from(events.duration_us() / presentation.step_us.max(1) + 1).unwrap_or(u32::MAX);
            let steps = steps.unwrap_or(duration);
            Ok(of_spikes(encode::events(events, presentation.step_us, steps, [height, width])))
        }
        (Content::Values { values, .. }, Entry::Spikes) => {
            values_as_spikes(item, values, input, number, steps, presentation)
        }
        (Content::Values { values, .. }, Entry::Bias { gain_q16, offset, .. }) => {
            if values.len() != size(&input.shape) {
                return Err(wrong_size(item, input));
            }
            let bias = |value: &u8| {
                let scaled = (i64::from(*gain_q16) * i64::from(*value) + (1 << 15)) >> 16;
                i32::try_from(scaled + i64::from(*offset)).unwrap_or(i32::MAX)
            };
            let biases = vec![(0, values.iter().map(bias).collect())];
            Ok(Stimulus { steps: steps.ok_or(PresentError::Steps)?, biases, ..Stimulus::default() })
        }
        (Content::Values { values, .. }, Entry::Weighted(_)) => values_as_they_are(item, values, input, steps),
        (Content::Events(_), _) => Err(wrong_size(item, input)),
    }
}

fn of_spikes(spikes: Spikes) -> Stimulus {
    let place = |(step, element)| (step, 0, element);
    Stimulus { steps: spikes.steps, spikes: spikes.spikes.into_iter().map(place).collect(), ..Stimulus::default() }
}

fn values_as_spikes(
    item: &Item,
    values: &[u8],
    input: &Input,
    number: u32,
    steps: Option<u32>,
    presentation: &Presentation,
) -> Result<Stimulus, PresentError> {
    let elements = size(&input.shape);
    let coding = presentation.coding.ok_or_else(|| PresentError::Coding(input.name.clone()))?;
    let width = if coding == Coding::Delta { elements / 2 } else { elements };
    let fits = match coding {
        Coding::Delta => width > 0 && values.len().is_multiple_of(width),
        Coding::Rate | Coding::Latency => values.len() == elements,
    };
    if !fits {
        return Err(wrong_size(item, input));
    }
    let steps = || steps.ok_or(PresentError::Steps);
    Ok(of_spikes(match coding {
        Coding::Rate => encode::rate(values, steps()?, presentation.seed, number),
        Coding::Latency => encode::latency(values, steps()?),
        Coding::Delta => encode::delta(values, width, presentation.threshold),
    }))
}

/// Values for weighted sums: the same in all steps, or a row of them a step.
fn values_as_they_are(item: &Item, values: &[u8], input: &Input, steps: Option<u32>) -> Result<Stimulus, PresentError> {
    let elements = size(&input.shape).max(1);
    if values.is_empty() || !values.len().is_multiple_of(elements) {
        return Err(wrong_size(item, input));
    }
    let rows = u32::try_from(values.len() / elements).unwrap_or(u32::MAX);
    let steps = match (rows, steps) {
        (1, None) => return Err(PresentError::Steps),
        (1, Some(steps)) => steps,
        (rows, steps) => steps.unwrap_or(rows),
    };
    let values = (0..).zip(values.chunks(elements)).map(|(step, row)| (step, 0, encode::shares(row))).collect();
    Ok(Stimulus { steps, values, ..Stimulus::default() })
}

fn wrong_size(item: &Item, input: &Input) -> PresentError {
    let found = match &item.content {
        Content::Values { values, .. } => format!("{} values", values.len()),
        Content::Events(events) => format!("events of a sensor of {} x {}", events.size[0], events.size[1]),
    };
    let expected = match (&item.content, &input.entry) {
        (Content::Events(_), Entry::Spikes) => {
            format!("spikes of shape {:?}; events have [2, height, width]", input.shape)
        }
        (Content::Events(_), _) => "values".to_owned(),
        _ => format!("{} of shape {:?}", size(&input.shape), input.shape),
    };
    PresentError::Size { item: item.name.clone(), found, input: input.name.clone(), expected }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::events::{Event, Events};
    use crate::network::Population;
    use loihi_core::image::Profile;

    const PLAIN: Presentation = Presentation { coding: None, steps: None, step_us: 1000, threshold: 8, seed: 1 };

    fn network(shape: &[usize]) -> Network {
        let mut network = Network::new("n");
        network.input("in", shape);
        network
    }

    fn values(count: usize) -> Item {
        let content = Content::Values { shape: vec![count], values: vec![255; count] };
        Item { name: "7".to_owned(), label: None, content }
    }

    #[test]
    fn what_does_not_fit_says_so() {
        let said = |network: &Network, item: &Item, presentation: &Presentation| {
            present(network, item, 0, presentation).unwrap_err().to_string()
        };
        assert!(said(&network(&[4]), &values(4), &PLAIN).contains("say --coding"));
        let rate = Presentation { coding: Some(Coding::Rate), ..PLAIN };
        assert!(said(&network(&[4]), &values(4), &rate).contains("say --steps"));
        let rate = Presentation { steps: Some(5), ..rate };
        let wanted = "sample 7: it has 3 values, the input `in` takes 4 of shape [4]";
        assert_eq!(said(&network(&[4]), &values(3), &rate), wanted);
        assert!(said(&Network::new("n"), &values(3), &rate).contains("0 inputs"));
        let events = Content::Events(Events::of(vec![Event { t_us: 0, x: 1, y: 1, polarity: 0 }]));
        let events = Item { content: events, ..values(1) };
        assert!(said(&network(&[4]), &events, &rate).contains("sensor of 2 x 2"));
        assert_eq!(present(&network(&[2, 2, 2]), &events, 0, &PLAIN).unwrap().spikes, [(0, 0, 3)]);
    }

    #[test]
    fn values_become_biases_by_gain_and_offset() {
        let mut network = network(&[1]);
        network.populations.push(Population::new("p", &[2], Profile::DEFAULT));
        network.inputs[0].entry = Entry::Bias { population: 0, gain_q16: -(3 << 15), offset: 10 };
        network.inputs[0].shape = vec![2];
        let shown = present(&network, &values(2), 0, &Presentation { steps: Some(3), ..PLAIN }).unwrap();
        assert_eq!(shown.biases, [(0, vec![-372, -372])], "-1.5 · 255 + 10, halves up");
    }
}
