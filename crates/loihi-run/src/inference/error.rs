//! Why a sample cannot be shown, and what to do.

use super::presentation::{SPIKES_MAX, STEPS_MAX};

/// Why a sample cannot be shown to a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PresentError {
    /// There is nothing to show samples to.
    #[error("the network has no input: samples cannot be shown to it")]
    NoInput,
    /// There are several inputs, and none was chosen for the samples.
    #[error("the network has several inputs: say --input with one of {0}")]
    Inputs(String),
    /// There is no such input.
    #[error("the network has no input `{name}`; there are: {there}")]
    NoSuchInput {
        /// The name.
        name: String,
        /// Those that there are.
        there: String,
    },
    /// Values for an input of spikes.
    #[error(
        "the input `{0}` takes spikes and the samples are values: give it a `coding` in the network file, or \
         --coding where it is only tested or imported: rate, latency, delta, frames, levels, crossings or saccades"
    )]
    Coding(String),
    /// The shape of an input does not suit `crossings`.
    #[error(
        "the input `{input}` takes spikes of shape {shape:?}: for coding = \"crossings\" give it spikes of shape [2, levels] or \
         [2, levels, row]"
    )]
    Crossings {
        /// The input.
        input: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// The shape of an input does not suit `saccades`.
    #[error(
        "the input `{input}` takes spikes of shape {shape:?}: for coding = \"saccades\" give it spikes of shape \
         [2, rows, columns], those of a sensor"
    )]
    Saccades {
        /// The input.
        input: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// Nothing says how long.
    #[error(
        "nothing says how many steps a sample takes: give `steps` in the network file, or --steps where it is only tested"
    )]
    Steps,
    /// The sample has another size.
    #[error("{} {found}, the input `{input}` takes {expected}", have(.item.as_deref()))]
    Size {
        /// The sample; `None`: no sample has the size that is wanted.
        item: Option<String>,
        /// What it has.
        found: String,
        /// The input.
        input: String,
        /// What it takes.
        expected: String,
    },
    /// The sample has real numbers, which only programs of the embedded CPU take.
    #[error(
        "sample {item} has real numbers and the input `{input}` takes values of 0 to 255: read the data without asking for real \
         numbers, which scales them"
    )]
    Reals {
        /// The sample.
        item: String,
        /// The input.
        input: String,
    },
    /// Only the events say how long the sample is, and what they say is absurd.
    #[error(
        "sample {item}: its events take {steps} steps of {step_us} us, more than {most}: say how many to show by --steps, take longer \
         ones by --step-us{advice}",
        most = STEPS_MAX
    )]
    TooLong {
        /// The sample.
        item: String,
        /// Steps to its last event.
        steps: u64,
        /// Duration of a step.
        step_us: u64,
        /// What else can be done.
        advice: &'static str,
    },
    /// A sample becomes more spikes than are held in memory.
    #[error("sample {item}: by --coding rate it is some {spikes} spikes in {steps} steps, more than {most}: give fewer --steps", most = SPIKES_MAX)]
    Spikes {
        /// The sample.
        item: String,
        /// Spikes that are to be expected.
        spikes: u64,
        /// Steps.
        steps: u32,
    },
    /// The classes of the sample have another shape than the answers, or are not classes of the readout.
    #[error("sample {item}: {what}")]
    Labels {
        /// The sample.
        item: String,
        /// What is wrong, and what there can be.
        what: String,
    },
    /// Samples are given for an unknown input, or twice for one.
    #[error("{0}")]
    Fed(String),
    /// The sample is of a class that the network cannot answer.
    #[error(
        "sample {item} is of class {label}, but the readout `{readout}` has {classes} from 0: correct the class, in `y`, \
         in the column of a table or in labels.txt, or give the readout more neurons"
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

/// Whose size it is.
fn have(item: Option<&str>) -> String {
    item.map_or_else(|| "the samples have".to_owned(), |item| format!("sample {item}: it has"))
}
