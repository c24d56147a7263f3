//! Counts, values and times in few letters.

use std::time::Duration;

/// A text in at most this many columns, with an ellipsis where something is left out.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(width.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// Wraps a text between words to at most `most` lines of this many columns; the rest is cut.
pub(super) fn folded(text: &str, width: usize, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let room = lines.len() < most;
        let line = lines.last_mut().filter(|line| {
            let is_free = line.is_empty() || line.chars().count() + 1 + word.chars().count() <= width;
            // What is too long for the last line is cut there.
            is_free || !room
        });
        match line {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines.iter().map(|line| cut(line, width)).collect()
}

/// Three digits and a letter for a thousand times.
pub(super) fn short(value: f64) -> String {
    let (scale, letter) = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")]
        .into_iter()
        .find(|(scale, _)| value >= *scale)
        .unwrap_or((1.0, ""));
    let value = value / scale;
    let decimals = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.decimals$} {letter}").trim_end().to_owned()
}

/// A count with a comma before every three digits.
pub(super) fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Minutes and seconds, hours if there are some.
pub(super) fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds / 3600 {
        0 => format!("{}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_takes_several_lines_and_is_cut_in_the_last() {
        assert_eq!(folded("", 9, 3), [""]);
        assert_eq!(folded("one two", 9, 3), ["one two"]);
        assert_eq!(folded("one two three", 9, 3), ["one two", "three"]);
        assert_eq!(folded("one two three four", 9, 2), ["one two", "three fo…"]);
        assert_eq!(folded("one two", 5, 1), ["one …"]);
        assert_eq!(folded("unbreakable word", 5, 3), ["unbr…", "word"]);
    }

    #[test]
    fn figures_are_short() {
        assert_eq!([short(0.5), short(999.0), short(21_900.0), short(7.56e8)], ["0.50", "999", "21.9 k", "756 M"]);
        assert_eq!([number(7), number(1000), number(1_234_567)], ["7", "1,000", "1,234,567"]);
        assert_eq!(clock(Duration::from_secs(3671)), "1:01:11");
    }
}
