//! Registers of a 16550 that lie in memory, a byte each.

use core::ptr;

use uart_16550::backend::Backend;

/// Registers from an address on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registers(pub(crate) usize);

impl Registers {
    fn at(self, offset: u8) -> *mut u8 {
        ptr::without_provenance_mut(self.0 + usize::from(offset))
    }
}

impl Backend for Registers {
    unsafe fn read(&mut self, register_offset: u8) -> u8 {
        // SAFETY: offsets are below 8 by this function's contract, so this is a register of the UART that lies there by
        // the contract of `Ns16550::at`.
        unsafe { self.at(register_offset).read_volatile() }
    }

    unsafe fn write(&mut self, register_offset: u8, value: u8) {
        // SAFETY: as for `read`.
        unsafe { self.at(register_offset).write_volatile(value) }
    }
}
