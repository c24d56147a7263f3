//! What a firmware says before it gives up: a line of text between the zeros that end frames.

/// What is kept of the bytes that came, at least as much as the last report.
const REPORT_BYTES: usize = 1024;

/// The end of what a line has brought, in which a report may stand.
#[derive(Debug, Default)]
pub(crate) struct Latest(Vec<u8>);

impl Latest {
    /// Adds what came.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
        let old = self.0.len().saturating_sub(REPORT_BYTES);
        self.0.drain(..old);
    }

    /// The reports, one after the other; empty if there are none.
    pub(crate) fn reports(&self) -> String {
        let readable =
            |part: &&[u8]| part.len() > 8 && part.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\r' | b'\n'));
        let parts = self.0.split(|byte| *byte == 0).filter(readable);
        let parts: Vec<String> = parts.map(|part| String::from_utf8_lossy(part).trim().to_owned()).collect();
        parts.join("; ")
    }
}
