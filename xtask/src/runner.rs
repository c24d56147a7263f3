//! Runs the tests, by cargo-nextest where it is installed and by cargo itself where not, and counts and times them.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::command::{line, printed};
use crate::paths;
use crate::tier::Tier;

/// The workspace profile of tests: optimised, for tests that learn for thousands of steps, and quickly linked.
const PROFILE: &str = "tests";
/// The set of recorded vectors of [`Tier::Quick`].
const QUICK_VECTORS: &str = "golden_neurons::";
/// How many of the slowest tests are printed.
const SLOWEST: usize = 10;

/// Counts and times of tests.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    /// Seconds and name of each test or, where only cargo itself runs them, of each program of tests.
    times: Vec<(f64, String)>,
}

/// Runs the tests of a tier whose names contain one of `filters`, all if there are none, with their output on this
/// terminal.
///
/// # Errors
///
/// When they cannot be started.
pub(crate) fn run(tier: Tier, filters: &[String], tally: &mut Tally) -> Result<()> {
    if printed(Command::new(paths::cargo()).args(["nextest", "--version"])).is_some() {
        count(&mut nextest(tier, filters), tally)?;
    } else {
        for mut command in plain(tier, filters) {
            count(&mut command, tally)?;
        }
    }
    if tier != Tier::Quick {
        // The examples of the documentation, which only cargo runs.
        let mut command = cargo(&["test", "--workspace", "--doc", "--profile", PROFILE, "--no-fail-fast", "--"]);
        count(command.args(filters), tally)?;
    }
    Ok(())
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(paths::cargo());
    command.current_dir(paths::root()).args(arguments);
    command
}

fn nextest(tier: Tier, filters: &[String]) -> Command {
    let mut command = cargo(&["nextest", "run", "--workspace", "--cargo-profile", PROFILE, "--color", "never"]);
    match tier {
        Tier::Quick => {
            let expression = format!("kind(lib) or test(/^{QUICK_VECTORS}/)");
            command.args(["--lib", "--test", "host", "--filterset", &expression]);
        }
        Tier::Usual => {}
        Tier::All => {
            command.args(["--run-ignored", "all"]);
        }
    }
    if !filters.is_empty() {
        command.args(["--no-tests", "pass"]);
    }
    command.args(filters);
    command
}

fn plain(tier: Tier, filters: &[String]) -> Vec<Command> {
    let arguments = ["test", "--workspace", "--profile", PROFILE, "--no-fail-fast"];
    let with = |more: &[&str]| {
        let mut command = cargo(&arguments);
        command.args(more).args(filters);
        command
    };
    match tier {
        Tier::Quick => vec![with(&["--lib", "--"]), with(&["--test", "host", "--", QUICK_VECTORS])],
        Tier::Usual => vec![with(&["--lib", "--bins", "--tests", "--"])],
        Tier::All => vec![with(&["--lib", "--bins", "--tests", "--", "--include-ignored"])],
    }
}

/// Runs a command, passes on what it prints, and counts the tests in it.
fn count(command: &mut Command, tally: &mut Tally) -> Result<()> {
    println!("stage tests: `{}`", line(command));
    // Both in one, in the order in which they come: nextest reports on standard error, libtest on standard output.
    let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
    command.stdout(writer.try_clone().context("cannot make a pipe")?).stderr(writer).stdin(Stdio::null());
    let mut child = command.spawn().with_context(|| format!("cannot start `{}`", line(command)))?;
    // The command holds the writing ends, which must close when it ends.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let failed_before = tally.failed;
    for line in BufReader::new(reader).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        println!("{line}");
        tally.add(&line);
    }
    // A test that does not compile, or a runner that was killed, has no count of its own.
    if !child.wait()?.success() && tally.failed == failed_before {
        tally.failed += 1;
    }
    Ok(())
}

