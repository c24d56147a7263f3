//! From reset to a device on the serial line, which is served for as long as the board is on.

use core::arch::asm;

use cortex_m::peripheral::MPU;
use firmware_common::exit::Reason;
use firmware_common::machine::Machine;
use firmware_common::pin::Pin;
use firmware_common::stack;
use firmware_common::uart::Uart;
use loihi_core::device::Buffers;

use crate::boards::{self, HAS_SYSTICK};
use crate::clock;
use crate::data::{ARENA_BYTES, BODY_BYTES, NAME};

/// The hardware of the board.
#[derive(Debug)]
pub struct Hardware;

impl Machine for Hardware {
    const NAME: &'static str = NAME;

    fn ticks() -> Option<fn() -> u64> {
        if HAS_SYSTICK { Some(clock::ticks) } else { None }
    }

    fn uart() -> impl Uart {
        boards::uart()
    }

    fn strobe() -> Pin<impl FnMut(bool)> {
        boards::strobe()
    }

    fn memory() -> (&'static mut [u64], Buffers<&'static mut [u8]>) {
        (ARENA.take_all(), Buffers::split(LINE.take_all()))
    }

    /// Without QEMU or a debugger, which take semihosting, the processor stops with a fault, for good.
    fn exit(reason: Reason) -> ! {
        semihosting::process::exit(i32::from(reason as u8))
    }
}

firmware_common::machine!(Hardware, ARENA_BYTES, BODY_BYTES);

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
        mpu.rbar.write(word(stack::bottom().addr() - GUARD_BYTES));
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

/// Where `cortex-m-rt` arrives with variables set up, on the main stack.
#[cortex_m_rt::entry]
fn main() -> ! {
    // SAFETY: this function's frame lies at the top of the stack that is painted. That stack becomes the process stack, and
    // the function is never returned to. The main stack is for handlers of faults alone, after which nothing else runs: it
    // may lie over the arena.
    unsafe {
        stack::paint(stack::bottom());
        asm!(
            "msr psp, {top}",
            "movs {top}, #2",
            "msr control, {top}",
            "isb",
            "msr msp, {handlers}",
            "bl {start}",
            "udf #0",
            top = in(reg) stack::top(),
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
    Hardware::start()
}
