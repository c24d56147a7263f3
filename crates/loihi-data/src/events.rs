//! Events of a vision sensor, and the files of five bytes an event.
//!
//! | format | event |
//! |---|---|
//! | `.bin` (N-MNIST, ATIS) | x, y, then 24 bits: polarity, 23 bits of microseconds; y = 240 adds 2^13 µs to all later ones |
//! | `.bs2` (SLAYER) | x, y, then 24 bits: polarity, 23 bits of microseconds |

use std::path::{Path, PathBuf};

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// Time in microseconds.
    pub t_us: u64,
    /// Column.
    pub x: u16,
    /// Row.
    pub y: u16,
    /// 1 where it became brighter.
    pub polarity: u8,
}

/// A recording, ascending by time as the file has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Events {
    /// Columns and rows of the sensor, if the file says so; else those that its events take.
    pub size: [u16; 2],
    /// Its events.
    pub events: Vec<Event>,
    /// Where its time begins, in microseconds: at its first event, as a camera's clock runs since it was switched on, or
    /// since 1970; at 0 if the time of its format begins with the sample.
    pub start_us: u64,
}

/// Why events cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{}, byte {offset}: {what}", path.display())]
pub struct EventsError {
    /// The file.
    pub path: PathBuf,
    /// Offset in the file; in what it unpacks to, if it is packed.
    pub offset: usize,
    /// What is wrong.
    pub what: String,
}

impl EventsError {
    /// An error of a reader, which knows no path.
    pub(super) fn of(path: &Path, (offset, what): (usize, String)) -> Self {
        Self { path: path.to_owned(), offset, what }
    }
}

impl Events {
    /// A recording whose sensor is as large as its events say, and whose time begins with the first of them.
    pub fn of(events: Vec<Event>) -> Self {
        let extent = |of: fn(&Event) -> u16| events.iter().map(of).max().map_or(0, |most| most.saturating_add(1));
        let start_us = events.iter().map(|event| event.t_us).min().unwrap_or(0);
        Self { size: [extent(|event| event.x), extent(|event| event.y)], events, start_us }
    }

    /// The same on a sensor of this size, if the file says one and its events are all on it.
    pub(super) fn on(self, size: Option<[u16; 2]>) -> Self {
        let said = size.filter(|said| said[0] >= self.size[0] && said[1] >= self.size[1]);
        Self { size: said.unwrap_or(self.size), ..self }
    }

    /// Time of the last event.
    pub fn end_us(&self) -> u64 {
        self.events.iter().map(|event| event.t_us).max().unwrap_or(0)
    }
}

/// A counter of few bits that begins anew when it is full, as one that does not.
pub(super) struct Unwrapped {
    bits: u32,
    last: u64,
    base: u64,
}

impl Unwrapped {
    pub(super) const fn new(bits: u32) -> Self {
        Self { bits, last: 0, base: 0 }
    }

    /// What the counter would stand at: a fall by half of its range or more is a new beginning, a smaller one goes back.
    pub(super) const fn at(&mut self, count: u64) -> u64 {
        let half = 1 << (self.bits - 1);
        if self.last.saturating_sub(count) >= half {
            self.base = self.base.saturating_add(1 << self.bits);
        }
        self.last = count;
        self.base.saturating_add(count)
    }
}

/// Row that marks an overflow of the time in `.bin` files.
const OVERFLOW_ROW: u8 = 240;
/// What it adds to the time.
const OVERFLOW_US: u64 = 1 << 13;

/// Reads a `.bs2` file.
///
/// # Errors
/// Offset, and what is wrong.
pub fn parse_bs2(bytes: &[u8]) -> Result<Events, (usize, String)> {
    Ok(Events::of(records(bytes)?.copied().map(five).collect()))
}

/// Reads a `.bin` file of N-MNIST.
///
/// # Errors
/// Offset, and what is wrong.
pub fn parse_bin(bytes: &[u8]) -> Result<Events, (usize, String)> {
    let mut base_us = 0;
    let mut events = Vec::new();
    for record in records(bytes)? {
        if record[1] == OVERFLOW_ROW {
            base_us += OVERFLOW_US;
        } else {
            let event = five(*record);
            events.push(Event { t_us: event.t_us + base_us, ..event });
        }
    }
    Ok(Events::of(events))
}

fn records(bytes: &[u8]) -> Result<impl Iterator<Item = &[u8; 5]>, (usize, String)> {
    let (records, rest) = bytes.as_chunks::<5>();
    if rest.is_empty() && !records.is_empty() {
        return Ok(records.iter());
    }
    let what = match records {
        [] => "it has no events of five bytes".to_owned(),
        _ => format!("it ends within an event: {} bytes are left of five", rest.len()),
    };
    Err((bytes.len() - rest.len(), what))
}

fn five([x, y, high, middle, low]: [u8; 5]) -> Event {
    let t_us = u64::from(high & 0x7F) << 16 | u64::from(middle) << 8 | u64::from(low);
    Event { t_us, x: u16::from(x), y: u16::from(y), polarity: high >> 7 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_takes_five_bytes() {
        let bytes = [49, 82, 0x80, 28, 55, 92, 1, 0x7F, 0xFF, 0xFF];
        let read = parse_bs2(&bytes).unwrap();
        let first = Event { t_us: 28 * 256 + 55, x: 49, y: 82, polarity: 1 };
        assert_eq!(read.events, [first, Event { t_us: (1 << 23) - 1, x: 92, y: 1, polarity: 0 }]);
        assert_eq!((read.size, read.start_us, read.end_us()), ([93, 83], 28 * 256 + 55, (1 << 23) - 1));
    }

    #[test]
    fn overflows_add_to_the_time() {
        let bytes = [1, 2, 0, 0, 5, 0, 240, 0, 0, 0, 3, 4, 0x80, 0, 7];
        let times: Vec<u64> = parse_bin(&bytes).unwrap().events.iter().map(|event| event.t_us).collect();
        assert_eq!(times, [5, 8199]);
    }

    #[test]
    fn a_cut_file_is_said_to_be() {
        assert_eq!(
            parse_bs2(&[1; 13]).unwrap_err(),
            (10, "it ends within an event: 3 bytes are left of five".to_owned())
        );
        assert_eq!(parse_bin(&[]).unwrap_err().0, 0);
    }
}
