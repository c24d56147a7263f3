//! `loihi report`: a run folder as a page.

use super::out;
use super::progress::waiting;
use clap::Args;
use host_harness::record::write_whole;
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// A run folder
    run: PathBuf,
    /// Where to write the page [default: report.html in the run folder]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn report(args: &ReportArgs) -> anyhow::Result<()> {
    let page = waiting("drawing", || host_harness::report::run::report(&args.run))?;
    let path = args.out.clone().unwrap_or_else(|| args.run.join("report.html"));
    write_whole(&path, page.as_bytes())?;
    out::line(format_args!("{}", path.display()))?;
    out::result("loihi-report/1", &json!({ "run": args.run, "page": path, "bytes": page.len() }))
}
