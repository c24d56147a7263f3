//! BBC micro:bit, version 1: an nRF51822, whose Cortex-M0 has no SysTick, with the UART on the pins of its USB bridge.

use firmware_common::pin::{self, Pin};
use firmware_common::register::Register;

use crate::data::{STROBE_BASE, STROBE_NUMBER, UART_BASE};
use crate::uart::nrf51::Nrf51;

/// Pins that lead to the USB bridge.
const TX_PIN: u32 = 24;
const RX_PIN: u32 = 25;
/// TIMER0, and offsets of its registers.
const TIMER_BASE: usize = 0x4000_8000;
const TIMER_START: usize = 0x000;
const TIMER_SHORTS: usize = 0x200;
const TIMER_PRESCALER: usize = 0x510;
const TIMER_COMPARE: usize = 0x540;
/// Stops the timer when it has counted up to its first comparator.
const COMPARE_STOPS: u32 = 1 << 8;
/// Offsets of registers of the GPIO port: bits to set and to reset, pins that become outputs.
const OUT_SET: usize = 0x508;
const OUT_CLEAR: usize = 0x50C;
const DIRECTION_SET: usize = 0x518;

pub(crate) const HAS_SYSTICK: bool = false;

pub(crate) fn uart() -> Nrf51 {
    // SAFETY: the data of the board say that it is there.
    unsafe { Nrf51::at(UART_BASE) }
}

pub(crate) fn strobe() -> Pin<impl FnMut(bool)> {
    // SAFETY: the data of the board say that the GPIO port is there.
    let [set, clear] = unsafe { [OUT_SET, OUT_CLEAR].map(|offset| Register::at(STROBE_BASE + offset)) };
    pin::written((set, 1 << STROBE_NUMBER), (clear, 1 << STROBE_NUMBER))
}

pub(crate) fn start() {
    // SAFETY: the data of the board say that the GPIO port is there.
    let [set, direction] = unsafe { [OUT_SET, DIRECTION_SET].map(|offset| Register::at(STROBE_BASE + offset)) };
    // The line is high while nothing is sent.
    set.write(1 << TX_PIN);
    direction.write(1 << STROBE_NUMBER | 1 << TX_PIN);
    uart().start(TX_PIN, RX_PIN);
    wake_qemu();
}

/// Lets a timer expire once. QEMU does not look for bytes again that came before the UART was started, unless something else
/// wakes its main loop, and without SysTick nothing does; a chip takes no notice.
fn wake_qemu() {
    // SAFETY: every nRF51 has the timer, and its registers reach no memory.
    let [prescaler, compare, shorts, start] = unsafe {
        [TIMER_PRESCALER, TIMER_COMPARE, TIMER_SHORTS, TIMER_START].map(|offset| Register::at(TIMER_BASE + offset))
    };
    // In microseconds.
    prescaler.write(4);
    compare.write(1000);
    shorts.write(COMPARE_STOPS);
    start.write(1);
}
