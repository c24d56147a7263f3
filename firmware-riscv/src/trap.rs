//! Says what went wrong, then ends the machine.
//!
//! Every trap is an exception, since no interrupt is switched on, and ends the machine. It is reported on a stack of its
//! own, so that a stack that has run off the memory is reported like any other trap.

use core::arch::naked_asm;
use core::panic::PanicInfo;

use firmware_common::exit::Reason;
use firmware_common::report::{self, Text};
use riscv::register::{mcause, mepc, mtval};

use crate::{exit, line, machine};

/// Exceptions by number.
const NAMES: [&str; 8] = [
    "instruction address misaligned",
    "instruction access fault",
    "illegal instruction",
    "breakpoint",
    "load address misaligned",
    "load access fault",
    "store address misaligned",
    "store access fault",
];

/// Where the processor arrives; `riscv-rt` takes it by this name. `mscratch` holds the top of the stack for traps.
///
/// # Safety
///
/// For the processor alone.
// SAFETY: nothing else has this name.
#[unsafe(no_mangle)]
#[unsafe(naked)]
#[unsafe(link_section = ".trap.start")]
unsafe extern "C" fn _start_trap() -> ! {
    naked_asm!(
        // Of four bytes, as the trap vector wants.
        ".balign 4",
        "mv a0, sp",
        "mv a1, ra",
        "csrr sp, mscratch",
        "call {trap}",
        "ebreak",
        trap = sym trap,
    )
}

/// Reports a trap from what the processor and the entry have kept.
extern "C" fn trap(stack_pointer: usize, return_address: usize) -> ! {
    let (cause, address) = (mcause::read().bits(), mtval::read());
    let name = NAMES.get(cause).copied().unwrap_or("trap");
    let mut text = Text::default();
    text.text(name);
    if machine::is_stack_guard(address) {
        text.text(", stack overflow");
    }
    let registers = [("mepc", mepc::read()), ("mcause", cause), ("mtval", address)];
    let [mepc, mcause, mtval] = registers.map(|(label, value)| (label, word(value)));
    enter();
    let values = [mepc, mcause, mtval, ("ra", word(return_address)), ("sp", word(stack_pointer))];
    Text::fault(text.as_str(), values).tell(line::send);
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

/// A register as a number.
#[expect(clippy::cast_possible_truncation, reason = "registers of this target have 32 bits")]
const fn word(register: usize) -> u32 {
    register as u32
}
