//! Tables on a terminal: in columns where they fit, else row by row, so that no line is cut or runs into the next.
//!
//! In a pipe and in a file they stay as they are.

use crate::out;
use std::io::{self, IsTerminal as _};

/// Spaces before what belongs to a row, and before the rest of a value that takes several lines.
const INDENT: usize = 2;
/// The least room in which the last column of an aligned table is broken into lines.
const LAST_COLUMNS: usize = 24;

/// Prints a text with tables in it, as [`out::line`] does.
///
/// # Errors
/// As [`out::line`].
pub fn print(markdown: &str) -> io::Result<()> {
    let markdown = markdown.trim_end();
    match columns() {
        Some(columns) => out::line(format_args!("{}", fitted(markdown, columns))),
        None => out::line(format_args!("{markdown}")),
    }
}

/// The lines of a table, headings first: columns two spaces apart, each as wide as its widest cell.
pub fn aligned<const COLUMNS: usize>(rows: &[[&str; COLUMNS]]) -> String {
    let widest = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; COLUMNS] = std::array::from_fn(widest);
    let line = |row: &[&str; COLUMNS]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Prints a table whose columns are aligned by spaces, at least two between them, with a line of headings first. Sentences may
/// come after it.
///
/// # Errors
/// As [`out::line`].
pub fn print_aligned(text: &str) -> io::Result<()> {
    let text = text.trim_end();
    match columns() {
        Some(columns) => out::line(format_args!("{}", fitted_aligned(text, columns))),
        None => out::line(format_args!("{text}")),
    }
}

/// Prints a name and what is said of it, which begins after `width` columns and a space, on every line that it takes.
///
/// # Errors
/// As [`out::line`].
pub fn entry(name: &str, width: usize, about: &str) -> io::Result<()> {
    paragraph(&format!("{name:<width$} {about}"), width + 1)
}

/// Prints a line, wrapped on a terminal; continuation lines begin with `indent` spaces.
///
/// # Errors
/// As [`out::line`].
pub fn paragraph(line: &str, indent: usize) -> io::Result<()> {
    let lines = columns().map_or_else(|| vec![line.to_owned()], |columns| wrapped(line, indent, columns));
    out::line(format_args!("{}", lines.join("\n")))
}

/// The columns of the terminal that standard output is, if it is one.
fn columns() -> Option<usize> {
    let size = terminal_size::terminal_size_of(io::stdout()).filter(|_| io::stdout().is_terminal());
    size.map(|(columns, _)| columns.0.into())
}

/// The text for a terminal of so many columns. A table that fits has its columns below each other. Of one that does not, every
/// row is a paragraph: its first cell, then a line for each other cell that is not empty, after the heading.
pub fn fitted(markdown: &str, columns: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut rows: Vec<&str> = Vec::new();
    for line in markdown.lines() {
        if line.starts_with('|') {
            rows.push(line);
            continue;
        }
        lines.extend(table(&rows, columns));
        rows.clear();
        lines.extend(wrapped(line, if line.starts_with("* ") { INDENT } else { 0 }, columns));
    }
    lines.extend(table(&rows, columns));
    lines.join("\n")
}

/// An aligned table for a terminal of so many columns. The last column takes several lines where it is too wide; where it would
/// have no room, every row is a paragraph.
fn fitted_aligned(text: &str, columns: usize) -> String {
    let head = text.lines().next().unwrap_or_default();
    let last = head.rfind("  ").map_or(0, |gap| gap + INDENT);
    // A row without its last cell may be shorter, and a cell of one may be wider than its column.
    let gap = |line: &str| line.get(last.saturating_sub(INDENT)..last).map(|gap| gap.trim().is_empty());
    let is_row = |line: &str| gap(line) == Some(true) || line.trim().contains("  ");
    if text.lines().all(|line| line.chars().count() <= columns) || last + LAST_COLUMNS <= columns {
        let lines = text.lines().flat_map(|line| wrapped(line, if is_row(line) { last } else { 0 }, columns));
        return lines.collect::<Vec<_>>().join("\n");
    }
    let parts = |line: &str| -> Vec<String> {
        line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect()
    };
    let rows = text.lines().skip(1).take_while(|line| is_row(line)).map(parts).collect::<Vec<_>>();
    let sentences = text.lines().skip(1 + rows.len()).flat_map(|line| wrapped(line, 0, columns));
    records(&parts(head), &rows, columns).into_iter().chain(sentences).collect::<Vec<_>>().join("\n")
}

