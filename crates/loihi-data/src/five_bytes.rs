//! Recordings of five bytes an event.
//!
//! | format | event |
//! |---|---|
//! | `.bin` (N-MNIST, ATIS) | x, y, then 24 bits: polarity, 23 bits of microseconds; y = 240 adds 2^13 µs to all later ones |
//! | `.bs2` (SLAYER) | x, y, then 24 bits: polarity, 23 bits of microseconds |

use super::error::FormatError;
use super::events::{Event, Events};
use super::format::{Content, Format};

/// Files of SLAYER.
pub const BS2: Format = Format::new("bs2", &["bs2"], "events of five bytes, of SLAYER", |bytes, _, _| {
    Ok(Content::events(parse_bs2(bytes)?))
});

/// Files of N-MNIST.
pub const BIN: Format = Format::new("bin", &["bin"], "events of five bytes, of N-MNIST and ATIS", |bytes, _, _| {
    Ok(Content::events(parse_bin(bytes)?))
});

/// Row that marks an overflow of the time in `.bin` files.
const OVERFLOW_ROW: u8 = 240;
/// What it adds to the time.
const OVERFLOW_US: u64 = 1 << 13;

/// Reads a `.bs2` file.
///
/// # Errors
/// [`FormatError`] says where.
pub fn parse_bs2(bytes: &[u8]) -> Result<Events, FormatError> {
    Ok(Events::of(records(bytes)?.copied().map(five).collect()))
}

/// Reads a `.bin` file of N-MNIST.
///
/// # Errors
/// [`FormatError`] says where.
pub fn parse_bin(bytes: &[u8]) -> Result<Events, FormatError> {
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

fn records(bytes: &[u8]) -> Result<impl Iterator<Item = &[u8; 5]>, FormatError> {
    let (records, rest) = bytes.as_chunks::<5>();
    if rest.is_empty() && !records.is_empty() {
        return Ok(records.iter());
    }
    let what = match records {
        [] => "it has no events of five bytes".to_owned(),
        _ => format!("it ends within an event: {} bytes are left of five", rest.len()),
    };
    Err(FormatError::at(bytes.len() - rest.len(), what))
}

fn five([x, y, high, middle, low]: [u8; 5]) -> Event {
    let t_us = u64::from(high & 0x7F) << 16 | u64::from(middle) << 8 | u64::from(low);
    Event { t_us, x: u16::from(x), y: u16::from(y), polarity: high >> 7 }
}

#[cfg(test)]
mod tests {
    use super::super::error::Position;
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
            FormatError::at(10, "it ends within an event: 3 bytes are left of five")
        );
        assert_eq!(parse_bin(&[]).unwrap_err().position, Some(Position::Byte(0)));
    }
}
