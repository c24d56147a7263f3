//! The part of a sweep that one machine runs, which needs to know nothing of the others.

use std::fmt;
use std::str::FromStr;

/// `K/N`, K from 1: the runs whose number modulo N is K - 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    number: u32,
    of: u32,
}

/// It is no `K/N`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid shard `{0}`: give K/N, the K-th of N, with K from 1 to N")]
pub struct ShardError(String);

impl Shard {
    /// Everything.
    pub const WHOLE: Self = Self { number: 1, of: 1 };

    /// The shard of `of` in which a run is; `of` is at least 1.
    pub(crate) const fn of_run(run: u32, of: u32) -> Self {
        Self { number: run % of + 1, of }
    }

    /// Whether it has a run.
    pub const fn contains(self, run: u32) -> bool {
        run % self.of == self.number - 1
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let parsed = text.split_once('/').and_then(|(number, of)| {
            let (number, of) = (number.trim().parse().ok()?, of.trim().parse().ok()?);
            (1..=of).contains(&number).then_some(Self { number, of })
        });
        parsed.ok_or_else(|| ShardError(text.to_owned()))
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_is_in_one_shard() {
        let shards = ["1/3", "2/3", "3/3"].map(|text| text.parse::<Shard>().unwrap());
        for run in 0..20 {
            assert_eq!(shards.iter().filter(|shard| shard.contains(run)).count(), 1);
            assert!(Shard::WHOLE.contains(run) && Shard::of_run(run, 3).contains(run));
        }
        for text in ["0/3", "4/3", "1/0", "3", "a/b", "-1/2", "/"] {
            assert_eq!(text.parse::<Shard>(), Err(ShardError(text.to_owned())));
        }
    }
}
