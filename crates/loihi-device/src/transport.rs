//! Transports: the ways to a device that users can name. A new one is a file and a row of [`TRANSPORTS`](super::TRANSPORTS).

use super::{Device, DeviceFault};
use crate::wide::Registers;
use loihi_boards::Board;
use loihi_files::names::unknown;
use loihi_image::image::ImageFile;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Arena of a device in this process, in bytes.
pub const ARENA_BYTES_DEFAULT: usize = 64 << 20;

/// What is said of a device besides its name. Each transport takes from it what it has a use for, as
/// [`Transport::takes`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenOptions {
    /// Memory of a device in this process, in bytes.
    pub arena_bytes: usize,
    /// Registers of a device in this process.
    pub registers: Registers,
    /// Threads of a device in this process, at most one for each processor; `None` chooses by the size of the network.
    pub threads: Option<NonZeroUsize>,
    /// The board that is emulated.
    pub board: &'static Board,
    /// Firmware of a device that is emulated; else the one that the workspace builds.
    pub firmware: Option<PathBuf>,
    /// The network in the flash of a board that is emulated; `None`: its flash holds the firmware alone.
    pub flash: Option<ImageFile>,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            arena_bytes: ARENA_BYTES_DEFAULT,
            registers: Registers::default(),
            threads: None,
            board: loihi_boards::default(),
            firmware: None,
            flash: None,
        }
    }
}

impl OpenOptions {
    /// The same with another memory of a device in this process, in bytes.
    #[must_use]
    pub const fn arena_bytes(mut self, bytes: usize) -> Self {
        self.arena_bytes = bytes;
        self
    }

    /// The same with other registers of a device in this process.
    #[must_use]
    pub const fn registers(mut self, registers: Registers) -> Self {
        self.registers = registers;
        self
    }

    /// The same with a number of threads of a device in this process.
    #[must_use]
    pub const fn threads(mut self, threads: Option<NonZeroUsize>) -> Self {
        self.threads = threads;
        self
    }

    /// The same with another board that is emulated.
    #[must_use]
    pub const fn board(mut self, board: &'static Board) -> Self {
        self.board = board;
        self
    }

    /// The same with a network in the flash of the board that is emulated.
    #[must_use]
    pub fn flash(mut self, image: Option<ImageFile>) -> Self {
        self.flash = image;
        self
    }

    /// The same with the firmware of a device that is emulated.
    #[must_use]
    pub fn firmware(mut self, firmware: Option<PathBuf>) -> Self {
        self.firmware = firmware;
        self
    }
}

/// An option that only some transports use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenOption {
    /// [`OpenOptions::arena_bytes`].
    Arena,
    /// [`OpenOptions::registers`].
    Registers,
    /// [`OpenOptions::threads`].
    Threads,
    /// [`OpenOptions::board`].
    Board,
    /// [`OpenOptions::firmware`].
    Firmware,
    /// [`OpenOptions::flash`].
    Flash,
}

/// Why a device was not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no such device.
    #[error("unknown device {}", unknown(name, there, None))]
    Unknown {
        /// The name that was given.
        name: String,
        /// Those that there are.
        there: Vec<&'static str>,
    },
    /// The arguments after the name cannot be used.
    #[error("`{device}`: {why}")]
    Arguments {
        /// The device with its arguments.
        device: String,
        /// What is wrong with them, and what to give.
        why: String,
    },
    /// It does not start.
    #[error(transparent)]
    Fault(#[from] DeviceFault),
}

/// A device that was opened, or why it was not.
pub type Opened = Result<Box<dyn Device>, OpenError>;

/// A way to a device.
#[derive(Clone, Copy, Debug)]
pub struct Transport {
    /// What users call it, as `--device` takes it.
    pub name: &'static str,
    /// What it is, in a line of help.
    pub about: &'static str,
    /// Its arguments, which follow the name after a colon, in a line of help; empty: it takes none.
    pub arguments: &'static str,
    /// The options that it has a use for; it ignores the others.
    pub takes: &'static [OpenOption],
    /// Opens it. The arguments are empty if none were given.
    pub open: fn(arguments: &str, options: &OpenOptions) -> Opened,
}

/// A transport that was chosen, with its arguments: `NAME` or `NAME:ARGUMENTS`.
#[derive(Clone, Debug)]
pub struct Chosen {
    transport: &'static Transport,
    arguments: String,
}

impl Chosen {
    /// Looks a name up among these transports.
    ///
    /// # Errors
    /// [`OpenError::Unknown`], or [`OpenError::Arguments`] for one that takes none.
    pub fn among(transports: &'static [Transport], named: &str) -> Result<Self, OpenError> {
        let (name, arguments) = named.split_once(':').map_or((named, None), |(name, rest)| (name, Some(rest)));
        let found = transports.iter().find(|transport| transport.name == name);
        let transport = found.ok_or_else(|| OpenError::Unknown {
            name: name.to_owned(),
            there: transports.iter().map(|transport| transport.name).collect(),
        })?;
        if arguments.is_some() && transport.arguments.is_empty() {
            let why = format!("this device takes no arguments: give `{name}`");
            return Err(OpenError::Arguments { device: named.to_owned(), why });
        }
        Ok(Self { transport, arguments: arguments.unwrap_or_default().to_owned() })
    }

    /// Its row of the table.
    pub const fn transport(&self) -> &'static Transport {
        self.transport
    }

    /// Opens the device.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(&self, options: &OpenOptions) -> Opened {
        (self.transport.open)(&self.arguments, options)
    }
}

/// As users write it.
impl std::fmt::Display for Chosen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.transport.name)?;
        if self.arguments.is_empty() { Ok(()) } else { write!(f, ":{}", self.arguments) }
    }
}
