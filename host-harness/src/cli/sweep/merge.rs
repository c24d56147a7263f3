//! `loihi merge`: the files of a sweep that was run in shards as one.

use super::table::{of_same_sweep, read};
use crate::cli::out;
use anyhow::anyhow;
use clap::Args;
use host_harness::record::write_whole;
use host_harness::sweep::{Lock, merge};
use loihi_files::plural::plural;
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// Files of the shards of one sweep, in any order
    #[arg(required = true, value_name = "FILE.csv")]
    files: Vec<PathBuf>,
    /// Where the table of all runs is written
    #[arg(long, value_name = "ALL.csv")]
    out: PathBuf,
}

pub(crate) fn join(args: &MergeArgs) -> anyhow::Result<()> {
    let read = |file: &PathBuf| {
        let results = read(file)?
            .ok_or_else(|| anyhow!("{}: no such file: give tables that `loihi sweep` has written", file.display()))?;
        Ok((file.display().to_string(), results))
    };
    let tables = args.files.iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
    let all = merge(&tables)?;
    let _lock = Lock::of(&args.out)?;
    of_same_sweep(&args.out, &all)?;
    write_whole(&args.out, &all.csv()?)?;
    let runs = all.identity().runs;
    out::line(format_args!("{}: {}", args.out.display(), plural(all.rows().len(), "run")))?;
    let sweep = all.identity().to_string();
    out::result("loihi-merge/1", &json!({ "out": args.out, "sweep": sweep, "runs": runs, "files": tables.len() }))
}
