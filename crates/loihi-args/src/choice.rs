//! Arguments whose types come from the libraries, which know no command line.

use clap::builder::{PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser};
use clap::{Arg, Command};
use loihi_boards::{self as boards, Board};
use loihi_device::TRANSPORTS;
use loihi_device::transport::{Chosen, Transport};
use loihi_files::choice::Choice;
use std::ffi::OsStr;

/// Takes the name of a value; help lists all, with a line each.
pub fn choice<T: Choice>() -> impl TypedValueParser<Value = T> {
    let values = T::ALL.iter().map(|value| PossibleValue::new(value.name()).help(value.about().trim()));
    PossibleValuesParser::new(values).try_map(|name| T::of_name(&name).ok_or("no such value"))
}

/// Takes the name of a device, with its arguments; help lists all, with a line each.
pub fn device() -> impl TypedValueParser<Value = Chosen> {
    Devices
}

/// Takes the name of a board, or the file of one.
pub fn board() -> impl TypedValueParser<Value = &'static Board> {
    Boards
}

#[derive(Clone, Debug)]
struct Boards;

impl TypedValueParser for Boards {
    type Value = &'static Board;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<Self::Value, clap::Error> {
        StringValueParser::new().try_map(|name| boards::given(&name)).parse_ref(command, argument, value)
    }

    /// For the completions of a shell.
    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let value = |board: &'static Board| PossibleValue::new(board.name.as_str()).help(board.title.as_str());
        Some(Box::new(boards::all().iter().map(value)))
    }
}

#[derive(Clone, Debug)]
struct Devices;

impl TypedValueParser for Devices {
    type Value = Chosen;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<Chosen, clap::Error> {
        let parse = |name: &str| loihi_device::named(name);
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
