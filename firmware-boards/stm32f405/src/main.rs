//! Olimex's STM32-H405, or another board with an STM32F405 and a crystal of 8 MHz.

#![no_std]
#![no_main]

mod data {
    #![allow(dead_code, clippy::unreadable_literal, reason = "made of data, of which every board uses its own part")]
    include!(concat!(env!("OUT_DIR"), "/board.rs"));
}

use data::{BAUD, CLOCK_HZ, STROBE_BASE, STROBE_NUMBER};
use firmware_common::pin::Pin;
use firmware_common::register::Register;
use firmware_stm32f4::Usart2;
use stm32f4xx_hal::pac::Peripherals;
use stm32f4xx_hal::prelude::*;
use stm32f4xx_hal::rcc::Config;

/// The crystal.
const HSE_HZ: u32 = 8_000_000;
/// Offset of the register of a GPIO port that sets and resets bits.
const BSRR: usize = 0x18;

firmware_cortex_m::hardware!(uart, strobe, start);

fn uart() -> Usart2 {
    Usart2::default()
}

fn strobe() -> Pin<impl FnMut(bool)> {
    // SAFETY: the data of the board say that the port is there.
    let bits = unsafe { Register::at(STROBE_BASE + BSRR) };
    Pin(move |is_high| bits.write(1 << if is_high { STROBE_NUMBER } else { STROBE_NUMBER + 16 }))
}

fn start(_core: &mut cortex_m::Peripherals) {
    let Some(device) = Peripherals::take() else { return };
    let mut rcc = device.RCC.freeze(Config::hse(HSE_HZ.Hz()).sysclk(CLOCK_HZ.Hz()));
    let gpioa = device.GPIOA.split(&mut rcc);
    let gpioc = device.GPIOC.split(&mut rcc);
    gpioc.pc12.into_push_pull_output();
    Usart2::start(device.USART2, (gpioa.pa2, gpioa.pa3), BAUD, &mut rcc);
}
