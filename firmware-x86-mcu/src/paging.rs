//! Maps the image at its own addresses and nothing else.
//!
//! Code and constants become read-only, a page below the stack and all memory outside the image
//! become unreachable, so that a wild pointer or a stack overflow faults where it happens.

use core::arch::asm;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::address;

/// Bytes in a page.
const PAGE_BYTES: u32 = 4096;
/// Entries in the directory and in each table.
const ENTRIES: usize = 1024;
/// Enough for 16 MiB, which the linker script makes sure of.
const TABLES: usize = 4;

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
static PAGE_TABLES: [Table; TABLES] = [const { Table::new() }; TABLES];

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

/// Fills the tables and turns paging on.
pub(crate) fn enable() {
    let pages = PAGE_TABLES.iter().flat_map(|table| table.0.iter());
    for (page, entry) in (0..).zip(pages) {
        let address = page * PAGE_BYTES;
        entry.store(address | access(address), Ordering::Relaxed);
    }
    for (entry, table) in DIRECTORY.0.iter().zip(&PAGE_TABLES) {
        entry.store(address::of(&raw const *table) | PRESENT | WRITABLE, Ordering::Relaxed);
    }
    // SAFETY: every page of the image, so all code, the stack and every static, is mapped at its
    // own address with the access it needs; nothing else is ever touched through a pointer. The
    // asm block may not move: it is a barrier for the stores above, as it has no `nomem`.
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
}

/// The access bits for the page at `address`.
fn access(address: u32) -> u32 {
    let start = address::of(&raw const __image_start);
    let writable = address::of(&raw const __writable_start);
    let end = address::of(&raw const __image_end);
    if address < start || address >= end || is_stack_guard(address) {
        0
    } else if address < writable {
        PRESENT
    } else {
        PRESENT | WRITABLE
    }
}
