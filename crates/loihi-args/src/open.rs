//! Opens the device that the command line names.

use crate::choice::{self, one_or_more, whole};
use anyhow::{Context as _, bail};
use clap::Args;
use loihi_boards::{self as boards, Board};
use loihi_device::session::{RetryPolicy, Session, SessionError, new_number};
use loihi_device::transport::{Chosen, OpenOption, OpenOptions, Transport};
use loihi_device::wide::Registers;
use loihi_device::{self as device, TRANSPORTS, qemu, serial};
use loihi_image::image::ImageFile;
use loihi_task::ExperimentError;
use loihi_terminal::stop;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Which device, and what it has.
#[derive(Clone, Debug, Args)]
pub struct DeviceArgs {
    /// Where the chip runs
    #[arg(long, value_name = "NAME", value_parser = choice::device(), default_value = "host")]
    pub device: Chosen,
    /// Memory of the device in this process, in bytes [default: 67108864]
    #[arg(long, value_name = "BYTES", value_parser = whole::<usize>(0..=usize::MAX))]
    pub arena: Option<usize>,
    /// Registers of the host device: every choice ends in the same digests [default: widest]
    #[arg(long, value_enum)]
    pub registers: Option<RegistersKind>,
    /// Threads of the host device that compute one network, at most one for each processor: every number ends in the same
    /// digests, but several are slower than one where other programs keep the processors busy [default: by the size of the network]
    #[arg(long, value_name = "N", value_parser = one_or_more::<NonZeroUsize>)]
    pub threads: Option<NonZeroUsize>,
    /// Board in QEMU [default: x86-mcu], or the one that is expected at the serial port: a name that `loihi boards` lists, or
    /// the file of a board of your own
    #[arg(long, value_name = "NAME|FILE", value_parser = choice::board(), hide_possible_values = true)]
    pub board: Option<&'static Board>,
    /// Firmware for QEMU [default: the one that `cargo xtask firmware` builds], or that of the board at a serial port, to
    /// read its log
    #[arg(long, value_name = "FILE")]
    pub firmware: Option<PathBuf>,
}

/// Vector registers of the host device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum RegistersKind {
    /// The widest that this processor has
    Widest,
    /// Those that every processor of this kind has
    Portable,
}

impl From<RegistersKind> for Registers {
    fn from(kind: RegistersKind) -> Self {
        match kind {
            RegistersKind::Widest => Self::Widest,
            RegistersKind::Portable => Self::Portable,
        }
    }
}

/// A session with the device that the arguments name.
pub fn open(args: &DeviceArgs) -> anyhow::Result<Session> {
    open_with(args, None)
}

/// A session with a device that QEMU emulates, with this image in its flash if one is given.
pub fn open_with(args: &DeviceArgs, flash: Option<ImageFile>) -> anyhow::Result<Session> {
    check_options(args, flash.is_some())?;
    let hash = flash.as_ref().map(ImageFile::hash);
    let default = OpenOptions::default();
    let options = OpenOptions::default()
        .flash(flash)
        .arena_bytes(args.arena.unwrap_or(default.arena_bytes))
        .registers(args.registers.map_or(default.registers, Into::into))
        .threads(args.threads)
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
pub fn open_named(name: &str, firmware: Option<PathBuf>) -> anyhow::Result<Session> {
    open_on(name, None, firmware)
}

/// A session with the device of a name, as a board if one is given.
pub fn open_on(name: &str, board: Option<&'static Board>, firmware: Option<PathBuf>) -> anyhow::Result<Session> {
    open(&DeviceArgs { device: device::named(name)?, arena: None, registers: None, threads: None, board, firmware })
}

/// The same error; if the network does not fit, with the option that gives the device more memory.
pub fn with_arena(args: &DeviceArgs, error: anyhow::Error) -> anyhow::Error {
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
pub fn check_options(args: &DeviceArgs, flash: bool) -> anyhow::Result<()> {
    let DeviceArgs { device, arena, registers, threads, board, firmware } = args;
    let given = [
        ("arena", OpenOption::Arena, arena.is_some()),
        ("registers", OpenOption::Registers, registers.is_some()),
        ("threads", OpenOption::Threads, threads.is_some()),
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
