//! The file of a board; the build script reads every one of them by this, too.

use serde::Deserialize;

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
    /// The cargo profile with which its firmware is built: `firmware`, `board` for little flash, or one of its own workspace.
    pub profile: String,
    /// Clock of the processor in Hz.
    pub clock_hz: u64,
    /// Stack in bytes.
    pub stack_bytes: u64,
    /// Where the stack lies, if it has memory of its own; else at the beginning of the RAM.
    pub stack_origin: Option<u64>,
    /// Memory for image and state in bytes.
    pub arena_bytes: u64,
    /// Whether that is the least, and a machine with more memory has a larger arena.
    #[serde(default)]
    pub arena_grows: bool,
    /// Longest body of a message in bytes.
    pub body_bytes: u64,
    /// Features of `loihi-core` that its firmware has, unless it is built with others; none given: `full`, which is all.
    #[serde(default = "full")]
    pub features: Vec<String>,
    /// Where code and constants lie.
    pub flash: Memory,
    /// The part of the flash for a network, which runs where it lies; code ends before it. None: networks are loaded.
    pub network: Option<Memory>,
    /// Where stack, arena and variables lie.
    pub ram: Memory,
    /// The last part of the RAM, in which a program without a host keeps what it learns where an emulator has no flash to
    /// write: a reset leaves it alone. Other programs use it as any RAM.
    pub store: Option<Memory>,
    /// Address of the registers of its serial line, where a driver of this project takes it.
    pub uart_base: Option<u64>,
    /// The pin that is high while a request is executed, if there is one.
    pub strobe: Option<Strobe>,
    /// What it counts on hardware while it computes steps, if that is known; in QEMU, boards count instructions.
    pub counts: Option<Counts>,
    /// How QEMU emulates it, if it does.
    pub qemu: Option<Qemu>,
    /// How its owner reaches it, if the firmware is for hardware.
    pub hardware: Option<Hardware>,
}

fn full() -> Vec<String> {
    vec!["full".to_owned()]
}

/// What a board counts while it computes steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Counts {
    /// Executed instructions.
    Instructions,
    /// Cycles of the processor.
    Cycles,
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

/// A board that someone owns.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hardware {
    /// The serial line: pins, and what they are wired to.
    pub line: String,
    /// The command that programs it; `{image}` stands for the file of the firmware.
    pub flash_with: String,
}

/// The file of a board cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {what}", line.map_or_else(String::new, |line| format!(", line {line}")))]
pub struct BoardFileError {
    /// The file.
    pub file: String,
    /// The line from 1, if it is one that is wrong.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
}

impl Board {
    /// Reads the file of a board.
    ///
    /// # Errors
    /// [`BoardFileError`]: a key is missing, unknown or of another type.
    pub fn parse(name: &str, text: &str) -> Result<Self, BoardFileError> {
        let board = toml::from_str::<Self>(text).map_err(|error| BoardFileError {
            file: format!("boards/{name}.toml"),
            line: error.span().filter(|at| at.start > 0).map(|at| 1 + text[..at.start].matches('\n').count()),
            what: error.message().to_owned(),
        })?;
        Ok(Self { name: name.to_owned(), ..board })
    }
}
