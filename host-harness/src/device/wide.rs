//! A step compiled for the wide registers that the processor of this host has.

use loihi_core::chip::Chip;

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
