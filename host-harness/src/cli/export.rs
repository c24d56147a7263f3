//! `loihi export`: networks and runs in the forms of others.

use super::out;
use super::progress::{shown, waiting};
use anyhow::{Context as _, bail};
use clap::Args;
use host_harness::nir;
use host_harness::nirdata;
use host_harness::npy::{self, Spike, told};
use host_harness::record::write_whole;
use loihi_files::atomic_file;
use serde_json::json;
use std::fmt::Arguments;
use std::io::Write as _;
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
    /// Write the spikes and probes of the run as NIRData: HDF5, by population
    #[arg(long, value_name = "FILE.h5")]
    nirdata: Option<PathBuf>,
}

pub(super) fn export(args: &ExportArgs) -> anyhow::Result<()> {
    let mut nodes = None;
    if let Some(path) = &args.nir {
        nodes = Some(export_network(&args.source, path)?);
    }
    if let Some(path) = &args.nest_ascii {
        export_spikes(&args.source, path)?;
    }
    if let Some(path) = &args.nirdata {
        export_nirdata(&args.source, path)?;
    }
    if args.nir.is_none() && args.nest_ascii.is_none() && args.nirdata.is_none() {
        bail!(
            "say in which form: --nir FILE for a network, --nest-ascii FILE for the spikes of a run, --nirdata FILE for its \
             spikes and probes"
        );
    }
    let ExportArgs { source, nir, nest_ascii, nirdata } = args;
    let files = json!({ "nir": nir, "nest_ascii": nest_ascii, "nirdata": nirdata });
    out::result("loihi-export/1", &json!({ "source": source, "nodes": nodes, "files": files }))
}

/// The number of nodes written.
fn export_network(network: &Path, path: &Path) -> anyhow::Result<usize> {
    if network.is_dir() {
        bail!(
            "{} is a folder, and --nir takes a network file: a run's spikes are written by --nirdata or --nest-ascii",
            network.display()
        );
    }
    let (nodes, unsaid) = waiting("writing", || {
        let read = host_harness::network::file::read(network)?;
        let graph = nir::export(&read).with_context(|| format!("{} cannot be exported", network.display()))?;
        nir::save(&graph, path)?;
        anyhow::Ok((graph.nodes.len(), nir::unsaid(&read)))
    })?;
    for sentence in unsaid {
        out::complain(&sentence);
    }
    out::line(format_args!("{nodes} nodes in {}", path.display()))?;
    Ok(nodes)
}

fn export_nirdata(run: &Path, path: &Path) -> anyhow::Result<()> {
    let mut spikes = 0;
    let bytes = shown("spikes", |after| {
        nirdata::bytes(run, &mut |done, total| {
            spikes = total;
            after(done, total);
        })
    })
    .context("the run cannot be exported as NIRData")?;
    write_whole(path, &bytes)?;
    say(path, format_args!("{spikes} spikes and what was probed"))
}

/// Says what is in a file; a pipe, which may be standard output, gets nothing but the data.
fn say(path: &Path, what: Arguments<'_>) -> anyhow::Result<()> {
    if path.is_file() {
        out::line(format_args!("{what} in {}", path.display()))?;
    }
    Ok(())
}

fn export_spikes(run: &Path, path: &Path) -> anyhow::Result<()> {
    let file = run.join("spikes.npy");
    if !file.exists() {
        bail!("{} is not there: give the run --spikes", file.display());
    }
    let spikes = npy::spikes(&file)?;
    let mut count = 0_u64;
    let written = shown("spikes", |after| {
        atomic_file::fill(path, |file| {
            writeln!(file, "sender\ttime_step")?;
            for spike in told(spikes, after) {
                let Spike { step, core, id, .. } = spike?;
                count += 1;
                let sender = u32::from(core) * 1024 + u32::from(id) + 1;
                // A spike of the first step is at time step 1, as NEST counts.
                writeln!(file, "{sender}\t{}", u64::from(step) + 1)?;
            }
            Ok(())
        })
    });
    written.with_context(|| format!("{} cannot be written", path.display()))?;
    say(path, format_args!("{count} spikes"))
}
