//! The UART of the nRF51 and, as a legacy peripheral, of the nRF52.

use firmware_common::register::Register;
use firmware_common::uart::Uart;

/// Offsets of the registers.
const START_RECEIVE: usize = 0x000;
const START_SEND: usize = 0x008;
const RECEIVED: usize = 0x108;
const SENT: usize = 0x11C;
const ENABLE: usize = 0x500;
const TX_PIN: usize = 0x50C;
const RX_PIN: usize = 0x514;
const RECEIVE_DATA: usize = 0x518;
const SEND_DATA: usize = 0x51C;
const BAUD: usize = 0x524;

/// What switches it on.
const ON: u32 = 4;
/// 115,200 baud in the units of the register.
const BAUD_115200: u32 = 0x01D7_E000;

/// The UART.
#[derive(Debug)]
pub struct Nrf51 {
    base: usize,
}

impl Nrf51 {
    /// The UART at an address.
    ///
    /// # Safety
    ///
    /// One is there.
    pub const unsafe fn at(base: usize) -> Self {
        Self { base }
    }

    fn register(&self, offset: usize) -> Register {
        // SAFETY: the registers of a UART reach no memory, and one is there by the contract of `at`.
        unsafe { Register::at(self.base + offset) }
    }

    /// Switches it on, with these pins of the port.
    pub fn start(&self, tx_pin: u32, rx_pin: u32) {
        self.register(TX_PIN).write(tx_pin);
        self.register(RX_PIN).write(rx_pin);
        self.register(BAUD).write(BAUD_115200);
        self.register(ENABLE).write(ON);
        self.register(START_SEND).write(1);
        self.register(START_RECEIVE).write(1);
    }
}

impl Uart for Nrf51 {
    fn has_received(&self) -> bool {
        self.register(RECEIVED).read() != 0
    }

    fn take(&self) -> u8 {
        // The event comes again if another byte waits behind this one.
        self.register(RECEIVED).write(0);
        (self.register(RECEIVE_DATA).read() & 0xFF) as u8
    }

    fn send(&self, byte: u8) {
        let sent = self.register(SENT);
        sent.write(0);
        self.register(SEND_DATA).write(u32::from(byte));
        while sent.read() == 0 {}
    }

    fn flush(&self) {
        // `send` has waited.
    }
}
