//! Tables as text: Markdown and HTML for people, CSV and JSON for programs.

use super::{Cell, Column, ColumnKind, Table, TableFormat};
use serde_json::{Map, Value, json as object};
use std::fmt::Write as _;
use std::io;

/// Writes tables one after the other; as CSV they become one, with every column of each.
///
/// # Errors
/// An error of the CSV writer; writing to memory never fails.
pub fn write(tables: &[Table], format: TableFormat) -> io::Result<String> {
    match format {
        TableFormat::Markdown => Ok(tables.iter().map(markdown).collect::<Vec<_>>().join("\n")),
        TableFormat::Csv => csv(tables),
        TableFormat::Html => Ok(html(tables)),
    }
}

/// Tables as a list of objects: name, title, columns, rows (an object each, with the keys of CSV) and notes.
pub fn json(tables: &[Table]) -> Value {
    let table = |table: &Table| {
        let columns: Vec<Value> = table
            .columns
            .iter()
            .map(|column| {
                let kind = Some(column.kind.name()).filter(|kind| !kind.is_empty());
                object!({ "keys": column.keys(), "heading": column.heading(), "kind": kind })
            })
            .collect();
        let rows: Vec<Map<String, Value>> = table.rows.iter().map(|cells| row(table, cells).collect()).collect();
        object!({ "table": table.name, "title": table.title, "columns": columns, "rows": rows, "notes": table.notes })
    };
    tables.iter().map(table).collect()
}

/// Keys and values of a row.
fn row(table: &Table, cells: &[Cell]) -> impl Iterator<Item = (String, Value)> {
    table.columns.iter().zip(cells).flat_map(|(column, cell)| column.keys().into_iter().zip(column.values(cell)))
}

fn markdown(table: &Table) -> String {
    let line = |cells: Vec<String>| {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut text = format!("## {}\n\n{}", table.title, line(table.columns.iter().map(Column::heading).collect()));
    let rules: Vec<&str> =
        table.columns.iter().map(|column| if column.kind == ColumnKind::Plain { "---" } else { "---:" }).collect();
    let _ = writeln!(text, "|{}|", rules.join("|"));
    for cells in &table.rows {
        text.push_str(&line(texts(table, cells)));
    }
    if !table.notes.is_empty() {
        text.push('\n');
    }
    for note in &table.notes {
        let _ = writeln!(text, "* {note}");
    }
    text
}

fn texts(table: &Table, cells: &[Cell]) -> Vec<String> {
    table.columns.iter().zip(cells).map(|(column, cell)| column.text(cell)).collect()
}

/// One header and one value a cell. Titles and notes are left out: they are not values.
fn csv(tables: &[Table]) -> io::Result<String> {
    let mut keys: Vec<String> = Vec::new();
    if tables.len() > 1 {
        keys.push("table".to_owned());
    }
    for key in tables.iter().flat_map(|table| &table.columns).flat_map(Column::keys) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&keys)?;
    for table in tables {
        for cells in &table.rows {
            let mut values: Map<String, Value> = row(table, cells).collect();
            values.insert("table".to_owned(), table.name.into());
            writer.write_record(keys.iter().map(|key| plain(values.get(key))))?;
        }
    }
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// A value without quotes; empty for a missing one.
fn plain(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}

fn html(tables: &[Table]) -> String {
    let escaped =
        |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let mut page = String::from(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>What it costs</title>\n<style>\n\
         body { font-family: sans-serif; }\ntable { border-collapse: collapse; }\n\
         td, th { border: 1px solid #ccc; padding: 0.2em 0.5em; text-align: right; }\n\
         .plain { text-align: left; }\n.measured { background: #eef6ee; }\n.modelled { background: #eef; }\n\
         .published { background: #f6f0e4; }\n</style>\n",
    );
    for table in tables {
        let class = |column: &Column| if column.kind == ColumnKind::Plain { "plain" } else { column.kind.name() };
        let _ = write!(page, "<h2>{}</h2>\n<table>\n<tr>", escaped(&table.title));
        for column in &table.columns {
            let _ = write!(page, "<th class=\"{}\">{}</th>", class(column), escaped(&column.heading()));
        }
        page.push_str("</tr>\n");
        for cells in &table.rows {
            page.push_str("<tr>");
            for (column, cell) in table.columns.iter().zip(texts(table, cells)) {
                let _ = write!(page, "<td class=\"{}\">{}</td>", class(column), escaped(&cell));
            }
            page.push_str("</tr>\n");
        }
        page.push_str("</table>\n");
        for note in &table.notes {
            let _ = writeln!(page, "<p>{}</p>", escaped(note));
        }
    }
    page.push_str("</html>\n");
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Range;

    fn table() -> Table {
        let energy = Column::figures(ColumnKind::Modelled, "energy", "mJ").ranges();
        let mut table = Table::new("first", "Two & more", &[Column::plain("name"), energy]);
        let range = Range { low: 1.0, typical: 1.5, high: 20.25 };
        table.rows.push(vec!["a|b \"c\", d".into(), Cell::Range(range)]);
        table.rows.push(vec!["unknown".into(), Cell::Empty]);
        table.notes.push("a <note>".to_owned());
        table
    }

    #[test]
    fn people_read_ranges_in_one_cell() {
        assert_eq!(
            write(&[table()], TableFormat::Markdown).unwrap(),
            "## Two & more\n\n| name | modelled: energy, mJ |\n|---|---:|\n| a\\|b \"c\", d | 1.50 (1.00 to 20.2) |\n\
             | unknown |  |\n\n* a <note>\n"
        );
        let html = write(&[table()], TableFormat::Html).unwrap();
        assert!(html.contains("<h2>Two &amp; more</h2>") && html.contains("a &lt;note&gt;"), "{html}");
        assert!(html.contains("<td class=\"modelled\">1.50 (1.00 to 20.2)</td>"), "{html}");
    }

    #[test]
    fn programs_read_one_value_a_cell_under_one_header() {
        assert_eq!(
            write(&[table()], TableFormat::Csv).unwrap(),
            "name,modelled_energy_mj_low,modelled_energy_mj_typical,modelled_energy_mj_high\n\
             \"a|b \"\"c\"\", d\",1.0,1.5,20.25\nunknown,,,\n"
        );
        let mut other = Table::new("second", "Another", &[Column::plain("name"), Column::plain("cores")]);
        other.rows.push(vec!["b".into(), Cell::Count(3)]);
        let csv = write(&[table(), other.clone()], TableFormat::Csv).unwrap();
        let lines: Vec<&str> = csv.lines().collect();
        assert!(lines[0].starts_with("table,name,") && lines[0].ends_with("_high,cores"), "{csv}");
        assert_eq!(lines[2..], ["first,unknown,,,,", "second,b,,,,3"]);
        let json = json(&[table(), other]);
        assert_eq!(json[0]["rows"][0]["modelled_energy_mj_high"], 20.25);
        assert_eq!(json[0]["rows"][1]["modelled_energy_mj_high"], Value::Null);
        assert_eq!(json[1]["rows"][0]["cores"], 3);
    }
}
