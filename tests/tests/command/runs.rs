//! The `loihi` command as a user runs it: results, run folders, bad input, interruption.

use crate::common::{experiment, firmware};
use crate::process::loihi;
use crate::process::{assert_one_sentence, command, signal, start, wait_for};
use host_harness::experiment::EXPERIMENTS;
use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

/// The standard output of a command that must succeed and complain of nothing.
fn printed(arguments: &[&str]) -> String {
    let output = command(arguments).output().unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {:?}, {complaints}", output.status);
    assert_eq!(complaints, "", "{arguments:?} is quiet in a pipe");
    String::from_utf8(output.stdout).unwrap()
}

/// The object on the last line of `--json`.
fn result(arguments: &[&str]) -> Value {
    let printed = printed(&[arguments, &["--json"]].concat());
    serde_json::from_str(printed.lines().last().unwrap()).unwrap_or_else(|error| panic!("{error}: {printed}"))
}

fn metric(result: &Value, name: &str) -> f64 {
    result["metrics"][name].as_f64().unwrap_or_else(|| panic!("no metric {name} in {result}"))
}

/// Near enough to be printed from the same count.
fn assert_equal(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-12, "{a} is not {b}");
}

#[test]
fn list_shows_every_experiment_with_a_line_on_it() {
    let printed = printed(&["list"]);
    let names: Vec<&str> = printed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let expected: Vec<&str> = EXPERIMENTS.iter().map(|experiment| experiment.name).collect();
    assert_eq!(names, expected);
    assert!(printed.lines().all(|line| line.split_whitespace().count() > 3), "{printed}");
}

#[test]
fn registers_of_every_width_end_in_the_same_digest() {
    let digest = |registers: &str| {
        let result = result(&["run", "digits-decolle", "--samples", "60", "--epochs", "1", "--registers", registers]);
        result["digest"].as_str().unwrap().to_owned()
    };
    assert_eq!(digest("portable"), digest("widest"));
}

#[test]
fn json_is_one_object_on_the_last_line_with_every_key() {
    let result = result(&["run", "digits-pes", "--epochs", "1", "--seed", "3"]);
    assert_eq!(result["experiment"], "digits-pes");
    assert_eq!(result["device"], "host");
    assert_eq!(result["seed"], 3);
    // Every training digit is shown for 24 steps, every test digit for 16.
    assert_eq!(result["steps"], 1437 * 24 + 360 * 16);
    assert_eq!(result["ops"]["steps"], result["steps"]);
    assert!(result["ops"]["spikes"].as_u64().is_some_and(|spikes| spikes > 0), "{result}");
    for name in ["accuracy_test", "accuracy_online", "accuracy_test_float"] {
        assert!((0.5..=1.0).contains(&metric(&result, name)), "{name} in {result}");
    }
    let digest = result["digest"].as_str().unwrap();
    assert!(digest.len() == 16 && u64::from_str_radix(digest, 16).is_ok(), "{digest}");
    assert_eq!(result.get("instructions"), None, "the host counts none");
}

#[test]
fn digits_are_learned_and_as_well_as_by_the_float_model() {
    let result = result(&["run", "digits-pes"]);
    let (test, float) = (metric(&result, "accuracy_test"), metric(&result, "accuracy_test_float"));
    assert!(test >= 0.90, "{test}");
    assert!((test - float).abs() <= 0.02, "{test} and {float}");
    assert_eq!(result["ops"]["decoder_saturations"], 0);
}

#[test]
fn functions_are_learned_within_the_bound() {
    for (experiment, rmse_nengo) in [("pes-channel", 0.0272), ("pes-square", 0.0427)] {
        for seed in ["0", "1", "2", "4", "5", "6"] {
            let result = result(&["run", experiment, "--seed", seed]);
            let rmse = metric(&result, "rmse");
            assert!(rmse > 0.0 && rmse <= 1.4 * rmse_nengo, "{experiment}, seed {seed}: {rmse}");
            assert!(metric(&result, "rmse_float") > 0.0, "{result}");
        }
    }
}

