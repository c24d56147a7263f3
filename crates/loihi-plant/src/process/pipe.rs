//! A program behind its standard input and output, line by line.
//!
//! Threads carry the lines, so that no wait for the program is longer than it may be, whatever it does not read or write.

use super::super::PlantError;
use loihi_device::child;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Most bytes of a line.
const LINE_MAX: usize = 1 << 20;
/// Characters of a line that are told.
const TOLD_MAX: usize = 80;
/// How often the user's wish to stop is looked at.
const STOP_EVERY: Duration = Duration::from_millis(50);
/// How long a program may take to end after its input or output has.
const GRACE: Duration = Duration::from_millis(200);

/// A running program; it is ended when this is dropped, or when this process ends in any other way.
#[derive(Debug)]
pub(super) struct Pipe {
    command: String,
    child: Child,
    /// Lines to it; its input ends with this.
    requests: Option<Sender<String>>,
    /// Lines from it, without those that are too long.
    answers: Receiver<Line>,
    complaints: Complaints,
}

/// A line of a program's output.
#[derive(Debug)]
enum Line {
    Whole(Vec<u8>),
    /// The beginning of one that is longer than [`LINE_MAX`].
    TooLong(Vec<u8>),
}

impl Pipe {
    /// Starts a program.
    ///
    /// # Errors
    /// [`PlantError::Start`].
    pub(super) fn start(words: &[String], folder: &Path) -> Result<Self, PlantError> {
        let text = words.join(" ");
        let failed = |why: String| PlantError::Start { command: text.clone(), why };
        let (program, arguments) = words.split_first().ok_or_else(|| failed("it has no name".to_owned()))?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if !folder.as_os_str().is_empty() {
            command.current_dir(folder);
        }
        let mut child = child::spawn(command).map_err(|error| match error.kind() {
            ErrorKind::NotFound => failed("program not found: install it, or give its path".to_owned()),
            _ => failed(error.to_string()),
        })?;
        let (Some(input), Some(output), Some(complaints)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(failed("it has no pipes".to_owned()));
        };
        let (requests, answers, complaints) = (write_lines(input), read_lines(output), Complaints::of(complaints));
        Ok(Self { command: text, child, requests: Some(requests), answers, complaints })
    }

    /// Sends a line.
    pub(super) fn tell(&self, line: String) {
        // A program that reads no more is found out by the answer that it does not give.
        let _unread = self.requests.as_ref().map(|requests| requests.send(line));
    }

    /// Sends a line and waits for the answer to it.
    ///
    /// # Errors
    /// [`PlantError`].
    pub(super) fn ask(&mut self, line: String, timeout: Duration, stop: fn() -> bool) -> Result<Vec<u8>, PlantError> {
        if let Ok(Line::Whole(early) | Line::TooLong(early)) = self.answers.try_recv() {
            return Err(self.nonsense(&early, "nothing was asked"));
        }
        self.tell(line);
        let start = Instant::now();
        loop {
            let left = timeout.saturating_sub(start.elapsed());
            match self.answers.recv_timeout(left.min(STOP_EVERY)) {
                Ok(Line::Whole(line)) => return Ok(line),
                Ok(Line::TooLong(line)) => {
                    return Err(self.nonsense(&line, &format!("longer than {LINE_MAX} bytes")));
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
                Err(RecvTimeoutError::Timeout) if stop() => return Err(PlantError::Stopped),
                Err(RecvTimeoutError::Timeout) if start.elapsed() >= timeout => {
                    let said = self.complaints.last();
                    return Err(PlantError::Late { command: self.command.clone(), timeout, said });
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// A line is not an answer.
    pub(super) fn nonsense(&self, line: &[u8], why: &str) -> PlantError {
        PlantError::Nonsense { command: self.command.clone(), line: beginning(line), why: why.to_owned() }
    }

    /// Why the program's output has ended.
    fn ended(&mut self) -> PlantError {
        let how = match wait(&mut self.child, GRACE) {
            Some(status) => match (status.code(), child::signal(status)) {
                (Some(code), _) => format!("ended with exit status {code}"),
                (None, Some(signal)) => format!("ended with signal {signal}"),
                (None, None) => "ended with an unknown status".to_owned(),
            },
            None => "closed its output".to_owned(),
        };
        self.complaints.finish();
        PlantError::Ended { command: self.command.clone(), how, said: self.complaints.last() }
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.requests = None;
        if wait(&mut self.child, GRACE).is_none() {
            child::end(&mut self.child);
        }
    }
}

/// Waits for the end of a program, which is then no zombie.
fn wait(child: &mut Child, most: Duration) -> Option<ExitStatus> {
    let start = Instant::now();
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        if start.elapsed() >= most {
            return None;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// The beginning of a line, in quotation marks.
fn beginning(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end();
    let told: String = text.chars().take(TOLD_MAX).collect();
    let more = if told.len() < text.len() { "…" } else { "" };
    format!("{told:?}{more}")
}

/// Writes lines on a thread of its own, until there are no more.
fn write_lines(mut input: impl Write + Send + 'static) -> Sender<String> {
    let (sender, lines) = channel::<String>();
    thread::spawn(move || {
        for line in lines {
            if input.write_all(line.as_bytes()).and_then(|()| input.flush()).is_err() {
                return;
            }
        }
    });
    sender
}

/// Reads lines on a thread of its own, until the end or the first line that is too long.
fn read_lines(output: impl Read + Send + 'static) -> Receiver<Line> {
    let (sender, receiver) = sync_channel(1);
    let mut output = BufReader::new(output);
    thread::spawn(move || {
        loop {
            let mut line = Vec::new();
            match output.by_ref().take(LINE_MAX as u64 + 1).read_until(b'\n', &mut line) {
                Ok(1..) if line.len() <= LINE_MAX || line.ends_with(b"\n") => {
                    if sender.send(Line::Whole(line)).is_err() {
                        return;
                    }
                }
                Ok(1..) => {
                    let _unheard = sender.send(Line::TooLong(line));
                    return;
                }
                Ok(0) | Err(_) => return,
            }
        }
    });
    receiver
}

/// The last line of a program's standard error.
#[derive(Debug)]
struct Complaints {
    last: Arc<Mutex<String>>,
    end: Receiver<()>,
}

impl Complaints {
    fn of(mut output: impl Read + Send + 'static) -> Self {
        let last = Arc::new(Mutex::new(String::new()));
        let (sender, end) = channel();
        let kept = Arc::clone(&last);
        thread::spawn(move || {
            let (mut buffer, mut line) = ([0; 4096], Vec::new());
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                for byte in buffer.iter().take(count) {
                    if *byte == b'\n' {
                        keep(&kept, &line);
                        line.clear();
                    } else if line.len() < 4 * TOLD_MAX {
                        line.push(*byte);
                    }
                }
            }
            keep(&kept, &line);
            drop(sender);
        });
        Self { last, end }
    }

    /// Waits until a program that has ended has said all.
    fn finish(&self) {
        let _end = self.end.recv_timeout(GRACE);
    }

    /// The last line, to be added to a sentence.
    fn last(&self) -> String {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_empty() { String::new() } else { format!(" ({last})") }
    }
}

/// Keeps a line that is not blank.
fn keep(last: &Mutex<String>, line: &[u8]) {
    let line = String::from_utf8_lossy(line);
    let line = line.trim();
    if !line.is_empty() {
        let told = line.chars().filter(|letter| !letter.is_control()).take(2 * TOLD_MAX).collect();
        *last.lock().unwrap_or_else(PoisonError::into_inner) = told;
    }
}
