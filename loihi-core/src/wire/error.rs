//! Why a device refuses a request.

use crate::image::{ImageError, Name};
use crate::register::Register;
use core::fmt;
use serde::{Deserialize, Serialize};

/// Why a request was refused. Nothing has changed on the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, postcard_schema::Schema)]
#[non_exhaustive]
pub enum DeviceError {
    /// No session is open.
    NoSession,
    /// The request's number is neither the next nor the last.
    OutOfSequence {
        /// The next number.
        expected: u16,
        /// The number that came.
        found: u16,
    },
    /// The frame is valid, its message is not.
    Unreadable,
    /// No image is loaded.
    NoImage,
    /// The board carries no image.
    NoResident,
    /// The image is invalid.
    Image(ImageError),
    /// Two programs of the device have one kind.
    SameKind {
        /// The kind.
        kind: u32,
        /// One of them.
        first: Name,
        /// The other one.
        second: Name,
    },
    /// Image and state do not fit the arena.
    ArenaTooSmall {
        /// Bytes that are needed, as far as is known.
        needed: u32,
        /// Bytes that the arena has.
        available: u32,
    },
    /// What arrived has another check than was announced.
    Check {
        /// As announced.
        announced: u32,
        /// Of what arrived.
        found: u32,
    },
    /// A chunk lies outside what was announced, or nothing was announced.
    Chunk {
        /// Where it begins.
        offset: u32,
    },
    /// The snapshot has another length than one of this image.
    SnapshotLength {
        /// Bytes that the image keeps.
        expected: u32,
        /// Bytes that were announced.
        found: u32,
    },
    /// The snapshot is complete, but no chip with this image can have that state.
    InvalidSnapshot {
        /// The first register that holds what it cannot.
        register: Register,
    },
    /// The register cannot be written, or a word is out of its range or not there.
    Write {
        /// The register.
        register: Register,
        /// First word that was to be written.
        first: u32,
    },
    /// A restore has begun and not ended well.
    RestoreUnfinished,
    /// A record of a stream cannot be read, its words do not fit the mailboxes, or its biases cannot be written.
    Record {
        /// Number of the record.
        record: u32,
    },
    /// An input spike is of a step after the one that follows the run.
    Late {
        /// Its step.
        step: u32,
    },
    /// The answer would be longer than a message.
    TooMuch {
        /// Bytes of data that a message holds.
        most: u32,
    },
}

impl fmt::Display for DeviceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSession => write!(f, "no session is open: greet the device first"),
            Self::OutOfSequence { expected, found } => write!(f, "request {found} came, request {expected} is next"),
            Self::Unreadable => write!(f, "the request cannot be read: host and firmware are of different builds"),
            Self::NoImage => write!(f, "no network is loaded"),
            Self::NoResident => write!(f, "the board carries no network of its own: load one"),
            Self::Image(error) => write!(f, "{error}"),
            Self::SameKind { kind, first, second } => write!(
                f,
                "the device's programs `{first}` and `{second}` both have kind {kind}: give one of them a number of its own"
            ),
            Self::ArenaTooSmall { needed, available } => {
                write!(f, "the network needs {needed} bytes, the device has {available}: take fewer compartments")
            }
            Self::Check { announced, found } => {
                write!(f, "the transfer was damaged: check {found:08x} instead of {announced:08x}")
            }
            Self::Chunk { offset } => write!(f, "the part at {offset} lies outside what was announced"),
            Self::SnapshotLength { expected, found } => {
                write!(f, "the network keeps {expected} bytes, {found} were given: they belong to another network")
            }
            Self::InvalidSnapshot { register } => {
                write!(f, "the snapshot does not match this network: register {} is out of range", register.name())
            }
            Self::Write { register: register @ (Register::T | Register::D), first } => write!(
                f,
                "register {} cannot be written from word {first} on: no rule of the network reads or changes it, or a word is out of range or not there",
                register.name()
            ),
            Self::Write { register, first } => write!(
                f,
                "register {} cannot be written from word {first} on: it is read-only, or a word is out of range or not there",
                register.name()
            ),
            Self::RestoreUnfinished => {
                write!(f, "a restore has begun and is not complete: send all of it again, or reset everything")
            }
            Self::Record { record } => {
                write!(f, "record {record} of the stream does not fit the network's mailboxes or biases")
            }
            Self::Late { step } => write!(f, "an input spike is of step {step}, which the run does not reach"),
            Self::TooMuch { most } => write!(f, "the answer would exceed {most} bytes: ask for less at a time"),
        }
    }
}

impl core::error::Error for DeviceError {}
