//! The network of an experiment once more in this process, with decoders in double precision on its spikes.

use super::ExperimentError;
use super::float_pes::FloatPes;
use loihi_core::chip::Chip;
use loihi_device::session::SessionError;
use loihi_image::image::ImageFile;
use zerocopy::IntoBytes as _;

/// A chip whose own decoders do not learn, and the decoders that do.
pub(super) struct FloatReference<'a> {
    pub(super) chip: Chip<'a>,
    pub(super) float: FloatPes,
}

impl<'a> FloatReference<'a> {
    /// A chip with the network of an image. `memory` is made as large as the chip needs.
    ///
    /// # Errors
    /// None for an image that [`loihi_image::image::ImageBuilder::build`] made.
    pub(super) fn new(file: &'a ImageFile, memory: &'a mut Vec<u64>, float: FloatPes) -> Result<Self, ExperimentError> {
        let image = file.open().map_err(SessionError::from)?;
        memory.resize(Chip::bytes_needed(&image, file.snips()).div_ceil(8), 0);
        let mut chip = Chip::new(image, file.snips(), memory.as_mut_bytes())?;
        chip.set_learning(false);
        Ok(Self { chip, float })
    }

    /// A step of both; learns if there are targets.
    pub(super) fn step(&mut self, targets: Option<&[f64]>) {
        self.chip.step();
        self.float.step(&self.chip, targets);
    }
}
