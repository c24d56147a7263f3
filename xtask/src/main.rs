//! `cargo xtask`: sets the machine up, builds the firmware, runs every test, prints sizes.

mod apt;
mod checks;
mod command;
mod firmware;
mod no_panic;
mod paths;
mod setup;
mod size;
mod toolchain;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Development tasks of this workspace.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Install what the firmware and the tests need: QEMU, a compiler for the bare x86, valgrind
    Setup {
        /// Only say what is there and what is missing; fails when something is missing
        #[arg(long)]
        check: bool,
    },
    /// Build the firmware into target/firmware, after a set-up where one is needed
    Firmware,
    /// Set up, build the firmware, check the sources, run every test
    Test {
        /// Run only tests whose names contain one of these
        filters: Vec<String>,
    },
    /// Print what the firmware takes of the board's memory, as a Markdown table
    Size,
}

fn main() -> ExitCode {
    match run(&Arguments::parse().verb) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(verb: &Verb) -> Result<ExitCode> {
    match verb {
        Verb::Setup { check: true } => setup::check()?,
        Verb::Setup { check: false } => setup::install(setup::Detail::Everything)?,
        Verb::Firmware => firmware::build()?,
        Verb::Test { filters } => return checks::run(filters),
        Verb::Size => size::print()?,
    }
    Ok(ExitCode::SUCCESS)
}
