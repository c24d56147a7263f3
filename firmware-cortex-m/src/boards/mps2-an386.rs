//! MPS2+ with AN386: UART0 and GPIO 0 of Arm's system design kit.

use firmware_common::pin::{self, Pin};
use firmware_common::register::Register;
use firmware_common::uart::BAUD;

use crate::data::{CLOCK_HZ, STROBE_BASE, STROBE_NUMBER, UART_BASE};
use crate::uart::cmsdk::Cmsdk;

/// Offsets of registers of a GPIO port: outputs, and which pins are outputs.
const DATA_OUT: usize = 0x04;
const OUT_ENABLE: usize = 0x10;

pub(crate) const HAS_SYSTICK: bool = true;

pub(crate) fn uart() -> Cmsdk {
    // SAFETY: the data of the board say that it is there.
    unsafe { Cmsdk::at(UART_BASE) }
}

/// The other pins of the port stay low.
pub(crate) fn strobe() -> Pin<impl FnMut(bool)> {
    // SAFETY: the data of the board say that a GPIO port is there.
    let out = unsafe { Register::at(STROBE_BASE + DATA_OUT) };
    pin::written((out, 1 << STROBE_NUMBER), (out, 0))
}

pub(crate) fn start() {
    // SAFETY: the data of the board say that a GPIO port is there.
    let enable = unsafe { Register::at(STROBE_BASE + OUT_ENABLE) };
    enable.write(1 << STROBE_NUMBER);
    uart().start(CLOCK_HZ / BAUD);
}
