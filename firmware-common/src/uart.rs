//! A serial line that is polled, behind `embedded_io` traits.

use core::convert::Infallible;

use embedded_io::{ErrorType, Read, Write};

/// Bits per second of every serial line.
pub const BAUD: u32 = 115_200;

/// What a driver of a UART does, a byte at a time.
pub trait Uart {
    /// Whether a received byte waits.
    fn has_received(&self) -> bool;

    /// Takes the byte that waits; any value if none does.
    fn take(&self) -> u8;

    /// Sends a byte, after waiting until there is room for it.
    fn send(&self, byte: u8);

    /// Sends all of `bytes`.
    fn send_all(&self, bytes: &[u8]) {
        for byte in bytes {
            self.send(*byte);
        }
    }

    /// Waits until the last byte has left.
    fn flush(&self);
}

/// The line of a UART. Reading waits for a byte, and takes those that have come with it.
#[derive(Debug)]
pub struct Port<U>(pub U);

impl<U> ErrorType for Port<U> {
    type Error = Infallible;
}

impl<U: Uart> Read for Port<U> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Infallible> {
        let mut received = 0;
        for slot in into {
            while received == 0 && !self.0.has_received() {}
            if !self.0.has_received() {
                break;
            }
            *slot = self.0.take();
            received += 1;
        }
        Ok(received)
    }
}

impl<U: Uart> Write for Port<U> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        self.0.send_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        self.0.flush();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::VecDeque;

    use super::*;

    struct Loop(RefCell<VecDeque<u8>>);

    impl Uart for Loop {
        fn has_received(&self) -> bool {
            !self.0.borrow().is_empty()
        }

        fn take(&self) -> u8 {
            self.0.borrow_mut().pop_front().unwrap_or(0)
        }

        fn send(&self, byte: u8) {
            self.0.borrow_mut().push_back(byte);
        }

        fn flush(&self) {}
    }

    #[test]
    fn what_has_come_is_read_and_no_more() {
        let mut port = Port(Loop(RefCell::default()));
        assert_eq!(port.write(&[1, 2, 3]), Ok(3));
        let mut two = [0; 2];
        assert_eq!((port.read(&mut two), two), (Ok(2), [1, 2]));
        assert_eq!((port.read(&mut two), two), (Ok(1), [3, 2]));
        assert_eq!(port.read(&mut []), Ok(0));
    }
}
