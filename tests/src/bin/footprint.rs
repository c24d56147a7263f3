//! Measures what the firmware takes of the board's memory while it runs; see `cargo xtask size`.
//!
//! `footprint BOARD FIRMWARE.elf` runs a few experiments, shortened, on the firmware in QEMU, saves and restores after each, and
//! prints the bytes of the line's buffers and the most bytes of the stack that were in use.

use host_harness::boards;
use host_harness::device::framed::Framed;
use host_harness::device::qemu::Qemu;
use host_harness::device::session::{RetryPolicy, Session, SessionError};
use host_harness::experiment::{Experiment, ExperimentError, NoObserver, RunOptions};
use loihi_core::chip::SnapshotScope;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

/// What is run: rules of the embedded CPU that differ in how much they call, and one of the cores.
const EXPERIMENTS: [&str; 5] = ["pes-channel", "digits-pes", "digits-emstdp", "eprop-pattern", "stdp-pair"];

fn main() -> ExitCode {
    match measure() {
        Ok([line, stack]) => {
            println!("{line} {stack}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("footprint: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Bytes of line and stack.
fn measure() -> Result<[u32; 2], Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(board), Some(firmware)) = (arguments.next(), arguments.next()) else {
        return Err("say which board and which firmware".into());
    };
    let board = boards::named(&board)?;
    let device = Framed::new(Qemu::start(board, Path::new(&firmware))?);
    let mut session = Session::open(Box::new(device), RetryPolicy::default(), 1, || false)?;
    for experiment in EXPERIMENTS.into_iter().filter_map(Experiment::named) {
        let options = RunOptions { epochs: Some(1), samples: Some(5), ..RunOptions::default() };
        match experiment.run(&mut session, &options, &mut NoObserver) {
            Ok(_) => {}
            // A board with a small arena runs those that fit.
            Err(ExperimentError::Session(SessionError::DoesNotFit { .. })) => continue,
            Err(error) => return Err(error.into()),
        }
        for scope in [SnapshotScope::Learned, SnapshotScope::State] {
            let kept = session.save(scope)?;
            session.restore(scope, &kept)?;
        }
    }
    let footprint = session.footprint()?;
    Ok([footprint.line_bytes, footprint.stack_bytes.ok_or("the firmware does not know its stack")?])
}
