//! `loihi cost --real-time`: the largest networks that chips compute in steps of 1 ms, and sizes of published ones.

use super::progress::shown;
use anyhow::{anyhow, bail};
use host_harness::boards::fit::Fit;
use host_harness::boards::{self, Board};
use host_harness::cost::chips::{self, Chip};
use host_harness::cost::format::{Cell, Column, ColumnKind, Table};
use host_harness::cost::real_time::{Counted, STEP_US, USUAL};
use host_harness::device::session::Session;

/// The size of a published network.
struct Published {
    what: &'static str,
    compartments: u32,
}

/// Neurons as published; synapses and rates are assumed.
const PUBLISHED: [Published; 2] = [
    Published { what: "as CARLsim's 186 neurons", compartments: 186 },
    Published { what: "as CARLsim's 1,200 neurons", compartments: 1200 },
];

/// An RSNN whose size is not in its abstract: its processor, the clock in MHz, and the cycles of its longest step of 150.4 µs.
const RSNN_PROCESSOR: &str = "Cortex-M4";
const RSNN_CLOCK_MHZ: f64 = 180.0;
const RSNN_CYCLES: f64 = 150.4 * RSNN_CLOCK_MHZ;

/// Counts networks on the board of a session; times are those of the chips with its processor.
pub(super) fn table(session: &mut Session, board: &str) -> anyhow::Result<Table> {
    let Some(Board { processor, .. }) = session.identity().known_board() else {
        bail!("{board} is not a board: give --device qemu and --board of a microcontroller");
    };
    let chips = chips::of(processor)?;
    if chips.is_empty() {
        bail!("no chip of the table has the processor of {board}, {processor}: give --board of a microcontroller");
    }
    let all = (chips.len() + 1 + PUBLISHED.len()) as u64;
    let rows = shown("networks", |after| rows(session, &chips, |done| after(done, all)))?;
    let columns = [
        Column::plain("network"),
        Column::plain("chip"),
        Column::figures(ColumnKind::Plain, "clock", "MHz"),
        Column::plain("compartments"),
        Column::plain("synapses of each"),
        Column::figures(ColumnKind::Plain, "image", "bytes"),
        Column::figures(ColumnKind::Plain, "state", "bytes"),
        Column::figures(ColumnKind::Measured, "instructions of a step", ""),
        Column::figures(ColumnKind::Measured, "of the longest step", ""),
        Column::figures(ColumnKind::Modelled, "longest step", "µs").ranges(),
        Column::figures(ColumnKind::Modelled, "energy of a step", "µJ").ranges(),
    ];
    let mut table = Table::new("real_time", &format!("Steps of 1 ms, counted on {board}"), &columns);
    table.rows = rows;
    table.notes = chips::notes(&chips);
    table.notes.push(
        "Largest: every step that was run stays below the limit at the highest number of cycles, in the memory of the board that \
         counts. Where the chip's own board holds no such image, in its flash or beside the state in its RAM, a row has the \
         largest that it holds."
            .to_owned(),
    );
    table.notes.push(
        "Published: CARLsim on an RP2350 runs 186 neurons in real time, and 1,200 in 8 MB (Niedermeier and Krichmar 2026); an \
         RSNN for small N-MNIST on a Cortex-M4 at 180 MHz takes 150.4 µs a step at most (Boretti et al., ISCAS 2023)."
            .to_owned(),
    );
    Ok(table)
}

fn rows(session: &mut Session, chips: &[Chip], mut after: impl FnMut(u64)) -> anyhow::Result<Vec<Vec<Cell>>> {
    let mut rows = Vec::new();
    let mut done = 0;
    let mut next = || {
        after(done);
        done += 1;
    };
    for chip in chips {
        next();
        let in_time = largest(session, chip, chip.instructions_in(STEP_US))?;
        let is_held = |[image, state]: [u64; 2]| {
            boards::named(&chip.board)
                .is_ok_and(|board| matches!(board.fit(image, state, &[]), Fit::Arena | Fit::Flash))
        };
        rows.push(row("largest in 1 ms", chip, &in_time));
        let held = USUAL.largest_held(in_time.compartments, is_held)?;
        if held > 0 && held < in_time.compartments {
            rows.push(row("and that its board holds", chip, &counted(session, held)?));
        }
    }
    if let Some(chip) = chips.iter().find(|chip| chip.processor == RSNN_PROCESSOR) {
        next();
        let chip = Chip { name: format!("a {RSNN_PROCESSOR}"), clock_mhz: RSNN_CLOCK_MHZ, ..chip.clone() };
        let in_time = largest(session, &chip, RSNN_CYCLES / chip.cycles[2])?;
        rows.push(row("largest in 150.4 µs", &chip, &in_time));
    }
    for Published { what, compartments } in PUBLISHED {
        next();
        // A small board does not hold all of them.
        if USUAL.fitting(compartments, session.identity().arena_bytes)? < compartments {
            continue;
        }
        let counted = counted(session, compartments)?;
        rows.extend(chips.iter().map(|chip| row(what, chip, &counted)));
    }
    Ok(rows)
}

/// The largest network whose steps take no more instructions.
fn largest(session: &mut Session, chip: &Chip, most: f64) -> anyhow::Result<Counted> {
    let found = USUAL.largest(session, most)?;
    found.ok_or_else(|| anyhow!("no network was found that {} computes in time", chip.name))
}

/// A network of this many compartments, counted.
fn counted(session: &mut Session, compartments: u32) -> anyhow::Result<Counted> {
    USUAL.count(session, compartments)?.ok_or_else(|| anyhow!(counts_nothing(session)))
}

fn row(what: &str, chip: &Chip, counted: &Counted) -> Vec<Cell> {
    let [image, state] = counted.bytes;
    vec![
        what.into(),
        chip.name.as_str().into(),
        Cell::Number(chip.clock_mhz),
        Cell::Count(u64::from(counted.compartments)),
        Cell::Count(u64::from(USUAL.fan_in)),
        Cell::Count(image as u64),
        Cell::Count(state as u64),
        Cell::Number(counted.mean),
        Cell::Number(counted.longest),
        Cell::Range(chip.time_us(counted.longest)),
        Cell::Range(chip.energy_uj(counted.mean)),
    ]
}

/// What to say of a device that counts no instructions.
pub(super) fn counts_nothing(session: &Session) -> String {
    format!("the device {} counts no instructions: give --device qemu", session.device_name())
}
