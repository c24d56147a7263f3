//! Raspberry Pi Pico 2: a serial port over the USB of the chip.

#![no_std]
#![no_main]

mod usb;

use data::{STROBE_BASE, STROBE_NUMBER};
use firmware_common::pin::{self, Pin};
use firmware_common::register::Register;
use rp235x_hal::block::ImageDef;
use rp235x_hal::clocks::init_clocks_and_plls;
use rp235x_hal::gpio::Pins;
use rp235x_hal::pac::Peripherals;
use rp235x_hal::{Sio, Watchdog};
use usb::Usb;

/// The crystal.
const CRYSTAL_HZ: u32 = 12_000_000;
/// Offsets of registers of the GPIO port: bits to set and to reset.
const OUT_SET: usize = 0x18;
const OUT_CLEAR: usize = 0x20;

/// Tells the boot ROM what this is.
// SAFETY: the section holds nothing else, and the boot ROM reads it there.
#[unsafe(link_section = ".start_block")]
#[used]
static IMAGE: ImageDef = ImageDef::secure_exe();

firmware_common::data!();

// The start makes GP25 an output, whose name in the crate of the chip is a type.
const _: () = assert!(STROBE_NUMBER == 25, "the start sets up another pin than the strobe's");

firmware_cortex_m::hardware!(uart, strobe, start);

fn uart() -> Usb {
    Usb
}

fn strobe() -> Pin<impl FnMut(bool)> {
    // SAFETY: the data of the board say that the GPIO port is there.
    let [set, clear] = unsafe { [OUT_SET, OUT_CLEAR].map(|offset| Register::at(STROBE_BASE + offset)) };
    pin::written((set, 1 << STROBE_NUMBER), (clear, 1 << STROBE_NUMBER))
}

/// Without clocks there is no line to say so; the machine then runs on without one.
fn start() {
    let Some(mut device) = Peripherals::take() else { return };
    let mut watchdog = Watchdog::new(device.WATCHDOG);
    let sio = Sio::new(device.SIO);
    let pins = Pins::new(device.IO_BANK0, device.PADS_BANK0, sio.gpio_bank0, &mut device.RESETS);
    let _stays_an_output = pins.gpio25.into_push_pull_output();
    let clocks = init_clocks_and_plls(
        CRYSTAL_HZ,
        device.XOSC,
        device.CLOCKS,
        device.PLL_SYS,
        device.PLL_USB,
        &mut device.RESETS,
        &mut watchdog,
    );
    if let Ok(clocks) = clocks {
        Usb::start(device.USB, device.USB_DPRAM, clocks.usb_clock, &mut device.RESETS);
    }
}
