//! SiFive's `HiFive1`: an FE310 with UART0 on pins 16 and 17.

use firmware_common::pin::{self, Pin};
use firmware_common::register::Register;
use firmware_common::uart::BAUD;

use crate::data::{CLOCK_HZ, STROBE_BASE, STROBE_NUMBER, UART_BASE};
use crate::uart::sifive::Sifive;

/// Offsets of registers of the GPIO port: outputs, what they are, which pins belong to a peripheral.
const OUT_ENABLE: usize = 0x08;
const OUT: usize = 0x0C;
const FUNCTION_ENABLE: usize = 0x38;
/// Pins of UART0.
const UART_PINS: u32 = 1 << 16 | 1 << 17;

pub(crate) fn uart() -> Sifive {
    // SAFETY: the data of the board say that it is there.
    unsafe { Sifive::at(UART_BASE) }
}

/// The other outputs stay low.
pub(crate) fn strobe() -> Pin<impl FnMut(bool)> {
    // SAFETY: the data of the board say that the GPIO port is there.
    let out = unsafe { Register::at(STROBE_BASE + OUT) };
    pin::written((out, 1 << STROBE_NUMBER), (out, 0))
}

pub(crate) fn start() {
    // SAFETY: the data of the board say that the GPIO port is there.
    let [enable, function] = unsafe { [OUT_ENABLE, FUNCTION_ENABLE].map(|offset| Register::at(STROBE_BASE + offset)) };
    enable.write(1 << STROBE_NUMBER);
    function.set(UART_PINS);
    uart().start(CLOCK_HZ / BAUD);
}
