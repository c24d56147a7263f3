//! Runs other programs, with errors that name the command.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Runs `command` to its end with its output on this terminal.
///
/// # Errors
///
/// When it cannot be started or does not succeed; both name the command.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start `{}`", line(command)))?;
    if !status.success() {
        bail!("`{}` failed, {status}", line(command));
    }
    Ok(())
}

/// As [`run`], after saying what will be run.
///
/// # Errors
///
/// Those of [`run`].
pub(crate) fn announced(command: &mut Command) -> Result<()> {
    println!("  running `{}`", line(command));
    run(command)
}

/// What `command` prints; `None` when it cannot be started or does not succeed.
pub(crate) fn printed(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The command as one would type it.
pub(crate) fn line(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}
