//! The boards that have a firmware: a file of data for each, `boards/NAME.toml`.
//!
//! ```
//! let board = loihi_boards::named("mps2-an386")?;
//! assert_eq!(board.target, "thumbv7em-none-eabi");
//! assert!(board.qemu.is_some(), "QEMU emulates it");
//! # Ok::<(), loihi_boards::UnknownBoard>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod build;
pub mod link;

use serde::Deserialize;
use std::sync::LazyLock;

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The board that is meant where none is named.
pub const DEFAULT: &str = "x86-mcu";

static BOARDS: LazyLock<Vec<Board>> = LazyLock::new(|| {
    // A test reads every file.
    let read = FILES.iter().filter_map(|(name, text)| Board::parse(name, text).ok());
    let mut boards: Vec<Board> = read.collect();
    boards.sort_by_key(|board| board.name != DEFAULT);
    boards
});

/// What is known of a board.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// The name of its file, and what users call it.
    #[serde(skip)]
    pub name: String,
    /// What it is, in a few words.
    pub title: String,
    /// Its processor.
    pub processor: String,
    /// The package of its firmware.
    pub firmware: String,
    /// What the compiler calls its processor.
    pub target: String,
    /// Clock of the processor in Hz.
    pub clock_hz: u64,
    /// Stack in bytes.
    pub stack_bytes: u64,
    /// Memory for image and state in bytes.
    pub arena_bytes: u64,
    /// Longest body of a message in bytes.
    pub body_bytes: u64,
    /// Where code and constants lie.
    pub flash: Memory,
    /// Where stack, arena and variables lie.
    pub ram: Memory,
    /// The serial line.
    pub uart: Uart,
    /// The pin that is high while a request is executed, if there is one.
    pub strobe: Option<Strobe>,
    /// How QEMU emulates it; none: real hardware.
    pub qemu: Option<Qemu>,
}

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// First address.
    pub origin: u64,
    /// Length in bytes.
    pub bytes: u64,
}

/// A serial line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Uart {
    /// Address of its registers.
    pub base: u64,
    /// Bits per second.
    pub baud: u32,
}

/// An output pin.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Strobe {
    /// What is printed beside it on the board.
    pub title: String,
    /// Address of the registers of its port.
    pub base: u64,
    /// Its number in the port.
    pub number: u32,
}

/// A machine of QEMU.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Qemu {
    /// The program.
    pub program: String,
    /// What QEMU calls the board.
    pub machine: String,
    /// An instruction takes 2 to the power of this nanoseconds of the machine's time: instructions are counted by a clock.
    pub icount_shift: u32,
    /// Arguments that only this machine wants.
    pub arguments: Vec<String>,
}

/// There is no board of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown board `{name}`; there are: {there}")]
pub struct UnknownBoard {
    /// The name that was given.
    pub name: String,
    /// Those that there are.
    pub there: String,
}

/// All boards: the one that is meant where none is named, then the others by name.
pub fn all() -> &'static [Board] {
    &BOARDS
}

/// The board that is meant where none is named.
///
/// # Panics
/// The table has no board, which a test rules out.
pub fn default() -> &'static Board {
    &all()[0]
}

/// The board of a name.
///
/// # Errors
/// [`UnknownBoard`] lists those that there are.
pub fn named(name: &str) -> Result<&'static Board, UnknownBoard> {
    all().iter().find(|board| board.name == name).ok_or_else(|| UnknownBoard {
        name: name.to_owned(),
        there: all().iter().map(|board| board.name.as_str()).collect::<Vec<_>>().join(", "),
    })
}

/// The boards whose arena holds this many bytes.
pub fn that_hold(bytes: u64) -> impl Iterator<Item = &'static Board> {
    all().iter().filter(move |board| board.arena_bytes >= bytes)
}

impl Board {
    /// Reads the file of a board.
    ///
    /// # Errors
    /// A key is missing, unknown or of another type; the error says which, and where.
    pub fn parse(name: &str, text: &str) -> Result<Self, toml::de::Error> {
        Ok(Self { name: name.to_owned(), ..toml::from_str(text)? })
    }

    /// File name of the board's image, the firmware itself if `program` is `firmware`.
    pub fn image(&self, program: &str) -> String {
        format!("{program}-{}.elf", self.name)
    }
}

impl Qemu {
    /// The arguments of the program, without the firmware: its serial line is standard input and output.
    pub fn all_arguments(&self) -> Vec<String> {
        let icount = format!("shift={}", self.icount_shift);
        let common = ["-M", &self.machine, "-icount", &icount, "-display", "none", "-serial", "stdio"];
        let more = ["-monitor", "none", "-no-reboot", "-nodefaults"];
        let common = common.into_iter().chain(more).map(str::to_owned);
        common.chain(self.arguments.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_a_board_and_the_default_comes_first() {
        for (name, text) in FILES {
            Board::parse(name, text).unwrap_or_else(|error| panic!("boards/{name}.toml: {error}"));
        }
        assert_eq!(all().len(), FILES.len());
        assert_eq!(all()[0].name, DEFAULT);
    }

    #[test]
    fn stack_and_arena_fit_the_memory() {
        for board in all() {
            let taken = board.stack_bytes + board.arena_bytes + 3 * board.body_bytes;
            assert!(taken < board.ram.bytes, "{}: {taken} of {}", board.name, board.ram.bytes);
        }
    }

    #[test]
    fn boards_are_found_by_name_and_by_what_they_hold() {
        let error = named("arduino").unwrap_err().to_string();
        assert!(error.starts_with("unknown board `arduino`; there are: x86-mcu, "), "{error}");
        assert_eq!(that_hold(u64::MAX).count(), 0);
        assert_eq!(that_hold(0).count(), all().len());
    }

    #[test]
    fn the_machine_of_the_x86_is_what_it_always_was() {
        let arguments = named(DEFAULT).unwrap().qemu.as_ref().unwrap().all_arguments().join(" ");
        assert_eq!(
            arguments,
            "-M isapc -icount shift=0 -display none -serial stdio -monitor none -no-reboot -nodefaults -cpu pentium -m 16 \
             -device isa-debug-exit,iobase=0xf4,iosize=4"
        );
    }
}
