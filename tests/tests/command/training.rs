//! `loihi train`: digits trained for real, answered by the emulator with the same scores; resumed; and what users get wrong.

use crate::common::root;
use crate::process::{assert_one_sentence, command, loihi, object, stopped_twice};
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// The example of the README, for as few epochs as it takes.
fn digits<'a>(file: &'a str, out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["train", file, "--train", "digits", "--epochs", "3", "--json", "--out", out], more].concat()
}

fn example() -> String {
    root().join("examples/train/digits.toml").to_str().unwrap().to_owned()
}

fn refused(arguments: &[&str], parts: &[&str]) {
    assert_one_sentence(&command(arguments).output().unwrap(), parts);
}

#[test]
fn digits_are_trained_and_lose_nothing_on_the_chip() {
    let temporary = tempfile::tempdir().unwrap();
    let (one, two) = (temporary.path().join("one"), temporary.path().join("two"));
    let file = example();
    let done = object(&command(&digits(&file, one.to_str().unwrap(), &["--jobs", "1"])).output().unwrap());
    assert_eq!(done["schema"], "loihi-train/1");
    assert_eq!((&done["scores_compared"], &done["scores_different"]), (&3600.into(), &0.into()));
    let accuracy = done["accuracy_test"].as_f64().unwrap();
    // 0.908 on a processor with AVX-512. Kernels of products differ by processor, and so do the last bits of a gradient.
    assert!(accuracy > 0.9, "{accuracy}");

    // Other threads, the same weights.
    object(&command(&digits(&file, two.to_str().unwrap(), &["--jobs", "3"])).output().unwrap());
    for name in ["network.toml", "network.npz", "metrics.csv"] {
        assert_eq!(fs::read(one.join(name)).unwrap(), fs::read(two.join(name)).unwrap(), "{name}");
    }

    // What was written is a network like any other.
    let network = one.join("network.toml");
    let run = object(&command(&["run", network.to_str().unwrap(), "--data", "digits", "--json"]).output().unwrap());
    assert!((run["accuracy"].as_f64().unwrap() - accuracy).abs() < 1e-9, "{run}");
    object(&command(&["place", network.to_str().unwrap(), "--json"]).output().unwrap());
    object(&command(&["report", one.to_str().unwrap(), "--json"]).output().unwrap());
    let report = fs::read_to_string(one.join("report.html")).unwrap();
    assert!(report.contains("loss over epoch: from ") && report.contains("accuracy train over epoch: from "));
    assert!(report.contains("Who was taken for whom") && report.contains(&format!("{:.2} %", 100.0 * accuracy)));
    let comparison = temporary.path().join("comparison.html");
    let both = [one.to_str().unwrap(), two.to_str().unwrap(), "--out", comparison.to_str().unwrap(), "--json"];
    let compared = object(&command(&[&["report"], &both[..]].concat()).output().unwrap());
    assert_eq!((&compared["schema"], compared["runs"].as_array().map(Vec::len)), (&"loihi-report/2".into(), Some(2)));
    assert!(fs::read_to_string(comparison).unwrap().contains("2 runs side by side"));
    let again = object(
        &command(&["train", &file, "--train", "digits", "--epochs", "3", "--json", "--resume", one.to_str().unwrap()])
            .output()
            .unwrap(),
    );
    assert_eq!(again["finished_before"], true);
    assert_eq!(again["schema"], "loihi-train/1");
    assert!(again.get("digest").is_none() && again.get("steps").is_none(), "{again}");
}

#[test]
fn a_training_that_is_stopped_resumes_to_the_same_bits() {
    let temporary = tempfile::tempdir().unwrap();
    let (whole, parts) = (temporary.path().join("whole"), temporary.path().join("parts"));
    let file = example();
    object(&command(&digits(&file, whole.to_str().unwrap(), &[])).output().unwrap());
    let resume = [
        &["train", &file, "--train", "digits", "--epochs", "3", "--json", "--checkpoint-ms", "5"],
        &["--resume", parts.to_str().unwrap()][..],
    ]
    .concat();
    stopped_twice(&resume, &parts);
    object(&command(&resume).output().unwrap());
    for name in ["network.toml", "network.npz", "metrics.csv"] {
        assert_eq!(fs::read(whole.join(name)).unwrap(), fs::read(parts.join(name)).unwrap(), "{name}");
    }
    let other = [&resume[..], &["--seed", "9"]].concat();
    refused(&other, &["holds a run with", "give the same, or choose another folder"]);
}

