//! CSV: a sample a row, its features as numbers, its class in the column `label` (or `class`), else in the last one.
//!
//! A first row that has a word in it names the columns. Features are scaled to 0 to 255 by the smallest and the largest
//! number of all of them: the same scale for all, so that their proportions stay.

use super::error::FormatError;
use super::format::{Content, Format};
use super::sample::Sample;

/// Tables of features.
pub const FORMAT: Format =
    Format::new("csv", &["csv"], "tables, a sample a row", |bytes, _| Ok(Content::Many(parse(bytes)?)))
        .of_many("in the column `label` or `class`, else in the last one");

/// Reads a file.
///
/// # Errors
/// [`FormatError`] says the line.
pub fn parse(bytes: &[u8]) -> Result<Vec<Sample>, FormatError> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(bytes);
    let mut label_column = None;
    let mut width = None;
    let mut rows: Vec<(Vec<f64>, u32)> = Vec::new();
    for (number, record) in reader.records().enumerate() {
        let record = record.map_err(|error| FormatError::in_line(number + 1, format!("it cannot be read: {error}")))?;
        let line =
            record.position().map_or(number + 1, |position| usize::try_from(position.line()).unwrap_or(number + 1));
        let is_header = number == 0 && record.iter().any(|cell| cell.parse::<f64>().is_err());
        if is_header {
            label_column =
                record.iter().position(|name| matches!(name.to_ascii_lowercase().as_str(), "label" | "class"));
            width = Some(record.len());
            continue;
        }
        if record.len() < 2 || *width.get_or_insert(record.len()) != record.len() {
            let expected = width.unwrap_or(2).max(2);
            return Err(FormatError::in_line(line, format!("{} columns, not {expected}", record.len())));
        }
        rows.push(
            row(&record, label_column.unwrap_or(record.len() - 1)).map_err(|what| FormatError::in_line(line, what))?,
        );
    }
    if rows.is_empty() {
        return Err(FormatError::in_line(1, "it has no rows of numbers"));
    }
    Ok(items(&rows))
}

fn row(record: &csv::StringRecord, label_column: usize) -> Result<(Vec<f64>, u32), String> {
    let mut features = Vec::new();
    let mut label = 0;
    for (column, cell) in record.iter().enumerate() {
        if column == label_column {
            label = cell.parse().map_err(|_| {
                format!("{} in column {} is not a class, which is a whole number", quoted(cell), column + 1)
            })?;
        } else {
            let feature: f64 =
                cell.parse().map_err(|_| format!("{} in column {} is not a number", quoted(cell), column + 1))?;
            if !feature.is_finite() {
                return Err(format!("{} in column {} is not a number", quoted(cell), column + 1));
            }
            features.push(feature);
        }
    }
    Ok((features, label))
}

/// A cell as a message has it: its start, without the line breaks that quotation marks let into a cell.
fn quoted(cell: &str) -> String {
    let start: String = cell.chars().take(20).collect();
    let dots = if start.len() < cell.len() { "..." } else { "" };
    format!("`{}{dots}`", start.escape_debug())
}

fn items(rows: &[(Vec<f64>, u32)]) -> Vec<Sample> {
    let all = rows.iter().flat_map(|(features, _)| features);
    let (low, high) =
        all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
    let range = if high > low { high - low } else { 1.0 };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
    let scaled = |value: &f64| (255.0 * (value - low) / range).round().clamp(0.0, 255.0) as u8;
    let item = |(number, (features, label)): (usize, &(Vec<f64>, u32))| {
        Sample::values(number.to_string(), &[features.len()], features.iter().map(scaled).collect()).labelled(*label)
    };
    rows.iter().enumerate().map(item).collect()
}

#[cfg(test)]
mod tests {
    use super::super::error::Position;
    use super::*;

    fn read(text: &str) -> Vec<(Vec<u8>, Option<u32>)> {
        let values = |sample: Sample| (sample.flat().unwrap().to_vec(), sample.label);
        parse(text.as_bytes()).unwrap().into_iter().map(values).collect()
    }

    #[test]
    fn rows_are_samples() {
        let expected = [(vec![0, 51], Some(3)), (vec![128, 255], Some(0))];
        assert_eq!(read("-1, 0, 3\n1.5, 4, 0\n"), expected, "the last column is the class");
        assert_eq!(read("label,a,b\n3,-1,0\n0,1.5,4\n"), expected, "or the one that says so");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, line, what) in [
            ("", 1, "no rows"),
            ("1,2,3\n1,2\n", 2, "2 columns, not 3"),
            ("a,b\n1,x\n", 2, "`x` in column 2 is not a class"),
            ("1,2\nnan,2\n", 2, "`nan` in column 1 is not a number"),
            ("1,2\n1,2.5\n", 2, "`2.5` in column 2 is not a class"),
            ("5\n", 1, "1 columns, not 2"),
            ("1,2\n1,\"2\n3\"\n", 2, r"`2\n3` in column 2 is not a class"),
        ] {
            let error = parse(text.as_bytes()).unwrap_err();
            assert!(error.position == Some(Position::Line(line)) && error.message.contains(what), "{text:?}: {error}");
        }
    }
}
