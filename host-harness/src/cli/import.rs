//! `loihi import`: networks of other frameworks in the chip's integers.

use super::graph::{GraphArgs, about, is_net};
use super::out;
use super::progress::waiting;
use anyhow::bail;
use clap::Args;
use host_harness::Choice as _;
use host_harness::head::{Head, replace_last_layer};
use host_harness::import::{Fidelity, FidelityRow, Imported};
use host_harness::lava_dl;
use host_harness::network::{PeriodicReset, Population, file};
use host_harness::quantise::InputAs;
use loihi_args::choice::{choice, one_or_more, whole};
use loihi_args::network::free;
use loihi_terminal::table::print_aligned;
use serde_json::{Value, json};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};

/// The form of the result.
const SCHEMA: &str = "loihi-import/1";

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// A network: a .nir file, a .net file of lava-dl, or with --head a network file of this program
    file: PathBuf,
    #[command(flatten)]
    graph: GraphArgs,
    /// Input encoding
    #[arg(long, value_parser = choice::<InputAs>(), default_value = InputAs::default().name())]
    input: InputAs,
    /// Reset neurons every N steps, as netx does; .net files only
    #[arg(long, value_name = "N", value_parser = whole::<u32>(1..=0x7fff_ffff))]
    reset_interval: Option<u32>,
    /// First step, from 0, in which the first layer is reset; each further layer is reset a step later
    #[arg(long, value_name = "N", default_value_t = 0, requires = "reset_interval", value_parser = whole::<u32>(0..=u32::MAX))]
    reset_offset: u32,
    /// Leave out the last layer, and let this learn in its place from the spikes of the layer before
    #[arg(long, value_parser = choice::<Head>(), value_name = "KIND")]
    head: Option<Head>,
    /// Classes that the head learns [default: those of the last layer]
    #[arg(long, value_name = "N", requires = "head", value_parser = one_or_more::<NonZeroU16>)]
    classes: Option<NonZeroU16>,
    /// Drop unsupported nodes instead of failing
    #[arg(long)]
    allow: bool,
    /// Write over the files of a network that is there
    #[arg(long)]
    overwrite: bool,
    /// Write the network here: a TOML file, with its arrays beside it
    #[arg(long, value_name = "NET.toml")]
    out: Option<PathBuf>,
}

pub(super) fn import(args: &ImportArgs) -> anyhow::Result<()> {
    let mut imported = waiting("quantising", || read(args))?;
    if let Some(head) = args.head {
        let classes = args.classes.map(|classes| classes.get().into());
        replace_last_layer(&mut imported, head, classes).map_err(|wrong| wrong.of(&args.file))?;
    }
    print_aligned(&imported.table())?;
    if imported.fidelity() == Fidelity::Unsupported && !args.allow {
        let sentence = format!("{} has unsupported nodes; --allow drops them", args.file.display());
        return Err(out::partial(SCHEMA, body(&imported, None), sentence));
    }
    if let Some(path) = &args.out {
        free(path, args.overwrite)?;
        imported.network.about = about(&imported, &args.file);
        imported.network.save(path)?;
        out::line(format_args!("{} neurons in {}", imported.network.neurons(), path.display()))?;
    } else {
        out::line(format_args!("nothing is written: --out NET.toml writes the network"))?;
    }
    out::result(SCHEMA, &body(&imported, args.out.as_deref()))
}

fn body(imported: &Imported, out: Option<&Path>) -> Value {
    let part = |row: &FidelityRow| json!({ "node": row.node, "kind": row.kind, "fidelity": row.fidelity.word().to_lowercase(), "note": row.note });
    json!({
        "network": imported.network.name, "neurons": imported.network.neurons(), "fidelity": imported.fidelity().word().to_lowercase(),
        "parts": imported.rows.iter().map(part).collect::<Vec<_>>(), "notes": imported.said, "out": out,
    })
}

fn read(args: &ImportArgs) -> anyhow::Result<Imported> {
    if args.file.extension().is_some_and(|end| end == "toml") {
        return of_own(args);
    }
    let is_net = is_net(&args.file);
    if is_net && args.input != InputAs::default() {
        bail!("--input has no meaning for a .net file, which holds the chip's integers");
    }
    let mut imported = args.graph.read(&args.file, args.input)?;
    match args.reset_interval {
        None => {}
        Some(_) if !is_net => {
            bail!("--reset-interval has no meaning for a .nir file: `reset_interval_steps` of a network file has");
        }
        Some(interval_steps) => {
            let offset_steps = args.reset_offset;
            if offset_steps >= interval_steps {
                bail!("--reset-offset {offset_steps} is outside an interval of {interval_steps}: give a smaller one");
            }
            lava_dl::reset_periodically(&mut imported, PeriodicReset { interval_steps, offset_steps });
        }
    }
    Ok(imported)
}

/// A network file of this program, to which only a head can be added.
fn of_own(args: &ImportArgs) -> anyhow::Result<Imported> {
    let path = args.file.display();
    if args.head.is_none() {
        bail!("{path} holds the chip's integers already: run it, or give --head for a head that learns");
    }
    let without_effect = [
        args.graph.given_beside_steps(),
        (args.input != InputAs::default()).then_some("--input"),
        args.reset_interval.map(|_| "--reset-interval"),
    ];
    if let Some(option) = without_effect.into_iter().flatten().next() {
        bail!("{option} has no meaning for {path}, which holds the chip's integers");
    }
    let mut network = file::read(&args.file)?;
    match (network.steps, args.graph.steps) {
        (_, 0) => {}
        (0, given) => network.steps = given,
        (own, given) if own == given => {}
        (own, given) => bail!("--steps {given}, but samples of {path} take {own}: leave it out"),
    }
    let kept = |own: &Population| FidelityRow::new(&own.name, "population", Fidelity::Exact, "as it was");
    let last = network.readout.map(|readout| readout.population);
    let populations = network.populations.iter().enumerate().filter(|(at, _)| Some(*at) != last);
    let rows = populations.map(|(_, own)| kept(own)).collect();
    Ok(Imported::new(network, rows, Vec::new()))
}