#[test]
fn a_core_learns_the_channel_itself() {
    for seed in ["0", "1", "2"] {
        let result = result(&["run", "pes-core", "--seed", seed]);
        let (rmse, nengo) = (metric(&result, "rmse"), metric(&result, "rmse_nengo"));
        assert!(rmse > 0.0 && rmse <= 1.4 * nengo, "seed {seed}: {rmse}");
        assert!(result["ops"]["learning_updates"].as_u64().is_some_and(|updates| updates > 10_000), "{result}");
    }
}

#[test]
fn the_window_of_pairs_is_the_exponential() {
    for seed in ["0", "1", "2"] {
        let result = result(&["run", "stdp-pair", "--seed", seed]);
        assert!(metric(&result, "largest_change_float") > 3.0, "{result}");
        // Of a window whose peak is above three, over 320 roundings of each trace.
        assert!(metric(&result, "largest_difference") < 0.1, "{result}");
        assert!(metric(&result, "rms_difference") < 0.03, "{result}");
    }
}

#[test]
fn triplets_grow_with_the_rate_and_pairs_do_not() {
    let result = result(&["run", "stdp-triplet"]);
    let changes = ["triplets_5hz", "triplets_20hz", "triplets_50hz"].map(|name| metric(&result, name));
    assert!(changes[0] > 10.0 && changes[1] > 1.5 * changes[0] && changes[2] > 1.5 * changes[1], "{changes:?}");
    assert!(metric(&result, "pairs_50hz") < metric(&result, "pairs_5hz"), "{result}");
    assert!(metric(&result, "rms_difference") < 2.0, "{result}");
}

#[test]
fn a_delayed_reward_teaches_the_right_choice() {
    for seed in ["0", "1", "2"] {
        let result = result(&["run", "stdp-reward", "--seed", seed]);
        assert!(metric(&result, "accuracy_last") >= 0.95, "seed {seed}: {result}");
        assert!(metric(&result, "weight_right") > metric(&result, "weight_wrong") + 100.0, "seed {seed}: {result}");
    }
}

#[test]
fn weights_that_a_core_has_learned_are_taken_up_by_another_run() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("run");
    let out = folder.to_str().unwrap();
    let learning = result(&["run", "stdp-reward", "--out", out]);
    let taken = result(&["run", "stdp-reward", "--epochs", "0", "--learned", out]);
    for name in ["weight_right", "weight_wrong"] {
        assert_equal(metric(&taken, name), metric(&learning, name));
    }
    let old = folder.join("learned.bin");
    let mut bytes = fs::read(&old).unwrap();
    bytes[7] = b'1';
    fs::write(&old, bytes).unwrap();
    assert_refused(&["run", "stdp-reward", "--learned", out], &["learned.bin", "another version", "learn again"]);
}

#[test]
fn a_seed_stands_for_its_result() {
    let digest = |seed| result(&["run", "pes-channel", "--seed", seed])["digest"].as_str().unwrap().to_owned();
    assert_eq!(digest("11"), digest("11"));
    assert_ne!(digest("11"), digest("12"));
}

#[test]
fn a_run_folder_holds_what_ran_and_another_run_goes_on_from_it() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("run");
    let out = folder.to_str().unwrap();
    let learning = result(&["run", "digits-pes", "--epochs", "2", "--seed", "4", "--out", out]);

    let manifest = fs::read_to_string(folder.join("manifest.toml")).unwrap();
    let steps = learning["steps"].to_string();
    let digest = format!("{}", learning["digest"]);
    let expected = [
        ("experiment", "\"digits-pes\""),
        ("device", "\"host\""),
        ("seed", "4"),
        ("finished", "true"),
        ("steps", &steps),
        ("digest", &digest),
    ];
    for (key, value) in expected {
        assert!(manifest.lines().any(|line| line == format!("{key} = {value}")), "{key} = {value} in\n{manifest}");
    }
    for key in ["version", "protocol_version", "image_version", "image_hash", "board", "schema"] {
        assert!(manifest.lines().any(|line| line.starts_with(&format!("{key} = "))), "{key} in\n{manifest}");
    }

    let rows = table(&folder.join("metrics.csv"));
    assert_eq!(rows[0][..4], ["pass", "stage", "accuracy", "samples"]);
    assert_eq!(rows[0].last().unwrap(), "digest");
    // Two epochs, each learned and then tested.
    assert_eq!((rows.len(), rows[1][0].as_str(), rows[4][0].as_str()), (5, "1", "4"));
    assert_equal(rows[4][2].parse().unwrap(), metric(&learning, "accuracy_test"));

    for learned in [folder.clone(), folder.join("learned.bin")] {
        let learned = learned.to_str().unwrap();
        let tested = result(&["run", "digits-pes", "--epochs", "0", "--seed", "4", "--learned", learned]);
        assert_equal(metric(&tested, "accuracy_test"), metric(&learning, "accuracy_test"));
    }
}

