//! How many steps a sample takes, and what comes after the last of them.

pub use super::presentation::{SPIKES_MAX, STEPS_MAX};

use super::error::PresentError;
use super::presentation::Presentation;
use loihi_data::events::Events;
use loihi_data::{Sample, SampleData};
use loihi_files::plural::plural;
use loihi_net::network::{Coding, Entry, Network, Time, size};
use std::fmt;

/// What samples have after their last step, which is not shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Beyond {
    /// Events.
    pub events: Share,
    /// Rows of values; each is a step.
    pub rows: Share,
}

/// A part of a number of things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Share {
    /// Things of the part.
    pub part: u64,
    /// All of them.
    pub all: u64,
    /// Samples that have any of the part.
    pub samples: usize,
}

/// Whether the spikes that are drawn for values over `steps` steps fit in memory.
///
/// # Errors
/// [`PresentError::Spikes`].
pub(super) fn held(item: &Sample, values: &[u8], steps: u32) -> Result<u32, PresentError> {
    let sum: u64 = values.iter().map(|value| u64::from(*value)).sum();
    let spikes = sum.saturating_mul(steps.into()) / 256;
    if spikes > SPIKES_MAX {
        return Err(PresentError::Spikes { item: item.name.clone(), spikes, steps });
    }
    Ok(steps)
}

impl Beyond {
    /// What is after the last step of these samples. Errors are those of samples that cannot be shown for their length.
    ///
    /// # Errors
    /// [`PresentError::TooLong`] names the first sample that is.
    pub fn of<'s>(
        network: &Network,
        items: impl IntoIterator<Item = &'s Sample>,
        presentation: &Presentation,
    ) -> Result<Self, PresentError> {
        let Some(input) = network.inputs.get(presentation.input) else { return Ok(Self::default()) };
        let asked = asked(network, presentation);
        let mut beyond = Self::default();
        for item in items {
            match (&item.data, &input.entry) {
                (SampleData::Events(events), Entry::Spikes) => {
                    let steps = u64::from(of_events(item, events, presentation, asked)?);
                    let clock = presentation.clock(events);
                    let late = events.events.iter().filter(|event| clock.step_of(event.t_us) >= steps).count();
                    beyond.events.add(late as u64, events.events.len() as u64);
                }
                (SampleData::Values { values, .. }, entry) => {
                    let rows = rows(values.len(), &input.shape, entry, presentation.coding);
                    beyond.rows.add(rows.saturating_sub(asked.map_or(u64::MAX, u64::from)), rows);
                }
                _ => {}
            }
        }
        Ok(beyond)
    }

    /// Whether there is anything.
    pub const fn any(&self) -> bool {
        self.events.part > 0 || self.rows.part > 0
    }
}

impl Share {
    fn add(&mut self, part: u64, all: u64) {
        self.part += part;
        self.all += all;
        self.samples += usize::from(part > 0);
    }
}

/// A sentence, if anything is beyond; else nothing.
impl fmt::Display for Beyond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |(share, thing): (&Share, &str)| {
            let (part, all) = (share.part, share.all);
            (part > 0).then(|| format!("{part} of {all} {thing} (of {})", plural(share.samples, "sample")))
        };
        let parts: Vec<String> =
            [(&self.events, "events"), (&self.rows, "rows")].into_iter().filter_map(part).collect();
        if parts.is_empty() {
            return Ok(());
        }
        write!(
            f,
            "{} come after the last step and are not shown: give more `steps` in the network file, or run with --steps",
            parts.join(" and ")
        )
    }
}

/// Steps that are asked for, of the command or else of the network.
pub(super) fn asked(network: &Network, presentation: &Presentation) -> Option<u32> {
    presentation.steps.or(Some(network.steps).filter(|steps| *steps > 0))
}

/// Steps of a recording: those that are asked for, else those that it has.
///
/// # Errors
/// [`PresentError::TooLong`] if those that it has are more than [`STEPS_MAX`].
pub(super) fn of_events(
    item: &Sample,
    events: &Events,
    presentation: &Presentation,
    asked: Option<u32>,
) -> Result<u32, PresentError> {
    let own = presentation.clock(events).steps_of(events);
    let fits = || u32::try_from(own).ok().filter(|own| *own <= STEPS_MAX);
    asked.or_else(fits).ok_or_else(|| PresentError::TooLong {
        item: item.name.clone(),
        steps: own,
        step_us: presentation.step_us.max(1),
        advice: match presentation.time {
            Time::First => "",
            Time::Absolute => ", or count time from the first event by --time first",
        },
    })
}

