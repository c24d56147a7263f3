//! Log frames of a device (defmt) to text, with the format strings from its firmware's ELF file.
//!
//! Without the feature `logs`, frames are shown as bytes.

#[cfg(feature = "logs")]
use defmt_decoder::{DecodeError, Table};

/// Turns log payloads into lines.
#[derive(Default)]
pub struct LogReader {
    #[cfg(feature = "logs")]
    table: Option<Table>,
}

impl std::fmt::Debug for LogReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogReader").finish_non_exhaustive()
    }
}

#[cfg(not(feature = "logs"))]
impl LogReader {
    /// Without the feature `logs`, the firmware's format strings are not read.
    pub const fn new(_elf: &[u8]) -> Self {
        Self {}
    }

    /// The bytes of one payload.
    pub fn lines(&self, payload: &[u8]) -> Vec<String> {
        vec![format!("log frame, for which this program lacks the feature `logs`: {payload:02x?}")]
    }
}

#[cfg(feature = "logs")]
impl LogReader {
    /// Reads the format strings of a firmware. Without any, payloads are shown as bytes.
    pub fn new(elf: &[u8]) -> Self {
        Self { table: Table::parse(elf).ok().flatten() }
    }

    /// The lines of one payload, which holds whole defmt frames.
    pub fn lines(&self, payload: &[u8]) -> Vec<String> {
        let Some(table) = &self.table else { return vec![as_bytes(payload)] };
        let mut decoder = table.new_stream_decoder();
        decoder.received(payload);
        let mut lines = Vec::new();
        loop {
            match decoder.decode() {
                Ok(frame) => {
                    let level = frame.level().map_or("log", |level| level.as_str());
                    lines.push(format!("{level}: {}", frame.display_message()));
                }
                Err(DecodeError::UnexpectedEof) => return lines,
                Err(DecodeError::Malformed) => {
                    lines.push(as_bytes(payload));
                    return lines;
                }
            }
        }
    }
}

#[cfg(feature = "logs")]
fn as_bytes(payload: &[u8]) -> String {
    format!("log frame that this firmware's format strings do not explain: {payload:02x?}")
}
