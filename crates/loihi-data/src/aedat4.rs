//! AEDAT 4: polarity events as the software of iniVation writes them.
//!
//! `#!AER-DAT4.0` and a line's end, then a table of FlatBuffers with its size before it (`IOHE`: compression, position of a
//! table of packets at the end or −1, a description in XML), then packets: number of the stream and size, 4 bytes each,
//! and a table with its size before it, plain, as a frame of LZ4, or as one of Zstandard. Event packets are called `EVTS`;
//! their events are structs of 16 bytes: 8 of microseconds, 2 of column, 2 of row, 1 of polarity. Packets of other kinds
//! (frames, inertia, triggers) are passed over, and of several streams of events the first one is read.
//!
//! Source: the format's description by its authors, and the schemas in their public libraries.

use super::error::FormatError;
use super::events::{Event, Events};
use std::io::Read;

/// Bytes of the first line.
const MAGIC: &[u8] = b"#!AER-DAT4.0\r\n";
/// Bytes of an event.
const EVENT: usize = 16;
/// Bytes that a packed byte may become: events need far fewer, and a damaged file must not fill the memory.
const UNPACKED_MAX: usize = 1024;

/// Reads a file.
///
/// # Errors
/// [`FormatError`] says where.
pub(super) fn parse(bytes: &[u8]) -> Result<Events, FormatError> {
    let rest =
        bytes.strip_prefix(MAGIC).ok_or_else(|| FormatError::at(0, "its first line is not that of AEDAT 4.0"))?;
    let header = Header::of(rest).ok_or_else(|| FormatError::at(MAGIC.len(), "its header (IOHE) is cut or damaged"))?;
    let mut at = MAGIC.len() + header.bytes;
    let end = header.packets_end.unwrap_or(bytes.len());
    let (mut events, mut stream) = (Vec::new(), None);
    while at < end {
        let head = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>);
        let [a, b, c, d, e, f, g, h] = *head.ok_or_else(|| {
            FormatError::at(at, format!("it ends within the head of a packet: {} bytes of 8", bytes.len() - at))
        })?;
        let (number, size) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
        let packed = bytes.get(at + 8..).and_then(|rest| rest.get(..usize::try_from(size).ok()?));
        let packed = packed.ok_or_else(|| {
            FormatError::at(at, format!("a packet of {size} bytes, but {} are left", bytes.len() - at - 8))
        })?;
        let plain = header.compression.unpack(packed).map_err(|what| FormatError::at(at + 8, what))?;
        if plain.get(8..12) == Some(b"EVTS") && *stream.get_or_insert(number) == number {
            let found =
                packet(&plain).ok_or_else(|| FormatError::at(at + 8, "a packet of events is cut or damaged"))?;
            events.extend(found.filter_map(event));
        }
        at += 8 + packed.len();
    }
    if events.is_empty() {
        return Err(FormatError::at(at.min(bytes.len()), "it has no polarity events"));
    }
    Ok(Events::of(events).on(header.size))
}

/// How packets are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compression {
    Plain,
    Lz4,
    Zstandard,
}

impl Compression {
    fn unpack(self, packed: &[u8]) -> Result<Vec<u8>, String> {
        let most = packed.len().saturating_mul(UNPACKED_MAX);
        let read = |reader: &mut dyn Read| {
            let mut plain = Vec::new();
            // One byte more, to see that it would continue.
            let read = reader.take(most as u64 + 1).read_to_end(&mut plain);
            read.map_err(|_| "a packet cannot be unpacked: it is damaged".to_owned())?;
            if plain.len() > most { Err(format!("a packet unpacks to more than {most} bytes")) } else { Ok(plain) }
        };
        match self {
            Self::Plain => Ok(packed.to_vec()),
            Self::Lz4 => read(&mut lz4_flex::frame::FrameDecoder::new(packed)),
            Self::Zstandard => {
                let decoder = ruzstd::decoding::StreamingDecoder::new(packed);
                read(&mut decoder.map_err(|_| "a packet is not a frame of Zstandard".to_owned())?)
            }
        }
    }
}

/// The header.
struct Header {
    /// With its size.
    bytes: usize,
    compression: Compression,
    /// Where the packets end, if that is before the end of the file.
    packets_end: Option<usize>,
    /// Columns and rows of the sensor, as the description says.
    size: Option<[u16; 2]>,
}

