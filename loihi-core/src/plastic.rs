//! What plastic synapses remember: weights, tags, delays, traces.
//!
//! The groups of an image lie one after the other: their axons in [`Plastic::pre`], their synapses in the three
//! variables, their post traces in [`Plastic::post`]. Tags and delays take room only in an image one of whose rules reads or
//! changes them, or has Lava's ranges of them; else tags are 0, and delays those of the image.

use crate::arena::Stack;
use crate::feature::PARTS;
use crate::image::{Dialect, Image, LearningRecord, ProductRecord, Synapse, index};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Traces of an input axon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Pre {
    /// x1 and x2, 0..=127.
    pub x: [i16; 2],
    /// Step of the last spike within the epoch, from 1; 0 if there was none.
    pub time: i16,
    /// Nothing.
    pub reserved: i16,
}

/// Traces of a compartment, or of a synapse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Post {
    /// y1, y2, y3: 0..=127 as traces, −128..=127 where the embedded CPU writes them.
    pub y: [i16; 3],
    /// Step of the last spike within the epoch, from 1; 0 if there was none.
    pub time: i16,
    /// Whether a spike of the last step is still to be seen.
    pub late: i16,
    /// Which profile of the rule applies, 0..=7.
    pub profile: i16,
}

/// The plastic synapses of a chip.
#[derive(Debug)]
pub struct Plastic<'a> {
    /// Mantissas of the weights.
    pub weights: &'a mut [i16],
    /// Tags, or nothing if no rule uses them.
    pub tags: &'a mut [i16],
    /// Delays, or nothing if no rule uses them.
    pub delays: &'a mut [i16],
    /// Traces of axons.
    pub pre: &'a mut [Pre],
    /// Post traces.
    pub post: &'a mut [Post],
    /// Room for the post traces of one epoch of the largest group; means nothing between steps.
    pub history: &'a mut [i16],
    /// Plastic axons that were reached by a spike in this step.
    pub arrived: Stack<'a, u32>,
    /// Axons, synapses and post traces of the chip before the first ones here: more than 0 in a part that is computed apart.
    pub before: [usize; 3],
}

/// Values per post and step in [`Plastic::history`]: y1, y2, y3, and the time of the last spike.
pub const HISTORY: usize = 4;

/// Elements of the slices of [`Plastic`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lengths {
    /// Synapses: elements of [`Plastic::weights`].
    pub synapses: usize,
    /// As many as synapses, or none.
    pub tags: usize,
    /// As many as synapses, or none.
    pub delays: usize,
    /// Axons.
    pub axons: usize,
    /// Post traces.
    pub posts: usize,
    /// Elements of [`Plastic::history`].
    pub history: usize,
}

/// Elements of each slice that an image needs.
pub fn lengths(image: &Image<'_>) -> Lengths {
    let last = image.learning().last();
    let [axons, synapses, posts] = last.map_or([0; 3], |group| {
        let [axons, synapses, posts] = group.before;
        [axons.saturating_add(group.axons), synapses.saturating_add(group.synapses), posts.saturating_add(group.posts)]
    });
    let history = |group: LearningRecord| index(group.epoch_steps).saturating_mul(HISTORY).saturating_mul(group.posts);
    // Room for a whole chunk of lanes behind the last post trace.
    let longest = image.learning().map(history).max().map_or(0, |longest| longest.saturating_add(16));
    let if_used = |uses: fn(&ProductRecord) -> bool| {
        // In Lava they are matrices that a host fills, whatever the rule is.
        let is_used = |group: LearningRecord| {
            group.dialect.has(Dialect::LAVA_RANGES) || image.products(&group).any(|product| uses(&product))
        };
        if image.learning().any(is_used) { synapses } else { 0 }
    };
    Lengths {
        synapses,
        tags: if_used(ProductRecord::uses_tags),
        delays: if_used(ProductRecord::uses_delays),
        axons,
        posts,
        history: longest,
    }
}

impl<'a> Plastic<'a> {
    /// No plastic synapses.
    pub fn nothing() -> Self {
        Self {
            weights: &mut [],
            tags: &mut [],
            delays: &mut [],
            pre: &mut [],
            post: &mut [],
            history: &mut [],
            arrived: Stack::with_len(&mut [], 0),
            before: [0; 3],
        }
    }

    /// Those of the first groups and those of the others, which take `history` and `arrived`: as many axons, synapses and post traces
    /// belong to the first; `None` if there are fewer.
    pub fn split(
        self,
        [axons, synapses, posts]: [usize; 3],
        history: &'a mut [i16],
        arrived: &'a mut [u32],
    ) -> Option<[Self; 2]> {
        let [axons_before, synapses_before, posts_before] = self.before;
        let axon_first = axons_before.wrapping_add(axons);
        let before = [axon_first, synapses_before.wrapping_add(synapses), posts_before.wrapping_add(posts)];
        let (tags, delays) = (synapses.min(self.tags.len()), synapses.min(self.delays.len()));
        let (weights, weights_back) = self.weights.split_at_mut_checked(synapses)?;
        let (tags, tags_back) = self.tags.split_at_mut_checked(tags)?;
        let (delays, delays_back) = self.delays.split_at_mut_checked(delays)?;
        let (pre, pre_back) = self.pre.split_at_mut_checked(axons)?;
        let (post, post_back) = self.post.split_at_mut_checked(posts)?;
        let mut arrived_here = self.arrived;
        let mut arrived = Stack::with_len(arrived, 0);
        arrived_here.retain(|axon| {
            let stays = index(axon) < axon_first;
            // There is as much room as in all of the chip.
            let _moved = !stays && arrived.push(axon);
            stays
        });
        let back = Self {
            weights: weights_back,
            tags: tags_back,
            delays: delays_back,
            pre: pre_back,
            post: post_back,
            history,
            arrived,
            before,
        };
        let (history, before) = (self.history, self.before);
        let front = Self { weights, tags, delays, pre, post, history, arrived: arrived_here, before };
        Some([front, back])
    }
}

impl Plastic<'_> {
    /// Where the axons, the synapses and the post traces of a group begin in these slices.
    #[inline]
    pub fn first_of(&self, group: &LearningRecord) -> [usize; 3] {
        if !PARTS {
            return group.before;
        }
        let [axons, synapses, posts] = group.before;
        let [axons_before, synapses_before, posts_before] = self.before;
        // Axons of other parts wrap to places beyond the slice.
        [axons.wrapping_sub(axons_before), synapses.wrapping_sub(synapses_before), posts.wrapping_sub(posts_before)]
    }

    /// Weights and delays as in the image, no tags.
    pub fn reset_synapses(&mut self, image: &Image<'_>) {
        self.tags.fill(0);
        for group in image.learning() {
            let [_, first, _] = group.before;
            let words = image.sparse.get(group.synapse_first..).unwrap_or_default();
            let synapses = || words.iter().take(group.synapses).map(|word| Synapse::from_word(*word));
            let weights = self.weights.get_mut(first..).unwrap_or_default();
            weights.iter_mut().zip(synapses()).for_each(|(weight, synapse)| *weight = synapse.weight);
            let delays = self.delays.get_mut(first..).unwrap_or_default();
            for (delay, synapse) in delays.iter_mut().zip(synapses()) {
                *delay = i16::try_from(synapse.delay).unwrap_or(0);
            }
        }
    }

    /// No traces, no spikes.
    pub fn reset_traces(&mut self) {
        self.pre.fill(Pre::default());
        self.post.fill(Post::default());
        self.history.fill(0);
        self.arrived.clear();
    }
}
