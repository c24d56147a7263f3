//! `loihi report`: a run folder as a page, or several side by side.

use super::out;
use super::progress::waiting;
use clap::Args;
use host_harness::record::write_whole;
use host_harness::report::{compare, run};
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// A run folder, or several to be put side by side
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,
    /// Where to write the page [default: report.html in the run folder; of several runs comparison.html here]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn report(args: &ReportArgs) -> anyhow::Result<()> {
    let (page, default) = match &*args.runs {
        [run] => (waiting("drawing", || run::report(run))?, run.join("report.html")),
        runs => (waiting("drawing", || compare::compare(runs))?, PathBuf::from("comparison.html")),
    };
    let path = args.out.clone().unwrap_or(default);
    write_whole(&path, page.as_bytes())?;
    out::line(format_args!("{}", path.display()))?;
    out::result("loihi-report/2", &json!({ "runs": args.runs, "page": path, "bytes": page.len() }))
}
