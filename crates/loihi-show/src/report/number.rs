//! Numbers as a reader of a page takes them in: a few digits, shares in per cent.

/// Significant digits of a number that is not whole.
const DIGITS: i32 = 4;

/// Whether a figure of this name is a share, which is shown in per cent.
pub(super) fn is_share(name: &str) -> bool {
    name.contains("accuracy") || name.ends_with("_rate")
}

/// A figure: shares in per cent with two places, others as [`rounded`].
pub(super) fn figure(name: &str, value: f64) -> String {
    if is_share(name) && value.is_finite() { percent(value) } else { rounded(value) }
}

/// A share in per cent, with two places.
pub(super) fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// A whole number with all its digits, in threes from 10,000 on; another with four significant ones, in powers of ten from
/// 10^15 on and below 10^-4; a dash for what is not a number.
pub(super) fn rounded(value: f64) -> String {
    let magnitude = value.abs();
    if !value.is_finite() {
        return "–".to_owned();
    }
    if magnitude == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e15).contains(&magnitude) {
        return format!("{value:.2e}");
    }
    if value.fract() == 0.0 {
        return grouped(&format!("{value:.0}"));
    }
    #[expect(clippy::cast_possible_truncation, reason = "from -4 to 15")]
    let places = DIGITS - 1 - magnitude.log10().floor() as i32;
    let text = format!("{value:.*}", usize::try_from(places).unwrap_or(0));
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    grouped(text)
}

/// What stands in a cell of a table: numbers are rounded, other texts are as they were.
pub(super) fn cell(name: &str, text: &str) -> String {
    text.parse::<f64>().map_or_else(|_| text.to_owned(), |value| figure(name, value))
}

/// Whether a text is a number that one of these functions has written.
pub(super) fn is_number(text: &str) -> bool {
    let text = text.strip_suffix(" %").unwrap_or(text);
    text == "–" || text.replace(',', "").parse::<f64>().is_ok()
}

/// Puts commas between threes of the whole part, if it has five digits or more.
fn grouped(text: &str) -> String {
    let (whole, rest) = text.find('.').map_or((text, ""), |point| text.split_at(point));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    if digits.len() < 5 {
        return text.to_owned();
    }
    let mut grouped = sign.to_owned();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_whole_ones_are_exact() {
        let numbers =
            [0.0, 0.5, -0.25, 1234.0, 12345.0, -1_234_567.0, 9_889.610_299, 0.030_259_9, 33_333.33, 99_999.96];
        let expected = ["0", "0.5", "-0.25", "1234", "12,345", "-1,234,567", "9890", "0.03026", "33,333", "100,000"];
        assert_eq!(numbers.map(rounded), expected);
        assert_eq!([1e-7, 3e20, f64::NAN, f64::INFINITY].map(rounded), ["1.00e-7", "3.00e20", "–", "–"]);
        assert!(numbers.map(rounded).iter().all(|text| is_number(text)));
    }

    #[test]
    fn shares_are_in_per_cent_and_rates_of_learning_are_not() {
        assert_eq!(figure("accuracy_test", 0.961_111), "96.11 %");
        assert_eq!((figure("spike_rate", 0.0), figure("rate", 1.809)), ("0.00 %".to_owned(), "1.809".to_owned()));
        assert_eq!((cell("loss", "0.096489"), cell("stage", "learn")), ("0.09649".to_owned(), "learn".to_owned()));
    }
}
