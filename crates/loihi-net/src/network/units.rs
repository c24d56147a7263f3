//! Values with a unit, as users write them: `"20 ms"`.

/// A duration in microseconds from text like `"1 ms"`, `"250 us"`, `"0.5 s"`.
///
/// # Errors
/// One sentence that says what is wrong.
pub fn microseconds(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let end = text.find(|letter: char| letter.is_ascii_alphabetic() || letter == 'µ').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: f64 =
        number.trim().parse().map_err(|_| format!("`{text}` is not a duration: write for example \"20 ms\""))?;
    let scale = match unit.trim() {
        "us" | "µs" => 1.0,
        "ms" => 1e3,
        "s" => 1e6,
        "" => return Err(format!("`{text}` has no unit: write \"{number} ms\"")),
        other => return Err(format!("`{other}` is not a unit of time: use us, ms or s")),
    };
    if number.is_finite() && number > 0.0 {
        Ok(number * scale)
    } else {
        Err(format!("`{text}` is not a duration above 0"))
    }
}

/// The decay register of a time constant: `round(4096 · (1 − e^(−dt/τ)))`.
///
/// # Errors
/// One sentence that says what is wrong.
pub(super) fn decay(text: &str, dt_us: u64) -> Result<i64, String> {
    let tau_us = microseconds(text)?;
    if dt_us == 0 {
        return Err(format!("a time constant of {text} takes a duration of a step: add `dt = \"1 ms\"` at the top"));
    }
    #[expect(clippy::cast_precision_loss, reason = "durations of steps are far below 2^53 us")]
    let keep = (-(dt_us as f64) / tau_us).exp();
    #[expect(clippy::cast_possible_truncation, reason = "0 to 4096")]
    let decay = (4096.0 * (1.0 - keep)).round() as i64;
    if decay == 0 {
        return Err(format!(
            "a time constant of {text} is beyond the register, whose longest is 4096 steps: write 0 for no decay"
        ));
    }
    Ok(decay)
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
            let said = microseconds(text).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
    }

    #[test]
    fn a_time_constant_becomes_a_decay() {
        assert_eq!(decay("20 ms", 1000), Ok(200));
        assert_eq!(decay("1 us", 1000), Ok(4096));
        assert!(decay("20 ms", 0).unwrap_err().contains("dt"));
        assert_eq!(decay("8 s", 1000), Ok(1));
        assert!(decay("9 s", 1000).unwrap_err().contains("write 0 for no decay"));
    }
}
