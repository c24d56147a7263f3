//! `cargo xtask test`: everything that must hold, one stage after the other.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};

use crate::command::{line, printed};
use crate::setup::{self, Detail};
use crate::{firmware, no_panic, paths};

/// A stage that runs one cargo command.
struct Stage {
    name: &'static str,
    /// The cargo subcommand that a distribution may ship apart from cargo, if it is one.
    optional: Option<&'static str>,
    arguments: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
}

const STAGES: [Stage; 3] = [
    Stage {
        name: "format",
        optional: Some("fmt"),
        arguments: &["fmt", "--all", "--check", "--", "-l"],
        environment: &[],
    },
    Stage {
        name: "lints",
        optional: Some("clippy"),
        arguments: &["clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"],
        environment: &[],
    },
    Stage {
        name: "documentation",
        optional: None,
        arguments: &["doc", "--workspace", "--no-deps", "--quiet"],
        environment: &[("RUSTDOCFLAGS", "-Dwarnings")],
    },
];

/// Counts of tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: usize,
    failed: usize,
}

/// Sets up, builds the firmware, runs all stages and then all tests, or those that `filters`
/// name. The last line printed is `N passed, N failed`; a stage that fails counts as one failed.
///
/// # Errors
///
/// When the tests cannot be started.
pub(crate) fn run(filters: &[String]) -> Result<ExitCode> {
    let mut failed_stages = 0;
    if let Err(error) = firmware::build() {
        eprintln!("stage firmware: FAILED, {error:#}");
        failed_stages += 1;
    }
    if let Err(error) = setup::install_for_tests(Detail::Changes) {
        eprintln!("stage set-up: FAILED, {error:#}");
        failed_stages += 1;
    }
    for stage in &STAGES {
        if !stage.run()? {
            failed_stages += 1;
        }
    }
    let start = Instant::now();
    match no_panic::check() {
        Ok(()) => println!("stage no panic: ok, {:.1} s", start.elapsed().as_secs_f64()),
        Err(error) => {
            println!("stage no panic: FAILED, {error:#}");
            failed_stages += 1;
        }
    }
    let mut tally = run_tests(filters)?;
    tally.failed += failed_stages;
    println!("{} passed, {} failed", tally.passed, tally.failed);
    Ok(if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Stage {
    /// Runs the stage, prints its line and, when it fails, what the command said. Returns whether
    /// it passed or could not be run here.
    fn run(&self) -> Result<bool> {
        if let Some(tool) = self.optional
            && printed(Command::new(paths::cargo()).args([tool, "--version"])).is_none()
        {
            println!("stage {}: skipped, `cargo {tool}` is not installed", self.name);
            return Ok(true);
        }
        print!("stage {}: ", self.name);
        io::stdout().flush()?;
        let start = Instant::now();
        let mut command = Command::new(paths::cargo());
        command.current_dir(paths::root()).args(self.arguments);
        command.envs(self.environment.iter().copied());
        let output = command.output().with_context(|| format!("cannot start `{}`", line(&command)))?;
        if output.status.success() {
            println!("ok, {:.1} s", start.elapsed().as_secs_f64());
            return Ok(true);
        }
        println!("FAILED, `cargo {}` says:", self.arguments.join(" "));
        io::stdout().write_all(&output.stdout)?;
        io::stdout().write_all(&output.stderr)?;
        Ok(false)
    }
}

/// Runs the tests with their output on this terminal, and counts them.
fn run_tests(filters: &[String]) -> Result<Tally> {
    let mut command = Command::new(paths::cargo());
    command
        .current_dir(paths::root())
        // Release, for tests that learn for thousands of steps.
        .args(["test", "--workspace", "--release", "--no-fail-fast", "--"])
        .args(filters)
        .stdout(Stdio::piped());
    println!("stage tests: `{}`", line(&command));
    let mut child = command.spawn().with_context(|| format!("cannot start `{}`", line(&command)))?;
    let mut tally = Tally::default();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines() {
            let line = line?;
            println!("{line}");
            tally.add(&line);
        }
    }
    let status = child.wait()?;
    // A test that does not compile, or a runner that was killed, has no count of its own.
    if !status.success() && tally.failed == 0 {
        tally.failed = 1;
    }
    Ok(tally)
}

impl Tally {
    /// Adds the counts of a line like `test result: ok. 5 passed; 0 failed; 1 ignored; …`.
    fn add(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else {
            return;
        };
        let mut words =
            counts.split(|c: char| c.is_whitespace() || c == ';' || c == '.').filter(|word| !word.is_empty());
        let mut count = 0;
        for word in &mut words {
            match word {
                "passed" => self.passed += count,
                "failed" => self.failed += count,
                _ => count = word.parse().unwrap_or(0),
            }
        }
    }
}
