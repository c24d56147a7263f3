//! Computes steps of a network for somebody who counts instructions; see `tests/tests/gates/instructions.rs`.
//!
//! `count_kernels IMAGE STEPS LEARN` runs the network of an image file for STEPS steps, with a spike into external
//! input 0 before each; LEARN is 1 if it learns. It writes the exact counts to standard output, as their bytes. The
//! step is the portable one, as the core's crate has compiled it for every device: what is counted depends neither on
//! the processor nor on what else is built.

use loihi_core::chip::Chip;
use loihi_core::device::step_portably;
use loihi_core::image::Image;
use loihi_core::rules;
use loihi_core::snip::Snips;
use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;
use zerocopy::IntoBytes as _;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match count(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("count_kernels: {error}");
            ExitCode::FAILURE
        }
    }
}

fn count(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let [image, steps, learn] = arguments else {
        return Err("say an image file, how many steps, and 1 or 0 for learning".into());
    };
    let bytes = std::fs::read(image)?;
    let words: Vec<u32> = bytes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
    let image = Image::open(words.as_bytes(), &Snips(&rules::ALL))?;
    let mut memory = vec![0_u64; Chip::bytes_needed(&image, &rules::ALL).div_ceil(8)];
    let mut chip = Chip::new(image, &rules::ALL, memory.as_mut_bytes())?;
    chip.set_learning(learn == "1");
    run(&mut chip, steps.parse()?);
    std::io::stdout().write_all(chip.ops().as_bytes())?;
    Ok(())
}

/// What is counted.
#[inline(never)]
fn run(chip: &mut Chip<'_>, steps: u32) {
    for _ in 0..steps {
        chip.inject(0);
        step_portably(chip);
    }
}
