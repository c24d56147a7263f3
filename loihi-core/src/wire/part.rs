//! Parts of messages that are too long for a line that loses bytes.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

/// Most bytes of data in a part.
pub const PART_BYTES: usize = 256;
/// Most bytes of data in the first part of a response: the frame that says that a request was executed is short.
pub const FIRST_BYTES: usize = 64;

/// The body of a frame of [`CHANNEL_PART`](super::frame::CHANNEL_PART): a part of the request or the response that has
/// the frame's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub enum Part<'a> {
    /// To the device: bytes of the request. Those before them must be there; answered with [`Part::Have`].
    Put {
        /// Where they belong in the request's body.
        offset: u32,
        /// At most [`PART_BYTES`] bytes.
        data: &'a [u8],
    },
    /// To the device: the last bytes of the request, which is now executed unless it has been. Answered with the first
    /// [`FIRST_BYTES`] bytes of the response, or with [`Part::Have`] if parts are missing.
    Execute {
        /// Where they belong in the request's body.
        offset: u32,
        /// At most [`PART_BYTES`] bytes.
        data: &'a [u8],
    },
    /// To the device: asks for [`PART_BYTES`] bytes of the response.
    Get {
        /// From which one on.
        offset: u32,
    },
    /// From the device: how much of the request it has.
    Have {
        /// Bytes, from the first one on.
        bytes: u32,
    },
    /// From the device: bytes of the response.
    Answer {
        /// Bytes that it has in all.
        total: u32,
        /// Where these belong.
        offset: u32,
        /// Bytes of the response's frame as it goes over the line, so that its check is that of all parts.
        data: &'a [u8],
    },
}
