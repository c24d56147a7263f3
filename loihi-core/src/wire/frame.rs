//! Frames: COBS, sequence number, CRC. Encoding into a slice, decoding byte by byte.

use crc::{CRC_32_ISO_HDLC, Crc, Digest};

/// Channel of requests and responses.
pub const CHANNEL_MESSAGE: u8 = 0;
/// Channel of log frames.
pub const CHANNEL_LOG: u8 = 1;
/// Channel of parts of requests and responses.
pub const CHANNEL_PART: u8 = 2;
/// Shortest longest body that a board may have: the digest of all state must fit.
pub const BODY_LEAST: usize = 384;
/// Longest body of a board with memory to spare: the spikes of a whole sample go in one.
pub const BODY_LARGE: usize = 1 << 16;
/// Bytes around the body: channel, sequence number, CRC.
const OVERHEAD: usize = 7;
/// Most bytes around the data of a [`Part`](super::part::Part): its kind, two numbers.
const PART_FIELDS: usize = 11;

/// Bytes of a frame with this body before COBS.
pub const fn plain_bytes(body_bytes: usize) -> usize {
    body_bytes.saturating_add(OVERHEAD)
}

/// Bytes that a device needs for requests of this length, whole or in parts: the frame of a part lies behind the parts
/// before it.
pub const fn incoming_bytes(body_bytes: usize) -> usize {
    plain_bytes(body_bytes).saturating_add(PART_FIELDS)
}

/// Most bytes on the line of the frame of a part with `data` bytes of data.
pub const fn part_line_bytes(data_bytes: usize) -> usize {
    line_bytes(data_bytes.saturating_add(PART_FIELDS))
}

/// Most bytes of a frame with this body on the line: COBS adds a byte for every 254 that it begins, and the zero at the
/// end.
pub const fn line_bytes(body_bytes: usize) -> usize {
    let plain = plain_bytes(body_bytes);
    plain.saturating_add(plain.div_ceil(254)).saturating_add(1)
}

/// The check of frames, images and learned state.
pub const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// A valid frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What the body is; see [`CHANNEL_MESSAGE`], [`CHANNEL_LOG`] and [`CHANNEL_PART`].
    pub channel: u8,
    /// Number of the request, of the request that is answered, or of the log frame.
    pub sequence: u16,
    /// The payload.
    pub body: &'a [u8],
}

/// Writes a frame to the front of `out` and returns its length on the line; `None` if `out` is too short.
pub fn encode(channel: u8, sequence: u16, body: &[u8], out: &mut [u8]) -> Option<usize> {
    let mut writer = FrameWriter::new(channel, sequence, out)?;
    writer.extend(body)?;
    writer.finish()
}

/// Writes a frame while its body comes: check and COBS in one pass, so that no body has to be kept beside its frame.
pub struct FrameWriter<'a> {
    out: &'a mut [u8],
    check: Digest<'static, u32>,
    /// Where the distance of the COBS block under way belongs.
    block: usize,
    at: usize,
    distance: u8,
}

impl<'a> FrameWriter<'a> {
    /// A frame without body at the front of `out`; `None` if `out` is too short.
    pub fn new(channel: u8, sequence: u16, out: &'a mut [u8]) -> Option<Self> {
        *out.first_mut()? = 0;
        let mut writer = Self { out, check: CRC.digest(), block: 0, at: 1, distance: 1 };
        let [low, high] = sequence.to_le_bytes();
        writer.extend(&[channel, low, high])?;
        Some(writer)
    }

    /// Adds bytes to the body; `None` if there is no room.
    pub fn extend(&mut self, bytes: &[u8]) -> Option<()> {
        self.check.update(bytes);
        self.stuff(bytes)
    }

    /// Closes the frame and returns its length on the line; `None` if there is no room.
    pub fn finish(mut self) -> Option<usize> {
        let check = self.check.clone().finalize();
        self.stuff(&check.to_le_bytes())?;
        self.close_block()?;
        Some(self.at)
    }

    fn put(&mut self, byte: u8) -> Option<()> {
        *self.out.get_mut(self.at)? = byte;
        self.at = self.at.checked_add(1)?;
        Some(())
    }

