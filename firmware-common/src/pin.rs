//! Output pins: the strobe that is high while a request is executed.

use core::convert::Infallible;

use embedded_hal::digital::{ErrorType, OutputPin};

use crate::register::Register;

/// A pin that goes high and low by words which are written to registers.
#[derive(Debug)]
pub struct Pin {
    /// Where a word makes it high, and the word.
    pub high: (Register, u32),
    /// Where a word makes it low, and the word.
    pub low: (Register, u32),
}

impl ErrorType for Pin {
    type Error = Infallible;
}

impl OutputPin for Pin {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.low.0.write(self.low.1);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.high.0.write(self.high.1);
        Ok(())
    }
}

/// The pin of a board that has none.
#[derive(Debug)]
pub struct NoPin;

impl ErrorType for NoPin {
    type Error = Infallible;
}

impl OutputPin for NoPin {
    fn set_low(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
