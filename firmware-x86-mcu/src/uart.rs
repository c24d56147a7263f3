//! The first serial port, a 16550 with its FIFOs on, behind `embedded_io` traits.

use uart_16550::backend::Backend;
use uart_16550::{BaudRate, Config, Uart16550};

use crate::port;

/// I/O port of the first of the eight registers of COM1.
const BASE: u16 = 0x3f8;
/// Offset of the line status register.
const LINE_STATUS: u16 = 5;
/// Its bit for bytes that wait to be read.
const DATA_READY: u8 = 1;

/// Register access with an address known at compile time, so that no check of it is left in the
/// image.
#[derive(Debug)]
pub struct Com1Registers;

impl Backend for Com1Registers {
    unsafe fn read(&mut self, register_offset: u8) -> u8 {
        // SAFETY: offsets are below 8 by this function's contract, so this is a register of COM1.
        unsafe { port::read(BASE | u16::from(register_offset)) }
    }

    unsafe fn write(&mut self, register_offset: u8, value: u8) {
        // SAFETY: offsets are below 8 by this function's contract, so this is a register of COM1.
        unsafe { port::write(BASE | u16::from(register_offset), value) }
    }
}

/// The first serial port.
pub type Com1 = Uart16550<Com1Registers>;

/// A handle to the port, which [`init`] has set up.
///
/// Handles share the hardware: with one thread and no interrupts, what is written through one
/// has left for the port before anything can be written through another.
pub fn com1() -> Com1 {
    // SAFETY: COM1 is at this address on every PC, and nothing else answers there.
    unsafe { Uart16550::new_with_backend(Com1Registers) }
}

/// Whether received bytes are waiting to be read.
pub fn has_received() -> bool {
    // SAFETY: reading the line status register of COM1 clears only its error bits, which are unused.
    unsafe { port::read(BASE | LINE_STATUS) & DATA_READY != 0 }
}

/// Sets the port to 115,200 baud, 8-N-1, FIFOs on, no interrupts.
///
/// Without a UART the machine has no way to say so; it then runs on without a line.
pub(crate) fn init() {
    let config = Config { baud_rate: BaudRate::Baud115200, ..Config::DEFAULT };
    let _ = com1().init(config);
    // The port has dropped what came before. The delimiter ends what a loader may have sent, and
    // tells the host that from now on nothing is dropped.
    send(&[0]);
}

firmware_common::frame_logger!(send);

/// Sends all of `bytes`.
pub(crate) fn send(mut bytes: &[u8]) {
    let mut port = com1();
    while !bytes.is_empty() {
        let sent = port.send_bytes(bytes);
        bytes = bytes.get(sent..).unwrap_or_default();
    }
}
