//! A chip that runs an image in this process, register by register.

use host_harness::image::{ImageBuilder, ImageFile};
use loihi_core::chip::Chip;
use loihi_core::register::Register;
use zerocopy::IntoBytes as _;

/// A chip and all that it borrows.
pub(crate) struct Running {
    chip: Chip<'static>,
    /// Spikes since the beginning.
    pub(crate) spikes_total: usize,
}

impl Running {
    /// Builds the network and starts the chip.
    pub(crate) fn new(builder: ImageBuilder) -> Self {
        // A test lives shorter than what it leaks.
        let file: &'static ImageFile = Box::leak(Box::new(builder.build().unwrap()));
        let image = file.open().unwrap();
        let memory = vec![0_u64; Chip::bytes_needed(&image, file.snips()).div_ceil(8)].leak();
        Self { chip: Chip::new(image, file.snips(), memory.as_mut_bytes()).unwrap(), spikes_total: 0 }
    }

    /// Sends a spike into an external input.
    pub(crate) fn inject(&mut self, input: usize) {
        self.chip.inject(input);
    }

    /// Computes a step and returns the compartments that fired.
    pub(crate) fn step(&mut self) -> Vec<u32> {
        self.chip.step();
        self.spikes_total += self.chip.spikes().len();
        self.chip.spikes().to_vec()
    }

    /// All words of a register.
    pub(crate) fn read(&self, register: Register) -> Vec<i32> {
        let mut words = Vec::new();
        self.chip.visit(register, |word| words.push(word));
        words
    }

    /// The chip.
    pub(crate) fn chip(&mut self) -> &mut Chip<'static> {
        &mut self.chip
    }
}
