//! What users get wrong first, and what the command answers; words of its help.

use crate::process::{assert_one_sentence, command};
use std::fs;

fn printed(arguments: &[&str]) -> String {
    let output = command(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

fn refused(arguments: &[&str], parts: &[&str]) {
    assert_one_sentence(&command(arguments).output().unwrap(), parts);
}

#[test]
fn files_without_anything_in_them_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.toml");
    fs::write(&path, "\n").unwrap();
    let path = path.to_str().unwrap();
    refused(&["run", path], &["empty.toml is empty", "`loihi list --network`"]);
    refused(&["place", path], &["empty.toml is empty", "`loihi list --network`"]);
    refused(&["report", path], &["empty.toml is a file", "`loihi run NAME --out FOLDER`"]);
    refused(&["export", folder.path().to_str().unwrap(), "--nir", "never.nir"], &["is a folder", "--nirdata"]);
}

#[test]
fn what_is_no_whole_number_is_refused_with_the_range() {
    for line in ["run digits-pes", "compare digits-pes", "train a.toml --train digits --out b", "bench lif"] {
        for number in ["-1", "abc", "4294967296"] {
            let words: Vec<&str> = line.split(' ').chain(["--seed", number]).collect();
            let output = command(&words).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            let whole = said.contains("give a whole number of 0 to 4294967295");
            assert!(output.status.code() == Some(2) && whole, "{line}: {said}");
        }
    }
    for (line, said) in [
        ("bench peers --seed abc", "give a whole number of 0 to 4294967295"),
        ("run digits-pes --arena x", "give a whole number of 0 to "),
        ("run digits-pes --samples 99999999999999999999", "it is too large: give a smaller number"),
        ("train a.toml --train digits --resume b --checkpoint-ms x", "give a whole number of 0 to 4294967295"),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let output = command(&words).output().unwrap();
        let found = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && found.contains(said), "{line}: {found}");
    }
    let output = command(&["compare", "digits-pes", "--seeds", "-2"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("give a whole number of 1 to 1000"), "{said}");
}

#[test]
fn a_name_that_is_misspelt_is_told_once_with_the_one_that_is_meant() {
    refused(&["boards", "--fit", "nix"], &["unknown experiment `nix`; `loihi list` shows all"]);
    refused(&["data", "show", "mnst"], &["`mnst`: did you mean `mnist`? There are: digits, "]);
    let said = |line: &[&str]| String::from_utf8(command(line).output().unwrap().stderr).unwrap();
    assert!(said(&["bench", "lf"]).contains("a similar subcommand exists: 'lif'"), "{}", said(&["bench", "lf"]));
    let network = example("01-xor.toml");
    for line in [["boards", "--fit", "digits-pse"], ["table", "digits-pse", "--json"], ["table", &network, "--json"]] {
        let output = command(&line).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        let name = line.iter().find(|word| word.contains("digits") || word.contains("xor")).unwrap();
        assert_eq!(said.matches(name).count(), 1, "{said}");
    }
}

#[test]
fn a_class_that_is_probably_wrong_is_told_before_training() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("odd.csv"), "a,b,label\n0,9,0\n9,0,1\n5,5,2\n0,8,17\n").unwrap();
    let spiking = "steps = 4\ninput = [{ name = \"in\", shape = [2], coding = \"rate\" }]\npopulation = [{ name = \"out\" }]\n\
                   connection = [{ from = \"in\", to = \"out\", weights = { init = \"normal\", std = 30.0 } }]\n\
                   readout = { population = \"out\" }\ntrain = { epochs = 1 }\n";
    let ann = "input = [{ name = \"in\", bias_of = \"values\" }]\n\
               population = [{ name = \"values\", shape = [2] }, { name = \"out\", shape = [18] }]\n\
               connection = [{ from = \"values\", to = \"out\", weights = { init = \"normal\", std = 30.0 } }]\n\
               readout = { population = \"out\" }\ntrain = { epochs = 1, ann = true }\n";
    for (name, network) in [("spiking", spiking), ("ann", ann)] {
        let (file, out) = (path(&format!("{name}.toml")), path(name));
        fs::write(&file, network).unwrap();
        let words = ["train", &file, "--train", &path("odd.csv"), "--test", &path("odd.csv"), "--out", &out];
        let said = String::from_utf8(command(&words).output().unwrap().stderr).unwrap();
        assert!(said.contains("of the classes 0 to 17 only 4 have samples: is one of them wrong?"), "{name}: {said}");
    }
}

#[test]
fn a_readout_that_never_spikes_is_told_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silent.toml");
    let network = "steps = 4\n[[input]]\nname = \"in\"\nshape = [64]\ncoding = \"rate\"\n[[population]]\nname = \"out\"\n\
                   shape = [10]\nv_th = 131071\n[[connection]]\nfrom = \"in\"\nto = \"out\"\nweights = 2\n\
                   [readout]\npopulation = \"out\"\n";
    for jobs in ["1", "2"] {
        fs::write(&path, network).unwrap();
        let words = ["run", path.to_str().unwrap(), "--data", "digits", "--jobs", jobs];
        let output = command(&words).output().unwrap();
        let (said, shown) = (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
        let wanted = "`out` did not spike in any sample, so none has an answer";
        assert!(said.contains(wanted) && said.contains("and a sample has 4"), "{said}");
        assert!(shown.contains("none: no sample has an answer") && !shown.contains("0.00 %"), "{shown}");
        fs::write(&path, network.replace("v_th = 131071", "v_th = 1")).unwrap();
        let said = String::from_utf8(command(&words).output().unwrap().stderr).unwrap();
        assert!(!said.contains(wanted), "{said}");
    }
}

