//! The machine: a PC with a serial port, a parallel port, and QEMU's device for exits where there is one.

use core::arch::asm;

use firmware_common::exit::Reason;
use firmware_common::machine::Machine;
use firmware_common::pin::Pin;
use firmware_common::uart::Uart;
use loihi_core::device::Buffers;

use crate::data::{BODY_BYTES, NAME, STROBE_BASE, STROBE_NUMBER};
use crate::{arena, clock, port, uart};

/// Where the command line puts QEMU's `isa-debug-exit` device.
const DEBUG_EXIT: u16 = 0xf4;

/// The hardware of a PC.
#[derive(Debug)]
pub struct Hardware;

impl Machine for Hardware {
    const NAME: &'static str = NAME;

    fn ticks() -> Option<fn() -> u64> {
        clock::ticks()
    }

    fn uart() -> impl Uart {
        uart::com1()
    }

    /// A data pin of the parallel port; the other seven stay low. Without a parallel port the writes go nowhere.
    fn strobe() -> Pin<impl FnMut(bool)> {
        // SAFETY: the data register only drives eight pins.
        Pin(|is_high| unsafe { port::write(port::number::<STROBE_BASE>(), u8::from(is_high) << STROBE_NUMBER) })
    }

    fn memory() -> (&'static mut [u64], Buffers<&'static mut [u8]>) {
        (arena::take(), Buffers::split(LINE.take_all()))
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

firmware_common::machine!(Hardware, BODY_BYTES);
