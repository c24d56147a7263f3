//! Segments and tasks: a flat address space, and a second stack for double faults.
//!
//! A fault pushes its frame onto the running stack. When that stack is what overflowed, the push
//! faults again, and only a task switch gets the processor onto a stack that works.

use core::arch::asm;
use core::mem::size_of;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::address::{self, TablePointer};
use crate::{paging, traps};

/// Selector of the code segment: all memory, privilege 0.
pub(crate) const CODE: u16 = 1 << 3;
/// Selector of the data and stack segment: all memory, privilege 0.
const DATA: u16 = 2 << 3;
/// Selector of the task that everything runs in.
const MAIN_TASK: u16 = 3 << 3;
/// Selector of the task that a double fault switches to.
pub(crate) const FAULT_TASK: u16 = 4 << 3;

/// A task state segment as the processor reads and writes it.
///
/// Atomic words, because the processor changes them behind the compiler's back.
#[repr(C)]
pub(crate) struct TaskState {
    back_link: AtomicU32,
    inner_stacks: [AtomicU32; 6],
    page_directory: AtomicU32,
    instruction: AtomicU32,
    flags: AtomicU32,
    /// EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI.
    registers: [AtomicU32; 8],
    /// ES, CS, SS, DS, FS, GS.
    selectors: [AtomicU32; 6],
    local_table: AtomicU32,
    io_map: AtomicU32,
}

/// Bytes of a [`TaskState`] as the architecture lays it out.
const TASK_BYTES: u32 = 104;
const _: () = assert!(size_of::<TaskState>() == TASK_BYTES as usize);

/// Index of ESP in [`TaskState::registers`].
const ESP: usize = 4;
/// Index of CS in [`TaskState::selectors`].
const CS: usize = 1;
/// The bit of EFLAGS that is always set; all others clear, so interrupts stay off.
const FLAGS_NONE: u32 = 1 << 1;

impl TaskState {
    const fn new() -> Self {
        Self {
            back_link: AtomicU32::new(0),
            inner_stacks: [const { AtomicU32::new(0) }; 6],
            page_directory: AtomicU32::new(0),
            instruction: AtomicU32::new(0),
            flags: AtomicU32::new(FLAGS_NONE),
            registers: [const { AtomicU32::new(0) }; 8],
            selectors: [const { AtomicU32::new(DATA as u32) }; 6],
            local_table: AtomicU32::new(0),
            // An offset beyond the segment: there is no I/O permission map.
            io_map: AtomicU32::new(TASK_BYTES << 16),
        }
    }

    /// Where the task was when the processor last switched away from it.
    pub(crate) fn instruction(&self) -> u32 {
        self.instruction.load(Ordering::Relaxed)
    }
}

/// Filled by the processor when a double fault takes it away from the main task.
pub(crate) static MAIN: TaskState = TaskState::new();
static FAULT: TaskState = TaskState::new();

/// The global descriptor table; the first descriptor must be zero.
static DESCRIPTORS: [[AtomicU32; 2]; 5] = [const { [const { AtomicU32::new(0) }; 2] }; 5];

/// Present, code, readable.
const ACCESS_CODE: u32 = 0x9a;
/// Present, data, writable.
const ACCESS_DATA: u32 = 0x92;
/// Present, 32-bit task, not busy.
const ACCESS_TASK: u32 = 0x89;
/// The limit counts pages, the segment is a 32-bit one.
const PAGES_32_BIT: u32 = 0xc;
/// The limit counts bytes.
const BYTES: u32 = 0;

/// A segment descriptor. `limit` is the last valid offset, 20 bits; `granularity` its unit.
const fn descriptor(base: u32, limit: u32, access: u32, granularity: u32) -> [u32; 2] {
    [
        (limit & 0xffff) | (base << 16),
        (base >> 16 & 0xff) | (access << 8) | (limit & 0xf_0000) | (granularity << 20) | (base & 0xff00_0000),
    ]
}

/// Loads segments of our own in place of the loader's, and the main task.
pub(crate) fn load() {
    let contents = [
        [0, 0],
        descriptor(0, 0xf_ffff, ACCESS_CODE, PAGES_32_BIT),
        descriptor(0, 0xf_ffff, ACCESS_DATA, PAGES_32_BIT),
        descriptor(address::of(&raw const MAIN), TASK_BYTES - 1, ACCESS_TASK, BYTES),
        descriptor(address::of(&raw const FAULT), TASK_BYTES - 1, ACCESS_TASK, BYTES),
    ];
    for (slot, words) in DESCRIPTORS.iter().zip(contents) {
        for (word, value) in slot.iter().zip(words) {
            word.store(value, Ordering::Relaxed);
        }
    }
    prepare_fault_task();
    let table = TablePointer::to(&DESCRIPTORS);
    // SAFETY: the table is static and complete; its code and data segments are as flat as those
    // that the loader set, so every address keeps its meaning. The task segments are static too.
    unsafe {
        asm!(
            "lgdt [{table}]",
            // Only a far transfer reloads CS.
            "push {code}",
            "lea {scratch}, [2f]",
            "push {scratch}",
            "retf",
            "2:",
            "mov ds, {data:x}",
            "mov es, {data:x}",
            "mov fs, {data:x}",
            "mov gs, {data:x}",
            "mov ss, {data:x}",
            "ltr {task:x}",
            table = in(reg) &raw const table,
            code = const CODE,
            scratch = out(reg) _,
            data = in(reg) u32::from(DATA),
            task = in(reg) u32::from(MAIN_TASK),
        );
    }
}

/// Makes the fault task start at the double fault handler, on a stack of its own.
fn prepare_fault_task() {
    // SAFETY: link.x defines it; it marks an address and is never read.
    unsafe extern "C" {
        static __fault_stack_top: u8;
    }
    let entry = traps::double_fault as extern "C" fn() -> !;
    FAULT.instruction.store(address::of(entry as *const ()), Ordering::Relaxed);
    FAULT.page_directory.store(paging::directory_address(), Ordering::Relaxed);
    if let Some(cs) = FAULT.selectors.get(CS) {
        cs.store(u32::from(CODE), Ordering::Relaxed);
    }
    if let Some(esp) = FAULT.registers.get(ESP) {
        esp.store(address::of(&raw const __fault_stack_top), Ordering::Relaxed);
    }
}
