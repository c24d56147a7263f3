//! Tables of figures. Every column says of what kind its figures are; [`write()`] makes Markdown, CSV or HTML of them and
//! [`json`] objects.

mod text;

use super::units::Range;
use serde_json::Value;

pub use text::{json, write};

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
        /// Comma-separated values: one header, a value a cell; of several tables the first column says which
        Csv = "csv",
        /// A page of HTML
        Html = "html",
    }
}

/// How a figure looks to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// With three digits.
    Figure,
    /// With two decimals.
    Decimals,
    /// A multiple: `1.50x`.
    Ratio,
    /// A change in per cent: `+15 %`.
    Change,
}

/// Of what a cell consists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parts {
    /// One value.
    One,
    /// The lowest, the typical and the highest.
    Range,
    /// A name and a value.
    Metric,
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    kind: ColumnKind,
    name: &'static str,
    unit: &'static str,
    look: Look,
    parts: Parts,
}

impl Column {
    /// A column of names or sizes.
    pub const fn plain(name: &'static str) -> Self {
        Self::figures(ColumnKind::Plain, name, "")
    }

    /// A column of figures; the unit may be empty.
    pub const fn figures(kind: ColumnKind, name: &'static str, unit: &'static str) -> Self {
        Self { kind, name, unit, look: Look::Figure, parts: Parts::One }
    }

    /// A column of [`Cell::Range`].
    #[must_use]
    pub const fn ranges(self) -> Self {
        Self { parts: Parts::Range, ..self }
    }

    /// A column of figures with two decimals.
    pub const fn decimals(kind: ColumnKind, name: &'static str, unit: &'static str) -> Self {
        Self { look: Look::Decimals, ..Self::figures(kind, name, unit) }
    }

    /// A column of multiples of the same figure of another row.
    pub const fn ratios(kind: ColumnKind, name: &'static str) -> Self {
        Self { look: Look::Ratio, ..Self::figures(kind, name, "") }
    }

    /// A column of changes in per cent.
    pub const fn changes(kind: ColumnKind, name: &'static str) -> Self {
        Self { look: Look::Change, ..Self::figures(kind, name, "") }
    }

    /// A column of [`Cell::Metric`].
    pub const fn metrics(kind: ColumnKind, name: &'static str) -> Self {
        Self { parts: Parts::Metric, ..Self::figures(kind, name, "") }
    }

    /// What people read over it.
    fn heading(&self) -> String {
        let named = if self.unit.is_empty() { self.name.to_owned() } else { format!("{}, {}", self.name, self.unit) };
        if self.kind == ColumnKind::Plain { named } else { format!("{}: {named}", self.kind.name()) }
    }

    /// What programs read over it: kind, name, unit and part in small letters, joined by `_`.
    fn keys(&self) -> Vec<String> {
        let unit = match (self.look, self.unit) {
            (Look::Change, _) | (_, "%") => "pct",
            (_, unit) => unit,
        };
        let words = [self.kind.name(), self.name, &unit.replace(' ', "").replace('µ', "u")].join(" ").to_lowercase();
        let words: Vec<&str> =
            words.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let key = words.join("_");
        match self.parts {
            Parts::One => vec![key],
            Parts::Range => ["low", "typical", "high"].map(|part| format!("{key}_{part}")).to_vec(),
            Parts::Metric => ["metric", "value"].map(|part| format!("{key}_{part}")).to_vec(),
        }
    }

    fn figure(&self, value: f64) -> String {
        match self.look {
            Look::Figure => figure(value),
            Look::Decimals => format!("{value:.2}"),
            Look::Ratio => format!("{}x", figure(value)),
            Look::Change => format!("{value:+.0} %"),
        }
    }

    /// A cell as people read it.
    fn text(&self, cell: &Cell) -> String {
        match cell {
            Cell::Empty => String::new(),
            Cell::Text(text) => text.clone(),
            Cell::Count(count) => count.to_string(),
            Cell::Number(value) => self.figure(*value),
            Cell::Share(share) => format!("{:.2} %", 100.0 * share),
            Cell::Printed(digits) if self.look == Look::Ratio => format!("{digits}x"),
            Cell::Printed(digits) => digits.clone(),
            Cell::Range(values) => range(values.map(|value| self.figure(value))),
            Cell::Metric(name, value) if name.starts_with("accuracy") => format!("{name} {:.2} %", 100.0 * value),
            Cell::Metric(name, value) => format!("{name} {}", self.figure(*value)),
            Cell::Remarks(remarks) => {
                remarks.iter().map(|(number, _)| format!("[{number}]")).collect::<Vec<_>>().join(" ")
            }
        }
    }

