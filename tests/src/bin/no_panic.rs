//! Links only if no panic can be reached from what a board or a host calls.
//!
//! The panic handler calls a function that exists nowhere. Built with the profile `linkcheck`, whose optimiser sees
//! the whole program, every call of the handler is gone, and the handler with it; a panic that is left is an undefined
//! symbol, and the link fails. What is called through a pointer or a trait object counts as called. Built without
//! optimisation it says nothing, and it is never run. `cargo xtask test` builds it, says where a panic is left, and
//! builds it with a panic on purpose, which must not link.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::panic::{Location, PanicInfo};
use loihi_core::arena::TooSmall;
use loihi_core::chip::{Chip, ResetScope, Suspended};
use loihi_core::device::{Board, Device};
use loihi_core::image::{Image, ImageError};
use loihi_core::probe::StateDigest;
use loihi_core::snip::{Cpu, Phase, Snip};

type Arena = &'static mut [u64];

/// What is called from outside. Nothing is known of the arguments when this is built: not even that an image is sound.
#[expect(dead_code, reason = "nobody calls them; that somebody could is enough")]
struct Entries {
    open: fn(&'static [u8]) -> Result<Image<'static>, ImageError>,
    view: fn(&'static [u8]) -> Result<Image<'static>, ImageError>,
    new: fn(Image<'static>, &'static mut [u8]) -> Result<Chip<'static>, TooSmall>,
    resume: fn(Image<'static>, &'static mut [u8], Suspended) -> Result<Chip<'static>, TooSmall>,
    step: fn(&mut Chip<'_>),
    inject: fn(&mut Chip<'static>, usize),
    reset: fn(&mut Chip<'static>, ResetScope),
    keep: fn(&mut Chip<'static>, usize),
    recall: fn(&mut Chip<'static>, usize),
    digest: fn(&Chip<'static>) -> StateDigest,
    device: fn(Arena) -> Device<Arena>,
    /// Reads, checks and executes every request.
    receive: fn(&mut Device<Arena>, u8),
    pending: fn(&Device<Arena>) -> &[u8],
    advance: fn(&mut Device<Arena>, usize),
    program: &'static (dyn Snip + Sync),
}

static ENTRIES: Entries = Entries {
    open: Image::open,
    view: Image::view,
    new: Chip::new,
    resume: Chip::resume,
    step,
    inject: Chip::inject,
    reset: Chip::reset,
    keep: Chip::keep,
    recall: Chip::recall,
    digest: Chip::digest,
    device: |arena| Device::new(arena, Board { step, ..Board::named("link check") }),
    receive: Device::receive,
    pending: Device::pending,
    advance: Device::advance,
    program: &Echo { input: 0 },
};

/// A board's own step.
fn step(chip: &mut Chip<'_>) {
    chip.step();
    #[cfg(feature = "panic-in-step")]
    assert_ne!(chip.t(), 7, "on purpose");
}

/// A user's program: sends a spike into an input when its readout is positive, and counts.
struct Echo {
    input: usize,
}

impl Snip for Echo {
    fn learned_words(&self) -> usize {
        1
    }

    fn working_words(&self) -> usize {
        0
    }

    fn reset(&self, _working: &mut [i32]) {}

    fn run(&self, phase: Phase, cpu: &mut Cpu<'_, '_>) {
        #[cfg(feature = "panic-in-program")]
        assert_ne!(cpu.t, 7, "on purpose");
        if phase == Phase::Spk && cpu.output.first().is_some_and(|value| *value > 0) {
            cpu.inject(self.input);
            if let Some(count) = cpu.learned.first_mut() {
                *count = count.wrapping_add(1);
            }
        }
    }

    fn is_sound(&self, image: &Image<'_>) -> bool {
        self.input < image.inputs
    }
}

// For its start-up code, and the functions that copy and compare memory.
#[link(name = "c")]
unsafe extern "C" {}

// SAFETY: the start-up code calls it by this name, which nothing else has; it ignores the arguments.
#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    black_box(&ENTRIES);
    0
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    unsafe extern "Rust" {
        safe fn a_panic_can_be_reached(place: Option<&Location<'_>>) -> !;
    }
    a_panic_can_be_reached(info.location())
}
