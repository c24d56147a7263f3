//! Events of a vision sensor.

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// Time in microseconds.
    pub t_us: u64,
    /// Column.
    pub x: u16,
    /// Row.
    pub y: u16,
    /// 1 where it became brighter.
    pub polarity: u8,
}

/// A recording, ascending by time as the file has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Events {
    /// Columns and rows of the sensor, if the file says so; else those that its events take.
    pub size: [u16; 2],
    /// Its events.
    pub events: Vec<Event>,
    /// Where its time begins, in microseconds: at its first event, as a camera's clock runs since it was switched on, or
    /// since 1970; at 0 if the time of its format begins with the sample.
    pub start_us: u64,
}

impl Events {
    /// A recording whose sensor is as large as its events say, and whose time begins with the first of them.
    pub fn of(events: Vec<Event>) -> Self {
        let extent = |of: fn(&Event) -> u16| events.iter().map(of).max().map_or(0, |most| most.saturating_add(1));
        let start_us = events.iter().map(|event| event.t_us).min().unwrap_or(0);
        Self { size: [extent(|event| event.x), extent(|event| event.y)], events, start_us }
    }

    /// The same on a sensor of this size, if the file says one and its events are all on it.
    pub(super) fn on(self, size: Option<[u16; 2]>) -> Self {
        let said = size.filter(|said| said[0] >= self.size[0] && said[1] >= self.size[1]);
        Self { size: said.unwrap_or(self.size), ..self }
    }

    /// Time of the last event.
    pub fn end_us(&self) -> u64 {
        self.events.iter().map(|event| event.t_us).max().unwrap_or(0)
    }
}

/// A counter of few bits that begins anew when it is full, as one that does not.
pub(super) struct Unwrapped {
    bits: u32,
    last: u64,
    base: u64,
}

impl Unwrapped {
    pub(super) const fn new(bits: u32) -> Self {
        Self { bits, last: 0, base: 0 }
    }

    /// What the counter would stand at: a fall by half of its range or more is a new beginning, a smaller one goes back.
    pub(super) const fn at(&mut self, count: u64) -> u64 {
        let half = 1 << (self.bits - 1);
        if self.last.saturating_sub(count) >= half {
            self.base = self.base.saturating_add(1 << self.bits);
        }
        self.last = count;
        self.base.saturating_add(count)
    }
}
