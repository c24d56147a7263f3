//! Whether every file of tests is part of its program: one that no `mod` names is never built, and never fails.

use std::fs;
use std::path::Path;

#[test]
fn every_file_of_tests_is_built() {
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut files = 0;
    for program in fs::read_dir(programs).unwrap().map(|entry| entry.unwrap().path()) {
        let Ok(main) = fs::read_to_string(program.join("main.rs")) else { continue };
        for file in fs::read_dir(&program).unwrap().map(|entry| entry.unwrap().path()) {
            let name = file.file_stem().unwrap().to_str().unwrap();
            if name != "main" && file.extension().is_some_and(|end| end == "rs") {
                let line = format!("mod {name};");
                assert!(main.lines().any(|own| own == line), "{}: main.rs has no `{line}`", file.display());
                files += 1;
            }
        }
    }
    assert!(files > 50, "{files} files were looked at");
}
