//! Whether every file of tests is part of its program: one that no `mod` names is never built, and never fails.

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_file_of_tests_is_built() {
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut files = 0;
    for program in fs::read_dir(programs).unwrap().map(|entry| entry.unwrap().path()) {
        if !program.join("main.rs").exists() {
            continue;
        }
        let rust = |path: &PathBuf| path.extension().is_some_and(|end| end == "rs");
        let own: Vec<PathBuf> =
            fs::read_dir(&program).unwrap().map(|entry| entry.unwrap().path()).filter(rust).collect();
        let text: String = own.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
        for file in &own {
            let line = format!("mod {};", file.file_stem().unwrap().to_str().unwrap());
            let is_named = file.ends_with("main.rs") || text.lines().any(|own| own == line);
            assert!(is_named, "{}: no file beside it has `{line}`", file.display());
            files += 1;
        }
    }
    assert!(files > 50, "{files} files were looked at");
}
