//! The page around a report, and its parts: everything that it needs is in it.

use super::number::is_number;
use super::plot::Plot;
use super::svg;
use super::text::{capital, escaped};
use std::fmt::Write as _;

const STYLE: &str = include_str!("page.css");

/// A whole page; `lead` is the sentence below its title.
pub(super) fn page(title: &str, lead: &str, body: &str) -> String {
    let (title, lead) = (escaped(title), escaped(lead));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>\n{}{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n<p class=\"lead\">{lead}</p>\n{body}</body>\n</html>\n",
        svg::STYLE
    )
}

/// Adds a section.
pub(super) fn section(body: &mut String, title: &str, inside: &str) {
    // Writing to a text does not fail.
    let _ = write!(body, "<section>\n<h2>{}</h2>\n{inside}</section>\n", escaped(title));
}

/// A note as HTML.
pub(super) fn note(what: &str) -> String {
    format!("<p class=\"note\">{what}.</p>\n")
}

/// A plot over its caption, if it has one; both are said where it cannot be seen.
pub(super) fn figure(plot: &Plot, caption: &str) -> String {
    if caption.is_empty() {
        return format!("<figure>{}</figure>\n", plot.inline(&plot.in_words()));
    }
    let alt = format!("{caption}. {}", capital(&plot.in_words()));
    format!("<figure>{}<figcaption>{}</figcaption></figure>\n", plot.inline(&alt), escaped(caption))
}

/// A part that is folded until it is opened.
pub(super) fn details(summary: &str, inside: &str) -> String {
    format!("<details><summary>{}</summary>\n{inside}</details>\n", escaped(summary))
}

/// Something wide in a box of its own, which scrolls on a narrow screen.
pub(super) fn wide(name: &str, inside: &str) -> String {
    format!("<div class=\"wide\" role=\"region\" aria-label=\"{}\" tabindex=\"0\">{inside}</div>\n", escaped(name))
}

/// A table with a name; a head of no names is left out, the first cell of a row is its head, numbers stand to the right.
pub(super) fn table(name: &str, head: &[String], rows: &[Vec<String>]) -> String {
    let mut table = "<table>\n".to_owned();
    let has_head = head.iter().any(|name| !name.is_empty());
    let right = |column: usize| {
        let mut cells = rows.iter().filter_map(|row| row.get(column)).filter(|cell| !cell.is_empty()).peekable();
        let class = has_head && cells.peek().is_some() && cells.all(|cell| is_number(cell));
        if class { " class=\"n\"" } else { "" }
    };
    if has_head {
        let cell = |(column, name): (usize, &String)| {
            let class = if column == 0 { "" } else { right(column) };
            format!("<th scope=\"col\"{class}>{}</th>", escaped(&name.replace('_', " ")))
        };
        let cells: String = head.iter().enumerate().map(cell).collect();
        let _ = writeln!(table, "<thead><tr>{cells}</tr></thead>");
    }
    table += "<tbody>\n";
    for row in rows {
        let cell = |(column, text): (usize, &String)| match column {
            0 => format!("<th scope=\"row\">{}</th>", escaped(text)),
            _ => format!("<td{}>{}</td>", right(column), escaped(text)),
        };
        let _ = writeln!(table, "<tr>{}</tr>", row.iter().enumerate().map(cell).collect::<String>());
    }
    wide(name, &(table + "</tbody></table>"))
}

/// A table of two columns without a head: what, and how much.
pub(super) fn pairs(name: &str, rows: &[[String; 2]]) -> String {
    table(name, &[], &rows.iter().map(|row| row.to_vec()).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_table_stand_to_the_right() {
        let rows = [["steps", "12", "a"], ["spikes", "1.50 %", "7"]].map(|row| row.map(str::to_owned).to_vec());
        let html = table("counts", &["what", "how_many", "note"].map(str::to_owned), &rows);
        insta::assert_snapshot!("a_table", html);
        assert!(!pairs("x", &[["seed".to_owned(), "1".to_owned()]]).contains("thead"));
    }
}
