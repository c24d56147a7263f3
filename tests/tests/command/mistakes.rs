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
    refused(&["place", path], &["empty.toml has no populations", "`loihi list --network`"]);
    refused(&["report", path], &["empty.toml is a file", "`loihi run NAME --out FOLDER`"]);
    refused(&["export", folder.path().to_str().unwrap(), "--nir", "never.nir"], &["is a folder", "--nirdata"]);
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
