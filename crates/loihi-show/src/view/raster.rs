//! Spikes of a stretch of steps that follow each other.

use std::collections::VecDeque;

/// Spikes of the last steps; a step that does not follow the last one begins a stretch of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raster {
    /// The first step.
    first: u64,
    /// Rows of the spikes of every step.
    steps: VecDeque<Vec<u32>>,
}

impl Raster {
    /// Adds a step, and forgets the oldest ones beyond `most`.
    pub fn step(&mut self, step: u64, rows: Vec<u32>, most: usize) {
        if step != self.first + self.steps.len() as u64 {
            (self.first, self.steps) = (step, VecDeque::new());
        }
        self.steps.push_back(rows);
        self.keep(most);
    }

    /// Forgets the oldest steps beyond `most`.
    pub fn keep(&mut self, most: usize) {
        while self.steps.len() > most.max(1) {
            self.steps.pop_front();
            self.first += 1;
        }
    }

    /// The first step and the one after the last; `None` without steps.
    pub fn steps(&self) -> Option<(u64, u64)> {
        (!self.steps.is_empty()).then(|| (self.first, self.first + self.steps.len() as u64))
    }

    /// Every spike: steps from the first one, row.
    pub fn spikes(&self) -> impl Iterator<Item = (usize, u32)> {
        self.steps.iter().enumerate().flat_map(|(step, rows)| rows.iter().map(move |row| (step, *row)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_steps_are_forgotten_and_a_gap_begins_anew() {
        let mut raster = Raster::default();
        for step in 7..12 {
            raster.step(step, vec![u32::try_from(step).unwrap()], 3);
        }
        assert_eq!(raster.steps(), Some((9, 12)));
        assert_eq!(raster.spikes().collect::<Vec<_>>(), [(0, 9), (1, 10), (2, 11)]);
        raster.step(20, vec![1, 2], 3);
        assert_eq!(raster.steps(), Some((20, 21)));
        assert_eq!(raster.spikes().collect::<Vec<_>>(), [(0, 1), (0, 2)]);
    }
}
