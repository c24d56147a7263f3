//! Lists of posts and their factors, a word each.

use crate::image::index;

/// A post and its factor in one word: the factor in the high half, with sign, the post in the low one.
#[inline]
pub const fn packed(post: u32, factor: i32) -> i32 {
    factor.wrapping_shl(16) | (post & 0xFFFF).cast_signed()
}

/// The post of a word.
#[inline(always)]
pub(super) const fn post_of(word: i32) -> usize {
    index(word.cast_unsigned() & 0xFFFF)
}
