//! Runs of a sweep, and what tells it from other sweeps.

use std::fmt;
use std::str::FromStr;

/// Most runs of a sweep.
pub const RUNS_MAX: u32 = 1_000_000;

/// A run of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its number, from 0.
    pub number: u32,
    /// The number of its point, from 0.
    pub point: u32,
    /// Its seed.
    pub seed: u32,
}

/// What tells a sweep from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Of text, keys, values, seeds, data and options.
    pub hash: u64,
    /// Number of its runs.
    pub runs: u32,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.hash, self.runs)
    }
}

impl FromStr for Identity {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (digits, runs) = text.split_once('-').ok_or(())?;
        let runs = runs.parse().ok().filter(|runs| (1..=RUNS_MAX).contains(runs)).ok_or(())?;
        Ok(Self { hash: hash(digits).ok_or(())?, runs })
    }
}

/// 16 hexadecimal digits.
pub(crate) fn hash(cell: &str) -> Option<u64> {
    u64::from_str_radix(cell, 16).ok().filter(|_| cell.len() == 16)
}
