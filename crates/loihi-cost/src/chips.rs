//! Microcontrollers: time and energy of instructions that were counted on the same processor.
//!
//! ```
//! use loihi_cost::chips;
//!
//! let chips = chips::of("Cortex-M4")?;
//! let chip = chips.iter().find(|chip| chip.name == "STM32F405").ok_or("there is one")?;
//! // 1.4 cycles each, of 168 a microsecond.
//! assert!((chip.time_us(12_000.0).typical - 100.0).abs() < 1e-9);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::format::{Cell, Column, ColumnKind, Table};
use super::units::Range;
use serde::Deserialize;
use std::collections::BTreeMap;

const FILE: &str = include_str!("../costs/chips.toml");

/// A microcontroller.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chip {
    /// Its name.
    pub name: String,
    /// The board with it, as `loihi boards` names it.
    pub board: String,
    /// The processor on which its instructions are counted, as boards name it.
    pub processor: String,
    /// Clock in MHz.
    pub clock_mhz: f64,
    /// Cycles of an instruction: lowest, typical, highest.
    pub cycles: [f64; 3],
    /// Current in mA while it computes.
    pub current_ma: [f64; 3],
    /// Supply in volts.
    pub supply_v: f64,
    /// Where the figures come from.
    pub source: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    sources: BTreeMap<String, String>,
    chip: Vec<Chip>,
}

/// The chips whose instructions a processor counts.
///
/// # Errors
/// The built-in table is invalid; a test rules that out.
pub fn of(processor: &str) -> Result<Vec<Chip>, toml::de::Error> {
    let File { sources, mut chip } = toml::from_str(FILE)?;
    chip.retain(|chip| chip.processor == processor);
    for source in chip.iter_mut().flat_map(|chip| &mut chip.source) {
        // A test finds every name explained.
        *source = sources.get(source).cloned().unwrap_or_default();
    }
    Ok(chip)
}

impl Chip {
    /// Time of this many instructions in microseconds.
    pub fn time_us(&self, instructions: f64) -> Range<f64> {
        Range::from(self.cycles).map(|cycles| instructions * cycles / self.clock_mhz)
    }

    /// Energy of this many instructions in microjoules: the lowest current for the shortest time, and so on.
    pub fn energy_uj(&self, instructions: f64) -> Range<f64> {
        let power_mw = Range::from(self.current_ma).map(|current| current * self.supply_v);
        self.time_us(instructions).with(power_mw, |time, power| 1e-3 * time * power)
    }

    /// Instructions for which a time in microseconds suffices, at the highest number of cycles.
    pub fn instructions_in(&self, time_us: f64) -> f64 {
        time_us * self.clock_mhz / self.cycles[2]
    }
}

/// What was counted, by the chips of a processor: rows of what, per what, and instructions.
///
/// # Errors
/// As [`of`].
pub fn table(processor: &str, counted: &[(String, String, f64)]) -> Result<Option<Table>, toml::de::Error> {
    let columns = [
        Column::plain("operation"),
        Column::plain("per"),
        Column::plain("chip"),
        Column::figures(ColumnKind::Plain, "clock", "MHz"),
        Column::figures(ColumnKind::Measured, "instructions", ""),
        Column::figures(ColumnKind::Modelled, "time", "µs").ranges(),
        Column::figures(ColumnKind::Modelled, "energy", "µJ").ranges(),
    ];
    let mut table = Table::new("chips", &format!("Chips with the instructions of a {processor}"), &columns);
    let chips = of(processor)?;
    for (operation, per, instructions) in counted {
        table.rows.extend(chips.iter().map(|chip| {
            vec![
                operation.as_str().into(),
                per.as_str().into(),
                chip.name.as_str().into(),
                Cell::Number(chip.clock_mhz),
                Cell::Number(*instructions),
                Cell::Range(chip.time_us(*instructions)),
                Cell::Range(chip.energy_uj(*instructions)),
            ]
        }));
    }
    table.notes = notes(&chips);
    Ok((!table.rows.is_empty()).then_some(table))
}

/// What the modelled figures of these chips assume.
pub fn notes(chips: &[Chip]) -> Vec<String> {
    let note = |chip: &Chip| {
        let Chip { name, cycles: [low, typical, high], current_ma: [least, usual, most], supply_v, .. } = chip;
        format!(
            "{name}: {typical} cycles an instruction ({low} to {high}), {usual} mA ({least} to {most}) at {supply_v} V."
        )
    };
    let mut sources: Vec<&String> = chips.iter().flat_map(|chip| &chip.source).collect();
    sources.sort_unstable();
    sources.dedup();
    chips.iter().map(note).chain(sources.into_iter().map(|source| format!("Source: {source}."))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{TableFormat, write};

    #[test]
    fn every_figure_ascends_and_has_a_source() {
        let file: File = toml::from_str(FILE).unwrap();
        for chip in &file.chip {
            for [low, typical, high] in [chip.cycles, chip.current_ma] {
                assert!(0.0 < low && low <= typical && typical <= high, "{}", chip.name);
            }
            assert!(!chip.source.is_empty(), "{}", chip.name);
            let board = loihi_boards::named(&chip.board).unwrap();
            assert!(board.hardware.is_some(), "{}: {} is not a board of hardware", chip.name, chip.board);
            for source in &chip.source {
                assert!(file.sources.contains_key(source), "{}: {source} is not explained", chip.name);
            }
        }
        let used = |name: &String| file.chip.iter().any(|chip| chip.source.contains(name));
        assert!(file.sources.keys().all(used));
    }

    #[test]
    fn energy_is_time_times_power() {
        let chips = of("RV32IMAC").unwrap();
        let [chip] = &chips[..] else { panic!("{chips:?}") };
        let time = chip.time_us(160.0);
        assert_eq!((time.low, time.typical, time.high), (1.2, 1.4, 1.8));
        // 23 mA at 3.3 V for 1.4 µs.
        assert!((chip.energy_uj(160.0).typical - 0.106_26).abs() < 1e-9);
        assert!((chip.time_us(chip.instructions_in(1000.0)).high - 1000.0).abs() < 1e-9);
    }

    #[test]
    fn a_table_of_chips_as_people_read_it() {
        let counted = [("digits-pes".to_owned(), "step".to_owned(), 58_704.4)];
        let table = table("Cortex-M4", &counted).unwrap().unwrap();
        insta::assert_snapshot!(write(&[table], TableFormat::Markdown).unwrap());
    }

    #[test]
    fn a_processor_without_chips_has_no_table() {
        assert_eq!(table("i586 without FPU", &[("step".into(), "step".into(), 1.0)]).unwrap(), None);
    }
}
