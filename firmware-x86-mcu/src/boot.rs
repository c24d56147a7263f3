//! From the multiboot loader to `firmware_main`.
//!
//! The loader leaves the processor in 32-bit protected mode with flat segments, paging and
//! interrupts off, and everything else undefined.

use core::arch::global_asm;

use crate::{exit, float, paging, segments, stack, traps, uart};

/// Marks the image for a loader that follows version 1 of the multiboot specification.
const MULTIBOOT_MAGIC: u32 = 0x1BAD_B002;
/// Asks for page-aligned modules; nothing that the loader could offer is needed.
const MULTIBOOT_FLAGS: u32 = 1;

global_asm!(
    r#"
    .section .multiboot, "a", @progbits
    .balign 4
    .long {magic}
    .long {flags}
    .long -({magic} + {flags})

    .section .text.boot, "ax", @progbits
    .globl _start
_start:
    cli
    cld
    # Loaders differ in what they leave in memory that is not in the file.
    movl $__zeroed_start, %edi
    movl $__zeroed_end, %ecx
    subl %edi, %ecx
    shrl $2, %ecx
    xorl %eax, %eax
    rep stosl
    # What is still painted later was never used.
    movl $__stack_bottom, %edi
    movl $__stack_top, %ecx
    subl %edi, %ecx
    shrl $2, %ecx
    movl ${paint}, %eax
    rep stosl
    movl $__stack_top, %esp
    xorl %ebp, %ebp
    call {start}
    "#,
    magic = const MULTIBOOT_MAGIC,
    flags = const MULTIBOOT_FLAGS,
    paint = const stack::PAINT,
    start = sym start,
    options(att_syntax)
);

// SAFETY: each binary defines it with this signature; without one it does not link.
unsafe extern "C" {
    /// What the machine does; each binary of this package defines one.
    safe fn firmware_main();
}

/// Sets the processor up, floating point first, and runs the binary's main function.
extern "C" fn start() -> ! {
    float::forbid();
    uart::init();
    segments::load();
    traps::load();
    paging::enable();
    firmware_main();
    exit::exit(exit::Reason::Finished)
}
