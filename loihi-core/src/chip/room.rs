//! Memory of its own for the state of a part of a chip.
//!
//! The parts of a chip lie behind one another. A processor that computes one also fetches what comes behind it, which is the state
//! of the next part, and so slows down the processor that computes that. In a room of its own a part has no such neighbour.

use super::state::State;
use crate::arena::{Carver, TooSmall};
use crate::compartment::Block;
use crate::image::{COMPARTMENTS_PER_CORE, Image};
use core::mem;

/// What changes in every step: blocks, refractory steps, and synaptic sums, followed by spare sums for one whole core.
#[derive(Debug)]
pub(super) struct Room<'p> {
    blocks: &'p mut [Block],
    refractory: &'p mut [u8],
    rings_64: &'p mut [i16],
}

impl<'p> Room<'p> {
    /// Room for this state.
    pub(super) fn carve(image: &Image<'_>, state: &State<'p>, carver: &mut Carver<'p>) -> Result<Self, TooSmall> {
        let (own, rings) = (state.accumulators.own, state.accumulators.rings_64.len());
        let cores = image.cores().skip(own.core_first).take(own.cores);
        // Every axon without delays then is of the common kind (`axon.rs`).
        let ends = cores.map(|core| own.placed(core).ring().end.saturating_add(COMPARTMENTS_PER_CORE));
        Ok(Self {
            blocks: carver.take(state.blocks.len())?,
            refractory: carver.take(state.refractory.len())?,
            rings_64: carver.take(ends.fold(rings, usize::max))?,
        })
    }

    /// Moves the state here, and returns the memory that it leaves.
    pub(super) fn take_in(self, state: &mut State<'p>) -> Self {
        let Self { blocks, refractory, rings_64 } = self;
        copy(blocks, state.blocks);
        copy(refractory, state.refractory);
        copy(rings_64, state.accumulators.rings_64);
        rings_64.get_mut(state.accumulators.rings_64.len()..).unwrap_or_default().fill(0);
        Self {
            blocks: mem::replace(&mut state.blocks, blocks),
            refractory: mem::replace(&mut state.refractory, refractory),
            rings_64: mem::replace(&mut state.accumulators.rings_64, rings_64),
        }
    }
}

/// Copies as many elements as there are.
fn copy<T: Copy>(to: &mut [T], from: &[T]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}
