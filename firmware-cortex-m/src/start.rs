//! From reset to the program, on a stack that faults when it overflows.
//!
//! The program runs on the process stack and handlers on the main stack, so that a stack that has run off the memory is
//! reported like any other fault.

use core::arch::asm;

use firmware_common::register::word;
use firmware_common::stack;

/// Paints the process stack and runs `start` on it. Handlers get the stack that ends at `handlers_end`.
///
/// # Safety
///
/// For the function that the reset arrives in, whose frame lies at the top of the process stack; it is never returned to.
/// Below `handlers_end` lies memory that nothing else uses while a handler runs.
pub unsafe fn run<T>(handlers_end: *mut T, start: extern "C" fn() -> !) -> ! {
    // SAFETY: the caller runs on the stack that is painted.
    unsafe { stack::paint(stack::bottom()) };
    // SAFETY: the process stack begins at its top, as after reset, and the caller has given the memory for handlers.
    unsafe {
        asm!(
            "msr psp, {top}",
            "movs {top}, #2",
            "msr control, {top}",
            "isb",
            "msr msp, {handlers}",
            "blx {start}",
            "udf #0",
            top = in(reg) stack::top(),
            handlers = in(reg) handlers_end,
            start = in(reg) start,
            options(noreturn),
        )
    }
}

/// Makes the processor fault where the stack would grow beyond its end: that is the processor's own limit.
#[cfg(armv8m)]
pub fn guard_stack(_mpu: &cortex_m::peripheral::MPU) {
    // SAFETY: the stack lies above its bottom.
    unsafe { cortex_m::register::psplim::write(word(stack::bottom().addr())) };
}

/// Makes what lies below the stack fault, where the processor has a memory protection unit: not every board has nothing
/// there. The handlers of faults are exempt.
#[cfg(not(armv8m))]
pub fn guard_stack(mpu: &cortex_m::peripheral::MPU) {
    /// Bytes below the stack that may not be touched.
    const GUARD_BYTES: usize = 4096;
    const REGION_ON: u32 = 1;
    /// Without permissions, and of 2 to the power of this number plus one bytes.
    const REGION_SIZE: u32 = GUARD_BYTES.trailing_zeros() - 1;
    /// On, with the usual permissions for all other memory.
    const ON: u32 = 1 << 0 | 1 << 2;
    const REGIONS: u32 = 0xFF << 8;

    if mpu._type.read() & REGIONS == 0 {
        return;
    }
    // SAFETY: nothing that the program has lies below the stack, and no other region is in use.
    unsafe {
        mpu.rnr.write(0);
        mpu.rbar.write(word(stack::bottom().addr() - GUARD_BYTES));
        mpu.rasr.write(REGION_SIZE << 1 | REGION_ON);
        mpu.ctrl.write(ON);
    }
    cortex_m::asm::dsb();
    cortex_m::asm::isb();
}

/// Where `cortex-m-rt` arrives with variables set up, and its handlers of faults, for a
/// [`Machine`](firmware_common::machine::Machine): `start` runs with the stack for handlers that ends at the given address.
#[macro_export]
macro_rules! start {
    ($machine:ty, $handlers_end:expr, $start:ident) => {
        #[cortex_m_rt::entry]
        fn main() -> ! {
            let (handlers_end, start) = ($handlers_end, $start);
            // SAFETY: the reset arrives here, on the stack of the memory map, and nothing else uses that of the handlers.
            unsafe { $crate::start::run(handlers_end, start) }
        }

        #[cortex_m_rt::exception]
        unsafe fn HardFault(frame: &cortex_m_rt::ExceptionFrame) -> ! {
            $crate::fault::report::<$machine>(frame)
        }

        /// An exception or interrupt that nobody has switched on.
        #[cortex_m_rt::exception]
        unsafe fn DefaultHandler(number: i16) -> ! {
            $crate::fault::report_exception::<$machine>(number)
        }
    };
}
