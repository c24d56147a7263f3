//! From reset to a device on the serial line, which is served for as long as the board is on.

use core::arch::asm;

use cortex_m::peripheral::MPU;
use firmware_common::exit::Reason;
use firmware_common::region::Region;
use firmware_common::{machine, stack};
use loihi_core::device::{Board, Buffers};
use loihi_core::snip::SnipType;

use crate::boards::{self, HAS_SYSTICK};
use crate::data::{ARENA_BYTES, BODY_BYTES, NAME};
use crate::{clock, fault, line};

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

/// Lowest address of the stack.
pub(crate) fn stack_bottom() -> usize {
    (&raw const __stack_bottom).addr()
}

/// Bytes below the stack that may not be touched.
const GUARD_BYTES: usize = 4096;

/// Makes what lies below the stack fault, where the processor has a memory protection unit: not every board has nothing
/// there. The handlers of faults are exempt.
fn guard_stack(mpu: &MPU) {
    const REGION_ON: u32 = 1;
    /// Without permissions, and of 2 to the power of this number plus one bytes.
    const REGION_SIZE: u32 = GUARD_BYTES.trailing_zeros() - 1;
    /// On, with the usual permissions for all other memory.
    const ON: u32 = 1 << 0 | 1 << 2;
    const REGIONS: u32 = 0xFF << 8;

    if mpu._type.read() & REGIONS == 0 {
        return;
    }
    // SAFETY: nothing that the program has lies below the stack, and no other region is in use.
    unsafe {
        mpu.rnr.write(0);
        mpu.rbar.write(word(stack_bottom() - GUARD_BYTES));
        mpu.rasr.write(REGION_SIZE << 1 | REGION_ON);
        mpu.ctrl.write(ON);
    }
    cortex_m::asm::dsb();
    cortex_m::asm::isb();
}

/// An address as a number.
#[expect(clippy::cast_possible_truncation, reason = "addresses of this target have 32 bits")]
pub(crate) const fn word(address: usize) -> u32 {
    address as u32
}

/// Most bytes of the stack that were in use at any time since the start.
fn stack_bytes() -> u32 {
    // SAFETY: the memory map puts the two around the stack, in words.
    unsafe { stack::used_bytes(&raw const __stack_bottom, &raw const _stack_start) }
}

/// Where `cortex-m-rt` arrives with variables set up, on the main stack.
#[cortex_m_rt::entry]
fn main() -> ! {
    // SAFETY: this function's frame lies at the top of the stack that is painted. That stack becomes the process stack, and
    // the function is never returned to. The main stack is for handlers of faults alone, after which nothing else runs: it
    // may lie over the arena.
    unsafe {
        stack::paint(&raw mut __stack_bottom);
        asm!(
            "msr psp, {top}",
            "movs {top}, #2",
            "msr control, {top}",
            "isb",
            "msr msp, {handlers}",
            "bl {start}",
            "udf #0",
            top = in(reg) &raw const _stack_start,
            handlers = in(reg) ARENA.end(),
            start = sym start,
            options(noreturn),
        )
    }
}

extern "C" fn start() -> ! {
    boards::start();
    if let Some(peripherals) = cortex_m::Peripherals::take() {
        guard_stack(&peripherals.MPU);
        if HAS_SYSTICK {
            clock::start(peripherals.SYST);
        }
    }
    // The delimiter ends what may have been sent before, and tells the host that from now on nothing is dropped.
    line::send(&[0]);
    firmware_main();
    fault::leave(Reason::Finished)
}

/// Serves a device with this name, which the host shows, and these programs of the embedded CPU. Does not return.
pub fn run(name: Option<&'static str>, snips: &'static [SnipType]) {
    let board = Board {
        ticks: HAS_SYSTICK.then_some(clock::ticks),
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
