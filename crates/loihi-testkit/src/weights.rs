//! Weights of a vector: mantissas that users gave, and what the emulator made of them.

use super::ConformError;
use super::json::{Field, unreadable};
use super::vector::VectorKind;
use loihi_core::num::{Weight, WeightExponent};
use loihi_core::synapse::{SignMode, fold};

/// Whether the recorded weights are what the formats make of the recorded mantissas, where both are given.
///
/// # Errors
/// [`ConformError::Unreadable`] names the first weight that is not.
pub(super) fn check(kind: VectorKind, group: &Field<'_>, weights: &[i32]) -> Result<(), ConformError> {
    let scaled = match kind {
        VectorKind::BrianNet => brian,
        VectorKind::NengoNet => nengo,
        _ => return Ok(()),
    };
    let given = ["mant", "sign_mode", "num_weight_bits", "w_exp"].iter().all(|name| group.find(name).is_some());
    let Some(mantissas) = group.find("mant").filter(|_| given) else { return Ok(()) };
    let mantissas: Vec<i32> = mantissas.numbers()?;
    let format = Format::of(group)?;
    if mantissas.len() != weights.len() {
        return Err(unreadable(format!("{}: mant and weight are of different length", group.path)));
    }
    for (at, (mantissa, weight)) in mantissas.iter().zip(weights).enumerate() {
        let expected = scaled(*mantissa, &format);
        if expected != *weight {
            return Err(unreadable(format!(
                "{}.weight[{at}] is {weight}, but mantissa {mantissa} in this format gives {expected}",
                group.path
            )));
        }
    }
    Ok(())
}

/// How a group stores its weights.
struct Format {
    bits: u32,
    sign_mode: SignMode,
    exponent: WeightExponent,
}

impl Format {
    fn of(group: &Field<'_>) -> Result<Self, ConformError> {
        let mode = group.at("sign_mode")?;
        let sign_mode = match mode.value.as_str().map(str::to_lowercase).as_deref() {
            Some("mixed") => SignMode::Mixed,
            Some("exc" | "excitatory") => SignMode::Excitatory,
            Some("inh" | "inhibitory") => SignMode::Inhibitory,
            _ => return Err(mode.invalid("sign mode: mixed, exc or inh")),
        };
        let field = group.at("w_exp")?;
        let exponent =
            WeightExponent::new(field.number()?).map_err(|error| unreadable(format!("{}: {error}", field.path)))?;
        Ok(Self { bits: group.at("num_weight_bits")?.number()?, sign_mode, exponent })
    }
}

/// `Brian2Loihi`: as the chip.
fn brian(mantissa: i32, format: &Format) -> i32 {
    i32::from(fold(Weight::saturating(mantissa), format.exponent, format.bits, format.sign_mode)) * 64
}

/// nengo-loihi stores weights of 8 bits in mixed mode, whichever signs they have, and rounds before it stores them:
/// so nothing is left for the chip's shift to floor.
#[expect(clippy::cast_possible_truncation, reason = "magnitudes stay below 2^21")]
fn nengo(mantissa: i32, format: &Format) -> i32 {
    let stored = (f64::from(mantissa) / 2.0).round_ties_even().clamp(-127.0, 127.0);
    let shift = 1 + format.exponent.get();
    let scale = f64::from(shift).exp2();
    let kept =
        if shift < 0 { ((stored * scale).round_ties_even() / scale).clamp(-127.0, 127.0).trunc() } else { stored };
    let kept = kept as i32;
    (if shift < 0 { kept >> -shift } else { kept << shift }) << 6
}
