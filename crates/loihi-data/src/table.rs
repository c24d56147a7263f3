//! CSV: a sample a row, its features as numbers, its class in the column `label` (or `class`), else in the last one.
//!
//! A first row that has a word in it names the columns. Features are scaled to 0 to 255 by the smallest and the largest
//! number of all of them: the same scale for all, so that their proportions stay.

use super::collection::{Sample, SampleData};

/// Reads a file; errors say the line, from 1.
///
/// # Errors
/// Line, and what is wrong.
pub fn parse(bytes: &[u8]) -> Result<Vec<Sample>, (usize, String)> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(bytes);
    let mut label_column = None;
    let mut width = None;
    let mut rows: Vec<(Vec<f64>, u32)> = Vec::new();
    for (number, record) in reader.records().enumerate() {
        let record = record.map_err(|error| (number + 1, format!("it cannot be read: {error}")))?;
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
            return Err((line, format!("{} columns, not {}", record.len(), width.unwrap_or(2).max(2))));
        }
        rows.push(row(&record, label_column.unwrap_or(record.len() - 1)).map_err(|what| (line, what))?);
    }
    if rows.is_empty() {
        return Err((1, "it has no rows of numbers".to_owned()));
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
    let item = |(number, (features, label)): (usize, &(Vec<f64>, u32))| Sample {
        name: number.to_string(),
        label: Some(*label),
        data: SampleData::Values { shape: vec![features.len()], values: features.iter().map(scaled).collect() },
    };
    rows.iter().enumerate().map(item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(Vec<u8>, Option<u32>)> {
        let values = |item: Sample| match item.data {
            SampleData::Values { values, .. } => (values, item.label),
            SampleData::Events(_) => panic!("{item:?}"),
        };
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
            let (found, said) = parse(text.as_bytes()).unwrap_err();
            assert!(found == line && said.contains(what), "{text:?}: line {found}: {said}");
        }
    }
}
