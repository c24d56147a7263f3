//! ESP32-C3: a serial port over the USB of the chip.

#![no_std]
#![no_main]

mod cycles;
mod usb;

use data::{STROBE_BASE, STROBE_NUMBER};
use esp_hal::clock::CpuClock;
use esp_hal::gpio::{Level, Output, OutputConfig};
use esp_hal::riscv::register::{mcause, mepc, mtval};
use esp_hal::trapframe::TrapFrame;
use firmware_common::exit::Reason;
use firmware_common::machine::Machine as _;
use firmware_common::pin::{self, Pin};
use firmware_common::register::{Register, word};
use firmware_common::{stack, trap};
use usb::UsbSerial;

/// Offsets of registers of the GPIO port: bits to set and to reset.
const OUT_SET: usize = 0x08;
const OUT_CLEAR: usize = 0x0C;

esp_bootloader_esp_idf::esp_app_desc!();

firmware_common::data!();

// The start makes GPIO7 an output, whose name in the crate of the chip is a type.
const _: () = assert!(STROBE_NUMBER == 7, "the start sets up another pin than the strobe's");

firmware_common::hardware!(struct Hardware: Some(cycles::ticks), uart, strobe, exit);
firmware_common::firmware!(Hardware, None, &loihi_core::rules::ALL);

fn uart() -> UsbSerial {
    UsbSerial
}

fn strobe() -> Pin<impl FnMut(bool)> {
    // SAFETY: the data of the board say that the GPIO port is there.
    let [set, clear] = unsafe { [OUT_SET, OUT_CLEAR].map(|offset| Register::at(STROBE_BASE + offset)) };
    pin::written((set, 1 << STROBE_NUMBER), (clear, 1 << STROBE_NUMBER))
}

fn exit(_reason: Reason) -> ! {
    esp_hal::riscv::interrupt::disable();
    loop {
        esp_hal::riscv::asm::wfi();
    }
}

#[esp_hal::main]
fn main() -> ! {
    // SAFETY: this function's frame lies at the top of the stack that is painted, and no interrupt is on yet.
    unsafe { stack::paint(stack::bottom()) };
    let peripherals = esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::_160MHz));
    let _stays_an_output = Output::new(peripherals.GPIO7, Level::Low, OutputConfig::default());
    cycles::start();
    UsbSerial::start(peripherals.USB_DEVICE);
    Hardware::start()
}

/// Reports an exception and ends the machine; `esp-hal` takes it by this name.
///
/// # Safety
///
/// For the trap entry alone.
// SAFETY: nothing else has this name.
#[unsafe(no_mangle)]
unsafe extern "C" fn ExceptionHandler(context: &TrapFrame) -> ! {
    let (cause, address) = (mcause::read().code(), mtval::read());
    // The guard is a word that may not be written, just below what is painted.
    let bottom = stack::bottom().addr();
    let text = trap::text(cause, address < bottom && address.saturating_add(64) >= bottom);
    let registers = [("mepc", mepc::read()), ("mcause", cause), ("mtval", address), ("ra", context.ra)];
    Hardware::fault(text.as_str(), registers.map(|(label, value)| (label, word(value))))
}
