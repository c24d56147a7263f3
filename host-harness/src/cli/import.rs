//! `loihi import`: networks of other frameworks in the chip's integers.

use super::out;
use crate::import::{Imported, Rating};
use crate::lava_dl;
use crate::network::Save as _;
use anyhow::bail;
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// A network: a .net file of lava-dl
    file: PathBuf,
    /// Go on with parts that are unsupported, without them
    #[arg(long)]
    allow: bool,
    /// Write the network here: a TOML file, with its arrays beside it
    #[arg(long, value_name = "NET.toml")]
    out: Option<PathBuf>,
}

pub(super) fn import(args: &ImportArgs) -> anyhow::Result<()> {
    let imported = read(args)?;
    out::line(format_args!("{}", imported.table().trim_end()))?;
    if imported.rating() == Rating::Unsupported && !args.allow {
        bail!("{} has parts that are unsupported; --allow goes on without them", args.file.display());
    }
    if let Some(path) = &args.out {
        imported.network.save(path)?;
        out::line(format_args!("{} neurons in {}", imported.network.neurons(), path.display()))?;
    }
    Ok(())
}

fn read(args: &ImportArgs) -> anyhow::Result<Imported> {
    match args.file.extension().and_then(|end| end.to_str()) {
        Some("net") => Ok(lava_dl::read(&args.file)?),
        _ => bail!("{} has none of the endings that can be imported: .net", name(&args.file)),
    }
}

fn name(path: &Path) -> String {
    path.display().to_string()
}