/// The fields of a CSV file, every row as long as the first.
fn table(path: &Path) -> Vec<Vec<String>> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.ends_with('\n'), "the last line is whole: {text}");
    // Names of stages have commas, in quotation marks.
    let plain = text.replace(", ", " ");
    let rows: Vec<Vec<String>> = plain.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect();
    assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{text}");
    rows
}

fn assert_refused(arguments: &[&str], parts: &[&str]) {
    assert_one_sentence(&command(arguments).output().unwrap(), parts);
}

#[test]
fn a_wrong_name_is_answered_with_the_right_ones() {
    assert_refused(&["run", "digits"], &["`digits` is a data set", "`digits-pes`", "`loihi list`"]);
}

#[test]
fn a_missing_firmware_or_emulator_is_named_with_the_command_that_gets_it() {
    let qemu = ["run", "pes-channel", "--device", "qemu", "--firmware"];
    assert_refused(&[&qemu[..], &["/nonexistent"]].concat(), &["/nonexistent", "cargo xtask firmware"]);
    let firmware = firmware();
    let mut without = command(&[&qemu[..], &[firmware.to_str().unwrap()]].concat());
    assert_one_sentence(&without.env("PATH", "").output().unwrap(), &["qemu-system-i386", "cargo xtask setup"]);
    let temporary = tempfile::tempdir().unwrap();
    let no_firmware = temporary.path().join("text");
    fs::write(&no_firmware, "this is not a firmware").unwrap();
    assert_refused(&[&qemu[..], &[no_firmware.to_str().unwrap()]].concat(), &["is not a firmware of x86-mcu"]);
    let other = firmware.with_file_name("firmware-netduinoplus2.elf");
    for (board, other) in [("virt", &other), ("mps2-an386", &other), ("netduinoplus2", &firmware)] {
        let run = [&qemu[..], &[other.to_str().unwrap(), "--board", board]].concat();
        assert_refused(&run, &[&format!("is not a firmware of {board}"), "cargo xtask firmware --board"]);
    }
}

#[test]
fn a_small_arena_is_told_what_is_needed() {
    for (arena, available) in [("1000", "has 1000"), ("0", "has 0")] {
        let run = ["run", "digits-pes", "--arena", arena];
        assert_refused(&run, &["the network needs ", available, "more memory"]);
        let said = String::from_utf8(command(&run).output().unwrap().stderr).unwrap();
        assert!(!said.contains("board"), "no board helps the device in this process: {said}");
        let (_, enough) = said.split_once("--arena ").unwrap();
        let (enough, _) = enough.split_once(' ').unwrap();
        let enough = ["run", "digits-pes", "--samples", "2", "--epochs", "1", "--arena", enough];
        command(&enough).assert().success();
    }
}

#[test]
fn options_that_the_device_has_no_use_for_are_refused() {
    for (option, value, device, those) in [
        ("--firmware", "nofile.elf", "host", "qemu and serial"),
        ("--firmware", "nofile.elf", "lossy", "qemu and serial"),
        ("--board", "virt", "host", "qemu and serial"),
        ("--arena", "1000", "qemu", "host and lossy"),
        ("--arena", "1000", "serial:/dev/nowhere", "host and lossy"),
        ("--registers", "portable", "qemu", "host"),
    ] {
        let said = format!("the device {device} has no use for {option}, which is for {those}: leave it out");
        assert_refused(&["run", "pes-channel", "--device", device, option, value], &[&said]);
    }
}

