//! Arguments whose types come from the libraries, which know no command line.

use clap::builder::{PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser};
use clap::{Arg, Command};
use host_harness::Choice;
use host_harness::boards::{self, Board};
use host_harness::device::TRANSPORTS;
use host_harness::device::transport::{Chosen, Transport};
use host_harness::probe::Probe;
use host_harness::samples::RecordingOptions;
use std::ffi::OsStr;

/// Takes the name of a value; help lists all, with a line each.
pub(super) fn choice<T: Choice>() -> impl TypedValueParser<Value = T> {
    let values = T::ALL.iter().map(|value| PossibleValue::new(value.name()).help(value.about().trim()));
    PossibleValuesParser::new(values).try_map(|name| T::of_name(&name).ok_or("no such value"))
}

/// Takes the name of a device, with its arguments; help lists all, with a line each.
pub(super) fn device() -> impl TypedValueParser<Value = Chosen> {
    Devices
}

/// Takes the name of a board.
pub(super) fn board() -> impl TypedValueParser<Value = &'static Board> {
    let values = boards::all().iter().map(|board| PossibleValue::new(board.name.as_str()).help(board.title.as_str()));
    PossibleValuesParser::new(values).try_map(|name| boards::named(&name))
}

#[derive(Clone, Debug)]
struct Devices;

impl TypedValueParser for Devices {
    type Value = Chosen;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<Chosen, clap::Error> {
        let parse = |name: &str| host_harness::device::named(name);
        StringValueParser::new().try_map(move |name| parse(&name)).parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(TRANSPORTS.iter().map(|transport| {
            let Transport { name, about, arguments, .. } = transport;
            let arguments = if arguments.is_empty() { String::new() } else { format!("; {name}:N: {arguments}") };
            PossibleValue::new(name).help(format!("{about}{arguments}"))
        })))
    }
}

/// What is recorded besides metrics.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct RecordArgs {
    /// Sample a register: [POPULATION.]REGISTER[FIRST..END]@every=N,from=N,to=N (`loihi list --registers`); needs --out or --resume
    #[arg(long = "probe", value_name = "PROBE", requires = "folder")]
    probes: Vec<Probe>,
    /// Record every spike, as --probe spikes does; needs --out or --resume
    #[arg(long, requires = "folder")]
    spikes: bool,
}

impl RecordArgs {
    /// The same, for a recorder.
    pub(super) fn recording(&self) -> RecordingOptions {
        RecordingOptions { probes: self.probes.clone(), spikes: self.spikes }
    }
}
