//! Drivers of UARTs, one a family of chips.

pub(crate) mod cmsdk;
pub(crate) mod nrf51;
pub(crate) mod stm32;
