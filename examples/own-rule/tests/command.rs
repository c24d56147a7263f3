//! The example as a user runs it: what it prints, and what it has learned carried to the next run.

use std::process::Command;

/// What a run of a few showings prints.
fn run(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_own-rule"))
        .args(["--showings", "20"])
        .args(arguments)
        .output()
        .expect("the example starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The errors of the first showing and of the last one.
fn errors(said: &str) -> [u32; 2] {
    let numbers = said.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok());
    let mut numbers = numbers.collect::<Vec<u32>>().into_iter();
    [(); 2].map(|()| numbers.next().expect("two numbers of errors"))
}

#[test]
fn what_was_learned_is_saved_and_taken_up_again() {
    let file = std::env::temp_dir().join(format!("own-rule-{}.bin", std::process::id()));
    let path = file.to_str().expect("a path of plain text");
    let first = run(&["--save", path]);
    let second = run(&["--restore", path]);
    std::fs::remove_file(&file).expect("it was written");
    let ([before, after], [again, _]) = (errors(&first), errors(&second));
    assert!(after < before, "{first}");
    assert!(again < before, "a resumed run starts with fewer errors: {first}{second}");
    assert!(first.contains("digest of all state "), "{first}");
}
