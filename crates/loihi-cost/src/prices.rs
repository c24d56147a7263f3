//! Price tables: what every event costs, in files that anybody can write.
//!
//! Every entry names its sources and gives a low, a typical and a high value. Two tables are built in; others are read
//! from files of the same form (`loihi table --print-prices NAME` prints one).

use super::event::CostEvent;
use super::units::{Energy, Power, Range, Time};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The tables that are built in: name and file.
pub const BUILT_IN: [(&str, &str); 2] = [
    ("loihi1-davies2018", include_str!("../costs/loihi1-davies2018.toml")),
    ("loihi1-sanafe", include_str!("../costs/loihi1-sanafe.toml")),
];
/// The table whose energies are used, if no other is asked for: the other one's are 55 to 71 % above a measured board.
pub const ENERGY_DEFAULT: &str = "loihi1-davies2018";
/// The table whose times are used: the other one lacks the taking in of messages, the sending of spikes and what the
/// embedded CPU does at the end of a step.
pub const TIME_DEFAULT: &str = "loihi1-sanafe";

/// Why a price table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PriceError {
    /// It is not a table.
    #[error(transparent)]
    Toml(#[from] toml::de::Error),
    /// An event has no price.
    #[error("the price table `{table}` has no [event.{event}]: add it, with zeros if it costs nothing")]
    Missing {
        /// The table.
        table: String,
        /// The event.
        event: &'static str,
    },
    /// There is no such event.
    #[error("the price table `{table}` has [event.{event}], which is not an event; events are {events}")]
    Unknown {
        /// The table.
        table: String,
        /// The name.
        event: String,
        /// All names.
        events: String,
    },
    /// Three values that are not three values in order.
    #[error(
        "the price table `{table}`: {entry} = [{low}, {typical}, {high}] must be three values from 0 on, ascending"
    )]
    Values {
        /// The table.
        table: String,
        /// Which entry.
        entry: String,
        /// Its low value.
        low: f64,
        /// Its typical value.
        typical: f64,
        /// Its high value.
        high: f64,
    },
    /// A source is missing, or not explained.
    #[error("the price table `{table}`: {entry} has the source `{found}`, which [sources] does not explain")]
    Source {
        /// The table.
        table: String,
        /// Which entry.
        entry: String,
        /// What it names.
        found: String,
    },
    /// There is no line for a barrier, or their tiles do not ascend.
    #[error("the price table `{table}` needs [[barrier]] with ascending tiles")]
    Barrier {
        /// The table.
        table: String,
    },
    /// The CPU has no clock, or a chip none of them.
    #[error("the price table `{table}`: clock_mhz and per_chip of [cpu] must be at least 1")]
    Cpu {
        /// The table.
        table: String,
    },
}

/// What one event costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Price {
    /// Energy of one.
    pub energy: Range<Energy>,
    /// Time that one takes.
    pub time: Range<Time>,
}

/// Powers of a core and of the embedded CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Powers {
    /// Leakage of a core in use.
    pub core_leakage: Range<Power>,
    /// Leakage of an embedded CPU in use.
    pub cpu_leakage: Range<Power>,
    /// What its clock takes, whatever it does.
    pub cpu_clock: Range<Power>,
    /// What it takes besides while it computes.
    pub cpu_busy: Range<Power>,
}

/// A table of prices.
#[derive(Clone, Debug, PartialEq)]
pub struct Prices {
    /// Its name.
    pub name: String,
    /// What it is, in a line.
    pub summary: String,
    events: [Price; CostEvent::COUNT],
    /// End of a step, from this many tiles on.
    barrier: Vec<(usize, Range<Time>)>,
    /// What every chip but the first adds.
    pub barrier_chip: Range<Time>,
    /// Powers.
    pub power: Powers,
    /// Clock of the embedded CPU in MHz.
    pub clock_mhz: u64,
    /// Thousandths of a cycle that an instruction takes.
    pub millicycles: Range<u64>,
    /// Embedded CPUs in use, per chip.
    pub cpus_per_chip: u64,
    /// What a step with programs of the embedded CPU costs besides their instructions.
    pub management: Range<Time>,
}

impl Prices {
    /// A table that is built in.
    pub fn built_in(name: &str) -> Option<Self> {
        let (_, text) = BUILT_IN.iter().find(|(each, _)| *each == name)?;
        Self::parse(text).ok()
    }

