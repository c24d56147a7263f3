//! Opens the device that the command line names.

use super::{DeviceArgs, RegistersKind, stop};
use anyhow::Context as _;
use host_harness::device;
use host_harness::device::session::{RetryPolicy, Session, new_number};
use host_harness::device::transport::OpenOptions;
use std::path::PathBuf;

pub(super) fn open(args: &DeviceArgs) -> anyhow::Result<Session> {
    let options =
        OpenOptions::default().arena_bytes(args.arena).registers(args.registers.into()).firmware(args.firmware.clone());
    let device = args.device.open(&options)?;
    Session::open(device, RetryPolicy::default(), new_number(), stop::requested)
        .with_context(|| format!("the device {} cannot be opened", args.device))
}

/// A session with the device of a name, all else as by default.
pub(super) fn open_named(name: &str, firmware: Option<PathBuf>) -> anyhow::Result<Session> {
    let OpenOptions { arena_bytes: arena, .. } = OpenOptions::default();
    open(&DeviceArgs { device: device::named(name)?, arena, registers: RegistersKind::default(), firmware })
}
