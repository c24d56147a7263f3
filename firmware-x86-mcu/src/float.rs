//! Makes every floating point instruction raise an exception.
//!
//! The image holds none. Should one slip in, its result would depend on rounding and precision
//! control, so it must not run unnoticed. An emulator may carry a floating point unit even where
//! its processor model says there is none; these bits forbid it on any processor.

use core::arch::asm;

/// WAIT raises "device not available" too, together with [`TASK_SWITCHED`].
const MONITOR_COPROCESSOR: u32 = 1 << 1;
/// x87 instructions raise "device not available"; MMX and SSE raise "invalid opcode".
const EMULATION: u32 = 1 << 2;
/// The unit's registers belong to nobody.
const TASK_SWITCHED: u32 = 1 << 3;

/// Sets CR0.EM, CR0.MP and CR0.TS.
pub(crate) fn forbid() {
    let cr0: u32;
    // SAFETY: reading CR0 has no effect; the bits set affect floating point instructions alone,
    // which the compiler does not emit for this target.
    unsafe {
        asm!("mov {}, cr0", out(reg) cr0, options(nomem, nostack, preserves_flags));
        let cr0 = cr0 | MONITOR_COPROCESSOR | EMULATION | TASK_SWITCHED;
        asm!("mov cr0, {}", in(reg) cr0, options(nomem, nostack, preserves_flags));
    }
}
