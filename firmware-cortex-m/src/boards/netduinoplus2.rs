//! STM32F401 and STM32F405 (Netduino Plus 2), with USART1 on PA9 and PA10.
//!
//! The clock is the one after reset, 16 MHz; QEMU runs the processor at 168 MHz whatever is set up.

use firmware_common::pin::Pin;
use firmware_common::register::Register;
use firmware_common::uart::BAUD;

use crate::data::{STROBE_BASE, STROBE_NUMBER, UART_BASE};
use crate::pins;
use crate::uart::stm32::Stm32;

/// The oscillator that runs after reset, in Hz.
const HSI_HZ: u32 = 16_000_000;
/// Clock gate of USART1.
const RCC_APB2ENR: usize = 0x4002_3844;
/// Offset of the functions of pins 8 to 15 among the registers of a GPIO port.
const AFRH: usize = 0x24;
/// Pins of USART1 are of function 7.
const USART_FUNCTION: u32 = 7;

// The start of the strobe's pin switches on the clock of port A, which has the pins of USART1, too.
const _: () = assert!(STROBE_BASE == pins::PORT_A, "the strobe of this board has to be a pin of port A");

pub(crate) const HAS_SYSTICK: bool = true;

pub(crate) fn uart() -> Stm32 {
    // SAFETY: the data of the board say that it is there.
    unsafe { Stm32::at(UART_BASE) }
}

pub(crate) fn strobe() -> Pin<impl FnMut(bool)> {
    // SAFETY: every STM32F4 has port A.
    unsafe { pins::stm32f4(STROBE_BASE, STROBE_NUMBER) }
}

pub(crate) fn start() {
    // SAFETY: these are registers of clock control and of port A on every STM32F4.
    let [buses, mode, function] = unsafe {
        pins::start_stm32f4(STROBE_BASE, STROBE_NUMBER);
        [RCC_APB2ENR, pins::PORT_A + pins::MODER, pins::PORT_A + AFRH].map(|address| Register::at(address))
    };
    buses.set(1 << 4);
    function.set(USART_FUNCTION << 4 | USART_FUNCTION << 8);
    // Two bits a pin: 2 is a function. Pins 9 and 10 are inputs after reset.
    mode.set(2 << 18 | 2 << 20);
    uart().start(HSI_HZ / BAUD);
}