/// The example with something else in it, as a file.
fn changed(folder: &TempDir, from: &str, to: &str) -> String {
    let text = fs::read_to_string(root().join("examples/train/digits.toml")).unwrap();
    assert!(text.contains(from), "{from}");
    let path = folder.path().join("changed.toml");
    fs::write(&path, text.replacen(from, to, 1)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn what_cannot_be_trained_is_told_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let out = out.to_str().unwrap();
    let rows = [
        ("rate = 2.0", "rates = 2.0", "`rates = 2.0`: invalid type: floating point `2.0`, expected a table"),
        ("rate = 2.0", "rate = -1.0", "give a rate above 0"),
        ("rate = 2.0", "speed = 2.0", "unknown field `speed`"),
        ("rate = 2.0", "target_spikes = [9.0, 1.0]", "`target_spikes` is of loss = \"target-spikes\""),
        ("rate = 2.0", "loss = \"target-spikes\"", "`per_score` is of loss = \"cross-entropy\""),
        ("rate = 2.0", "learn = [\"pixels\"]", "no dense or sparse connection and no convolution leads to `pixels`"),
        ("rate = 2.0", "learn = [\"hiden\"]", "unknown population `hiden`"),
        ("rate = 2.0", "rate = 2.0\nweight_decay = 0.9", "give a `weight_decay` of at most 1 / `rate`"),
        ("rate = 2.0", "rate = 2.0\nshift = [0, 0]", "`shift = [0, 0]` moves nothing"),
        (
            "rate = 2.0",
            "rate = 2.0\nlearn = [\"out\"]\nrates = { high = 0.1, strength = 1.0 }",
            "`rates` is for populations other than the readout",
        ),
        ("name = \"out\"", "name = \"out\"\nshape = [9]", "is of class 9"),
        ("shape = [8, 8]", "shape = [8, 7]", "takes 56"),
        ("[readout]\npopulation = \"out\"", "", "it has no [readout]"),
        ("std = 24.0", "std = 300.0", "`std` of 0 to 254"),
        ("init = \"normal\", std = 24.0", "init = \"normal\"", "init = \"normal\", std = DEVIATION"),
        (
            "decay_v = 512",
            "decay_v = 512\nnoise = { at = \"voltage\", exponent = 2 }",
            "noise and homeostasis are not trained",
        ),
    ];
    for (from, to, said) in rows {
        let file = changed(&folder, from, to);
        refused(&digits(&file, out, &[]), &[said]);
        assert!(!Path::new(out).exists(), "{said}");
    }
    let file = example();
    refused(&["train", &file, "--train", "digits"], &["give --out DIR"]);
    refused(&["train", &file, "--train", "nowhere.npz", "--out", out], &["nowhere.npz"]);
    // A rate at which weights jump from end to end still has finite losses; infinite ones come from absurd factors.
    let file =
        changed(&folder, "per_score = 1.0", "loss = \"target-spikes\"\ntarget_spikes = [1e6, 0.0]\nclip_norm = 1e-6");
    object(&command(&digits(&file, out, &["--samples", "40"])).output().unwrap());
}

/// A circle of silent neurons with large weights: backward, each step multiplies the derivative by hundreds.
#[test]
fn a_training_that_diverges_is_to_be_started_anew() {
    let folder = tempfile::tempdir().unwrap();
    let circle = "[[connection]]\nfrom = \"hidden\"\nto = \"hidden\"\nweights = 254\nwgt_exp = 7\n\n[readout]";
    let file = changed(&folder, "[readout]", circle);
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("v_th = 300", "v_th = 5000", 1).replace("v_th_rate = 0.05\n", "")).unwrap();
    let out = folder.path().join("out");
    let output = command(&digits(&file, out.to_str().unwrap(), &[])).output().unwrap();
    let said = "the gradient is not finite in epoch 1, batch 1: train again in a new folder with a smaller `rate`";
    assert_one_sentence(&output, &[said]);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("--resume"), "it would diverge again");
    assert!(!out.join("checkpoint.bin").exists());
}

