//! Ctrl-C, the request to terminate, and a terminal that is closed end every command within a second, wherever it waits.

use crate::process::{loihi, signal};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Longest time from a signal to the end.
const SOON: Duration = Duration::from_secs(1);

fn start(arguments: &[&str], folder: &Path) -> Child {
    let mut command = Command::new(loihi());
    command.args(arguments).current_dir(folder).env_remove("LOIHI_DATA");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// How a command ends, and how long after `start`.
fn end(run: &mut Child, start: Instant) -> (ExitStatus, Duration) {
    loop {
        if let Some(status) = run.try_wait().unwrap() {
            return (status, start.elapsed());
        }
        if start.elapsed() > 10 * SOON {
            run.kill().unwrap();
            panic!("it goes on {:?} after the signal", start.elapsed());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A folder with a pipe that has no writer, by names with the endings that readers look at.
fn pipes() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["pipe.npy", "pipe.toml", "pipe.bin", "pipe.nir", "pipe.json"] {
        assert!(Command::new("mkfifo").arg(folder.path().join(name)).status().unwrap().success());
    }
    // Takes long to spread over cores.
    fs::write(folder.path().join("large.toml"), LARGE).unwrap();
    folder
}

const LARGE: &str = r#"
name = "large"

[[input]]
name = "in"
shape = [512]

[[population]]
name = "a"
shape = [3500]

[[population]]
name = "b"
shape = [3500]

[[population]]
name = "c"
shape = [3500]

[[connection]]
from = "in"
to = "a"
weights = { uniform = [-40, 60] }

[[connection]]
from = "a"
to = "a"
weights = { uniform = [-40, 60] }

[[connection]]
from = "a"
to = "b"
weights = { uniform = [-40, 60] }

[[connection]]
from = "b"
to = "c"
weights = { uniform = [-40, 60] }
"#;

#[test]
fn a_signal_ends_every_command_within_a_second() {
    let folder = pipes();
    let commands: [&[&str]; 13] = [
        &["data", "show", "pipe.npy"],
        &["infer", "pipe.toml", "--data", "pipe.npy"],
        &["place", "pipe.toml"],
        &["place", "large.toml", "--chips", "100"],
        &["run", "pipe.toml"],
        &["run", "digits-pes", "--learned", "pipe.bin"],
        &["run", "digits-pes", "--epochs", "1000"],
        &["import", "pipe.nir", "--out", "net.toml"],
        &["conform", "pipe.json"],
        &["bench", "congestion", "--layers", "16", "--cores", "112", "--compartments", "1024"],
        &["bench", "learn", "--pre", "16384", "--post", "1024", "--steps", "100000"],
        &["compare", "digits-decolle", "--seeds", "500"],
        &["sweep", "digits-decolle", "--set", "task.epochs=1..400", "--out", "sweep.csv"],
    ];
    for (number, arguments) in commands.into_iter().enumerate() {
        let name = ["INT", "TERM", "HUP"][number % 3];
        let mut run = start(arguments, folder.path());
        std::thread::sleep(Duration::from_millis(300));
        assert!(run.try_wait().unwrap().is_none(), "{arguments:?} has ended by itself");
        signal(run.id(), name);
        let (status, took) = end(&mut run, Instant::now());
        assert_eq!(status.code(), Some(130), "{arguments:?}");
        assert!(took < SOON, "{arguments:?} ends {took:?} after SIG{name}");
        let said = run.wait_with_output().unwrap().stderr;
        assert!(String::from_utf8_lossy(&said).starts_with("loihi: stopped by request"), "{arguments:?}: {said:?}");
    }
    assert!(!folder.path().join("net.toml").exists());
}

/// Nothing to resume from is said, with the command that begins the run again in the same folder.
#[test]
fn before_the_first_checkpoint_it_is_said_how_to_begin_again() {
    let folder = tempfile::tempdir().unwrap();
    let never = ["run", "digits-decolle", "--epochs", "1000", "--out", "run", "--checkpoint-ms", "1000000000"];
    let mut run = start(&never, folder.path());
    std::thread::sleep(Duration::from_millis(500));
    signal(run.id(), "INT");
    end(&mut run, Instant::now());
    let said = String::from_utf8_lossy(&run.wait_with_output().unwrap().stderr).into_owned();
    assert!(said.starts_with("loihi: stopped by request; "), "{said}");
    assert!(said.contains("run digits-decolle") && said.contains("--resume run"), "{said}");
    assert!(said.contains("begins it again"), "{said}");
}

#[test]
fn a_second_signal_ends_a_command_at_once() {
    let folder = pipes();
    let mut run = start(&["place", "pipe.toml"], folder.path());
    std::thread::sleep(Duration::from_millis(300));
    signal(run.id(), "INT");
    // Signals of a kind that come together are one.
    std::thread::sleep(Duration::from_millis(50));
    let start = Instant::now();
    signal(run.id(), "INT");
    let (status, took) = end(&mut run, start);
    assert_eq!(status.code(), Some(130));
    assert!(took < SOON / 4, "{took:?}");
}

/// Who reads nothing of what a command complains of does not hold it up.
#[test]
fn a_command_ends_although_its_output_is_not_read() {
    let folder = pipes();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(loihi());
    command.args(["place", "pipe.toml"]).current_dir(folder.path()).stderr(writer);
    let mut run = command.spawn().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    signal(run.id(), "TERM");
    let (status, took) = end(&mut run, Instant::now());
    assert_eq!(status.code(), Some(130));
    assert!(took < SOON, "{took:?}");
}
