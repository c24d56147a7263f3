//! The words of Prophesee's sensors.
//!
//! | EVT 2, words of 32 bits | highest 4 bits |
//! |---|---|
//! | event: 6 bits of time, 11 of column, 11 of row | 0 darker, 1 brighter |
//! | the time above these 6 bits | 8 |
//!
//! | EVT 3, words of 16 bits | highest 4 bits |
//! |---|---|
//! | row, 11 bits; with the bit above, that of another sensor | 0 |
//! | event: polarity, 11 bits of column | 2 |
//! | polarity and column from which the next vectors count | 3 |
//! | vector: an event for each bit that is set, of 12 columns; of 8 | 4; 5 |
//! | 12 bits of time; those above them, from which on the lower ones are 0 | 6; 8 |
//!
//! Words of other kinds (triggers, inertia, counters) are passed over; so is what comes before the first time, which nobody
//! knows, and events outside the sensor, as the maker's library does.

use super::error::FormatError;
use super::events::{Event, Unwrapped};

/// How words are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Words of 32 bits, an event each.
    Evt2,
    /// Words of 16 bits that change a state.
    Evt3,
}

/// Reads words; of a sensor of known size only what is on it.
///
/// # Errors
/// [`FormatError`] says where.
pub(super) fn decode(
    bytes: &[u8],
    encoding: Encoding,
    big_endian: bool,
    size: Option<[u16; 2]>,
) -> Result<Vec<Event>, FormatError> {
    let mut events = match encoding {
        Encoding::Evt2 => {
            let word =
                |bytes: &[u8; 4]| if big_endian { u32::from_be_bytes(*bytes) } else { u32::from_le_bytes(*bytes) };
            evt2(words(bytes)?.iter().map(word))
        }
        Encoding::Evt3 => {
            let word =
                |bytes: &[u8; 2]| if big_endian { u16::from_be_bytes(*bytes) } else { u16::from_le_bytes(*bytes) };
            evt3(words(bytes)?.iter().map(word))
        }
    };
    if let Some([width, height]) = size {
        events.retain(|event| event.x < width && event.y < height);
    }
    if events.is_empty() { Err(FormatError::at(0, "it has no events on its sensor")) } else { Ok(events) }
}

fn words<const N: usize>(bytes: &[u8]) -> Result<&[[u8; N]], FormatError> {
    let (words, rest) = bytes.as_chunks::<N>();
    let what = || format!("it ends within a word: {} bytes are left of {N}", rest.len());
    if rest.is_empty() { Ok(words) } else { Err(FormatError::at(bytes.len() - rest.len(), what())) }
}

fn evt2(words: impl Iterator<Item = u32>) -> Vec<Event> {
    let (mut events, mut clock, mut high) = (Vec::new(), Unwrapped::new(28), None);
    let place = |word: u32, shift: u32| u16::try_from((word >> shift) & 0x7FF).unwrap_or(0);
    for word in words {
        match (word >> 28, high) {
            (8, _) => high = Some(clock.at((word & 0x0FFF_FFFF).into()) << 6),
            (kind @ (0 | 1), Some(high)) => {
                let t_us = high + u64::from((word >> 22) & 0x3F);
                events.push(Event { t_us, x: place(word, 11), y: place(word, 0), polarity: u8::from(kind == 1) });
            }
            _ => {}
        }
    }
    events
}

/// What words of EVT 3 change.
struct State {
    events: Vec<Event>,
    clock: Unwrapped,
    /// The time above its low 12 bits.
    high: Option<u64>,
    low: u64,
    /// The row, if it is one of this sensor.
    y: Option<u16>,
    /// Column from which the next vector counts, and its polarity.
    base: (u16, u8),
}

fn evt3(words: impl Iterator<Item = u16>) -> Vec<Event> {
    let clock = Unwrapped::new(12);
    let mut state = State { events: Vec::new(), clock, high: None, low: 0, y: None, base: (0, 0) };
    for word in words {
        let (value, column, above) = (word & 0xFFF, word & 0x7FF, u8::from(word & 0x800 != 0));
        match word >> 12 {
            0 => state.y = (above == 0).then_some(column),
            2 => state.event(column, above),
            3 => state.base = (column, above),
            4 => state.vector(value, 12),
            5 => state.vector(value & 0xFF, 8),
            6 => state.low = value.into(),
            8 => {
                let high = state.clock.at(value.into());
                if state.high.replace(high) != Some(high) {
                    state.low = 0;
                }
            }
            _ => {}
        }
    }
    state.events
}

