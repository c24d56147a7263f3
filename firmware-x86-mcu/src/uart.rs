//! The first serial port, a 16550.

use firmware_common::ns16550::Ns16550;
use uart_16550::backend::Backend;

use crate::data::UART_BASE;
use crate::port;

/// I/O port of the first of the eight registers of COM1.
const BASE: u16 = port::number::<UART_BASE>();

/// Register access with an address known at compile time, so that no check of it is left in the image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Com1Registers;

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

/// The port.
pub(crate) fn com1() -> Ns16550<Com1Registers> {
    // SAFETY: COM1 is at this address on every PC, and nothing else answers there.
    unsafe { Ns16550::at(Com1Registers) }
}
