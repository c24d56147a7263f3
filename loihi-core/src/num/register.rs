//! Register types: an integer that is inside its register's range by construction.

use core::fmt;

/// A value that its register cannot hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRange {
    /// Name of the register.
    pub register: &'static str,
    /// The value that was refused.
    pub value: i32,
    /// Smallest value that the register holds.
    pub min: i32,
    /// Largest value that the register holds.
    pub max: i32,
}

impl fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { register, value, min, max } = self;
        write!(f, "{register} = {value} is outside {min}..={max}")
    }
}

impl core::error::Error for OutOfRange {}

macro_rules! register {
    ($(#[$doc:meta])* $name:ident, $label:literal, $min:literal ..= $max:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i32);

        impl $name {
            /// Smallest value.
            pub const MIN: i32 = $min;
            /// Largest value.
            pub const MAX: i32 = $max;

            /// The register with this value.
            ///
            /// # Errors
            /// [`OutOfRange`] if the register cannot hold it.
            pub const fn new(value: i32) -> Result<Self, OutOfRange> {
                if value < Self::MIN || value > Self::MAX {
                    Err(OutOfRange { register: $label, value, min: Self::MIN, max: Self::MAX })
                } else {
                    Ok(Self(value))
                }
            }

            /// The register with the nearest value that it holds.
            pub const fn saturating(value: i32) -> Self {
                if value < Self::MIN {
                    Self(Self::MIN)
                } else if value > Self::MAX {
                    Self(Self::MAX)
                } else {
                    Self(value)
                }
            }

            /// The value.
            pub const fn get(self) -> i32 {
                self.0
            }
        }
    };
}

register! {
    /// Decay per step in units of 1/4096, *effective*: what is lost. The chip's register for the current holds one
    /// less (it adds 1), its register for the voltage holds this value. 0 keeps everything, 4096 nothing.
    Decay, "decay", 0..=4096
}
register! {
    /// Membrane voltage, 23 bits and sign; the chip saturates it.
    Voltage, "v", -8_388_607..=8_388_607
}
register! {
    /// Threshold mantissa, 17 bits; the threshold is `mantissa << 6` and a compartment fires *above* it.
    ThresholdMantissa, "v_th", 0..=131_071
}
register! {
    /// Bias mantissa, 12 bits and sign; the bias is `mantissa << exponent`.
    BiasMantissa, "bias_mant", -4095..=4095
}
register! {
    /// Bias exponent, 3 bits.
    BiasExponent, "bias_exp", 0..=7
}
register! {
    /// Refractory period in steps: the smallest distance between two spikes of a compartment.
    Refractory, "refractory", 1..=64
}
register! {
    /// Weight mantissa, 8 bits and sign.
    Weight, "weight", -256..=255
}
register! {
    /// Weight exponent, 3 bits and sign; a spike adds `floor(mantissa · 2^exponent) << 6`.
    WeightExponent, "wgt_exp", -8..=7
}
register! {
    /// Synaptic delay in steps beyond the one that every spike takes.
    Delay, "delay", 0..=63
}

impl ThresholdMantissa {
    /// The threshold in units of the voltage.
    pub const fn threshold(self) -> i32 {
        self.0 << 6
    }
}

impl BiasMantissa {
    /// The bias in units of the voltage; at most 19 bits and sign.
    pub const fn shifted(self, exponent: BiasExponent) -> i32 {
        self.0 << exponent.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_closed_at_both_ends() {
        for value in [-1, 0, 4096, 4097, i32::MIN, i32::MAX] {
            let inside = (0..=4096).contains(&value);
            assert_eq!(Decay::new(value).is_ok(), inside, "decay {value}");
            assert_eq!(Decay::saturating(value).get(), value.clamp(0, 4096), "decay {value}");
        }
    }

    #[test]
    fn refusal_names_the_register_and_its_range() {
        let text = std::format!("{}", Weight::new(256).unwrap_err());
        assert_eq!(text, "weight = 256 is outside -256..=255");
    }

    #[test]
    fn bias_uses_nineteen_bits_at_most() {
        let bias = |mantissa| BiasMantissa::new(mantissa).unwrap().shifted(BiasExponent::new(7).unwrap());
        assert_eq!(bias(4095), 524_160);
        assert_eq!(bias(-4095), -524_160);
    }
}
