//! Arguments whose types come from the libraries, which know no command line.

use anyhow::anyhow;
use clap::builder::{PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser};
use clap::{Arg, Command};
use loihi_boards::{self as boards, Board, GivenError};
use loihi_device::TRANSPORTS;
use loihi_device::transport::{Chosen, Transport};
use loihi_files::choice::Choice;
use loihi_files::names::unknown;
use std::ffi::OsStr;
use std::fmt::Display;
use std::num::{IntErrorKind, ParseIntError};
use std::ops::RangeInclusive;
use std::str::FromStr;

/// Takes the name of a value; help lists all, with a line each.
pub fn choice<T: Choice>() -> impl TypedValueParser<Value = T> {
    let values = T::ALL.iter().map(|value| PossibleValue::new(value.name()).help(value.about().trim()));
    PossibleValuesParser::new(values).try_map(|name| T::of_name(&name).ok_or("no such value"))
}

/// Takes a number of 1 or more.
///
/// # Errors
/// What is wrong with it.
pub fn one_or_more<T: FromStr<Err = ParseIntError>>(number: &str) -> Result<T, String> {
    number.parse().map_err(|error: ParseIntError| match error.kind() {
        IntErrorKind::PosOverflow => "it is too large: give a smaller number".to_owned(),
        IntErrorKind::Zero => "give 1 or more".to_owned(),
        _ => "give a whole number of 1 or more".to_owned(),
    })
}

/// Takes a number of a range.
pub fn whole<T>(range: RangeInclusive<T>) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: FromStr + PartialOrd + Display + Clone + Send + Sync + 'static,
{
    move |number: &str| {
        let number = number.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| format!("give a whole number of {} to {}", range.start(), range.end()))
    }
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
        StringValueParser::new().try_map(|name| board_of(&name)).parse_ref(command, argument, value)
    }

    /// For the completions of a shell.
    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let value = |board: &'static Board| PossibleValue::new(board.name.as_str()).help(board.title.as_str());
        Some(Box::new(boards::all().iter().map(value)))
    }
}

/// The board of a name or file; a misspelt name is answered with the one that is meant.
fn board_of(name: &str) -> anyhow::Result<&'static Board> {
    boards::given(name).map_err(|error| match error {
        GivenError::Unknown(_) => {
            let names: Vec<&str> = boards::all().iter().map(|board| board.name.as_str()).collect();
            anyhow!("unknown board {} (or FILE.toml)", unknown(name, &names, Some("`loihi boards`")))
        }
        GivenError::File(error) => error.into(),
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::{NonZeroU16, NonZeroUsize};

    #[test]
    fn a_misspelt_board_is_answered_with_the_one_that_is_meant() {
        let said = |name| board_of(name).unwrap_err().to_string();
        assert_eq!(
            said("virrt"),
            "unknown board `virrt`: did you mean `virt`? `loihi boards` shows all (or FILE.toml)"
        );
        assert_eq!(said("mine"), "unknown board `mine`; `loihi boards` shows all (or FILE.toml)");
        assert!(said("virrt.toml").starts_with("virrt.toml: it cannot be read: "), "{}", said("virrt.toml"));
        assert_eq!(board_of("virt").unwrap().name, "virt");
    }

    #[test]
    fn a_number_that_is_none_of_its_range_is_told_the_range() {
        let parse = whole::<u16>(2..=1024);
        assert_eq!([parse("2"), parse("1024")], [Ok(2), Ok(1024)]);
        for word in ["1", "1025", "65536", "-2", "abc", "2.5", ""] {
            assert_eq!(parse(word), Err("give a whole number of 2 to 1024".to_owned()), "{word}");
        }
    }

    #[test]
    fn numbers_of_1_or_more() {
        assert_eq!(one_or_more(&usize::MAX.to_string()), Ok(NonZeroUsize::MAX));
        assert_eq!(one_or_more("1"), Ok(NonZeroU16::MIN));
        for zero in ["0", "000"] {
            assert_eq!(one_or_more::<NonZeroUsize>(zero), Err("give 1 or more".to_owned()));
        }
        assert!(one_or_more::<NonZeroU16>("65536").is_err_and(|said| said.contains("too large")));
        for word in ["one", "-1", "1.5", ""] {
            assert_eq!(one_or_more::<NonZeroU16>(word), Err("give a whole number of 1 or more".to_owned()), "{word}");
        }
    }
}
