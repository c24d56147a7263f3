//! Delays of a folded network: a spike takes a step from population to population on the chip, and none in a file.

use super::fold::{Folded, Path};
use loihi_files::plural::plural;
use loihi_net::network::{Depths, Edge};
use loihi_nir::import::NodeError;

/// Longest delay of the chip, in steps.
const DELAY_MAX: i32 = 62;

impl Folded {
    /// The population from which a path comes; `None` if it is an input.
    fn source(&self, path: &Path) -> Option<usize> {
        self.populations.iter().position(|population| population.name == path.from)
    }

    fn edges(&self) -> Vec<Edge> {
        let edge = |path: &Path| Edge {
            from: self.source(path),
            to: path.to,
            delay: path.delays.iter().copied().min().unwrap_or(0),
        };
        self.paths.iter().map(edge).collect()
    }

    /// Gives every way the delay with which the chip, where a spike takes a step from population to population, does what the
    /// file says, where it takes none, and a step around a circle.
    pub(super) fn align(&mut self) -> Result<(), NodeError> {
        let edges = self.edges();
        let depths = Depths::of_file(self.populations.len(), &edges);
        for (number, edge) in edges.iter().enumerate() {
            let (path, more) = (&self.paths[number], depths.more(number, *edge));
            let (from, to) = (path.from.clone(), self.populations[path.to].name.clone());
            let steps = |delay: u8| i32::from(delay) + more;
            let most = path.delays.iter().map(|delay| steps(*delay)).max().unwrap_or(0);
            let Ok(delays) = path.delays.iter().map(|delay| u8::try_from(steps(*delay).max(0))).collect() else {
                return Err(too_long(&from, &to, most));
            };
            if most > DELAY_MAX {
                return Err(too_long(&from, &to, most));
            }
            self.paths[number].delays = delays;
            match (more, depths.late(number, *edge)) {
                (_, late @ 1..) => self.rate_late(number, late),
                (1.., _) => self.waits.push(format!("from `{from}` to `{to}` by {more}")),
                _ => {}
            }
        }
        self.depths = depths.of;
        Ok(())
    }

    /// Rates what lies on a way by which spikes come late.
    fn rate_late(&mut self, number: usize, late: i32) {
        let Path { from, to, through, .. } = self.paths[number].clone();
        let to = self.populations[to].name.clone();
        let late = plural(usize::try_from(late).unwrap_or(0), "step");
        let note = format!(
            "a circle from `{from}` back to `{to}` takes {late} more than in the file, as the chip takes one from population to \
             population: a Delay of {late} on it would make up for that"
        );
        for node in through.iter().chain([&from, &to]) {
            let said = self.late.entry(node.clone()).or_default();
            if !said.contains(&note) {
                *said = if said.is_empty() { note.clone() } else { format!("{said}; {note}") };
            }
        }
    }
}

/// What is wrong with a delay that the chip does not have.
fn too_long(from: &str, to: &str, steps: i32) -> NodeError {
    NodeError::at(
        from,
        format!("spikes must take {steps} steps from `{from}` to `{to}`, but the chip delays by {DELAY_MAX} at most"),
    )
}