    fn close_block(&mut self) -> Option<()> {
        *self.out.get_mut(self.block)? = self.distance;
        self.block = self.at;
        self.distance = 1;
        self.put(0)
    }

    /// COBS: replaces zeros by the distance to the next one.
    fn stuff(&mut self, bytes: &[u8]) -> Option<()> {
        for &byte in bytes {
            if byte == 0 {
                self.close_block()?;
                continue;
            }
            self.put(byte)?;
            self.distance = self.distance.wrapping_add(1);
            if self.distance == 0xFF {
                self.close_block()?;
            }
        }
        Some(())
    }
}

impl postcard::ser_flavors::Flavor for FrameWriter<'_> {
    type Output = usize;

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.try_extend(&[byte])
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.extend(bytes).ok_or(postcard::Error::SerializeBufferFull)
    }

    fn finalize(self) -> postcard::Result<usize> {
        self.finish().ok_or(postcard::Error::SerializeBufferFull)
    }
}

/// What a byte completed.
#[derive(Debug, PartialEq, Eq)]
pub enum Received<'a> {
    /// Nothing yet.
    Nothing,
    /// A valid frame.
    Frame(Frame<'a>),
    /// Something that ended like a frame but is not one: cut, too long, or damaged.
    Damaged,
}

/// Where a reader is within a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Before the first byte.
    #[default]
    Start,
    /// Within, and all is well so far.
    Within,
    /// Within a frame that is longer than any can be.
    TooLong,
    /// After the zero at the end.
    End,
}

/// Takes a line apart into frames, in a buffer that holds the longest of them before COBS ([`plain_bytes`]).
#[derive(Debug, Default)]
pub struct FrameReader<B> {
    plain: B,
    /// Bytes at the front that are held, before those of the frame under way.
    held: usize,
    length: usize,
    place: Place,
    /// Bytes left in the COBS block under way.
    left: u8,
    /// Whether the block under way stands for a zero at its end.
    zero_due: bool,
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> FrameReader<B> {
    /// A reader at the start of a line.
    pub const fn new(plain: B) -> Self {
        Self { plain, held: 0, length: 0, place: Place::Start, left: 0, zero_due: false }
    }

    /// Takes the next byte.
    pub fn push(&mut self, byte: u8) -> Received<'_> {
        if self.place == Place::End {
            self.length = 0;
            (self.place, self.left, self.zero_due) = (Place::Start, 0, false);
        }
        if byte == 0 {
            return self.close();
        }
        if self.place == Place::Start {
            self.place = Place::Within;
        }
        if self.left == 0 {
            if self.zero_due {
                self.keep(0);
            }
            self.left = byte.wrapping_sub(1);
            self.zero_due = byte != 0xFF;
        } else {
            self.left = self.left.wrapping_sub(1);
            self.keep(byte);
        }
        Received::Nothing
    }

    /// Moves the last `count` bytes of the body of the frame that was read last behind the first `keep` bytes that are
    /// held, and holds all of them from now on.
    pub fn hold(&mut self, keep: usize, count: usize) {
        let keep = keep.min(self.held);
        let from = self.held.saturating_add(self.length.saturating_sub(4)).saturating_sub(count);
        let plain = self.plain.as_mut();
        // Forward, since the two may overlap.
        for at in 0..count {
            let byte = plain.get(from.saturating_add(at)).copied();
            if let Some((to, byte)) = plain.get_mut(keep.saturating_add(at)).zip(byte) {
                *to = byte;
            }
        }
        self.held = keep.saturating_add(count);
        self.length = 0;
    }

    /// The bytes that are held.
    pub fn held(&self) -> &[u8] {
        self.plain.as_ref().get(..self.held).unwrap_or_default()
    }

    /// Holds nothing from the next frame on.
    pub const fn release(&mut self) {
        self.held = 0;
    }

    fn keep(&mut self, byte: u8) {
        match self.plain.as_mut().get_mut(self.held.saturating_add(self.length)) {
            Some(place) => {
                *place = byte;
                self.length = self.length.saturating_add(1);
            }
            None => self.place = Place::TooLong,
        }
    }

