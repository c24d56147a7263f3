//! Measures what the firmware takes of the board's memory while it runs; see `cargo xtask size`.
//!
//! `footprint BOARD FIRMWARE.elf` runs a few experiments, shortened, on the firmware in QEMU, saves and restores after each, and
//! prints the bytes of the line's buffers, the most bytes of the stack that were in use, and the number of experiments: those
//! that fit the arena and whose parts the firmware has.

use host_harness::boards;
use host_harness::device::framed::Framed;
use host_harness::device::qemu::Qemu;
use host_harness::device::session::{RetryPolicy, Session};
use host_harness::experiment::{Experiment, NoObserver, RunOptions};
use loihi_core::chip::SnapshotScope;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

/// What is run: rules of the embedded CPU that differ in how much they call, and one of the cores.
const EXPERIMENTS: [&str; 6] =
    ["pes-channel", "digits-pes", "digits-emstdp", "eprop-pattern", "stdp-pair", "stdp-reward"];

fn main() -> ExitCode {
    match measure() {
        Ok([line, stack, experiments]) => {
            println!("{line} {stack} {experiments}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("footprint: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Bytes of line and stack, and experiments.
fn measure() -> Result<[u32; 3], Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(board), Some(firmware)) = (arguments.next(), arguments.next()) else {
        return Err("say which board and which firmware".into());
    };
    let board = boards::named(&board)?;
    let device = Framed::new(Qemu::start(board, Path::new(&firmware))?);
    let mut session = Session::open(Box::new(device), RetryPolicy::default(), 1, || false)?;
    let mut experiments = 0;
    for experiment in EXPERIMENTS.into_iter().filter_map(Experiment::named) {
        let options = RunOptions { epochs: Some(1), samples: Some(5), ..RunOptions::default() };
        match experiment.run(&mut session, &options, &mut NoObserver) {
            Ok(_) => experiments += 1,
            Err(error) if is_refused(&error.to_string()) => continue,
            Err(error) => return Err(error.into()),
        }
        for scope in [SnapshotScope::Learned, SnapshotScope::State] {
            let kept = session.save(scope)?;
            session.restore(scope, &kept)?;
        }
    }
    let footprint = session.footprint()?;
    Ok([footprint.line_bytes, footprint.stack_bytes.ok_or("the firmware does not know its stack")?, experiments])
}

/// Whether a network does not fit the arena, or needs what the firmware is without.
fn is_refused(error: &str) -> bool {
    error.contains(" too few: ") || error.contains(" was built without: ")
}
