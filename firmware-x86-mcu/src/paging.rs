//! Maps the image and the arena at their own addresses, and nothing else.
//!
//! Code and constants become read-only, a page below the stack and all other memory become unreachable, so that a wild
//! pointer or a stack overflow faults where it happens. The tables of the arena lie in front of it.

use core::arch::asm;
use core::ops::Range;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::address;
use crate::memory::{self, PAGE_BYTES, SPAN_BYTES};

/// Entries in the directory and in each table.
const ENTRIES: usize = 1024;

const PRESENT: u32 = 1 << 0;
const WRITABLE: u32 = 1 << 1;
/// CR0.WP: privilege 0 respects read-only pages too.
const WRITE_PROTECT: u32 = 1 << 16;
/// CR0.PG.
const PAGING: u32 = 1 << 31;

/// A directory or a table, atomic because the processor marks the entries that it has used.
#[repr(C, align(4096))]
struct Table([AtomicU32; ENTRIES]);

impl Table {
    const fn new() -> Self {
        Self([const { AtomicU32::new(0) }; ENTRIES])
    }
}

static DIRECTORY: Table = Table::new();
/// Maps the first 4 MiB, in which the image lies, as the linker script makes sure.
static FIRST_TABLE: Table = Table::new();

// SAFETY: link.x defines them; they mark addresses and are never read.
unsafe extern "C" {
    static __image_start: u8;
    static __writable_start: u8;
    static __stack_guard: u8;
    static __image_end: u8;
}

/// The physical address of the page directory.
pub(crate) fn directory_address() -> u32 {
    address::of(&raw const DIRECTORY)
}

/// Whether `address` lies in the unmapped page below the stack.
pub(crate) fn is_stack_guard(address: u32) -> bool {
    address & !(PAGE_BYTES - 1) == address::of(&raw const __stack_guard)
}

/// The addresses of the image, with the stacks and all variables.
pub(crate) fn image() -> Range<u32> {
    address::of(&raw const __image_start)..address::of(&raw const __image_end)
}

/// Fills the tables and turns paging on. `memory` is for the arena and its tables; returns what is left for the arena.
///
/// # Safety
///
/// Paging is off, and `memory` is memory in whole pages that nothing else uses.
pub(crate) unsafe fn enable(memory: Range<u32>) -> Range<u32> {
    let spans = memory::spans(&memory);
    let arena = memory.start + PAGE_BYTES * (spans.end.saturating_sub(spans.start))..memory.end;
    for (page, entry) in (0..).zip(&FIRST_TABLE.0) {
        entry.store(entry_of(page * PAGE_BYTES, &arena), Ordering::Relaxed);
    }
    let first = DIRECTORY.0.iter().zip([address::of(&raw const FIRST_TABLE)]);
    let tables = (memory.start..).step_by(PAGE_BYTES as usize);
    for (entry, table) in first.chain(DIRECTORY.0.iter().skip(spans.start as usize).zip(tables.take(spans.len()))) {
        entry.store(table | PRESENT | WRITABLE, Ordering::Relaxed);
    }
    let pages = (spans.start * SPAN_BYTES..).step_by(PAGE_BYTES as usize).take(spans.len() * ENTRIES);
    let entries = ptr::with_exposed_provenance_mut::<u32>(memory.start as usize);
    for (place, page) in pages.enumerate() {
        // SAFETY: the entry lies in the first pages of `memory`, one for each of the spans.
        unsafe { entries.wrapping_add(place).write_volatile(entry_of(page, &arena)) };
    }
    // SAFETY: every page of the image, so all code, the stack and every static, and of the arena is mapped at its own
    // address with the access it needs; nothing else is ever touched through a pointer. The asm block may not move: it is a
    // barrier for the stores above, as it has no `nomem`.
    unsafe {
        asm!(
            "mov cr3, {directory}",
            "mov {scratch}, cr0",
            "or {scratch}, {bits}",
            "mov cr0, {scratch}",
            directory = in(reg) directory_address(),
            bits = in(reg) PAGING | WRITE_PROTECT,
            scratch = out(reg) _,
            options(nostack),
        );
    }
    arena
}

/// The entry for the page at `address`.
fn entry_of(address: u32, arena: &Range<u32>) -> u32 {
    let image = image();
    let access = if arena.contains(&address) {
        PRESENT | WRITABLE
    } else if !image.contains(&address) || is_stack_guard(address) {
        0
    } else if address < address::of(&raw const __writable_start) {
        PRESENT
    } else {
        PRESENT | WRITABLE
    };
    address | access
}