impl State {
    fn event(&mut self, x: u16, polarity: u8) {
        if let (Some(high), Some(y)) = (self.high, self.y) {
            self.events.push(Event { t_us: (high << 12) + self.low, x, y, polarity });
        }
    }

    fn vector(&mut self, mut columns: u16, width: u16) {
        let (base, polarity) = self.base;
        while columns != 0 {
            let at = columns.trailing_zeros();
            columns &= columns - 1;
            self.event(base.saturating_add(u16::try_from(at).unwrap_or(0)), polarity);
        }
        self.base.0 = base.saturating_add(width);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(t_us: u64, x: u16, y: u16, polarity: u8) -> Event {
        Event { t_us, x, y, polarity }
    }

    fn of2(words: &[u32]) -> Result<Vec<Event>, FormatError> {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        decode(&bytes, Encoding::Evt2, false, Some([1280, 720]))
    }

    fn of3(words: &[u16]) -> Result<Vec<Event>, FormatError> {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        decode(&bytes, Encoding::Evt3, false, Some([1280, 720]))
    }

    #[test]
    fn words_of_32_bits_are_events_at_a_time() {
        let event = |polarity: u32, low: u32, x: u32, y: u32| polarity << 28 | low << 22 | x << 11 | y;
        let words = [
            event(1, 5, 1, 1),
            0x8000_0002,
            event(1, 63, 1279, 719),
            0xA000_0001,
            event(0, 0, 7, 8),
            event(0, 0, 1280, 8),
            0x8FFF_FFFF,
            event(1, 1, 0, 0),
            0x8000_0000,
            event(0, 2, 0, 1),
        ];
        let most = 0x0FFF_FFFF << 6;
        let expected = [own(191, 1279, 719, 1), own(128, 7, 8, 0), own(most + 1, 0, 0, 1), own(most + 64 + 2, 0, 1, 0)];
        assert_eq!(of2(&words).unwrap(), expected);
    }

    #[test]
    fn words_of_16_bits_change_a_state() {
        let words = [
            // Before the first time.
            0x0005,
            0x2001,
            0x8001,
            0x2007,
            0x6003,
            0x2809,
            // A row of another sensor, and back.
            0x0805,
            0x2002,
            0x0006,
            0x3864,
            0x4000 | 0b1000_0000_0001,
            0x4000,
            0x5000 | 0b1000_0010,
            0xA000,
            0xE014,
            // A new high time clears the low one, the same does not.
            0x8002,
            0x2003,
            0x6004,
            0x8002,
            0x2003,
            // Beyond the sensor.
            0x02D0,
            0x2003,
            0x0007,
            0x8000 | 0xFFF,
            0x8000,
            0x2000,
        ];
        let expected = [
            own(4096, 7, 5, 0),
            own(4099, 9, 5, 1),
            own(4099, 100, 6, 1),
            own(4099, 111, 6, 1),
            own(4099, 125, 6, 1),
            own(4099, 131, 6, 1),
            own(8192, 3, 6, 0),
            own(8196, 3, 6, 0),
            own(1 << 24, 0, 7, 0),
        ];
        assert_eq!(of3(&words).unwrap(), expected);
    }

    #[test]
    fn what_is_cut_or_empty_is_said_to_be() {
        let said = |bytes: &[u8], encoding| decode(bytes, encoding, false, None).unwrap_err();
        assert_eq!(said(&[0; 7], Encoding::Evt2), FormatError::at(4, "it ends within a word: 3 bytes are left of 4"));
        assert_eq!(said(&[0; 7], Encoding::Evt3), FormatError::at(6, "it ends within a word: 1 bytes are left of 2"));
        assert_eq!(said(&[0; 8], Encoding::Evt3).message, "it has no events on its sensor");
        assert!(of3(&[0x8001, 0x0005, 0x3FFF, 0x5001, 0x4001]).is_err(), "vectors beyond the sensor");
    }
}
