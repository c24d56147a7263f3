//! Runs that were interrupted or killed: what they leave, and how they resume.

use crate::kill::{digest_of, kill_after_checkpoint};
use crate::process::{assert_one_sentence, command, loihi, signal, start, wait_for};
use host_harness::record::checkpoint::{Checkpoint, RunPosition};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A run that goes through stages; long enough to be interrupted, and not long.
const RUN: [&str; 6] = ["run", "digits-decolle", "--epochs", "2", "--checkpoint-ms", "20"];

fn with<'a>(arguments: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [arguments, more].concat()
}

/// What a command prints that must succeed.
fn printed(arguments: &[&str]) -> String {
    let output = command(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn refused(arguments: &[&str], parts: &[&str]) {
    assert_one_sentence(&command(arguments).output().unwrap(), parts);
}

fn manifest(folder: &Path) -> toml::Table {
    toml::from_str(&fs::read_to_string(folder.join("manifest.toml")).unwrap()).unwrap()
}

/// The command between the last backticks of a sentence.
fn named(sentence: &str) -> &str {
    sentence.rsplit('`').nth(1).unwrap_or_else(|| panic!("no command in {sentence}"))
}

#[test]
fn an_interruption_names_the_command_that_goes_on_in_the_same_folder() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("a run");
    let out = folder.to_str().unwrap();
    let run = start(&with(&RUN, &["--spikes", "--out", out]));
    wait_for("a checkpoint", || folder.join("checkpoint.bin").exists());
    signal(run.id(), "INT");
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert_one_sentence(&output, &["stopped", "recorded so far", "resumes it"]);
    assert_eq!(manifest(&folder)["finished"].as_bool(), Some(false));

    let said = String::from_utf8(output.stderr).unwrap();
    let go_on = || Command::new("sh").args(["-c", named(&said)]).output().unwrap();
    let done = go_on();
    assert!(done.status.success(), "{}: {}", named(&said), String::from_utf8_lossy(&done.stderr));
    let manifest = manifest(&folder);
    assert_eq!(manifest["finished"].as_bool(), Some(true));
    assert!(manifest["command"].as_str().unwrap().contains("--out"), "the command that began it");
    let whole = temporary.path().join("whole");
    printed(&with(&RUN, &["--spikes", "--out", whole.to_str().unwrap()]));
    for file in ["metrics.csv", "spikes.npy", "weights-before.npy", "weights-after.npy", "ops.csv", "learned.bin"] {
        assert_eq!(fs::read(folder.join(file)).unwrap(), fs::read(whole.join(file)).unwrap(), "{file}");
    }
    assert!(!folder.join("checkpoint.bin").exists(), "there is nothing to resume from");

    let again = go_on();
    let said = String::from_utf8(again.stdout).unwrap();
    assert!(again.status.success() && said.contains("is finished"), "{said}");
    assert!(said.contains(manifest["digest"].as_str().unwrap()), "{said}");
}

#[test]
fn one_call_begins_goes_on_and_is_done() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("run");
    let call = with(&RUN, &["--resume", folder.to_str().unwrap(), "--out", folder.to_str().unwrap()]);
    kill_after_checkpoint(&call, &folder);
    let whole = digest_of(&RUN[..4]);
    for _ in 0..2 {
        assert_eq!(digest_of(&call), whole);
    }
    let path = folder.to_str().unwrap();
    refused(&["run", "digits-decolle", "--epochs", "3", "--resume", path], &["settings", "epochs 2", "epochs 3"]);
}

/// A finished folder does not answer for another network, other samples or other steps.
#[test]
fn a_finished_inference_is_that_of_its_network_and_samples() {
    let temporary = tempfile::tempdir().unwrap();
    let path = |name: &str| temporary.path().join(name).to_str().unwrap().to_owned();
    let text = |weight: i32| {
        format!(
            "name = \"n\"\n[[input]]\nname = \"in\"\nshape = [2]\n[[population]]\nname = \"out\"\nshape = [2]\nv_th = 10\n\
             [[connection]]\nfrom = \"in\"\nto = \"out\"\nkind = \"one_to_one\"\nweights = {weight}\n[readout]\npopulation = \"out\"\n"
        )
    };
    let infer = |steps: &str| {
        [
            "infer",
            &path("n.toml"),
            "--data",
            &path("a.csv"),
            "--coding",
            "rate",
            "--steps",
            steps,
            "--resume",
            &path("run"),
        ]
        .map(str::to_owned)
    };
    let call = |steps: &str| {
        let words = infer(steps);
        command(&words.iter().map(String::as_str).collect::<Vec<_>>()).output().unwrap()
    };
    let write = |weight: i32, samples: &str| {
        fs::write(path("n.toml"), text(weight)).unwrap();
        fs::write(path("a.csv"), samples).unwrap();
    };
    write(20, "255,0,0\n0,255,1\n");
    assert!(call("20").status.success());
    let again = call("20");
    assert!(again.status.success() && String::from_utf8_lossy(&again.stdout).contains("nothing was left to do"));
    assert_one_sentence(&call("30"), &["settings", "samples"]);
    write(22, "255,0,0\n0,255,1\n");
    assert_one_sentence(&call("20"), &["settings", "image"]);
    write(20, "255,0,0\n0,255,0\n");
    assert_one_sentence(&call("20"), &["settings", "samples"]);
}

