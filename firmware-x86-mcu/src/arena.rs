//! The memory that the device keeps an image and its state in, and the buffers of its line.

use core::cell::UnsafeCell;
use core::mem::size_of;
use core::sync::atomic::{AtomicBool, Ordering};

use loihi_core::device::Buffers;
use loihi_core::wire::frame::BODY_LARGE;

/// Size of the arena in bytes: 8 MiB of the machine's 16.
pub const ARENA_BYTES: usize = 8 << 20;

/// In the words that the device wants, for their alignment.
const ARENA_WORDS: usize = ARENA_BYTES / size_of::<u64>();

/// Bytes of the line's buffers: the spikes of a whole sample fit a message.
const LINE_BYTES: usize = Buffers::bytes(BODY_LARGE);

/// Memory that is handed out once; aligned to a cache line.
#[repr(C, align(64))]
struct Region<T>(UnsafeCell<T>);

// SAFETY: the only access is in `take`, which gives it to one caller only.
unsafe impl<T: Send> Sync for Region<T> {}

// The size table reads the symbol.
// SAFETY: nothing else has this name, and link.x puts the section into zeroed, writable memory.
#[unsafe(no_mangle)]
#[unsafe(link_section = ".bss.arena")]
static ARENA: Region<[u64; ARENA_WORDS]> = Region(UnsafeCell::new([0; ARENA_WORDS]));

static ARENA_TAKEN: AtomicBool = AtomicBool::new(false);

static LINE: Region<[u8; LINE_BYTES]> = Region(UnsafeCell::new([0; LINE_BYTES]));

static LINE_TAKEN: AtomicBool = AtomicBool::new(false);

impl<T> Region<T> {
    /// The memory for the first caller with this flag, which must be the region's own.
    fn take(&'static self, taken: &AtomicBool) -> Option<&'static mut T> {
        if taken.swap(true, Ordering::Relaxed) {
            return None;
        }
        // SAFETY: each region is private to this module and used with one flag, in one function below, and `swap`
        // returns false once only, so this is the one reference that will ever exist. It was initialised as a static.
        Some(unsafe { &mut *self.0.get() })
    }
}

/// The arena, all zero, for the first caller; empty for any other.
pub fn take() -> &'static mut [u64] {
    ARENA.take(&ARENA_TAKEN).map_or(&mut [], |arena| arena)
}

/// The buffers of the line for the first caller; empty for any other.
pub fn take_line() -> Buffers<&'static mut [u8]> {
    Buffers::split(LINE.take(&LINE_TAKEN).map_or(&mut [], |line| line))
}
