//! A layer of plastic synapses that placement has spread over several cores: consecutive plastic groups with the same
//! axons, each with posts of its own.
//!
//! Posts are numbered within the whole layer, part after part. So are their synapses and post traces: those of one part
//! follow those of the part before.

use super::Layer;
use super::layer::profile_of;
use super::packed::post_of;
use crate::compartment::Block;
use crate::image::{Image, LearningRecord, Route};

/// A layer in one or more parts, each a plastic group.
///
/// A rule names the first group and the number of posts of the whole layer; the parts are the groups from there on until
/// there are as many posts.
///
/// ```
/// # use loihi_core::image::{Image, Parameter, index};
/// # use loihi_core::tools::Parts;
/// # fn check(image: &Image<'_>, group: u32, posts: u32) -> Result<(), Parameter> {
/// let layer = Parts::checked(image, index(group), index(posts)).ok_or(Parameter("group"))?;
/// let posts: usize = layer.iter().map(|part| part.layer.posts).sum();
/// assert_eq!(posts, layer.posts);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Parts<'i> {
    image: &'i Image<'i>,
    group_first: usize,
    first: Layer,
    /// Posts of all parts.
    pub posts: usize,
}

/// One part of a layer.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// The group; it numbers its posts from 0.
    pub layer: Layer,
    /// Number of its first post within the whole layer.
    pub post_first: usize,
}

impl<'i> Parts<'i> {
    /// The layer of `posts` posts whose first part is the group of this number; `None` if that is not there.
    pub fn of(image: &'i Image<'i>, group_first: usize, posts: usize) -> Option<Self> {
        Some(Self { image, group_first, first: Layer::of(image, group_first)?, posts })
    }

    /// The layer, if the posts of its parts are as many, every part is one that [`Layer::checked`] accepts, and all have
    /// the same axons, with the same sources in the same order, and the same profile: for the check of a program's
    /// parameters.
    pub fn checked(image: &'i Image<'i>, group_first: usize, posts: usize) -> Option<Self> {
        Layer::checked(image, group_first)?;
        let layer = Self::of(image, group_first, posts)?;
        let first = image.learning_group(group_first)?;
        let profile = profile_of(image, &first);
        let (mut number, mut covered) = (group_first, first.posts);
        while covered < posts {
            number = number.checked_add(1)?;
            Layer::checked(image, number)?;
            let group = image.learning_group(number)?;
            let is_part = profile_of(image, &group) == profile && has_same_sources(image, &first, &group);
            covered = covered.checked_add(if is_part { group.posts } else { return None })?;
        }
        (covered == posts).then_some(layer)
    }

