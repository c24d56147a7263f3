//! Opens the device that the command line names.

use super::{DeviceArgs, RegistersKind, stop};
use anyhow::{Context as _, bail};
use host_harness::device::qemu;
use host_harness::device::session::{RetryPolicy, Session, new_number};
use host_harness::device::transport::OpenOptions;
use host_harness::{boards, device};
use std::path::PathBuf;

pub(super) fn open(args: &DeviceArgs) -> anyhow::Result<Session> {
    if let Some(board) = args.board.filter(|_| args.device.transport().name != qemu::TRANSPORT.name) {
        bail!("--board {} is for QEMU: give --device qemu, too", board.name);
    }
    let options = OpenOptions::default()
        .arena_bytes(args.arena)
        .registers(args.registers.into())
        .board(args.board.unwrap_or_else(boards::default))
        .firmware(args.firmware.clone());
    let device = args.device.open(&options)?;
    Session::open(device, RetryPolicy::default(), new_number(), stop::requested)
        .with_context(|| format!("the device {} cannot be opened", args.device))
}

/// A session with the device of a name, all else as by default.
pub(super) fn open_named(name: &str, firmware: Option<PathBuf>) -> anyhow::Result<Session> {
    let OpenOptions { arena_bytes: arena, .. } = OpenOptions::default();
    open(&DeviceArgs {
        device: device::named(name)?,
        arena,
        registers: RegistersKind::default(),
        board: None,
        firmware,
    })
}