    fn close(&mut self) -> Received<'_> {
        let place = core::mem::replace(&mut self.place, Place::End);
        if place == Place::Start {
            return Received::Nothing;
        }
        if place == Place::TooLong {
            // Without what is held it may fit when it comes again.
            self.held = 0;
        }
        match self.frame() {
            Some(frame) if self.left == 0 && place == Place::Within => Received::Frame(frame),
            _ => Received::Damaged,
        }
    }

    fn frame(&self) -> Option<Frame<'_>> {
        let plain = self.plain.as_ref().get(self.held..)?;
        let (checked, check) = plain.get(..self.length)?.split_last_chunk::<4>()?;
        let (&[channel, low, high], body) = checked.split_first_chunk::<3>()?;
        let valid = CRC.checksum(checked) == u32::from_le_bytes(*check);
        valid.then_some(Frame { channel, sequence: u16::from_le_bytes([low, high]), body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec as StdVec;

    const BODY_MAX: usize = 2048;
    const FRAME_MAX: usize = line_bytes(BODY_MAX);

    fn reader() -> FrameReader<[u8; plain_bytes(BODY_MAX)]> {
        FrameReader::new([0; plain_bytes(BODY_MAX)])
    }

    fn encoded(channel: u8, sequence: u16, body: &[u8]) -> StdVec<u8> {
        let mut out = [0; FRAME_MAX];
        let length = encode(channel, sequence, body, &mut out).unwrap();
        out.get(..length).unwrap().to_vec()
    }

    fn bodies() -> impl Strategy<Value = StdVec<u8>> {
        // Many zeros, and long stretches without one: both ends of COBS.
        let byte = prop_oneof![3 => Just(0_u8), 1 => any::<u8>(), 3 => 1_u8..];
        prop_oneof![proptest::collection::vec(byte, 0..600), proptest::collection::vec(1_u8.., 240..=BODY_MAX)]
    }

    proptest! {
        #[test]
        fn frames_come_back(channel: u8, sequence: u16, body in bodies()) {
            let line = encoded(channel, sequence, &body);
            prop_assert!(line.iter().position(|b| *b == 0) == Some(line.len() - 1));
            let mut reader = reader();
            let (last, before) = line.split_last().unwrap();
            for byte in before {
                prop_assert_eq!(reader.push(*byte), Received::Nothing);
            }
            prop_assert_eq!(reader.push(*last), Received::Frame(Frame { channel, sequence, body: &body }));
        }

        #[test]
        fn a_damaged_frame_is_noticed_and_the_next_one_is_read(
            body in bodies(), at: prop::sample::Index, bit in 0_u8..8, cut: bool,
        ) {
            let mut line = encoded(0, 7, &body);
            let last = line.len() - 1;
            let at = at.index(last);
            if cut { line.drain(at..last); } else { line[at] ^= 1 << bit; }
            let mut reader = reader();
            for byte in line {
                prop_assert!(!matches!(reader.push(byte), Received::Frame(_)));
            }
            let next = encoded(0, 8, b"next");
            let frames = next.iter().filter(|byte| matches!(reader.push(**byte), Received::Frame(f) if f.sequence == 8));
            prop_assert_eq!(frames.count(), 1);
        }

        #[test]
        fn any_bytes_are_survived(noise in proptest::collection::vec(any::<u8>(), 0..4000)) {
            let mut reader = reader();
            for byte in noise {
                let _ = reader.push(byte);
            }
        }
    }

    #[test]
    fn the_longest_frame_fits_and_a_longer_body_is_refused() {
        assert!(encode(0, 0, &[1; BODY_MAX], &mut [0; FRAME_MAX]).is_some());
        assert!(encode(0, 0, &[1; 20], &mut [0; 20]).is_none());
        let line = encode(0, 0, &[1; BODY_MAX + 1], &mut [0; 2 * FRAME_MAX]).unwrap();
        let mut long = [0; 2 * FRAME_MAX];
        encode(0, 0, &[1; BODY_MAX + 1], &mut long).unwrap();
        let mut reader = reader();
        let received = long.iter().take(line).filter(|byte| reader.push(**byte) == Received::Damaged);
        assert_eq!(received.count(), 1);
    }
}
