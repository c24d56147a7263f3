//! Tables as text: Markdown and HTML for people, CSV and JSON for programs.

use super::{Cell, Column, Format, Kind, Sheet};
use serde_json::{Map, Value, json as object};
use std::fmt::Write as _;
use std::io;

/// Writes tables one after the other; as CSV they become one, with every column of each.
///
/// # Errors
/// An error of the CSV writer, of which there is none in memory.
pub fn write(sheets: &[Sheet], format: Format) -> io::Result<String> {
    match format {
        Format::Markdown => Ok(sheets.iter().map(markdown).collect::<Vec<_>>().join("\n")),
        Format::Csv => csv(sheets),
        Format::Html => Ok(html(sheets)),
    }
}

/// Tables as a list of objects: name, title, columns, rows (an object each, with the keys of CSV) and notes.
pub fn json(sheets: &[Sheet]) -> Value {
    let table = |sheet: &Sheet| {
        let columns: Vec<Value> = sheet
            .columns
            .iter()
            .map(|column| {
                let kind = Some(column.kind.name()).filter(|kind| !kind.is_empty());
                object!({ "keys": column.keys(), "heading": column.heading(), "kind": kind })
            })
            .collect();
        let rows: Vec<Map<String, Value>> = sheet.rows.iter().map(|cells| row(sheet, cells).collect()).collect();
        object!({ "table": sheet.name, "title": sheet.title, "columns": columns, "rows": rows, "notes": sheet.notes })
    };
    sheets.iter().map(table).collect()
}

/// Keys and values of a row.
fn row(sheet: &Sheet, cells: &[Cell]) -> impl Iterator<Item = (String, Value)> {
    sheet.columns.iter().zip(cells).flat_map(|(column, cell)| column.keys().into_iter().zip(column.values(cell)))
}

fn markdown(sheet: &Sheet) -> String {
    let line = |cells: Vec<String>| {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut text = format!("## {}\n\n{}", sheet.title, line(sheet.columns.iter().map(Column::heading).collect()));
    let rules: Vec<&str> =
        sheet.columns.iter().map(|column| if column.kind == Kind::Plain { "---" } else { "---:" }).collect();
    let _ = writeln!(text, "|{}|", rules.join("|"));
    for cells in &sheet.rows {
        text.push_str(&line(texts(sheet, cells)));
    }
    if !sheet.notes.is_empty() {
        text.push('\n');
    }
    for note in &sheet.notes {
        let _ = writeln!(text, "* {note}");
    }
    text
}

fn texts(sheet: &Sheet, cells: &[Cell]) -> Vec<String> {
    sheet.columns.iter().zip(cells).map(|(column, cell)| column.text(cell)).collect()
}

/// One header and one value a cell. Titles and notes are left out: they are no values.
fn csv(sheets: &[Sheet]) -> io::Result<String> {
    let mut keys: Vec<String> = Vec::new();
    if sheets.len() > 1 {
        keys.push("table".to_owned());
    }
    for key in sheets.iter().flat_map(|sheet| &sheet.columns).flat_map(Column::keys) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&keys)?;
    for sheet in sheets {
        for cells in &sheet.rows {
            let mut values: Map<String, Value> = row(sheet, cells).collect();
            values.insert("table".to_owned(), sheet.name.into());
            writer.write_record(keys.iter().map(|key| plain(values.get(key))))?;
        }
    }
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// A value without quotes; empty if there is none.
fn plain(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}

fn html(sheets: &[Sheet]) -> String {
    let escaped =
        |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let mut page = String::from(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>What it costs</title>\n<style>\n\
         body { font-family: sans-serif; }\ntable { border-collapse: collapse; }\n\
         td, th { border: 1px solid #ccc; padding: 0.2em 0.5em; text-align: right; }\n\
         .plain { text-align: left; }\n.measured { background: #eef6ee; }\n.modelled { background: #eef; }\n\
         .published { background: #f6f0e4; }\n</style>\n",
    );
    for sheet in sheets {
        let class = |column: &Column| if column.kind == Kind::Plain { "plain" } else { column.kind.name() };
        let _ = write!(page, "<h2>{}</h2>\n<table>\n<tr>", escaped(&sheet.title));
        for column in &sheet.columns {
            let _ = write!(page, "<th class=\"{}\">{}</th>", class(column), escaped(&column.heading()));
        }
        page.push_str("</tr>\n");
        for cells in &sheet.rows {
            page.push_str("<tr>");
            for (column, cell) in sheet.columns.iter().zip(texts(sheet, cells)) {
                let _ = write!(page, "<td class=\"{}\">{}</td>", class(column), escaped(&cell));
            }
            page.push_str("</tr>\n");
        }
        page.push_str("</table>\n");
        for note in &sheet.notes {
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

    fn sheet() -> Sheet {
        let energy = Column::figures(Kind::Modelled, "energy", "mJ").ranges();
        let mut sheet = Sheet::new("first", "Two & more", &[Column::plain("name"), energy]);
        let range = Range { low: 1.0, typical: 1.5, high: 20.25 };
        sheet.rows.push(vec!["a|b \"c\", d".into(), Cell::Range(range)]);
        sheet.rows.push(vec!["unknown".into(), Cell::Empty]);
        sheet.notes.push("a <note>".to_owned());
        sheet
    }

    #[test]
    fn people_read_ranges_in_one_cell() {
        assert_eq!(
            write(&[sheet()], Format::Markdown).unwrap(),
            "## Two & more\n\n| name | modelled: energy, mJ |\n|---|---:|\n| a\\|b \"c\", d | 1.50 (1.00 to 20.2) |\n\
             | unknown |  |\n\n* a <note>\n"
        );
        let html = write(&[sheet()], Format::Html).unwrap();
        assert!(html.contains("<h2>Two &amp; more</h2>") && html.contains("a &lt;note&gt;"), "{html}");
        assert!(html.contains("<td class=\"modelled\">1.50 (1.00 to 20.2)</td>"), "{html}");
    }

    #[test]
    fn programs_read_one_value_a_cell_under_one_header() {
        assert_eq!(
            write(&[sheet()], Format::Csv).unwrap(),
            "name,modelled_energy_mj_low,modelled_energy_mj_typical,modelled_energy_mj_high\n\
             \"a|b \"\"c\"\", d\",1.0,1.5,20.25\nunknown,,,\n"
        );
        let mut other = Sheet::new("second", "Another", &[Column::plain("name"), Column::plain("cores")]);
        other.rows.push(vec!["b".into(), Cell::Count(3)]);
        let csv = write(&[sheet(), other.clone()], Format::Csv).unwrap();
        let lines: Vec<&str> = csv.lines().collect();
        assert!(lines[0].starts_with("table,name,") && lines[0].ends_with("_high,cores"), "{csv}");
        assert_eq!(lines[2..], ["first,unknown,,,,", "second,b,,,,3"]);
        let json = json(&[sheet(), other]);
        assert_eq!(json[0]["rows"][0]["modelled_energy_mj_high"], 20.25);
        assert_eq!(json[0]["rows"][1]["modelled_energy_mj_high"], Value::Null);
        assert_eq!(json[1]["rows"][0]["cores"], 3);
    }
}
