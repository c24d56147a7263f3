//! QEMU's own board: a 16550, and no pins.

use firmware_common::pin::NoPin;

use crate::data::UART_BASE;
use crate::uart::ns16550::Ns16550;

pub(crate) fn uart() -> Ns16550 {
    // SAFETY: the data of the board say that it is there.
    unsafe { Ns16550::at(UART_BASE) }
}

pub(crate) fn strobe() -> NoPin {
    NoPin
}

pub(crate) fn start() {
    uart().start();
}
