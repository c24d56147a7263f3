//! All registers of a chip, as slices of one memory.

use crate::arena::{Carver, Stack, TooSmall};
use crate::compartment::{Block, LANES};
use crate::dendrite::SLOT;
use crate::image::Image;
use crate::snip::{Snip as _, SnipKind};

/// The registers, core after core.
#[derive(Debug)]
pub(crate) struct State<'a> {
    /// What the snips have learned, in their order.
    pub(crate) learned: &'a mut [i32],
    /// What else the snips remember, in their order.
    pub(crate) working: &'a mut [i32],
    /// Currents, voltages and biases: per core whole blocks.
    pub(crate) blocks: &'a mut [Block],
    /// Refractory steps left, by place.
    pub(crate) refractory: &'a mut [u8],
    /// Dendritic accumulators: per core its slots.
    pub(crate) rings: &'a mut [i16],
    /// Compartments that fired in the last step.
    pub(crate) spikes: Stack<'a, u32>,
    /// Places of the compartments that are refractory.
    pub(crate) resting: Stack<'a, u32>,
    /// Mailbox for encoders.
    pub(crate) stimulus: &'a mut [i16],
    /// Mailbox for learning rules.
    pub(crate) target: &'a mut [i16],
    /// Mailbox of readouts.
    pub(crate) output: &'a mut [i32],
}

impl<'a> State<'a> {
    /// Carves the registers; two stacks begin with as many elements as they had.
    pub(crate) fn carve(
        image: &Image<'_>,
        carver: &mut Carver<'a>,
        spikes: usize,
        resting: usize,
    ) -> Result<Self, TooSmall> {
        let compartments = image.compartments();
        let blocks = image.cores().map(|core| core.blocks()).fold(0, usize::saturating_add);
        let slots = image.cores().map(|core| core.slots).fold(0, usize::saturating_add);
        let (learned, working) = image
            .snips()
            .filter_map(|record| SnipKind::from_record(&record))
            .map(|snip| (snip.learned_words(), snip.working_words()))
            .fold((0_usize, 0_usize), |sum, words| (sum.0.saturating_add(words.0), sum.1.saturating_add(words.1)));
        Ok(Self {
            learned: carver.take(learned)?,
            working: carver.take(working)?,
            blocks: carver.take(blocks)?,
            refractory: carver.take(blocks.saturating_mul(LANES))?,
            rings: carver.take(slots.saturating_mul(SLOT))?,
            spikes: Stack::with_len(carver.take(compartments)?, spikes),
            resting: Stack::with_len(carver.take(compartments)?, resting),
            stimulus: carver.take(image.stimulus_words)?,
            target: carver.take(image.target_words)?,
            output: carver.take(image.output_words)?,
        })
    }

    /// Everything but what was learned, the biases and the snips' working memory to zero.
    pub(crate) fn reset(&mut self) {
        for [currents, voltages, _] in self.blocks.iter_mut() {
            currents.fill(0);
            voltages.fill(0);
        }
        self.refractory.fill(0);
        self.rings.fill(0);
        self.spikes.clear();
        self.resting.clear();
        self.stimulus.fill(0);
        self.target.fill(0);
        self.output.fill(0);
    }
}

/// The bias register of a compartment.
pub(crate) fn bias_register<'b>(image: &Image<'_>, blocks: &'b mut [Block], compartment: usize) -> Option<&'b mut i32> {
    let mut block_first = 0_usize;
    for core in image.cores() {
        if let Some(at) = compartment.checked_sub(core.compartment_first)
            && at < core.compartments
        {
            let [_, _, biases] = blocks.get_mut(block_first.wrapping_add(at / LANES))?;
            return biases.get_mut(at % LANES);
        }
        block_first = block_first.wrapping_add(core.blocks());
    }
    None
}
