//! `loihi export`: networks and runs in the forms of others.

use super::out;
use crate::nir;
use crate::npy::{self, SPIKE};
use crate::record::write_whole;
use anyhow::{Context as _, bail};
use clap::Args;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// A network (a TOML file), or a run folder with spikes
    source: PathBuf,
    /// Write the network here, in the chip's values
    #[arg(long, value_name = "FILE.nir")]
    nir: Option<PathBuf>,
    /// Write the spikes of the run as NEST does: a line of sender and time step each
    #[arg(long, value_name = "FILE")]
    nest_ascii: Option<PathBuf>,
}

pub(super) fn export(args: &ExportArgs) -> anyhow::Result<()> {
    if let Some(path) = &args.nir {
        export_network(&args.source, path)?;
    }
    if let Some(path) = &args.nest_ascii {
        export_spikes(&args.source, path)?;
    }
    if args.nir.is_none() && args.nest_ascii.is_none() {
        bail!("say in which form: --nir FILE for a network, --nest-ascii FILE for the spikes of a run");
    }
    Ok(())
}

fn export_network(network: &Path, path: &Path) -> anyhow::Result<()> {
    let read = crate::network::file::read(network)?;
    let graph = nir::export(&read).map_err(|what| anyhow::anyhow!("{}: {what}", network.display()))?;
    nir::save(&graph, path)?;
    Ok(out::line(format_args!("{} nodes in {}", graph.nodes.len(), path.display()))?)
}

fn export_spikes(run: &Path, path: &Path) -> anyhow::Result<()> {
    let (_, bytes) = npy::read(&run.join("spikes.npy"), SPIKE)
        .context("the run has no spikes that can be exported: give the run --spikes")?;
    let mut text = "sender\ttime_step\n".to_owned();
    for row in bytes.as_chunks::<12>().0 {
        let [a, b, c, d, e, f, g, h, ..] = *row;
        let sender = u32::from(u16::from_le_bytes([e, f])) * 1024 + u32::from(u16::from_le_bytes([g, h])) + 1;
        // A spike of the first step is at time step 1, as NEST counts.
        writeln!(text, "{sender}\t{}", u64::from(u32::from_le_bytes([a, b, c, d])) + 1)?;
    }
    write_whole(path, text.as_bytes())?;
    Ok(())
}
