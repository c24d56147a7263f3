//! From the multiboot loader to `firmware_main`.
//!
//! The loader leaves the processor in 32-bit protected mode with flat segments, paging and
//! interrupts off, and everything else undefined.

use core::arch::global_asm;

use firmware_common::machine::Machine as _;
use firmware_common::stack;

use crate::machine::Hardware;
use crate::{float, paging, report, segments, traps, uart};

/// Marks the image for a loader that follows version 1 of the multiboot specification.
const MULTIBOOT_MAGIC: u32 = 0x1BAD_B002;
/// Page-aligned modules (there are none), and memory information.
const MULTIBOOT_FLAGS: u32 = 1 << 0 | 1 << 1;
/// What such a loader leaves in EAX; EBX then points to what it tells.
const MULTIBOOT_LOADED: u32 = 0x2BAD_B002;
/// The top of a stack in memory that every PC has, and that nothing else uses once the loader is done.
const LOW_STACK: u32 = 0x7C00;

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
    # Nothing may be written before it is known that there is memory for it.
    cmpl ${loaded}, %eax
    jne 1f
    testl $1, (%ebx)
    jz 1f
    movl $__image_end, %ecx
    subl $0x100000, %ecx
    shrl $10, %ecx
    # KiB from 1 MiB up.
    movl 8(%ebx), %edx
    cmpl %ecx, %edx
    jae 1f
    movl ${low_stack}, %esp
    xorl %ebp, %ebp
    subl $8, %esp
    pushl %edx
    pushl %ecx
    call {too_little}
1:
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
    loaded = const MULTIBOOT_LOADED,
    low_stack = const LOW_STACK,
    too_little = sym too_little,
    paint = const stack::PAINT,
    start = sym start,
    options(att_syntax)
);

/// KiB from 1 MiB up that the image needs, and that there are. No static may be touched: what lies behind the code may not
/// be there.
extern "C" fn too_little(needed_kib: u32, there_kib: u32) -> ! {
    uart::com1().start();
    report::too_little_memory(needed_kib, there_kib)
}

/// Sets the processor up, floating point first, and runs the binary's main function.
extern "C" fn start() -> ! {
    float::forbid();
    uart::com1().start();
    segments::load();
    traps::load();
    paging::enable();
    Hardware::start()
}
