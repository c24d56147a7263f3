//! Where programs take what they are shown and taught, and where they answer: words of the mailboxes.

use std::ops::Range;

/// All of a placed network.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Programs {
    /// Words of the mailboxes: stimulus, target, output.
    pub words: [u32; 3],
    /// Inputs whose spikes or biases the embedded CPU makes of values.
    pub stimuli: Vec<StimulusPort>,
    /// Programs that are taught, or answer.
    pub ports: Vec<Port>,
    /// Slots of the replay buffer; 0 if there is none.
    pub replay_slots: u32,
    /// What programs know from the start, of what they learn.
    pub known: Vec<KnownWords>,
}

impl Programs {
    /// Words of the stimulus before anything is shown: 0, except for inputs that always have the same value.
    pub fn stimulus(&self) -> Vec<i16> {
        let mut words = vec![0; self.words[0] as usize];
        for port in &self.stimuli {
            let Some(value) = port.held else { continue };
            words.iter_mut().skip(port.words.start as usize).take(port.words.len()).for_each(|word| *word = value);
        }
        words
    }
}

/// Words of [`Register::Learned`](loihi_core::register::Register::Learned) that are not 0 when a run begins.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownWords {
    /// First of them.
    pub first: usize,
    /// What they are.
    pub words: Vec<i32>,
}

/// Words of the stimulus that an input takes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StimulusPort {
    /// The input, by its place in the network's list.
    pub input: usize,
    /// Its words, one for every element.
    pub words: Range<u32>,
    /// First of the two words that name a sample, so that its spikes are its own.
    pub key_first: Option<u32>,
    /// What the last element always is, where the input has one more than samples have values.
    pub constant: Option<i16>,
    /// What all elements always are, where nothing shows the input values.
    pub held: Option<i16>,
    /// Whether the words are values in Q3.12; else they are values as they are.
    pub is_q12: bool,
}

impl StimulusPort {
    /// The word behind its last one.
    pub fn end(&self) -> u32 {
        self.words.end + if self.key_first.is_some() { 2 } else { 0 }
    }
}

/// A program that is taught, or answers.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Port {
    /// What users call it: its `name`, or its kind.
    pub name: String,
    /// Its kind.
    pub kind: &'static str,
    /// Words of the target that it is taught by; empty if it is not taught.
    pub target: Range<u32>,
    /// Words of the output in which it answers; empty if it does not.
    pub output: Range<u32>,
    /// What its target words say.
    pub teaching: Teaching,
    /// Words of the target in a row that take the same value, at least 1.
    pub words_per_target: u32,
    /// Whether targets are the errors themselves, positive where an answer is too large.
    pub takes_errors: bool,
    /// What the answer to a target should be, where it is another than the target.
    pub rate: Option<RateFunction>,
    /// Words of [`Register::Rate`](loihi_core::register::Register::Rate) by which its learning is scaled.
    pub rates: Vec<u32>,
    /// The least rate that it takes, if the embedded CPU writes its weights: 0 less how often its rate can be halved.
    pub rate_least: Option<i32>,
    /// Whether its answer to a sample is given before it changes a weight.
    pub answers_first: bool,
    /// Steps of a sample after which it has learned something.
    pub steps_least: u32,
    /// Populations whose incoming weights it writes, by their places in the network's list.
    pub populations: Vec<usize>,
}

/// The rate of a soma over its potential: `rate_max / (1 + e^(−target / unit))`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateFunction {
    /// Targets per unit of the potential.
    pub unit: f64,
    /// Largest rate, spikes per step.
    pub rate_max: f64,
}

impl RateFunction {
    /// The rate, spikes per step, at the potential of a target.
    ///
    /// ```
    /// let rate = loihi_snip::RateFunction { unit: 100.0, rate_max: 0.25 };
    /// assert_eq!(rate.of(0.0), 0.125);
    /// ```
    pub fn of(self, target: f64) -> f64 {
        self.rate_max / (1.0 + (-target / self.unit).exp())
    }
}

/// What target words say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Teaching {
    /// A word a class, and the answer is the class of the largest output.
    Classes {
        /// Of the right class.
        right: i16,
        /// Of any other class.
        wrong: i16,
    },
    /// A value a word.
    Values {
        /// Bits behind the point of a target.
        target_fraction_bits: u32,
        /// Bits behind the point of an output.
        output_fraction_bits: u32,
    },
    /// A third factor a word, -127..=127, after the answer to a sample; nothing while it is shown.
    Afterwards,
}

impl Teaching {
    /// Classes, the right one 1.0 in Q3.12, or else values in Q3.12.
    pub const fn q12(classes: bool, output_fraction_bits: u32) -> Self {
        if classes {
            Self::Classes { right: 4096, wrong: 0 }
        } else {
            Self::Values { target_fraction_bits: 12, output_fraction_bits }
        }
    }
}
