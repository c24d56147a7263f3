//! Opens the device that the command line names.

use super::{DeviceArgs, stop};
use anyhow::{Context as _, bail};
use host_harness::boards::{self, Board};
use host_harness::device::session::{RetryPolicy, Session, SessionError, new_number};
use host_harness::device::transport::{OpenOption, OpenOptions, Transport};
use host_harness::device::{self, TRANSPORTS, qemu, serial};
use host_harness::experiment::ExperimentError;
use host_harness::image::ImageFile;
use std::path::PathBuf;

pub(super) fn open(args: &DeviceArgs) -> anyhow::Result<Session> {
    open_with(args, None)
}

/// A session with a device that QEMU emulates, with this image in its flash if one is given.
pub(super) fn open_with(args: &DeviceArgs, flash: Option<ImageFile>) -> anyhow::Result<Session> {
    check_options(args, flash.is_some())?;
    let hash = flash.as_ref().map(ImageFile::hash);
    let default = OpenOptions::default();
    let options = OpenOptions::default()
        .flash(flash)
        .arena_bytes(args.arena.unwrap_or(default.arena_bytes))
        .registers(args.registers.map_or(default.registers, Into::into))
        .board(args.board.unwrap_or_else(boards::default))
        .firmware(args.firmware.clone().or_else(|| log_of_board(args)));
    let device = args.device.open(&options)?;
    let session = Session::open(device, RetryPolicy::default(), new_number(), stop::requested);
    let session = session
        .and_then(|session| args.board.map_or(Ok(()), |board| session.expect_board(board)).map(|()| session))
        .with_context(|| format!("the device {} cannot be opened", args.device))?;
    if hash.is_some() && session.identity().resident != hash {
        let board = &session.identity().board;
        bail!("the firmware of {board} does not take the network in its flash: build both from the same source");
    }
    Ok(session)
}

/// The firmware of a board at a serial port, whose log it is needed for, if it has been built.
fn log_of_board(args: &DeviceArgs) -> Option<PathBuf> {
    let board = args.board.filter(|_| args.device.transport().name == serial::TRANSPORT.name)?;
    Some(qemu::firmware_path(board, None)).filter(|path| path.exists())
}

/// A session with the device of a name, all else as by default.
pub(super) fn open_named(name: &str, firmware: Option<PathBuf>) -> anyhow::Result<Session> {
    open_on(name, None, firmware)
}

/// A session with the device of a name, as a board if one is given.
pub(super) fn open_on(name: &str, board: Option<&'static Board>, firmware: Option<PathBuf>) -> anyhow::Result<Session> {
    open(&DeviceArgs { device: device::named(name)?, arena: None, registers: None, board, firmware })
}

/// The same error; if the network does not fit, with the option that gives the device more memory.
pub(super) fn with_arena(args: &DeviceArgs, error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref() {
        Some(ExperimentError::Session(SessionError::DoesNotFit { image_bytes, state_bytes, .. }))
            if args.device.transport().takes.contains(&OpenOption::Arena) =>
        {
            let arena = format!("--arena {} would be enough", (image_bytes + state_bytes).next_multiple_of(8));
            error.context(arena)
        }
        _ => error,
    }
}

/// Refuses an option that the device has no use for, `flash` among them.
pub(super) fn check_options(args: &DeviceArgs, flash: bool) -> anyhow::Result<()> {
    let DeviceArgs { device, arena, registers, board, firmware } = args;
    let given = [
        ("arena", OpenOption::Arena, arena.is_some()),
        ("registers", OpenOption::Registers, registers.is_some()),
        ("board", OpenOption::Board, board.is_some()),
        ("firmware", OpenOption::Firmware, firmware.is_some()),
        ("flash", OpenOption::Flash, flash),
    ];
    for (name, option, _) in given.into_iter().filter(|(.., is_given)| *is_given) {
        let takes = |transport: &&Transport| transport.takes.contains(&option);
        if !takes(&device.transport()) {
            let those: Vec<&str> = TRANSPORTS.iter().filter(takes).map(|transport| transport.name).collect();
            bail!("the device {device} has no use for --{name}, which is for {}: leave it out", those.join(" and "));
        }
    }
    Ok(())
}
