//! A bit for each post that fired in an epoch, computed once for all axons.

use crate::image::COMPARTMENTS_PER_CORE;
use crate::plastic::Post;

/// Bits of a word.
const BITS: usize = 32;
/// Words for the compartments of a core.
const WORDS: usize = COMPARTMENTS_PER_CORE / BITS;

/// Which of the first 1,024 posts of a group fired.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fired {
    words: [u32; WORDS],
    any: bool,
}

impl Fired {
    /// Those of a group.
    pub(super) fn of(posts: &[Post]) -> Self {
        let mut words = [0; WORDS];
        for (word, posts) in words.iter_mut().zip(posts.chunks(BITS)) {
            for (bit, post) in (0..32_u32).zip(posts) {
                *word |= u32::from(post.time > 0).wrapping_shl(bit);
            }
        }
        Self { words, any: posts.iter().any(|post| post.time > 0) }
    }

    /// Whether any post of the group fired, however many it has.
    pub(super) const fn any(&self) -> bool {
        self.any
    }

    /// Whether one of `count` posts from `first` on fired.
    #[inline(always)]
    pub(super) fn any_of(&self, first: usize, count: usize) -> bool {
        self.after(first).is_some_and(|post| post.wrapping_sub(first) < count)
    }

    /// Those of `count` posts from `first` on that fired, ascending.
    #[inline(always)]
    pub(super) fn iter(&self, first: usize, count: usize) -> impl Iterator<Item = usize> + use<'_> {
        let next = move |from: usize| self.after(from).filter(|post| post.wrapping_sub(first) < count);
        core::iter::successors(next(first), move |post| next(post.wrapping_add(1)))
    }

    /// The first post from `from` on that fired.
    #[inline(always)]
    fn after(&self, from: usize) -> Option<usize> {
        let mut at = from / BITS;
        let mut word = self.words.get(at)? & u32::MAX.wrapping_shl(u32::try_from(from % BITS).unwrap_or(0));
        while word == 0 {
            at = at.wrapping_add(1);
            word = *self.words.get(at)?;
        }
        let bit = usize::try_from(word.trailing_zeros()).unwrap_or(0);
        Some(at.wrapping_mul(BITS).wrapping_add(bit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    proptest! {
        #[test]
        fn posts_are_found_where_they_fired(
            times in proptest::collection::vec(prop_oneof![4 => Just(0_i16), 1 => 1..64_i16], 0..1024),
            first in 0..1100_usize,
            count in 0..1100_usize,
        ) {
            let posts: Vec<Post> = times.iter().map(|time| Post { time: *time, ..Post::default() }).collect();
            let fired = Fired::of(&posts);
            let expected: Vec<usize> = (first..first + count).filter(|at| times.get(*at).is_some_and(|t| *t > 0)).collect();
            prop_assert_eq!(fired.iter(first, count).collect::<Vec<_>>(), expected.clone());
            prop_assert_eq!(fired.any_of(first, count), !expected.is_empty());
            prop_assert_eq!(fired.any(), times.iter().any(|time| *time > 0));
        }
    }
}
