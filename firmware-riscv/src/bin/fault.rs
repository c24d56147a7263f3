//! Starts like the firmware, then goes wrong in the way that the first byte received asks for.
//!
//! A test of the reports runs it; no board needs it.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod machine {
    use core::arch::asm;
    use core::hint::black_box;

    use firmware_riscv::line;

    // SAFETY: the start calls it by this name, which nothing else has.
    #[unsafe(no_mangle)]
    extern "C" fn firmware_main() {
        defmt::info!("ready to go wrong");
        match line::receive() {
            b'i' => fault_invalid_instruction(),
            b'n' => fault_nothing_there(),
            b's' => {
                fault_stack_overflow(0);
            }
            b'p' => fault_panic(),
            _ => {}
        }
    }

    // Deliberate mistakes. The processor stops each before it has an effect, which is what makes them sound. A test finds
    // the functions by name in the symbol table.

    // SAFETY: nothing else has this name.
    #[unsafe(no_mangle)]
    #[inline(never)]
    extern "C" fn fault_invalid_instruction() {
        // SAFETY: faults and does nothing else, which is what the opcode is for.
        unsafe { asm!("unimp") };
    }

    // SAFETY: nothing else has this name.
    #[unsafe(no_mangle)]
    #[inline(never)]
    extern "C" fn fault_nothing_there() {
        // SAFETY: no board has anything at this address, so the load faults.
        unsafe { asm!("lw {0}, 0({0})", inout(reg) 8 => _) };
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
    eprintln!("this program runs on a board; build it with `cargo xtask firmware`");
    std::process::exit(2);
}
