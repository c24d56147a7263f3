//! The memory that the device keeps an image and its state in, and the buffers of its line.

use core::mem::size_of;

use firmware_common::region::Region;
use loihi_core::device::Buffers;
use loihi_core::wire::frame::BODY_LARGE;

/// Size of the arena in bytes: 8 MiB of the machine's 16.
pub const ARENA_BYTES: usize = 8 << 20;

/// In the words that the device wants, for their alignment.
const ARENA_WORDS: usize = ARENA_BYTES / size_of::<u64>();

/// Bytes of the line's buffers: the spikes of a whole sample fit a message.
const LINE_BYTES: usize = Buffers::bytes(BODY_LARGE);

// The size table reads the symbol.
// SAFETY: nothing else has this name, and link.x puts the section into zeroed, writable memory.
#[unsafe(no_mangle)]
#[unsafe(link_section = ".bss.arena")]
static ARENA: Region<[u64; ARENA_WORDS]> = Region::new([0; ARENA_WORDS]);

static LINE: Region<[u8; LINE_BYTES]> = Region::new([0; LINE_BYTES]);

/// The arena, all zero, for the first caller; empty for any other.
pub fn take() -> &'static mut [u64] {
    ARENA.take().map_or(&mut [], |arena| arena)
}

/// The buffers of the line for the first caller; empty for any other.
pub fn take_line() -> Buffers<&'static mut [u8]> {
    Buffers::split(LINE.take().map_or(&mut [], |line| line))
}
