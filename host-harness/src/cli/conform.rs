//! `loihi conform`: replays recorded vectors on a device.

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
use loihi_args::open::DeviceArgs;
use loihi_args::open::open;
use serde::Serialize;
use serde_json::json;
use std::fmt;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct ConformArgs {
    /// Recorded vectors, .json or .json.gz
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    device: DeviceArgs,
}

/// The form of the result.
const SCHEMA: &str = "loihi-conform/1";
const PASSED: &str = "passed";
const FAILED: &str = "failed";
const SKIPPED: &str = "skipped";

/// What has come of a vector.
#[derive(Debug, Serialize)]
struct Replayed {
    vector: String,
    verdict: &'static str,
    /// Why it failed or was skipped.
    why: Option<String>,
}

impl fmt::Display for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { vector, verdict, why } = self;
        let verdict = match *verdict {
            PASSED => "ok",
            FAILED => "FAIL",
            _ => "skip",
        };
        match why {
            Some(why) => write!(f, "{verdict} {vector}: {why}"),
            None => write!(f, "{verdict} {vector}"),
        }
    }
}

pub(super) fn conform(args: &ConformArgs) -> anyhow::Result<()> {
    let mut session = open(&args.device)?;
    let mut vectors: Vec<Replayed> = Vec::new();
    let progress = Progress::new();
    for (done, file) in (0..).zip(&args.files) {
        progress.show(done, args.files.len() as u64, "vectors");
        let name =
            file.file_name().map_or_else(|| file.display().to_string(), |name| name.to_string_lossy().into_owned());
        let name = name.trim_end_matches(".gz").trim_end_matches(".json");
        let (verdict, why) = match one(file, &mut session).with_context(|| format!("{}", file.display())) {
            Ok(Verdict::Passed) => (PASSED, None),
            Ok(Verdict::Failed(difference)) => (FAILED, Some(difference.to_string())),
            Ok(Verdict::Skipped(why)) => (SKIPPED, Some(why)),
            Err(_) if super::stop::requested() => bail!("{} so far", counts(&vectors)),
            Err(error) => (FAILED, Some(format!("{error:#}"))),
        };
        let replayed = Replayed { vector: name.to_owned(), verdict, why };
        progress.aside(|| out::line(format_args!("{replayed}")))?;
        vectors.push(replayed);
    }
    progress.finish();
    out::line(format_args!("{}", counts(&vectors)))?;
    let [passed, failed, skipped] = [PASSED, FAILED, SKIPPED].map(|verdict| count(&vectors, verdict));
    let body = json!({ "passed": passed, "failed": failed, "skipped": skipped, "vectors": vectors });
    if failed > 0 {
        let sentence = format!("{failed} of {} vectors failed", args.files.len());
        return Err(out::partial(SCHEMA, body, sentence));
    }
    out::result(SCHEMA, &body)
}

fn count(vectors: &[Replayed], verdict: &str) -> usize {
    vectors.iter().filter(|vector| vector.verdict == verdict).count()
}

fn counts(vectors: &[Replayed]) -> String {
    let [passed, failed, skipped] = [PASSED, FAILED, SKIPPED].map(|verdict| count(vectors, verdict));
    format!("{passed} passed, {failed} failed, {skipped} skipped")
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
