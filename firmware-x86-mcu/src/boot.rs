//! From the multiboot loader to `firmware_main`.
//!
//! The loader leaves the processor in 32-bit protected mode with flat segments, paging and
//! interrupts off, and everything else undefined.

use core::arch::global_asm;

use firmware_common::machine::Machine as _;
use firmware_common::report::Text;
use firmware_common::stack;
use firmware_common::uart::BAUD;

use crate::data::ARENA_BYTES;
use crate::machine::Hardware;
use crate::{arena, clock, float, memory, multiboot, paging, report, screen, segments, traps, uart};

/// Least bytes above the image: an arena of the size that the board's data promise, and its tables.
#[expect(clippy::cast_possible_truncation, reason = "checked when compiled")]
const LEAST_BYTES: u32 = {
    assert!(ARENA_BYTES <= 1 << 30 && ARENA_BYTES.is_multiple_of(4096));
    ARENA_BYTES as u32 + memory::tables_bytes(ARENA_BYTES as u32)
};

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
    # A stack in memory that the loader has written: what lies behind it may not be there.
    movl $__early_stack_top, %esp
    xorl %ebp, %ebp
    subl $8, %esp
    pushl %ebx
    pushl %eax
    call {survey}
    movl %eax, %ebx
    movl %edx, %esi
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
    subl $8, %esp
    pushl %esi
    pushl %ebx
    call {start}
    "#,
    magic = const multiboot::MAGIC,
    flags = const multiboot::FLAGS,
    survey = sym survey,
    paint = const stack::PAINT,
    start = sym start,
    options(att_syntax)
);

/// Finds memory for the arena: its first address, and the one behind it in the upper half. Without enough of it, says so and
/// exits. No static may be touched.
extern "C" fn survey(magic: u32, info: u32) -> u64 {
    // SAFETY: the assembly above passes on what the loader left.
    let Some(regions) = (unsafe { multiboot::regions(magic, info) }) else {
        uart::com1().start();
        report::unknown_memory()
    };
    match memory::arena(paging::image(), LEAST_BYTES, &regions) {
        Ok(found) => u64::from(found.start) | u64::from(found.end) << 32,
        Err(shortage) => {
            uart::com1().start();
            report::too_little_memory(shortage)
        }
    }
}

/// Sets the processor up, floating point first, and runs the binary's main function. What [`survey`] found lies between the
/// two addresses.
extern "C" fn start(first: u32, end: u32) -> ! {
    float::forbid();
    uart::com1().start();
    clock::find();
    segments::load();
    traps::load();
    greet((end - first) >> 10);
    // SAFETY: paging is off, and this is memory that nothing else uses.
    let found = unsafe { paging::enable(first..end) };
    // SAFETY: all of it is memory that nothing else uses, in whole pages, and now mapped.
    unsafe { arena::found(&found) };
    Hardware::start()
}

/// Shows on the screen that the firmware runs, and where to look.
fn greet(memory_kib: u32) {
    let mut text = Text::default();
    text.text("loihi: serves on COM1 at ").grouped(BAUD).text(" baud, with ").grouped(memory_kib);
    text.text(" KiB of memory for a network");
    // SAFETY: paging is off.
    unsafe { screen::show(text.as_str()) };
}