impl Header {
    fn of(rest: &[u8]) -> Option<Self> {
        let size = usize::try_from(u32::from_le_bytes(*rest.first_chunk()?)).ok()?;
        let bytes = size.checked_add(4)?;
        let buffer = rest.get(..bytes)?;
        if buffer.get(8..12) != Some(b"IOHE") {
            return None;
        }
        let root = Table::root(buffer)?;
        let compression = match root.field(0).map_or(Some(0), |at| word(buffer, at))? {
            0 => Compression::Plain,
            1 | 2 => Compression::Lz4,
            3 | 4 => Compression::Zstandard,
            _ => return None,
        };
        let position =
            root.field(1).and_then(|at| buffer.get(at..)?.first_chunk()).map(|word| i64::from_le_bytes(*word));
        let text = root.field(2).and_then(|at| follow(buffer, at)).and_then(|at| {
            let length = usize::try_from(word(buffer, at)?).ok()?;
            buffer.get(at + 4..)?.get(..length)
        });
        let text = String::from_utf8_lossy(text.unwrap_or_default());
        let size = attribute(&text, "sizeX").zip(attribute(&text, "sizeY")).map(|(x, y)| [x, y]);
        let packets_end = position.and_then(|position| usize::try_from(position).ok());
        Some(Self { bytes, compression, packets_end, size })
    }
}

/// The first number under a key of the description: `<attr key="sizeX" type="int">346</attr>`.
fn attribute(text: &str, key: &str) -> Option<u16> {
    let (_, rest) = text.split_once(&format!("key=\"{key}\""))?;
    let (_, rest) = rest.split_once('>')?;
    rest.split_once('<')?.0.trim().parse().ok()
}

/// A table of FlatBuffers.
struct Table<'b> {
    buffer: &'b [u8],
    at: usize,
    /// Where its list of fields is, and how long.
    fields: usize,
    fields_bytes: usize,
}

impl<'b> Table<'b> {
    /// The root of a buffer with its size before it.
    fn root(buffer: &'b [u8]) -> Option<Self> {
        let at = follow(buffer, 4)?;
        let back = i64::from(word(buffer, at)?.cast_signed());
        let fields = usize::try_from(i64::try_from(at).ok()?.checked_sub(back)?).ok()?;
        let fields_bytes = usize::from(half(buffer, fields)?);
        Some(Self { buffer, at, fields, fields_bytes })
    }

    /// Where a field is, if it is there.
    fn field(&self, number: usize) -> Option<usize> {
        let entry = 4 + 2 * number;
        if entry + 2 > self.fields_bytes {
            return None;
        }
        let offset = usize::from(half(self.buffer, self.fields.checked_add(entry)?)?);
        if offset == 0 { None } else { self.at.checked_add(offset) }
    }
}

