//! What a command prints: lines and one result on standard output, complaints on standard error.
//!
//! A result is printed twice over in the code, as lines for people and as an object, and once by the process: with
//! `--json` lines are left out, without it the object is. The object is one line, the last on standard output:
//!
//! | key | value |
//! |---|---|
//! | `schema` | name and version of the form: `loihi-run/1`; the version changes when a key changes its meaning or goes |
//! | `command` | the command without its arguments: `run`, `bench lif`; empty if none was given |
//! | `version`, `commit` | of this program; `commit` is null if it was built without `LOIHI_COMMIT` |
//! | `wall_s` | seconds since the process started |
//! | `error`, `kind`, `status` | instead of a result: a sentence, `usage`, `failed` or `stopped`, and the exit status |
//!
//! Then come the keys of the result. Numbers that are not finite are null.

use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::{self, Arguments, Display};
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Instant;

/// The form of an error without a result.
const ERROR: &str = "loihi-error/1";

static FRAME: OnceLock<Frame> = OnceLock::new();
static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
static IS_PRINTED: AtomicBool = AtomicBool::new(false);

/// How this process prints.
#[derive(Debug)]
struct Frame {
    command: String,
    program: Program,
    json: bool,
    quiet: bool,
    start: Instant,
}

/// The program that prints.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Its version.
    pub version: &'static str,
    /// The commit from which it was built, if that is known.
    pub commit: Option<&'static str>,
}

/// What every object says first.
#[derive(Debug, Serialize)]
struct Envelope<'a, T> {
    schema: &'a str,
    command: &'a str,
    version: &'static str,
    commit: Option<&'static str>,
    wall_s: f64,
    #[serde(flatten)]
    error: Option<Failure<'a>>,
    #[serde(flatten)]
    body: T,
}

#[derive(Debug, Serialize)]
struct Failure<'a> {
    error: &'a str,
    kind: Kind,
    status: u8,
}

/// Exit status of a command that its user stopped, as of one that SIGINT ended.
pub const STOPPED_STATUS: u8 = 130;

/// Why a command ends without success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The command line is wrong.
    Usage,
    /// The command could not do what it was asked for.
    Failed,
    /// The user has stopped it.
    Stopped,
}

impl Kind {
    /// The exit status.
    pub const fn status(self) -> u8 {
        match self {
            Self::Usage => 2,
            Self::Failed => 1,
            Self::Stopped => STOPPED_STATUS,
        }
    }
}

/// Says once, at the start, which command prints and how.
pub fn start(program: Program, command: String, json: bool, quiet: bool) {
    let _first = FRAME.set(Frame { program, command, json, quiet, start: Instant::now() });
}

/// Whether the result is an object.
pub fn is_json() -> bool {
    FRAME.get().is_some_and(|frame| frame.json)
}

/// Whether nothing is shown while a command works.
pub fn is_quiet() -> bool {
    FRAME.get().is_some_and(|frame| frame.quiet)
}

/// Prints a line for people; with `--json` nothing.
///
/// # Errors
/// The reader may have gone (`loihi … | head`); then [`is_gone`] holds for the error.
pub fn line(text: Arguments<'_>) -> io::Result<()> {
    if is_json() { Ok(()) } else { writeln!(io::stdout().lock(), "{text}") }
}

/// Prints a line that is not part of the result: with `--json` on standard error.
///
/// # Errors
/// As [`line()`].
pub fn detail(text: Arguments<'_>) -> io::Result<()> {
    if is_json() { writeln!(io::stderr().lock(), "{text}") } else { line(text) }
}

/// Prints the result as an object if `--json` is given; `body` has named fields.
///
/// # Errors
/// As [`line()`].
pub fn result<T: Serialize>(schema: &str, body: &T) -> anyhow::Result<()> {
    object(schema, None, body)
}

/// Prints a line on standard error; a closed standard error is ignored.
pub fn complain(text: &str) {
    let _unheard = writeln!(io::stderr().lock(), "loihi: {text}");
}

/// [`complain`], unless the same was said before: of data that several runs are shown.
pub fn complain_once(text: &str) {
    if SAID.lock().unwrap_or_else(PoisonError::into_inner).insert(text.to_owned()) {
        complain(text);
    }
}

/// Prints why the command ends: a sentence on standard error and, with `--json`, an object.
pub fn fail(kind: Kind, sentence: &str, error: Option<&anyhow::Error>) {
    complain(sentence);
    fail_object(kind, sentence, error);
}

/// The object of [`fail`] alone. A closed standard output is ignored: the exit status says the same.
pub fn fail_object(kind: Kind, sentence: &str, error: Option<&anyhow::Error>) {
    let failure = Some(Failure { error: sentence, kind, status: kind.status() });
    let partial = error.and_then(|error| error.downcast_ref::<Partial>());
    let _unheard = match partial {
        Some(Partial { schema, body, .. }) => object(schema, failure, body),
        None => object(ERROR, failure, &json!({})),
    };
}

fn object<T: Serialize>(schema: &str, error: Option<Failure<'_>>, body: &T) -> anyhow::Result<()> {
    let Some(frame) = FRAME.get().filter(|frame| frame.json) else { return Ok(()) };
    // The watchdog that ends a stopped process may come at the same time.
    if IS_PRINTED.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    let envelope = Envelope {
        schema,
        command: &frame.command,
        version: frame.program.version,
        commit: frame.program.commit,
        wall_s: frame.start.elapsed().as_secs_f64(),
        error,
        body,
    };
    let text = serde_json::to_string(&envelope)?;
    Ok(writeln!(io::stdout().lock(), "{text}")?)
}

/// An error of a command that has a result all the same, such as a vector that failed among others.
#[derive(Debug)]
struct Partial {
    schema: &'static str,
    body: Value,
    sentence: String,
}

/// The error of a command that has a result all the same.
pub fn partial(schema: &'static str, body: Value, sentence: String) -> anyhow::Error {
    anyhow::Error::new(Partial { schema, body, sentence })
}

impl Display for Partial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for Partial {}

/// Whether an error says that the reader of the output is gone, which does not count as a failure.
pub fn is_gone(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe))
}