    /// Reads a table.
    ///
    /// # Errors
    /// [`PriceError`] names the entry, and what to do.
    pub fn parse(text: &str) -> Result<Self, PriceError> {
        let file: File = toml::from_str(text)?;
        let check = Check { table: &file.name, sources: &file.sources };
        let known: Vec<&str> = CostEvent::ALL.iter().map(|event| event.name()).collect();
        if let Some(event) = file.event.keys().find(|name| !known.contains(&name.as_str())) {
            let (table, event) = (file.name.clone(), event.clone());
            return Err(PriceError::Unknown { table, event, events: known.join(", ") });
        }
        let mut events = [Price::default(); CostEvent::COUNT];
        for (price, event) in events.iter_mut().zip(CostEvent::ALL) {
            let missing = || PriceError::Missing { table: file.name.clone(), event: event.name() };
            let entry = file.event.get(event.name()).ok_or_else(missing)?;
            let name = format!("event.{}", event.name());
            check.source(&name, &entry.source)?;
            *price = Price {
                energy: check.range(&name, "energy_pj", entry.energy_pj)?.map(Energy::from_pj),
                time: check.range(&name, "time_ns", entry.time_ns)?.map(Time::from_ns),
            };
        }
        let mut barrier = Vec::new();
        for line in &file.barrier {
            let name = format!("barrier of {} tiles", line.tiles);
            barrier.push((line.tiles, check.time(&name, &line.time)?));
        }
        if barrier.is_empty() || !barrier.is_sorted_by(|a, b| a.0 < b.0) {
            return Err(PriceError::Barrier { table: file.name });
        }
        if file.cpu.clock_mhz == 0 || file.cpu.per_chip == 0 {
            return Err(PriceError::Cpu { table: file.name });
        }
        check.source("cpu", &file.cpu.source)?;
        let cycles = check.range("cpu", "cycles_per_instruction", file.cpu.cycles_per_instruction)?;
        // A thousandth of a cycle is to a cycle as a picosecond to a nanosecond.
        let millicycles = cycles.map(|cycles| u64::try_from(Time::from_ns(cycles).0).unwrap_or(u64::MAX));
        let power = |name: &str, entry: &PowerEntry| {
            let name = format!("power.{name}");
            check.source(&name, &entry.source)?;
            Ok::<_, PriceError>(check.range(&name, "power_mw", entry.power_mw)?.map(Power::from_mw))
        };
        let power = Powers {
            core_leakage: power("core_leakage", &file.power.core_leakage)?,
            cpu_leakage: power("cpu_leakage", &file.power.cpu_leakage)?,
            cpu_clock: power("cpu_clock", &file.power.cpu_clock)?,
            cpu_busy: power("cpu_busy", &file.power.cpu_busy)?,
        };
        let barrier_chip = check.time("barrier_chip", &file.barrier_chip)?;
        let management = check.time("cpu.management", &file.cpu.management)?;
        let (clock_mhz, cpus_per_chip) = (file.cpu.clock_mhz, file.cpu.per_chip);
        let summary = format!("{}: {}", file.chip, file.summary);
        let name = file.name;
        Ok(Self {
            name,
            summary,
            events,
            barrier,
            barrier_chip,
            power,
            clock_mhz,
            millicycles,
            cpus_per_chip,
            management,
        })
    }

    /// What one event costs.
    pub fn of(&self, event: CostEvent) -> Price {
        self.events.get(event as usize).copied().unwrap_or_default()
    }

    /// The same table with another price.
    #[must_use]
    pub fn with(mut self, event: CostEvent, price: Price) -> Self {
        if let Some(place) = self.events.get_mut(event as usize) {
            *place = price;
        }
        self
    }

    /// The end of a step of a network on this many tiles and chips.
    pub fn barrier(&self, tiles: usize, chips: usize) -> Range<Time> {
        let enough = self.barrier.iter().rfind(|(from, _)| *from <= tiles).or_else(|| self.barrier.first());
        let on_chip = enough.map_or_else(Range::default, |(_, time)| *time);
        on_chip + self.barrier_chip * (chips.saturating_sub(1) as u64)
    }
}

/// Checks the entries of a file.
struct Check<'f> {
    table: &'f str,
    sources: &'f BTreeMap<String, String>,
}

