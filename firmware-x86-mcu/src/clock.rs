//! The processor's time-stamp counter, which a 486 lacks.

use core::arch::asm;
use core::arch::x86::{__cpuid, _rdtsc};
use core::sync::atomic::{AtomicBool, Ordering};

/// The bit of EFLAGS that can be changed where there is a CPUID instruction.
const CAN_IDENTIFY: u32 = 1 << 21;
/// In EDX of CPUID's leaf 1: there is a time-stamp counter.
const HAS_COUNTER: u32 = 1 << 4;

static IS_THERE: AtomicBool = AtomicBool::new(false);

/// Finds out whether there is a counter.
pub(crate) fn find() {
    IS_THERE.store(can_identify() && identify_counter(), Ordering::Relaxed);
}

/// The counter, where there is one: cycles since power-on on a real processor, executed instructions in QEMU under `-icount
/// shift=0`.
pub(crate) fn ticks() -> Option<fn() -> u64> {
    IS_THERE.load(Ordering::Relaxed).then_some(count)
}

fn count() -> u64 {
    // SAFETY: called where there is a counter only, and CR4.TSD is clear at start-up.
    unsafe { _rdtsc() }
}

fn can_identify() -> bool {
    let changed: u32;
    // SAFETY: changes a flag that has no effect, and changes it back.
    unsafe {
        asm!(
            "pushfd",
            "pushfd",
            "xor dword ptr [esp], {bit}",
            "popfd",
            "pushfd",
            "pop {changed}",
            "xor {changed}, [esp]",
            "popfd",
            bit = const CAN_IDENTIFY,
            changed = out(reg) changed,
        );
    }
    changed & CAN_IDENTIFY != 0
}

/// What CPUID says of the counter.
fn identify_counter() -> bool {
    __cpuid(0).eax >= 1 && __cpuid(1).edx & HAS_COUNTER != 0
}

defmt::timestamp!("{=u64}", ticks().map_or(0, |count| count()));
