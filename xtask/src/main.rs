//! `cargo xtask`: sets the machine up, builds the firmware and packages, runs every test, prints sizes.

mod apt;
mod book;
mod checks;
mod clean_root;
mod command;
mod deb;
mod dist;
mod features;
mod firmware;
mod iso;
mod licences;
mod no_panic;
mod packages;
mod paths;
mod portable;
mod proof;
mod runner;
mod sets;
mod setup;
mod size;
mod tier;
mod toolchain;
mod web;

use std::path::PathBuf;
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
    /// Install what the firmware and the tests need: QEMU, compilers for bare machines, valgrind
    Setup {
        /// Only say what is there and what is missing; fails when something is missing
        #[arg(long)]
        check: bool,
    },
    /// Build the firmware of the boards in QEMU into target/firmware, after a set-up where one is needed
    Firmware {
        /// That of this board instead, in QEMU or hardware: a name that `loihi boards` lists, or the file of the board in
        /// examples/own-board
        #[arg(long, value_name = "NAME|FILE", value_parser = loihi_boards::given)]
        board: Option<&'static loihi_boards::Board>,
        /// With these features of loihi-core instead of those in the board's file: `learning`, `pes` …
        #[arg(long, value_name = "NAMES", value_delimiter = ',')]
        features: Vec<String>,
    },
    /// Build the image of a CD or stick that boots a PC into the firmware, after a set-up where one is needed
    Iso {
        /// Where to write it [default: target/firmware/x86-mcu.iso]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Build the page in the browser into target/page, after a set-up where one is needed
    Web,
    /// Build the book of docs/ into target/book, with mdBook, which is installed where it is missing
    Book,
    /// Set up, build the firmware, check the sources, run every test
    Test {
        /// Only the core, the unit tests of the host and one set of recorded vectors: after every save
        #[arg(long, conflicts_with = "all")]
        quick: bool,
        /// What takes long, too: every experiment whole on the bare x86, the firmware of hardware, cargo-deny, typos, Miri on
        /// the core, the Debian package in a clean root
        #[arg(long)]
        all: bool,
        /// Run only tests whose names contain one of these
        filters: Vec<String>,
    },
    /// Build the program and a Debian package of it, with the firmware, into dist
    Dist,
    /// Print what the firmware takes of the memory, for every board and set of features, as a Markdown table
    Size {
        /// Only this board
        #[arg(long, value_name = "NAME", value_parser = loihi_boards::named)]
        board: Option<&'static loihi_boards::Board>,
        /// Only this set of features
        #[arg(long, value_name = "NAME")]
        set: Option<String>,
        /// Fail if the table in this file is another one
        #[arg(long, value_name = "FILE", conflicts_with = "board")]
        check: Option<PathBuf>,
        /// Put the table into this file, in place of the one between the marks
        #[arg(long, value_name = "FILE", conflicts_with_all = ["board", "check"])]
        write: Option<PathBuf>,
    },
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
        Verb::Setup { check: true } => {
            iso::say();
            setup::check()?;
        }
        Verb::Setup { check: false } => {
            setup::install(setup::Detail::Everything)?;
            if let Err(error) = iso::install(setup::Detail::Everything) {
                println!("{error:#}; only `cargo xtask iso` and its test need it");
            }
        }
        Verb::Firmware { board, features } => {
            firmware::build(&board.map_or_else(firmware::emulated, |board| vec![board]), features)?;
        }
        Verb::Iso { out } => {
            iso::install(setup::Detail::Changes)?;
            firmware::build(&[loihi_boards::default()], &[])?;
            iso::make(out.as_ref().unwrap_or(&paths::cd()))?;
        }
        Verb::Web => web::build()?,
        Verb::Book => {
            book::build(&book::install()?)?;
            println!("the book is in {}", paths::root().join("target/book/index.html").display());
        }
        Verb::Test { quick, all, filters } => {
            let tier = match (quick, all) {
                (true, _) => tier::Tier::Quick,
                (false, true) => tier::Tier::All,
                (false, false) => tier::Tier::Usual,
            };
            return checks::run(tier, filters);
        }
        Verb::Dist => {
            dist::make()?;
        }
        Verb::Size { check: Some(file), set, .. } => size::check(file, set.as_deref())?,
        Verb::Size { write: Some(file), set, .. } => size::write(file, set.as_deref())?,
        Verb::Size { board, set, .. } => print!("{}", size::table(*board, set.as_deref())?),
    }
    Ok(ExitCode::SUCCESS)
}
