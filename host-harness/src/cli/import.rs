//! `loihi import`: networks of other frameworks in the chip's integers.

use super::out;
use crate::import::{Imported, Rating};
use crate::lava_dl;
use crate::nir;
use crate::quantise::{InputAs, Integrator, Options, Reset, quantise};
use anyhow::bail;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// A network: a .nir file, or a .net file of lava-dl
    file: PathBuf,
    /// Duration of a step in the unit of the file's time constants, seconds as a rule [default: inferred]
    #[arg(long, value_name = "TIME")]
    dt: Option<f64>,
    /// How equations become steps
    #[arg(long, value_enum, default_value_t)]
    integrator: Integrator,
    /// What a spike does to the voltage
    #[arg(long, value_enum, default_value_t)]
    reset: Reset,
    /// What comes in from outside
    #[arg(long, value_enum, default_value_t)]
    input: InputAs,
    /// Steps of a sample, if the data do not say
    #[arg(long, value_name = "N", default_value_t = 0)]
    steps: u32,
    /// Go on with parts that are unsupported, without them
    #[arg(long)]
    allow: bool,
    /// Write the network here: a TOML file, with its arrays beside it
    #[arg(long, value_name = "NET.toml")]
    out: Option<PathBuf>,
}

pub(super) fn import(args: &ImportArgs) -> anyhow::Result<()> {
    let mut imported = read(args)?;
    let table = imported.table();
    out::line(format_args!("{}", table.trim_end()))?;
    if imported.rating() == Rating::Unsupported && !args.allow {
        bail!("{} has parts that are unsupported; --allow goes on without them", args.file.display());
    }
    if let Some(path) = &args.out {
        imported.network.about = format!("Imported from {}:\n{table}", args.file.display());
        imported.network.save(path)?;
        out::line(format_args!("{} neurons in {}", imported.network.neurons(), path.display()))?;
    }
    Ok(())
}

fn read(args: &ImportArgs) -> anyhow::Result<Imported> {
    match args.file.extension().and_then(|end| end.to_str()) {
        Some("net") => Ok(lava_dl::read(&args.file)?),
        Some("nir") => {
            let graph = nir::read(&args.file)?;
            let name = args.file.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let ImportArgs { dt, integrator, reset, input, steps, .. } = *args;
            let options = Options { dt, integrator, reset, input, steps };
            Ok(quantise(&graph, &name, options).map_err(|wrong| wrong.of(&args.file))?)
        }
        _ => bail!("{} has none of the endings that can be imported: .nir, .net", args.file.display()),
    }
}
