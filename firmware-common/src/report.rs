//! Says what went wrong, as a line of text and as a log record.
//!
//! The line stands between two frame delimiters and needs nothing but a working transmitter: a terminal shows it, and a
//! frame decoder drops it as damaged. The record needs the logger and its memory.

use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering};

use heapless::String;

/// Longest text in bytes; the log record of a text is a few bytes longer.
const TEXT_BYTES: usize = 160;

/// A line of text; what does not fit is cut off.
#[derive(Debug, Default)]
pub struct Text(String<TEXT_BYTES>);

impl Text {
    /// An exception of the processor: its name, and registers with their labels.
    ///
    /// ```
    /// use firmware_common::report::Text;
    ///
    /// let text = Text::fault("HardFault", [("pc", 0x2c8), ("lr", 0)]);
    /// assert_eq!(text.as_str(), "fault: HardFault, pc 0x000002c8, lr 0x00000000");
    /// ```
    pub fn fault<const N: usize>(name: &str, values: [(&str, u32); N]) -> Self {
        let mut text = Self::default();
        text.text("fault: ").text(name);
        for (label, value) in values {
            text.text(", ").text(label).text(" ").hex(value);
        }
        text
    }

    /// A panic, with its place.
    pub fn panic(info: &PanicInfo<'_>) -> Self {
        let (file, row) = info.location().map_or(("", 0), |place| (place.file(), place.line()));
        let mut text = Self::default();
        text.text("panic: ").text(file).text(", line ").decimal(row);
        text
    }

    /// Adds text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        for character in text.chars() {
            // Cut off where the room ends.
            let _pushed = self.0.push(character);
        }
        self
    }

    /// Adds a number in hexadecimal.
    pub fn hex(&mut self, value: u32) -> &mut Self {
        self.text("0x");
        for shift in (0..u32::BITS).step_by(4).rev() {
            let _pushed = self.0.push(char::from_digit(value >> shift & 0xf, 16).unwrap_or('?'));
        }
        self
    }

    /// Adds a number in decimal.
    pub fn decimal(&mut self, value: u32) -> &mut Self {
        if value >= 10 {
            self.decimal(value / 10);
        }
        let _pushed = self.0.push(char::from_digit(value % 10, 10).unwrap_or('?'));
        self
    }

    /// Adds a number in decimal, with a comma before every three digits.
    pub fn grouped(&mut self, value: u32) -> &mut Self {
        let (thousands, rest) = (value / 1000, value % 1000);
        if thousands == 0 {
            return self.decimal(rest);
        }
        self.grouped(thousands).text(",");
        for divisor in [100, 10, 1] {
            self.decimal(rest / divisor % 10);
        }
        self
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Sends the line; the delimiter before it ends the frame that the trouble may have interrupted.
    pub fn send(&self, mut send: impl FnMut(&[u8])) {
        send(&[0]);
        send(self.0.as_bytes());
        send(b"\r\n\0");
    }

    /// Sends the line, and the same text as a log record.
    #[cfg(target_os = "none")]
    pub fn tell(&self, send: impl FnMut(&[u8])) {
        self.send(send);
        defmt::error!("{=str}", self.as_str());
    }
}

/// Whether this is the first report: a second one comes from trouble with the first, and the machine had better end.
pub fn is_first() -> bool {
    static REPORTING: AtomicBool = AtomicBool::new(false);
    let is_first = !REPORTING.load(Ordering::Relaxed);
    REPORTING.store(true, Ordering::Relaxed);
    is_first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_full() {
        let mut text = Text::default();
        text.decimal(0).text(" ").decimal(1_048_576).text(" ").hex(u32::MAX);
        assert_eq!(text.as_str(), "0 1048576 0xffffffff");
    }

    #[test]
    fn thousands_are_kept_apart() {
        let mut text = Text::default();
        text.grouped(0).text(" ").grouped(999).text(" ").grouped(8064).text(" ").grouped(1_000_000);
        assert_eq!(text.as_str(), "0 999 8,064 1,000,000");
    }

    #[test]
    fn a_line_stands_between_delimiters_and_is_cut_where_the_room_ends() {
        let mut text = Text::default();
        text.text(&"e".repeat(TEXT_BYTES - 1)).text("é").text("f");
        let mut line = Vec::new();
        text.send(|bytes| line.extend_from_slice(bytes));
        assert_eq!(line.len(), TEXT_BYTES + 4);
        assert_eq!((line[0], &line[line.len() - 4..]), (0, &b"f\r\n\0"[..]));
    }
}
