//! What importers hand back: a network in the chip's integers, and how exactly each part of the file is in it.

use loihi_net::network::Network;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// How a part of a file is in the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fidelity {
    /// As the file says, to the bit.
    Exact,
    /// With an error, which is stated.
    Approximate,
    /// Not at all, or with another meaning.
    Unsupported,
}

/// A part of a file and its fidelity.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FidelityRow {
    /// Its name in the file.
    pub node: String,
    /// Its kind in the file.
    pub kind: String,
    /// How it is in the network.
    pub fidelity: Fidelity,
    /// What became of it, and with what error.
    pub note: String,
}

/// What an importer makes of a file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Imported {
    /// The network.
    pub network: Network,
    /// Every part of the file.
    pub rows: Vec<FidelityRow>,
    /// What was chosen, and why, a sentence each.
    pub said: Vec<String>,
}

/// Why a file gives no network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[error("{}{}: {what}", path.display(), node.as_ref().map_or_else(String::new, |name| format!(", node `{name}`")))]
pub struct ImportError {
    /// The file.
    pub path: PathBuf,
    /// The part of it, if it is about one.
    pub node: Option<String>,
    /// What is wrong, and what to do.
    pub what: String,
}

/// What is wrong with a part of a file or of a graph made by hand; [`of`](Self::of) adds the name of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("{}{what}", node.as_ref().map_or_else(String::new, |name| format!("node `{name}`: ")))]
pub struct NodeError {
    /// The part, if it is about one.
    pub node: Option<String>,
    /// What is wrong, and what to do.
    pub what: String,
}

impl NodeError {
    /// Something wrong with a part.
    pub fn at(node: &str, what: impl Into<String>) -> Self {
        Self { node: Some(node.to_owned()), what: what.into() }
    }

    /// Something wrong with all of it.
    pub fn whole(what: impl Into<String>) -> Self {
        Self { node: None, what: what.into() }
    }

    /// The same, of a part of this one.
    pub(crate) fn within(self, outer: &str) -> Self {
        let node = self.node.map_or_else(|| outer.to_owned(), |node| format!("{outer}.{node}"));
        Self { node: Some(node), ..self }
    }

    /// The same, in a file.
    pub fn of(self, path: &Path) -> ImportError {
        ImportError { path: path.to_owned(), node: self.node, what: self.what }
    }
}

impl Fidelity {
    /// The word that users see.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Approximate => "approximate",
            Self::Unsupported => "UNSUPPORTED",
        }
    }
}

impl FidelityRow {
    /// A part and its fidelity.
    pub fn new(node: &str, kind: &str, fidelity: Fidelity, note: impl Into<String>) -> Self {
        Self { node: node.to_owned(), kind: kind.to_owned(), fidelity, note: note.into() }
    }
}

impl NodeError {
    /// The same, with those of these parts that are unsupported: they may be why.
    #[must_use]
    pub fn after(mut self, rows: &[FidelityRow]) -> Self {
        let unsupported = rows.iter().filter(|row| row.fidelity == Fidelity::Unsupported);
        let nodes: Vec<String> = unsupported.map(|row| format!("`{}` ({})", row.node, row.kind)).collect();
        if !nodes.is_empty() {
            let _ = write!(self.what, "; it comes without what is unsupported: {}", nodes.join(", "));
        }
        self
    }
}

/// What names are ordered by, so that 2 stands before 10.
fn natural(name: &str) -> Vec<(u64, String)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let words = after.find(|letter: char| letter.is_ascii_digit()).unwrap_or(after.len());
        let (word, after) = after.split_at(words);
        parts.push((number.parse().unwrap_or(u64::MAX), word.to_owned()));
        rest = after;
    }
    parts
}

impl Imported {
    /// A network, the parts of the file that it is from, and what was chosen.
    pub const fn new(network: Network, rows: Vec<FidelityRow>, said: Vec<String>) -> Self {
        Self { network, rows, said }
    }

    /// Orders the parts by their names, numbers in them by their values.
    pub fn sort(&mut self) {
        self.rows.sort_by_cached_key(|row| natural(&row.node));
    }

    /// The worst fidelity of all parts.
    pub fn fidelity(&self) -> Fidelity {
        self.rows.iter().map(|row| row.fidelity).max().unwrap_or(Fidelity::Exact)
    }

    /// All parts in columns, and what was chosen.
    pub fn table(&self) -> String {
        let width =
            |of: fn(&FidelityRow) -> usize, least: usize| self.rows.iter().map(of).max().unwrap_or(0).max(least);
        let nodes = width(|row| row.node.chars().count(), 4);
        let kinds = width(|row| row.kind.chars().count(), 4);
        let mut text = format!("{:nodes$}  {:kinds$}  {:11}  note\n", "node", "kind", "fidelity");
        for row in &self.rows {
            let line = format!("{:nodes$}  {:kinds$}  {:11}  {}", row.node, row.kind, row.fidelity.word(), row.note);
            let _ = writeln!(text, "{}", line.trim_end());
        }
        for sentence in &self.said {
            let _ = writeln!(text, "{sentence}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_are_ordered_by_their_values() {
        let row = |name: &&str| FidelityRow::new(name, "", Fidelity::Exact, "");
        let rows = ["10", "input", "2", "lif10.w", "lif2.w", "99999999999999999999", "1"].iter().map(row).collect();
        let mut imported = Imported { network: Network::new("n"), rows, said: Vec::new() };
        imported.sort();
        let names: Vec<&str> = imported.rows.iter().map(|row| row.node.as_str()).collect();
        assert_eq!(names, ["1", "2", "10", "99999999999999999999", "input", "lif2.w", "lif10.w"]);
    }
}
