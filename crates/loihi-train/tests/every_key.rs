//! Keys of `[train]`: in the file that has every key, and in the examples.

#![allow(clippy::unwrap_used)]

use loihi_net::network::file::{EVERY_KEY, FileOptions, parse_with};
use loihi_train::layers::Model;
use loihi_train::settings::TrainForm;
use std::path::Path;

/// The table of the file that has every key.
fn section() -> &'static str {
    EVERY_KEY.split_once("# [train]").unwrap().1.split("\n\n").next().unwrap()
}

#[test]
fn every_key_of_training_is_in_the_file_of_every_key() {
    let section = section();
    let text = format!("{:#?}", TrainForm::default());
    let keys: Vec<&str> = text
        .lines()
        .filter_map(|line| Some(line.strip_prefix("    ")?.split_once(": ")?.0))
        .filter(|key| !key.contains(' '))
        .collect();
    assert!(keys.len() > 15, "{keys:?}");
    for key in keys {
        assert!(section.contains(&format!("\n# {key} = ")), "{key} is missing");
    }
}

#[test]
fn the_keys_in_the_file_of_every_key_are_read() {
    let lines: Vec<&str> = section().lines().skip(1).filter_map(|line| line.strip_prefix("# ")).collect();
    let form: TrainForm = toml::from_str(&lines.join("\n")).unwrap();
    assert!(lines.len() > 15, "{lines:?}");
    assert_eq!((form.target_spikes, form.shift, form.v_th_rate), (Some([20.0, 2.0]), Some([2, 2]), Some(0.08)));
    assert_eq!((form.turn_degrees, form.stretch, form.input_dropout, form.average_epochs), (10.0, 0.1, 0.2, 5));
    let delay = form.delay.unwrap();
    assert_eq!((delay.rate, delay.max_steps, delay.into), (0.1, 20, vec!["hidden".to_owned()]));
    let registers = [form.decay_u, form.decay_v, form.v_th].map(|register| register.unwrap().rate);
    assert_eq!(registers.map(f32::to_bits), [4.0_f32, 4.0, 2.0].map(f32::to_bits));
}

#[test]
fn every_example_can_be_trained() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/train");
    let mut found = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_ann = path.to_str().unwrap().ends_with("-ann.toml");
        if is_ann || path.extension().is_none_or(|end| end != "toml") {
            // Those of `loihi-convert`, and samples.
            continue;
        }
        let shape = match path.file_stem().unwrap().to_str().unwrap() {
            "digits" => vec![8, 8],
            "words" | "words-new-speaker" => vec![50, 20],
            _ => vec![28, 28],
        };
        let mut text = std::fs::read_to_string(&path).unwrap();
        found += 1;
        if !text.contains("[[connection]]") {
            // A table [train] alone, for a network whose name begins its own.
            let name = path.file_stem().unwrap().to_str().unwrap().split('-').next().unwrap();
            let network = std::fs::read_to_string(path.with_file_name(format!("{name}.toml"))).unwrap();
            text = format!("{}\n{text}", network.split_once("[train]").unwrap().0);
        }
        let network = parse_with(&text, &path, &FileOptions::default().data(shape, 10)).unwrap();
        let form = TrainForm::of(&network).unwrap();
        let model = Model::new(&network, &form).unwrap();
        assert_eq!(model.readout.neurons, 10, "{}", path.display());
        assert!(model.neurons.iter().skip(1).all(|neurons| neurons.is_reached), "{}", path.display());
    }
    assert_eq!(found, 9);
}
