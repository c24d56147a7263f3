//! ESP32-C3: a serial port over the USB of the chip.

#![no_std]
#![no_main]

mod cycles;
mod data {
    #![allow(dead_code, clippy::unreadable_literal, reason = "made of data, of which every board uses its own part")]
    include!(concat!(env!("OUT_DIR"), "/board.rs"));
}
mod usb;

use data::{ARENA_BYTES, BODY_BYTES, NAME};
use esp_hal::clock::CpuClock;
use esp_hal::gpio::{Level, Output, OutputConfig};
use esp_hal::peripherals::GPIO7;
use esp_hal::riscv::register::{mcause, mepc, mtval};
use esp_hal::trapframe::TrapFrame;
use firmware_common::exit::Reason;
use firmware_common::machine::Machine;
use firmware_common::pin::Pin;
use firmware_common::report::Text;
use firmware_common::uart::Uart;
use firmware_common::{stack, trap};
use loihi_core::device::Buffers;
use usb::UsbSerial;

esp_bootloader_esp_idf::esp_app_desc!();

/// The hardware of the board.
struct Hardware;

impl Machine for Hardware {
    const NAME: &'static str = NAME;

    fn ticks() -> Option<fn() -> u64> {
        Some(cycles::ticks)
    }

    fn uart() -> impl Uart {
        UsbSerial
    }

    fn strobe() -> Pin<impl FnMut(bool)> {
        // SAFETY: nothing else drives the pin.
        let pin = unsafe { GPIO7::steal() };
        let mut output = Output::new(pin, Level::Low, OutputConfig::default());
        Pin(move |is_high: bool| output.set_level(is_high.into()))
    }

    fn memory() -> (&'static mut [u64], Buffers<&'static mut [u8]>) {
        (ARENA.take_all(), Buffers::split(LINE.take_all()))
    }

    fn exit(_reason: Reason) -> ! {
        esp_hal::riscv::interrupt::disable();
        loop {
            esp_hal::riscv::asm::wfi();
        }
    }
}

firmware_common::machine!(Hardware, ARENA_BYTES, BODY_BYTES);
firmware_common::firmware!(Hardware, None, &loihi_core::rules::ALL);

#[esp_hal::main]
fn main() -> ! {
    // SAFETY: this function's frame lies at the top of the stack that is painted, and no interrupt is on yet.
    unsafe { stack::paint(stack::bottom()) };
    let peripherals = esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::_160MHz));
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
    let mut text = Text::default();
    text.text(trap::name(cause));
    // The guard is a word that may not be written, just below what is painted.
    if address < stack::bottom().addr() && address.saturating_add(64) >= stack::bottom().addr() {
        text.text(", stack overflow");
    }
    let registers = [("mepc", mepc::read()), ("mcause", cause), ("mtval", address), ("ra", context.ra)];
    Hardware::fault(text.as_str(), registers.map(|(label, value)| (label, word(value))))
}

/// A register as a number.
#[expect(clippy::cast_possible_truncation, reason = "registers of this target have 32 bits")]
const fn word(register: usize) -> u32 {
    register as u32
}
