//! Why a device did not do what it was asked.

use super::DeviceFault;
use loihi_boards::fit::Holders;
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
         it ({})",
        loihi_boards::build_command(wanted)
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
        "the network needs {} bytes, the device has {available_bytes}, {} too few: {}",
        image_bytes.saturating_add(*state_bytes),
        image_bytes.saturating_add(*state_bytes).saturating_sub(*available_bytes),
        remedy(boards.as_ref())
    )]
    DoesNotFit {
        /// Bytes of the image; 0 if the board carries it.
        image_bytes: usize,
        /// Bytes of its state.
        state_bytes: usize,
        /// Bytes of the device's arena.
        available_bytes: usize,
        /// For a device on a board: the boards with enough memory.
        boards: Option<Holders>,
    },
    /// Cores that learn take more stack than the board has.
    #[error(
        "cores that learn need {short_bytes} bytes more stack than {board} has: take {}",
        more_memory(&boards.in_ram)
    )]
    StackTooSmall {
        /// Name of the board.
        board: String,
        /// Bytes that are missing.
        short_bytes: u64,
        /// The boards that hold the network.
        boards: Holders,
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
    /// The network names a built-in program that the device's firmware was built without.
    #[error(
        "the network needs the program `{name}`, which this firmware was built without: build it with the feature `{name}`"
    )]
    ProgramLeftOut {
        /// Its name, and that of the feature.
        name: String,
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

/// What to do about a network that does not fit; on a board, with the boards that hold it.
fn remedy(boards: Option<&Holders>) -> String {
    let Some(Holders { in_ram, in_flash }) = boards else {
        return "take fewer compartments or a device with more memory".to_owned();
    };
    let ram = more_memory(in_ram);
    let in_flash: Vec<&str> = in_flash.iter().copied().filter(|board| !in_ram.contains(board)).collect();
    if in_flash.is_empty() {
        return format!("take fewer compartments or {ram}");
    }
    format!(
        "take fewer compartments, keep the network in flash (`loihi image`, in QEMU --flash) on {}, or take {ram}",
        in_flash.join(", ")
    )
}

/// Where there is more memory.
fn more_memory(boards: &[&str]) -> String {
    if boards.is_empty() {
        "the device in this process, since no board has as much".to_owned()
    } else {
        format!("a board with more memory: {}", boards.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_answered_by_the_kind_of_device() {
        let said = |boards| {
            SessionError::DoesNotFit { image_bytes: 600, state_bytes: 300, available_bytes: 800, boards }.to_string()
        };
        let start = "the network needs 900 bytes, the device has 800, 100 too few: take fewer compartments";
        assert_eq!(said(None), format!("{start} or a device with more memory"));
        let none = "the device in this process, since no board has as much";
        assert_eq!(said(Some(Holders::default())), format!("{start} or {none}"));
        let in_ram = Holders { in_ram: vec!["a", "b"], in_flash: vec!["a"] };
        assert_eq!(said(Some(in_ram)), format!("{start} or a board with more memory: a, b"));
        let in_flash = Holders { in_ram: Vec::new(), in_flash: vec!["a", "b"] };
        let flash = ", keep the network in flash (`loihi image`, in QEMU --flash) on a, b, or take ";
        assert_eq!(said(Some(in_flash)), format!("{start}{flash}{none}"));
    }
}
