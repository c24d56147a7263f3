//! The serial line of boards with an STM32F4: USART2 on PA2 and PA3, which receives by interrupt.

#![no_std]

use cortex_m::peripheral::NVIC;
use firmware_common::inbox::Inbox;
use firmware_common::uart::Uart;
use firmware_cortex_m::uart::stm32::Stm32;
use stm32f4xx_hal::gpio::{PA2, PA3};
use stm32f4xx_hal::pac::{Interrupt, USART2, interrupt};
use stm32f4xx_hal::prelude::*;
use stm32f4xx_hal::rcc::Rcc;
use stm32f4xx_hal::serial::{Event, Serial};

/// Room for the longest frame of these boards.
const INBOX_BYTES: usize = 2048;

static INBOX: Inbox<INBOX_BYTES> = Inbox::new();

/// The line.
#[derive(Debug)]
pub struct Usart2(Stm32);

impl Default for Usart2 {
    fn default() -> Self {
        // SAFETY: every STM32F4 has it.
        Self(unsafe { Stm32::at(USART2::ptr().addr()) })
    }
}

impl Usart2 {
    /// Sets the line up: eight bits, no parity, one stop bit.
    ///
    /// Nothing happens with a rate that the clock cannot give, and no way is left to say so.
    pub fn start(usart: USART2, pins: (PA2, PA3), baud: u32, rcc: &mut Rcc) {
        let Ok(mut serial) = Serial::<USART2, u8>::new(usart, pins, baud.bps(), rcc) else { return };
        serial.listen(Event::RxNotEmpty);
        // SAFETY: the handler shares nothing with the program but the inbox, which keeps them apart.
        unsafe { NVIC::unmask(Interrupt::USART2) };
    }
}

impl Uart for Usart2 {
    fn has_received(&self) -> bool {
        !INBOX.is_empty()
    }

    fn take(&self) -> u8 {
        INBOX.take().unwrap_or(0)
    }

    fn send(&self, byte: u8) {
        self.0.send(byte);
    }

    fn flush(&self) {
        self.0.flush();
    }
}

/// A byte has come, or one too many: to read the state and then the data clears both. A byte that the line has spoilt is
/// taken all the same, and the check of its frame fails.
#[interrupt]
fn USART2() {
    let Usart2(usart) = Usart2::default();
    let has_come = usart.has_received();
    let byte = usart.take();
    if has_come {
        INBOX.push(byte);
    }
}
