//! The arena: memory that is found when the machine starts, for one owner.

use core::ops::Range;
use core::sync::atomic::{AtomicU32, Ordering};
use core::{ptr, slice};

static FIRST: AtomicU32 = AtomicU32::new(0);
static WORDS: AtomicU32 = AtomicU32::new(0);

/// Zeroes the memory of the arena, for [`take`].
///
/// # Safety
///
/// The addresses are aligned to eight bytes, there is memory that can be written, and nothing else uses it.
pub(crate) unsafe fn found(addresses: &Range<u32>) {
    let words = (addresses.end - addresses.start) / 8;
    let memory = ptr::with_exposed_provenance_mut::<u64>(addresses.start as usize);
    // SAFETY: by the contract of this function.
    unsafe { memory.write_bytes(0, words as usize) };
    FIRST.store(addresses.start, Ordering::Relaxed);
    WORDS.store(words, Ordering::Relaxed);
}

/// The arena for the first caller; empty for any other, and before it is found.
pub(crate) fn take() -> &'static mut [u64] {
    let words = WORDS.swap(0, Ordering::Relaxed);
    if words == 0 {
        return &mut [];
    }
    let memory = ptr::with_exposed_provenance_mut(FIRST.load(Ordering::Relaxed) as usize);
    // SAFETY: `swap` returns the length once only, so this is the one reference that will ever exist. The memory is zeroed,
    // aligned and unused by the contract of `found`, and shorter than 2 GiB.
    unsafe { slice::from_raw_parts_mut(memory, words as usize) }
}
