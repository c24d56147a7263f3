//! A 16550 whose registers lie in memory, a byte each.

use core::ptr;

use firmware_common::uart::Uart;
use uart_16550::backend::Backend;
use uart_16550::spec::registers::LSR;
use uart_16550::{BaudRate, Config, Uart16550};

/// Registers from an address on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registers(usize);

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

/// The UART.
#[derive(Debug)]
pub(crate) struct Ns16550(Registers);

impl Ns16550 {
    /// The UART at an address.
    ///
    /// # Safety
    ///
    /// One is there, with a byte a register.
    pub(crate) const unsafe fn at(base: usize) -> Self {
        Self(Registers(base))
    }

    fn handle(&self) -> Uart16550<Registers> {
        // SAFETY: the UART is there by the contract of `at`. Handles share the hardware, and there is one thread.
        unsafe { Uart16550::new_with_backend(self.0) }
    }

    /// Switches it on: 115,200 baud, 8-N-1, FIFOs, no interrupts. Without a UART there is no way to say so.
    pub(crate) fn start(&self) {
        let _started = self.handle().init(Config { baud_rate: BaudRate::Baud115200, ..Config::DEFAULT });
    }
}

impl Uart for Ns16550 {
    fn has_received(&self) -> bool {
        self.handle().lsr().contains(LSR::DATA_READY)
    }

    fn take(&self) -> u8 {
        self.handle().try_receive_byte().unwrap_or(0)
    }

    fn send(&self, byte: u8) {
        let mut handle = self.handle();
        while !handle.lsr().contains(LSR::THR_EMPTY) {}
        let _sent = handle.try_send_byte(byte);
    }

    fn flush(&self) {
        let mut handle = self.handle();
        while !handle.lsr().contains(LSR::TRANSMITTER_EMPTY) {}
    }
}
