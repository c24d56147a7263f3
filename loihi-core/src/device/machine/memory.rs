//! Where an image and its chip lie.

use super::word;
use crate::arena::ALIGNMENT;
use crate::chip::Chip;
use crate::device::Board;
use crate::image::Image;
use crate::snip::SnipType;
use zerocopy::IntoBytes as _;

/// Where the image of a chip lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the first `bytes` bytes of the arena.
    Arena { bytes: usize },
    /// Where the board carries it.
    Board,
}

pub(super) fn bytes_of<A: AsMut<[u64]>>(arena: &mut A) -> &mut [u8] {
    arena.as_mut().as_mut_bytes()
}

/// Bytes of the arena that an image there and the chip that runs it take.
pub(super) fn used(place: Place, image: &Image<'_>, snips: &[SnipType]) -> u32 {
    let image_bytes = match place {
        Place::Arena { bytes } => padded(bytes),
        Place::Board => 0,
    };
    word(image_bytes.saturating_add(Chip::bytes_needed(image, snips)))
}

fn padded(bytes: usize) -> usize {
    bytes.saturating_add(ALIGNMENT - 1) & !(ALIGNMENT - 1)
}

/// The image, and the memory for its chip.
pub(super) fn parts<'m, A: AsMut<[u64]>>(
    arena: &'m mut A,
    board: &Board,
    place: Place,
) -> Option<(&'m [u8], &'m mut [u8])> {
    let arena = bytes_of(arena);
    match place {
        Place::Board => Some((board.image, arena)),
        Place::Arena { bytes } => {
            let (front, memory) = arena.split_at_mut_checked(padded(bytes))?;
            Some((front.get(..bytes)?, memory))
        }
    }
}