impl Check<'_> {
    fn range(&self, entry: &str, what: &str, [low, typical, high]: [f64; 3]) -> Result<Range<f64>, PriceError> {
        let in_order = 0.0 <= low && low <= typical && typical <= high && high.is_finite();
        let entry = format!("{entry}.{what}");
        let invalid = || PriceError::Values { table: self.table.to_owned(), entry, low, typical, high };
        if in_order { Ok(Range { low, typical, high }) } else { Err(invalid()) }
    }

    fn time(&self, entry: &str, time: &TimeEntry) -> Result<Range<Time>, PriceError> {
        self.source(entry, &time.source)?;
        Ok(self.range(entry, "time_ns", time.time_ns)?.map(Time::from_ns))
    }

    fn source(&self, entry: &str, sources: &[String]) -> Result<(), PriceError> {
        let unexplained = sources.iter().find(|source| !self.sources.contains_key(*source));
        let found = if sources.is_empty() { Some(String::new()) } else { unexplained.cloned() };
        match found {
            Some(found) => Err(PriceError::Source { table: self.table.to_owned(), entry: entry.to_owned(), found }),
            None => Ok(()),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    chip: String,
    summary: String,
    sources: BTreeMap<String, String>,
    event: BTreeMap<String, EventEntry>,
    barrier: Vec<BarrierEntry>,
    barrier_chip: TimeEntry,
    power: PowerEntries,
    cpu: CpuEntry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventEntry {
    energy_pj: [f64; 3],
    time_ns: [f64; 3],
    source: Vec<String>,
}

#[derive(Deserialize)]
struct BarrierEntry {
    tiles: usize,
    #[serde(flatten)]
    time: TimeEntry,
}

#[derive(Deserialize)]
struct TimeEntry {
    time_ns: [f64; 3],
    source: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PowerEntries {
    core_leakage: PowerEntry,
    cpu_leakage: PowerEntry,
    cpu_clock: PowerEntry,
    cpu_busy: PowerEntry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PowerEntry {
    power_mw: [f64; 3],
    source: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CpuEntry {
    clock_mhz: u64,
    cycles_per_instruction: [f64; 3],
    per_chip: u64,
    source: Vec<String>,
    management: TimeEntry,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_that_are_built_in_are_sound() {
        for (name, text) in BUILT_IN {
            let prices = Prices::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(prices.name, name);
        }
        assert!(Prices::built_in(ENERGY_DEFAULT).is_some() && Prices::built_in(TIME_DEFAULT).is_some());
    }

    #[test]
    fn published_figures_are_the_typical_ones() {
        let prices = Prices::built_in(ENERGY_DEFAULT).unwrap();
        let typical = |event| (prices.of(event).energy.typical, prices.of(event).time.typical);
        assert_eq!(typical(CostEvent::CompartmentActive), (Energy::from_pj(81.0), Time::from_ns(8.4)));
        assert_eq!(typical(CostEvent::CompartmentIdle), (Energy::from_pj(52.0), Time::from_ns(5.3)));
        assert_eq!(typical(CostEvent::SynapseUpdate), (Energy::from_pj(120.0), Time::from_ns(6.1)));
        assert_eq!(prices.barrier(1, 1).typical, Time::from_ns(113.0));
        assert_eq!(prices.barrier(32, 1).typical, Time::from_ns(465.0));
        assert_eq!(prices.barrier(3, 1), prices.barrier(2, 1));
        assert_eq!(prices.barrier(32, 3).typical, Time::from_ns(465.0 + 2.0 * 218.0));
    }

    #[test]
    fn invalid_tables_say_what_is_wrong() {
        let text = BUILT_IN[0].1;
        let refusal = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            Prices::parse(&text.replacen(from, to, 1)).unwrap_err().to_string()
        };
        assert!(refusal("[event.hop_ew]", "[event.hop_sideways]").contains("hop_sideways"));
        let missing = refusal(
            "[event.noise_number]\nenergy_pj = [0.0, 0.0, 6.0]\ntime_ns = [0.0, 0.0, 0.0]\nsource = [\"ASSUMED\", \"SF\"]\n",
            "",
        );
        assert!(missing.contains("[event.noise_number]"), "{missing}");
        let order = refusal("[67.5, 81.0, 81.0]", "[67.5, 61.0, 81.0]");
        assert!(order.contains("event.compartment_active.energy_pj = [67.5, 61, 81]"), "{order}");
        assert!(refusal("[67.5, 81.0, 81.0]", "[nan, 81.0, 81.0]").contains("ascending"));
        assert!(refusal("source = [\"D18\", \"F20\", \"SF\"]", "source = [\"D19\"]").contains("`D19`"));
        assert!(refusal("tiles = 2", "tiles = 1").contains("ascending tiles"));
        assert!(refusal("clock_mhz = 400", "clock_mhz = 0").contains("clock_mhz"));
    }
}
