//! The processor's time-stamp counter.

use core::arch::x86::_rdtsc;

/// Ticks since power-on: cycles on a real processor, executed instructions in QEMU under
/// `-icount shift=0`.
pub(crate) fn ticks() -> u64 {
    // SAFETY: the target is a Pentium, which has the counter, and CR4.TSD is clear at start-up.
    unsafe { _rdtsc() }
}

defmt::timestamp!("{=u64}", ticks());
