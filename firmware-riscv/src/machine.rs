//! From reset to a device on the serial line, which is served for as long as the board is on.

use core::arch::asm;

use firmware_common::exit::Reason;
use firmware_common::region::Region;
use firmware_common::{machine, stack};
use loihi_core::device::{Board, Buffers};
use loihi_core::snip::SnipType;

use crate::boards;
use crate::data::{ARENA_BYTES, BODY_BYTES, NAME};
use crate::{clock, line, trap};

// The size table reads the symbol.
// SAFETY: nothing else has this name.
#[unsafe(no_mangle)]
static ARENA: Region<[u64; ARENA_BYTES / 8]> = Region::new([0; ARENA_BYTES / 8]);

static LINE: Region<[u8; Buffers::bytes(BODY_BYTES)]> = Region::new([0; Buffers::bytes(BODY_BYTES)]);

// SAFETY: the board's memory map defines them; they mark addresses and are never read.
unsafe extern "C" {
    static mut __stack_bottom: u32;
    static _stack_start: u32;
    /// What the machine does; each program defines one.
    safe fn firmware_main();
}

/// Bytes below the stack that may not be touched.
const GUARD_BYTES: usize = 4096;
/// Permissions of a region: none, for its owner neither, and the region is a power of two in length.
const GUARD_PERMISSIONS: usize = 0b1001_1000;

/// Whether an address lies in the guard below the stack.
pub(crate) fn is_stack_guard(address: usize) -> bool {
    let bottom = (&raw const __stack_bottom).addr();
    (bottom - GUARD_BYTES..bottom).contains(&address)
}

/// Makes what lies below the stack fault.
fn guard_stack() {
    let first = (&raw const __stack_bottom).addr() - GUARD_BYTES;
    // The address of a region counts words, and the ones at its end tell its length.
    let region = first >> 2 | (GUARD_BYTES >> 3) - 1;
    // SAFETY: nothing that the program has lies below the stack, and no other region is in use.
    unsafe {
        asm!(
            "csrw pmpaddr0, {region}",
            "csrw pmpcfg0, {permissions}",
            region = in(reg) region,
            permissions = in(reg) GUARD_PERMISSIONS,
            options(nostack),
        );
    }
}

/// Most bytes of the stack that were in use at any time since the start.
fn stack_bytes() -> u32 {
    // SAFETY: the memory map puts the two around the stack, in words.
    unsafe { stack::used_bytes(&raw const __stack_bottom, &raw const _stack_start) }
}

/// Where `riscv-rt` arrives with variables set up.
#[riscv_rt::entry]
fn main() -> ! {
    // SAFETY: this function's frame lies at the top of the stack that is painted. The stack for traps lies over the arena,
    // since nothing else runs after one.
    unsafe {
        stack::paint(&raw mut __stack_bottom);
        asm!("csrw mscratch, {}", in(reg) ARENA.end(), options(nostack));
    }
    guard_stack();
    boards::start();
    // The delimiter ends what may have been sent before, and tells the host that from now on nothing is dropped.
    line::send(&[0]);
    firmware_main();
    trap::leave(Reason::Finished)
}

/// Serves a device with this name, which the host shows, and these programs of the embedded CPU. Does not return.
pub fn run(name: Option<&'static str>, snips: &'static [SnipType]) {
    let board = Board {
        ticks: Some(clock::ticks),
        interrupted: Some(line::has_received),
        stack_bytes: Some(stack_bytes),
        snips,
        ..Board::named(name.unwrap_or(NAME))
    };
    let arena = ARENA.take().map_or(&mut [][..], |arena| arena);
    let buffers = Buffers::split(LINE.take().map_or(&mut [][..], |line| line));
    machine::run(board, &mut line::port(), &mut boards::strobe(), arena, buffers);
}

/// A firmware with these programs, named like its board or otherwise: all that a binary needs besides `no_std` and
/// `no_main`.
#[macro_export]
macro_rules! firmware {
    ($name:expr, $snips:expr) => {
        // SAFETY: the start calls it by this name, which nothing else has.
        #[unsafe(no_mangle)]
        extern "C" fn firmware_main() {
            $crate::machine::run($name, $snips);
        }
    };
}
