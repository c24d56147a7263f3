//! The machine: a PC with a serial port, a parallel port, and QEMU's device for exits where there is one.

use core::arch::asm;

use firmware_common::exit::Reason;
use firmware_common::machine::Machine;
use firmware_common::pin::Pin;
use firmware_common::uart::Uart;
use loihi_core::device::Buffers;
use loihi_core::wire::frame::BODY_LARGE;

use crate::{clock, port, uart};

/// Size of the arena in bytes: 8 MiB of the machine's 16.
const ARENA_BYTES: usize = 8 << 20;
/// I/O port of the data register of the first parallel port, LPT1.
const PARALLEL_DATA: u16 = 0x378;
/// Where the command line puts QEMU's `isa-debug-exit` device.
const DEBUG_EXIT: u16 = 0xf4;

/// The hardware of a PC.
#[derive(Debug)]
pub struct Hardware;

impl Machine for Hardware {
    const NAME: &'static str = "x86-mcu";
    const TICKS: Option<fn() -> u64> = Some(clock::ticks);

    fn uart() -> impl Uart {
        uart::com1()
    }

    /// Data pin 0 of the parallel port, pin 2 of its connector; the other seven stay low. Without a parallel port the writes
    /// go nowhere.
    fn strobe() -> Pin<impl FnMut(bool)> {
        // SAFETY: the data register only drives eight pins.
        Pin(|is_high| unsafe { port::write(PARALLEL_DATA, u8::from(is_high)) })
    }

    fn memory() -> (&'static mut [u64], Buffers<&'static mut [u8]>) {
        (ARENA.take_all(), Buffers::split(LINE.take_all()))
    }

    /// Where nothing answers at the exit port, stops the processor for good.
    fn exit(reason: Reason) -> ! {
        // QEMU turns a value `v` into the process status `2 * v + 1`.
        let value = reason as u8 / 2;
        // SAFETY: the port belongs to the exit device, or to nothing.
        unsafe { port::write(DEBUG_EXIT, value) };
        loop {
            // SAFETY: stops the processor until an interrupt, and those are off. Touches no memory.
            unsafe { asm!("hlt", options(nomem, nostack, preserves_flags)) };
        }
    }
}

// The spikes of a whole sample fit a message.
firmware_common::machine!(Hardware, ARENA_BYTES, BODY_LARGE);
