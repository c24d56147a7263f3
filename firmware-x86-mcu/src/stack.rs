//! How much of the stack was ever in use: the boot code paints it, and what is still painted was not.

use core::arch::asm;

use crate::address;

/// What fills the stack before it is used.
pub(crate) const PAINT: u32 = 0x5AC4_11ED;

// SAFETY: link.x defines them; they mark addresses and are never read.
unsafe extern "C" {
    static __stack_bottom: u8;
    static __stack_top: u8;
}

/// Most bytes of the stack that were in use at any time since the start.
///
/// Words that were set aside and never written count only above the lowest one that was written.
pub fn used_bytes() -> u32 {
    let (bottom, top) = (&raw const __stack_bottom, &raw const __stack_top);
    let free: u32;
    // SAFETY: the words read lie between the bottom of the stack, which is mapped, and the stack pointer, where no
    // object of the program lives. Nothing is written. The direction flag is clear, as the ABI requires.
    unsafe {
        asm!(
            "mov ecx, esp",
            "sub ecx, edi",
            "shr ecx, 2",
            "mov {free}, ecx",
            // Stops one word past the first that has been overwritten.
            "repe scasd",
            "je 2f",
            "inc ecx",
            "2:",
            "sub {free}, ecx",
            free = out(reg) free,
            inout("edi") bottom => _,
            out("ecx") _,
            in("eax") PAINT,
            options(readonly, nostack),
        );
    }
    let painted_bytes = free.saturating_mul(4);
    address::of(top).wrapping_sub(address::of(bottom)).saturating_sub(painted_bytes)
}
