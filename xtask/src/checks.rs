//! `cargo xtask test`: everything that must hold, one stage after the other.

use std::io::{self, Write};
use std::process::{Command, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use loihi_boards::Board;

use crate::command::{line, printed};
use crate::runner::{self, Tally};
use crate::setup::{self, Detail};
use crate::tier::Tier;
use crate::{
    book, clean_root, features, firmware, iso, no_panic, packages, paths, portable, proof, size, toolchain, web,
};

/// What came of a stage.
enum Verdict {
    Passed,
    /// It could not be run here, and why.
    Skipped(String),
    /// What was wrong.
    Failed(String),
}

/// The stages so far, with their times.
#[derive(Default)]
struct Report {
    stages: Vec<(&'static str, Duration, &'static str)>,
    failed: usize,
}

/// A stage that runs one cargo command.
struct Cargo<'a> {
    name: &'static str,
    /// The cargo subcommand that a distribution may ship apart from cargo, if it is one.
    optional: Option<&'static str>,
    arguments: &'a [&'a str],
    environment: &'static [(&'static str, &'static str)],
}

const FORMAT: Cargo<'_> = Cargo {
    name: "format",
    optional: Some("fmt"),
    arguments: &["fmt", "--all", "--check", "--", "-l"],
    environment: &[],
};

const LINTS: Cargo<'_> = Cargo {
    name: "lints",
    optional: Some("clippy"),
    arguments: &["clippy", "--profile", "tests", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"],
    environment: &[],
};

const LINTS_DEFAULT: Cargo<'_> = Cargo {
    name: "lints of the first build",
    optional: Some("clippy"),
    arguments: &["clippy", "--profile", "tests", "--package", "host-harness", "--quiet", "--", "--deny", "warnings"],
    environment: &[],
};

const DOCUMENTATION: Cargo<'_> = Cargo {
    name: "documentation",
    optional: None,
    arguments: &["doc", "--profile", "tests", "--workspace", "--no-deps", "--quiet"],
    environment: &[("RUSTDOCFLAGS", "-Dwarnings")],
};

