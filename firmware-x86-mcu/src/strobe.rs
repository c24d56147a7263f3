//! Data pin 0 of the first parallel port (pin 2 of the connector) as an output.

use core::convert::Infallible;

use embedded_hal::digital::{ErrorType, OutputPin};

use crate::port;

/// I/O port of the data register of LPT1.
const DATA: u16 = 0x378;

/// The pin; the other seven data pins stay low.
///
/// On a machine without a parallel port the writes go nowhere.
#[derive(Debug)]
pub struct Strobe;

impl ErrorType for Strobe {
    type Error = Infallible;
}

impl OutputPin for Strobe {
    fn set_low(&mut self) -> Result<(), Infallible> {
        // SAFETY: the data register only drives eight pins.
        unsafe { port::write(DATA, 0) };
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        // SAFETY: the data register only drives eight pins.
        unsafe { port::write(DATA, 1) };
        Ok(())
    }
}
