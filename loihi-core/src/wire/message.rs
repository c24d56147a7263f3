//! The messages: what a host can ask of a device, and what it answers.

use super::DeviceError;
use super::part::Part;
use crate::chip::{ResetScope, SnapshotScope};
use crate::num::{Q3_12, Q4_20, Q8_24};
use crate::ops::OpCounts;
use crate::register::{Register, StateDigest};
use postcard_schema::Schema;
use postcard_schema::key::hash::fnv1a64::hash_ty_path;
use serde::{Deserialize, Serialize};

/// Version of the protocol; raised when its rules change.
pub const VERSION: u16 = 7;

/// Hash of the layout of all messages and of the binary points of the quantities in them.
pub const SCHEMA: u64 = {
    let request = u64::from_le_bytes(hash_ty_path::<Request<'static>>("request"));
    let response = u64::from_le_bytes(hash_ty_path::<Response<'static>>("response"));
    let record = u64::from_le_bytes(hash_ty_path::<Record<'static>>("record"));
    let part = u64::from_le_bytes(hash_ty_path::<Part<'static>>("part"));
    let points = (Q8_24::FRAC_NBITS << 16 | Q4_20::FRAC_NBITS << 8 | Q3_12::FRAC_NBITS) as u64;
    request ^ response.rotate_left(1) ^ record.rotate_left(2) ^ points.rotate_left(3) ^ part.rotate_left(4)
};

/// Bytes of a frame's body that a message's own fields take at most.
const FIELDS_BYTES: usize = 64;

/// Most bytes of data in a message of a board whose longest body is this.
pub const fn data_bytes(body_bytes: usize) -> usize {
    body_bytes.saturating_sub(FIELDS_BYTES)
}

/// What a host asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub enum Request<'a> {
    /// Opens a session. Keeps its layout in every version.
    Hello {
        /// [`VERSION`] of the host.
        version: u16,
        /// [`SCHEMA`] of the host.
        schema: u64,
        /// A number that is new in the session.
        session: u32,
    },
    /// An image of this many bytes follows; whatever was loaded is gone.
    LoadStart {
        /// Length of the image in bytes.
        bytes: u32,
        /// [`super::frame::CRC`] of the image.
        check: u32,
    },
    /// A part of the image.
    LoadChunk {
        /// Where it belongs.
        offset: u32,
        /// At most as many bytes as the board takes.
        data: &'a [u8],
    },
    /// The image is complete: check it and start the chip at step 0.
    LoadEnd,
    /// Start the chip of the image that the board carries, where it lies; whatever was loaded is gone.
    LoadResident,
    /// Compute steps.
    Run {
        /// How many.
        steps: u32,
        /// Spikes into external inputs, ascending by step: pairs of `u16`, the step counted from 0 within this run,
        /// and the input. Those of the step after the last count in the next step that is computed; later ones are
        /// refused.
        spikes: &'a [u8],
        /// What is told of the steps.
        report: Report,
    },
    /// Compute a sequence of [`Record`]s, for closed-loop learning.
    Stream {
        /// The records, one after the other. Their outputs must fit an answer.
        records: &'a [u8],
        /// What is told of the steps.
        report: Report,
    },
    /// Read words of a register.
    Read {
        /// The register.
        register: Register,
        /// First word.
        first: u32,
        /// Number of words; `4 · count` must fit an answer.
        count: u32,
    },
    /// Write words of a register; see [`crate::chip::Chip::write`].
    Write {
        /// The register.
        register: Register,
        /// First word.
        first: u32,
        /// Words as little-endian bytes.
        data: &'a [u8],
    },
    /// Exact counts.
    Ops,
    /// Hashes of all state.
    Digest,
    /// Take state back.
    Reset {
        /// How much.
        scope: ResetScope,
    },
    /// Send a part of a snapshot of the chip. While the parts are fetched, nothing else should be asked, or they
    /// are of different moments: the check tells.
    Save {
        /// How much of the chip.
        scope: SnapshotScope,
        /// First byte of the part.
        offset: u32,
    },
    /// A snapshot follows; the chip does not run until it is complete and valid, or fully reset.
    RestoreStart {
        /// How much of the chip.
        scope: SnapshotScope,
        /// Number of bytes; must be what this image keeps.
        bytes: u32,
        /// [`super::frame::CRC`] of all of them.
        check: u32,
    },
    /// A part of the snapshot.
    RestoreChunk {
        /// Where it belongs.
        offset: u32,
        /// At most as many bytes as the board takes.
        data: &'a [u8],
    },
    /// All of it was sent: check it and take it up.
    RestoreEnd,
    /// Let every core be metered from now on, or no longer ([`Register::CoreCounts`]).
    Meter {
        /// Whether.
        on: bool,
    },
    /// What the device takes of the board's memory.
    Footprint,
}

/// What a device answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub enum Response<'a> {
    /// The session is open.
    Hello {
        /// [`VERSION`] of the device.
        version: u16,
        /// [`SCHEMA`] of the device.
        schema: u64,
        /// Memory for image and state in bytes.
        arena_bytes: u32,
        /// Most bytes of data in a request or an answer.
        data_bytes: u32,
        /// Parts of the chip that it has: a set of [`Feature::bit`](crate::feature::Feature::bit)s.
        features: u32,
        /// What kind of device it is.
        board: &'a str,
        /// [`hash`](crate::image::hash) of the image that the board carries, if it carries one.
        resident: Option<u64>,
        /// How many programs of the embedded CPU it has.
        snip_count: u32,
        /// These programs, one after the other: kind and length of the name as little-endian
        /// `u32`, the name; as many as fit.
        snips: &'a [u8],
    },
    /// The session is refused. Keeps its layout in every version.
    Refused {
        /// [`VERSION`] of the device.
        version: u16,
        /// [`SCHEMA`] of the device.
        schema: u64,
    },
    /// Done; there is nothing to tell.
    Done,
    /// The image runs.
    Loaded {
        /// Bytes of the arena that image and state take.
        used_bytes: u32,
        /// Words that the image learns.
        learned_words: u32,
    },
    /// Steps were computed.
    Ran {
        /// How many, at least 1 of those asked for: fewer if the spikes of the last one do not fit the report, or if
        /// something came over the line meanwhile. Nothing was done after the last one; what is left can be asked for.
        steps: u32,
        /// Instructions that they took, if the device counts them.
        instructions: Option<u64>,
        /// Those of them that the embedded CPU's programs took, if the cores are metered and the device counts.
        snip_instructions: Option<u64>,
        /// What was asked for; see [`Report`].
        report: &'a [u8],
    },
    /// Records were computed.
    Streamed {
        /// How many steps in all; fewer than asked for as those of [`Response::Ran`].
        steps: u32,
        /// Instructions that they took, if the device counts them.
        instructions: Option<u64>,
        /// Those of them that the embedded CPU's programs took, if the cores are metered and the device counts.
        snip_instructions: Option<u64>,
        /// The output mailbox after each record that is complete, as little-endian `i32`.
        outputs: &'a [u8],
        /// What was asked for; see [`Report`].
        report: &'a [u8],
    },
    /// Words of a register.
    Values {
        /// Words that the register has in all.
        total: u32,
        /// Little-endian `i32`; fewer than asked for if the register ends before.
        data: &'a [u8],
    },
    /// A part of a snapshot.
    Snapshot {
        /// Bytes of all parts.
        total_bytes: u32,
        /// [`super::frame::CRC`] of all of them.
        check: u32,
        /// The part; fewer bytes than an answer holds only if it is the last.
        data: &'a [u8],
    },
    /// Exact counts.
    Ops(OpCounts),
    /// Hashes of all state.
    Digest(StateDigest),
    /// What the device takes of the board's memory.
    Footprint(Footprint),
    /// The request was understood and refused; nothing has changed.
    Failed(DeviceError),
}

/// What a device takes of its board's memory, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Footprint {
    /// Memory for image and state.
    pub arena_bytes: u32,
    /// What the image that is loaded and its state take of it; 0 without one.
    pub arena_used_bytes: u32,
    /// Buffers of the line; 0 without a line.
    pub line_bytes: u32,
    /// Most of the stack that was in use at any time since the start, if the board knows.
    pub stack_bytes: Option<u32>,
}

/// What a device tells of steps besides that they were computed. Words are little-endian, 32 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub enum Report {
    /// Nothing.
    #[default]
    Nothing,
    /// The spikes of every step: their number, then the compartments that fired, ascending. A step whose spikes do not
    /// fit any more is the last that is computed; its spikes are those that [`Register::Spikes`] then gives.
    Spikes,
    /// How often each of a run of compartments fired.
    Counts {
        /// First compartment.
        first: u32,
        /// Number of compartments, and of words.
        count: u32,
        /// Steps of the request that come before the first one that counts.
        skip_steps: u32,
    },
    /// Words of a register as the last step leaves them; fewer than asked for if the register ends before.
    Words {
        /// The register.
        register: Register,
        /// First word.
        first: u32,
        /// Number of words.
        count: u32,
    },
    /// A hash after every step: FNV-1a 64 over all words of some registers, one register after the other as [`Register`]
    /// lists them.
    Hashes {
        /// The [`Register::bit`]s of the registers.
        registers: u32,
    },
}