fn half(buffer: &[u8], at: usize) -> Option<u16> {
    buffer.get(at..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

fn word(buffer: &[u8], at: usize) -> Option<u32> {
    buffer.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

/// Where an offset leads, which counts from itself.
fn follow(buffer: &[u8], at: usize) -> Option<usize> {
    at.checked_add(usize::try_from(word(buffer, at)?).ok()?)
}

/// The events of a packet.
fn packet(plain: &[u8]) -> Option<impl Iterator<Item = &[u8; EVENT]>> {
    let root = Table::root(plain)?;
    let list = match root.field(0) {
        // A packet may be empty.
        None => &[],
        Some(at) => {
            let at = follow(plain, at)?;
            let count = usize::try_from(word(plain, at)?).ok()?;
            plain.get(at + 4..)?.get(..count.checked_mul(EVENT)?)?
        }
    };
    Some(list.as_chunks::<EVENT>().0.iter())
}

/// An event; nothing where time or place are below 0.
fn event(bytes: &[u8; EVENT]) -> Option<Event> {
    let [a, b, c, d, e, f, g, h, x0, x1, y0, y1, polarity, ..] = *bytes;
    let t_us = u64::try_from(i64::from_le_bytes([a, b, c, d, e, f, g, h])).ok()?;
    let place = |bytes| u16::try_from(i16::from_le_bytes(bytes)).ok();
    Some(Event { t_us, x: place([x0, x1])?, y: place([y0, y1])?, polarity: u8::from(polarity != 0) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    /// A table of one field after the other, 8 bytes each, with its size before it; texts and lists follow.
    fn buffer(name: [u8; 4], fields: &[[u8; 8]], tail: &[u8]) -> Vec<u8> {
        let count = u16::try_from(fields.len()).unwrap();
        let fields_bytes = 4 + 2 * count;
        let pad = usize::from((8 - (fields_bytes % 8)) % 8);
        // Name and offset of the root, the list of fields, the table: the way back to its list, and its fields.
        let mut own = (8 + u32::from(fields_bytes) + u32::try_from(pad).unwrap()).to_le_bytes().to_vec();
        own.extend(name);
        own.extend(fields_bytes.to_le_bytes());
        own.extend((4 + 8 * count).to_le_bytes());
        (0..count).for_each(|field| own.extend((4 + 8 * field).to_le_bytes()));
        own.resize(own.len() + pad, 0);
        own.extend(i32::from(fields_bytes).wrapping_add(i32::try_from(pad).unwrap()).to_le_bytes());
        own.extend(fields.concat());
        own.extend(tail);
        [&u32::try_from(own.len()).unwrap().to_le_bytes()[..], &own].concat()
    }

    /// An offset to what lies this many bytes behind the first byte of this field.
    fn offset(bytes: u32) -> [u8; 8] {
        (u64::from(bytes)).to_le_bytes()
    }

    fn list(items: &[u8], count: usize) -> Vec<u8> {
        [&u32::try_from(count).unwrap().to_le_bytes()[..], items].concat()
    }

    fn events(events: &[(i64, i16, i16, u8)]) -> Vec<u8> {
        let item = |(t, x, y, polarity): &(i64, i16, i16, u8)| {
            [&t.to_le_bytes()[..], &x.to_le_bytes(), &y.to_le_bytes(), &[*polarity, 0, 0, 0]].concat()
        };
        let items: Vec<u8> = events.iter().flat_map(item).collect();
        buffer(*b"EVTS", &[offset(8)], &list(&items, events.len()))
    }

    fn packed(compression: u32, plain: &[u8]) -> Vec<u8> {
        match compression {
            0 => plain.to_vec(),
            1 | 2 => {
                let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
                encoder.write_all(plain).unwrap();
                encoder.finish().unwrap()
            }
            _ => ruzstd::encoding::compress_to_vec(plain, ruzstd::encoding::CompressionLevel::Fastest),
        }
    }

    /// A file whose table of packets lies behind two packets of events and one of something else.
    fn file(compression: u32) -> Vec<u8> {
        let text =
            br#"<dv><node name="info"><attr key="sizeX" type="int">346</attr><attr key="sizeY" type="int">260</attr>"#;
        let packets = [
            (0_u32, events(&[(17, 3, 127, 1), (18, -1, 0, 1)])),
            (1, buffer(*b"FRME", &[offset(8)], &list(&[1, 2, 3], 3))),
            (2, events(&[(1, 1, 1, 1)])),
            (0, events(&[(5_000_000_000, 345, 0, 0)])),
        ];
        let body: Vec<u8> = packets
            .iter()
            .flat_map(|(stream, plain)| {
                let packed = packed(compression, plain);
                [&stream.to_le_bytes()[..], &u32::try_from(packed.len()).unwrap().to_le_bytes(), &packed].concat()
            })
            .collect();
        let header = |position: u64| {
            buffer(*b"IOHE", &[offset(compression), position.to_le_bytes(), offset(8)], &list(text, text.len()))
        };
        let position = MAGIC.len() + header(0).len() + body.len();
        [MAGIC, &header(position as u64), &body, b"the table of packets"].concat()
    }

    #[test]
    fn events_are_read_however_they_are_packed() {
        for compression in 0..=4 {
            let found = parse(&file(compression)).unwrap();
            let own = |t_us, x, y, polarity| Event { t_us, x, y, polarity };
            assert_eq!(found.events, [own(17, 3, 127, 1), own(5_000_000_000, 345, 0, 0)], "compression {compression}");
            assert_eq!(found.size, [346, 260], "as the description says");
        }
    }

    #[test]
    fn what_is_damaged_is_said_to_be() {
        for compression in [0, 1, 3] {
            let whole = file(compression);
            let packets = whole.len() - b"the table of packets".len();
            for cut in 0..packets {
                assert!(parse(&whole[..cut]).is_err(), "compression {compression}, cut at {cut}");
            }
        }
        let mut other = file(0);
        let place = other.windows(4).position(|part| part == b"IOHE").unwrap();
        other[place] = b'X';
        assert_eq!(parse(&other).unwrap_err(), FormatError::at(14, "its header (IOHE) is cut or damaged"));
        let bomb = Compression::Zstandard.unpack(&packed(3, &vec![0; 1 << 24]));
        assert!(bomb.unwrap_err().contains("unpacks to more than"));
    }
}
