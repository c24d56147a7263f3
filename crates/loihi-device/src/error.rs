//! Why a device did not do what it was asked.

use super::DeviceFault;
use loihi_core::image::ImageError;
use loihi_core::wire::DeviceError;
use loihi_core::wire::message::{SCHEMA, VERSION};

/// Why a device did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The device cannot be reached any more.
    #[error(transparent)]
    Fault(#[from] DeviceFault),
    /// The device refused.
    #[error("the device refused: {0}")]
    Refused(DeviceError),
    /// Host and device are of different versions.
    #[error(
        "the device speaks protocol version {device_version} (schema {device_schema:016x}), this host speaks version \
         {VERSION} (schema {SCHEMA:016x}): build firmware and host from the same source (`cargo xtask firmware`)"
    )]
    Version {
        /// Version of the device.
        device_version: u16,
        /// Schema of the device.
        device_schema: u64,
    },
    /// The device is another board than the one that was named.
    #[error(
        "the device {device} has the firmware of the board {found}, not of {wanted}: leave --board out, or put that of {wanted} on \
         it (`cargo xtask firmware --board {wanted}`)"
    )]
    OtherBoard {
        /// Name of the device.
        device: String,
        /// The board that it says it is.
        found: String,
        /// The board that was named.
        wanted: String,
    },
    /// No valid answer came.
    #[error("the device {device} did not answer within {seconds} s, although it was asked {attempts} times{hint}")]
    Silent {
        /// Name of the device.
        device: String,
        /// How long the host has waited.
        seconds: u64,
        /// How often the request was sent.
        attempts: u32,
        /// What to look at, after a colon; empty if there is nothing to say.
        hint: String,
    },
    /// The device has forgotten the session in the middle of it.
    #[error(
        "the device {device} was reset, and what it had computed is lost: run again, or resume what was recorded with \
         `loihi run --resume DIR`"
    )]
    Restarted {
        /// Name of the device.
        device: String,
    },
    /// The answer does not belong to the request.
    #[error("the device gave an answer that does not belong to the request: {0}")]
    Unexpected(String),
    /// Image and state do not fit the device.
    #[error(
        "the network needs {needed_bytes} bytes, the device has {available_bytes}, {} too few: take fewer compartments or {}",
        needed_bytes.saturating_sub(*available_bytes),
        larger(boards.as_deref())
    )]
    DoesNotFit {
        /// Bytes of image and state.
        needed_bytes: usize,
        /// Bytes of the device's arena.
        available_bytes: usize,
        /// For a device on a board: the boards with enough memory.
        boards: Option<Vec<&'static str>>,
    },
    /// The network names a program of the embedded CPU that the device does not have.
    #[error("the network needs the program `{name}` (kind {kind}), which the device does not have; it has {there}")]
    NoProgram {
        /// Its name.
        name: String,
        /// Its kind.
        kind: u32,
        /// Those that there are.
        there: String,
    },
    /// The image is invalid.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// What was sampled cannot be recorded.
    #[error("{0}")]
    Record(std::io::Error),
    /// The user wants to stop.
    #[error("stopped")]
    Stopped,
}

/// A device that would hold the network.
fn larger(boards: Option<&[&str]>) -> String {
    match boards {
        None => "a device with more memory".to_owned(),
        Some([]) => "the device in this process, since no board has as much".to_owned(),
        Some(names) => format!("a board with more memory: {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_answered_by_the_kind_of_device() {
        let said = |boards| SessionError::DoesNotFit { needed_bytes: 900, available_bytes: 800, boards }.to_string();
        let start = "the network needs 900 bytes, the device has 800, 100 too few: take fewer compartments or ";
        assert_eq!(said(None), format!("{start}a device with more memory"));
        assert_eq!(said(Some(vec!["a", "b"])), format!("{start}a board with more memory: a, b"));
        assert_eq!(said(Some(Vec::new())), format!("{start}the device in this process, since no board has as much"));
    }
}