/// One record of a stream: what is put into the mailboxes, and how many steps are computed with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Record<'a> {
    /// Whether the state is reset first ([`ResetScope::State`]), as before a new sample.
    pub reset: bool,
    /// Whether rules learn in these steps.
    pub learn: bool,
    /// Steps to compute.
    pub steps: u16,
    /// A slot of the image's replay buffer, plus 1, from which the mailboxes are filled after the two below; 0: none.
    pub recall: u16,
    /// A slot of the replay buffer, plus 1, in which the sample is kept; 0: none.
    pub keep: u16,
    /// First compartment of the biases.
    pub bias_first: u32,
    /// Biases that are written first, as [`Register::Bias`] is, as little-endian `i32`; empty: none.
    #[serde(borrow)]
    pub biases: &'a [u8],
    /// Spikes into external inputs, as those of [`Request::Run`], with steps counted from 0 within this record.
    #[serde(borrow)]
    pub spikes: &'a [u8],
    /// Words of the stimulus mailbox as little-endian `i16`; empty: the mailbox stays as it is.
    #[serde(borrow)]
    pub stimulus: &'a [u8],
    /// Words of the target mailbox as little-endian `i16`; empty: the mailbox stays as it is.
    #[serde(borrow)]
    pub target: &'a [u8],
}

impl Record<'_> {
    /// A record that changes nothing and computes no step.
    pub const PLAIN: Record<'static> = Record {
        reset: false,
        learn: false,
        steps: 0,
        recall: 0,
        keep: 0,
        bias_first: 0,
        biases: &[],
        spikes: &[],
        stimulus: &[],
        target: &[],
    };
}
