//! Every reader of files meets damaged and arbitrary bytes: no panic, no memory out of proportion, errors in a sentence.
//!
//! Bounded and the same in every run. `fuzz/` has the same readers as targets of cargo-fuzz, without end.

#![allow(clippy::unwrap_used, reason = "what is missing fails the test")]

#[allow(dead_code, unreachable_pub, reason = "the targets in `fuzz/` use all of it")]
mod readers;

use loihi_core::num::word;
use peak_alloc::PeakAlloc;
use readers::{Reader, readers};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Counts the memory that is taken.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Files that each reader meets.
const CASES: u32 = 3000;
/// Memory that any file may take.
const BASE_BYTES: usize = 32 << 20;
const LENGTH_MAX: usize = 1 << 16;

/// Numbers that follow from the reader and the case.
struct Draw {
    reader: u32,
    case: u32,
    drawn: u32,
}

impl Draw {
    fn word(&mut self) -> u32 {
        self.drawn += 1;
        word(0xF022, self.reader, self.case, self.drawn)
    }

    /// Less than `most`, which is above 0.
    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.word()).unwrap() % most
    }

    fn byte(&mut self) -> u8 {
        self.word().to_le_bytes()[3]
    }
}

/// Bytes of no format; or a seed with up to four faults.
fn damaged(seeds: &[Vec<u8>], draw: &mut Draw) -> Vec<u8> {
    if seeds.is_empty() || draw.below(8) == 0 {
        let length = draw.below(200);
        return (0..length).map(|_| draw.byte()).collect();
    }
    let mut bytes = seeds[draw.below(seeds.len())].clone();
    for _ in 0..=draw.below(4) {
        damage(&mut bytes, draw);
    }
    bytes.truncate(LENGTH_MAX);
    bytes
}

fn damage(bytes: &mut Vec<u8>, draw: &mut Draw) {
    if bytes.is_empty() {
        return;
    }
    let at = draw.below(bytes.len());
    let end = (at + 1 + draw.below(8)).min(bytes.len());
    match draw.below(9) {
        0 => bytes[at] = draw.byte(),
        1 => bytes[at] ^= 1 << draw.below(8),
        2 => bytes[at..end].fill([0, 0x7F, 0x80, 0xFF][draw.below(4)]),
        3 => bytes.truncate(at),
        4 => drop(bytes.drain(at..end)),
        5 => {
            let copy = bytes[at..].to_vec();
            bytes.extend(copy);
        }
        6 => {
            let more: Vec<u8> = (at..end).map(|_| draw.byte()).collect();
            bytes.splice(at..at, more);
        }
        // The next number of a text becomes a large or odd one.
        7 => {
            let digit = bytes[at..].iter().position(u8::is_ascii_digit).map_or(at, |more| at + more);
            let numbers: [&[u8]; 6] = [b"99999999", b"4294967296", b"-1", b"1e308", b"nan", b"0"];
            bytes.splice(digit..=digit, numbers[draw.below(6)].iter().copied());
        }
        // A piece from elsewhere.
        _ => {
            let from = draw.below(bytes.len());
            let piece = bytes[from..(from + 16).min(bytes.len())].to_vec();
            bytes.splice(at..at, piece);
        }
    }
}

/// What was wrong with how a reader took bytes.
fn fault(reader: &Reader, bytes: &[u8]) -> Option<String> {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let Ok(read) = catch_unwind(AssertUnwindSafe(|| reader.read(bytes))) else {
        return Some("it panicked".to_owned());
    };
    let taken = MEMORY.peak_usage().saturating_sub(before);
    let most = BASE_BYTES + reader.growth * bytes.len();
    if taken > most {
        return Some(format!("it took {taken} bytes of memory, more than {most}"));
    }
    let said = read.err()?;
    let is_sentence = !said.trim().is_empty() && (reader.quotes || (!said.contains(". ") && !said.contains('\n')));
    (!is_sentence).then(|| format!("no one sentence: {said:?}"))
}

/// One test, since memory is counted over all threads.
#[test]
fn damaged_files_are_refused_in_a_sentence() {
    let mut faults = Vec::new();
    for (number, reader) in readers().iter().enumerate() {
        let seeds = (reader.seeds)();
        for seed in &seeds {
            reader.read(seed).unwrap_or_else(|said| panic!("{}: its own seed is refused: {said}", reader.name));
        }
        let mut refused = 0;
        for case in 0..CASES {
            let mut draw = Draw { reader: u32::try_from(number).unwrap(), case, drawn: 0 };
            let bytes = damaged(&seeds, &mut draw);
            refused += u32::from(reader.read(&bytes).is_err());
            if let Some(fault) = fault(reader, &bytes) {
                faults.push(format!(
                    "{}, case {case}: {fault}; bytes {:02x?}",
                    reader.name,
                    &bytes[..bytes.len().min(300)]
                ));
                break;
            }
        }
        println!("{}: {refused} of {CASES} refused", reader.name);
        let stopped = faults.iter().any(|fault: &String| fault.starts_with(reader.name));
        assert!(
            stopped || refused > CASES / 10,
            "{}: damage is not noticed: {refused} of {CASES} refused",
            reader.name
        );
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
