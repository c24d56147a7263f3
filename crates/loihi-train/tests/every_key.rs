//! Keys of `[train]` in the file that has every key.

#![allow(clippy::unwrap_used)]

use loihi_net::network::file::EVERY_KEY;
use loihi_train::settings::TrainForm;

#[test]
fn every_key_of_training_is_in_the_file_of_every_key() {
    let section = EVERY_KEY.split_once("# [train]").unwrap().1.split("\n\n").next().unwrap();
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
