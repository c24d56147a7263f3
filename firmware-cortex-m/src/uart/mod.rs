//! Drivers of UARTs, one a family of chips.

pub mod cmsdk;
pub mod nrf51;
pub mod stm32;
