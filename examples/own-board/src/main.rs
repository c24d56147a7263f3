//! A board of one's own: the Stellaris LM3S6965 evaluation board, which QEMU emulates.
//!
//! What its file cannot say is here: how the line and the pin are started and driven. Registers are those of the LM3S6965's
//! data sheet.

#![no_std]
#![no_main]

use firmware_common::pin::{self, Pin};
use firmware_common::register::Register;
use firmware_common::uart::{BAUD, Uart};

firmware_common::data!();
firmware_cortex_m::hardware!(uart, strobe, start);

/// Clock gates: of the UARTs, and of the ports.
const RCGC1: usize = 0x400F_E104;
const RCGC2: usize = 0x400F_E108;
/// Port A has the pins of UART0, port F the LED.
const PORT_A: usize = 0x4000_4000;
const PORT_F: usize = data::STROBE_BASE;
/// Offsets of registers of a port: outputs, pins with a function, pins that are digital.
const DIRECTION: usize = 0x400;
const FUNCTION: usize = 0x420;
const DIGITAL: usize = 0x51C;

/// The strobe as a bit of its port.
const STROBE: u32 = 1 << data::STROBE_NUMBER;

/// Offsets of registers of a UART.
const DATA: usize = 0x00;
const FLAGS: usize = 0x18;
const DIVISOR: usize = 0x24;
const FRACTION: usize = 0x28;
const FORM: usize = 0x2C;
const CONTROL: usize = 0x30;
/// Flags: it sends, nothing received, no room to send.
const BUSY: u32 = 1 << 3;
const RECEIVE_EMPTY: u32 = 1 << 4;
const SEND_FULL: u32 = 1 << 5;

/// A register of this chip.
fn register(address: usize) -> Register {
    // SAFETY: every caller gives an address above, of a register that reaches no memory.
    unsafe { Register::at(address) }
}

/// UART0, the line.
struct Uart0;

impl Uart for Uart0 {
    fn has_received(&self) -> bool {
        !register(data::UART_BASE + FLAGS).has(RECEIVE_EMPTY)
    }

    fn take(&self) -> u8 {
        (register(data::UART_BASE + DATA).read() & 0xFF) as u8
    }

    fn send(&self, byte: u8) {
        let flags = register(data::UART_BASE + FLAGS);
        while flags.has(SEND_FULL) {}
        register(data::UART_BASE + DATA).write(u32::from(byte));
    }

    fn flush(&self) {
        let flags = register(data::UART_BASE + FLAGS);
        while flags.has(BUSY) {}
    }
}

fn uart() -> Uart0 {
    Uart0
}

/// Bits 2 to 9 of an address in a port choose the pins that are written there.
fn strobe() -> Pin<impl FnMut(bool)> {
    let pin = register(PORT_F + ((STROBE as usize) << 2));
    pin::written((pin, STROBE), (pin, 0))
}

fn start() {
    register(RCGC1).set(1);
    register(RCGC2).set(1 << 0 | 1 << 5);
    // The clocks arrive a few cycles later; a read outlasts them.
    let _gates = register(RCGC2).read();
    register(PORT_F + DIRECTION).set(STROBE);
    register(PORT_F + DIGITAL).set(STROBE);
    register(PORT_A + FUNCTION).set(0b11);
    register(PORT_A + DIGITAL).set(0b11);
    let uart = |offset| register(data::UART_BASE + offset);
    // Sixteen clocks a bit, and 64ths of one.
    let clocks_64th = 4 * data::CLOCK_HZ / BAUD;
    uart(DIVISOR).write(clocks_64th / 64);
    uart(FRACTION).write(clocks_64th % 64);
    // Eight bits, no parity, one stop bit, with the buffers of 16 bytes.
    uart(FORM).write(0b11 << 5 | 1 << 4);
    uart(CONTROL).write(1 << 9 | 1 << 8 | 1);
}
