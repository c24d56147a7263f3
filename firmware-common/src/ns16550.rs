//! The 16550, wherever its registers lie: at I/O ports or in memory.

use uart_16550::backend::Backend;
use uart_16550::spec::registers::LSR;
use uart_16550::{BaudRate, Config, Uart16550};

use crate::uart::Uart;

/// The UART behind registers of this kind.
#[derive(Debug)]
pub struct Ns16550<B>(B);

impl<B: Backend + Copy> Ns16550<B> {
    /// The UART whose registers these are.
    ///
    /// # Safety
    ///
    /// One is there.
    pub const unsafe fn at(registers: B) -> Self {
        Self(registers)
    }

    fn handle(&self) -> Uart16550<B> {
        // SAFETY: the UART is there by the contract of `at`. Handles share the hardware, and there is one thread.
        unsafe { Uart16550::new_with_backend(self.0) }
    }

    /// Switches it on: 115,200 baud, 8-N-1, FIFOs, no interrupts, and drops what it received before.
    ///
    /// Without a UART there is no way to say so; the machine then runs on without a line.
    pub fn start(&self) {
        let _started = self.handle().init(Config { baud_rate: BaudRate::Baud115200, ..Config::DEFAULT });
    }
}

impl<B: Backend + Copy> Uart for Ns16550<B> {
    fn has_received(&self) -> bool {
        self.handle().lsr().contains(LSR::DATA_READY)
    }

    fn take(&self) -> u8 {
        self.handle().try_receive_byte().unwrap_or(0)
    }

    fn send(&self, byte: u8) {
        let mut handle = self.handle();
        while handle.try_send_byte(byte).is_err() {}
    }

    fn flush(&self) {
        let mut handle = self.handle();
        while !handle.lsr().contains(LSR::TRANSMITTER_EMPTY) {}
    }
}
