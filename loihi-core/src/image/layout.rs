//! What the layout of a chip's memory and of its image have in common.

/// Compartments that are advanced together, and the unit in which a core's memory is handed out.
pub const LANES: usize = 16;
/// Most compartments of one core.
pub const COMPARTMENTS_PER_CORE: usize = 1024;
/// Most slots of a core's dendritic accumulators; a delay is smaller than the number of slots.
pub const SLOTS_MAX: usize = 64;
/// Most programs of an image.
pub const SNIPS_MAX: usize = 256;

/// Slots that a core needs for this longest delay in steps.
pub const fn slots_for(delay_max: usize) -> usize {
    delay_max.saturating_add(1).next_power_of_two()
}

/// Blocks of registers that `compartments` compartments of a core take.
pub const fn blocks_for(compartments: usize) -> usize {
    compartments.div_ceil(LANES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_exceed_the_delay() {
        for delay in 0..=63 {
            let slots = slots_for(delay);
            assert!(slots.is_power_of_two() && slots > delay && slots <= SLOTS_MAX, "delay {delay}");
        }
    }
}
