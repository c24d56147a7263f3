//! nRF52840-DK: the serial port of its J-Link.

#![no_std]
#![no_main]

mod uarte;

use data::{STROBE_BASE, STROBE_NUMBER};
use firmware_common::pin::{self, Pin};
use firmware_common::register::Register;
use nrf52840_hal::Clocks;
use nrf52840_hal::gpio::{Level, p0};
use nrf52840_hal::pac::Peripherals;
use nrf52840_hal::uarte::Pins;
use uarte::Uarte0;

/// Offsets of registers of the GPIO port: bits to set and to reset.
const OUT_SET: usize = 0x508;
const OUT_CLEAR: usize = 0x50C;

firmware_common::data!();

// The start makes P0.13 an output, whose name in the crate of the chip is a type.
const _: () =
    assert!(STROBE_BASE == 0x5000_0000 && STROBE_NUMBER == 13, "the start sets up another pin than the strobe's");

firmware_cortex_m::hardware!(uart, strobe, start);

fn uart() -> Uarte0 {
    Uarte0
}

/// The LED lights while the pin is low.
fn strobe() -> Pin<impl FnMut(bool)> {
    // SAFETY: the data of the board say that the GPIO port is there.
    let [set, clear] = unsafe { [OUT_SET, OUT_CLEAR].map(|offset| Register::at(STROBE_BASE + offset)) };
    pin::written((clear, 1 << STROBE_NUMBER), (set, 1 << STROBE_NUMBER))
}

fn start() {
    let Some(device) = Peripherals::take() else { return };
    // In the cold, the oscillator inside the chip is too far off for a serial line.
    Clocks::new(device.CLOCK).enable_ext_hfosc();
    let port = p0::Parts::new(device.P0);
    port.p0_13.into_push_pull_output(Level::High);
    let pins = Pins {
        txd: port.p0_06.into_push_pull_output(Level::High).degrade(),
        rxd: port.p0_08.into_floating_input().degrade(),
        cts: None,
        rts: None,
    };
    Uarte0::start(device.UARTE0, pins);
}
