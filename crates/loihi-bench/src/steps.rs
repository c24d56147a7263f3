//! Steps of a timed network: one by one, or on several threads.

use loihi_core::chip::Chip;
use loihi_core::device::Between;
use loihi_device::wide::{self, Registers};

/// Computes steps with these inputs one by one, on one thread; `before` is called before each with its number.
pub(super) fn one_by_one(chip: &mut Chip<'_>, inputs: &[Vec<usize>], before: impl Fn(&mut Chip<'_>, usize)) {
    for (number, inputs) in inputs.iter().enumerate() {
        before(chip, number);
        for input in inputs {
            chip.inject(*input);
        }
        wide::step(chip);
    }
}

/// Computes steps with these inputs on `threads` threads, at most one per core of the network; 0 chooses the number by its size.
/// Returns the number used.
pub(super) fn on_threads(chip: &mut Chip<'_>, inputs: &[Vec<usize>], threads: usize) -> usize {
    let mut rest = Rest(inputs);
    let ran = Registers::Widest.run_in_parts(chip, threads, &mut rest);
    one_by_one(chip, rest.0, |_, _| {});
    ran
}

/// Inputs of the steps that are left.
struct Rest<'i>(&'i [Vec<usize>]);

impl Between for Rest<'_> {
    fn left(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    fn inputs(&mut self, put: &mut dyn FnMut(u32)) {
        for input in self.0.first().into_iter().flatten() {
            put(u32::try_from(*input).unwrap_or(u32::MAX));
        }
    }

    fn computed(&mut self, _spikes: &[u32]) -> bool {
        self.0 = self.0.get(1..).unwrap_or_default();
        !self.0.is_empty()
    }
}
