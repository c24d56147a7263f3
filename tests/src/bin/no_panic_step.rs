//! Links only if no panic can be reached from a step of the chip, or from a byte that a device receives.
//!
//! Built with the profile `linkcheck`, whose optimiser sees the whole program: a panic that is left in one of the
//! functions below is an undefined symbol, and the link fails. Built without optimisation it says nothing.

use loihi_core::chip::{Chip, ResetScope};
use loihi_core::device::{Board, Device};
use loihi_core::image::Image;
use no_panic::no_panic;
use std::hint::black_box;
use zerocopy::IntoBytes as _;

#[no_panic]
fn step(chip: &mut Chip<'_>) {
    chip.step();
}

#[no_panic]
fn inject(chip: &mut Chip<'_>, input: usize) {
    chip.inject(input);
}

#[no_panic]
fn reset(chip: &mut Chip<'_>) {
    chip.reset(ResetScope::All);
}

#[no_panic]
fn digest(chip: &Chip<'_>) -> u64 {
    chip.digest().total()
}

#[no_panic]
fn receive(device: &mut Device<&mut [u64]>, byte: u8) {
    device.receive(byte);
}

fn main() {
    // The arguments come from outside, so that nothing is known of them when the program is built.
    let bytes: Vec<u8> = std::env::args().flat_map(String::into_bytes).collect();
    let mut arena = vec![0_u64; 4096];
    let mut device = Device::new(arena.as_mut_slice(), Board::named("link check"));
    for byte in &bytes {
        receive(&mut device, *byte);
    }
    println!("{} bytes to send", device.pending().len());
    let mut words = vec![0_u64; bytes.len() / 8 + 1];
    for (to, from) in words.as_mut_bytes().iter_mut().zip(&bytes) {
        *to = *from;
    }
    let mut memory = vec![0_u64; 4096];
    if let Ok(image) = Image::view(words.as_bytes())
        && let Ok(mut chip) = Chip::new(image, memory.as_mut_bytes())
    {
        inject(&mut chip, bytes.len());
        step(&mut chip);
        println!("{:016x}", black_box(digest(&chip)));
        reset(&mut chip);
    }
}
