//! Tables of figures under the summary of a run: who was taken for whom, accuracy stage after stage.

use super::out;
use host_harness::task::FigureTable;

/// Most columns of a table that is printed; larger ones are in `--json`.
const COLUMNS_MAX: usize = 12;

/// Prints tables that fit a narrow terminal.
pub(super) fn print(tables: &[FigureTable]) -> anyhow::Result<()> {
    for line in tables.iter().flat_map(lines) {
        out::line(format_args!("{line}"))?;
    }
    Ok(())
}

/// The lines of a table: its name, the numbers of its columns, and every row after its number.
fn lines(table: &FigureTable) -> Vec<String> {
    let columns = table.rows.iter().map(Vec::len).max().unwrap_or(0);
    if !(2..=COLUMNS_MAX).contains(&columns) || table.rows.len() > COLUMNS_MAX {
        return Vec::new();
    }
    let about = match table.name {
        "confusion" => " (rows: classes, columns: answers)",
        _ => " (rows: after a stage, columns: tested on a stage)",
    };
    let head: Vec<String> = (0..columns).map(|column| format!("{column:>6}")).collect();
    let cell = |value: &f64| match value {
        value if value.is_nan() => format!("{:>6}", "-"),
        value if value.fract() == 0.0 && table.name == "confusion" => format!("{value:>6.0}"),
        value => format!("{value:>6.3}"),
    };
    let row = |(number, row): (usize, &Vec<f64>)| {
        format!("  {number:>4}{}", row.iter().map(cell).collect::<Vec<_>>().concat())
    };
    let title = format!("  {}{about}", table.name.replace('_', " "));
    [title, format!("      {}", head.concat())].into_iter().chain(table.rows.iter().enumerate().map(row)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_table_is_printed_and_a_large_one_is_not() {
        let table = FigureTable::new("confusion", vec![vec![36.0, 1.0], vec![0.0, 1200.0]]);
        let expected = [
            "  confusion (rows: classes, columns: answers)",
            "           0     1",
            "     0    36     1",
            "     1     0  1200",
        ];
        assert_eq!(lines(&table), expected);
        let table = FigureTable::new("accuracy_matrix", vec![vec![0.98, 0.5], vec![0.25, 1.0]]);
        assert_eq!(lines(&table)[2], "     0 0.980 0.500");
        assert_eq!(lines(&FigureTable::new("confusion", vec![vec![0.0; 20]; 20])), Vec::<String>::new());
    }
}