#[test]
fn learned_state_that_does_not_fit_is_refused() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("run");
    printed(&["run", "pes-channel", "--out", folder.to_str().unwrap()]);
    let refused = |path: &Path, parts: &[&str]| {
        assert_refused(&["run", "digits-pes", "--epochs", "1", "--learned", path.to_str().unwrap()], parts);
    };
    refused(&folder, &["another network", "--learned"]);

    let whole = fs::read(folder.join("learned.bin")).unwrap();
    let cut = temporary.path().join("cut.bin");
    fs::write(&cut, &whole[..whole.len() - 5]).unwrap();
    refused(&cut, &["cut.bin", "cut or damaged", "--learned"]);
    let other = temporary.path().join("other.bin");
    fs::write(&other, "some text that is long enough").unwrap();
    refused(&other, &["other.bin", "not a file of learned state", "--learned"]);
    refused(&temporary.path().join("none.bin"), &["none.bin", "--learned"]);
}

#[test]
fn a_run_folder_is_made_only_where_it_can_be() {
    let temporary = tempfile::tempdir().unwrap();
    let missing = temporary.path().join("missing/run");
    assert_refused(
        &["run", "pes-channel", "--out", missing.to_str().unwrap()],
        &["missing does not exist", "create it", "--out"],
    );
    assert!(!temporary.path().join("missing").exists());
    fs::write(temporary.path().join("mine"), "precious").unwrap();
    for occupied in [temporary.path(), &temporary.path().join("mine")] {
        assert_refused(
            &["run", "pes-channel", "--out", occupied.to_str().unwrap()],
            &["is not an empty folder", "--out"],
        );
    }
    assert_eq!(fs::read_to_string(temporary.path().join("mine")).unwrap(), "precious");
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 1, "nothing was added");
}

/// Numbers of the running QEMUs whose command lines mention `text`.
fn emulators_with(text: &str) -> Vec<u32> {
    let entries = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let mentions = |number: &u32| {
        let line = fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        // Some systems start QEMU by a wrapper, from another folder.
        line.split('\0').next().is_some_and(|program| program.ends_with("qemu-system-i386")) && line.contains(text)
    };
    numbers.filter(mentions).collect()
}

/// Interrupts a run in QEMU after its first row of metrics; returns how it ended.
fn interrupt_in_qemu(name: &str) -> Output {
    let temporary = tempfile::tempdir().unwrap();
    // A file of its own tells this QEMU from those of other tests.
    let own = temporary.path().join("own-firmware.elf");
    fs::copy(firmware(), &own).unwrap();
    let (own, folder) = (own.to_str().unwrap(), temporary.path().join("run"));
    let out = folder.to_str().unwrap();
    let run = start(&["run", "pes-channel", "--epochs", "500", "--device", "qemu", "--firmware", own, "--out", out]);
    let metrics = folder.join("metrics.csv");
    wait_for("the first row of metrics", || fs::read_to_string(&metrics).is_ok_and(|text| text.lines().count() > 1));
    assert_eq!(emulators_with(own).len(), 1, "QEMU runs");
    signal(run.id(), name);
    let output = run.wait_with_output().unwrap();
    let left = emulators_with(own);
    // A failed test leaves no process behind either.
    for process in &left {
        signal(*process, "KILL");
    }
    assert_eq!(left, Vec::<u32>::new(), "QEMU is left over after SIG{name}");

    let rows = table(&metrics);
    assert_eq!(rows[0], ["pass", "rmse", "digest"]);
    for (number, row) in rows.iter().enumerate().skip(1) {
        assert_eq!(row[0], number.to_string());
        assert!(row[1].parse::<f64>().is_ok() && row[2].len() == 16, "{row:?}");
    }
    let manifest = fs::read_to_string(folder.join("manifest.toml")).unwrap();
    assert!(manifest.lines().any(|line| line == "finished = false"), "{manifest}");
    assert!(manifest.lines().any(|line| line == "experiment = \"pes-channel\""), "{manifest}");
    output
}

#[test]
fn ctrl_c_ends_a_run_in_qemu_and_leaves_what_was_recorded() {
    let output = interrupt_in_qemu("INT");
    assert_eq!(output.status.code(), Some(130));
    assert_one_sentence(&output, &["stopped", "recorded so far"]);
}

