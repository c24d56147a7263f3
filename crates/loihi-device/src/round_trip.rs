//! How long an answer may take, measured as RFC 6298 does.

use std::time::Duration;

/// The clock is not read more finely than this.
const GRANULARITY: Duration = Duration::from_millis(1);
/// How long an answer is awaited before any has come.
const FIRST: Duration = Duration::from_secs(1);
/// Time of a byte before any was measured: ten bits at 115,200 baud.
const BYTE_FIRST: Duration = Duration::from_nanos(86_806);
/// Bytes that an exchange has at least, for the time of one to be told from it.
const BYTES_LEAST: u32 = 64;

/// Round trips of one kind of exchange.
#[derive(Clone, Copy, Debug)]
pub(super) struct RoundTrip {
    /// Smoothed round trip and its mean deviation, once one was measured.
    measured: Option<(Duration, Duration)>,
    /// How often the time-out was doubled since.
    doubled: u32,
    least: Duration,
    most: Duration,
}

impl RoundTrip {
    /// Nothing is measured yet; time-outs lie between `least` and `most`.
    pub(super) const fn new(least: Duration, most: Duration) -> Self {
        Self { measured: None, doubled: 0, least, most }
    }

    /// How long to wait for an answer before asking again: the smoothed round trip and four times its deviation, twice as
    /// long after every time that none came.
    pub(super) fn timeout(&self) -> Duration {
        let timeout = self.measured.map_or(FIRST, |(smoothed, deviation)| smoothed + GRANULARITY.max(deviation * 4));
        timeout.max(self.least).saturating_mul(1_u32.checked_shl(self.doubled).unwrap_or(u32::MAX)).min(self.most)
    }

    /// An answer to a request that was not repeated: of one that was, it is unknown which copy was answered.
    pub(super) fn answered(&mut self, took: Duration) {
        self.doubled = 0;
        self.measured = Some(match self.measured {
            None => (took, took / 2),
            Some((smoothed, deviation)) => {
                let apart = smoothed.abs_diff(took);
                ((smoothed * 7 + took) / 8, (deviation * 3 + apart) / 4)
            }
        });
    }

    /// No answer came in time.
    pub(super) const fn expired(&mut self) {
        self.doubled = self.doubled.saturating_add(1);
    }
}

/// Time that a line takes for a byte.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    byte: Duration,
}

impl Pace {
    /// That of a slow line, until a faster one is measured.
    pub(super) const fn new() -> Self {
        Self { byte: BYTE_FIRST }
    }

    /// The most time that a number of bytes takes.
    pub(super) fn of(&self, bytes: usize) -> Duration {
        self.byte.saturating_mul(u32::try_from(bytes).unwrap_or(u32::MAX))
    }

    /// Records that a number of bytes went over the line, both ways, within this time: a byte took no longer than its share.
    pub(super) fn passed(&mut self, bytes: usize, took: Duration) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        if bytes >= BYTES_LEAST {
            self.byte = self.byte.min(took / bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn round_trip() -> RoundTrip {
        RoundTrip::new(5 * MS, 2000 * MS)
    }

    #[test]
    fn time_outs_follow_round_trips() {
        let mut line = round_trip();
        assert_eq!(line.timeout(), FIRST);
        line.answered(40 * MS);
        assert_eq!(line.timeout(), 40 * MS + 4 * 20 * MS);
        for _ in 0..100 {
            line.answered(40 * MS);
        }
        assert!((40 * MS..=42 * MS).contains(&line.timeout()), "{:?}", line.timeout());
        for took in [30 * MS, 90 * MS].repeat(50) {
            line.answered(took);
        }
        assert!((120 * MS..300 * MS).contains(&line.timeout()), "{:?}", line.timeout());
    }

    #[test]
    fn time_outs_double_until_an_answer_comes_and_keep_their_bounds() {
        let mut line = round_trip();
        line.answered(Duration::from_micros(10));
        for expected in [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2000, 2000] {
            assert_eq!(line.timeout(), expected * MS);
            line.expired();
        }
        for _ in 0..100 {
            line.expired();
        }
        assert_eq!(line.timeout(), 2000 * MS);
        line.answered(Duration::from_micros(10));
        assert_eq!(line.timeout(), 5 * MS);
    }

    #[test]
    fn a_line_is_as_fast_as_it_ever_was() {
        let mut pace = Pace::new();
        let first = pace.of(1 << 16);
        pace.passed(20, Duration::ZERO);
        assert_eq!(pace.of(1 << 16), first, "a few bytes tell nothing");
        pace.passed(10_000, 10 * MS);
        pace.passed(10_000, 5000 * MS);
        assert_eq!(pace.of(1000), MS);
    }
}
