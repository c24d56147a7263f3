//! Encoders: the embedded CPU makes spikes of the values of an input.

use crate::keys::Keys;
use crate::kind::{Program, SnipForm};
use crate::layout::Layout;
use loihi_core::rules::{BernoulliEncoderParams, RateEncoderParams};
use loihi_net::draw;
use loihi_net::network::SectionError;

/// Evenly spaced spikes.
#[derive(Debug)]
pub(super) struct RateEncoder {
    input: usize,
    constant: Option<i16>,
    params: RateEncoderParams,
}

impl SnipForm for RateEncoder {
    const NAME: &'static str = "rate-encoder";
    const ABOUT: &'static str = "evenly spaced spikes at a rate in proportion to each value of an `input`";
    const EXAMPLE: &'static str = r#"[[snip]]
kind = "rate-encoder"
# input = "pixels"       # default: the only one
full_scale = 256         # the value that spikes in every step, 1..=32767; default 256
# constant = 64          # of the input's last element, one more than samples have values; default: none
"#;

    fn read(keys: &mut Keys<'_>) -> Result<Self, SectionError> {
        let (input, constant) = (keys.input()?, keys.take("constant")?);
        Ok(Self { input, constant, params: keys.params(&["stimulus_first", "count", "input_first"])? })
    }
}

impl Program for RateEncoder {
    fn add(&self, layout: &mut Layout<'_>, table: usize) -> Result<(), String> {
        let (words, inputs) = (layout.stimulus(self.input, false, false), layout.externals(self.input));
        if let Some(value) = self.constant {
            layout.constant(value);
        }
        let count = inputs.end - inputs.start;
        let params = RateEncoderParams { stimulus_first: words.start, count, input_first: inputs.start, ..self.params };
        layout.program(table, &params);
        Ok(())
    }
}

/// Random spikes.
#[derive(Debug)]
pub(super) struct BernoulliEncoder {
    input: usize,
    value: Option<i16>,
    params: BernoulliEncoderParams,
}

impl SnipForm for BernoulliEncoder {
    const NAME: &'static str = "bernoulli-encoder";
    const ABOUT: &'static str = "random spikes with a chance in proportion to each value of an `input`";
    const EXAMPLE: &'static str = r#"[[snip]]
kind = "bernoulli-encoder"
# input = "pixels"       # default: the only one
full_scale = 256         # the value that spikes in every step, 1..=32767; exact if a power of two; default 256
# seed = 1               # of its draws, added to the network's; default: one of its own
# value = 64             # of all elements, always, 0..=32767: noise that is the same in every sample or episode;
                         # default: what samples or a plant show
"#;

    fn read(keys: &mut Keys<'_>) -> Result<Self, SectionError> {
        let input = keys.input()?;
        let (network, seed) = (keys.network().seed, keys.take::<u32>("seed")?);
        let seed = seed.map_or(draw::encoder_seed(network), |seed| network.wrapping_add(seed));
        let value = keys.take::<i16>("value")?;
        if value.is_some_and(|value| value < 0) {
            return Err(keys.error("value", "give a `value` of 0 to 32767"));
        }
        let params = keys.params(&["stimulus_first", "count", "input_first"])?;
        Ok(Self { input, value, params: BernoulliEncoderParams { seed, ..params } })
    }
}

impl Program for BernoulliEncoder {
    fn add(&self, layout: &mut Layout<'_>, table: usize) -> Result<(), String> {
        let (words, inputs) = (layout.stimulus(self.input, true, false), layout.externals(self.input));
        if let Some(value) = self.value {
            layout.hold(value);
        }
        let count = inputs.end - inputs.start;
        let params =
            BernoulliEncoderParams { stimulus_first: words.start, count, input_first: inputs.start, ..self.params };
        layout.program(table, &params);
        Ok(())
    }
}
