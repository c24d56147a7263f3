//! The `loihi` command.

mod bench;
mod choice;
mod compare;
mod conform;
mod congestion;
mod cost;
mod data;
mod doctor;
mod export;
mod follow;
mod import;
mod net;
mod open;
mod out;
mod prices;
mod progress;
mod recorded;
mod report;
mod run;
mod stop;
mod table;
mod view;

use clap::{Args, Parser, Subcommand};
use host_harness::device::session::SessionError;
use host_harness::device::transport::Chosen;
use host_harness::device::wide::Registers;
use host_harness::experiment::Options;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

/// An open Loihi: spiking networks that learn online, in exact integers, on this host or on a bare x86.
#[derive(Debug, Parser)]
#[command(name = "loihi", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run an experiment
    Run(run::RunArgs),
    /// Show the experiments, or the parameters of one
    List(run::ListArgs),
    /// Run experiments over several seeds and put them side by side
    Compare(compare::CompareArgs),
    /// Replay recorded vectors of other emulators and of the chip
    Conform(conform::ConformArgs),
    /// Turn a network of another framework into the chip's integers
    Import(import::ImportArgs),
    /// Write a network in the chip's values as NIR, or the spikes of a run as NEST does
    Export(export::ExportArgs),
    /// Show what elementary operations cost, in instructions
    Cost(cost::CostArgs),
    /// Show what experiments cost: measured here, modelled for a Loihi, published by others
    Table(table::TableArgs),
    /// Show and fetch data sets
    Data(data::DataArgs),
    /// Time whole networks on this host
    Bench(bench::BenchArgs),
    /// Spread a network over cores and show what each uses
    Place(net::PlaceArgs),
    /// Run a network that others have trained, a sample at a time
    Infer(net::InferArgs),
    /// Draw a run folder as one HTML file
    Report(report::ReportArgs),
    /// Watch a run in the terminal while it goes on
    View(view::ViewArgs),
    /// Say what is installed and what is missing
    Doctor(doctor::DoctorArgs),
}

/// Which device, and what it has.
#[derive(Clone, Debug, Args)]
struct DeviceArgs {
    /// Where the chip runs
    #[arg(long, value_name = "NAME", value_parser = choice::device(), default_value = "host")]
    device: Chosen,
    /// Memory of the host device in bytes
    #[arg(long, value_name = "BYTES", default_value_t = host_harness::device::inproc::ARENA_BYTES_DEFAULT)]
    arena: usize,
    /// Registers of the host device: every choice ends in the same digests
    #[arg(long, value_enum, default_value_t)]
    registers: RegistersKind,
    /// Firmware for QEMU [default: the one that `cargo xtask firmware` builds]
    #[arg(long, value_name = "FILE")]
    firmware: Option<PathBuf>,
}

/// What an experiment draws, how much of its data it sees, and which.
#[derive(Clone, Debug, Args)]
struct SampleArgs {
    /// Seed for all random numbers
    #[arg(long, default_value_t = 0)]
    seed: u32,
    /// Passes over the data [default: the experiment's own]
    #[arg(long, value_name = "N")]
    passes: Option<u32>,
    /// Folder of the data sets that are fetched [default: the one of `loihi data get`]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Only so many samples to learn from and to test on
    #[arg(long, value_name = "N")]
    samples: Option<NonZeroUsize>,
    /// Test on a part of the samples to learn from, not on the test samples: to choose parameters by
    #[arg(long)]
    validate: bool,
}

impl SampleArgs {
    fn options(&self) -> Options {
        let Self { seed, passes, samples, validate, .. } = *self;
        let samples = samples.map(NonZeroUsize::get);
        let data = self.data.clone();
        Options { seed, passes, learned: None, resume: None, data, samples, validate }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum RegistersKind {
    /// The widest that this processor has
    #[default]
    Widest,
    /// Those that every processor of this kind has
    Portable,
}

impl From<RegistersKind> for Registers {
    fn from(kind: RegistersKind) -> Self {
        match kind {
            RegistersKind::Widest => Self::Widest,
            RegistersKind::Portable => Self::Portable,
        }
    }
}

/// Runs the command line of this process.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(error) = stop::listen() {
        out::complain(&format!("Ctrl-C cannot be caught ({error}); it will end the program at once"));
    }
    let done = match cli.command {
        Command::Run(args) => run::run(&args),
        Command::List(args) => run::list(&args),
        Command::Compare(args) => compare::compare(&args),
        Command::Conform(args) => conform::conform(&args),
        Command::Data(args) => data::data(&args),
        Command::Bench(args) => bench::bench(&args),
        Command::Import(args) => import::import(&args),
        Command::Cost(args) => cost::cost(&args),
        Command::Table(args) => table::table(&args),
        Command::Place(args) => net::place_network(&args),
        Command::Infer(args) => net::infer(&args),
        Command::Report(args) => report::report(&args),
        Command::Export(args) => export::export(&args),
        Command::View(args) => view::view(&args),
        Command::Doctor(args) => doctor::doctor(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if out::is_gone(&error) => ExitCode::SUCCESS,
        Err(error) if stop::requested() => {
            // That it was stopped is said already.
            let stopped = |cause: &&String| **cause != SessionError::Stopped.to_string();
            let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
            let causes = causes.iter().filter(stopped).map(String::as_str).collect::<Vec<_>>().join(": ");
            out::complain(&stop::sentence(Some(causes.as_str()).filter(|causes| !causes.is_empty())));
            ExitCode::from(stop::STATUS)
        }
        Err(error) => {
            out::complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
