//! The `loihi` command.

mod bench;
mod boards;
mod compare;
mod conform;
#[cfg(feature = "train")]
mod convert;
mod cost;
mod data;
#[cfg(feature = "dist")]
mod dist;
mod doctor;
mod examples;
#[cfg(feature = "hdf5")]
mod export;
#[cfg(feature = "download")]
mod fetch;
mod fit;
mod follow;
#[cfg(feature = "hdf5")]
mod graph;
mod image;
#[cfg(feature = "hdf5")]
mod import;
#[cfg(not(all(feature = "dist", feature = "download", feature = "hdf5", feature = "train", feature = "view")))]
mod off;
mod place;
mod prices;
mod real_time;
mod recorded;
mod report;
mod run;
mod sweep;
mod table;
mod tables;
mod tested;
#[cfg(feature = "train")]
mod train;
#[cfg(feature = "view")]
mod view;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use host_harness::device::session::SessionError;
use loihi_files::names::nearest;
use loihi_terminal::{out, progress, stop};
use std::ffi::OsString;
use std::process::ExitCode;

/// What this program says of itself.
const PROGRAM: out::Program = out::Program { version: env!("CARGO_PKG_VERSION"), commit: option_env!("LOIHI_COMMIT") };

/// An open Loihi: spiking networks that learn online, in exact integers, on this host, a microcontroller or a bare x86.
#[derive(Debug, Parser)]
#[command(name = "loihi", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Print the result as one JSON object on one line, the last on standard output; errors, too
    #[arg(long, global = true, help_heading = "Options of every command")]
    json: bool,
    /// No progress bar
    #[arg(long, global = true, help_heading = "Options of every command")]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run an experiment, or test a network on samples
    #[command(visible_alias = "infer")]
    Run(run::RunArgs),
    /// Train a network offline, in the chip's own integers
    #[cfg(feature = "train")]
    Train(train::TrainArgs),
    /// Train a network offline, in the chip's own integers
    #[cfg(not(feature = "train"))]
    Train(off::OffArgs),
    /// Turn a network of rectified units into a spiking one, and show accuracy against steps
    #[cfg(feature = "train")]
    Convert(convert::ConvertArgs),
    /// Turn a network of rectified units into a spiking one, and show accuracy against steps
    #[cfg(not(feature = "train"))]
    Convert(off::OffArgs),
    /// Show the experiments, or the parameters of one
    List(run::ListArgs),
    /// Run experiments and networks over several seeds and put them side by side
    Compare(compare::CompareArgs),
    /// Run a grid over values of an experiment or network and write what it measures as one CSV file
    Sweep(sweep::SweepArgs),
    /// Join the files of a sweep that was run in shards
    Merge(sweep::MergeArgs),
    /// Replay recorded vectors of other emulators and of the chip
    Conform(conform::ConformArgs),
    /// Turn a network of another framework into the chip's integers
    #[cfg(feature = "hdf5")]
    Import(import::ImportArgs),
    /// Turn a network of another framework into the chip's integers
    #[cfg(not(feature = "hdf5"))]
    Import(off::OffArgs),
    /// Write a network in the chip's values as NIR, or the spikes of a run as NEST does
    #[cfg(feature = "hdf5")]
    Export(export::ExportArgs),
    /// Write a network in the chip's values as NIR, or the spikes of a run as NEST does
    #[cfg(not(feature = "hdf5"))]
    Export(off::OffArgs),
    /// Write the image of an experiment or network: for a board's flash, and as Rust
    Image(image::ImageArgs),
    /// Show what elementary operations cost, in instructions
    Cost(cost::CostArgs),
    /// Show what experiments and networks cost: measured here, modelled for a Loihi, published by others
    Table(table::TableArgs),
    /// Show and fetch data sets
    Data(data::DataArgs),
    /// Time whole networks on this host
    Bench(bench::BenchArgs),
    /// Spread a network over cores and show what each uses
    Place(place::PlaceArgs),
    /// Draw a run folder as one HTML file, or several side by side
    Report(report::ReportArgs),
    /// Watch a run live in the terminal
    #[cfg(feature = "view")]
    View(view::ViewArgs),
    /// Watch a run live in the terminal
    #[cfg(not(feature = "view"))]
    View(off::OffArgs),
    /// Show the boards that have a firmware
    Boards(boards::BoardsArgs),
    /// Say what is installed and what is missing
    Doctor(doctor::DoctorArgs),
    /// Print what completes commands and options in a shell
    #[cfg(feature = "dist")]
    Completions(dist::CompletionsArgs),
    /// Print what completes commands and options in a shell
    #[cfg(not(feature = "dist"))]
    Completions(off::OffArgs),
    /// Write the manual pages
    #[cfg(feature = "dist")]
    #[command(hide = true)]
    Man(dist::ManArgs),
    /// Write the manual pages
    #[cfg(not(feature = "dist"))]
    #[command(hide = true)]
    Man(off::OffArgs),
}

/// The command line with the examples of its help.
fn command() -> clap::Command {
    signed(examples::add(Cli::command(), ""))
}

/// The same command, in which a negative number after an option is its value, so that the option can refuse it itself.
fn signed(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|arg| {
        let is_option = arg.get_action().takes_values() && !arg.is_positional();
        if is_option { arg.allow_negative_numbers(true) } else { arg }
    });
    command.mut_subcommands(signed)
}

