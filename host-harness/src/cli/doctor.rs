//! `loihi doctor`: what is installed, what is missing, and what to do about it.

use super::out;
use super::progress::Progress;
use clap::Args;
use host_harness::boards::{self, Board};
use host_harness::device::qemu::firmware_path;
use loihi_core::wire::message::{SCHEMA, VERSION};
use loihi_terminal::table::entry;
use serde::Serialize;
use serde_json::json;
use std::path::PathBuf;
use std::process::{Command, Stdio};

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Firmware for QEMU [default: the one that `cargo xtask firmware` builds]
    #[arg(long, value_name = "FILE")]
    firmware: Option<PathBuf>,
}

/// What is installed, or what is missing and what to do.
#[derive(Debug, Serialize)]
struct Found {
    what: &'static str,
    ok: bool,
    note: String,
}

pub(super) fn doctor(args: &DoctorArgs) -> anyhow::Result<()> {
    let schema = format!("{SCHEMA:016x}");
    out::line(format_args!("loihi {}, protocol version {VERSION}, schema {schema}", env!("CARGO_PKG_VERSION")))?;
    let (mut rows, progress) = (Vec::new(), Progress::new());
    let mut look = |what, found: Result<String, String>| -> std::io::Result<()> {
        let ok = found.is_ok();
        let note = found.unwrap_or_else(|lacks| lacks);
        let state = if ok { "ok" } else { "missing" };
        progress.aside(|| entry(&format!("  {state:<8} {what}"), 23, &note))?;
        rows.push(Found { what, ok, note });
        Ok(())
    };
    look("device host", Ok("in this process; nothing to install".to_owned()))?;
    look("QEMU", qemu(boards::default()))?;
    look("firmware", firmware(args))?;
    progress.show(0, 1, "greeting the firmware in QEMU");
    look("device qemu", greeting(args))?;
    progress.finish();
    look("boards", other_boards())?;
    look("valgrind", valgrind())?;
    out::result("loihi-doctor/1", &json!({ "protocol_version": VERSION, "protocol_schema": schema, "found": rows }))
}

fn qemu(board: &Board) -> Result<String, String> {
    let program = board.qemu.as_ref().map(|qemu| qemu.program.as_str()).ok_or("QEMU does not emulate it")?;
    let asked = Command::new(program).arg("--version").stderr(Stdio::null()).output();
    let said = asked.map_err(|_| format!("{program} is not installed; `cargo xtask setup` installs it"))?;
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    Ok(text.lines().next().unwrap_or(program).to_owned())
}

/// The other boards in QEMU: whether their emulators and firmware are there.
fn other_boards() -> Result<String, String> {
    let emulated = boards::all().iter().skip(1).filter(|board| board.qemu.is_some());
    let is_here = |board: &&Board| qemu(board).is_ok() && firmware_path(board, None).exists();
    let (here, missing): (Vec<&Board>, Vec<&Board>) = emulated.partition(is_here);
    let names = |boards: &[&Board]| boards.iter().map(|board| board.name.as_str()).collect::<Vec<_>>().join(", ");
    if missing.is_empty() {
        return Ok(names(&here));
    }
    Err(format!("{}; `cargo xtask setup` and `cargo xtask firmware` install them", names(&missing)))
}

/// Only the tests count instructions with it.
fn valgrind() -> Result<String, String> {
    let asked = Command::new("valgrind").arg("--version").stderr(Stdio::null()).output();
    let said =
        asked.map_err(|_| "not installed; `cargo xtask setup` installs it, only the tests need it".to_owned())?;
    Ok(String::from_utf8_lossy(&said.stdout).trim().to_owned())
}

fn firmware(args: &DoctorArgs) -> Result<String, String> {
    let path = firmware_path(boards::default(), args.firmware.as_deref());
    match std::fs::metadata(&path) {
        Ok(file) => Ok(format!("{}, {} bytes", path.display(), file.len())),
        Err(_) => Err(format!("nothing at {}; `cargo xtask firmware` builds it", path.display())),
    }
}

/// Starts the firmware and greets it, which shows that host and firmware are of one version.
fn greeting(args: &DoctorArgs) -> Result<String, String> {
    qemu(boards::default())?;
    firmware(args).map_err(|_| "needs the firmware".to_owned())?;
    let session = loihi_args::open::open_named("qemu", args.firmware.clone()).map_err(|error| format!("{error:#}"))?;
    let identity = session.identity();
    Ok(format!("{}, {} bytes for image and state", identity.board, identity.arena_bytes))
}
