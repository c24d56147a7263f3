//! The stack, which the boot code paints.

pub(crate) use firmware_common::stack::PAINT;

// SAFETY: link.x defines them; they mark addresses and are never read.
unsafe extern "C" {
    static __stack_bottom: u32;
    static __stack_top: u32;
}

/// Most bytes of the stack that were in use at any time since the start.
pub fn used_bytes() -> u32 {
    // SAFETY: link.x puts the two around the stack, in words, and all of it is mapped.
    unsafe { firmware_common::stack::used_bytes(&raw const __stack_bottom, &raw const __stack_top) }
}
