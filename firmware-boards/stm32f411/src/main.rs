//! Nucleo-F411RE.

#![no_std]
#![no_main]

use stm32f4xx_hal::prelude::*;
use stm32f4xx_hal::rcc::Config;

/// The clock that the ST-LINK gives.
const HSE_HZ: u32 = 8_000_000;

firmware_stm32f4::board!(Config::hse(HSE_HZ.Hz()).bypass_hse_oscillator());
