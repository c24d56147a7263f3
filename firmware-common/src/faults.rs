//! A program that starts like the firmware, then goes wrong in the way that the first byte received asks for.
//!
//! A test of the reports runs it; no board needs it.

use crate::machine::Machine;

/// The way in which the machine is to go wrong.
pub fn choice<M: Machine>() -> u8 {
    defmt::info!("ready to go wrong");
    M::receive()
}

/// The program for a [`Machine`]: a byte, a function that makes the processor fault, and so on. All machines overflow
/// their stack at `s` and panic at `p`.
///
/// The mistakes are deliberate. The processor stops each before it has an effect, which is what makes them sound. A test
/// finds the functions by name in the symbol table.
#[macro_export]
macro_rules! faults {
    ($machine:ty: $($choice:literal => $name:ident $body:block)*) => {
        // SAFETY: the start calls it by this name, which nothing else has.
        #[unsafe(no_mangle)]
        extern "C" fn firmware_main() {
            match $crate::faults::choice::<$machine>() {
                $($choice => $name(),)*
                b's' => {
                    fault_stack_overflow(0);
                }
                b'p' => fault_panic(),
                _ => {}
            }
        }

        $(
            // SAFETY: nothing else has this name.
            #[unsafe(no_mangle)]
            #[inline(never)]
            extern "C" fn $name() $body
        )*

        // SAFETY: nothing else has this name.
        #[unsafe(no_mangle)]
        #[inline(never)]
        #[expect(unconditional_recursion, reason = "the stack is meant to overflow")]
        extern "C" fn fault_stack_overflow(depth: u32) -> u32 {
            fault_stack_overflow(core::hint::black_box(depth) + 1) + core::hint::black_box(depth)
        }

        // SAFETY: nothing else has this name.
        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn fault_panic() {
            panic!("a deliberate panic");
        }
    };
}
