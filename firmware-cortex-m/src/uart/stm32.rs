//! The USART of the STM32F1, F2 and F4.

use firmware_common::register::Register;
use firmware_common::uart::Uart;

/// Offsets of the registers.
const STATE: usize = 0x00;
const DATA: usize = 0x04;
const DIVISOR: usize = 0x08;
const CONTROL: usize = 0x0C;

/// Bits of the state: a byte received, the last byte has left, room to send.
const RECEIVED: u32 = 1 << 5;
const COMPLETE: u32 = 1 << 6;
const SEND_EMPTY: u32 = 1 << 7;
/// Bits of the control register: receives, sends, on.
const ENABLE: u32 = 1 << 2 | 1 << 3 | 1 << 13;

/// The USART.
#[derive(Debug)]
pub struct Stm32 {
    state: Register,
    data: Register,
    divisor: Register,
    control: Register,
}

impl Stm32 {
    /// The USART at an address.
    ///
    /// # Safety
    ///
    /// One is there.
    pub const unsafe fn at(base: usize) -> Self {
        // SAFETY: the registers of a USART reach no memory, and one is there by this function's contract.
        unsafe {
            Self {
                state: Register::at(base + STATE),
                data: Register::at(base + DATA),
                divisor: Register::at(base + DIVISOR),
                control: Register::at(base + CONTROL),
            }
        }
    }

    /// Switches it on, with this many clocks per bit.
    pub fn start(&self, clocks: u32) {
        self.divisor.write(clocks);
        self.control.write(ENABLE);
    }
}

impl Uart for Stm32 {
    fn has_received(&self) -> bool {
        self.state.has(RECEIVED)
    }

    fn take(&self) -> u8 {
        (self.data.read() & 0xFF) as u8
    }

    fn send(&self, byte: u8) {
        while !self.state.has(SEND_EMPTY) {}
        self.data.write(u32::from(byte));
    }

    fn flush(&self) {
        while !self.state.has(COMPLETE) {}
    }
}
