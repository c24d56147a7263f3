//! A board at a serial port: a UART behind a USB adapter, a USB-CDC port, or a pseudo-terminal.
//!
//! A port that disappears is awaited: until it is back, bytes are lost as on any bad line, and requests are repeated. A board
//! that was reset meanwhile says so, and a run resumes from its folder.

mod port;

use super::framed::Framed;
use super::log::LogReader;
use super::report::Latest;
use super::transport::{OpenError, OpenOption, Transport};
use super::{DeviceFault, Heard, Line};
use loihi_files::whole;
use port::Port;
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

/// `serial`.
pub const TRANSPORT: Transport = Transport {
    name: "serial",
    about: "A board at a serial port",
    arguments: "PORT[@BAUD], for example /dev/ttyACM0@2000000 [default rate: 115200 baud]",
    takes: &[OpenOption::Board, OpenOption::Firmware],
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
/// The longest that a port may take to accept bytes.
const SEND_MOST: Duration = Duration::from_secs(10);
/// How long a port that is gone is awaited.
const GONE_MOST: Duration = Duration::from_secs(20);
/// How often it is looked for.
const GONE_EVERY: Duration = Duration::from_millis(100);

/// A serial port.
#[derive(Debug)]
pub struct Serial {
    path: String,
    baud: u32,
    /// The port; `None` while it is gone.
    port: Option<Port>,
    /// When the port stopped working, if it has.
    trouble_since: Option<Instant>,
    /// How long it may be unusable.
    patience: Duration,
    /// The end of what was received, in which a report may stand.
    latest: Latest,
    log: LogReader,
}

impl Serial {
    /// Opens a port: eight bits, no parity, one stop bit, no flow control.
    ///
    /// # Errors
    /// [`DeviceFault`] if it is not there, in use, or may not be opened; it says what to do.
    pub fn open(path: &str, baud: u32) -> Result<Self, DeviceFault> {
        let port = Port::open(Path::new(path), baud).map_err(|error| DeviceFault(port::advice(path, baud, &error)))?;
        let (path, log, latest) = (path.to_owned(), LogReader::default(), Latest::default());
        Ok(Self { path, baud, port: Some(port), trouble_since: None, patience: GONE_MOST, latest, log })
    }

    /// The same with what reads the log of its firmware.
    #[must_use]
    pub fn with_log(mut self, log: LogReader) -> Self {
        self.log = log;
        self
    }

    /// The same with another time that the port may be gone or take no bytes [default: 20 s].
    #[must_use]
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Opens the port again if it is gone; whether it is there then.
    fn reopen(&mut self) -> Result<bool, DeviceFault> {
        if self.port.is_some() {
            return Ok(true);
        }
        match Port::open(Path::new(&self.path), self.baud) {
            Ok(port) => {
                self.port = Some(port);
                self.trouble_since = None;
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => self.lost().map(|()| false),
            Err(error) => {
                let (seconds, advice) = (self.patience.as_secs(), port::advice(&self.path, self.baud, &error));
                self.troubled(&format!("could not be opened again within {seconds} s: {advice}")).map(|()| false)
            }
        }
    }

    /// The port is gone; an error once it has been for too long.
    fn lost(&mut self) -> Result<(), DeviceFault> {
        self.port = None;
        let seconds = self.patience.as_secs();
        self.troubled(&format!("disappeared and did not come back within {seconds} s: plug the board in"))
    }

    /// The port does not work: an error once that has lasted too long.
    fn troubled(&mut self, what: &str) -> Result<(), DeviceFault> {
        let since = *self.trouble_since.get_or_insert_with(Instant::now);
        if since.elapsed() < self.patience {
            return Ok(());
        }
        Err(DeviceFault(format!("the serial port {} {what}, then continue with `loihi run --resume DIR`", self.path)))
    }
}

impl Line for Serial {
    fn name(&self) -> &'static str {
        TRANSPORT.name
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), DeviceFault> {
        // What is sent while the port is gone is lost, and repeated.
        if !self.reopen()? {
            return Ok(());
        }
        let wait = SEND_MOST.min(self.patience);
        match self.port.as_mut().map(|port| port.send(bytes, wait)) {
            Some(Ok(())) => {
                self.trouble_since = None;
                Ok(())
            }
            Some(Err(error)) if error.kind() == ErrorKind::TimedOut => {
                let seconds = self.patience.as_secs();
                self.troubled(&format!("took no bytes for {seconds} s: see that the board has power"))
            }
            Some(Err(_)) | None => self.lost(),
        }
    }

    fn receive(&mut self, into: &mut Vec<u8>, wait: Duration) -> Result<(), DeviceFault> {
        if self.reopen()? {
            let begin = into.len();
            if let Some(Ok(())) = self.port.as_mut().map(|port| port.receive(into, wait)) {
                self.latest.add(into.get(begin..).unwrap_or_default());
                return Ok(());
            }
            self.lost()?;
        }
        std::thread::sleep(wait.min(GONE_EVERY));
        Ok(())
    }

    fn log(&mut self, payload: &[u8]) -> Vec<String> {
        self.log.lines(payload)
    }

    fn silence(&self, heard: Heard) -> Option<String> {
        let Self { path, baud, .. } = self;
        let Heard { bytes, understood } = heard;
        let said = self.latest.reports();
        if !said.is_empty() {
            return Some(format!("the board says: {said}"));
        }
        Some(match (bytes, understood) {
            (0, false) => format!(
                "nothing came from {path}: see that the board has its firmware and power, and RX and TX are not swapped"
            ),
            (0, true) => format!("nothing more came from {path}: see that the board still has power"),
            (_, false) => {
                format!(
                    "{bytes} bytes came from {path} and no answer among them: see that {baud} is the board's baud rate"
                )
            }
            (_, true) => format!(
                "{bytes} bytes came from {path} since, and no answer among them: see that the board's power and cable are good"
            ),
        })
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
    let rate = rate
        .ok_or_else(|| invalid(format!("`{}` is not a baud rate: give a number such as 115200", baud.unwrap_or(""))))?;
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
            ("/dev/ttyS0@fast", "`fast` is not a baud rate: give a number such as 115200"),
            ("/dev/ttyS0@0", "`0` is not a baud rate"),
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

    /// Nobody reads from the other end of this terminal.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_port_that_takes_no_bytes_is_not_said_to_be_unplugged() {
        use std::os::fd::AsRawFd as _;
        let (_outer, inner) = serial2::SerialPort::pair().unwrap();
        let path = std::fs::read_link(format!("/proc/self/fd/{}", inner.as_raw_fd())).unwrap();
        let port = Serial::open(path.to_str().unwrap(), 115_200).unwrap();
        let mut port = port.with_patience(Duration::from_millis(100));
        let bytes = vec![0; 1 << 16];
        let said = (0..3).find_map(|_| port.send(&bytes).err()).unwrap().to_string();
        assert!(said.contains(" took no bytes for ") && said.contains("--resume"), "{said}");
    }
}
