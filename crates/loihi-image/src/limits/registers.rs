//! Whether the chip's registers can hold what a network writes into them: mantissas, exponents, precisions.

use loihi_core::image::{Image, Profile, Synapse, SynapseFormat};
use loihi_core::num::{BiasExponent, BiasMantissa};
use std::fmt;

/// A value that no setting of its register gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inexpressible {
    /// Whose register it is.
    pub element: Element,
    /// Name of the register.
    pub register: &'static str,
    /// The value.
    pub value: i64,
    /// What values the register gives.
    pub values: &'static str,
}

/// Whose register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Element {
    /// A compartment, numbered over all cores.
    Compartment(usize),
    /// A profile.
    Profile(usize),
    /// An input axon.
    Axon(usize),
}

impl fmt::Display for Inexpressible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { element, register, value, values } = self;
        let (what, number) = match element {
            Element::Compartment(number) => ("compartment", number),
            Element::Profile(number) => ("profile", number),
            Element::Axon(number) => ("axon", number),
        };
        write!(f, "{what} {number}: {register} = {value} is nothing that a Loihi register gives; it gives {values}")
    }
}

impl std::error::Error for Inexpressible {}

/// The first value of a network that the chip's registers cannot hold.
///
/// # Errors
/// [`Inexpressible`] names register, value and what would do.
pub fn check(image: &Image<'_>) -> Result<(), Inexpressible> {
    for (number, bias) in image.bias.iter().enumerate() {
        let values = "a mantissa of at most 4095 times a power of two up to 128";
        require(is_bias(*bias), Element::Compartment(number), "bias", i64::from(*bias), values)?;
    }
    for (number, profile) in image.profiles().enumerate() {
        check_profile(number, &profile)?;
    }
    for (number, axon) in image.axons().enumerate() {
        let element = Element::Axon(number);
        let bits = i64::from(axon.weight_bits);
        require(bits != 7, element, "weight precision", bits, "0 to 6 or 8 bits")?;
        let sparse = match axon.format {
            SynapseFormat::Sparse => image.sparse.get(axon.elements()).unwrap_or_default(),
            SynapseFormat::Dense => &[],
        };
        let delay = sparse.iter().map(|word| Synapse::from_word(*word).delay).max().unwrap_or(0);
        require(delay <= 62, element, "delay", i64::try_from(delay).unwrap_or(i64::MAX), "0 to 62 steps")?;
        let sum = i64::try_from(axon.sum).unwrap_or(i64::MAX);
        require(sum == 0, element, "auxiliary accumulator", sum, "none: it is an emulator's, not the chip's")?;
    }
    Ok(())
}

fn check_profile(number: usize, profile: &Profile) -> Result<(), Inexpressible> {
    let element = Element::Profile(number);
    let thresholds = "multiples of 64";
    require(profile.v_th % 64 == 0, element, "v_th", i64::from(profile.v_th), thresholds)?;
    let lower = "1 − 2^k, k from 0 to 23";
    require((0..=23).any(|k| profile.v_min == 1 - (1 << k)), element, "v_min", i64::from(profile.v_min), lower)?;
    let upper = "2^(9 + 2k) − 1, k from 0 to 7";
    require((0..=7).any(|k| profile.v_max == (1 << (9 + 2 * k)) - 1), element, "v_max", i64::from(profile.v_max), upper)
}

/// Whether a bias is a mantissa shifted by an exponent.
fn is_bias(bias: i32) -> bool {
    (0..=BiasExponent::MAX)
        .any(|exponent| (bias >> exponent) << exponent == bias && BiasMantissa::new(bias >> exponent).is_ok())
}

fn require(
    valid: bool,
    element: Element,
    register: &'static str,
    value: i64,
    values: &'static str,
) -> Result<(), Inexpressible> {
    if valid { Ok(()) } else { Err(Inexpressible { element, register, value, values }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{AxonOptions, ImageBuilder, Source};

    fn refusal(change: impl FnOnce(&mut ImageBuilder)) -> String {
        let mut builder = ImageBuilder::new();
        builder.group(2, Profile::DEFAULT);
        change(&mut builder);
        builder.build().map_or_else(|error| error.to_string(), |_| "accepted".to_owned())
    }

    fn profile(profile: Profile) -> String {
        refusal(|builder| {
            builder.group(1, profile);
        })
    }

    #[test]
    fn every_bias_of_the_register_and_no_other() {
        let is_given = |bias: i32| (0..=7).any(|e| (-4095..=4095).any(|mantissa: i32| mantissa << e == bias));
        for bias in (-600_000..600_000).step_by(997).chain([4095, 4096, 4097, 524_160, 524_161, -524_160, -4097]) {
            assert_eq!(is_bias(bias), is_given(bias), "bias {bias}");
        }
        assert!(refusal(|builder| builder.bias(0, &[0, 4097])).contains("compartment 1: bias = 4097"));
    }

    #[test]
    fn profiles_are_made_of_mantissas_and_exponents() {
        assert_eq!(profile(Profile { v_th: 6400, v_min: -127, v_max: 511, ..Profile::DEFAULT }), "accepted");
        assert!(profile(Profile { v_th: 6401, ..Profile::DEFAULT }).contains("v_th = 6401"));
        assert!(profile(Profile { v_min: -2, ..Profile::DEFAULT }).contains("v_min = -2"));
        assert!(profile(Profile { v_max: 1023, ..Profile::DEFAULT }).contains("v_max = 1023"));
    }

    #[test]
    fn axons_have_delays_and_precisions_of_the_chip() {
        let with = |delay: usize, weight_bits: u32| {
            refusal(|builder| {
                let input = builder.inputs(1).start;
                let synapses = builder.sparse_synapses(&[Synapse { compartment: 0, delay, weight: 1 }], 1);
                let axon = builder.axon(0, &synapses, AxonOptions { weight_bits, ..AxonOptions::default() });
                builder.route(Source::Input(input), axon, 0);
            })
        };
        assert_eq!(with(62, 8), "accepted");
        assert!(with(63, 8).contains("axon 0: delay = 63"));
        assert!(with(0, 7).contains("weight precision = 7"));
    }
}
