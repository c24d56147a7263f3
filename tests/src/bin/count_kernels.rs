//! Computes steps of a network for somebody who counts instructions; see `tests/tests/gates/instructions.rs`.
//!
//! `count_kernels NETWORK SIZE STEPS` prints how many operations of that kind were done. A network is a kernel of
//! [`KERNELS`], or [`IDLE_AXONS`]. The step is the portable one, as the core's crate has compiled it for every device:
//! what is counted depends neither on the processor nor on what else is built.

use host_harness::cost::kernels::{IDLE_AXONS, KERNELS};
use loihi_core::chip::Chip;
use loihi_core::device::step_portably;
use std::error::Error;
use std::process::ExitCode;
use zerocopy::IntoBytes as _;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match count(&arguments) {
        Ok(operations) => {
            println!("{operations}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("count_kernels: {error}");
            ExitCode::FAILURE
        }
    }
}

fn count(arguments: &[String]) -> Result<u64, Box<dyn Error>> {
    let [network, size, steps] = arguments else {
        return Err("say which network, its size and how many steps".into());
    };
    let mut networks = KERNELS.iter().chain([&IDLE_AXONS]);
    let kernel = networks.find(|kernel| kernel.name == network).ok_or_else(|| format!("there is no `{network}`"))?;
    let file = (kernel.network)(size.parse()?).build()?;
    let image = file.open()?;
    let mut memory = vec![0_u64; Chip::bytes_needed(&image, file.snips()).div_ceil(8)];
    let mut chip = Chip::new(image, file.snips(), memory.as_mut_bytes())?;
    chip.set_learning(kernel.learn);
    run(&mut chip, steps.parse()?);
    Ok((kernel.operations)(chip.ops()))
}

/// What is counted.
#[inline(never)]
fn run(chip: &mut Chip<'_>, steps: u32) {
    for _ in 0..steps {
        chip.inject(0);
        step_portably(chip);
    }
}
