//! Recordings of Prophesee's cameras: `.raw`, as the sensor sends its words, and `.dat`, decoded.
//!
//! Both begin with lines of text, `% KEYWORD VALUE`. Those of `.raw` say how the words are encoded (`evt 3.0`, or `format
//! EVT3;height=720;width=1280`) and end with the first other line, or with `% end`. In `.dat` two bytes
//! follow, type and size of an event, then events of 8 bytes, little-endian: 32 bits of microseconds, then 14 bits of
//! column, 14 of row, 4 of polarity.
//!
//! Source: the formats' description by their authors, and their public library (`OpenEB`).

use super::error::FormatError;
use super::events::{Event, Events, Unwrapped};
use super::evt::{self, Encoding};
use super::format::{Content, Format};

/// Types of events in `.dat` files that have place and polarity: general ones, and changes of contrast.
const DAT_TYPES: [u8; 2] = [0, 12];
/// Bytes of an event in `.dat` files.
const DAT_EVENT: usize = 8;

/// The lines of text of a file.
#[derive(Default)]
struct Header<'b> {
    /// Where they end.
    bytes: usize,
    /// Keywords and values.
    fields: Vec<(&'b str, &'b str)>,
}

impl<'b> Header<'b> {
    fn of(bytes: &'b [u8]) -> Self {
        let mut header = Self::default();
        while let Some(rest) = bytes.get(header.bytes..).filter(|rest| rest.starts_with(b"%")) {
            let Some(length) = rest.iter().position(|byte| *byte == b'\n') else { break };
            // What is not text is an event that begins with the sign by chance.
            let Some(line) = rest.get(1..length).and_then(|line| std::str::from_utf8(line).ok()) else { break };
            header.bytes += length + 1;
            let (keyword, value) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
            header.fields.push((keyword, value.trim()));
            if keyword == "end" {
                break;
            }
        }
        header
    }

    fn get(&self, keyword: &str) -> Option<&'b str> {
        self.fields.iter().find(|(own, _)| own.eq_ignore_ascii_case(keyword)).map(|(_, value)| *value)
    }

    /// Columns and rows of the sensor.
    fn size(&self) -> Option<[u16; 2]> {
        let number = |text: &str| text.trim().parse::<u16>().ok().filter(|extent| *extent > 0);
        let in_format = |key: &str| {
            let mut parts = self.get("format")?.split(';').filter_map(|part| part.split_once('='));
            parts.find(|(own, _)| *own == key).and_then(|(_, value)| number(value))
        };
        let both = |width: Option<u16>, height: Option<u16>| Some([width?, height?]);
        both(in_format("width"), in_format("height"))
            .or_else(|| self.get("geometry")?.split_once('x').and_then(|(x, y)| both(number(x), number(y))))
            .or_else(|| both(self.get("width").and_then(number), self.get("height").and_then(number)))
    }

    /// How the words of a `.raw` file are encoded.
    fn encoding(&self) -> Result<Encoding, String> {
        let said = self.get("format").and_then(|format| format.split(';').next()).or_else(|| self.get("evt"));
        let said = said.and_then(|said| said.split_whitespace().next());
        match said {
            Some("EVT2" | "2.0") => Ok(Encoding::Evt2),
            Some("EVT3" | "3.0") => Ok(Encoding::Evt3),
            Some(other) => Err(format!(
                "its words are encoded as `{}`, and EVT2 and EVT3 are read: convert it to .dat",
                other.escape_debug()
            )),
            None => Err("no line of its header says how its words are encoded: there is `% evt 2.0`, `% evt 3.0` or \
                         `% format EVT2` or EVT3"
                .to_owned()),
        }
    }
}

/// Files of the words of a sensor.
pub const RAW: Format =
    Format::new("raw", &["raw"], "recordings of Prophesee's cameras, EVT2 or EVT3", |bytes, _, _| {
        Ok(Content::events(parse_raw(bytes)?))
    });

/// Files of decoded events.
pub const DAT: Format = Format::new("dat", &["dat"], "decoded recordings of Prophesee's cameras", |bytes, _, _| {
    Ok(Content::events(parse_dat(bytes)?))
});

/// Reads a `.raw` file.
///
/// # Errors
/// [`FormatError`] says where.
pub fn parse_raw(bytes: &[u8]) -> Result<Events, FormatError> {
    let header = Header::of(bytes);
    if header.fields.is_empty() {
        return Err(FormatError::at(0, "it does not start with a line of text (%), as .raw files of Prophesee do"));
    }
    let encoding = header.encoding().map_err(|what| FormatError::at(0, what))?;
    let big_endian = header.get("endianness").is_some_and(|order| order.eq_ignore_ascii_case("big"));
    let size = header.size();
    let at = header.bytes;
    let words = bytes.get(at..).unwrap_or_default();
    let events = evt::decode(words, encoding, big_endian, size).map_err(|error| error.after(at))?;
    Ok(Events::of(events).on(size))
}

