//! Counts executed instructions, exactly.

/// Instructions since the start.
pub(crate) fn ticks() -> u64 {
    riscv::register::minstret::read64()
}

defmt::timestamp!("{=u64}", ticks());