/// Runs the stages of a tier and its tests, or those tests that `filters` name. The times of all stages and the slowest
/// tests are printed at the end; the last line is `N passed, N failed`, in which a stage that fails counts as one failed.
///
/// # Errors
///
/// When a command cannot be started.
pub(crate) fn run(tier: Tier, filters: &[String]) -> Result<ExitCode> {
    let mut report = Report::default();
    if tier == Tier::Quick {
        report.stage("format", || FORMAT.run())?;
    } else {
        report.stage("set-up", || Ok(setup::install_for_tests(Detail::Changes).into()))?;
        report.stage("firmware", || Ok(firmware::build(&firmware::emulated(), &[]).into()))?;
        report.stage("firmware of the example", || Ok(build_example().into()))?;
        report.stage("CD", || Ok(boot_image()))?;
        report.stage("page", || Ok(web::build().into()))?;
        report.stage("book", || Ok(build_book()))?;
        // The links of the panic check take one core for most of their time: the other stages run beside them.
        thread::scope(|scope| {
            let links = scope.spawn(|| timed(|| Ok(no_panic::check().into())));
            for cargo in [FORMAT, LINTS, LINTS_DEFAULT, DOCUMENTATION] {
                report.stage(cargo.name, || cargo.run())?;
            }
            report.stage("lints of boards", || lint_boards(&firmware::emulated()))?;
            report.stage("lints of the example", || lint_boards(&[&firmware::own_board()?]))?;
            report.stage("lints of the page", lint_page)?;
            report.stage("features", || Ok(features::check().into()))?;
            report.stage("packages", || Ok(packages::check().into()))?;
            let (took, verdict) = links.join().map_err(|_| anyhow!("the panic check ended with a panic"))?;
            println!("stage no panic, beside those before it");
            report.add("no panic", took, verdict?);
            anyhow::Ok(())
        })?;
    }
    if tier == Tier::All {
        report.stage("firmware of hardware", || Ok(build_hardware()))?;
        report.stage("lints of hardware", || lint_boards(&firmware::hardware()))?;
        report.stage("crates", || Ok(proof::dependencies().into()))?;
        report.stage("spelling", || Ok(proof::spelling().into()))?;
        report.stage("other systems", || Ok(portable::check().map_or_else(Verdict::Skipped, Verdict::from)))?;
        report.stage("package", || Ok(clean_root::check().map_or_else(Verdict::Skipped, Verdict::from)))?;
        report.stage("Miri", || Ok(proof::miri().map_or_else(Verdict::Skipped, Verdict::from)))?;
    }
    let mut tally = Tally::default();
    let start = Instant::now();
    runner::run(tier, filters, &mut tally)?;
    report.stages.push(("tests", start.elapsed(), if tally.failed == 0 { "ok" } else { "FAILED" }));
    report.print();
    tally.print_slowest();
    let failed = tally.failed + report.failed;
    println!("{} passed, {failed} failed", tally.passed);
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Builds the firmware of the board outside of the table.
fn build_example() -> Result<()> {
    firmware::build(&[&firmware::own_board()?], &[])
}

/// Makes the image of a CD, which a test boots, where GRUB is or can be installed.
fn boot_image() -> Verdict {
    match iso::install(Detail::Changes) {
        Ok(()) => iso::make(&paths::cd()).into(),
        Err(error) => Verdict::Skipped(format!("{error:#}")),
    }
}

/// Builds the book where mdBook is or can be installed.
fn build_book() -> Verdict {
    match book::install() {
        Ok(mdbook) => book::build(&mdbook).into(),
        Err(error) => Verdict::Skipped(format!("{error:#}")),
    }
}

/// Builds the firmware of every board that people own, and holds it against the board's flash and RAM. A compiler that
/// has to build `core` first, as a distribution's has, may not be able to.
fn build_hardware() -> Verdict {
    let mut skipped = Vec::new();
    for board in firmware::hardware() {
        let tools = match setup::install_for_firmware(Detail::Changes, board) {
            Ok(tools) => tools,
            Err(error) => return Verdict::Failed(format!("{error:#}")),
        };
        match held(firmware::build(&[board], &[]), tools.compiler.has_core, || size::fits(board)) {
            Verdict::Passed => {}
            Verdict::Skipped(why) => skipped.push(why),
            failed @ Verdict::Failed(_) => return failed,
        }
    }
    if skipped.is_empty() { Verdict::Passed } else { Verdict::Skipped(skipped.join("; ")) }
}

/// What a build came to: only a compiler with `core` has to succeed, and what was built has to fit.
fn held(built: Result<()>, has_core: bool, fits: impl FnOnce() -> Result<()>) -> Verdict {
    match built {
        Ok(()) => fits().into(),
        Err(error) if !has_core => Verdict::Skipped(format!("{error:#}")),
        Err(error) => Verdict::Failed(format!("{error:#}")),
    }
}

/// Lints the code that is compiled for these boards only.
fn lint_boards(boards: &[&Board]) -> Result<Verdict> {
    let mut skipped = Vec::new();
    for board in boards {
        let commands = match firmware::lints(board) {
            Ok(Some(commands)) => commands,
            Ok(None) => {
                skipped.push(format!("the lints in use are not those of the compiler for {}", board.target));
                continue;
            }
            Err(error) => return Ok(Verdict::Failed(format!("{error:#}"))),
        };
        for mut command in commands {
            let verdict = verdict(LINTS.optional, &mut command)?;
            if !matches!(verdict, Verdict::Passed) {
                return Ok(verdict);
            }
        }
    }
    skipped.sort();
    skipped.dedup();
    Ok(if skipped.is_empty() { Verdict::Passed } else { Verdict::Skipped(skipped.join("; ")) })
}

/// Lints the functions of the page's module, which are compiled for the browser only.
fn lint_page() -> Result<Verdict> {
    let target = toolchain::PAGE;
    if !toolchain::has_core(target) {
        return Ok(Verdict::Skipped(format!("the compiler in use has no standard library for {target}")));
    }
    let arguments = ["clippy", "--profile", "tests", "--target", target, "--package", "loihi-web", "--quiet"];
    let arguments = [&arguments, &["--no-deps", "--", "--deny", "warnings"][..]].concat();
    Cargo { arguments: &arguments, ..LINTS }.run()
}

/// What a stage came to, and how long it took.
fn timed(run: impl FnOnce() -> Result<Verdict>) -> (Duration, Result<Verdict>) {
    let start = Instant::now();
    let verdict = run();
    (start.elapsed(), verdict)
}

impl Report {
    /// Runs a stage, and prints its line.
    fn stage(&mut self, name: &'static str, run: impl FnOnce() -> Result<Verdict>) -> Result<()> {
        println!("stage {name}");
        io::stdout().flush()?;
        let (took, verdict) = timed(run);
        self.add(name, took, verdict?);
        Ok(())
    }

    /// Prints the line of a stage that has ended, and keeps it.
    fn add(&mut self, name: &'static str, took: Duration, verdict: Verdict) {
        let seconds = took.as_secs_f64();
        let word = match verdict {
            Verdict::Passed => {
                println!("stage {name}: ok, {seconds:.1} s");
                "ok"
            }
            Verdict::Skipped(why) => {
                println!("stage {name}: skipped, {why}");
                "skipped"
            }
            Verdict::Failed(why) => {
                println!("stage {name}: FAILED, {why}");
                self.failed += 1;
                "FAILED"
            }
        };
        self.stages.push((name, took, word));
    }

    fn print(&self) {
        println!("\nstages:");
        for (name, took, word) in &self.stages {
            println!("{:8.1} s  {name}: {word}", took.as_secs_f64());
        }
    }
}

impl From<Result<()>> for Verdict {
    fn from(result: Result<()>) -> Self {
        match result {
            Ok(()) => Self::Passed,
            Err(error) => Self::Failed(format!("{error:#}")),
        }
    }
}

impl Cargo<'_> {
    /// Runs the stage; one that fails says what the command said.
    fn run(&self) -> Result<Verdict> {
        let mut command = Command::new(paths::cargo());
        command.current_dir(paths::root()).args(self.arguments);
        command.envs(self.environment.iter().copied());
        verdict(self.optional, &mut command)
    }
}