/// Runs the command line of this process.
pub(crate) fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    let parsed = command().try_get_matches_from(&words).and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return refuse(&with_meant(error, &words), &words),
    };
    // A command that this program was built without does not tell its options apart.
    out::start(PROGRAM, named(&words), cli.json || has_json(&words), cli.quiet);
    if let Err(error) = stop::listen() {
        out::complain(&format!("Ctrl-C cannot be caught ({error}); it will end the program at once"));
    }
    ended(run(cli.command))
}

/// Runs a command; one that this program was built without says so.
fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Run(args) => run::run(&args),
        #[cfg(feature = "train")]
        Command::Train(args) => train::train(&args),
        #[cfg(not(feature = "train"))]
        Command::Train(args) => off::off("train", "train", &args),
        #[cfg(feature = "train")]
        Command::Convert(args) => convert::convert(&args),
        #[cfg(not(feature = "train"))]
        Command::Convert(args) => off::off("convert", "train", &args),
        Command::List(args) => run::list(&args),
        Command::Compare(args) => compare::compare(&args),
        Command::Sweep(args) => sweep::sweep(&args),
        Command::Merge(args) => sweep::join(&args),
        Command::Conform(args) => conform::conform(&args),
        Command::Data(args) => data::data(&args),
        Command::Bench(args) => bench::bench(&args),
        #[cfg(feature = "hdf5")]
        Command::Import(args) => import::import(&args),
        #[cfg(not(feature = "hdf5"))]
        Command::Import(args) => off::off("import", "hdf5", &args),
        Command::Image(args) => image::image(&args),
        Command::Cost(args) => cost::cost(&args),
        Command::Table(args) => table::table(&args),
        Command::Place(args) => place::place_network(&args),
        Command::Report(args) => report::report(&args),
        #[cfg(feature = "hdf5")]
        Command::Export(args) => export::export(&args),
        #[cfg(not(feature = "hdf5"))]
        Command::Export(args) => off::off("export", "hdf5", &args),
        #[cfg(feature = "view")]
        Command::View(args) => view::view(&args),
        #[cfg(not(feature = "view"))]
        Command::View(args) => off::off("view", "view", &args),
        Command::Boards(args) => boards::boards(&args),
        Command::Doctor(args) => doctor::doctor(&args),
        #[cfg(feature = "dist")]
        Command::Completions(args) => dist::completions(&args),
        #[cfg(not(feature = "dist"))]
        Command::Completions(args) => off::off("completions", "dist", &args),
        #[cfg(feature = "dist")]
        Command::Man(args) => dist::man(&args),
        #[cfg(not(feature = "dist"))]
        Command::Man(args) => off::off("man", "dist", &args),
    }
}

/// The exit status of a command, after what there is to say of it.
fn ended(done: anyhow::Result<()>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if out::is_gone(&error) => ExitCode::SUCCESS,
        Err(error) if stop::requested() => {
            // That it was stopped is said already.
            let stopped = |cause: &&String| **cause != SessionError::Stopped.to_string();
            let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
            let causes = causes.iter().filter(stopped).map(String::as_str).collect::<Vec<_>>().join(": ");
            let sentence = stop::sentence(Some(causes.as_str()).filter(|causes| !causes.is_empty()));
            fail(out::Kind::Stopped, &sentence, &error)
        }
        Err(error) => {
            let sentence = format!("{error:#}");
            fail(out::Kind::Failed, &sentence, &error)
        }
    }
}

fn fail(kind: out::Kind, sentence: &str, error: &anyhow::Error) -> ExitCode {
    out::fail(kind, sentence, Some(error));
    ExitCode::from(kind.status())
}

/// Adds the command that was probably meant to an error about an unknown one; clap suggests none for short names.
fn with_meant(mut error: clap::Error, words: &[OsString]) -> clap::Error {
    let is_told = error.get(ContextKind::SuggestedSubcommand).is_some();
    if let (false, Some(ContextValue::String(word))) = (is_told, error.get(ContextKind::InvalidSubcommand)) {
        let (cli, above) = (Cli::command(), named(words));
        let group = above.split(' ').fold(&cli, |group, name| group.find_subcommand(name).unwrap_or(group));
        let names: Vec<&str> = group.get_subcommands().map(clap::Command::get_name).collect();
        if let Some(meant) = nearest(word, &names) {
            error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(vec![meant.to_owned()]));
        }
    }
    error
}

/// Answers a command line that names no work: help, the version, or what is wrong with it.
fn refuse(error: &clap::Error, words: &[OsString]) -> ExitCode {
    if !error.use_stderr() {
        // The reader of the help may have gone.
        let _unread = error.print();
        return ExitCode::SUCCESS;
    }
    out::start(PROGRAM, named(words), has_json(words), true);
    let _unheard = error.print();
    let kind = out::Kind::Usage;
    out::fail_object(kind, &usage_sentence(&error.render().to_string()), None);
    ExitCode::from(kind.status())
}

fn has_json(words: &[OsString]) -> bool {
    words.iter().take_while(|word| *word != "--").any(|word| word == "--json")
}

/// What is wrong with a command line, without the lines on usage.
fn usage_sentence(rendered: &str) -> String {
    let what = rendered.split("\n\n").next().unwrap_or(rendered);
    let words: Vec<&str> = what.trim_start_matches("error: ").split_whitespace().collect();
    words.join(" ")
}

/// The command in a command line, without arguments: `run`, `bench lif`.
fn named(words: &[OsString]) -> String {
    let (cli, mut names) = (Cli::command(), Vec::new());
    let mut command = &cli;
    for word in words.iter().skip(1) {
        if let Some(found) = word.to_str().and_then(|word| command.find_subcommand(word)) {
            names.push(found.get_name());
            command = found;
        }
    }
    names.join(" ")
}
