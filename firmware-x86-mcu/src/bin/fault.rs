//! Starts like the firmware, then goes wrong in the way that the first byte received asks for.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
use core::arch::asm;

#[cfg(target_os = "none")]
firmware_common::faults! {
    firmware_x86_mcu::Hardware:
    b'f' => fault_float {
        // SAFETY: CR0.EM makes this fault, so the unit's registers stay untouched.
        unsafe { asm!("fld1") };
    }
    b'd' => fault_divide {
        // SAFETY: a division by zero changes no register before it faults.
        unsafe { asm!("div {0:e}", in(reg) 0, inout("eax") 1 => _, inout("edx") 0 => _) };
    }
    b'i' => fault_invalid_opcode {
        // SAFETY: faults and does nothing else, which is what the opcode is for.
        unsafe { asm!("ud2") };
    }
    b'g' => fault_general_protection {
        // SAFETY: the selector lies beyond the table, so the load faults and DS keeps its value.
        unsafe { asm!("mov ds, {0:x}", in(reg) 0xfff8) };
    }
    b'n' => fault_null {
        // SAFETY: page 0 is not mapped, so the load faults.
        unsafe { asm!("mov {0}, [{0}]", inout(reg) 4 => _) };
    }
    b'w' => fault_write_to_code {
        let target = fault_write_to_code as extern "C" fn() as usize;
        // SAFETY: code is mapped read-only, so the store faults.
        unsafe { asm!("mov byte ptr [{0}], 0", in(reg) target) };
    }
}

firmware_common::hosted!();
