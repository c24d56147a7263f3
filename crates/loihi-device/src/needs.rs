//! What a network takes of a device: memory, and parts of the chip that a firmware may be without.

use loihi_boards::Board;
use loihi_boards::fit::{Fit, Holders};
use loihi_core::chip::Chip;
use loihi_core::feature::Feature;
use loihi_core::image::ImageError;
use loihi_core::rules;
use loihi_image::image::ImageFile;

/// What a network takes of a device.
///
/// ```
/// use loihi_core::image::Profile;
/// use loihi_device::needs::NetworkNeeds;
/// use loihi_image::image::ImageBuilder;
///
/// let mut builder = ImageBuilder::new();
/// builder.group(100, Profile::DEFAULT);
/// let needs = NetworkNeeds::of(&builder.build()?)?;
/// assert!(needs.arena_bytes() >= needs.image_bytes + needs.state_bytes);
/// assert!(needs.features.is_empty(), "nothing learns");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkNeeds {
    /// Bytes of the image: in the arena, or in flash.
    pub image_bytes: usize,
    /// Bytes of the state, in the arena.
    pub state_bytes: usize,
    /// Features of `loihi-core`, by their names: of the chip, then programs of the embedded CPU.
    pub features: Vec<String>,
}

impl NetworkNeeds {
    /// Of a network.
    ///
    /// # Errors
    /// None for an image that [`ImageBuilder::build`](loihi_image::image::ImageBuilder::build) made.
    pub fn of(file: &ImageFile) -> Result<Self, ImageError> {
        let image = file.open()?;
        let parts = Feature::ALL.into_iter().filter(|feature| image.needs(*feature)).map(Feature::name);
        let programs = rules::OPTIONAL.iter().filter(|name| image.snips().any(|snip| snip.name.is(name)));
        Ok(Self {
            image_bytes: file.bytes().len(),
            state_bytes: Chip::bytes_needed(&image, file.snips()),
            features: parts.chain(programs.copied()).map(str::to_owned).collect(),
        })
    }

    /// Bytes of the arena that image and state take together.
    pub const fn arena_bytes(&self) -> usize {
        self.image_bytes.next_multiple_of(8) + self.state_bytes
    }

    /// How it fits a board.
    pub fn fit(&self, board: &Board) -> Fit {
        board.fit(self.image_bytes as u64, self.state_bytes as u64, &self.features)
    }

    /// The boards that hold it.
    pub fn holders(&self) -> Holders {
        Holders::of(self.image_bytes as u64, self.state_bytes as u64, &self.features)
    }
}
