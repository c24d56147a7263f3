//! Starts like the firmware, then goes wrong in the way that the first byte received asks for.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
use core::arch::asm;

#[cfg(target_os = "none")]
firmware_common::faults! {
    firmware_riscv::Hardware:
    b'i' => fault_invalid_instruction {
        // SAFETY: faults and does nothing else, which is what the opcode is for.
        unsafe { asm!("unimp") };
    }
    b'n' => fault_nothing_there {
        // SAFETY: no board has anything at this address, so the load faults.
        unsafe { asm!("lw {0}, 0({0})", inout(reg) 8 => _) };
    }
}

firmware_common::hosted!();
