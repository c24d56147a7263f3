//! The parameters of e-prop, and their places in a record.

use super::super::rank_one::Precision;
use crate::image::SnipRecord;

/// Parameters of an [`Eprop`](super::Eprop), in the order of its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpropParams {
    /// The plastic group from outside; every axon reaches every post compartment, all of one plain profile.
    pub input_group: u32,
    /// The plastic group among the post compartments: axon i is that of compartment i, and its synapses have no delay.
    pub recurrent_group: u32,
    /// Axons of the input group.
    pub inputs: u32,
    /// Post compartments.
    pub posts: u32,
    /// Readouts, 1..=64.
    pub outputs: u32,
    /// First constant of the feedback.
    pub data_first: u32,
    /// First target word, Q3.12.
    pub target_first: u32,
    /// First output word; a readout is in the units of the target.
    pub output_first: u32,
    /// Decay of the traces per step in units of 1/4096, 1..=4096; also what a spike adds to them.
    pub decay: u32,
    /// Binary logarithm of what a 64th of ψ's height takes of the voltage, 0..=16.
    pub slope_shift: u32,
    /// Bits that a readout loses, 0..=24.
    pub readout_shift: u32,
    /// Bits that an error loses, 0..=15; what is left is its quantisation.
    pub error_shift: u32,
    /// Largest magnitude of a quantised error, 1..=32,767.
    pub error_limit: u32,
    /// Smallest quantised error that is learned from; 0 for all.
    pub error_threshold: u32,
    /// Bits that the errors lose on their way back, 0..=24.
    pub feedback_shift: u32,
    /// Bits of the changes of the layer's weights below their smallest step, 1..=28.
    pub shift: u32,
    /// The same of the readouts' weights.
    pub readout_rate_shift: u32,
    /// How weights are rounded: [`Precision::Stochastic`] or [`Precision::Nearest`].
    pub precision: Precision,
    /// Steps over which spikes are counted for the rate term, 1..=65,535.
    pub rate_steps: u32,
    /// Spikes in these steps that are neither too many nor too few, 0..=65,535.
    pub rate_target: u32,
    /// What a spike too many adds to the learning signal, in units of 1/8, 0..=255.
    pub rate_gain: u32,
    /// Binary logarithm of the time constant of the eligibilities' own filter, 1..=8; 0 for no filter.
    pub kappa_shift: u32,
    /// Thresholds that rise with every spike, if they do; needs biases in the image, and refractory periods of 1.
    pub adaptation: Option<Adaptation>,
}

/// How the thresholds of the post compartments adapt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adaptation {
    /// What a spike adds to the threshold, in units of 1/4096 of what it is without, 1..=4096.
    pub strength: u32,
    /// Binary logarithm of the time constant, 1..=11.
    pub tau_shift: u32,
}

impl Adaptation {
    /// The word of a record: strength and time constant; 0 for none.
    const fn word(adaptation: Option<Self>) -> u32 {
        match adaptation {
            Some(Self { strength, tau_shift }) => strength & 0xFFFF | tau_shift << 16,
            None => 0,
        }
    }

    const fn from_word(word: u32) -> Option<Self> {
        match word {
            0 => None,
            _ => Some(Self { strength: word & 0xFFFF, tau_shift: word >> 16 }),
        }
    }

    fn is_in_range(self) -> bool {
        (1..=4096).contains(&self.strength) && (1..=11).contains(&self.tau_shift)
    }
}

impl EpropParams {
    /// The words of a record.
    pub const fn words(&self) -> [u32; SnipRecord::PARAMS] {
        [
            self.input_group,
            self.recurrent_group,
            self.inputs,
            self.posts,
            self.outputs,
            self.data_first,
            self.target_first,
            self.output_first,
            self.decay,
            self.slope_shift,
            self.readout_shift,
            self.error_shift,
            self.error_limit,
            self.error_threshold,
            self.feedback_shift,
            self.shift,
            self.readout_rate_shift,
            self.precision as u32,
            self.rate_steps,
            self.rate_target,
            self.rate_gain,
            self.kappa_shift,
            Adaptation::word(self.adaptation),
        ]
    }

    /// What a record's words say; `None` if the precision has no such number.
    pub(super) fn from_words(words: &[u32; SnipRecord::PARAMS]) -> Option<Self> {
        let &[input_group, recurrent_group, inputs, posts, outputs, data_first, target_first, output_first, ..] = words;
        let &[
            ..,
            decay,
            slope_shift,
            readout_shift,
            error_shift,
            error_limit,
            error_threshold,
            feedback_shift,
            a,
            b,
            c,
            d,
            e,
            f,
            g,
            adaptation,
        ] = words;
        Some(Self {
            input_group,
            recurrent_group,
            inputs,
            posts,
            outputs,
            data_first,
            target_first,
            output_first,
            decay,
            slope_shift,
            readout_shift,
            error_shift,
            error_limit,
            error_threshold,
            feedback_shift,
            shift: a,
            readout_rate_shift: b,
            precision: Precision::from_code(c)?,
            rate_steps: d,
            rate_target: e,
            rate_gain: f,
            kappa_shift: g,
            adaptation: Adaptation::from_word(adaptation),
        })
    }

    /// Whether every value is in its range.
    pub(super) fn is_in_range(&self) -> bool {
        (1..=64).contains(&self.outputs)
            && (1..=4096).contains(&self.decay)
            && self.slope_shift <= 16
            && self.readout_shift <= 24
            && self.error_shift <= 15
            && (1..=32_767).contains(&self.error_limit)
            && self.error_threshold <= 32_767
            && self.feedback_shift <= 24
            && (1..=65_535).contains(&self.rate_steps)
            && self.rate_target <= 65_535
            && self.rate_gain <= 255
            && self.kappa_shift <= 8
            && self.adaptation.is_none_or(Adaptation::is_in_range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_parameters_are_the_same_in_both_directions() {
        let mut words: [u32; SnipRecord::PARAMS] = core::array::from_fn(|at| u32::try_from(at).unwrap() + 100);
        for (last, adaptation) in [(0, None), (0x0008_012C, Some(Adaptation { strength: 300, tau_shift: 8 }))] {
            (words[17], words[22]) = (1, last);
            let params = EpropParams::from_words(&words).unwrap();
            assert_eq!(params.words(), words);
            assert_eq!((params.precision, params.adaptation), (Precision::Nearest, adaptation));
        }
        words[17] = 9;
        assert_eq!(EpropParams::from_words(&words), None);
    }
}
