//! The built command as a process: started, stopped, and what it says.

use assert_cmd::Command;
use std::path::Path;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

/// The `loihi` command, as cargo has built it for this test.
pub(crate) fn loihi() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_loihi"))
}

/// No command here takes as long, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// The command with arguments, in an environment that says nothing of files.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(loihi());
    command.args(arguments).timeout(PATIENCE).env_remove("LOIHI_FIRMWARE").env_remove("LOIHI_DATA");
    command
}

/// A failed command says one sentence, which has all of `parts`.
pub(crate) fn assert_one_sentence(output: &Output, parts: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "it ended well: {said}");
    assert_ne!(output.status.code(), Some(101), "it panicked: {said}");
    assert_eq!(said.lines().count(), 1, "not one line: {said}");
    let sentence = said.strip_prefix("loihi: ").unwrap_or_else(|| panic!("no `loihi: ` before: {said}"));
    assert!(!sentence.contains(". "), "more than one sentence: {said}");
    for part in parts {
        assert!(sentence.contains(part), "{part:?} is not in: {said}");
    }
    let printed = String::from_utf8_lossy(&output.stdout);
    if let Ok(object) = serde_json::from_str::<serde_json::Value>(&printed) {
        assert_eq!(object["error"], sentence.trim_end(), "--json says the same");
    } else {
        assert_eq!(printed, "", "there is no result");
    }
}

/// The object that a command which succeeded printed with `--json`.
pub(crate) fn object(output: &Output) -> serde_json::Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(printed.lines().last().unwrap_or_default())
        .unwrap_or_else(|error| panic!("{error}: {printed}"))
}

/// Waits until something is so.
pub(crate) fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Starts the command and leaves it running.
pub(crate) fn start(arguments: &[&str]) -> Child {
    let mut command = std::process::Command::new(loihi());
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Sends a signal by the shell's own command, which every system has.
pub(crate) fn signal(process: u32, name: &str) {
    let sent = std::process::Command::new("sh").args(["-c", &format!("kill -{name} {process}")]).status();
    assert!(sent.unwrap().success());
}

/// Runs a command that records into a folder until it has written a checkpoint and interrupts it, and does so again with a kill.
pub(crate) fn stopped_twice(arguments: &[&str], folder: &Path) {
    let checkpoint = || std::fs::read(folder.join("checkpoint.bin")).ok();
    for name in ["INT", "KILL"] {
        // The second run has to write one of its own.
        let before = checkpoint();
        let run = start(arguments);
        wait_for("a checkpoint", || checkpoint().is_some_and(|now| Some(now) != before));
        signal(run.id(), name);
        let output = run.wait_with_output().unwrap();
        assert!(!output.status.success(), "it was stopped in time");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(said.contains("stopped by request; the last checkpoint is in"), name == "INT", "{said}");
    }
}
