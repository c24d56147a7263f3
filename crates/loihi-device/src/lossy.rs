//! A line with faults around any other: bytes are dropped, doubled or inserted, bits flipped, stretches of bytes dropped,
//! doubled or cut, all seeded.

use super::framed::Framed;
use super::inproc::InProcessLine;
use super::transport::{OpenError, OpenOption, Transport};
use super::{DeviceFault, Heard, Line};
use loihi_core::num::word;
use std::time::{Duration, Instant};

/// `lossy`.
pub const TRANSPORT: Transport = Transport {
    name: "lossy",
    about: "In this process, behind a line that loses bytes: for tests of boards and lines",
    arguments: "bytes in a million that are dropped, doubled or inserted [default: 100]",
    takes: &[OpenOption::Arena],
    open: |arguments, options| {
        let bytes_per_million = if arguments.is_empty() { Ok(100) } else { arguments.parse::<u32>() };
        let bytes_per_million = bytes_per_million.ok().filter(|bytes| *bytes <= 1_000_000);
        let bytes_per_million = bytes_per_million.ok_or_else(|| OpenError::Arguments {
            device: format!("lossy:{arguments}"),
            why: "give the number of damaged bytes in a million, 0 to 1000000".to_owned(),
        })?;
        let faults = Faults { bytes_per_million, ..Faults::default() };
        Ok(Box::new(Framed::new(Lossy::new(InProcessLine::new(options.arena_bytes), faults, 1))))
    },
};

/// How often each fault happens: per stretch of bytes handed over, in units of 1/1024, but for those of single bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Bytes in a million that are dropped, doubled, or inserted.
    pub bytes_per_million: u32,
    /// The whole stretch is lost.
    pub drop: u32,
    /// One bit is flipped.
    pub flip: u32,
    /// The stretch comes twice.
    pub double: u32,
    /// The stretch ends early.
    pub cut: u32,
}

/// A line with faults.
#[derive(Debug)]
pub struct Lossy<D> {
    line: D,
    faults: Faults,
    seed: u32,
    draws: u32,
    /// Faults that have happened.
    pub faults_total: u32,
}

impl<D: Line> Lossy<D> {
    /// Adds faults to a line.
    pub fn new(line: D, faults: Faults, seed: u32) -> Self {
        Self { line, faults, seed, draws: 0, faults_total: 0 }
    }

    fn draw(&mut self, below: usize) -> usize {
        self.draws = self.draws.wrapping_add(1);
        word(self.seed, self.draws, 0, 0) as usize % below.max(1)
    }

    fn happens(&mut self, in_1024: u32) -> bool {
        let happened = self.draw(1024) < in_1024 as usize;
        self.faults_total += u32::from(happened);
        happened
    }

    /// What is left of a stretch after the line.
    fn pass(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut line = bytes.to_vec();
        if line.is_empty() || self.happens(self.faults.drop) {
            return Vec::new();
        }
        if self.happens(self.faults.flip) {
            let (at, bit) = (self.draw(line.len()), self.draw(8));
            line[at] ^= 1 << bit;
        }
        if self.happens(self.faults.cut) {
            let length = self.draw(line.len());
            line.truncate(length);
        }
        if self.happens(self.faults.double) {
            line.extend_from_within(..);
        }
        if self.faults.bytes_per_million == 0 { line } else { self.pass_bytes(&line) }
    }

    /// What is left of bytes that are dropped, doubled or inserted one by one.
    fn pass_bytes(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut line = Vec::with_capacity(bytes.len());
        for byte in bytes {
            if self.draw(1_000_000) >= self.faults.bytes_per_million as usize {
                line.push(*byte);
                continue;
            }
            self.faults_total += 1;
            match self.draw(3) {
                0 => {}
                1 => line.extend([*byte; 2]),
                _ => line.extend([self.draw(256).to_le_bytes()[0], *byte]),
            }
        }
        line
    }
}

impl<D: Line> Line for Lossy<D> {
    fn name(&self) -> &str {
        TRANSPORT.name
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), DeviceFault> {
        let line = self.pass(bytes);
        self.line.send(&line)
    }

    fn receive(&mut self, into: &mut Vec<u8>, wait: Duration) -> Result<(), DeviceFault> {
        let mut fresh = Vec::new();
        self.line.receive(&mut fresh, wait)?;
        into.extend(self.pass(&fresh));
        Ok(())
    }

    fn answers_at_once(&self) -> bool {
        self.line.answers_at_once()
    }

    fn now(&self) -> Instant {
        self.line.now()
    }

    fn silence(&self, heard: Heard) -> Option<String> {
        self.line.silence(heard)
    }

    fn log(&mut self, payload: &[u8]) -> Vec<String> {
        self.line.log(payload)
    }
}

#[cfg(test)]
mod tests {
    use crate::transport::OpenOptions;

    #[test]
    fn devices_are_found_by_name_and_arguments() {
        let said = |name| crate::named(name).map(|chosen| chosen.to_string()).map_err(|error| error.to_string());
        let there = crate::TRANSPORTS.iter().map(|transport| transport.name).collect::<Vec<_>>().join(", ");
        assert_eq!(said("lossy:50"), Ok("lossy:50".to_owned()));
        assert_eq!(said("host"), Ok("host".to_owned()));
        assert_eq!(said("board"), Err(format!("unknown device `board`; there are: {there}")));
        assert_eq!(said("host:1"), Err("`host:1`: this device takes no arguments: give `host`".to_owned()));
        let refused = crate::named("lossy:many").unwrap().open(&OpenOptions::default()).map(|_| ()).unwrap_err();
        assert_eq!(refused.to_string(), "`lossy:many`: give the number of damaged bytes in a million, 0 to 1000000");
        let device = crate::named("lossy").unwrap().open(&OpenOptions::default().arena_bytes(1 << 16)).unwrap();
        assert_eq!(device.name(), "lossy");
    }
}
