//! AEDAT 3.1: polarity events of dynamic vision sensors, as DVS Gesture comes.
//!
//! Lines of text that begin with `#`, then packets: a header of 28 bytes (type, source, size of an event, offset of its
//! time, overflows of the time, capacity, events, valid events; little-endian) and the events. A polarity event is two
//! words: bit 0 valid, bit 1 polarity, bits 2 to 16 row, bits 17 to 31 column; then microseconds. Packets of other types
//! are passed over.
//!
//! Source: the format's description by its authors (iniVation).

use super::error::FormatError;
use super::events::{Event, Events};
use super::format::{Content, Format};
use super::{aedat2, aedat4};

/// Bytes of a packet's header.
const HEADER: usize = 28;
/// Type of polarity events.
const POLARITY: u16 = 1;
/// Bytes of a polarity event.
const EVENT: usize = 8;

/// Files of iniVation's cameras.
pub const FORMAT: Format = Format::new(
    "aedat",
    &["aedat", "aedat4"],
    "recordings of iniVation's cameras, AEDAT 2.0, 3.1 and 4.0",
    |bytes, _, _| Ok(Content::events(parse(bytes)?)),
)
.begins(&[b"#!AER-DAT"]);

/// Reads a file, of versions 2 and 4 too.
///
/// # Errors
/// [`FormatError`] says where.
pub fn parse(bytes: &[u8]) -> Result<Events, FormatError> {
    let version =
        bytes.strip_prefix(b"#!AER-DAT").ok_or_else(|| FormatError::at(0, "it does not start as AEDAT files do"))?;
    match version {
        [b'3', b'.', b'1', ..] => {}
        [b'4', b'.', ..] => return aedat4::parse(bytes),
        [b'2', b'.', ..] => return aedat2::parse(bytes),
        _ => return Err(FormatError::at(9, "it is neither AEDAT 2.0, 3.1 nor 4.0")),
    }
    let mut at = after_lines(bytes);
    let mut events = Vec::new();
    while at < bytes.len() {
        let Some(header) = bytes.get(at..).and_then(<[u8]>::first_chunk::<HEADER>) else {
            return Err(FormatError::at(
                at,
                format!("it ends within the header of a packet: {} bytes of 28", bytes.len() - at),
            ));
        };
        let kind = u16::from_le_bytes([header[0], header[1]]);
        let word = |place: usize| {
            let word = header.get(place..).and_then(<[u8]>::first_chunk::<4>).copied().unwrap_or_default();
            u64::from(u32::from_le_bytes(word))
        };
        let (size, overflows, count) = (word(4), word(12), word(20));
        if kind == POLARITY && size != EVENT as u64 {
            return Err(FormatError::at(at + 4, format!("a polarity event of {size} bytes, not {EVENT}")));
        }
        let length = usize::try_from(size.saturating_mul(count)).unwrap_or(usize::MAX);
        let body = bytes.get(at + HEADER..).and_then(|rest| rest.get(..length));
        let body = body.ok_or_else(|| {
            let left = bytes.len() - at - HEADER;
            FormatError::at(at, format!("a packet of {count} events of {size} bytes, but {left} bytes are left"))
        })?;
        if kind == POLARITY {
            events.extend(body.as_chunks::<EVENT>().0.iter().filter_map(|event| polarity(*event, overflows)));
        }
        at += HEADER + length;
    }
    if events.is_empty() {
        return Err(FormatError::at(at, "it has no polarity events"));
    }
    Ok(Events::of(events))
}

/// Where the lines of text end.
fn after_lines(bytes: &[u8]) -> usize {
    let mut at = 0;
    while bytes.get(at) == Some(&b'#') {
        let line = bytes.get(at..).unwrap_or_default();
        let length = line.iter().position(|byte| *byte == b'\n').map_or(line.len(), |end| end + 1);
        at += length;
        if line.starts_with(b"#!END-HEADER") {
            break;
        }
    }
    at
}

fn polarity([a, b, c, d, e, f, g, h]: [u8; EVENT], overflows: u64) -> Option<Event> {
    let data = u32::from_le_bytes([a, b, c, d]);
    let t_us = u64::from(u32::from_le_bytes([e, f, g, h])) + (overflows << 31);
    let place = |shift: u32| u16::try_from((data >> shift) & 0x7FFF).unwrap_or(0);
    (data & 1 == 1).then(|| Event { t_us, x: place(17), y: place(2), polarity: u8::from(data & 2 != 0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(kind: u16, size: u32, overflows: u32, events: &[[u32; 2]]) -> Vec<u8> {
        let mut bytes = kind.to_le_bytes().to_vec();
        bytes.extend(1_u16.to_le_bytes());
        let count = u32::try_from(events.len()).unwrap();
        for word in [size, 4, overflows, count + 9, count, count] {
            bytes.extend(word.to_le_bytes());
        }
        events.iter().flatten().for_each(|word| bytes.extend(word.to_le_bytes()));
        bytes
    }

    fn event(x: u32, y: u32, polarity: u32, valid: u32) -> u32 {
        x << 17 | y << 2 | polarity << 1 | valid
    }

    fn file(packets: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#!END-HEADER\r\n".to_vec();
        for packet in packets {
            bytes.extend(packet);
        }
        bytes
    }

    #[test]
    fn polarity_events_are_read_and_others_passed_over() {
        let first = packet(1, 8, 0, &[[event(3, 127, 1, 1), 17], [event(5, 6, 0, 0), 18], [event(127, 0, 0, 1), 19]]);
        let bytes = file(&[first, packet(0, 8, 0, &[[1, 2]]), packet(1, 8, 1, &[[event(0, 1, 0, 1), 4]])]);
        let events = parse(&bytes).unwrap().events;
        let own = |t_us, x, y, polarity| Event { t_us, x, y, polarity };
        assert_eq!(events, [own(17, 3, 127, 1), own(19, 127, 0, 0), own((1 << 31) + 4, 0, 1, 0)]);
    }

    #[test]
    fn what_is_damaged_is_said_to_be() {
        let whole = file(&[packet(1, 8, 0, &[[event(3, 4, 1, 1), 17]])]);
        for cut in 0..whole.len() {
            assert!(parse(&whole[..cut]).is_err(), "cut at {cut}");
        }
        assert!(parse(b"#!AER-DAT4.0\r\n").unwrap_err().message.contains("IOHE"));
        assert!(parse(b"#!AER-DAT2.0\r\n").unwrap_err().message.contains("no polarity events"));
        assert!(parse(b"#!AER-DAT1.0\r\n").unwrap_err().message.contains("neither AEDAT 2.0, 3.1 nor 4.0"));
        let mut huge = whole.clone();
        let count = whole.len() - 8 - 8;
        huge[count..count + 4].fill(0xFF);
        assert!(parse(&huge).unwrap_err().message.contains("4294967295 events"), "{:?}", parse(&huge));
        assert!(parse(&file(&[packet(1, 16, 0, &[[1, 1], [1, 1]])])).unwrap_err().message.contains("of 16 bytes"));
    }
}
