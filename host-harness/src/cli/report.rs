//! `loihi report` and `loihi export`: a run folder as a page, and in the forms of others.

use super::out;
use crate::npy::{self, SPIKE};
use crate::record::write_whole;
use anyhow::Context as _;
use clap::Args;
use std::fmt::Write as _;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// A run folder
    run: PathBuf,
    /// Where to write the page [default: report.html in the run folder]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// A run folder with spikes
    run: PathBuf,
    /// Write spikes as NEST does: a line of sender and time step each
    #[arg(long, value_name = "FILE")]
    nest_ascii: PathBuf,
}

pub(super) fn report(args: &ReportArgs) -> anyhow::Result<()> {
    let page = crate::report::run::report(&args.run)?;
    let path = args.out.clone().unwrap_or_else(|| args.run.join("report.html"));
    write_whole(&path, page.as_bytes())?;
    out::line(format_args!("{}", path.display()))?;
    Ok(())
}

pub(super) fn export(args: &ExportArgs) -> anyhow::Result<()> {
    let (_, bytes) = npy::read(&args.run.join("spikes.npy"), SPIKE)
        .context("the run has no spikes that can be exported: give the run --spikes")?;
    let mut text = "sender\ttime_step\n".to_owned();
    for row in bytes.as_chunks::<12>().0 {
        let [a, b, c, d, e, f, g, h, ..] = *row;
        let sender = u32::from(u16::from_le_bytes([e, f])) * 1024 + u32::from(u16::from_le_bytes([g, h])) + 1;
        // A spike of the first step is at time step 1, as NEST counts.
        writeln!(text, "{sender}\t{}", u64::from(u32::from_le_bytes([a, b, c, d])) + 1)?;
    }
    write_whole(&args.nest_ascii, text.as_bytes())?;
    Ok(())
}
