//! Tables of figures as Markdown, CSV or HTML. Every column says of what kind its figures are.

use std::fmt::Write as _;

/// Of what kind the figures of a column are; kinds are never mixed in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// No figure: a name, a size.
    Plain,
    /// Measured here.
    Measured,
    /// Modelled for a Loihi.
    Modelled,
    /// Published by others.
    Published,
}

impl ColumnKind {
    /// The name that users see; empty for [`ColumnKind::Plain`].
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Measured => "measured",
            Self::Modelled => "modelled",
            Self::Published => "published",
        }
    }
}

loihi_files::choices! {
    /// How tables are written.
    pub enum TableFormat {
        /// Markdown
        Markdown = "markdown",
        /// Comma-separated values, a table after the other
        Csv = "csv",
        /// A page of HTML
        Html = "html",
    }
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// Columns: kind and name.
    pub columns: Vec<(ColumnKind, String)>,
    /// Rows of as many cells; empty where there is no figure.
    pub rows: Vec<Vec<String>>,
    /// What must be said about it.
    pub notes: Vec<String>,
}

impl Table {
    /// A table without rows.
    pub fn new(title: &str, columns: &[(ColumnKind, &str)]) -> Self {
        let columns = columns.iter().map(|(kind, name)| (*kind, (*name).to_owned())).collect();
        Self { title: title.to_owned(), columns, rows: Vec::new(), notes: Vec::new() }
    }

    fn headings(&self) -> Vec<String> {
        let heading = |(kind, name): &(ColumnKind, String)| match kind {
            ColumnKind::Plain => name.clone(),
            kind => format!("{}: {name}", kind.name()),
        };
        self.columns.iter().map(heading).collect()
    }
}

/// Writes tables one after the other.
pub fn write(tables: &[Table], format: TableFormat) -> String {
    match format {
        TableFormat::Markdown => tables.iter().map(markdown).collect::<Vec<_>>().join("\n"),
        TableFormat::Csv => tables.iter().map(csv).collect::<Vec<_>>().join("\r\n"),
        TableFormat::Html => html(tables),
    }
}

fn markdown(table: &Table) -> String {
    let row = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut text = format!("## {}\n\n{}", table.title, row(&table.headings()));
    let rules: Vec<&str> =
        table.columns.iter().map(|(kind, _)| if *kind == ColumnKind::Plain { "---" } else { "---:" }).collect();
    let _ = writeln!(text, "|{}|", rules.join("|"));
    for cells in &table.rows {
        text.push_str(&row(cells));
    }
    if !table.notes.is_empty() {
        text.push('\n');
    }
    for note in &table.notes {
        let _ = writeln!(text, "* {note}");
    }
    text
}

/// As RFC 4180 has it: lines end with CR LF, cells with commas, quotes or line breaks are quoted.
fn csv(table: &Table) -> String {
    let quoted = |cell: &String| {
        let plain = !cell.contains([',', '"', '\n', '\r']);
        if plain { cell.clone() } else { format!("\"{}\"", cell.replace('"', "\"\"")) }
    };
    let row = |cells: &[String]| format!("{}\r\n", cells.iter().map(quoted).collect::<Vec<_>>().join(","));
    let mut text = row(std::slice::from_ref(&table.title));
    text.push_str(&row(&table.headings()));
    for cells in &table.rows {
        text.push_str(&row(cells));
    }
    for note in &table.notes {
        text.push_str(&row(&[format!("note: {note}")]));
    }
    text
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
        let class = |kind: ColumnKind| if kind == ColumnKind::Plain { "plain" } else { kind.name() };
        let _ = write!(page, "<h2>{}</h2>\n<table>\n<tr>", escaped(&table.title));
        for ((kind, _), heading) in table.columns.iter().zip(table.headings()) {
            let _ = write!(page, "<th class=\"{}\">{}</th>", class(*kind), escaped(&heading));
        }
        page.push_str("</tr>\n");
        for cells in &table.rows {
            page.push_str("<tr>");
            for ((kind, _), cell) in table.columns.iter().zip(cells) {
                let _ = write!(page, "<td class=\"{}\">{}</td>", class(*kind), escaped(cell));
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

/// A figure with three significant digits.
pub fn figure(value: f64) -> String {
    if !value.is_finite() {
        return String::new();
    }
    let magnitude = value.abs();
    match magnitude {
        0.0 => "0".to_owned(),
        _ if !(1e-4..1e6).contains(&magnitude) => format!("{value:.2e}"),
        _ if magnitude >= 100.0 => format!("{value:.0}"),
        _ if magnitude >= 10.0 => format!("{value:.1}"),
        _ if magnitude >= 1.0 => format!("{value:.2}"),
        _ => {
            // A value from 0.1 on has its first digit at the first place.
            let places = (1..=6).find(|places| magnitude * 10_f64.powi(*places) >= 1.0).unwrap_or(6);
            format!("{value:.*}", usize::try_from(places + 2).unwrap_or(8))
        }
    }
}

/// A typical figure and, in brackets, from the lowest to the highest.
pub fn range(low: f64, typical: f64, high: f64) -> String {
    format!("{} ({} to {})", figure(typical), figure(low), figure(high))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new("Two & more", &[(ColumnKind::Plain, "name"), (ColumnKind::Modelled, "energy, mJ")]);
        table.rows.push(vec!["a|b \"c\"".to_owned(), "1.5".to_owned()]);
        table.notes.push("a <note>".to_owned());
        table
    }

    #[test]
    fn three_formats_say_the_same() {
        let markdown = write(&[table()], TableFormat::Markdown);
        assert_eq!(
            markdown,
            "## Two & more\n\n| name | modelled: energy, mJ |\n|---|---:|\n| a\\|b \"c\" | 1.5 |\n\n* a <note>\n"
        );
        let csv = write(&[table()], TableFormat::Csv);
        assert_eq!(csv, "Two & more\r\nname,\"modelled: energy, mJ\"\r\n\"a|b \"\"c\"\"\",1.5\r\nnote: a <note>\r\n");
        let html = write(&[table()], TableFormat::Html);
        assert!(html.contains("<h2>Two &amp; more</h2>") && html.contains("a &lt;note&gt;"), "{html}");
        assert!(html.contains("<td class=\"modelled\">1.5</td>"), "{html}");
    }

    #[test]
    fn figures_have_three_digits() {
        let shown = [0.0, 0.000_012_34, 0.012_34, 0.1234, 1.234, 12.34, 123.4, 1234.0, 1.234e7].map(figure);
        assert_eq!(shown, ["0", "1.23e-5", "0.0123", "0.123", "1.23", "12.3", "123", "1234", "1.23e7"]);
        assert_eq!(figure(f64::NAN), "");
    }
}
