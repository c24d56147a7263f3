//! Keys of network files that say what a run does.

#![allow(clippy::unwrap_used)]

/// Every key of the tables that say what a run does is in the file that has every key.
#[test]
fn every_key_of_a_run_is_in_the_file_of_every_key() {
    use loihi_net::network::file::EVERY_KEY;
    use loihi_task::measure::MeasureForm;
    use loihi_task::settings::{RewardForm, StageForm, TaskForm, TeacherForm};
    let keys_of = |text: String| text.lines().filter_map(|line| Some(line.split_once(" = ")?.0.to_owned())).collect();
    let keys: [Vec<String>; 6] = [
        keys_of(format!("{:#?}", TaskForm::default()).replace(": ", " = ")),
        keys_of(format!("{:#?}", StageForm::default()).replace(": ", " = ")),
        keys_of(format!("{:#?}", RewardForm::default()).replace(": ", " = ")),
        keys_of(format!("{:#?}", TeacherForm::default()).replace(": ", " = ")),
        vec!["input".into(), "at".into(), "every".into(), "count".into()],
        keys_of(format!("{:#?}", MeasureForm::default()).replace(": ", " = ")),
    ];
    for (table, keys) in
        ["[task]", "[[stage]]", "[reward]", "[teacher]", "[[spikes]]", "[[measure]]"].into_iter().zip(keys)
    {
        let section = EVERY_KEY.split_once(&format!("# {table}")).unwrap().1;
        let section = section.split("\n\n").next().unwrap();
        assert!(keys.len() >= 4, "{table}: {keys:?}");
        for key in keys {
            assert!(section.contains(&format!("\n# {} = ", key.trim())), "{table} {key} is missing");
        }
    }
}