/// What a command of cargo comes to; one that fails says what it said. `optional`: as in [`Cargo`].
fn verdict(optional: Option<&str>, command: &mut Command) -> Result<Verdict> {
    if let Some(tool) = optional
        && printed(Command::new(paths::cargo()).args([tool, "--version"])).is_none()
    {
        return Ok(Verdict::Skipped(format!("`cargo {tool}` is not installed")));
    }
    let output = command.output().with_context(|| format!("cannot start `{}`", line(command)))?;
    if output.status.success() {
        return Ok(Verdict::Passed);
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    Ok(Verdict::Failed(format!("`{}` says:\n{said}", line(command))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn firmware_that_does_not_fit_fails_with_any_compiler() {
        let (built, fits) = (|| Err(anyhow!("no core")), || Err(anyhow!("too large")));
        for has_core in [false, true] {
            let failed = held(Ok(()), has_core, fits);
            assert!(matches!(&failed, Verdict::Failed(why) if why == "too large"), "{has_core}");
            assert!(matches!(held(Ok(()), has_core, || Ok(())), Verdict::Passed));
        }
        assert!(matches!(held(built(), false, fits), Verdict::Skipped(why) if why == "no core"));
        assert!(matches!(held(built(), true, fits), Verdict::Failed(why) if why == "no core"));
    }
}