/// Rows that are not shown are a warning, and the accuracy of a validation set is called so.
#[test]
fn what_is_not_shown_is_warned_about() {
    let folder = tempfile::tempdir().unwrap();
    let pixels = "bias_of = \"pixels\"\ngain = 0.3                           # 0 to 255 by 0.3";
    let file = changed(&folder, pixels, "shape = [8]\ncoding = \"frames\"  # 0 to 255 by 0.3");
    let text = fs::read_to_string(&file).unwrap();
    let pixels = "[[population]]\nname = \"pixels\"\nshape = [8, 8]\nv_th = 1                             # above 64\n";
    assert!(text.contains(pixels));
    let frames = text.replace(pixels, "").replace("from = \"pixels\"", "from = \"image\"");
    fs::write(&file, frames.replace("steps = 16", "steps = 5")).unwrap();
    let out = folder.path().join("out");
    let output = command(&digits(&file, out.to_str().unwrap(), &["--validate", "--samples", "40"])).output().unwrap();
    let said = "240 of 640 rows (of 80 samples) come after the last step and are not shown";
    assert!(object(&output)["warnings"].to_string().contains(said));
    assert_eq!(String::from_utf8_lossy(&output.stderr).matches(said).count(), 1);
    let network = fs::read_to_string(out.join("network.toml")).unwrap();
    assert!(network.contains(" of 40 validation samples classified correctly."), "{network}");
}

#[test]
fn a_network_that_never_fires_is_warned_about() {
    let folder = tempfile::tempdir().unwrap();
    let rows = [
        (
            "late_steps = 2 ",
            "# ",
            "steps = 16",
            "steps = 1",
            "`hidden` did not spike in any sample: a sample has 1 step",
            "`out` did not spike in any sample: what leads to it does not spike either",
        ),
        (
            "late_steps = 2 ",
            "# ",
            "steps = 16",
            "steps = 2",
            "`out` did not spike in any sample: a sample has 2 steps, and the first spike takes at least as many to it",
            "`out` did not spike",
        ),
        (
            "v_th_rate = 0.05",
            "",
            "v_th = 300",
            "v_th = 130000",
            "`hidden` did not spike in any sample: its threshold is never passed",
            "`out` did not spike in any sample: what leads to it does not spike either",
        ),
    ];
    for (number, (a, b, from, to, said, also)) in rows.into_iter().enumerate() {
        let file = changed(&folder, a, b);
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace(from, to)).unwrap();
        let out = folder.path().join(format!("out{number}"));
        let output = command(&digits(&file, out.to_str().unwrap(), &["--samples", "40"])).output().unwrap();
        let done = object(&output);
        let warnings = done["warnings"].to_string();
        assert!(warnings.contains(said) && warnings.contains(also), "{warnings}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(said));
        assert_eq!((&done["samples_without_answer"], &done["accuracy_test"]), (&40.into(), &Value::Null));
        assert_eq!(done["accuracy_train"], Value::Null);

        let out = folder.path().join(format!("validated{number}"));
        let more = ["--samples", "40", "--validate"];
        let output = command(&digits(&file, out.to_str().unwrap(), &more)).output().unwrap();
        assert_eq!(object(&output)["accuracy_validation"], Value::Null);
        let metrics = fs::read_to_string(out.join("metrics.csv")).unwrap();
        let rows: Vec<Vec<&str>> = metrics.lines().map(|line| line.split(',').collect()).collect();
        assert!(rows.len() == 4 && rows.iter().all(|row| row.len() == rows[0].len()), "{metrics}");
        let at = rows[0].iter().position(|name| *name == "accuracy_validation").unwrap();
        assert_eq!((rows[1][at], rows[2][at]), ("", ""), "{metrics}");
    }
}

/// A full disk is told with the file.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    // Files of more than 4 blocks, of 512 or 1024 bytes, cannot be written.
    let line =
        format!("ulimit -f 4; exec {} {}", loihi().display(), digits(&example(), out.to_str().unwrap(), &[]).join(" "));
    let output = std::process::Command::new("sh").args(["-c", &format!("trap '' XFSZ; {line}")]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("File too large"), "{said}");
    assert!(said.contains(&format!("{}/", out.display())), "{said}");
}