#[test]
fn a_folder_is_gone_on_with_by_the_run_that_it_is_of() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("run");
    let path = folder.to_str().unwrap();
    kill_after_checkpoint(&with(&RUN, &["--resume", path]), &folder);
    let resume = |more: &[&'static str]| with(&with(&["run"], more), &["--resume", path]);
    refused(&resume(&["digits-decolle", "--epochs", "2", "--seed", "3"]), &["seed 0", "has 3"]);
    refused(&resume(&["digits-emstdp"]), &["digits-decolle", "digits-emstdp"]);
    refused(&resume(&["digits-decolle", "--epochs", "2", "--spikes"]), &["the probes none", "has spikes"]);
    refused(&resume(&["digits-decolle", "--epochs", "3"]), &["settings", "epochs 2", "epochs 3"]);
    refused(
        &resume(&["digits-decolle", "--epochs", "2", "--samples", "9"]),
        &["settings", "samples default", "samples 9"],
    );
    refused(&with(&RUN, &["--out", path]), &["did not finish", "--resume"]);
    let other = temporary.path().join("other");
    refused(&with(&RUN, &["--out", other.to_str().unwrap(), "--resume", path]), &["in its own folder"]);
    refused(&resume(&["digits-decolle", "--epochs", "2", "--arena", "1000"]), &["more memory", "resumes it"]);
    assert!(!other.exists());
    // Nothing of all this has done it harm.
    assert_eq!(digest_of(&with(&RUN, &["--resume", path])), digest_of(&RUN[..4]));
}

/// The names and contents of a folder's files.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths.map(|path| (path.clone(), fs::read(&path).unwrap())).collect();
    files.sort();
    files
}

#[test]
fn a_run_with_other_options_is_refused_before_it_writes_anything() {
    let temporary = tempfile::tempdir().unwrap();
    let [folder, network] = ["run", "net.toml"].map(|name| temporary.path().join(name));
    let [path, network] = [&folder, &network].map(|path| path.to_str().unwrap());
    fs::write(network, printed(&["list", "digits-decolle"])).unwrap();
    let run = ["run", network, "--train", "digits", "--epochs", "50", "--checkpoint-ms", "20"];
    kill_after_checkpoint(&with(&run, &["--out", path]), &folder);
    let before = contents(&folder);
    for (options, said) in [(["--shots", "50"], "shots 50"), (["--freeze", "hidden"], "frozen hidden")] {
        refused(&with(&with(&run, &options), &["--resume", path]), &["settings", said, "or choose another folder"]);
        assert!(contents(&folder) == before, "{options:?} has changed the folder");
    }
}

#[test]
fn two_processes_do_not_record_into_one_folder() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("run");
    let path = folder.to_str().unwrap();
    let mut run = start(&["run", "pes-channel", "--epochs", "1000", "--out", path]);
    wait_for("the folder", || folder.join("metrics.csv").exists());
    for how in ["--out", "--resume"] {
        refused(&["run", "pes-channel", how, path], &["another process", "run"]);
    }
    run.kill().unwrap();
    run.wait().unwrap();
    // The folder is free, and what another run has recorded in it stays.
    refused(&["run", "pes-channel", "--resume", path], &["settings", "epochs 1000", "epochs default"]);
    assert!(folder.join("metrics.csv").exists());
}

#[test]
fn a_run_that_was_killed_before_its_first_checkpoint_begins_again() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("run");
    let path = folder.to_str().unwrap();
    let mut run = start(&["run", "digits-decolle", "--epochs", "50", "--out", path]);
    wait_for("the manifest", || folder.join("manifest.toml").exists());
    run.kill().unwrap();
    run.wait().unwrap();
    printed(&["report", path]);
    let page = fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(page.contains("did not finish"), "{page}");
    assert_eq!(digest_of(&with(&RUN, &["--resume", path])), digest_of(&RUN[..4]));
}

