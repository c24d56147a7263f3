//! `loihi import`: networks of other frameworks in the chip's integers.

use super::choice::choice;
use super::progress::waiting;
use super::{net, out};
use anyhow::bail;
use clap::Args;
use host_harness::Choice as _;
use host_harness::head::{Head, replace_last_layer};
use host_harness::import::{Fidelity, FidelityRow, Imported};
use host_harness::lava_dl;
use host_harness::network::{PeriodicReset, Population, file, microseconds};
use host_harness::nir;
use host_harness::quantise::{Exporter, IfInput, InputAs, Integrator, QuantiseOptions, Reset, quantise};
use serde_json::{Value, json};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};

/// The form of the result.
const SCHEMA: &str = "loihi-import/1";

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// A network: a .nir file, a .net file of lava-dl, or with --head a network file of this program
    file: PathBuf,
    /// Duration of a step: "0.1 ms", or a number in the unit of the file's time constants, seconds as a rule [default:
    /// inferred, or chosen]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    dt: Option<f64>,
    /// What has written the file, which settles what it leaves open: the step, the integrator, what an input adds, the reset
    #[arg(long = "as", value_parser = choice::<Exporter>(), value_name = "NAME")]
    writer: Option<Exporter>,
    /// How equations become steps [default: euler, or as --as has it]
    #[arg(long, value_parser = choice::<Integrator>())]
    integrator: Option<Integrator>,
    /// What a spike does to the voltage [default: as-file, or as --as has it]
    #[arg(long, value_parser = choice::<Reset>())]
    reset: Option<Reset>,
    /// What an input of 1 adds in a step to neurons without a time constant (IF, I) [default: infer, or as --as has it]
    #[arg(long, value_parser = choice::<IfInput>())]
    if_input: Option<IfInput>,
    /// Input encoding
    #[arg(long, value_parser = choice::<InputAs>(), default_value = InputAs::default().name())]
    input: InputAs,
    /// Steps of a sample, if neither the file nor the data say
    #[arg(long, value_name = "N", default_value_t = 0)]
    steps: u32,
    /// Reset neurons every N steps, as netx does; .net files only
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=0x7fff_ffff))]
    reset_interval: Option<u32>,
    /// First step, from 0, in which the first layer is reset; each further layer is reset a step later
    #[arg(long, value_name = "N", default_value_t = 0, requires = "reset_interval")]
    reset_offset: u32,
    /// Leave out the last layer, and let this learn in its place from the spikes of the layer before
    #[arg(long, value_parser = choice::<Head>(), value_name = "KIND")]
    head: Option<Head>,
    /// Classes that the head learns [default: those of the last layer]
    #[arg(long, value_name = "N", requires = "head")]
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

/// Seconds of a text with a unit, or the number as it is.
fn duration(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) => Ok(number),
        Err(_) => Ok(microseconds(text).map_err(|error| error.to_string())? / 1e6),
    }
}

pub(super) fn import(args: &ImportArgs) -> anyhow::Result<()> {
    let mut imported = waiting("quantising", || read(args))?;
    if let Some(head) = args.head {
        let classes = args.classes.map(|classes| classes.get().into());
        replace_last_layer(&mut imported, head, classes).map_err(|wrong| wrong.of(&args.file))?;
    }
    let table = imported.table();
    out::line(format_args!("{}", table.trim_end()))?;
    if imported.fidelity() == Fidelity::Unsupported && !args.allow {
        let sentence = format!("{} has unsupported nodes; --allow drops them", args.file.display());
        return Err(out::partial(SCHEMA, body(&imported, None), sentence));
    }
    if let Some(path) = &args.out {
        net::free(path, args.overwrite)?;
        imported.network.about = format!("Imported from {}:\n{table}", args.file.display());
        imported.network.save(path)?;
        out::line(format_args!("{} neurons in {}", imported.network.neurons(), path.display()))?;
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

impl ImportArgs {
    /// What was given, before what the writer of the file means, before what is usual.
    fn options(&self) -> QuantiseOptions {
        let mut options = self.writer.map(Exporter::options).unwrap_or_default();
        options.dt = self.dt;
        options.integrator = self.integrator.unwrap_or(options.integrator);
        options.reset = self.reset.unwrap_or(options.reset);
        options.if_input = self.if_input.unwrap_or(options.if_input);
        options.with_input(self.input).with_steps(self.steps)
    }

    /// An option that only files of NIR have, besides --steps.
    fn without_effect(&self) -> Option<&'static str> {
        let Self { dt, writer, integrator, reset, if_input, input, .. } = self;
        let given = [
            ("--dt", dt.is_some()),
            ("--as", writer.is_some()),
            ("--integrator", integrator.is_some()),
            ("--reset", reset.is_some()),
            ("--if-input", if_input.is_some()),
            ("--input", *input != InputAs::default()),
        ];
        given.into_iter().find_map(|(option, given)| given.then_some(option))
    }
}

fn read(args: &ImportArgs) -> anyhow::Result<Imported> {
    match args.file.extension().and_then(|end| end.to_str()) {
        Some("net") => {
            let option = args.without_effect().or((args.steps > 0).then_some("--steps"));
            if let Some(option) = option {
                bail!("{option} has no meaning for a .net file, which holds the chip's integers");
            }
            let mut imported = lava_dl::read(&args.file)?;
            if let Some(interval_steps) = args.reset_interval {
                let offset_steps = args.reset_offset;
                if offset_steps >= interval_steps {
                    bail!(
                        "--reset-offset {offset_steps} is outside an interval of {interval_steps}: give a smaller one"
                    );
                }
                lava_dl::reset_periodically(&mut imported, PeriodicReset { interval_steps, offset_steps });
            }
            Ok(imported)
        }
        Some("toml") => of_own(args),
        Some("nir") => {
            if args.reset_interval.is_some() {
                bail!("--reset-interval has no meaning for a .nir file: `reset_interval_steps` of a network file has");
            }
            let graph = nir::read(&args.file)?;
            let name = args.file.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let options = args.options();
            let mut imported = quantise(&graph, &name, options).map_err(|wrong| wrong.of(&args.file))?;
            imported
                .said
                .extend(args.writer.and_then(Exporter::differs).map(|differs| format!("Not kept: {differs}.")));
            Ok(imported)
        }
        _ => bail!("{} cannot be imported: expected a .nir, a .net or a .toml file", args.file.display()),
    }
}

/// A network file of this program, to which only a head can be added.
fn of_own(args: &ImportArgs) -> anyhow::Result<Imported> {
    let path = args.file.display();
    if args.head.is_none() {
        bail!("{path} holds the chip's integers already: run it, or give --head for a head that learns");
    }
    if let Some(option) = args.without_effect().or(args.reset_interval.map(|_| "--reset-interval")) {
        bail!("{option} has no meaning for {path}, which holds the chip's integers");
    }
    let mut network = file::read(&args.file)?;
    match (network.steps, args.steps) {
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
