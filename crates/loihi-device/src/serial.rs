//! A board at a serial port: a UART behind a USB adapter, a USB-CDC port, or a pseudo-terminal.
//!
//! A port that is unplugged is awaited: until it is back, bytes are lost as on any bad line, and requests are repeated. A board
//! that was reset meanwhile says so, and a run resumes from its folder.

mod port;

use super::framed::Framed;
use super::log::LogReader;
use super::transport::{OpenError, Transport};
use super::{DeviceFault, Line};
use loihi_files::whole;
use port::Port;
use std::path::Path;
use std::time::{Duration, Instant};

/// `serial`.
pub const TRANSPORT: Transport = Transport {
    name: "serial",
    about: "A board at a serial port",
    arguments: "PORT[@BAUD], for example /dev/ttyACM0@2000000 [default rate: 115200 baud]",
    open: |arguments, options| {
        let (path, baud) = port_and_rate(arguments)?;
        let log = match &options.firmware {
            Some(path) => LogReader::new(&whole::bytes(path).map_err(|error| {
                DeviceFault(format!(
                    "no firmware at {}: {error}; it is only needed to read the board's log",
                    path.display()
                ))
            })?),
            None => LogReader::default(),
        };
        Ok(Box::new(Framed::new(Serial::open(path, baud)?.with_log(log))))
    },
};

/// Rate of a port for which none is given.
const BAUD_DEFAULT: u32 = 115_200;
/// How long a port that is gone is awaited.
const GONE_MOST: Duration = Duration::from_secs(20);
/// How often it is looked for.
const GONE_EVERY: Duration = Duration::from_millis(100);

/// A serial port.
#[derive(Debug)]
pub struct Serial {
    path: String,
    baud: u32,
    /// The port, or since when it is gone.
    port: Result<Port, Instant>,
    /// Bytes that have come.
    received: u64,
    log: LogReader,
}

impl Serial {
    /// Opens a port: eight bits, no parity, one stop bit, no flow control.
    ///
    /// # Errors
    /// [`DeviceFault`] if it is not there, in use, or may not be opened; it says what to do.
    pub fn open(path: &str, baud: u32) -> Result<Self, DeviceFault> {
        let port = Port::open(Path::new(path), baud).map_err(|error| DeviceFault(port::advice(path, baud, &error)))?;
        Ok(Self { path: path.to_owned(), baud, port: Ok(port), received: 0, log: LogReader::default() })
    }

    /// The same with what reads the log of its firmware.
    #[must_use]
    pub fn with_log(mut self, log: LogReader) -> Self {
        self.log = log;
        self
    }

    /// The port, opened again if it was gone and has come back.
    fn port(&mut self) -> Option<&mut Port> {
        if self.port.is_err()
            && let Ok(port) = Port::open(Path::new(&self.path), self.baud)
        {
            self.port = Ok(port);
        }
        self.port.as_mut().ok()
    }

    /// The port is gone; an error once it has been for too long.
    fn lost(&mut self) -> Result<(), DeviceFault> {
        let since = match self.port {
            Ok(_) => Instant::now(),
            Err(since) => since,
        };
        self.port = Err(since);
        if since.elapsed() < GONE_MOST {
            return Ok(());
        }
        Err(DeviceFault(format!(
            "the serial port {} was unplugged and has not come back within {} s: plug the board in; what was recorded resumes with \
             `loihi run --resume DIR`",
            self.path,
            GONE_MOST.as_secs()
        )))
    }
}

impl Line for Serial {
    fn name(&self) -> &'static str {
        TRANSPORT.name
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), DeviceFault> {
        // What is sent while the port is gone is lost, and repeated.
        match self.port().map(|port| port.send(bytes)) {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) | None => self.lost(),
        }
    }

    fn receive(&mut self, into: &mut Vec<u8>, wait: Duration) -> Result<(), DeviceFault> {
        let before = into.len();
        match self.port().map(|port| port.receive(into, wait)) {
            Some(Ok(())) => {
                self.received = self.received.saturating_add((into.len() - before) as u64);
                Ok(())
            }
            Some(Err(_)) => self.lost(),
            None => {
                std::thread::sleep(wait.min(GONE_EVERY));
                self.lost()
            }
        }
    }

    fn log(&mut self, payload: &[u8]) -> Vec<String> {
        self.log.lines(payload)
    }

    fn silence(&self) -> String {
        let Self { path, baud, received, .. } = self;
        match received {
            0 => format!(
                "nothing came from {path}: see that the board has its firmware and power, and RX and TX are not swapped"
            ),
            _ => format!(
                "{received} bytes came from {path} and no answer among them: see that {baud} is the board's baud rate"
            ),
        }
    }
}

/// A port, and its rate if one is given.
fn port_and_rate(arguments: &str) -> Result<(&str, u32), OpenError> {
    let invalid = |why: String| OpenError::Arguments { device: format!("serial:{arguments}"), why };
    let (path, baud) = match arguments.rsplit_once('@') {
        Some((path, baud)) => (path, Some(baud)),
        None => (arguments, None),
    };
    if path.is_empty() {
        return Err(invalid(format!("say which port, serial:PORT; {}", port::there())));
    }
    let rate = baud.map_or(Some(BAUD_DEFAULT), |baud| baud.parse().ok().filter(|baud| *baud > 0));
    let rate =
        rate.ok_or_else(|| invalid(format!("`{}` is no baud rate: give for example 115200", baud.unwrap_or(""))))?;
    Ok((path, rate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_may_have_a_rate() {
        let said = |arguments| port_and_rate(arguments).map_err(|error| error.to_string());
        assert_eq!(said("/dev/ttyACM0"), Ok(("/dev/ttyACM0", 115_200)));
        assert_eq!(said("COM3@2000000"), Ok(("COM3", 2_000_000)));
        for (arguments, expected) in [
            ("", "`serial:`: say which port, serial:PORT; "),
            ("@9600", "`serial:@9600`: say which port"),
            ("/dev/ttyS0@fast", "`fast` is no baud rate: give for example 115200"),
            ("/dev/ttyS0@0", "`0` is no baud rate"),
        ] {
            let said = said(arguments).unwrap_err();
            assert!(said.contains(expected), "{said}");
        }
    }

    #[test]
    fn what_cannot_be_opened_says_what_to_do() {
        let said = |path: &str| Serial::open(path, 115_200).unwrap_err().to_string();
        assert!(said("/nowhere/tty").starts_with("no serial port at /nowhere/tty: plug the board in; "));
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap().to_owned();
        assert!(said(&path).starts_with(&format!("{path} is not a serial port: ")), "{}", said(&path));
    }
}
