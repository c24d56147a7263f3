//! The numbered examples print what their heads say.
//!
//! A head has commands, `#     $ loihi …`, and under each some of the lines that it prints, in their order.

use crate::common::root;
use crate::reader::{assert_printed, place, printed};
use std::fs;

/// Most lines of an example.
const LINES_MAX: usize = 100;

/// Files of the examples whose names begin with a number, by name, without tables of samples.
fn examples() -> Vec<String> {
    let paths = fs::read_dir(root().join("examples")).unwrap().map(|entry| entry.unwrap().path());
    let paths = paths.filter(|path| path.extension().is_none_or(|ending| ending != "csv"));
    let names = paths.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned());
    let mut names: Vec<String> = names.filter(|name| name.starts_with(|first: char| first.is_ascii_digit())).collect();
    names.sort();
    names
}

#[test]
fn they_print_what_their_heads_say() {
    for (number, name) in (1..).zip(examples()) {
        assert!(name.starts_with(&format!("{number:02}-")), "{name} should be number {number}");
        let text = fs::read_to_string(root().join("examples").join(&name)).unwrap();
        assert!(text.lines().count() < LINES_MAX, "{name} has {LINES_MAX} lines or more");
        let folder = place();
        let head: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("#     ")).collect();
        let commands = head.split(|line| line.starts_with("$ ")).skip(1);
        let starts = head.iter().filter_map(|line| line.strip_prefix("$ "));
        let mut count = 0;
        for (command, lines) in starts.zip(commands) {
            assert!(!lines.is_empty(), "{name} does not say what `{command}` prints");
            assert_printed(lines.iter().copied(), &printed(command, &name, folder.path()), &name);
            count += 1;
        }
        assert!(count > 0, "{name} says no command");
    }
}
