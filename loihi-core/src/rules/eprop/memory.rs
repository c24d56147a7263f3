//! What e-prop remembers besides what it has learned, and the layer's two groups.

use super::{Eprop, EpropParams, block};
use crate::image::{Image, index};
use crate::tools::Layer;
use zerocopy::{FromBytes as _, IntoBytes as _};

/// The working memory, cut up.
pub(super) struct Memory<'w> {
    /// Steps since the reset.
    pub(super) clock: &'w mut i32,
    /// z̄ of the inputs.
    pub(super) input_traces: &'w mut [i32],
    /// z̄ of the posts, whose spikes arrive a step later.
    pub(super) traces: &'w mut [i32],
    /// Voltages before the step.
    pub(super) voltages: &'w mut [i32],
    /// Spikes for the rate term.
    pub(super) counts: &'w mut [i32],
    /// Errors that are not 0, packed.
    pub(super) errors: &'w mut [i32],
    /// Posts with a factor in the block.
    pub(super) list: &'w mut [i32],
    /// Σ over the block for the readouts' weights.
    pub(super) readout_sums: &'w mut [i32],
    /// Pre factors of the block: inputs, then posts.
    pub(super) pre: &'w mut [[i16; block::STEPS]],
    /// Post factors of the block; ψ and L of the step instead where synapses have a memory of their own.
    pub(super) factors: &'w mut [i32],
    /// By how much thresholds are raised; empty without adaptation.
    pub(super) rises: &'w mut [i32],
    /// Eligibilities: input group, then recurrent group; empty where synapses have no memory of their own.
    pub(super) eligibilities: &'w mut [i16],
    /// Their sums over the block.
    pub(super) sums: &'w mut [i32],
    /// Eligibilities of the thresholds, of the same synapses; empty without adaptation.
    pub(super) of_thresholds: &'w mut [i32],
}

/// The two groups, which have the same posts.
pub(super) struct Layers {
    /// From outside.
    pub(super) input: Layer,
    /// Among the posts.
    pub(super) recurrent: Layer,
}

impl Layers {
    pub(super) fn of(image: &Image<'_>, params: &EpropParams) -> Option<Self> {
        let input = Layer::of(image, index(params.input_group))?;
        Some(Self { input, recurrent: Layer::of(image, index(params.recurrent_group))? })
    }
}

/// Slices of 16 bits in words.
pub(super) fn halves(words: &mut [i32]) -> &mut [i16] {
    <[i16]>::mut_from_bytes(words.as_mut_bytes()).unwrap_or_default()
}

impl Eprop {
    /// Cuts the working memory up; `None` if there is not enough.
    pub(super) fn memory<'w>(&self, working: &'w mut [i32]) -> Option<Memory<'w>> {
        let (clock, rest) = working.split_first_mut()?;
        let (input_traces, rest) = rest.split_at_mut_checked(self.inputs)?;
        let (traces, rest) = rest.split_at_mut_checked(self.posts)?;
        let (voltages, rest) = rest.split_at_mut_checked(self.posts)?;
        let (counts, rest) = rest.split_at_mut_checked(self.posts)?;
        let (list, rest) = rest.split_at_mut_checked(self.posts)?;
        let (errors, rest) = rest.split_at_mut_checked(self.outputs)?;
        let (readout_sums, rest) = rest.split_at_mut_checked(self.outputs.saturating_mul(self.posts))?;
        let (pre, rest) = rest.split_at_mut_checked(block::words(self.axons()))?;
        let (factors, rest) = rest.split_at_mut_checked(block::words(self.posts))?;
        let (rises, rest) = rest.split_at_mut_checked(if self.adapts { self.posts } else { 0 })?;
        let (eligibilities, rest) = rest.split_at_mut_checked(self.synapses().div_ceil(2))?;
        let (sums, of_thresholds) = rest.split_at_mut_checked(self.synapses())?;
        let pre = halves(pre).as_chunks_mut().0;
        let eligibilities = halves(eligibilities).get_mut(..self.synapses())?;
        Some(Memory {
            clock,
            input_traces,
            traces,
            voltages,
            counts,
            errors,
            list,
            readout_sums,
            pre,
            factors,
            rises,
            eligibilities,
            sums,
            of_thresholds,
        })
    }

    /// Words of it.
    pub(super) fn memory_words(&self) -> usize {
        let synapses = self.synapses();
        let of_posts = self.posts.saturating_mul(self.outputs.saturating_add(4));
        let [rises, of_thresholds] = if self.adapts { [self.posts, synapses] } else { [0; 2] };
        [
            1,
            self.inputs,
            self.outputs,
            of_posts,
            block::words(self.axons()),
            block::words(self.posts),
            rises,
            synapses.div_ceil(2),
            synapses,
            of_thresholds,
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }
}
