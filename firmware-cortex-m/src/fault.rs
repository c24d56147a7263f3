//! Says what went wrong, then ends the machine.
//!
//! The program runs on the process stack and handlers on the main stack, so that a stack that has run off the memory is
//! reported like any other fault.

use core::panic::PanicInfo;

use cortex_m_rt::{ExceptionFrame, exception};
use firmware_common::exit::Reason;
use firmware_common::register::Register;
use firmware_common::report::{self, Text};

use crate::{exit, line, machine};

/// What the bits of the fault status mean, the most telling first.
const STATUS: [(u32, &str); 8] = [
    (0x0001_0000, "undefined instruction"),
    (0x0002_0000, "invalid state"),
    (0x0100_0000, "unaligned access"),
    (0x0200_0000, "division by zero"),
    (0x0000_0100, "bus error, instruction fetch"),
    (0x0000_8200, "bus error"),
    (0x0000_0400, "bus error, imprecise"),
    (0x0000_00FF, "memory protection"),
];

/// Addresses of the fault status, and of the address that a bus error was about.
const CFSR: usize = 0xE000_ED28;
const BFAR: usize = 0xE000_ED38;

/// Bytes that the processor puts on the stack when an exception begins.
const FRAME_BYTES: usize = 32;

/// Every fault arrives here, since no other handler is switched on.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    // SAFETY: registers of the processor, which reach no memory. A Cortex-M0 has neither, and reads zero.
    let [status, address] = unsafe { [CFSR, BFAR].map(|address| Register::at(address)) }.map(Register::read);
    let stack_pointer = core::ptr::from_ref(frame).addr();
    if stack_pointer < machine::stack_bottom() + FRAME_BYTES {
        // The frame is not there.
        report(
            "HardFault, stack overflow",
            [("sp", machine::word(stack_pointer)), ("cfsr", status), ("address", address)],
        );
    }
    let registers = [("pc", frame.pc()), ("lr", frame.lr()), ("cfsr", status), ("address", address)];
    let known = STATUS.iter().find(|(bits, _)| status & bits != 0);
    let mut name = Text::default();
    name.text("HardFault");
    if let Some((_, what)) = known {
        name.text(", ").text(what);
    }
    report(name.as_str(), registers)
}

/// An exception or interrupt that nobody has switched on.
#[exception]
unsafe fn DefaultHandler(number: i16) -> ! {
    report("exception", [("number", u32::from(number.cast_unsigned()))])
}

fn report<const N: usize>(name: &str, values: [(&str, u32); N]) -> ! {
    enter();
    Text::fault(name, values).tell(line::send);
    leave(Reason::Fault)
}

/// Reports a panic. None can be reached in the firmware; the language wants a handler all the same.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    enter();
    Text::panic(info).tell(line::send);
    leave(Reason::Panic)
}

/// Gives up at once when the reporting itself has failed.
fn enter() {
    if !report::is_first() {
        exit::exit(Reason::Nested);
    }
}

/// Ends the machine when the last byte has left the line.
pub(crate) fn leave(reason: Reason) -> ! {
    line::flush();
    exit::exit(reason)
}
