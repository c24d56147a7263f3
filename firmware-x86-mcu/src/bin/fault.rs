//! Boots like the firmware, then goes wrong in the way that the first byte received asks for.
//!
//! A test of the reports runs it; no board needs it.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod machine {
    use core::arch::asm;
    use core::hint::black_box;

    use embedded_io::Read;
    use firmware_x86_mcu::uart::com1;

    // SAFETY: the boot code calls it by this name, which nothing else has.
    #[unsafe(no_mangle)]
    extern "C" fn firmware_main() {
        defmt::info!("ready to go wrong");
        let mut choice = [0];
        let Ok(_) = com1().read(&mut choice);
        match &choice {
            b"f" => fault_float(),
            b"d" => fault_divide(),
            b"i" => fault_invalid_opcode(),
            b"g" => fault_general_protection(),
            b"n" => fault_null(),
            b"w" => fault_write_to_code(),
            b"s" => {
                fault_stack_overflow(0);
            }
            b"p" => fault_panic(),
            _ => {}
        }
    }

    // Deliberate mistakes. The processor stops each before it has an effect, which is what makes
    // them sound. A test finds the functions by name in the symbol table.

    // SAFETY: nothing else has this name.
    #[unsafe(no_mangle)]
    #[inline(never)]
    extern "C" fn fault_float() {
        // SAFETY: CR0.EM makes this fault, so the unit's registers stay untouched.
        unsafe { asm!("fld1") };
    }

    // SAFETY: nothing else has this name.
    #[unsafe(no_mangle)]
    #[inline(never)]
    extern "C" fn fault_divide() {
        // SAFETY: a division by zero changes no register before it faults.
        unsafe { asm!("div {0:e}", in(reg) 0, inout("eax") 1 => _, inout("edx") 0 => _) };
    }

    // SAFETY: nothing else has this name.
    #[unsafe(no_mangle)]
    #[inline(never)]
    extern "C" fn fault_invalid_opcode() {
        // SAFETY: faults and does nothing else, which is what the opcode is for.
        unsafe { asm!("ud2") };
    }

    // SAFETY: nothing else has this name.
    #[unsafe(no_mangle)]
    #[inline(never)]
    extern "C" fn fault_general_protection() {
        // SAFETY: the selector lies beyond the table, so the load faults and DS keeps its value.
        unsafe { asm!("mov ds, {0:x}", in(reg) 0xfff8) };
    }

    // SAFETY: nothing else has this name.
    #[unsafe(no_mangle)]
    #[inline(never)]
    extern "C" fn fault_null() {
        // SAFETY: page 0 is not mapped, so the load faults.
        unsafe { asm!("mov {0}, [{0}]", inout(reg) 4 => _) };
    }

    // SAFETY: nothing else has this name.
    #[unsafe(no_mangle)]
    #[inline(never)]
    extern "C" fn fault_write_to_code() {
        let target = fault_write_to_code as extern "C" fn() as usize;
        // SAFETY: code is mapped read-only, so the store faults.
        unsafe { asm!("mov byte ptr [{0}], 0", in(reg) target) };
    }

    // SAFETY: nothing else has this name.
    #[unsafe(no_mangle)]
    #[inline(never)]
    #[expect(unconditional_recursion, reason = "the stack is meant to overflow")]
    extern "C" fn fault_stack_overflow(depth: u32) -> u32 {
        fault_stack_overflow(black_box(depth) + 1) + black_box(depth)
    }

    // SAFETY: nothing else has this name.
    #[unsafe(no_mangle)]
    #[inline(never)]
    extern "C" fn fault_panic() {
        panic!("a deliberate panic");
    }
}

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!("this program runs on the bare machine; build it with `cargo xtask firmware`");
    std::process::exit(2);
}
