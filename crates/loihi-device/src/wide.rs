//! A step compiled for the wide registers that the processor of this host has, or for those of every such processor.

use crate::threads;
use loihi_core::axon::Prefetch;
use loihi_core::chip::{Chip, Part};
use loihi_core::device::{Between, inject_portably, step_portably};
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
#[cfg(target_arch = "x86_64")]
use std::ptr;
use std::sync::LazyLock;

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

    /// Computes steps on one thread or several with them: [`threads::run`].
    pub fn run_in_parts(self, chip: &mut Chip<'_>, most: usize, between: &mut dyn Between) -> usize {
        match self {
            Self::Widest => threads::run(chip, most, between, step_part),
            Self::Portable => threads::run(chip, most, between, step_part_portably),
        }
    }

    /// What computes the steps of a request on one thread or several with them.
    pub fn steps_in_parts(self) -> fn(&mut Chip<'_>, usize, &mut dyn Between) {
        match self {
            Self::Widest => |chip, most, between| {
                Self::Widest.run_in_parts(chip, most, between);
            },
            Self::Portable => |chip, most, between| {
                Self::Portable.run_in_parts(chip, most, between);
            },
        }
    }
}

/// [`Chip::step`] with the widest registers that are there. The bits are the same with any of them.
pub fn step(chip: &mut Chip<'_>) {
    match Width::of_this_host() {
        // SAFETY: the processor has the features that the function was compiled for.
        #[cfg(target_arch = "x86_64")]
        Width::Avx512 => unsafe { step_avx512(chip) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Width::Avx2 => unsafe { step_avx2(chip) },
        Width::Portable => chip.step_with(Lines),
    }
}

/// [`Part::step`] with the registers that every processor of this kind has.
fn step_part_portably(part: &mut Part<'_>, spikes: &[u32], inputs: &[u32]) {
    part.step(spikes, inputs);
}

/// [`Chip::inject`] with the widest registers that are there.
pub fn inject(chip: &mut Chip<'_>, input: usize) {
    match Width::of_this_host() {
        // SAFETY: the processor has the features that the function was compiled for.
        #[cfg(target_arch = "x86_64")]
        Width::Avx512 => unsafe { inject_avx512(chip, input) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Width::Avx2 => unsafe { inject_avx2(chip, input) },
        Width::Portable => chip.inject(input),
    }
}

/// [`Part::step`] with the widest registers that are there.
pub fn step_part(part: &mut Part<'_>, spikes: &[u32], inputs: &[u32]) {
    match Width::of_this_host() {
        // SAFETY: the processor has the features that the function was compiled for.
        #[cfg(target_arch = "x86_64")]
        Width::Avx512 => unsafe { step_part_avx512(part, spikes, inputs) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Width::Avx2 => unsafe { step_part_avx2(part, spikes, inputs) },
        Width::Portable => part.step_with(spikes, inputs, Lines),
    }
}

/// The registers that [`step`] uses.
pub fn registers() -> &'static str {
    match Width::of_this_host() {
        #[cfg(target_arch = "x86_64")]
        Width::Avx512 => "AVX-512",
        #[cfg(target_arch = "x86_64")]
        Width::Avx2 => "AVX2",
        Width::Portable if loihi_core::compartment::lanes::WIDE => "128 bits",
        Width::Portable => "one lane",
    }
}

/// What a step is compiled for.
#[derive(Clone, Copy)]
enum Width {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

impl Width {
    /// The widest that the processor has; it is asked once.
    #[inline]
    fn of_this_host() -> Self {
        static WIDEST: LazyLock<Width> = LazyLock::new(Width::widest);
        *WIDEST
    }

    #[cfg(target_arch = "x86_64")]
    fn widest() -> Self {
        use std::arch::is_x86_feature_detected as has;
        let avx2 = has!("avx2") && has!("bmi1") && has!("bmi2");
        let avx512 = has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl");
        match (avx2, avx512) {
            (true, true) => Self::Avx512,
            (true, false) => Self::Avx2,
            (false, _) => Self::Portable,
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn widest() -> Self {
        Self::Portable
    }
}

/// Asks for lines of the cache, where the processor has an instruction for it that Rust offers.
#[derive(Clone, Copy)]
struct Lines;

impl Prefetch for Lines {
    const IS_THERE: bool = cfg!(target_arch = "x86_64");

    #[inline(always)]
    fn prefetch<T>(self, element: &T) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: every processor of this kind has the instruction, and it neither reads nor writes memory that a program can see.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(ptr::from_ref(element).cast());
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = element;
    }
}

/// A step, of a part too, and an input spike, compiled for processors that have some features.
#[cfg(target_arch = "x86_64")]
macro_rules! compiled_for {
    ($features:literal: $step:ident, $step_part:ident, $inject:ident) => {
        #[target_feature(enable = $features)]
        fn $step(chip: &mut Chip<'_>) {
            chip.step_with(Lines);
        }

        #[target_feature(enable = $features)]
        fn $step_part(part: &mut Part<'_>, spikes: &[u32], inputs: &[u32]) {
            part.step_with(spikes, inputs, Lines);
        }

        #[target_feature(enable = $features)]
        fn $inject(chip: &mut Chip<'_>, input: usize) {
            chip.inject(input);
        }
    };
}

#[cfg(target_arch = "x86_64")]
compiled_for!("avx2,bmi1,bmi2,avx512f,avx512bw,avx512dq,avx512vl": step_avx512, step_part_avx512, inject_avx512);
#[cfg(target_arch = "x86_64")]
compiled_for!("avx2,bmi1,bmi2": step_avx2, step_part_avx2, inject_avx2);