#[test]
fn no_epoch_is_for_what_was_learned_before() {
    for name in ["run", "compare", "table"] {
        refused(&[name, "digits-pes", "--epochs", "0"], &["--epochs 0 trains nothing", "--learned"]);
    }
}

#[test]
fn an_invalid_price_table_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("prices.toml");
    fs::write(&path, "= 3\n").unwrap();
    let output = command(&["table", "stdp-pair", "--prices", path.to_str().unwrap()]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert_eq!(said.matches("TOML parse error").count(), 1, "{said}");
}

#[test]
fn devices_and_numbers_are_named_as_they_are() {
    assert!(printed(&["run", "stdp-pair", "--device", "lossy:0"]).contains("stdp-pair on lossy ("));
    assert!(printed(&["list", "--devices"]).contains(" lossy:…: "));
    assert!(printed(&["cost", "--help"]).contains("[default: qemu]"));
    assert!(printed(&["run", "--help"]).contains("[default: host]"));
    let lif = printed(&["bench", "lif", "--n", "20", "--fan-in", "5", "--steps", "20"]);
    assert!(lif.contains("20 compartments on 1 core, "), "{lif}");
    assert!(
        lif.contains("median of 7 parts (") && lif.contains("fastest to slowest); other programs slow it"),
        "{lif}"
    );
    let scale = printed(&["bench", "scale", "--n", "5", "--steps", "20"]);
    assert_eq!(scale.matches("\n| 5 |").count(), 1, "{scale}");
    let peers = printed(&["bench", "peers", "--largest", "100"]);
    assert!(peers.starts_with("Only this emulator is timed; how to time the others is below.\n"), "{peers}");
}

/// QEMU does not emulate the boards that people own, and the device in this process has no board.
#[test]
fn a_board_goes_with_a_way_to_it() {
    let run = ["run", "pes-channel", "--board", "stm32f405", "--device"];
    refused(
        &[run.as_slice(), &["qemu"]].concat(),
        &["QEMU does not emulate the board stm32f405", "x86-mcu", "netduinoplus2", "--device serial:PORT"],
    );
    refused(
        &[run.as_slice(), &["host"]].concat(),
        &["the device host has no use for --board, which is for qemu and serial"],
    );
    let table = printed(&["boards"]);
    for part in ["rp2350", "GP25 (LED)", "serial port: USB", "probe-rs run --chip nRF52840_xxAA firmware-nrf52840.elf"]
    {
        assert!(table.contains(part), "{part}: {table}");
    }
}

