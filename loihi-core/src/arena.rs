//! Typed slices carved from one buffer that the caller gives.
//!
//! The same carving code runs twice: over a real buffer, and over none at all to learn how many bytes it would take.

use core::fmt;
use zerocopy::{FromBytes, IntoBytes};

/// The buffer is too small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooSmall {
    /// Bytes that are needed.
    pub needed: usize,
    /// Bytes that are there.
    pub available: usize,
}

impl fmt::Display for TooSmall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "needs {} bytes of memory, {} are there", self.needed, self.available)
    }
}

impl core::error::Error for TooSmall {}

/// Alignment of every slice, in bytes.
pub const ALIGNMENT: usize = 8;

/// The buffer from its first multiple of [`ALIGNMENT`] on: where a [`Carver`] begins.
pub fn aligned(buffer: &mut [u8]) -> &mut [u8] {
    let skip = buffer.as_ptr().align_offset(ALIGNMENT);
    buffer.get_mut(skip..).unwrap_or_default()
}

/// Cuts slices off the front of a buffer, or only counts.
#[derive(Debug)]
pub struct Carver<'a> {
    rest: Option<&'a mut [u8]>,
    used: usize,
}

impl<'a> Carver<'a> {
    /// Carves from `buffer`, whose first bytes are skipped up to the next multiple of [`ALIGNMENT`].
    pub fn new(buffer: &'a mut [u8]) -> Self {
        Self { rest: Some(aligned(buffer)), used: 0 }
    }

    /// Hands out empty slices and counts the bytes that full ones would take.
    pub const fn counting() -> Self {
        Self { rest: None, used: 0 }
    }

    /// The next `count` elements, with whatever the buffer held. When counting: none.
    ///
    /// # Errors
    /// [`TooSmall`] if the buffer ends before; `needed` then counts only up to this slice.
    pub fn take<T: FromBytes + IntoBytes>(&mut self, count: usize) -> Result<&'a mut [T], TooSmall> {
        let bytes = count.saturating_mul(size_of::<T>());
        let padded = bytes.saturating_add(ALIGNMENT - 1) & !(ALIGNMENT - 1);
        self.used = self.used.saturating_add(padded);
        let Some(buffer) = self.rest.take() else {
            return Ok(&mut []);
        };
        let available = buffer.len();
        let short =
            TooSmall { needed: self.used, available: self.used.saturating_sub(padded).saturating_add(available) };
        let (slice, rest) = buffer.split_at_mut_checked(padded).ok_or(short)?;
        self.rest = Some(rest);
        let exact = slice.get_mut(..bytes).ok_or(short)?;
        <[T]>::mut_from_bytes(exact).map_err(|_| short)
    }

    /// Bytes handed out so far, padding included.
    pub const fn used(&self) -> usize {
        self.used
    }

    /// What is left of the buffer.
    pub fn rest(self) -> &'a mut [u8] {
        self.rest.unwrap_or_default()
    }
}

/// A stack of values on a borrowed slice.
#[derive(Debug)]
pub struct Stack<'a, T> {
    slots: &'a mut [T],
    len: usize,
}

impl<'a, T: Copy> Stack<'a, T> {
    /// A stack whose first `len` elements are already in `slots`.
    pub const fn with_len(slots: &'a mut [T], len: usize) -> Self {
        Self { slots, len }
    }

    /// Adds a value; false, and nothing changes, if the stack is full.
    #[inline]
    pub fn push(&mut self, value: T) -> bool {
        let Some(slot) = self.slots.get_mut(self.len) else { return false };
        *slot = value;
        // It was below the number of places.
        self.len = self.len.wrapping_add(1);
        true
    }