impl Tally {
    /// Adds what a line says: the result of a test or the summary of nextest, or the result of a program of libtest.
    fn add(&mut self, line: &str) {
        // That of a test which failed is indented, and counted already.
        let result = line.strip_prefix("test result: ");
        let line = line.trim();
        if let Some(result) = result {
            self.add_counts(result);
            if let Some(seconds) =
                result.rsplit_once("finished in ").and_then(|(_, took)| took.strip_suffix('s')?.parse().ok())
            {
                let name = self.times.iter().rev().find(|(seconds, _)| seconds.is_nan()).map(|(_, name)| name.clone());
                self.times.retain(|(seconds, _)| !seconds.is_nan());
                self.times.push((seconds, name.unwrap_or_default()));
            }
        } else if let Some(program) = line.strip_prefix("Running ").or(line.strip_prefix("Doc-tests ")) {
            self.times.push((f64::NAN, format!("program {program}")));
        } else if let Some(summary) = line.strip_prefix("Summary [") {
            self.add_counts(summary.split_once("tests run:").map_or(summary, |(_, counts)| counts));
        } else if let Some((seconds, name)) = nextest_time(line) {
            self.times.push((seconds, name));
        }
    }

    /// Counts in text like `5 passed; 1 failed; …` or `5 passed (2 slow), 1 failed, …`.
    fn add_counts(&mut self, text: &str) {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let mut count = 0;
        for word in words {
            match word {
                "passed" => self.passed += count,
                "failed" | "timed" => self.failed += count,
                _ => count = word.parse().unwrap_or(0),
            }
        }
    }

    /// Prints the tests that took longest.
    pub(crate) fn print_slowest(&self) {
        let mut times: Vec<_> = self.times.iter().filter(|(seconds, _)| !seconds.is_nan()).collect();
        times.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        println!("\nslowest tests:");
        for (seconds, name) in times.into_iter().take(SLOWEST) {
            println!("{seconds:8.1} s  {name}");
        }
        println!();
    }
}

/// Seconds and name in a line of nextest like `PASS [   0.012s] (3/220) conformance::host axons::name`.
fn nextest_time(line: &str) -> Option<(f64, String)> {
    let (status, rest) = line.split_once(" [")?;
    if !matches!(status, "PASS" | "FAIL" | "LEAK" | "TIMEOUT") {
        return None;
    }
    let (seconds, name) = rest.split_once("s] ")?;
    let name = name.trim_start();
    let name = name.strip_prefix('(').and_then(|name| name.split_once(") ")).map_or(name, |(_, name)| name);
    Some((seconds.trim().parse().ok()?, name.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(lines: &[&str]) -> Tally {
        let mut tally = Tally::default();
        for line in lines {
            tally.add(line);
        }
        tally
    }

    #[test]
    fn what_nextest_says_is_counted_once() {
        let tally = tally(&[
            "        PASS [   0.512s] (  1/220) conformance::host axons::one",
            "        FAIL [  61.250s] (  2/220) conformance::qemu golden::two",
            "    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 14 filtered out; finished in 61.25s",
            "     Summary [ 619.1s] 220 tests run: 219 passed (4 slow), 1 failed, 3 skipped",
            "        FAIL [  61.250s] (  2/220) conformance::qemu golden::two",
        ]);
        assert_eq!((tally.passed, tally.failed), (219, 1));
        assert_eq!(tally.times[0], (0.512, "conformance::host axons::one".to_owned()));
    }

    #[test]
    fn what_libtest_says_is_counted_and_timed_by_program() {
        let tally = tally(&[
            "     Running unittests src/lib.rs (target/tests/deps/loihi_core-1)",
            "test a::b ... ok",
            "test result: ok. 46 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.66s",
        ]);
        assert_eq!((tally.passed, tally.failed), (46, 2));
        assert_eq!(tally.times, [(1.66, "program unittests src/lib.rs (target/tests/deps/loihi_core-1)".to_owned())]);
    }
}
