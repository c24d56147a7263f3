//! What travels between a host and a device.
//!
//! # Frames
//! Bytes on the line are frames. Each is encoded with COBS, so that a zero byte occurs only at its end:
//!
//! ```text
//!  COBS(  channel u8 | sequence u16 | body | CRC-32 u32  ) 0x00      little-endian
//! ```
//!
//! The longest body is the board's, given in [`message::Response::Hello`]. The CRC is CRC-32/ISO-HDLC over
//! everything before it. Channel 0 carries requests to the device and responses from it, channel 1 log frames (defmt)
//! from the device, channel 2 parts of messages. A receiver drops what is damaged and is in step again after the next
//! zero byte.
//!
//! # Requests and responses
//! The body of channel 0 is one [`message::Request`] or [`message::Response`] in postcard's format. The host has one
//! request under way at a time and numbers them. If no valid response with the request's number comes in time, it
//! sends the same bytes again.
//!
//! * [`message::Request::Hello`] opens a session with its sequence number; the next request has the next number.
//! * The device executes a request whose number is one more than the last and keeps the response.
//! * A request with the last number is a repetition: the device sends the kept response again and executes nothing.
//! * Any other number is answered with [`DeviceError::OutOfSequence`] and changes nothing.
//!
//! So a frame that is lost, cut, doubled or damaged in either direction delays a request, and applies none twice.
//!
//! # Parts
//! On a line that loses a byte in a few thousand, no long frame ever arrives whole. There a host sends a request as
//! [`part::Part`]s of at most [`part::PART_BYTES`] bytes, each answered, and fetches the response in parts:
//! only what was lost is sent again. A device executes a request that has come in parts as it does a whole one, once;
//! a request that was sent whole may be asked after, and its response fetched, in parts. A frame that finds no room
//! behind the parts of another request is dropped with them, and taken when it comes again.
//!
//! # Long requests
//! A device that can see that bytes wait on its line ends the steps of a request with the current one, and answers how
//! many it has computed. So a host that wants something else sends any byte, and one that asks a second time has its
//! answer after a step; a host continues with the steps that are left.
//!
//! # Versions
//! `Hello` carries the [`message::VERSION`] of the protocol and the [`message::SCHEMA`], a hash of the layout of all
//! messages and of the binary points of all quantities. A device that has others answers
//! [`message::Response::Refused`] with its own, and nothing else. `Hello` and `Refused` keep their layout for ever.

mod error;
pub mod frame;
pub mod message;
pub mod part;

pub use error::DeviceError;