#[test]
fn what_was_recorded_is_read_from_a_folder_whose_run_was_killed() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("run");
    let path = folder.to_str().unwrap();
    let recorded = ["--out", path, "--spikes", "--probe", "v[0..3]@every=10"];
    kill_after_checkpoint(&with(&RUN, &recorded), &folder);
    printed(&["report", path]);
    let page = fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(page.contains("did not finish") && page.contains("spikes of "), "{page}");
    let lines = temporary.path().join("spikes.txt");
    let said = printed(&["export", path, "--nest-ascii", lines.to_str().unwrap()]);
    let count = fs::read_to_string(&lines).unwrap().lines().count() - 1;
    assert!(count >= 1000 && said.starts_with(&format!("{count} spikes in ")), "{count}: {said}");
    // Standard output holds the data and nothing else.
    let piped = printed(&["export", path, "--nest-ascii", "/dev/stdout"]);
    assert_eq!(piped, fs::read_to_string(&lines).unwrap());
    let said = printed(&["export", path, "--nirdata", temporary.path().join("data.h5").to_str().unwrap()]);
    assert!(said.starts_with(&format!("{count} spikes and what was probed in ")), "{said}");
}

/// Changes where the run of a folder claims to stand.
fn claim(folder: &Path, change: impl Fn(&mut RunPosition)) {
    let path = folder.join("checkpoint.bin");
    let mut checkpoint = Checkpoint::parse(&fs::read(&path).unwrap()).unwrap();
    change(&mut checkpoint.position);
    fs::write(path, checkpoint.to_bytes().unwrap()).unwrap();
}

/// What a refusal says, and what makes a checkpoint claim it.
type Change = (&'static [&'static str], fn(&mut RunPosition));

/// Checkpoints that are whole, and whose claims do not hold.
#[test]
fn a_checkpoint_that_claims_more_than_was_planned_is_refused() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("run");
    let path = folder.to_str().unwrap();
    let resume = with(&RUN, &["--resume", path]);
    kill_after_checkpoint(&resume, &folder);
    let intact = fs::read(folder.join("checkpoint.bin")).unwrap();
    let changes: [Change; 5] = [
        (&["checkpoint.bin", "samples of the stage", "start the run again"], |position| position.items = 100_000),
        (&["checkpoint.bin", "to be in stage", "start the run again"], |position| {
            (position.stage, position.items) = (4, 0);
        }),
        (&["right answers", "start the run again"], |position| position.right[0] = 100_000),
        (&["steps of its stage", "start the run again"], |position| position.items -= 1),
        (&["other samples"], |position| position.plan[0].hash ^= 1),
    ];
    for (said, change) in changes {
        fs::write(folder.join("checkpoint.bin"), &intact).unwrap();
        claim(&folder, change);
        refused(&resume, said);
    }
    fs::write(folder.join("checkpoint.bin"), &intact).unwrap();
    assert_eq!(digest_of(&resume), digest_of(&RUN[..4]));
}

#[cfg(unix)]
#[test]
fn a_run_that_is_refused_leaves_links_and_what_others_have_written() {
    let temporary = tempfile::tempdir().unwrap();
    let [folder, link] = ["folder", "link"].map(|name| temporary.path().join(name));
    fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink(&folder, &link).unwrap();
    refused(&["run", "digits-pes", "--arena", "1000", "--out", link.to_str().unwrap()], &["more memory"]);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    printed(&["run", "pes-channel", "--out", link.to_str().unwrap()]);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink() && folder.join("manifest.toml").exists());
}

/// The user's folder may be of another repository, which says nothing of this program.
#[test]
fn a_manifest_names_no_commit_of_the_users_folder() {
    let temporary = tempfile::tempdir().unwrap();
    let theirs = "0123456789abcdef0123456789abcdef01234567";
    let git = temporary.path().join(".git");
    for folder in ["objects", "refs/heads"] {
        fs::create_dir_all(git.join(folder)).unwrap();
    }
    fs::write(git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    fs::write(git.join("refs/heads/main"), format!("{theirs}\n")).unwrap();
    let mut run = Command::new(loihi());
    run.args(["run", "pes-channel", "--out", "run"]).current_dir(temporary.path());
    assert!(run.output().unwrap().status.success());
    let manifest = manifest(&temporary.path().join("run"));
    assert_eq!(manifest.get("commit").and_then(toml::Value::as_str), option_env!("LOIHI_COMMIT"));
    assert!(!manifest.to_string().contains(theirs), "{manifest}");
}

#[test]
fn probes_need_a_folder() {
    let output = command(&["run", "pes-channel", "--spikes", "--checkpoint-ms", "5"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("--out <DIR>") && said.contains("--resume <DIR>"), "{said}");
}
