//! Measures what the firmware takes of the board's memory while it runs; see `cargo xtask size`.
//!
//! `footprint BOARD FIRMWARE.elf` runs a few experiments, shortened, on the firmware in QEMU, saves and restores after each, and
//! prints the bytes of the line's buffers, the most bytes of the stack that were in use, and the number of experiments: those
//! that fit the arena and whose parts the firmware has. It ends with status 3 if the firmware stops answering.

use host_harness::boards::fit::Fit;
use host_harness::boards::{self, Board};
use host_harness::device::framed::Framed;
use host_harness::device::needs::NetworkNeeds;
use host_harness::device::qemu::Qemu;
use host_harness::device::session::{RetryPolicy, Session, SessionError};
use host_harness::experiment::{Experiment, ExperimentError, NoObserver, RunOptions, image_of};
use loihi_core::chip::SnapshotScope;
use loihi_core::image::ImageError;
use loihi_core::wire::message::Footprint;
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
            let cause = error.downcast_ref::<ExperimentError>().and_then(|error| match error {
                ExperimentError::Session(error) => Some(error),
                _ => None,
            });
            let is_silent = |error: &SessionError| matches!(error, SessionError::Silent { .. });
            if cause.or(error.downcast_ref()).is_some_and(is_silent) { ExitCode::from(3) } else { ExitCode::FAILURE }
        }
    }
}

/// Bytes of line and stack, and experiments.
fn measure() -> Result<[u32; 3], Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(board), Some(firmware)) = (arguments.next(), arguments.next()) else {
        return Err("say which board and which firmware".into());
    };
    let (board, firmware) = (boards::named(&board)?, Path::new(&firmware));
    let [mut line, mut stack, mut experiments] = [0; 3];
    for experiment in EXPERIMENTS.into_iter().filter_map(Experiment::named) {
        let (footprint, has_run) = of_experiment(board, firmware, experiment)?;
        line = footprint.line_bytes;
        stack = stack.max(footprint.stack_bytes.ok_or("the firmware does not know its stack")?);
        experiments += u32::from(has_run);
    }
    Ok([line, stack, experiments])
}

/// What an experiment takes that was loaded, or lies in flash where only its state fits the arena; and whether it has run.
fn of_experiment(board: &Board, firmware: &Path, experiment: Experiment) -> Result<(Footprint, bool), Box<dyn Error>> {
    let options = RunOptions { epochs: Some(1), samples: Some(5), ..RunOptions::default() };
    let image = image_of(&experiment.learner()?, &options, || false)?;
    let needs = NetworkNeeds::of(&image)?;
    let flash = (needs.fit(board) == Fit::Flash).then_some(&image);
    let device = Framed::new(Qemu::start_with(board, firmware, flash)?);
    let mut session = Session::open(Box::new(device), RetryPolicy::default(), 1, || false)?;
    let has_run = match experiment.run(&mut session, &options, &mut NoObserver) {
        Ok(_) => true,
        Err(error) if is_refused(&error) => false,
        Err(error) => return Err(error.into()),
    };
    if has_run {
        for scope in [SnapshotScope::Learned, SnapshotScope::State] {
            let kept = session.save(scope)?;
            session.restore(scope, &kept)?;
        }
    }
    Ok((session.footprint()?, has_run))
}

/// Whether a network does not fit the arena, or needs what the firmware is without.
fn is_refused(error: &ExperimentError) -> bool {
    use SessionError::{DoesNotFit, Image, ProgramLeftOut, StackTooSmall};
    let ExperimentError::Session(error) = error else { return false };
    matches!(
        error,
        DoesNotFit { .. } | StackTooSmall { .. } | ProgramLeftOut { .. } | Image(ImageError::LeftOut { .. })
    )
}