#[test]
fn a_request_to_terminate_leaves_no_emulator_behind() {
    let output = interrupt_in_qemu("TERM");
    assert!(!output.status.success());
}

/// A process that is killed cannot tidy up.
#[cfg(target_os = "linux")]
#[test]
fn no_emulator_outlives_a_process_that_is_killed() {
    for name in ["KILL", "ABRT"] {
        let temporary = tempfile::tempdir().unwrap();
        let own = temporary.path().join("own-firmware.elf");
        fs::copy(firmware(), &own).unwrap();
        let own = own.to_str().unwrap();
        let mut run = start(&["run", "pes-channel", "--epochs", "500", "--device", "qemu", "--firmware", own]);
        wait_for("QEMU", || emulators_with(own).len() == 1);
        signal(run.id(), name);
        run.wait().unwrap();
        wait_for("the end of QEMU", || emulators_with(own).is_empty());
    }
}

/// Absurd sizes are one sentence each, before memory is taken for them.
#[test]
fn absurd_sizes_are_refused() {
    let temporary = tempfile::tempdir().unwrap();
    let file = temporary.path().join("large.toml");
    let parameters = experiment("stdp-pair").text;
    for (key, value, what) in [
        ("shape = [51, 16]", "shape = [51, 1000000]", "51000000 elements"),
        ("shape = [16]", "shape = [1000000000]", "1000000000 elements"),
        ("trials = 20", "trials = 1000000000", "1000000000 is out of its range"),
        ("at = 32", "at = 4000000000", "4000000000 is not a whole number of 0 to 16777216"),
    ] {
        fs::write(&file, parameters.replacen(key, value, 1)).unwrap();
        assert_refused(&["run", file.to_str().unwrap()], &[value, what]);
    }
    fs::write(&file, parameters.replacen("shape = [51, 16]", "shape = [51, 4000]", 1)).unwrap();
    assert_refused(&["run", file.to_str().unwrap()], &["204001 input axons", "has 4096"]);
    let most = u32::MAX.to_string();
    for experiment in ["digits-decolle", "pes-core", "pes-channel", "pes-arm", "stdp-pair", "stdp-triplet"] {
        assert_refused(&["run", experiment, "--epochs", &most], &["epochs", "--epochs"]);
    }
    assert_refused(&["run", "digits-pes", "--arena", "99999999999999999"], &["out of memory", "--arena"]);
    assert_refused(&["bench", "lif", "--n", "100000", "--fan-in", "10000"], &["synapses", "1000000000"]);
    assert_refused(&["bench", "lif", "--rate", "1", "--steps", "10000000"], &["input spikes", "--steps"]);
}

#[test]
fn ctrl_c_ends_a_run_in_this_process() {
    let run = start(&["run", "digits-pes", "--epochs", "1000"]);
    // Long enough to be in the middle; the run itself would take minutes.
    std::thread::sleep(Duration::from_millis(300));
    signal(run.id(), "INT");
    let start = Instant::now();
    let output = run.wait_with_output().unwrap();
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(output.status.code(), Some(130));
    assert_one_sentence(&output, &["stopped"]);
}

#[test]
fn a_closed_pipe_is_no_reason_to_panic() {
    let commands: [&[&str]; 5] = [
        &["list"],
        &["doctor"],
        &["run", "pes-channel"],
        &["run", "pes-channel", "--json"],
        &["run", "digits-pes", "--epochs", "1", "--samples", "20"],
    ];
    for arguments in commands {
        // Closed before the command begins: it is certain that it writes to nobody.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut run = std::process::Command::new(loihi());
        let output = run.args(arguments).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("panicked"), "{arguments:?}: {said}");
        assert_ne!(output.status.code(), Some(101), "{arguments:?}: {said}");
    }
}

#[test]
fn the_first_line_can_be_taken_and_the_rest_left() {
    let mut run = start(&["list"]);
    let mut first = String::new();
    BufReader::new(run.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("digits-pes"), "{first}");
    let said = String::from_utf8(run.wait_with_output().unwrap().stderr).unwrap();
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn output_that_cannot_be_written_is_reported() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut run = std::process::Command::new(loihi());
    let output = run.args(["run", "pes-channel", "--json"]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_one_sentence(&output, &["No space left"]);
}
