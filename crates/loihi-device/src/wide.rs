//! A step compiled for the wide registers that the processor of this host has, or for those of every such processor.

use loihi_core::chip::Chip;
use loihi_core::device::{inject_portably, step_portably};

/// Which registers a step uses. The bits are the same with any of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Registers {
    /// The widest that are there.
    #[default]
    Widest,
    /// Those that every processor of this kind has.
    Portable,
}

impl Registers {
    /// What computes a step with them.
    pub fn step(self) -> fn(&mut Chip<'_>) {
        match self {
            Self::Widest => step,
            Self::Portable => step_portably,
        }
    }

    /// What sends a spike into an external input with them.
    pub fn inject(self) -> fn(&mut Chip<'_>, usize) {
        match self {
            Self::Widest => inject,
            Self::Portable => inject_portably,
        }
    }
}

/// [`Chip::step`] with the widest registers that are there. The bits are the same with any of them.
pub fn step(chip: &mut Chip<'_>) {
    #[cfg(target_arch = "x86_64")]
    if has_avx2() {
        // SAFETY: the processor has the features that the function was compiled for.
        return unsafe { step_avx2(chip) };
    }
    chip.step();
}

/// [`Chip::inject`] with the widest registers that are there.
pub fn inject(chip: &mut Chip<'_>, input: usize) {
    #[cfg(target_arch = "x86_64")]
    if has_avx2() {
        // SAFETY: the processor has the features that the function was compiled for.
        return unsafe { inject_avx2(chip, input) };
    }
    chip.inject(input);
}

/// The registers that [`step`] uses.
pub fn registers() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    if has_avx2() {
        return "AVX2";
    }
    if loihi_core::compartment::lanes::WIDE { "128 bits" } else { "one lane" }
}

/// Whether the processor has what [`step_avx2`] and [`inject_avx2`] are compiled for.
#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    use std::arch::is_x86_feature_detected;
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("bmi2")
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2")]
fn inject_avx2(chip: &mut Chip<'_>, input: usize) {
    chip.inject(input);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2")]
fn step_avx2(chip: &mut Chip<'_>) {
    chip.step();
}
