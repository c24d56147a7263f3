//! Devices: who carries the bytes between the host and a chip.
//!
//! | device | where the chip runs |
//! |---|---|
//! | [`inproc::InProcess`] | in this process |
//! | [`qemu::Qemu`] | on a bare i586 in QEMU |
//! | [`lossy::Lossy`] | behind another device, over a line with faults |
//!
//! All are used through a [`session::Session`], which speaks the protocol.

mod error;
mod exchange;
pub mod inproc;
pub mod log;
pub mod lossy;
pub mod meter;
pub mod qemu;
pub mod recorder;
pub mod session;
pub mod wide;

use std::time::Duration;

/// A device can no longer be reached.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DeviceFault(pub String);

/// Bytes to a device and from it.
pub trait Device {
    /// What users call it: `host`, `qemu`.
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

    /// Whether all that will come has come when [`Device::send`] returns, so that waiting is of no use.
    fn answers_at_once(&self) -> bool {
        false
    }

    /// Takes the payload of a log frame and returns the lines that it completes.
    fn log(&mut self, payload: &[u8]) -> Vec<String> {
        let _ = payload;
        Vec::new()
    }
}