/// The lines of a table.
fn table(rows: &[&str], columns: usize) -> Vec<String> {
    let [head, rule, body @ ..] = rows else { return rows.iter().map(|row| (*row).to_owned()).collect() };
    let (head, body): (Vec<String>, Vec<Vec<String>>) = (cells(head), body.iter().map(|row| cells(row)).collect());
    let to_the_right: Vec<bool> = cells(rule).iter().map(|cell| cell.ends_with(':')).collect();
    let widest = |column: usize| {
        let all = body.iter().chain([&head]).filter_map(|row| row.get(column));
        all.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(widest).collect();
    if widths.iter().map(|width| width + INDENT).sum::<usize>().saturating_sub(INDENT) > columns {
        return records(&head, &body, columns);
    }
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if to_the_right.get(column) == Some(&true) { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    [&head].into_iter().chain(&body).map(line).collect()
}

/// The rows of a table as paragraphs.
fn records(head: &[String], body: &[Vec<String>], columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for (number, row) in body.iter().enumerate() {
        if number > 0 {
            lines.push(String::new());
        }
        let mut cells = head.iter().zip(row);
        lines.extend(cells.next().into_iter().flat_map(|(_, first)| wrapped(first, INDENT, columns)));
        for (heading, cell) in cells.filter(|(_, cell)| !cell.is_empty()) {
            lines.extend(wrapped(&format!("{:INDENT$}{heading}: {cell}", ""), 2 * INDENT, columns));
        }
    }
    lines
}

/// The cells of a row.
fn cells(row: &str) -> Vec<String> {
    // A bar that belongs to a cell has a backslash before it.
    let row = row.replace("\\|", "\0");
    let inner = row.trim_end().strip_prefix('|').unwrap_or(&row);
    let inner = inner.strip_suffix('|').unwrap_or(inner);
    inner.split('|').map(|cell| cell.trim().replace('\0', "|")).collect()
}

/// A line in as many as it takes, broken between words; those after the first begin with `indent` spaces. A word that is longer
/// than a line stays whole.
fn wrapped(line: &str, indent: usize, columns: usize) -> Vec<String> {
    if line.chars().count() <= columns {
        return vec![line.to_owned()];
    }
    let begin: String = line.chars().take_while(|letter| *letter == ' ').collect();
    let (mut lines, mut current, mut is_empty) = (Vec::new(), begin, true);
    // Spaces that align a column stay.
    for word in line.trim_start().split(' ') {
        if !is_empty && current.chars().count() + 1 + word.chars().count() > columns {
            lines.push(std::mem::replace(&mut current, " ".repeat(indent)));
            is_empty = true;
        }
        if !is_empty {
            current.push(' ');
        }
        current.push_str(word);
        is_empty = false;
    }
    lines.push(current);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "## Boards\n\n| board | what | RAM |\n|---|---|---:|\n| virt | QEMU's a\\|b | 12 |\n\
                         | microbit | an nRF51822 |  |\n\n* A note of several words.";

    #[test]
    fn columns_lie_below_each_other_where_they_fit() {
        let expected = [
            "## Boards",
            "",
            "board     what         RAM",
            "virt      QEMU's a|b    12",
            "microbit  an nRF51822",
            "",
            "* A note of several words.",
        ];
        assert_eq!(fitted(TABLE, 26).lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn where_they_do_not_fit_a_row_is_a_paragraph_without_its_empty_cells() {
        let expected = [
            "## Boards",
            "",
            "virt",
            "  what: QEMU's a|b",
            "  RAM: 12",
            "",
            "microbit",
            "  what: an nRF51822",
            "",
            "* A note of several",
            "  words.",
        ];
        assert_eq!(fitted(TABLE, 19).lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn no_line_is_longer_than_the_terminal_but_for_a_longer_word() {
        for columns in 1..60 {
            for line in fitted(TABLE, columns).lines() {
                let words =
                    line.trim_start().trim_start_matches("* ").split(' ').filter(|word| !word.is_empty()).count();
                assert!(line.chars().count() <= columns || words == 1, "{columns}: {line}");
            }
        }
    }

    const ALIGNED: &str =
        "core  words  neurons\n   0     12  one, two and three\n   1      8  four\nA sentence of its own.";

    #[test]
    fn the_last_column_of_an_aligned_table_is_broken_in_its_place() {
        let text = ALIGNED.replace("three", "three, four, five, six");
        let expected = [
            "core  words  neurons",
            "   0     12  one, two and three,",
            "             four, five, six",
            "   1      8  four",
            "A sentence of its own.",
        ];
        assert_eq!(fitted_aligned(&text, 37).lines().collect::<Vec<_>>(), expected);
        assert_eq!(fitted_aligned(ALIGNED, 31), ALIGNED);
    }

    #[test]
    fn an_aligned_table_without_room_is_paragraphs() {
        let expected = [
            "0",
            "  words: 12",
            "  neurons: one,",
            "    two and",
            "    three",
            "",
            "1",
            "  words: 8",
            "  neurons: four",
            "A sentence of",
            "its own.",
        ];
        assert_eq!(fitted_aligned(ALIGNED, 15).lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_row_without_its_last_cell_is_one() {
        let text = "core  words  neurons\n   0     12  all of them\n  of     16\n1 core.";
        let expected = ["0", "  words: 12", "  neurons: all", "    of them", "", "of", "  words: 16", "1 core."];
        assert_eq!(fitted_aligned(text, 15).lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["register", "of", "unit"], ["v", "a compartment", "voltage"], ["w", "", ""]];
        let expected = ["register  of             unit", "v         a compartment  voltage", "w"];
        assert_eq!(aligned(&rows).lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn all_rows_are_laid_out_alike_where_a_cell_is_wider_than_its_column() {
        let text = "register  of       unit\nv         axon and synapse to come  voltage\nw         synapse  as it is";
        let expected = [
            "v",
            "  of: axon and synapse to",
            "    come",
            "  unit: voltage",
            "",
            "w",
            "  of: synapse",
            "  unit: as it is",
        ];
        assert_eq!(fitted_aligned(text, 26).lines().collect::<Vec<_>>(), expected);
        for columns in 26..80 {
            let lines = fitted_aligned(text, columns);
            assert!(lines.lines().all(|line| line.chars().count() <= columns), "{columns}: {lines}");
        }
    }

    #[test]
    fn what_is_no_table_stays() {
        for text in ["", "one\ntwo", "  indented words", "a,b\n1,2"] {
            assert_eq!(fitted(text, 80), text);
        }
    }
}
