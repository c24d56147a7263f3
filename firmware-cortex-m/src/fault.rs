//! Says what went wrong, then ends the machine.

use cortex_m_rt::ExceptionFrame;
use firmware_common::machine::Machine;
use firmware_common::register::{Register, word};
use firmware_common::report::Text;
use firmware_common::stack;

/// What the bits of the fault status mean, the most telling first.
const STATUS: [(u32, &str); 9] = [
    (0x0010_0000, "stack overflow"),
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
/// The bit of the status that says that the address is one.
const BFAR_VALID: u32 = 0x8000;

/// Bytes that the processor puts on the stack when an exception begins.
const FRAME_BYTES: usize = 32;

/// Reports a fault and ends the machine. All arrive here, since no other handler is switched on.
pub fn report<M: Machine>(frame: &ExceptionFrame) -> ! {
    // SAFETY: registers of the processor, which reach no memory. A Cortex-M0 has neither, and reads zero.
    let [status, address] = unsafe { [CFSR, BFAR].map(|address| Register::at(address)) }.map(Register::read);
    let stack_pointer = core::ptr::from_ref(frame).addr();
    if stack_pointer < stack::bottom().addr() + FRAME_BYTES {
        // The frame is not there.
        M::fault("HardFault, stack overflow", [("sp", word(stack_pointer)), ("cfsr", status)]);
    }
    let known = STATUS.iter().find(|(bits, _)| status & bits != 0);
    let mut name = Text::default();
    name.text("HardFault");
    if let Some((_, what)) = known {
        name.text(", ").text(what);
    }
    let [pc, lr, status_named] = [("pc", frame.pc()), ("lr", frame.lr()), ("cfsr", status)];
    if status & BFAR_VALID == 0 {
        M::fault(name.as_str(), [pc, lr, status_named]);
    }
    M::fault(name.as_str(), [pc, lr, status_named, ("address", address)])
}

/// Reports an exception or interrupt that nobody has switched on, and ends the machine.
pub fn report_exception<M: Machine>(number: i16) -> ! {
    M::fault("exception", [("number", u32::from(number.cast_unsigned()))])
}
