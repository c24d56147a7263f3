//! SiFive's UART.

use firmware_common::register::Register;
use firmware_common::uart::Uart;

/// Offsets of the registers.
const SEND_DATA: usize = 0x00;
const RECEIVE_DATA: usize = 0x04;
const SEND_CONTROL: usize = 0x08;
const RECEIVE_CONTROL: usize = 0x0C;
const PENDING: usize = 0x14;
const DIVISOR: usize = 0x18;

/// No room to send.
const FULL: u32 = 1 << 31;
/// Sends, or receives.
const ENABLE: u32 = 1 << 0;
/// What is sent is more than this many bytes, in its place; with one, the interrupt tells that nothing waits.
const SEND_LEAST: u32 = 1 << 16;
/// Interrupts that are never switched on, only looked at: fewer bytes wait to be sent, more than none were received.
const SENT: u32 = 1 << 0;
const RECEIVED: u32 = 1 << 1;

/// The UART.
#[derive(Debug)]
pub(crate) struct Sifive {
    base: usize,
}

impl Sifive {
    /// The UART at an address.
    ///
    /// # Safety
    ///
    /// One is there.
    pub(crate) const unsafe fn at(base: usize) -> Self {
        Self { base }
    }

    fn register(&self, offset: usize) -> Register {
        // SAFETY: the registers of a UART reach no memory, and one is there by the contract of `at`.
        unsafe { Register::at(self.base + offset) }
    }

    /// Switches it on, with this many clocks per bit.
    pub(crate) fn start(&self, clocks: u32) {
        self.register(DIVISOR).write(clocks.saturating_sub(1));
        self.register(SEND_CONTROL).write(ENABLE | SEND_LEAST);
        self.register(RECEIVE_CONTROL).write(ENABLE);
    }
}

impl Uart for Sifive {
    fn has_received(&self) -> bool {
        self.register(PENDING).has(RECEIVED)
    }

    fn take(&self) -> u8 {
        (self.register(RECEIVE_DATA).read() & 0xFF) as u8
    }

    fn send(&self, byte: u8) {
        let data = self.register(SEND_DATA);
        while data.has(FULL) {}
        data.write(u32::from(byte));
    }

    fn flush(&self) {
        while !self.register(PENDING).has(SENT) {}
    }
}
