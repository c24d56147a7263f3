//! Memory of its own for a part of a chip.
//!
//! The parts of a chip lie behind one another. A processor that computes one also fetches what comes behind it, which is the state
//! of the next part, and so slows down the processor that computes that. In a room of its own a part has no such neighbour.

use super::part::Part;
use crate::arena::{Carver, TooSmall};
use crate::compartment::Block;
use crate::image::COMPARTMENTS_PER_CORE;
use core::mem;

/// What changes in every step: blocks, refractory steps, and synaptic sums, followed by spare sums for one whole core.
#[derive(Debug)]
pub(super) struct Room<'p> {
    blocks: &'p mut [Block],
    refractory: &'p mut [u8],
    rings_64: &'p mut [i16],
}

impl<'p> Part<'p> {
    /// Bytes of a room for it.
    pub fn room_bytes(&self) -> usize {
        let mut counting = Carver::counting();
        // Counting needs no memory.
        let _nothing = self.carve(&mut counting);
        counting.used()
    }

    /// Moves to a room, from which [`Part::computed`] moves back.
    ///
    /// # Errors
    /// [`TooSmall`] if it has less than [`Part::room_bytes`] from its first multiple of [`ALIGNMENT`](crate::arena::ALIGNMENT) on; the
    /// part then stays where it is.
    pub fn move_to_room(&mut self, room: &'p mut [u8]) -> Result<(), TooSmall> {
        let room = self.carve(&mut Carver::new(room))?;
        self.move_back();
        let state = &mut self.chip.state;
        room.rings_64.get_mut(state.accumulators.rings_64.len()..).unwrap_or_default().fill(0);
        self.short_first = mem::replace(&mut state.accumulators.own.short_first, usize::MAX);
        self.home = Some(self.swap_memory(room));
        Ok(())
    }

    /// Moves to where it came from.
    pub(super) fn move_back(&mut self) {
        if let Some(home) = self.home.take() {
            let _room = self.swap_memory(home);
            self.chip.state.accumulators.own.short_first = self.short_first;
        }
    }

    /// Copies the state to another place, and gives what it leaves.
    fn swap_memory(&mut self, Room { blocks, refractory, rings_64 }: Room<'p>) -> Room<'p> {
        let state = &mut self.chip.state;
        copy(blocks, state.blocks);
        copy(refractory, state.refractory);
        copy(rings_64, state.accumulators.rings_64);
        Room {
            blocks: mem::replace(&mut state.blocks, blocks),
            refractory: mem::replace(&mut state.refractory, refractory),
            rings_64: mem::replace(&mut state.accumulators.rings_64, rings_64),
        }
    }

    fn carve(&self, carver: &mut Carver<'p>) -> Result<Room<'p>, TooSmall> {
        let state = &self.chip.state;
        let (own, rings) = (state.accumulators.own, state.accumulators.rings_64.len());
        let cores = self.chip.image.cores().skip(own.core_first).take(own.cores);
        // Every axon without delays then is of the common kind (`axon.rs`).
        let ends = cores.map(|core| own.placed(core).ring().end.saturating_add(COMPARTMENTS_PER_CORE));
        Ok(Room {
            blocks: carver.take(state.blocks.len())?,
            refractory: carver.take(state.refractory.len())?,
            rings_64: carver.take(ends.fold(rings, usize::max))?,
        })
    }
}

/// Copies as many elements as there are.
fn copy<T: Copy>(to: &mut [T], from: &[T]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}
