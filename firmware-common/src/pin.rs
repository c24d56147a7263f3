//! Output pins: the strobe that is high while a request is executed.

use core::convert::Infallible;

use embedded_hal::digital::{ErrorType, OutputPin};

use crate::register::Register;

/// A pin that a function drives: high for `true`, low for `false`.
///
/// ```
/// use embedded_hal::digital::OutputPin;
/// use firmware_common::pin::Pin;
///
/// let mut level = None;
/// let Ok(()) = Pin(|is_high| level = Some(is_high)).set_high();
/// assert_eq!(level, Some(true));
/// ```
#[derive(Debug)]
pub struct Pin<F>(pub F);

/// A pin that is driven by registers: what is written where for high, and for low.
pub fn written(high: (Register, u32), low: (Register, u32)) -> Pin<impl FnMut(bool)> {
    Pin(move |is_high| {
        let (register, value) = if is_high { high } else { low };
        register.write(value);
    })
}

impl<F> ErrorType for Pin<F> {
    type Error = Infallible;
}

impl<F: FnMut(bool)> OutputPin for Pin<F> {
    fn set_low(&mut self) -> Result<(), Infallible> {
        (self.0)(false);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        (self.0)(true);
        Ok(())
    }
}
