//! Processor exceptions: all 32 lead to a report and the end of the machine.

use core::arch::{asm, global_asm};
use core::sync::atomic::{AtomicU32, Ordering};

use crate::address::{self, TablePointer};
use crate::report::{self, Fault};
use crate::segments;

/// Exceptions that the architecture defines or reserves.
const VECTORS: usize = 32;
/// Bytes between the entry points of two exceptions.
const STUB_BYTES: u32 = 16;
/// The exception that needs a stack of its own.
const DOUBLE_FAULT: u32 = 8;
/// Bit `v` is set when the processor pushes an error code for vector `v`.
const WITH_ERROR_CODE: u32 =
    1 << 8 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 17 | 1 << 21 | 1 << 29 | 1 << 30;

/// Present, 32-bit interrupt gate, privilege 0.
const INTERRUPT_GATE: u32 = 0x8e00;
/// Present, task gate, privilege 0.
const TASK_GATE: u32 = 0x8500;

// One entry point a vector, since the processor does not say which exception it raised. Each
// makes the stack look like `TrapFrame` from `vector` up.
global_asm!(
    r#"
    .section .text.traps, "ax", @progbits
    .balign 16
trap_stubs:
    .set vector, 0
    .rept {vectors}
    .balign {stub_bytes}
    .if (({with_error_code} >> vector) & 1) == 0
    pushl $0
    .endif
    pushl $vector
    jmp trap_common
    .set vector, vector + 1
    .endr

trap_common:
    cld
    movl %esp, %eax
    andl $-16, %esp
    subl $12, %esp
    pushl %eax
    call {trap}
    "#,
    vectors = const VECTORS,
    stub_bytes = const STUB_BYTES,
    with_error_code = const WITH_ERROR_CODE,
    trap = sym trap,
    options(att_syntax)
);

/// What the entry point and the processor leave on the stack, lowest address first.
#[repr(C)]
struct TrapFrame {
    vector: u32,
    error_code: u32,
    instruction: u32,
}

/// The interrupt descriptor table.
static GATES: [[AtomicU32; 2]; VECTORS] = [const { [const { AtomicU32::new(0) }; 2] }; VECTORS];

/// Makes every exception arrive here.
pub(crate) fn load() {
    // SAFETY: the assembly above defines it; it marks an address and is never read.
    unsafe extern "C" {
        static trap_stubs: u8;
    }
    let mut entry = address::of(&raw const trap_stubs);
    for (vector, gate) in (0..).zip(&GATES) {
        let words = if vector == DOUBLE_FAULT {
            [u32::from(segments::FAULT_TASK) << 16, TASK_GATE]
        } else {
            [(entry & 0xffff) | (u32::from(segments::CODE) << 16), (entry & 0xffff_0000) | INTERRUPT_GATE]
        };
        for (word, value) in gate.iter().zip(words) {
            word.store(value, Ordering::Relaxed);
        }
        entry += STUB_BYTES;
    }
    let table = TablePointer::to(&GATES);
    // SAFETY: the table is static and complete, and each gate leads to code that never returns.
    unsafe { asm!("lidt [{}]", in(reg) &raw const table, options(nostack, preserves_flags)) };
}

/// Reports an exception whose frame the entry point has completed.
extern "C" fn trap(frame: &TrapFrame) -> ! {
    report::fault(&Fault {
        vector: frame.vector,
        error_code: frame.error_code,
        instruction: frame.instruction,
        page_address: page_address(),
    })
}

/// Where the fault task starts, on its own stack.
///
/// The error code, always zero, takes the place of a return address.
pub(crate) extern "C" fn double_fault() -> ! {
    report::fault(&Fault {
        vector: DOUBLE_FAULT,
        error_code: 0,
        instruction: segments::MAIN.instruction(),
        page_address: page_address(),
    })
}

/// CR2: the address that the last page fault was about.
fn page_address() -> u32 {
    let address: u32;
    // SAFETY: reading CR2 has no effect.
    unsafe { asm!("mov {}, cr2", out(reg) address, options(nomem, nostack, preserves_flags)) };
    address
}
