//! The memory that the device keeps an image and its state in.

use core::cell::UnsafeCell;
use core::mem::size_of;
use core::sync::atomic::{AtomicBool, Ordering};

/// Size of the arena in bytes: 8 MiB of the machine's 16.
pub const ARENA_BYTES: usize = 8 << 20;

/// In the words that the device wants, for their alignment.
const ARENA_WORDS: usize = ARENA_BYTES / size_of::<u64>();

/// Aligned to a cache line.
#[repr(C, align(64))]
struct Arena(UnsafeCell<[u64; ARENA_WORDS]>);

// SAFETY: the only access is in `take`, which gives it to one caller only.
unsafe impl Sync for Arena {}

// The size table reads the symbol.
// SAFETY: nothing else has this name, and link.x puts the section into zeroed, writable memory.
#[unsafe(no_mangle)]
#[unsafe(link_section = ".bss.arena")]
static ARENA: Arena = Arena(UnsafeCell::new([0; ARENA_WORDS]));

static TAKEN: AtomicBool = AtomicBool::new(false);

/// The arena, all zero, for the first caller; empty for any other.
pub fn take() -> &'static mut [u64] {
    if TAKEN.swap(true, Ordering::Relaxed) {
        return &mut [];
    }
    // SAFETY: `ARENA` is private to this module and used nowhere else, and `swap` returns false
    // once only, so this is the one reference that will ever exist. All words are initialised.
    unsafe { &mut *ARENA.0.get() }
}