/// Values that an input of this shape takes a step, of a coding that takes rows; 0 if the shape is not one of the coding.
pub(super) fn row_width(shape: &[usize], coding: Coding) -> usize {
    match (coding, shape) {
        (Coding::Delta, _) => size(shape) / 2,
        (Coding::Levels, [_, row @ ..]) if !row.is_empty() => size(row),
        (Coding::Crossings, [2, _, row @ ..]) => size(row),
        (Coding::Crossings, _) => 0,
        _ => size(shape),
    }
}

/// Number of rows of a sample with `values` values, one a step; 0 if the values hold in all steps.
fn rows(values: usize, shape: &[usize], entry: &Entry, coding: Option<Coding>) -> u64 {
    let width = match (entry, coding) {
        (Entry::Spikes, Some(coding @ (Coding::Frames | Coding::Delta | Coding::Levels | Coding::Crossings))) => {
            row_width(shape, coding)
        }
        (Entry::Weighted(_), _) if values > size(shape) => size(shape),
        _ => return 0,
    };
    values.checked_div(width).unwrap_or(0) as u64
}

#[cfg(test)]
mod tests {
    use super::super::present::{PLAIN, network, present};
    use super::*;
    use loihi_data::events::Event;

    fn recording(times_us: &[u64]) -> Sample {
        let event = |t_us: &u64| Event { t_us: *t_us, x: 1, y: 0, polarity: 1 };
        Sample::events("7", Events::of(times_us.iter().map(event).collect()))
    }

    #[test]
    fn the_last_event_has_a_step() {
        // Nearer to step 2 than to step 1.
        let shown = present(&network(&[2, 1, 2]), &recording(&[100, 1700]), 0, &PLAIN).unwrap();
        assert_eq!((shown.steps, &*shown.spikes), (3, &[(0, 0, 3), (2, 0, 3)][..]));
    }

    #[test]
    fn what_comes_after_the_last_step_is_counted() {
        let items = [recording(&[80_000_000, 80_003_000, 80_009_000]), recording(&[5, 6]), recording(&[0, 3000])];
        let network = network(&[2, 1, 2]);
        let beyond = |presentation| Beyond::of(&network, &items, &presentation).unwrap().to_string();
        assert_eq!(beyond(PLAIN), "", "all is shown");
        let few = Presentation { steps: Some(3), ..PLAIN };
        let expected = "3 of 7 events (of 2 samples) come after the last step and are not shown: give more `steps` in \
                        the network file, or run with --steps";
        assert_eq!(beyond(few), expected);
        let absolute = Presentation { time: Time::Absolute, ..few };
        assert!(beyond(absolute).starts_with("4 of 7 events (of 2 samples)"), "{}", beyond(absolute));
    }

    #[test]
    fn rows_after_the_last_step_are_counted() {
        let items = [Sample::values("7", &[5, 2], vec![255; 10])];
        let frames = Presentation { coding: Some(Coding::Frames), steps: Some(4), ..PLAIN };
        let beyond = Beyond::of(&network(&[2]), &items, &frames).unwrap();
        assert_eq!(beyond.rows, Share { part: 1, all: 5, samples: 1 });
        let rate = Presentation { coding: Some(Coding::Rate), ..frames };
        assert_eq!(Beyond::of(&network(&[10]), &items, &rate).unwrap(), Beyond::default());
    }

    #[test]
    fn an_absurd_length_is_refused_before_anything_runs() {
        let network = network(&[2, 1, 2]);
        let item = recording(&[1_600_000_000_000_000, 1_600_000_000_001_000]);
        assert_eq!(present(&network, &item, 0, &PLAIN).unwrap().steps, 2);
        let absolute = Presentation { time: Time::Absolute, ..PLAIN };
        let said = Beyond::of(&network, [&item], &absolute).unwrap_err().to_string();
        assert_eq!(
            said,
            "sample 7: its events take 1600000000002 steps of 1000 us, more than 1000000: say how many to show by --steps, \
             take longer ones by --step-us, or count time from the first event by --time first"
        );
        let hours = recording(&[0, 3 * 3_600_000_000]);
        assert!(present(&network, &hours, 0, &PLAIN).is_err());
        assert_eq!(present(&network, &hours, 0, &Presentation { steps: Some(9), ..PLAIN }).unwrap().steps, 9);
        let longer = Presentation { step_us: 1_000_000, ..PLAIN };
        assert_eq!(present(&network, &hours, 0, &longer).unwrap().steps, 10_801);
    }
}
