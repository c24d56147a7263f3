//! QEMU's own board: a 16550, and no pins.

use firmware_common::ns16550::Ns16550;
use firmware_common::pin::Pin;

use crate::data::UART_BASE;
use crate::uart::mapped::Registers;

pub(crate) fn uart() -> Ns16550<Registers> {
    // SAFETY: the data of the board say that it is there, with a byte a register.
    unsafe { Ns16550::at(Registers(UART_BASE)) }
}

pub(crate) fn strobe() -> Pin<impl FnMut(bool)> {
    Pin(|_| ())
}

pub(crate) fn start() {
    uart().start();
}
