//! The device in this process: nothing to install.

use super::{Device, DeviceFault, wide};
use loihi_core::device::{Board, Device as CoreDevice};
use std::time::Duration;

/// Arena of the device in this process, in bytes.
pub const ARENA_BYTES_DEFAULT: usize = 64 << 20;

/// A chip in this process, behind the same bytes as any other device.
#[derive(Debug)]
pub struct InProcess {
    device: CoreDevice<Vec<u64>>,
}

impl InProcess {
    /// A device with an arena of this many bytes, rounded down to whole 64-bit words.
    pub fn new(arena_bytes: usize) -> Self {
        let board = Board { step: wide::step, ..Board::named("host process") };
        Self { device: CoreDevice::new(vec![0; arena_bytes / 8], board) }
    }
}

impl Device for InProcess {
    fn name(&self) -> &'static str {
        "host"
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), DeviceFault> {
        for byte in bytes {
            self.device.receive(*byte);
        }
        Ok(())
    }

    fn answers_at_once(&self) -> bool {
        true
    }

    fn receive(&mut self, into: &mut Vec<u8>, _wait: Duration) -> Result<(), DeviceFault> {
        let pending = self.device.pending();
        let sent = pending.len();
        into.extend_from_slice(pending);
        self.device.advance(sent);
        Ok(())
    }
}