/// Reads a `.dat` file.
///
/// # Errors
/// [`FormatError`] says where.
pub fn parse_dat(bytes: &[u8]) -> Result<Events, FormatError> {
    let header = Header::of(bytes);
    if header.fields.is_empty() {
        return Err(FormatError::at(0, "it does not start with a line of text (%), as .dat files of Prophesee do"));
    }
    let at = header.bytes;
    let Some(([kind, size], rest)) = bytes.get(at..).and_then(<[u8]>::split_first_chunk::<2>) else {
        return Err(FormatError::at(at, "it ends before type and size of its events"));
    };
    if !DAT_TYPES.contains(kind) || usize::from(*size) != DAT_EVENT {
        let what = format!("events of type {kind} and {size} bytes: there can be types 0 and 12, of {DAT_EVENT} bytes");
        return Err(FormatError::at(at, what));
    }
    let (records, left) = rest.as_chunks::<DAT_EVENT>();
    if !left.is_empty() {
        let what = format!("it ends within an event: {} bytes are left of {DAT_EVENT}", left.len());
        return Err(FormatError::at(bytes.len() - left.len(), what));
    }
    if records.is_empty() {
        return Err(FormatError::at(at + 2, "it has no events"));
    }
    let mut clock = Unwrapped::new(32);
    let event = |[a, b, c, d, e, f, g, h]: &[u8; DAT_EVENT]| {
        let place = u32::from_le_bytes([*e, *f, *g, *h]);
        let extent = |shift: u32| u16::try_from((place >> shift) & 0x3FFF).unwrap_or(0);
        let t_us = clock.at(u32::from_le_bytes([*a, *b, *c, *d]).into());
        Event { t_us, x: extent(0), y: extent(14), polarity: u8::from(place >> 28 != 0) }
    };
    Ok(Events::of(records.iter().map(event).collect()).on(header.size()))
}

#[cfg(test)]
mod tests {
    use super::super::error::Position;
    use super::*;

    const DAT: &str = "% Data file containing CD events\n% Version 2\n% Width 640\n% Height 480\n";

    fn dat(header: &str, kind: [u8; 2], events: &[(u32, u32, u32, u32)]) -> Vec<u8> {
        let mut bytes = [header.as_bytes(), &kind].concat();
        for (t_us, x, y, polarity) in events {
            bytes.extend(t_us.to_le_bytes());
            bytes.extend((x | y << 14 | polarity << 28).to_le_bytes());
        }
        bytes
    }

    #[test]
    fn decoded_events_are_read() {
        let bytes = dat(DAT, [12, 8], &[(7, 639, 0, 1), (u32::MAX, 0, 479, 0), (3, 5, 6, 1)]);
        let found = parse_dat(&bytes).unwrap();
        let own = |t_us, x, y, polarity| Event { t_us, x, y, polarity };
        // The clock of 32 bits begins anew.
        assert_eq!(found.events, [own(7, 639, 0, 1), own(u32::MAX.into(), 0, 479, 0), own((1 << 32) + 3, 5, 6, 1)]);
        assert_eq!(found.size, [640, 480]);
        let unsaid = parse_dat(&dat("% Version 2\n", [0, 8], &[(1, 2, 3, 0)])).unwrap();
        assert_eq!(unsaid.size, [3, 4], "as its events say");
    }

    #[test]
    fn an_encoded_file_says_how_and_how_large() {
        let words: Vec<u8> = [0x8000_0001_u32, 0x1000_0000 | 5 << 22 | 3 << 11 | 4].map(u32::to_le_bytes).concat();
        let of = |header: &str| parse_raw(&[header.as_bytes(), &words].concat());
        for (header, size) in [
            ("% evt 2.0\n% geometry 640x480\n% end\n", [640, 480]),
            ("% format EVT2;height=720;width=1280\n% serial_number 1\n", [1280, 720]),
            ("% evt 2.0\n% Width 304\n% Height 240\n", [304, 240]),
            ("% evt 2.0\n% geometry 2x2\n% geometry no\n% end\n", [4, 5]),
        ] {
            let found = of(header).map(|found| (found.events.len(), found.size));
            let expected = if size == [4, 5] {
                Err(FormatError::at(header.len(), "it has no events on its sensor"))
            } else {
                Ok((1, size))
            };
            assert_eq!(found, expected, "{header}");
        }
        let found = of("% evt 2.0\n").unwrap();
        assert_eq!((found.events[0], found.size), (Event { t_us: 69, x: 3, y: 4, polarity: 1 }, [4, 5]));
        let big = [b"% evt 2.0\n% endianness big\n% end\n", &*[0x8000_0001_u32, 4].map(u32::to_be_bytes).concat()];
        assert_eq!(parse_raw(&big.concat()).unwrap().events, [Event { t_us: 64, x: 0, y: 4, polarity: 0 }]);
        assert!(of("% evt 2.1\n").unwrap_err().message.contains("encoded as `2.1`"));
        assert!(of("% date today\n").unwrap_err().message.contains("no line of its header says"));
        assert_eq!(parse_raw(&words).unwrap_err().position, Some(Position::Byte(0)));
    }

    #[test]
    fn what_is_damaged_is_said_to_be() {
        let whole = dat(DAT, [12, 8], &[(7, 3, 0, 1), (8, 3, 0, 1)]);
        let said = |bytes: &[u8]| parse_dat(bytes).unwrap_err();
        for cut in (0..whole.len()).filter(|cut| *cut != DAT.len() + 10) {
            assert!(parse_dat(&whole[..cut]).is_err(), "cut at {cut}");
        }
        let at = whole.len() - 8;
        assert_eq!(
            said(&whole[..whole.len() - 3]),
            FormatError::at(at, "it ends within an event: 5 bytes are left of 8")
        );
        assert!(said(&dat(DAT, [14, 8], &[(7, 3, 0, 1)])).message.contains("events of type 14 and 8 bytes"));
        assert!(said(&dat(DAT, [12, 16], &[(7, 3, 0, 1)])).message.contains("of 8 bytes"));
        assert!(said(&dat("", [12, 8], &[(7, 3, 0, 1)])).message.contains("does not start with a line of text"));
    }
}