    /// Its parts, in order.
    pub fn iter(&self) -> impl Iterator<Item = Part> + use<'i> {
        let Self { image, group_first, first, posts } = *self;
        let first = Part { layer: first, post_first: 0 };
        let mut number = group_first;
        core::iter::successors(Some(first), move |part| {
            let post_first = part.post_first.wrapping_add(part.layer.posts);
            if post_first >= posts {
                return None;
            }
            number = number.wrapping_add(1);
            Some(Part { layer: Layer::of(image, number)?, post_first })
        })
    }

    /// Its first part, which is all of it on a single core. Synapses and post traces of the layer begin with its own;
    /// threshold and refractory period are those of all parts.
    pub const fn first(&self) -> &Layer {
        &self.first
    }

    /// Axons of every part.
    pub const fn axons(&self) -> usize {
        self.first.axons
    }

    /// The axons that a source enters, a compartment or, after all of those, an input.
    pub(super) fn entered(&self, source: usize) -> impl Iterator<Item = usize> + use<'i> {
        let image = self.image;
        let group = image.learning_group(self.group_first);
        group.into_iter().flat_map(move |group| entered(image, &group, source))
    }

    /// Its axons among plastic axons that were reached by spikes; a spike reaches all parts.
    pub fn arrivals<'s>(&self, arrived: &'s [u32]) -> impl Iterator<Item = usize> + use<'s> {
        self.first.arrivals(arrived)
    }

    /// Counts them, axon by axon; counts stop at `most`.
    #[inline]
    pub fn count_arrivals(&self, arrived: &[u32], most: i32, counts: &mut [i32]) {
        for axon in self.arrivals(arrived) {
            if let Some(count) = counts.get_mut(axon) {
                *count = count.wrapping_add(1).min(most);
            }
        }
    }

    /// Its posts among compartments that fired, ascending.
    pub fn fired<'s>(&self, spikes: &'s [u32]) -> impl Iterator<Item = usize> + use<'i, 's> {
        self.iter()
            .flat_map(|Part { layer, post_first }| layer.fired(spikes).map(move |post| post.wrapping_add(post_first)))
    }

    /// The voltages of the posts.
    pub fn voltages<'b>(&self, blocks: &'b [Block]) -> impl Iterator<Item = i32> + use<'i, 'b> {
        self.iter().flat_map(move |part| part.layer.voltages(blocks))
    }

    /// Copies the voltages of the posts.
    pub fn copy_voltages(&self, blocks: &[Block], into: &mut [i32]) {
        for part in self.iter() {
            part.layer.copy_voltages(blocks, part.of_posts(into));
        }
    }

    /// Replaces the voltages of the step before by those of this step, before any spike took them back. `room` has
    /// as many words.
    pub fn replace_voltages(&self, blocks: &[Block], spikes: &[u32], voltages: &mut [i32], room: &mut [i32]) {
        for part in self.iter() {
            part.layer.replace_voltages(blocks, spikes, part.of_posts(voltages), part.of_posts(room));
        }
    }
}

impl Part {
    /// The words of its posts, of a word for each post of the whole layer.
    pub fn of_posts<'w>(&self, words: &'w mut [i32]) -> &'w mut [i32] {
        words.get_mut(self.post_first..self.post_first.wrapping_add(self.layer.posts)).unwrap_or_default()
    }

    /// The values of an axon's synapses, of one for each synapse of the chip from `synapse_first` on.
    ///
    /// They come with as many values before them as there are posts in the parts before, so that each post has the place
    /// of its number; those are of other synapses.
    pub fn row<'w>(&self, values: &'w mut [i16], synapse_first: usize, axon: usize) -> &'w mut [i16] {
        // A part before has a synapse from every axon, so that there are as many.
        let own = self.layer.synapse_first.wrapping_add(axon.wrapping_mul(self.layer.posts));
        let first = own.wrapping_sub(synapse_first).wrapping_sub(self.post_first);
        let end = first.wrapping_add(self.post_first).wrapping_add(self.layer.posts);
        values.get_mut(first..end).unwrap_or_default()
    }

    /// The posts of a list ([`packed`](super::rank_one::packed), ascending) that are its own, and how many come before.
    pub fn listed<'l>(&self, posts: &'l [i32]) -> (usize, &'l [i32]) {
        let below = |number: usize| posts.partition_point(|entry| post_of(*entry) < number);
        let before = below(self.post_first);
        let after = below(self.post_first.wrapping_add(self.layer.posts));
        (before, posts.get(before..after).unwrap_or_default())
    }
}

/// The axons of a group that a source enters, counted from the first of the group.
fn entered<'i>(image: &Image<'i>, group: &LearningRecord, source: usize) -> impl Iterator<Item = usize> + use<'i> {
    let (first, axons) = (group.axon_first, group.axons);
    let atom_bits = image.atom_bits;
    let axons_of = image.routes(source).iter().map(move |word| Route::from_word(*word, atom_bits).axon);
    let numbers = axons_of.map(move |axon| axon.wrapping_sub(first));
    numbers.filter(move |axon| *axon < axons)
}

/// Whether two groups have as many axons, and every source enters both by the axons of the same numbers.
fn has_same_sources(image: &Image<'_>, one: &LearningRecord, other: &LearningRecord) -> bool {
    let sources = image.compartments().saturating_add(image.inputs);
    let same = |source: usize| entered(image, one, source).eq(entered(image, other, source));
    one.axons == other.axons && (0..sources).all(same)
}
