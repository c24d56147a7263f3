//! `loihi doctor`: what is installed, what is missing, and what to do about it.

use super::out;
use clap::Args;
use host_harness::device::qemu::{PROGRAM, firmware_path};
use loihi_core::wire::message::{SCHEMA, VERSION};
use std::path::PathBuf;
use std::process::{Command, Stdio};

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Firmware for QEMU [default: the one that `cargo xtask firmware` builds]
    #[arg(long, value_name = "FILE")]
    firmware: Option<PathBuf>,
}

pub(super) fn doctor(args: &DoctorArgs) -> anyhow::Result<()> {
    out::line(format_args!("loihi {}, protocol version {VERSION}, schema {SCHEMA:016x}", env!("CARGO_PKG_VERSION")))?;
    report("device host", Ok("in this process; nothing to install".to_owned()))?;
    report("QEMU", qemu())?;
    report("firmware", firmware(args))?;
    report("device qemu", greeting(args))?;
    report("valgrind", valgrind())?;
    Ok(())
}

fn report(what: &str, found: Result<String, String>) -> std::io::Result<()> {
    match found {
        Ok(is) => out::line(format_args!("  ok       {what:<12} {is}")),
        Err(lacks) => out::line(format_args!("  missing  {what:<12} {lacks}")),
    }
}

fn qemu() -> Result<String, String> {
    let asked = Command::new(PROGRAM).arg("--version").stderr(Stdio::null()).output();
    let said = asked.map_err(|_| format!("{PROGRAM} is not installed; `cargo xtask setup` installs it"))?;
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    Ok(text.lines().next().unwrap_or(PROGRAM).to_owned())
}

/// Only the tests count instructions with it.
fn valgrind() -> Result<String, String> {
    let asked = Command::new("valgrind").arg("--version").stderr(Stdio::null()).output();
    let said =
        asked.map_err(|_| "not installed; `cargo xtask setup` installs it, only the tests need it".to_owned())?;
    Ok(String::from_utf8_lossy(&said.stdout).trim().to_owned())
}

fn firmware(args: &DoctorArgs) -> Result<String, String> {
    let path = firmware_path(args.firmware.as_deref());
    match std::fs::metadata(&path) {
        Ok(file) => Ok(format!("{}, {} bytes", path.display(), file.len())),
        Err(_) => Err(format!("nothing at {}; `cargo xtask firmware` builds it", path.display())),
    }
}

/// Starts the firmware and greets it, which shows that host and firmware are of one version.
fn greeting(args: &DoctorArgs) -> Result<String, String> {
    qemu()?;
    firmware(args).map_err(|_| "needs the firmware".to_owned())?;
    let session = super::open::open_named("qemu", args.firmware.clone()).map_err(|error| format!("{error:#}"))?;
    let identity = session.identity();
    Ok(format!("{}, {} bytes for image and state", identity.board, identity.arena_bytes))
}