/// A board of one's own is a file; one that is not there says so, and no other board is meant.
#[test]
fn the_file_of_a_board_is_read() {
    let said = |board: &str| {
        let output = command(&["run", "pes-channel", "--device", "qemu", "--board", board]).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(said("mine.toml").contains("mine.toml: it cannot be read"), "{}", said("mine.toml"));
    assert!(said("mine").contains("unknown board `mine`; `loihi boards` shows all"), "{}", said("mine"));
    assert!(said("mine").contains(" (or FILE.toml)"), "{}", said("mine"));
    let meant = "unknown board `virrt`: did you mean `virt`?";
    assert!(said("virrt").contains(meant), "{}", said("virrt"));
    let own = example("own-board/Cargo.toml");
    assert!(said(&own).contains("own-board/Cargo.toml, line "), "{}", said(&own));
}

/// The project builds no firmware of a board of one's own, and that of a built-in board is not taken for it.
#[test]
fn a_board_of_ones_own_has_a_firmware_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let said = |name: &str| {
        let file = folder.path().join(name);
        fs::copy(example("own-board/lm3s6965evb.toml"), &file).unwrap();
        let run = ["run", "pes-channel", "--device", "qemu", "--board", file.to_str().unwrap()];
        let output = command(&run).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let mine = said("mine.toml");
    assert!(mine.contains("`cargo build --release` in its folder, and give --firmware ELF"), "{mine}");
    assert!(!mine.contains("xtask"), "{mine}");
    let virt = said("virt.toml");
    assert!(virt.contains("virt.toml: `virt` is a built-in board: give the file another name"), "{virt}");
}

fn example(name: &str) -> String {
    format!("{}/../examples/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_network_that_is_still_to_be_trained_says_how() {
    let digits = example("train/digits.toml");
    let how = ["digits.toml is still to be trained", "--train digits --out DIR` makes DIR/network.toml"];
    refused(&["run", &digits, "--data", "digits"], &how);
    refused(&["run", &digits, "--train", "digits"], &how);
}

#[test]
fn experiments_are_placed_as_network_files_are() {
    let placed = printed(&["place", "digits-pes"]);
    assert!(placed.starts_with("core  compartments  ") && placed.contains("on 1 core; an image of "), "{placed}");
    refused(&["place", "digits-pse"], &["unknown experiment `digits-pse`: did you mean `digits-pes`?"]);
}

#[test]
fn files_and_stages_that_do_not_fit_are_told_what_would() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let online = example("04-online-decolle.toml");
    for (name, text, part) in [
        (
            "semicolons.csv",
            "a;b;class\n1;2;0\n",
            "line 1: its cells are separated by semicolons: separate them by commas",
        ),
        (
            "words.csv",
            "a,class\n1,cat\n",
            "line 2: `cat` in column 2, `class`, is not a class, which is a whole number: number the classes from 0",
        ),
    ] {
        fs::write(path(name), text).unwrap();
        refused(&["data", "show", &path(name)], &[name, part]);
    }
    let stages = ["run", &online, "--train", "digits", "--stages", "by-class:11"];
    refused(&stages, &["by-class:11 takes more classes a stage than digits has, 10: give fewer"]);
    fs::write(path("six.csv"), "1,2,3,4,5,6,0\n6,5,4,3,2,1,1\n1,2,3,4,5,7,0\n").unwrap();
    let six = path("six.csv");
    fs::write(
        path("net.toml"),
        "steps = 8\ninput = [{ name = \"image\", shape = [8, 8], coding = \"rate\" }]\n\
         population = [{ name = \"out\", shape = [2], v_th = 100 }]\nreadout = { population = \"out\" }\n\
         connection = [{ from = \"image\", to = \"out\", weights = 4 }]\n",
    )
    .unwrap();
    let fit = [
        "six.csv does not fit ",
        "the samples have 6 values (the last column is the class), the input `image` takes 64 of shape [8, 8]",
    ];
    refused(&["run", &path("net.toml"), "--data", &six], &fit);
    refused(
        &["compare", &online, "--train", "a=x", "--train", "b=y"],
        &["learns from one data set: give --train once"],
    );
    refused(&["compare", &online, "--train", "a=digits"], &["give --train digits, without `a=`"]);
    let ann = example("train/digits-ann.toml");
    let out = path("out");
    refused(
        &["train", &ann, "--train", "a=digits", "--out", &out],
        &["an ANN has one input: give its samples as digits"],
    );
}

#[test]
fn a_run_without_samples_to_test_on_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("few.csv");
    fs::write(&path, "200,0,0\n0,200,1\n").unwrap();
    let said = printed(&["run", &example("04-online-decolle.toml"), "--train", path.to_str().unwrap()]);
    let none = "accuracy_test          none: there is nothing to test on, --test gives some";
    assert!(said.contains(none), "{said}");
    // Nor is there where what was learned is only tested, on one sample of a class; a file to test on is enough.
    let (net, out) = (example("04-online-decolle.toml"), folder.path().join("out"));
    let (data, out) = (path.to_str().unwrap(), out.to_str().unwrap());
    printed(&["run", &net, "--train", data, "--test", data, "--out", out]);
    let again = ["run", &net, "--learned", out, "--epochs", "0"];
    let said = printed(&[&again[..], &["--train", data]].concat());
    assert!(said.contains(none) && !said.contains("confusion"), "{said}");
    fs::write(&path, "200,0,0\n").unwrap();
    let said = printed(&[&again[..], &["--test", data]].concat());
    assert!(said.contains("accuracy_test") && !said.contains("none:"), "{said}");
}

/// A layer that learns from its own readout, or with others, on top of shared weights.
#[test]
fn convolutions_and_pools_do_not_learn() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.toml");
    let path = path.to_str().unwrap();
    let shared = [
        ("convolution", "kind = \"conv2d\"\nweights = [[[[2, 4], [6, 8]]]]"),
        ("pool", "kind = \"pool2d\"\nkernel = [2, 2]\nstride = [1, 1]\nweights = 20"),
    ];
    let programs = [
        ("decolle", "population = \"filters\"\nclasses = 10"),
        ("backprop", "populations = [\"filters\"]"),
        ("emstdp", "populations = [\"filters\"]"),
    ];
    for (what, weights) in shared {
        for (kind, keys) in programs {
            let text = format!(
                "name = \"n\"\nsteps = 60\n[task]\ndata = \"digits\"\n[[input]]\nname = \"image\"\nshape = [1, 8, 8]\n\
                 [[population]]\nname = \"filters\"\nshape = [1, 7, 7]\nv_th = 500\n\
                 [[connection]]\nfrom = \"image\"\nto = \"filters\"\n{weights}\n\
                 [[snip]]\nkind = \"bernoulli-encoder\"\nfull_scale = 32\n[[snip]]\nkind = \"{kind}\"\n{keys}\n"
            );
            fs::write(path, text).unwrap();
            let said = format!("the connection from `image` is a {what}, which does not learn: let a dense layer");
            refused(&["run", path, "--samples", "10"], &["net.toml, line ", &said]);
        }
    }
}
