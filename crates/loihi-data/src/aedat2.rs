//! AEDAT 2.0: events as jAER writes them.
//!
//! `#!AER-DAT2.0`, more lines of text that begin with `#` (`# AEChip: CLASS` names the sensor), then events of 8 bytes,
//! big-endian: an address, and microseconds that start anew after 2^32. What an address means is the sensor's:
//!
//! | sensor | address |
//! |---|---|
//! | DVS128 | bit 0 clear where it became brighter, bits 1 to 7 column, 8 to 14 row; with bit 15 no pixel |
//! | DAVIS | bit 11 set where it became brighter, bits 12 to 21 column, 22 to 30 row; with bit 10 or 31 no pixel (triggers, frames, inertia) |
//!
//! Both count columns from the right and rows from the bottom; here they count from the left and the top, as in later
//! versions. A file that names no sensor is one of a DVS128 if no address has more than 16 bits, else one of the smallest
//! DAVIS that has all of its pixels.
//!
//! Source: the format's description by its authors, and jAER's readers of both sensors (where the description has the
//! polarity of a DVS128 the other way round, its cameras and jAER do as said here).

use super::error::FormatError;
use super::events::{Event, Events, Unwrapped};

/// Bytes of an event.
const EVENT: usize = 8;
/// The last line of text, in files that have it.
const HEADER_END: &str = "#End Of ASCII Header";

/// A sensor: how its addresses are read, and how many columns and rows it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sensor {
    is_davis: bool,
    size: [u16; 2],
}

const DVS128: Sensor = Sensor { is_davis: false, size: [128, 128] };

/// The sensors that differ in size, the smallest first, by a part of the name of their class.
const DAVIS: [(&str, Sensor); 5] = [
    ("davis128", Sensor { is_davis: true, size: [128, 128] }),
    ("davis208", Sensor { is_davis: true, size: [208, 192] }),
    ("davis240", Sensor { is_davis: true, size: [240, 180] }),
    ("davis346", Sensor { is_davis: true, size: [346, 260] }),
    ("davis640", Sensor { is_davis: true, size: [640, 480] }),
];

/// Reads a file, whose first line was seen.
///
/// # Errors
/// [`FormatError`] says where.
pub(super) fn parse(bytes: &[u8]) -> Result<Events, FormatError> {
    let (at, chip) = header(bytes);
    let (records, rest) = bytes.get(at..).unwrap_or_default().as_chunks::<EVENT>();
    if !rest.is_empty() {
        let what = format!("it ends within an event: {} bytes are left of {EVENT}", rest.len());
        return Err(FormatError::at(bytes.len() - rest.len(), what));
    }
    let mut clock = Unwrapped::new(32);
    let record = |[a, b, c, d, e, f, g, h]: &[u8; EVENT]| {
        (u32::from_be_bytes([*a, *b, *c, *d]), clock.at(u32::from_be_bytes([*e, *f, *g, *h]).into()))
    };
    let records: Vec<(u32, u64)> = records.iter().map(record).collect();
    let sensor = match chip {
        Some(chip) => named(chip).ok_or_else(|| {
            let chip = chip.escape_debug();
            FormatError::at(0, format!("its sensor `{chip}` is not known: there are DVS128 and DAVIS (128 to 640)"))
        })?,
        None => {
            guessed(&records).ok_or_else(|| FormatError::at(at, "it has events beyond any sensor that is known"))?
        }
    };
    let mut events = Vec::with_capacity(records.len());
    for (number, (address, t_us)) in records.into_iter().enumerate() {
        let Some((x, y, polarity)) = sensor.pixel(address) else { continue };
        let [width, height] = sensor.size;
        let Some((x, y)) = (width - 1).checked_sub(x).zip((height - 1).checked_sub(y)) else {
            let what = format!("column {x}, row {y} of a sensor of {width} x {height}: it is damaged");
            return Err(FormatError::at(at + number * EVENT, what));
        };
        events.push(Event { t_us, x, y, polarity });
    }
    if events.is_empty() {
        return Err(FormatError::at(at, "it has no polarity events"));
    }
    Ok(Events::of(events).on(Some(sensor.size)))
}

/// Where the lines of text end, and the class of the sensor, if they name it.
fn header(bytes: &[u8]) -> (usize, Option<&str>) {
    let (mut at, mut chip) = (0, None);
    while let Some(rest) = bytes.get(at..).filter(|rest| rest.starts_with(b"#")) {
        // The address of an event can begin with the same byte: what is not a line of text is an event.
        let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let line = rest.get(..length).and_then(|line| std::str::from_utf8(line).ok()).map(str::trim_end);
        let Some(line) = line.filter(|line| !line.contains(|letter: char| letter.is_control() && letter != '\t'))
        else {
            break;
        };
        at = (at + length + 1).min(bytes.len());
        chip = line.trim_start_matches(['#', ' ']).strip_prefix("AEChip:").and_then(class_of).or(chip);
        if line == HEADER_END {
            break;
        }
    }
    (at, chip)
}

/// The class in a path as jAER writes it, `eu.seebetter.ini.chips.davis.Davis346blue`.
fn class_of(path: &str) -> Option<&str> {
    path.split_whitespace().next()?.rsplit('.').next()
}