    /// The same stack, lent out.
    pub const fn reborrow(&mut self) -> Stack<'_, T> {
        Stack { slots: self.slots, len: self.len }
    }

    /// Two stacks of its places: before `at` with the first `kept` values, and from there on with the others; `None` if one of them
    /// would not hold its values.
    pub fn split(self, at: usize, kept: usize) -> Option<[Self; 2]> {
        let moved = self.len.checked_sub(kept)?;
        let fits = kept <= at && at.checked_add(moved)? <= self.slots.len();
        if !fits {
            return None;
        }
        self.slots.copy_within(kept..self.len, at);
        let (front, back) = self.slots.split_at_mut_checked(at)?;
        Some([Self { slots: front, len: kept }, Self { slots: back, len: moved }])
    }

    /// Adds the `len` values that lie at its place `from`, not before its end; false, and nothing changes, if there are not as many.
    pub fn append_own(&mut self, from: usize, len: usize) -> bool {
        let end = from.saturating_add(len);
        if from < self.len || end > self.slots.len() {
            return false;
        }
        self.slots.copy_within(from..end, self.len);
        self.len = self.len.saturating_add(len);
        true
    }

    /// The values, to be changed.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        self.slots.get_mut(..self.len).unwrap_or_default()
    }

    /// Forgets all values.
    #[inline]
    pub const fn clear(&mut self) {
        self.len = 0;
    }

    /// Whether there are no more values than places.
    pub const fn fits(&self) -> bool {
        self.len <= self.slots.len()
    }

    /// Number of values.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The values in the order in which they came.
    #[inline]
    pub fn as_slice(&self) -> &[T] {
        self.slots.get(..self.len).unwrap_or_default()
    }

    /// Keeps the values for which `keep` says so, in their order.
    pub fn retain(&mut self, mut keep: impl FnMut(T) -> bool) {
        let mut kept = 0_usize;
        for at in 0..self.len {
            let Some(&value) = self.slots.get(at) else { break };
            if keep(value) {
                if let Some(slot) = self.slots.get_mut(kept) {
                    *slot = value;
                }
                // No more are kept than there were.
                kept = kept.wrapping_add(1);
            }
        }
        self.len = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carve(carver: &mut Carver<'_>) -> Result<usize, TooSmall> {
        let bytes = carver.take::<u8>(3)?.len();
        let words = carver.take::<i32>(5)?.len();
        Ok(bytes + words)
    }

    #[test]
    fn counting_and_carving_agree_to_the_byte() {
        let mut counting = Carver::counting();
        assert_eq!(carve(&mut counting), Ok(0));
        let needed = counting.used();
        let mut buffer = std::vec![0_u64; needed / 8];
        let bytes = buffer.as_mut_bytes();
        assert_eq!(carve(&mut Carver::new(bytes)), Ok(8));
        let short = bytes.get_mut(..needed - 1).unwrap();
        assert_eq!(carve(&mut Carver::new(short)), Err(TooSmall { needed, available: needed - 1 }));
    }

    #[test]
    fn a_stack_is_divided_and_put_together_again() {
        for (len, kept, at) in (0..6).flat_map(|len| (0..7).flat_map(move |kept| (0..7).map(move |at| (len, kept, at))))
        {
            let mut slots = [1, 2, 3, 4, 5, 6];
            let mut stack = Stack::with_len(&mut slots, len);
            let Some([front, back]) = stack.reborrow().split(at, kept) else {
                assert!(kept > len || kept > at || at + len - kept > 6, "{len} {kept} {at}");
                continue;
            };
            let expected: std::vec::Vec<i32> = (1..).take(len).collect();
            assert_eq!([front.as_slice(), back.as_slice()].concat(), expected);
            let moved = back.len();
            stack.clear();
            assert!(stack.append_own(0, kept) && stack.append_own(at, moved));
            assert_eq!(stack.as_slice(), expected);
            assert!(!stack.append_own(6, 1));
        }
    }

    #[test]
    fn stack_keeps_order_and_refuses_when_full() {
        let mut slots = [0; 3];
        let mut stack = Stack::with_len(&mut slots, 0);
        assert!([1, 2, 3].into_iter().all(|v| stack.push(v)));
        assert!(!stack.push(4));
        stack.retain(|v| v != 2);
        assert_eq!(stack.as_slice(), [1, 3]);
    }
}
