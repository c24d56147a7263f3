//! How much of the stack was ever in use: it is painted at the start, and what is still painted was not.

use core::ptr;

/// What fills the stack before it is used.
pub const PAINT: u32 = 0x5AC4_11ED;

#[cfg(target_os = "none")]
// SAFETY: the memory map of every machine defines them; they mark addresses and are never read by name.
unsafe extern "C" {
    static mut __stack_bottom: u32;
    static __stack_top: u32;
}

/// The lowest word of the stack.
#[cfg(target_os = "none")]
pub fn bottom() -> *mut u32 {
    &raw mut __stack_bottom
}

/// The end of the stack, where it begins to grow.
#[cfg(target_os = "none")]
pub fn top() -> *const u32 {
    &raw const __stack_top
}

/// Most bytes of the stack that were in use at any time since it was painted.
#[cfg(target_os = "none")]
pub fn used_bytes() -> u32 {
    // SAFETY: memory maps put the two around the stack, in words, and all of it may be read.
    unsafe { used_bytes_between(bottom(), top()) }
}

/// Bytes below the frame of [`paint`] that are left alone.
const MARGIN_BYTES: usize = 256;

/// Paints the stack that grows down to `bottom`, as far as it is not in use.
///
/// # Safety
///
/// `bottom` is aligned, and from there to the caller's frame lies the stack that the caller runs on. No interrupt may use
/// it meanwhile.
#[inline(never)]
pub unsafe fn paint(bottom: *mut u32) {
    let mark = 0_u32;
    let end = ptr::from_ref(&mark).addr().saturating_sub(MARGIN_BYTES);
    let mut at = bottom;
    while at.addr() < end {
        // SAFETY: the word lies between the bottom of the stack and this function's frame, by the caller's promise. A
        // volatile write becomes no call of a function, whose frame would lie there.
        unsafe { at.write_volatile(PAINT) };
        at = at.wrapping_add(1);
    }
}

/// Most bytes between `bottom` and `top` that were in use at any time since they were painted.
///
/// Words that were set aside and never written count only above the lowest one that was written.
///
/// # Safety
///
/// Both are aligned, and the memory between them may be read.
#[cfg(any(test, target_os = "none"))]
unsafe fn used_bytes_between(bottom: *const u32, top: *const u32) -> u32 {
    let mut at = bottom;
    // SAFETY: the word lies between the two, by the caller's promise. The first that is not painted ends the search, at
    // the latest in the frame of this function, so nothing that a reference points to is read.
    while at < top && unsafe { at.read_volatile() } == PAINT {
        at = at.wrapping_add(1);
    }
    u32::try_from(top.addr().saturating_sub(at.addr())).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(words: &[u32]) -> u32 {
        let range = words.as_ptr_range();
        // SAFETY: both ends are those of a slice.
        unsafe { used_bytes_between(range.start, range.end) }
    }

    #[test]
    fn what_is_not_painted_was_in_use() {
        assert_eq!(used(&[PAINT; 8]), 0);
        assert_eq!(used(&[PAINT, PAINT, 0, PAINT, 1]), 12);
        assert_eq!(used(&[0, PAINT]), 8);
        assert_eq!(used(&[]), 0);
    }
}
