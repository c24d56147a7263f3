//! Counts executed instructions with SysTick, in QEMU under `-icount`. On hardware it counts time; `cycles` counts there.
//!
//! SysTick has 24 bits and counts down. Its exception counts how often it has begun again, and takes as many instructions
//! each time, which are taken off. It begins again after a whole number of instructions, so that the count is exact.

use core::arch::global_asm;
use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;

use crate::data::{RATIO_INSTRUCTIONS, RATIO_TICKS};

/// Ticks until SysTick begins again: as many of the ratio as 24 bits hold.
const WRAP_TICKS: u32 = (1 << 24) / RATIO_TICKS * RATIO_TICKS;
/// Instructions in them.
const WRAP_INSTRUCTIONS: u64 = (WRAP_TICKS / RATIO_TICKS) as u64 * RATIO_INSTRUCTIONS as u64;
/// Instructions of the exception.
const HANDLER_INSTRUCTIONS: u64 = 5;
/// Instructions a tick, in units of 2^-32, for fewer than 2^24 ticks.
const INSTRUCTIONS_PER_TICK: u64 = ((RATIO_INSTRUCTIONS as u64) << 32) / RATIO_TICKS as u64 + 1;

/// How often SysTick has begun again.
static WRAPS: AtomicU32 = AtomicU32::new(0);

// The exception, in a known number of instructions. It changes registers only that the processor saves.
global_asm!(
    ".section .text.SysTick, \"ax\", %progbits",
    ".global SysTick",
    ".type SysTick, %function",
    ".thumb_func",
    "SysTick:",
    "ldr r0, 1f",
    "ldr r1, [r0]",
    "adds r1, #1",
    "str r1, [r0]",
    "bx lr",
    ".balign 4",
    "1: .word {wraps}",
    ".size SysTick, . - SysTick",
    wraps = sym WRAPS,
);

/// Starts SysTick.
pub(crate) fn start(mut systick: SYST) {
    systick.set_clock_source(SystClkSource::Core);
    systick.set_reload(WRAP_TICKS - 1);
    systick.clear_current();
    systick.enable_interrupt();
    systick.enable_counter();
}

/// Instructions since the start.
pub(crate) fn ticks() -> u64 {
    loop {
        let wraps = WRAPS.load(Ordering::Relaxed);
        let left = SYST::get_current();
        if WRAPS.load(Ordering::Relaxed) == wraps {
            let elapsed = (WRAP_TICKS - 1).wrapping_sub(left) & 0xFF_FFFF;
            let since = (u64::from(elapsed) * INSTRUCTIONS_PER_TICK) >> 32;
            return u64::from(wraps) * (WRAP_INSTRUCTIONS - HANDLER_INSTRUCTIONS) + since;
        }
    }
}

defmt::timestamp!("{=u64}", ticks());
