//! Why a device did not do what it was asked.

use super::DeviceFault;
use loihi_boards::{Board, that_hold, that_hold_in_flash};
use loihi_core::image::{ImageError, SEAL_BYTES};
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
        "the network needs {} bytes, the device has {available_bytes}, {} too few: take fewer compartments or {}",
        image_bytes.saturating_add(*state_bytes),
        image_bytes.saturating_add(*state_bytes).saturating_sub(*available_bytes),
        larger(boards.as_ref())
    )]
    DoesNotFit {
        /// Bytes of the image; 0 if the board carries it.
        image_bytes: usize,
        /// Bytes of its state.
        state_bytes: usize,
        /// Bytes of the device's arena.
        available_bytes: usize,
        /// For a device on a board: the boards with enough memory.
        boards: Option<Larger>,
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

/// Boards that would hold a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Larger {
    /// With image and state in RAM.
    pub in_ram: Vec<&'static str>,
    /// With the image in flash and the state in RAM, of those that are not in the first list.
    pub in_flash: Vec<&'static str>,
}

impl Larger {
    /// The boards that hold an image and a state of this size; an image of 0 bytes is one that the board carries.
    pub(crate) fn for_network(image_bytes: usize, state_bytes: usize) -> Self {
        let bytes = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
        let names = |boards: &mut dyn Iterator<Item = &'static Board>| -> Vec<&str> {
            boards.map(|board| board.name.as_str()).collect()
        };
        let in_ram = names(&mut that_hold(bytes(image_bytes.saturating_add(state_bytes))));
        let sealed_bytes = bytes(image_bytes.saturating_add(SEAL_BYTES));
        let mut in_flash = names(&mut that_hold_in_flash(sealed_bytes, bytes(state_bytes)));
        in_flash.retain(|board| image_bytes > 0 && !in_ram.contains(board));
        Self { in_ram, in_flash }
    }
}

/// A device that would hold the network.
fn larger(boards: Option<&Larger>) -> String {
    let Some(Larger { in_ram, in_flash }) = boards else {
        return "a device with more memory".to_owned();
    };
    let ram = if in_ram.is_empty() {
        "the device in this process, since no board has as much".to_owned()
    } else {
        format!("a board with more memory: {}", in_ram.join(", "))
    };
    if in_flash.is_empty() {
        return ram;
    }
    format!("keep it in flash (`loihi image`, in QEMU --flash) on {}, or take {ram}", in_flash.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_answered_by_the_kind_of_device() {
        let said = |boards| {
            SessionError::DoesNotFit { image_bytes: 600, state_bytes: 300, available_bytes: 800, boards }.to_string()
        };
        let start = "the network needs 900 bytes, the device has 800, 100 too few: take fewer compartments or ";
        assert_eq!(said(None), format!("{start}a device with more memory"));
        let none = "the device in this process, since no board has as much";
        assert_eq!(said(Some(Larger::default())), format!("{start}{none}"));
        let in_ram = Larger { in_ram: vec!["a", "b"], ..Larger::default() };
        assert_eq!(said(Some(in_ram)), format!("{start}a board with more memory: a, b"));
        let in_flash = Larger { in_flash: vec!["a", "b"], ..Larger::default() };
        let flash = "keep it in flash (`loihi image`, in QEMU --flash) on a, b, or take ";
        assert_eq!(said(Some(in_flash)), format!("{start}{flash}{none}"));
    }

    #[test]
    fn flash_makes_room_for_an_image() {
        let arena_bytes = usize::try_from(loihi_boards::named("netduinoplus2").unwrap().arena_bytes).unwrap();
        let Larger { in_ram, in_flash } = Larger::for_network(arena_bytes, 8);
        assert!(!in_ram.contains(&"netduinoplus2") && in_ram.contains(&"mps2-an386"), "{in_ram:?}");
        assert!(in_flash.contains(&"netduinoplus2") && !in_flash.contains(&"mps2-an386"), "{in_flash:?}");
        assert_eq!(Larger::for_network(0, arena_bytes + 8).in_flash, [""; 0], "the board carries the image");
        assert_eq!(Larger::for_network(usize::MAX, usize::MAX), Larger::default());
    }
}
