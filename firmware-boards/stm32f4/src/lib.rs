//! The firmware of boards with an STM32F4: a serial line on USART2, PA2 and PA3, which receives by interrupt.

#![no_std]

use cortex_m::peripheral::NVIC;
use firmware_common::inbox::Inbox;
use firmware_common::uart::{BAUD, Uart};
use firmware_cortex_m::uart::stm32::Stm32;
use stm32f4xx_hal::pac::{Interrupt, Peripherals, USART2, interrupt};
use stm32f4xx_hal::prelude::*;
use stm32f4xx_hal::rcc::Config;
use stm32f4xx_hal::serial::{Event, Serial};

/// Room for the longest frame of these boards, which [`board!`] makes sure of.
pub const INBOX_BYTES: usize = 2048;

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

/// Sets the clock up, from its source, and the line: eight bits, no parity, one stop bit.
///
/// Nothing happens to the line with a rate that the clock cannot give, and no way is left to say so.
pub fn start(source: Config, clock_hz: u32) {
    let Some(device) = Peripherals::take() else { return };
    let mut rcc = device.RCC.freeze(source.sysclk(clock_hz.Hz()));
    let port = device.GPIOA.split(&mut rcc);
    let pins = (port.pa2, port.pa3);
    let Ok(mut serial) = Serial::<USART2, u8>::new(device.USART2, pins, BAUD.bps(), &mut rcc) else { return };
    serial.listen(Event::RxNotEmpty);
    // SAFETY: the handler shares nothing with the program but the inbox, which keeps them apart.
    unsafe { NVIC::unmask(Interrupt::USART2) };
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

/// The whole firmware of a board, from the source of its clock, a `stm32f4xx_hal::rcc::Config`. Frequency and pin are those of
/// the board's data.
#[macro_export]
macro_rules! board {
    ($source:expr) => {
        firmware_common::data!();

        firmware_cortex_m::hardware!(uart, strobe, start);

        const _: () = assert!(
            loihi_core::wire::frame::line_bytes(data::BODY_BYTES) <= $crate::INBOX_BYTES,
            "the longest frame does not fit the inbox"
        );

        fn uart() -> $crate::Usart2 {
            $crate::Usart2::default()
        }

        fn strobe() -> firmware_common::pin::Pin<impl FnMut(bool)> {
            // SAFETY: the data of the board say that the port is there.
            unsafe { firmware_cortex_m::pins::stm32f4(data::STROBE_BASE, data::STROBE_NUMBER) }
        }

        fn start() {
            $crate::start($source, data::CLOCK_HZ);
            // SAFETY: as in `strobe`.
            unsafe { firmware_cortex_m::pins::start_stm32f4(data::STROBE_BASE, data::STROBE_NUMBER) }
        }
    };
}
