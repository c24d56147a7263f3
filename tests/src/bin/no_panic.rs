//! Links only if no panic can be reached from what a board or a host calls.
//!
//! The panic handler calls a function that exists nowhere. Built with the profile `linkcheck`, whose optimiser sees
//! the whole program, every call of the handler is gone, and the handler with it; a panic that is left is an undefined
//! symbol, and the link fails. What is called through a pointer counts as called. Built without
//! optimisation it says nothing, and it is never run. `cargo xtask test` builds it, says where a panic is left, and
//! builds it with a panic on purpose, which must not link.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::panic::{Location, PanicInfo};
use loihi_core::arena::TooSmall;
use loihi_core::chip::{Chip, ResetScope, SnapshotHeader};
use loihi_core::device::{Board, Buffers, Device, Machine};
use loihi_core::image::{Image, ImageError, Parameter, index};
use loihi_core::register::StateDigest;
use loihi_core::rules;
use loihi_core::snip::{Cpu, Phase, Phases, Snip, SnipParams, SnipType, Snips, require};
use loihi_core::wire::message::{Request, Response};

type Arena = &'static mut [u64];
type Bytes = &'static mut [u8];
type Programs = &'static [SnipType];

/// What is called from outside. Nothing is known of the arguments when this is built: not even that an image is valid.
#[expect(dead_code, reason = "nobody calls them; that somebody could is enough")]
struct Entries {
    open: fn(&'static [u8], Programs) -> Result<Image<'static>, ImageError>,
    view: fn(&'static [u8]) -> Result<Image<'static>, ImageError>,
    new: fn(Image<'static>, Programs, Bytes) -> Result<Chip<'static>, TooSmall>,
    resume: fn(Image<'static>, Programs, Bytes, SnapshotHeader) -> Result<Chip<'static>, TooSmall>,
    step: fn(&mut Chip<'_>),
    inject: fn(&mut Chip<'_>, usize),
    reset: fn(&mut Chip<'static>, ResetScope),
    keep: fn(&mut Chip<'static>, usize),
    recall: fn(&mut Chip<'static>, usize),
    digest: fn(&Chip<'static>) -> StateDigest,
    split: fn(Bytes) -> Buffers<Bytes>,
    /// Executes every request, as a host in the same process has it done.
    execute: for<'d> fn(&mut Machine<Arena>, &Request<'_>, &'d mut [u8]) -> Response<'d>,
    device: fn(Arena, Buffers<Bytes>) -> Device<Arena, Bytes>,
    /// Reads, checks and executes every request.
    receive: fn(&mut Device<Arena, Bytes>, u8),
    pending: fn(&Device<Arena, Bytes>) -> &[u8],
    advance: fn(&mut Device<Arena, Bytes>, usize),
}

static ENTRIES: Entries = Entries {
    open: |bytes, programs| Image::open(bytes, &Snips(programs)),
    view: Image::view,
    new: Chip::new,
    resume: Chip::resume,
    step,
    inject,
    reset: Chip::reset,
    keep: Chip::keep,
    recall: Chip::recall,
    digest: Chip::digest,
    split: |memory| Buffers::split(memory),
    execute: Machine::execute,
    device: |arena, buffers| Device::new(arena, BOARD, buffers),
    receive: Device::receive,
    pending: Device::pending,
    advance: Device::advance,
};

/// The built-in programs and a user's.
static PROGRAMS: [SnipType; rules::ALL.len() + 1] = rules::with([SnipType::of::<EchoParams>()]);

const BOARD: Board = Board { step, inject, snips: &PROGRAMS, ..Board::named("link check") };

/// A board's own step.
fn step(chip: &mut Chip<'_>) {
    chip.step();
    #[cfg(feature = "panic-in-step")]
    assert_ne!(chip.t(), 7, "on purpose");
}

/// A board's own way for spikes to enter.
fn inject(chip: &mut Chip<'_>, input: usize) {
    chip.inject(input);
}

/// A user's program: sends a spike into an input when its readout is positive, and counts.
struct EchoParams {
    input: u32,
}

impl Snip for EchoParams {
    fn learned_words(&self) -> usize {
        1
    }

    fn run(&self, _phase: Phase, cpu: &mut Cpu<'_, '_>) {
        #[cfg(feature = "panic-in-program")]
        assert_ne!(cpu.t, 7, "on purpose");
        if cpu.output.first().is_some_and(|value| *value > 0) {
            cpu.inject(index(self.input));
            if let Some(count) = cpu.learned.first_mut() {
                *count = count.wrapping_add(1);
            }
        }
    }
}

impl SnipParams for EchoParams {
    const KIND: u32 = 0x8001;
    const NAME: &'static str = "echo";
    const PHASES: Phases = Phases::only(Phase::Spk);
    type Snip = Self;

    loihi_core::snip_words!(input);

    fn snip(&self) -> Self {
        Self { input: self.input }
    }

    fn check(&self, image: &Image<'_>) -> Result<(), Parameter> {
        require(index(self.input) < image.inputs, "input")
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
