//! Olimex's STM32-H405, or another board with an STM32F405 and a crystal of 8 MHz.

#![no_std]
#![no_main]

use stm32f4xx_hal::prelude::*;
use stm32f4xx_hal::rcc::Config;

/// The crystal.
const HSE_HZ: u32 = 8_000_000;

firmware_stm32f4::board!(Config::hse(HSE_HZ.Hz()));
