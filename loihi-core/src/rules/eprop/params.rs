//! The parameters of e-prop, and their places in a record.

use super::Eprop;
use crate::image::{Image, Parameter, index};
use crate::snip::{Field, Phase, Phases, SnipParams, WordReader, WordWriter, fits, require};
use crate::tools::Layer;
use crate::tools::fraction::Rounding;
use crate::tools::local_error::LocalReadout;
use crate::tools::rank_one::Precision;
use serde::{Deserialize, Serialize};

/// Parameters of an [`Eprop`](super::Eprop), in the order of its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adaptation {
    /// What a spike adds to the threshold, in units of 1/4096 of what it is without, 1..=4096.
    pub strength: u32,
    /// Binary logarithm of the time constant, 1..=11.
    pub tau_shift: u32,
}

impl Adaptation {
    fn is_in_range(self) -> bool {
        (1..=4096).contains(&self.strength) && (1..=11).contains(&self.tau_shift)
    }
}

/// One word: strength and time constant; 0 for none. What is out of range stays so, and is refused by the check.
impl Field for Option<Adaptation> {
    #[inline]
    fn put(&self, writer: &mut WordWriter) {
        writer.put(
            self.map_or(0, |Adaptation { strength, tau_shift }| strength.min(0xFFFF) | tau_shift.min(0xFFFF) << 16),
        );
    }

    #[inline]
    fn take(reader: &mut WordReader<'_>) -> Option<Self> {
        Some(match reader.take() {
            0 => None,
            word => Some(Adaptation { strength: word & 0xFFFF, tau_shift: word >> 16 }),
        })
    }
}

impl Default for EpropParams {
    /// The first two groups of the image without compartments; all else as in the experiment with patterns.
    fn default() -> Self {
        Self {
            input_group: 0,
            recurrent_group: 1,
            inputs: 0,
            posts: 0,
            outputs: 1,
            data_first: 0,
            target_first: 0,
            output_first: 0,
            decay: 200,
            slope_shift: 7,
            readout_shift: 8,
            error_shift: 4,
            error_limit: 255,
            error_threshold: 0,
            feedback_shift: 4,
            shift: 20,
            readout_rate_shift: 16,
            precision: Precision::Stochastic,
            rate_steps: 1000,
            rate_target: 20,
            rate_gain: 0,
            kappa_shift: 0,
            adaptation: None,
        }
    }
}

impl SnipParams for EpropParams {
    const KIND: u32 = 9;
    const NAME: &'static str = "eprop";
    const PHASES: Phases = Phases::only(Phase::Spk).and(Phase::PreMgmt);
    type Snip = Eprop;

    crate::snip_words!(
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
        shift,
        readout_rate_shift,
        precision,
        rate_steps,
        rate_target,
        rate_gain,
        kappa_shift,
        adaptation,
    );

    #[inline]
    fn snip(&self) -> Eprop {
        Eprop::new(*self)
    }

    fn check(&self, image: &Image<'_>) -> Result<(), Parameter> {
        self.check_ranges()?;
        let input = Layer::checked(image, index(self.input_group)).ok_or(Parameter("input_group"))?;
        let recurrent = Layer::checked(image, index(self.recurrent_group)).ok_or(Parameter("recurrent_group"))?;
        let posts = index(self.posts);
        let same = input.compartment_first == recurrent.compartment_first;
        let constants = u32::try_from(LocalReadout::words(posts, index(self.outputs))).unwrap_or(u32::MAX);
        let adapts = recurrent.refractory == 1 && !image.bias.is_empty();
        require(self.input_group != self.recurrent_group && same, "recurrent_group")?;
        require(input.axons == index(self.inputs), "inputs")?;
        require(input.posts == posts && (recurrent.axons, recurrent.posts) == (posts, posts), "posts")?;
        require(fits(self.data_first, constants, image.data.len()), "data_first")?;
        require(fits(self.target_first, self.outputs, image.target_words), "target_first")?;
        require(fits(self.output_first, self.outputs, image.output_words), "output_first")?;
        require(self.adaptation.is_none() || adapts, "adaptation")
    }
}

impl EpropParams {
    /// Whether every value is in its range, whatever the image.
    fn check_ranges(&self) -> Result<(), Parameter> {
        let rounds = |shift| Rounding { precision: self.precision, shift }.is_valid();
        require((1..=64).contains(&self.outputs), "outputs")?;
        require((1..=4096).contains(&self.decay), "decay")?;
        require(self.slope_shift <= 16, "slope_shift")?;
        require(self.readout_shift <= 24, "readout_shift")?;
        require(self.error_shift <= 15, "error_shift")?;
        require((1..=32_767).contains(&self.error_limit), "error_limit")?;
        require(self.error_threshold <= 32_767, "error_threshold")?;
        require(self.feedback_shift <= 24, "feedback_shift")?;
        require(rounds(self.shift), "shift")?;
        require(rounds(self.readout_rate_shift), "readout_rate_shift")?;
        require((1..=65_535).contains(&self.rate_steps), "rate_steps")?;
        require(self.rate_target <= 65_535, "rate_target")?;
        require(self.rate_gain <= 255, "rate_gain")?;
        require(self.kappa_shift <= 8, "kappa_shift")?;
        require(self.adaptation.is_none_or(Adaptation::is_in_range), "adaptation")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snip::Words;

    #[test]
    fn words_and_parameters_are_the_same_in_both_directions() {
        let mut words: Words = core::array::from_fn(|at| u32::try_from(at).unwrap() + 100);
        for (last, adaptation) in [(0, None), (0x0008_012C, Some(Adaptation { strength: 300, tau_shift: 8 }))] {
            (words[17], words[22]) = (1, last);
            let params = EpropParams::from_words(&words).unwrap();
            assert_eq!(params.words(), words);
            assert_eq!((params.precision, params.adaptation), (Precision::Nearest, adaptation));
        }
        // What does not fit its half of the word does not turn into something that is in range.
        for adaptation in [(65_792, 8), (300, 65_544)].map(|(strength, tau_shift)| Adaptation { strength, tau_shift }) {
            let packed = EpropParams { adaptation: Some(adaptation), ..EpropParams::default() }.words();
            let read = EpropParams::from_words(&packed).unwrap().adaptation;
            assert!(!read.unwrap().is_in_range(), "{adaptation:?} is read as {read:?}");
        }
        words[17] = 9;
        assert_eq!(EpropParams::from_words(&words), Err(Parameter("precision")));
    }
}
