//! From reset to a device on the serial line, which is served for as long as the board is on.

use core::arch::asm;

use firmware_common::exit::Reason;
use firmware_common::machine::Machine as _;
use firmware_common::stack;

use crate::{boards, clock, data};

firmware_common::hardware!(pub struct Hardware: Some(clock::ticks), boards::uart, boards::strobe, exit);

/// Without QEMU or a debugger, which take semihosting, the processor stops with a fault, for good.
fn exit(reason: Reason) -> ! {
    semihosting::process::exit(i32::from(reason as u8))
}

/// Bytes below the stack that may not be touched.
const GUARD_BYTES: usize = 4096;
/// Permissions of a region: none, not even for the program itself. Its length is a power of two.
const GUARD_PERMISSIONS: usize = 0b1001_1000;

/// Whether an address lies in the guard below the stack.
pub(crate) fn is_stack_guard(address: usize) -> bool {
    let bottom = stack::bottom().addr();
    (bottom - GUARD_BYTES..bottom).contains(&address)
}

/// Makes what lies below the stack fault.
fn guard_stack() {
    let first = stack::bottom().addr() - GUARD_BYTES;
    // The address of a region counts words, and the ones at its end tell its length.
    let region = (first >> 2) | ((GUARD_BYTES >> 3) - 1);
    // SAFETY: nothing that the program has lies below the stack, and no other region is in use.
    unsafe {
        asm!(
            "csrw pmpaddr0, {region}",
            "csrw pmpcfg0, {permissions}",
            region = in(reg) region,
            permissions = in(reg) GUARD_PERMISSIONS,
            options(nostack),
        );
    }
}

/// Where `riscv-rt` arrives with variables set up.
#[riscv_rt::entry]
fn main() -> ! {
    // SAFETY: this function's frame lies at the top of the stack that is painted. The stack for traps lies over the arena,
    // since nothing else runs after one.
    unsafe {
        stack::paint(stack::bottom());
        asm!("csrw mscratch, {}", in(reg) ARENA.end(), options(nostack));
    }
    guard_stack();
    boards::start();
    Hardware::start()
}