/// The sensor of a class.
fn named(chip: &str) -> Option<Sensor> {
    let class = chip.to_ascii_lowercase();
    let davis = DAVIS.iter().find(|(part, _)| class.contains(part)).map(|(_, sensor)| *sensor);
    davis.or((class.contains("dvs128") || class.contains("tmpdiff128")).then_some(DVS128))
}

fn guessed(records: &[(u32, u64)]) -> Option<Sensor> {
    if records.iter().all(|(address, _)| *address < 1 << 16) {
        return Some(DVS128);
    }
    let fits = |sensor: &Sensor| {
        let [width, height] = sensor.size;
        records.iter().filter_map(|(address, _)| sensor.pixel(*address)).all(|(x, y, _)| x < width && y < height)
    };
    DAVIS.iter().map(|(_, sensor)| *sensor).find(fits)
}

impl Sensor {
    /// Column and row as the address has them, and polarity; nothing if it is that of no pixel.
    fn pixel(self, address: u32) -> Option<(u16, u16, u8)> {
        let bits = |shift: u32, count: u32| u16::try_from((address >> shift) & ((1 << count) - 1)).unwrap_or(0);
        let is = |bit: u32| address & 1 << bit != 0;
        if self.is_davis {
            return (!is(31) && !is(10)).then(|| (bits(12, 10), bits(22, 9), u8::from(is(11))));
        }
        (!is(31) && !is(15)).then(|| (bits(1, 7), bits(8, 7), u8::from(!is(0))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(lines: &str, events: &[(u32, u32)]) -> Vec<u8> {
        let mut bytes = format!("#!AER-DAT2.0\r\n{lines}").into_bytes();
        for (address, t_us) in events {
            bytes.extend(address.to_be_bytes());
            bytes.extend(t_us.to_be_bytes());
        }
        bytes
    }

    fn davis(x: u32, y: u32, polarity: u32) -> u32 {
        y << 22 | x << 12 | polarity << 11
    }

    fn own(t_us: u64, x: u16, y: u16, polarity: u8) -> Event {
        Event { t_us, x, y, polarity }
    }

    const CHIP: &str = "# This is a raw AE data file\r\n# AEChip: eu.seebetter.ini.chips.davis.Davis346blue\r\n";

    #[test]
    fn a_davis_counts_from_the_right_and_the_bottom() {
        let (frame, trigger) = (1 << 31 | davis(3, 4, 0), davis(0, 0, 0) | 1 << 10);
        let events =
            [(davis(0, 0, 1), 5), (frame, 6), (trigger, 7), (davis(345, 259, 0), u32::MAX), (davis(1, 2, 1), 3)];
        let found = parse(&file(CHIP, &events)).unwrap();
        let expected = [own(5, 345, 259, 1), own(u32::MAX.into(), 0, 0, 0), own((1 << 32) + 3, 344, 257, 1)];
        assert_eq!((found.size, &*found.events), ([346, 260], &expected[..]));
        let beyond = parse(&file(CHIP, &[(davis(346, 0, 1), 5)])).unwrap_err().message;
        assert_eq!(beyond, "column 346, row 0 of a sensor of 346 x 260: it is damaged");
    }

    #[test]
    fn a_dvs128_says_darker_by_a_bit() {
        let events = [(127 << 8 | 3 << 1, 9), (1 << 15, 10), (5 << 8 | 1, 11)];
        let expected = [own(9, 124, 0, 1), own(11, 127, 122, 0)];
        for lines in ["", "# AEChip: ch.unizh.ini.jaer.chip.retina.DVS128\r\n", "#End Of ASCII Header\r\n"] {
            let found = parse(&file(lines, &events)).unwrap();
            assert_eq!((found.size, &*found.events), ([128, 128], &expected[..]), "{lines}");
        }
    }

    #[test]
    fn a_sensor_that_is_not_named_is_the_smallest_that_fits() {
        let size = |x, y| parse(&file("", &[(davis(x, y, 1), 5)])).unwrap().size;
        assert_eq!(
            [size(0, 1), size(239, 179), size(240, 0), size(0, 260)],
            [[128, 128], [240, 180], [346, 260], [640, 480]]
        );
        assert!(
            parse(&file("", &[(davis(1000, 0, 1) | 1 << 22, 5)])).unwrap_err().message.contains("beyond any sensor")
        );
    }

    #[test]
    fn an_event_that_begins_as_a_line_is_none() {
        // Row 140: the first byte of the address is that of `#`.
        let address = davis(17, 140, 1);
        assert_eq!(address.to_be_bytes()[0], b'#');
        let found = parse(&file(CHIP, &[(address, 0x0A00_0000), (davis(0, 0, 1), 0x0A00_0001)])).unwrap();
        assert_eq!(found.events[0], own(0x0A00_0000, 328, 119, 1));
        assert_eq!(found.events.len(), 2);
    }

    #[test]
    fn what_is_damaged_is_said_to_be() {
        let whole = file(CHIP, &[(davis(1, 2, 1), 3), (davis(1, 2, 1), 4)]);
        for cut in 0..whole.len() {
            assert_eq!(parse(&whole[..cut]).is_ok(), cut == whole.len() - EVENT, "cut at {cut}");
        }
        let other = file("# AEChip: ch.unizh.ini.jaer.chip.cochlea.CochleaAMS\r\n", &[(1, 2)]);
        assert!(parse(&other).unwrap_err().message.contains("its sensor `CochleaAMS` is not known"));
    }
}
