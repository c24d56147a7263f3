//! A serial port of the system, which no other program uses at the same time.

use serial2::{SerialPort, Settings};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

/// Most bytes that are taken at a time.
const CHUNK: usize = 4096;

/// An open port.
#[derive(Debug)]
pub(super) struct Port(SerialPort);

impl Port {
    pub(super) fn open(path: &Path, baud: u32) -> io::Result<Self> {
        let port = SerialPort::open(path, |mut settings: Settings| {
            settings.set_raw();
            settings.set_baud_rate(baud)?;
            Ok(settings)
        })?;
        keep_to_this_program(&port)?;
        // What came before has no meaning.
        let _as_it_is = port.discard_input_buffer();
        Ok(Self(port))
    }

    /// Sends bytes, each of which may take `wait`.
    pub(super) fn send(&mut self, bytes: &[u8], wait: Duration) -> io::Result<()> {
        self.0.set_write_timeout(wait)?;
        self.0.write_all(bytes)
    }

    /// Adds what comes within `wait`, or nothing.
    pub(super) fn receive(&mut self, into: &mut Vec<u8>, wait: Duration) -> io::Result<()> {
        let mut buffer = [0; CHUNK];
        self.0.set_read_timeout(wait)?;
        match self.0.read(&mut buffer) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                into.extend_from_slice(buffer.get(..count).unwrap_or_default());
                Ok(())
            }
            Err(error)
                if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
            {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

/// Other programs are kept out, as far as they ask; Windows does so by itself.
#[cfg(unix)]
fn keep_to_this_program(port: &SerialPort) -> io::Result<()> {
    use rustix::fs::{FlockOperation, flock};
    flock(port, FlockOperation::NonBlockingLockExclusive).map_err(why_not_locked)
}

/// Only a lock that another program holds says that the port is in use.
#[cfg(unix)]
fn why_not_locked(errno: rustix::io::Errno) -> io::Error {
    if errno == rustix::io::Errno::WOULDBLOCK { ErrorKind::ResourceBusy.into() } else { errno.into() }
}

#[cfg(not(unix))]
fn keep_to_this_program(_port: &SerialPort) -> io::Result<()> {
    Ok(())
}

/// Why a port could not be opened, and what to do.
pub(super) fn advice(path: &str, baud: u32, error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => format!("no serial port at {path}: plug the board in; {}", there()),
        ErrorKind::PermissionDenied if cfg!(windows) => format!("{path} is in use by another program: close that"),
        ErrorKind::PermissionDenied => format!(
            "no permission for {path}: join the group that owns it (`sudo usermod -a -G dialout $USER`), then log in again"
        ),
        ErrorKind::ResourceBusy => format!("{path} is in use by another program: close that"),
        ErrorKind::InvalidInput => format!("{path} cannot run at {baud} baud: give another rate, PORT@BAUD"),
        // ENOTTY
        _ if error.raw_os_error() == Some(25) => format!("{path} is not a serial port: {}", there()),
        _ => format!("{path} cannot be opened: {error}"),
    }
}

/// The ports that there are, in a clause.
pub(super) fn there() -> String {
    let found = SerialPort::available_ports().unwrap_or_default();
    let names: Vec<String> = found.iter().map(|path| path.display().to_string()).collect();
    if names.is_empty() { "there are none now".to_owned() } else { format!("there are: {}", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn only_a_lock_that_is_held_means_in_use() {
        use rustix::io::Errno;
        let said = |errno| advice("/dev/ttyS0", 9600, &why_not_locked(errno));
        assert_eq!(said(Errno::WOULDBLOCK), "/dev/ttyS0 is in use by another program: close that");
        assert!(said(Errno::NOLCK).starts_with("/dev/ttyS0 cannot be opened: "), "{}", said(Errno::NOLCK));
    }

    #[test]
    fn every_refusal_says_what_to_do() {
        for (kind, expected) in [
            (
                ErrorKind::PermissionDenied,
                "no permission for tty: join the group that owns it (`sudo usermod -a -G dialout",
            ),
            (ErrorKind::ResourceBusy, "tty is in use by another program: close that"),
            (ErrorKind::InvalidInput, "tty cannot run at 7 baud: give another rate, PORT@BAUD"),
        ] {
            let said = advice("tty", 7, &kind.into());
            let is_busy = cfg!(windows) && kind == ErrorKind::PermissionDenied;
            assert!(said.starts_with(expected) || is_busy, "{said}");
        }
    }
}
