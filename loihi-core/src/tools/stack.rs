//! Layers one upon the other: the axons of each are the posts of the layer below.

use super::{Part, Parts};
use crate::image::{Image, index};

/// Words of constants that name a layer: its first group, its posts.
const WORDS: usize = 2;

/// A stack of layers, from the lowest up, each in one or more parts.
///
/// The image's constants hold two words for each, one layer after the other: the first plastic group, the number of posts
/// on all cores.
#[derive(Clone, Copy, Debug)]
pub struct Stack<'i> {
    image: &'i Image<'i>,
    layers: &'i [[i32; WORDS]],
}

impl Stack<'_> {
    /// Words of constants that name this many layers.
    pub const fn words(layers: usize) -> usize {
        layers.saturating_mul(WORDS)
    }
}

impl<'i> Stack<'i> {
    /// The stack of this many layers that the constants from `data_first` on name; with fewer layers if there are fewer
    /// constants.
    pub fn of(image: &'i Image<'i>, data_first: usize, layers: usize) -> Self {
        let words = image.data(data_first, Self::words(layers));
        Self { image, layers: words.as_chunks().0 }
    }

    /// The stack, if there are constants for it, every layer is one that [`Parts::checked`] accepts, and the axons of each
    /// but the lowest are reached by the posts of the layer below, in their order and by nothing else.
    pub fn checked(image: &'i Image<'i>, data_first: usize, layers: usize) -> Option<Self> {
        let stack = Self::of(image, data_first, layers);
        let mut below: Option<Parts<'_>> = None;
        for &[group, posts] in stack.layers {
            let layer = Parts::checked(image, usize::try_from(group).ok()?, usize::try_from(posts).ok()?)?;
            if below.is_some_and(|below| !feeds(image, &below, &layer)) {
                return None;
            }
            below = Some(layer);
        }
        (layers > 0 && stack.layers.len() == layers).then_some(stack)
    }

    /// Its layers, the lowest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Parts<'i>> + use<'i> {
        let image = self.image;
        let number = |word: i32| index(word.cast_unsigned());
        self.layers.iter().filter_map(move |&[group, posts]| Parts::of(image, number(group), number(posts)))
    }
}

/// Whether the axons of a layer are reached by the posts of another, in their order, and by nothing else.
fn feeds(image: &Image<'_>, below: &Parts<'_>, above: &Parts<'_>) -> bool {
    let post = |source: usize| {
        below.iter().find_map(|Part { layer, post_first }| {
            let post = source.wrapping_sub(layer.compartment_first);
            (post < layer.posts).then(|| post.wrapping_add(post_first))
        })
    };
    let sources = image.compartments().saturating_add(image.inputs);
    above.axons() == below.posts && (0..sources).all(|source| above.entered(source).eq(post(source)))
}
