//! The UART of Arm's Cortex-M system design kit.

use firmware_common::register::Register;
use firmware_common::uart::Uart;

/// Offsets of the registers.
const DATA: usize = 0x00;
const STATE: usize = 0x04;
const CONTROL: usize = 0x08;
const DIVISOR: usize = 0x10;

/// Bits of the state: no room to send, a byte received.
const SEND_FULL: u32 = 1 << 0;
const RECEIVE_FULL: u32 = 1 << 1;
/// Bits of the control register: sends, receives.
const ENABLE: u32 = 1 << 0 | 1 << 1;
/// Least divisor that the hardware takes.
const DIVISOR_LEAST: u32 = 16;

/// The UART.
#[derive(Debug)]
pub struct Cmsdk {
    data: Register,
    state: Register,
    control: Register,
    divisor: Register,
}

impl Cmsdk {
    /// The UART at an address.
    ///
    /// # Safety
    ///
    /// One is there.
    pub const unsafe fn at(base: usize) -> Self {
        // SAFETY: the registers of a UART reach no memory, and one is there by this function's contract.
        unsafe {
            Self {
                data: Register::at(base + DATA),
                state: Register::at(base + STATE),
                control: Register::at(base + CONTROL),
                divisor: Register::at(base + DIVISOR),
            }
        }
    }

    /// Switches it on, with this many clocks per bit.
    pub fn start(&self, clocks: u32) {
        self.divisor.write(clocks.max(DIVISOR_LEAST));
        self.control.write(ENABLE);
    }
}

impl Uart for Cmsdk {
    fn has_received(&self) -> bool {
        self.state.has(RECEIVE_FULL)
    }

    fn take(&self) -> u8 {
        (self.data.read() & 0xFF) as u8
    }

    fn send(&self, byte: u8) {
        while self.state.has(SEND_FULL) {}
        self.data.write(u32::from(byte));
    }

    fn flush(&self) {
        while self.state.has(SEND_FULL) {}
    }
}
