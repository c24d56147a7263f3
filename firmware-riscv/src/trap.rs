//! Says what went wrong, then ends the machine.
//!
//! Every trap is an exception, since no interrupt is switched on, and ends the machine. It is reported on a stack of its
//! own, so that a stack that has run off the memory is reported like any other trap.

use core::arch::naked_asm;

use firmware_common::machine::Machine as _;
use firmware_common::register::word;
use firmware_common::trap;
use riscv::register::{mcause, mepc, mtval};

use crate::machine::{self, Hardware};

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
        "call {report}",
        "ebreak",
        report = sym report,
    )
}

/// Reports a trap from what the processor and the entry have kept.
extern "C" fn report(stack_pointer: usize, return_address: usize) -> ! {
    let (cause, address) = (mcause::read().bits(), mtval::read());
    let text = trap::text(cause, machine::is_stack_guard(address));
    let registers = [("mepc", mepc::read()), ("mcause", cause), ("mtval", address)];
    let [mepc, mcause, mtval] = registers.map(|(label, value)| (label, word(value)));
    let values = [mepc, mcause, mtval, ("ra", word(return_address)), ("sp", word(stack_pointer))];
    Hardware::fault(text.as_str(), values)
}