    /// The values of a cell as programs read them, one for each of [`Self::keys`].
    fn values(&self, cell: &Cell) -> Vec<Value> {
        match cell {
            Cell::Empty => vec![Value::Null; self.keys().len()],
            Cell::Text(text) => vec![text.as_str().into()],
            Cell::Count(count) => vec![(*count).into()],
            Cell::Number(value) | Cell::Share(value) => vec![(*value).into()],
            Cell::Printed(digits) => vec![digits.parse::<f64>().map_or(Value::Null, Value::from)],
            Cell::Range(Range { low, typical, high }) => vec![(*low).into(), (*typical).into(), (*high).into()],
            Cell::Metric(name, value) => vec![name.as_str().into(), (*value).into()],
            Cell::Remarks(remarks) if remarks.is_empty() => vec![Value::Null],
            Cell::Remarks(remarks) => {
                let remarks: Vec<&str> = remarks.iter().map(|(_, remark)| remark.as_str()).collect();
                vec![remarks.join("; ").into()]
            }
        }
    }
}

/// A cell of a [`Table`].
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Cell {
    /// Nothing is known.
    #[default]
    Empty,
    /// A name.
    Text(String),
    /// A whole number.
    Count(u64),
    /// A figure, shown with three digits.
    Number(f64),
    /// A share of 1, shown in per cent.
    Share(f64),
    /// A number with the digits with which it was printed.
    Printed(String),
    /// In a column of [`Column::ranges`].
    Range(Range<f64>),
    /// A result and its name, in a column of [`Column::metrics`].
    Metric(String, f64),
    /// Numbers of notes, and the notes.
    Remarks(Vec<(usize, String)>),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Option<f64>> for Cell {
    fn from(value: Option<f64>) -> Self {
        value.map_or(Self::Empty, Self::Number)
    }
}

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// What programs call it: one word.
    pub name: &'static str,
    /// What it shows.
    pub title: String,
    /// Columns.
    pub columns: Vec<Column>,
    /// Rows of as many cells.
    pub rows: Vec<Vec<Cell>>,
    /// What must be said about it.
    pub notes: Vec<String>,
}

impl Table {
    /// A table without rows.
    pub fn new(name: &'static str, title: &str, columns: &[Column]) -> Self {
        Self { name, title: title.to_owned(), columns: columns.to_vec(), rows: Vec::new(), notes: Vec::new() }
    }
}

/// A figure with three significant digits; empty if it is not finite.
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
pub fn range(Range { low, typical, high }: Range<String>) -> String {
    format!("{typical} ({low} to {high})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits() {
        let shown = [0.0, 0.000_012_34, 0.012_34, 0.1234, 1.234, 12.34, 123.4, 1234.0, 1.234e7].map(figure);
        assert_eq!(shown, ["0", "1.23e-5", "0.0123", "0.123", "1.23", "12.3", "123", "1234", "1.23e7"]);
        assert_eq!(figure(f64::NAN), "");
    }

    #[test]
    fn keys_end_in_the_unit_and_the_part() {
        let keys = |column: Column| column.keys().join(" ");
        assert_eq!(
            keys(Column::figures(ColumnKind::Modelled, "EDP", "nJ s").ranges()),
            "modelled_edp_njs_low modelled_edp_njs_typical modelled_edp_njs_high"
        );
        assert_eq!(keys(Column::figures(ColumnKind::Published, "accuracy", "%")), "published_accuracy_pct");
        assert_eq!(keys(Column::figures(ColumnKind::Modelled, "static", "µJ")), "modelled_static_uj");
        assert_eq!(keys(Column::changes(ColumnKind::Modelled, "error of energy")), "modelled_error_of_energy_pct");
        assert_eq!(keys(Column::plain("steps")), "steps");
    }
}
