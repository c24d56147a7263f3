//! `loihi conform`: replays recorded vectors on a device.

use super::DeviceArgs;
use super::open::open;
use super::out;
use super::progress::Progress;
use anyhow::{Context as _, bail};
use clap::Args;
use flate2::read::GzDecoder;
use host_harness::conform::Verdict;
use host_harness::conform::parse::parse;
use host_harness::conform::replay::replay;
use host_harness::device::session::Session;
use host_harness::whole;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct ConformArgs {
    /// Recorded vectors, .json or .json.gz
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    device: DeviceArgs,
}

pub(super) fn conform(args: &ConformArgs) -> anyhow::Result<()> {
    let mut session = open(&args.device)?;
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    let progress = Progress::new(false);
    for (done, file) in (0..).zip(&args.files) {
        progress.show(done, args.files.len() as u64, "vectors");
        let name =
            file.file_name().map_or_else(|| file.display().to_string(), |name| name.to_string_lossy().into_owned());
        let name = name.trim_end_matches(".gz").trim_end_matches(".json");
        let line = match one(file, &mut session).with_context(|| format!("{}", file.display())) {
            Ok(Verdict::Passed) => {
                passed += 1;
                format!("ok {name}")
            }
            Ok(Verdict::Failed(difference)) => {
                failed += 1;
                format!("FAIL {name}: {difference}")
            }
            Ok(Verdict::Skipped(why)) => {
                skipped += 1;
                format!("skip {name}: {why}")
            }
            Err(_) if super::stop::requested() => bail!("{passed} passed, {failed} failed, {skipped} skipped so far"),
            Err(error) => {
                failed += 1;
                format!("FAIL {name}: {error:#}")
            }
        };
        progress.aside(|| out::line(format_args!("{line}")))?;
    }
    progress.finish();
    out::line(format_args!("{passed} passed, {failed} failed, {skipped} skipped"))?;
    if failed > 0 {
        bail!("{failed} of {} vectors failed", args.files.len());
    }
    Ok(())
}

fn one(path: &Path, session: &mut Session) -> anyhow::Result<Verdict> {
    let text = read(path)?;
    let vector = parse(&text)?;
    Ok(replay(&vector, session)?)
}

/// The text of a file, unpacked if its name ends in `.gz`.
fn read(path: &Path) -> anyhow::Result<String> {
    let (file, limit) = whole::open(path, whole::TEXT).context("it cannot be opened")?;
    let packed = path.extension().is_some_and(|extension| extension == "gz");
    let read = if packed { whole::all(GzDecoder::new(file), limit) } else { whole::all(file, limit) };
    read.and_then(whole::as_text).context("it cannot be read to its end")
}
