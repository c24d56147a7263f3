//! Runs and inferences that are killed at any moment: each leaves a folder that is reported and resumed, to the same
//! bits as an undisturbed one.

use crate::process::{command, object, start, wait_for};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

/// Kills of each.
const KILLS: u32 = 20;
/// The seed by which it is drawn how far each comes.
const SEED: u32 = 16;

/// The digest that a command ends with.
pub(crate) fn digest_of(arguments: &[&str]) -> String {
    let output = command(&[arguments, &["--json"]].concat()).output().unwrap();
    let result = object(&output);
    result["digest"].as_str().unwrap_or_else(|| panic!("no digest in {result}")).to_owned()
}

/// Kills a command that records once it has written a checkpoint.
pub(crate) fn kill_after_checkpoint(arguments: &[&str], folder: &Path) {
    let run = start(arguments);
    wait_for("a checkpoint", || folder.join("checkpoint.bin").exists());
    assert!(kill(run), "it was killed before its end");
}

/// Kills a command; whether it was still running.
fn kill(mut run: Child) -> bool {
    run.kill().unwrap();
    run.wait().unwrap().code().is_none()
}

/// Kills a command that records spikes into a folder once it has written `bytes` bytes of them.
fn kill_at(arguments: &[&str], folder: &Path, bytes: u64) -> bool {
    let mut run = start(arguments);
    let spikes = folder.join("spikes.npy");
    while fs::metadata(&spikes).map_or(0, |file| file.len()) < bytes && run.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    kill(run)
}

/// A word that follows from seed and number.
fn drawn(number: u32) -> u64 {
    u64::from(loihi_core::num::word(SEED, number, 0, 0))
}

fn words(call: &[String]) -> Vec<&str> {
    call.iter().map(String::as_str).collect()
}

/// Kills a command again and again, and resumes it each time; it records spikes by `--spikes`.
fn survives(arguments: &[&str]) {
    let temporary = tempfile::tempdir().unwrap();
    let whole = temporary.path().join("whole");
    let call = |folder: &Path| -> Vec<String> {
        let words = arguments.iter().copied().chain(["--spikes", "--checkpoint-ms", "10", "--resume"]);
        words.map(str::to_owned).chain([folder.to_str().unwrap().to_owned()]).collect()
    };
    let digest = digest_of(&words(&call(&whole)));
    let all = fs::metadata(whole.join("spikes.npy")).unwrap().len();
    let (mut killed, mut stood) = (0, 0);
    for number in 0..KILLS {
        let folder = temporary.path().join(number.to_string());
        let call = call(&folder);
        let call = words(&call);
        // Every third is killed another time on its way.
        for again in 0..=u32::from(number % 3 == 2) {
            let bytes = (all * drawn(2 * number + again)) >> 32;
            killed += u32::from(kill_at(&call, &folder, bytes));
            stood += u32::from(folder.join("checkpoint.bin").exists());
        }
        let report = command(&["report", folder.to_str().unwrap()]).output().unwrap();
        // One that was killed before it has made its folder has left nothing to report.
        let said = String::from_utf8_lossy(&report.stderr);
        assert!(report.status.success() || !folder.join("README.txt").exists(), "kill {number}: {said}");
        assert_eq!(digest_of(&call), digest, "kill {number} of seed {SEED}");
        for file in ["metrics.csv", "spikes.npy", "ops.csv"] {
            let same = fs::read(folder.join(file)).unwrap() == fs::read(whole.join(file)).unwrap();
            assert!(same, "kill {number} of seed {SEED}: {file}");
        }
        fs::remove_dir_all(&folder).unwrap();
    }
    // Some may have been too quick; that all were proves nothing.
    assert!(killed >= KILLS / 2 && stood >= KILLS / 4, "{killed} were killed, {stood} had a checkpoint");
}

#[test]
fn a_run_that_is_killed_goes_on_to_the_same_bits() {
    survives(&["run", "digits-decolle", "--passes", "1", "--samples", "500"]);
}

#[test]
fn an_inference_that_is_killed_goes_on_to_the_same_bits() {
    let temporary = tempfile::tempdir().unwrap();
    let [network, samples] = ["net.toml", "samples.npy"].map(|name| temporary.path().join(name));
    fs::write(&network, NETWORK).unwrap();
    fs::write(&samples, values(600, 64)).unwrap();
    let [network, samples] = [&network, &samples].map(|path| path.to_str().unwrap());
    survives(&["infer", network, "--data", samples, "--coding", "rate", "--steps", "60"]);
}

/// A layer that fires at random, and a readout.
const NETWORK: &str = r#"
name = "killed"

[[input]]
name = "in"
shape = [64]

[[population]]
name = "hidden"
shape = [256]
decay_v = 256
v_th = 40

[[population]]
name = "out"
shape = [10]
v_th = 60

[[connection]]
from = "in"
to = "hidden"
weights = { uniform = [-40, 60] }

[[connection]]
from = "hidden"
to = "out"
weights = { uniform = [-40, 60] }

[readout]
population = "out"
"#;

/// Samples of random values, as NumPy writes them.
fn values(samples: u32, each: u32) -> Vec<u8> {
    let mut head = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({samples}, {each}), }}");
    let length = (head.len() + 1 + 10).next_multiple_of(64) - 10;
    let _padded = write!(head, "{:>1$}", "\n", length - head.len());
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(length).unwrap().to_le_bytes());
    bytes.extend(head.into_bytes());
    bytes.extend((0..samples * each).map(|at| loihi_core::num::word(SEED, at, 1, 0).to_le_bytes()[3]));
    bytes
}
