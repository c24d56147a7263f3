//! What goes over the line besides the device's answers: the log, and reports.

use firmware_common::uart::{Port, Uart};

use crate::boards;

firmware_common::frame_logger!(send);

/// A handle to the board's line.
///
/// Handles share the hardware: with one thread, and no interrupt that sends and returns, what is written through one has
/// left before anything can be written through another.
pub(crate) fn port() -> Port<impl Uart> {
    Port(boards::uart())
}

/// Whether received bytes wait to be read.
pub(crate) fn has_received() -> bool {
    boards::uart().has_received()
}

/// Waits for a byte.
pub fn receive() -> u8 {
    let uart = boards::uart();
    while !uart.has_received() {}
    uart.take()
}

/// Sends all of `bytes`.
pub(crate) fn send(bytes: &[u8]) {
    let uart = boards::uart();
    for byte in bytes {
        uart.send(*byte);
    }
}

/// Waits until the last byte has left.
pub(crate) fn flush() {
    boards::uart().flush();
}
