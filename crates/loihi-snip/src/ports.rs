//! Where programs take what they are shown and taught, and where they answer: words of the mailboxes.

use std::ops::Range;

/// All of a placed network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
