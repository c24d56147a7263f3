//! The serve loop: bytes in, [`Device`], bytes out. Portable to any board.

use embedded_hal::digital::OutputPin;
use embedded_io::{Read, Write};
use loihi_core::device::Device;

/// Bytes taken from the port at once, at least the depth of a 16550's FIFO.
const CHUNK_BYTES: usize = 64;

/// The byte that ends a frame, and so the only one that can set the device to work.
const DELIMITER: u8 = 0;

/// Feeds what `port` receives to `device` and sends what it answers, until the port ends.
///
/// An answer is sent whole before the next byte is looked at, so nothing can interleave with
/// it. `busy` is high while a frame that has arrived whole is executed: an oscilloscope or a
/// logic analyser on that pin shows the latency of a request without the serial line's share. A
/// pin that fails is ignored, for it carries no data.
///
/// # Errors
///
/// The first error of `port`. Returns `Ok` when a read gives no bytes, which by the contract of
/// [`Read`] means the end of the stream; a UART never does.
pub fn serve<P, O, A, B>(port: &mut P, busy: &mut O, device: &mut Device<A, B>) -> Result<(), P::Error>
where
    P: Read + Write,
    O: OutputPin,
    A: AsMut<[u64]>,
    B: AsRef<[u8]> + AsMut<[u8]>,
{
    let mut chunk = [0; CHUNK_BYTES];
    loop {
        let received = port.read(&mut chunk)?;
        if received == 0 {
            return Ok(());
        }
        for &byte in chunk.iter().take(received) {
            if byte == DELIMITER {
                let _ = busy.set_high();
                device.receive(byte);
                let _ = busy.set_low();
                answer(port, device)?;
            } else {
                device.receive(byte);
            }
        }
    }
}

/// Sends everything that `device` has to say.
fn answer<P, A, B>(port: &mut P, device: &mut Device<A, B>) -> Result<(), P::Error>
where
    P: Write,
    A: AsMut<[u64]>,
    B: AsRef<[u8]> + AsMut<[u8]>,
{
    loop {
        let pending = device.pending();
        if pending.is_empty() {
            return port.flush();
        }
        let sent = port.write(pending)?;
        device.advance(sent);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::convert::Infallible;

    use embedded_hal::digital;
    use embedded_io::{ErrorKind, ErrorType};
    use loihi_core::device::{Board, Buffers};
    use loihi_core::wire::frame::{self, BODY_LEAST, CHANNEL_MESSAGE, FrameReader, Received, line_bytes, plain_bytes};

    use super::*;

    /// What port and pin did, in order.
    #[derive(Debug, PartialEq, Eq)]
    enum ServeEvent {
        High,
        Low,
        Sent(Vec<u8>),
        Flushed,
    }

    type Events = RefCell<Vec<ServeEvent>>;

    /// A port that gives a byte at a time and takes three; then it ends or fails.
    struct Port<'a> {
        input: &'a [u8],
        end: Result<usize, ErrorKind>,
        events: &'a Events,
    }

    impl ErrorType for Port<'_> {
        type Error = ErrorKind;
    }

    impl Read for Port<'_> {
        fn read(&mut self, into: &mut [u8]) -> Result<usize, ErrorKind> {
            let Some((&byte, rest)) = self.input.split_first() else {
                return self.end;
            };
            self.input = rest;
            into[0] = byte;
            Ok(1)
        }
    }

    impl Write for Port<'_> {
        fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
            let sent = bytes.len().min(3);
            self.events.borrow_mut().push(ServeEvent::Sent(bytes[..sent].to_vec()));
            Ok(sent)
        }

        fn flush(&mut self) -> Result<(), ErrorKind> {
            self.events.borrow_mut().push(ServeEvent::Flushed);
            Ok(())
        }
    }

    struct Pin<'a>(&'a Events);

    impl digital::ErrorType for Pin<'_> {
        type Error = Infallible;
    }

    impl OutputPin for Pin<'_> {
        fn set_low(&mut self) -> Result<(), Infallible> {
            self.0.borrow_mut().push(ServeEvent::Low);
            Ok(())
        }

        fn set_high(&mut self) -> Result<(), Infallible> {
            self.0.borrow_mut().push(ServeEvent::High);
            Ok(())
        }
    }

    /// A valid frame whose body no device can read.
    fn request() -> Vec<u8> {
        let mut line = [0; line_bytes(0)];
        let length = frame::encode(CHANNEL_MESSAGE, 7, &[], &mut line).expect("it fits");
        line[..length].to_vec()
    }

    fn served(input: &[u8], end: Result<usize, ErrorKind>) -> (Result<(), ErrorKind>, Vec<ServeEvent>) {
        let events = Events::default();
        let mut arena = [0; 8];
        let mut memory = [0; Buffers::bytes(BODY_LEAST)];
        let mut device = Device::new(&mut arena[..], Board::named("test"), Buffers::split(&mut memory));
        let result = serve(&mut Port { input, end, events: &events }, &mut Pin(&events), &mut device);
        (result, events.into_inner())
    }

    #[test]
    fn an_answer_is_sent_whole_after_the_work_is_done() {
        let (result, events) = served(&request(), Ok(0));
        assert_eq!(result, Ok(()));
        let [ServeEvent::High, ServeEvent::Low, answer @ .., ServeEvent::Flushed] = events.as_slice() else {
            panic!("{events:?}");
        };
        let mut reader = FrameReader::new([0; plain_bytes(BODY_LEAST)]);
        let mut frames = 0;
        for event in answer {
            let ServeEvent::Sent(bytes) = event else { panic!("{event:?}") };
            for &byte in bytes {
                if let Received::Frame(frame) = reader.push(byte) {
                    assert_eq!(frame.sequence, 7);
                    frames += 1;
                }
            }
        }
        assert_eq!(frames, 1);
    }

    #[test]
    fn half_a_request_is_not_answered() {
        let line = request();
        let (result, events) = served(&line[..line.len() - 1], Ok(0));
        assert_eq!((result, events), (Ok(()), vec![]));
    }

    #[test]
    fn an_error_of_the_port_ends_the_loop() {
        let (result, events) = served(&[1, 2, 3], Err(ErrorKind::BrokenPipe));
        assert_eq!((result, events), (Err(ErrorKind::BrokenPipe), vec![]));
    }
}
