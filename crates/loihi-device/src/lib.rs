//! Transports between host and chip: each executes requests on a chip.
//!
//! | device | where the chip runs |
//! |---|---|
//! | [`inproc::InProcess`] | in this process: requests are function calls |
//! | [`framed::Framed`] | behind a [`Line`] of bytes: frames, checks, repetitions, parts of what is too long for a bad line |
//!
//! | line | what carries the bytes |
//! |---|---|
//! | [`qemu::Qemu`] | the serial line of a board in QEMU |
//! | `serial::Serial` (feature `serial`) | a serial port, with a board behind it |
//! | [`inproc::InProcessLine`] | nothing: the firmware's own state machine in this process, for tests of the byte path |
//! | [`lossy::Lossy`] | another line, with faults |
//!
//! All are used through a [`session::Session`]. [`TRANSPORTS`] has those that users can name:
//!
//! ```
//! use loihi_device::session::{RetryPolicy, Session, new_number};
//! use loihi_device::transport::OpenOptions;
//!
//! let device = loihi_device::named("host")?.open(&OpenOptions::default())?;
//! let session = Session::open(device, RetryPolicy::default(), new_number(), || false)?;
//! assert_eq!(session.identity().board, "host process");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod child;
mod error;
pub mod framed;
pub mod inproc;
mod link;
pub mod log;
pub mod lossy;
pub mod meter;
pub mod needs;
pub mod pages;
mod piece;
pub mod qemu;
pub mod recorder;
mod report;
mod round_trip;
pub mod sample;
#[cfg(feature = "serial")]
pub mod serial;
pub mod session;
mod spikes;
pub mod threads;
pub mod transport;
pub mod wide;

use error::SessionError;
use loihi_core::wire::message::{Request, Response};
use std::time::{Duration, Instant};
use transport::{Chosen, OpenError, Transport};

/// The devices that users can name. A new one is a row here and a file.
pub const TRANSPORTS: &[Transport] = &[
    inproc::TRANSPORT,
    qemu::TRANSPORT,
    #[cfg(feature = "serial")]
    serial::TRANSPORT,
    lossy::TRANSPORT,
];

/// The device of a name, with its arguments: `qemu`, `lossy:100`.
///
/// # Errors
/// [`OpenError`] lists the devices that there are.
pub fn named(name: &str) -> Result<Chosen, OpenError> {
    Chosen::among(TRANSPORTS, name)
}

/// A device can no longer be reached.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DeviceFault(pub String);

/// Repetitions on a line; how long each answer is awaited is measured.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// How often a request, or a part of one, is sent before the device counts as silent.
    pub attempts: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts: 35 }
    }
}

/// How long a session waits for answers.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    /// Repetitions, where there is a line.
    pub retry: RetryPolicy,
    /// Ends every wait once it returns true.
    pub stop: fn() -> bool,
}

/// Executes requests. Sessions move between threads, and their devices with them.
pub trait Device: Send {
    /// What users call it: `host`, `qemu`.
    fn name(&self) -> &str;

    /// Has a request executed and hands the answer to `read`, once.
    ///
    /// # Errors
    /// [`SessionError`] if no answer came.
    fn ask(
        &mut self,
        request: &Request<'_>,
        waiting: &Waiting,
        read: &mut dyn FnMut(Response<'_>),
    ) -> Result<(), SessionError>;

    /// Whether reading registers costs next to nothing, because no line is in between.
    fn is_near(&self) -> bool {
        false
    }

    /// Another device of the same kind and size, if there can be one; or why not now. From then on each computes on one thread, unless
    /// a number of threads was asked for.
    fn another(&mut self) -> Option<Result<Box<dyn Device>, DeviceFault>> {
        None
    }

    /// Log lines of the device since this was last called.
    fn take_logs(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// Requests that were sent again.
    fn repetitions(&self) -> u64 {
        0
    }
}

impl<D: Device + ?Sized> Device for Box<D> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn ask(
        &mut self,
        request: &Request<'_>,
        waiting: &Waiting,
        read: &mut dyn FnMut(Response<'_>),
    ) -> Result<(), SessionError> {
        (**self).ask(request, waiting, read)
    }

    fn is_near(&self) -> bool {
        (**self).is_near()
    }

    fn another(&mut self) -> Option<Result<Box<dyn Device>, DeviceFault>> {
        (**self).another()
    }

    fn take_logs(&mut self) -> Vec<String> {
        (**self).take_logs()
    }

    fn repetitions(&self) -> u64 {
        (**self).repetitions()
    }
}

/// What has come over a line that gave no answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Bytes that came since the request was asked.
    pub bytes: u64,
    /// Whether a frame was ever valid, so that both ends agree on how bytes are sent.
    pub understood: bool,
}

/// Carries bytes to a device and from it.
pub trait Line: Send {
    /// What users call the device at its other end.
    fn name(&self) -> &str;

    /// Hands bytes to the device.
    ///
    /// # Errors
    /// [`DeviceFault`] if it is gone.
    fn send(&mut self, bytes: &[u8]) -> Result<(), DeviceFault>;

    /// Adds bytes that have come from the device, after waiting up to `wait` for the first.
    ///
    /// # Errors
    /// [`DeviceFault`] if it is gone.
    fn receive(&mut self, into: &mut Vec<u8>, wait: Duration) -> Result<(), DeviceFault>;

    /// Whether all that will come has come when [`Line::send`] returns, so that waiting is of no use.
    fn answers_at_once(&self) -> bool {
        false
    }

    /// The time by which answers are awaited.
    fn now(&self) -> Instant {
        Instant::now()
    }

    /// What a user may look at if no answer comes; `None` if there is nothing to say.
    fn silence(&self, heard: Heard) -> Option<String> {
        let _ = heard;
        None
    }

    /// Takes the payload of a log frame and returns the lines that it completes.
    fn log(&mut self, payload: &[u8]) -> Vec<String> {
        let _ = payload;
        Vec::new()
    }
}
