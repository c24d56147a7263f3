//! `loihi boards`: the boards that have a firmware.

use super::{fit, out};
use clap::Args;
use host_harness::Choice as _;
use host_harness::boards::{self, Board, Hardware};
use host_harness::cost::format::{self, Cell, Column, ColumnKind, Table, TableFormat, write};
use loihi_args::choice::choice;
use loihi_terminal::table::print;
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct BoardsArgs {
    /// How many bytes networks take, and which board holds them: all experiments, if none is named
    #[arg(long, value_name = "NET.toml|EXPERIMENT", num_args = 0..)]
    fit: Option<Vec<String>>,
    /// Samples that networks without sizes of their own take them from, as for `loihi run`
    #[arg(long, value_name = "WHAT", requires = "fit")]
    train: Option<PathBuf>,
    /// How to write it
    #[arg(long, value_parser = choice::<TableFormat>(), default_value = TableFormat::Markdown.name())]
    format: TableFormat,
}

pub(super) fn boards(args: &BoardsArgs) -> anyhow::Result<()> {
    let tables = match &args.fit {
        Some(networks) => vec![fit::table(networks, args.train.as_deref())?],
        None => vec![memory(), connections()],
    };
    print(&write(&tables, args.format)?)?;
    out::result("loihi-boards/1", &json!({ "tables": format::json(&tables) }))
}

/// What the boards are, and the memory of each.
fn memory() -> Table {
    let bytes = |name| Column::figures(ColumnKind::Plain, name, "bytes");
    let [board, what, processor] = ["board", "what", "processor"].map(Column::plain);
    let columns = [board, what, processor, bytes("RAM"), bytes("flash"), bytes("flash for a network"), bytes("arena")];
    let mut table = Table::new("boards", "Boards that have a firmware", &columns);
    table.rows = boards::all().iter().map(memory_of).collect();
    let grow: Vec<&str> = boards::that_grow().map(|board| board.name.as_str()).collect();
    table.notes = vec![
        "An image and its state must fit the arena, or the state alone if the image lies in flash (`loihi image`)."
            .to_owned(),
        format!("The arena of {} is larger on a machine with more memory.", grow.join(", ")),
    ];
    table
}

fn memory_of(board: &Board) -> Vec<Cell> {
    let Board { name, title, processor, flash, network, ram, arena_bytes, .. } = board;
    let texts = [name, title, processor].map(|text| Cell::Text(text.clone()));
    let bytes = [ram.bytes, flash.bytes, network.map_or(0, |network| network.bytes), *arena_bytes].map(Cell::Count);
    texts.into_iter().chain(bytes).collect()
}

/// How the boards are built for, programmed and reached.
fn connections() -> Table {
    let columns = ["board", "target", "strobe", "reached by", "programmed with"].map(Column::plain);
    let mut table = Table::new("connections", "How they are reached", &columns);
    table.rows = boards::all().iter().map(connection_of).collect();
    table.notes = vec!["`cargo xtask firmware --board NAME` builds the firmware of one.".to_owned()];
    table
}

fn connection_of(board: &Board) -> Vec<Cell> {
    let Board { name, target, strobe, qemu, hardware, .. } = board;
    let [reached_by, programmed_with] = match (qemu, hardware) {
        (Some(qemu), _) => [format!("QEMU, {}", qemu.machine), String::new()],
        (None, Some(Hardware { line, flash_with, .. })) => {
            [format!("serial port: {line}"), flash_with.replace("{image}", &board.image("firmware"))]
        }
        (None, None) => [String::new(), String::new()],
    };
    let strobe = strobe.as_ref().map_or_else(String::new, |strobe| strobe.title.clone());
    [name.clone(), target.clone(), strobe, reached_by, programmed_with].map(Cell::Text).into()
}
