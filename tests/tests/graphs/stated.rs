//! What an import's table says about errors, as numbers.

use crate::graph::{Graph, Way};
use host_harness::import::{Fidelity, FidelityRow, Imported};

/// The errors of a population.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stated {
    /// Of the threshold, as a share of it.
    pub(crate) threshold: f64,
    /// Of what is kept in a step.
    pub(crate) keep: f64,
    /// Of what is added in every step, in parts of the threshold.
    pub(crate) bias: f64,
    /// Of voltages, since what decays is rounded, in parts of the threshold.
    pub(crate) rounded: f64,
    /// Whether voltages begin at the value of the reset.
    pub(crate) begins_at_reset: bool,
    /// Whether constant currents are there from the first step.
    pub(crate) steady: bool,
    /// Whether biases are there before the first spikes can be.
    pub(crate) early: bool,
    /// Share of all that has one sign up to which sums stay in their registers.
    pub(crate) holds: f64,
}

/// A table.
pub(crate) struct Table<'i> {
    imported: &'i Imported,
}

impl<'i> Table<'i> {
    pub(crate) const fn new(imported: &'i Imported) -> Self {
        Self { imported }
    }

    pub(crate) fn row(&self, node: &str) -> Result<&'i FidelityRow, String> {
        let row = self.imported.rows.iter().find(|row| row.node == node);
        row.ok_or_else(|| format!("the table has no row for `{node}`"))
    }

    /// What a population's row says.
    pub(crate) fn population(&self, name: &str) -> Result<Stated, String> {
        let FidelityRow { fidelity, note, .. } = self.row(name)?;
        if *fidelity == Fidelity::Exact {
            return Ok(Stated { holds: 1.0, ..Stated::default() });
        }
        let early = format!("Biases of `{name}` start");
        Ok(Stated {
            threshold: error(note, "threshold ").unwrap_or(0.0),
            keep: error(note, "decays ").unwrap_or(0.0),
            bias: error(note, "biases ").unwrap_or(0.0),
            rounded: number(note, "rounded, by up to ").unwrap_or(0.0)
                + number(note, "early, by up to ").unwrap_or(0.0),
            begins_at_reset: note.contains("start there"),
            steady: note.contains("from the first step"),
            early: self.imported.said.iter().any(|said| said.starts_with(&early)),
            holds: number(note, "leave their registers if over ").unwrap_or(1.0),
        })
    }

    /// The largest error of the weights of a way to a population, in parts of the threshold.
    pub(crate) fn weights(&self, graph: &Graph, way: &Way, to: &str) -> Result<f64, String> {
        let mut most = 0.0_f64;
        let layers = way.through.iter().map(|layer| &*graph.nodes[*layer].name);
        for node in layers.chain([to]) {
            let FidelityRow { fidelity, note, .. } = self.row(node)?;
            if *fidelity == Fidelity::Approximate {
                most = most.max(error(note, "weights, ").or(error(note, "weight, ")).unwrap_or(0.0));
            }
        }
        Ok(most)
    }

    /// Whether biases go through a delay at once.
    pub(crate) fn undelayed(&self, graph: &Graph) -> bool {
        graph.nodes.iter().any(|node| self.row(&node.name).is_ok_and(|row| row.note.contains("biases before it")))
    }

    /// Steps that a circle takes more than in the file, by its ends.
    pub(crate) fn circle(&self, from: &str, to: &str) -> Option<i64> {
        let start = format!("a circle from `{from}` back to `{to}` takes ");
        let said = |row: &FidelityRow| row.note.split_once(&start)?.1.split_once(' ')?.0.parse().ok();
        self.imported.rows.iter().find_map(said)
    }
}

/// The number after `what` and `off by`; nothing where it is exact.
fn error(note: &str, what: &str) -> Option<f64> {
    number(note, &format!("{what}off by "))
}

/// The number after `what`, as a share, with half a unit of its last digit.
fn number(note: &str, what: &str) -> Option<f64> {
    let (number, rest) = note.split_once(what)?.1.split_once(' ')?;
    let unit = if rest.starts_with('%') { 0.01 } else { 1.0 };
    let (mantissa, exponent) = number.split_once('e').unwrap_or((number, "0"));
    let digits = mantissa.split_once('.').map_or(0, |(_, digits)| digits.len());
    let last = 10_f64.powi(exponent.parse::<i32>().ok()? - i32::try_from(digits).ok()?);
    Some((number.parse::<f64>().ok()? + last / 2.0) * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_read_with_what_their_digits_leave_open() {
        let note = "v_th 77, threshold off by 0.40 %; decays off by 1.2e-4 a step; biases exact";
        assert!((error(note, "threshold ").unwrap() - 0.004_05).abs() < 1e-12);
        assert!((error(note, "decays ").unwrap() - 1.25e-4).abs() < 1e-12);
        assert_eq!(error(note, "biases "), None);
        let note = "9 weights, off by 3e-3 % of the threshold at most";
        assert!((error(note, "weights, ").unwrap() - 3.5e-5).abs() < 1e-12);
    }
}
