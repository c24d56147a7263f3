//! Values with a unit, as users write them: `"20 ms"`.

/// Why a text is not a duration, or not one that a register holds.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UnitError {
    /// It does not start with a number.
    #[error("`{0}` is not a duration: write for example \"20 ms\"")]
    Number(String),
    /// A number alone.
    #[error("`{0}` has no unit: write \"{0} ms\"")]
    NoUnit(String),
    /// Another unit.
    #[error("`{0}` is not a unit of time: use us, ms or s")]
    Unit(String),
    /// Zero, negative or infinite.
    #[error("`{0}` is not a duration above 0")]
    Positive(String),
    /// A time constant in a network whose steps have no duration.
    #[error("a time constant of {0} takes a duration of a step: add `dt = \"1 ms\"` at the top")]
    NoStep(String),
    /// A time constant beyond the register.
    #[error("a time constant of {0} is beyond the register, whose longest is 4096 steps: write 0 for no decay")]
    TooLong(String),
}

/// A duration in microseconds from text like `"1 ms"`, `"250 us"`, `"0.5 s"`.
///
/// ```
/// assert_eq!(loihi_net::network::microseconds("20 ms"), Ok(20_000.0));
/// ```
///
/// # Errors
/// [`UnitError`].
pub fn microseconds(text: &str) -> Result<f64, UnitError> {
    let text = text.trim();
    let end = text.find(|letter: char| letter.is_ascii_alphabetic() || letter == 'µ').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number = number.trim();
    let value: f64 = number.parse().map_err(|_| UnitError::Number(text.to_owned()))?;
    let scale = match unit.trim() {
        "us" | "µs" => 1.0,
        "ms" => 1e3,
        "s" => 1e6,
        "" => return Err(UnitError::NoUnit(number.to_owned())),
        other => return Err(UnitError::Unit(other.to_owned())),
    };
    if value.is_finite() && value > 0.0 { Ok(value * scale) } else { Err(UnitError::Positive(text.to_owned())) }
}

/// The decay register of a time constant: `round(4096 · (1 − e^(−dt/τ)))`.
///
/// # Errors
/// [`UnitError`].
pub(super) fn decay(text: &str, dt_us: u64) -> Result<i64, UnitError> {
    let tau_us = microseconds(text)?;
    if dt_us == 0 {
        return Err(UnitError::NoStep(text.to_owned()));
    }
    #[expect(clippy::cast_precision_loss, reason = "durations of steps are far below 2^53 us")]
    let keep = (-(dt_us as f64) / tau_us).exp();
    #[expect(clippy::cast_possible_truncation, reason = "0 to 4096")]
    let decay = (4096.0 * (1.0 - keep)).round() as i64;
    if decay == 0 { Err(UnitError::TooLong(text.to_owned())) } else { Ok(decay) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(microseconds("20 ms"), Ok(20_000.0));
        assert_eq!(microseconds("0.5s"), Ok(500_000.0));
        assert_eq!(microseconds("250 µs"), Ok(250.0));
        for (text, why) in [
            ("20", "no unit"),
            ("20 mV", "`mV` is not a unit of time"),
            ("ms", "not a duration"),
            ("-1 ms", "not a duration above 0"),
            ("1e400 s", "not a unit of time"),
        ] {
            let said = microseconds(text).unwrap_err().to_string();
            assert!(said.contains(why), "{text}: {said}");
        }
    }

    #[test]
    fn a_time_constant_becomes_a_decay() {
        assert_eq!(decay("20 ms", 1000), Ok(200));
        assert_eq!(decay("1 us", 1000), Ok(4096));
        assert!(decay("20 ms", 0).unwrap_err().to_string().contains("dt"));
        assert_eq!(decay("8 s", 1000), Ok(1));
        assert!(decay("9 s", 1000).unwrap_err().to_string().contains("write 0 for no decay"));
    }
}
