//! Downloads a file over HTTP, and resumes an interrupted download.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, http};

/// No package is larger; a server that sends more has another file there.
pub const BYTES_MAX: u64 = 1 << 28;

/// A server that is silent for so long is gone.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often the user's wish to stop is looked at.
const BEAT: Duration = Duration::from_millis(100);
const CHUNK: usize = 1 << 16;

/// Follows a download.
pub trait DownloadObserver {
    /// Bytes received, and their total if the server gave it.
    fn progress(&mut self, done: u64, total: Option<u64>);

    /// Something that the user should know.
    fn says(&mut self, text: &str);

    /// Whether the user wants to stop.
    fn stops(&self) -> bool;
}

/// Why a file was not downloaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// The server does not answer.
    #[error("{address} cannot be reached ({why}): try again when it can, or {BY_HAND}")]
    Unreachable {
        /// The address.
        address: String,
        /// Why.
        why: String,
    },
    /// The server has no such file, or does not give it.
    #[error("{address}: the server answers with status {status}: try again later, or {BY_HAND}")]
    Status {
        /// The address.
        address: String,
        /// What the server said.
        status: u16,
    },
    /// The server sends another part than the one that was asked for.
    #[error(
        "{address}: the server does not send the rest that was asked for: run the same command again, or {BY_HAND}"
    )]
    Range {
        /// The address.
        address: String,
    },
    /// The download was cut.
    #[error("{address}: cut after {kept} bytes ({why}): the same command resumes there; or {BY_HAND}")]
    Cut {
        /// The address.
        address: String,
        /// Bytes that are kept.
        kept: u64,
        /// Why.
        why: String,
    },
    /// The server sends without end.
    #[error("{address}: the server sends more than {BYTES_MAX} bytes, so this is another file: {BY_HAND}")]
    TooLarge {
        /// The address.
        address: String,
    },
    /// The user wanted to stop.
    #[error("{kept} bytes are kept in {}, and the same command resumes there", part.display())]
    Stopped {
        /// The partial file.
        part: PathBuf,
        /// Bytes in it.
        kept: u64,
    },
    /// Another process downloads the same.
    #[error("another process is downloading to {}: wait for it", .0.display())]
    Busy(PathBuf),
    /// The partial file cannot be written.
    #[error("{}: {error}", path.display())]
    File {
        /// The partial file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

const BY_HAND: &str = "get the file by hand and give it by --from FILE";

/// A downloaded file.
#[derive(Debug)]
#[non_exhaustive]
pub struct Downloaded {
    /// The file, at its start; no other process downloads to it until this is closed.
    pub file: File,
    /// Whether some of it is from an earlier download.
    pub resumed: bool,
}

/// Downloads to a partial file, whose bytes are kept if the download is cut or stopped.
///
/// # Errors
/// [`DownloadError`] says what happened and what to do.
pub fn download(address: &str, part: &Path, observer: &mut dyn DownloadObserver) -> Result<Downloaded, DownloadError> {
    let mut part = PartFile::open(part)?;
    let kept = part.bytes;
    let (sender, events) = sync_channel(4);
    let asked = address.to_owned();
    // A thread of its own, since a wait for the network does not hear Ctrl-C. It ends when nobody listens any more.
    let talk = move || {
        let last = match transfer(&asked, kept, &sender) {
            Ok(()) => DownloadEvent::End,
            Err(error) => DownloadEvent::Failure(error.to_string()),
        };
        // Nobody listens if the user has stopped.
        let _heard = sender.send(last);
    };
    thread::Builder::new().name("download".to_owned()).spawn(talk).map_err(|error| part.error(error))?;
    let received = part.receive(address, &events, observer);
    if received.is_err() && part.bytes == 0 {
        // An empty file is of no use, and the error that is reported is the first one.
        let _removed = fs::remove_file(&part.path);
    }
    let resumed = received?;
    let rewound = part.file.rewind();
    rewound.map_err(|error| part.error(error))?;
    Ok(Downloaded { file: part.file, resumed })
}

/// What the thread that talks to the server tells.
enum DownloadEvent {
    /// The answer's head: its status, and from where and how many bytes it sends.
    Head {
        status: u16,
        from: Option<u64>,
        length: Option<u64>,
    },
    Bytes(Vec<u8>),
    End,
    Failure(String),
}

/// Asks for everything from a byte on and sends on what comes.
fn transfer(address: &str, from: u64, events: &SyncSender<DownloadEvent>) -> Result<(), ureq::Error> {
    // Proxies are those of the environment, certificates those of the system.
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let agent: Agent = Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        .timeout_connect(Some(PATIENCE))
        .timeout_recv_response(Some(PATIENCE))
        .timeout_per_read(Some(PATIENCE))
        .user_agent(concat!("open-loihi/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    let mut request = agent.get(address);
    if from > 0 {
        request = request.header("Range", format!("bytes={from}-"));
    }
    let response = request.call()?;
    let head = DownloadEvent::Head {
        status: response.status().as_u16(),
        from: header(&response, "content-range").and_then(range_start),
        length: header(&response, "content-length").and_then(|text| text.trim().parse().ok()),
    };
    if events.send(head).is_err() {
        return Ok(());
    }
    let mut body = response.into_body().into_reader();
    loop {
        let mut bytes = vec![0; CHUNK];
        let count = body.read(&mut bytes)?;
        bytes.truncate(count);
        if count == 0 || events.send(DownloadEvent::Bytes(bytes)).is_err() {
            return Ok(());
        }
    }
}

fn header<'a, B>(response: &'a http::Response<B>, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

/// The first byte of `bytes 1000-1999/2000`.
fn range_start(text: &str) -> Option<u64> {
    let (start, _) = text.trim().strip_prefix("bytes ")?.split_once('-')?;
    start.parse().ok()
}

/// The partial file, locked.
struct PartFile {
    file: File,
    path: PathBuf,
    bytes: u64,
}

impl PartFile {
    fn open(path: &Path) -> Result<Self, DownloadError> {
        let fails = |error| DownloadError::File { path: path.to_owned(), error };
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(fails)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(DownloadError::Busy(path.to_owned())),
            // Some network file systems have no locks; then two processes are the user's affair.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let mut part = Self { file, path: path.to_owned(), bytes: 0 };
        part.bytes = part.file.seek(SeekFrom::End(0)).map_err(fails)?;
        Ok(part)
    }

    fn error(&self, error: io::Error) -> DownloadError {
        DownloadError::File { path: self.path.clone(), error }
    }

    /// Throws away what is there.
    fn empty(&mut self) -> Result<(), DownloadError> {
        let emptied = self.file.set_len(0).and_then(|()| self.file.rewind());
        self.bytes = 0;
        emptied.map_err(|error| self.error(error))
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), DownloadError> {
        self.file.write_all(bytes).map_err(|error| self.error(error))?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Writes what comes until the end; returns whether what was there before is part of it.
    fn receive(
        &mut self,
        address: &str,
        events: &Receiver<DownloadEvent>,
        observer: &mut dyn DownloadObserver,
    ) -> Result<bool, DownloadError> {
        let (mut total, mut resumed, mut answered) = (None, false, false);
        loop {
            if observer.stops() {
                return Err(DownloadError::Stopped { part: self.path.clone(), kept: self.bytes });
            }
            match events.recv_timeout(BEAT) {
                Ok(DownloadEvent::Head { status, from, length }) => {
                    answered = true;
                    resumed = self.start(address, status, from)?;
                    total = length.map(|length| self.bytes.saturating_add(length));
                    // Status 416: there is no rest, so what is there is all.
                    if status == 416 {
                        return Ok(true);
                    }
                }
                Ok(DownloadEvent::Bytes(bytes)) => {
                    if self.bytes + bytes.len() as u64 > BYTES_MAX {
                        self.empty()?;
                        return Err(DownloadError::TooLarge { address: address.to_owned() });
                    }
                    self.append(&bytes)?;
                    observer.progress(self.bytes, total);
                }
                Ok(DownloadEvent::End) => return Ok(resumed),
                Ok(DownloadEvent::Failure(why)) if answered => return Err(self.cut(address, why)),
                Ok(DownloadEvent::Failure(why)) => {
                    return Err(DownloadError::Unreachable { address: address.to_owned(), why });
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(self.cut(address, "it broke off".to_owned())),
            }
        }
    }

    fn cut(&self, address: &str, why: String) -> DownloadError {
        DownloadError::Cut { address: address.to_owned(), kept: self.bytes, why }
    }

    /// What the status of the answer means; whether it continues what is there.
    fn start(&mut self, address: &str, status: u16, from: Option<u64>) -> Result<bool, DownloadError> {
        match status {
            200 => self.empty().map(|()| false),
            206 if from == Some(self.bytes) => Ok(self.bytes > 0),
            206 => {
                self.empty()?;
                Err(DownloadError::Range { address: address.to_owned() })
            }
            416 if self.bytes > 0 => Ok(true),
            _ => Err(DownloadError::Status { address: address.to_owned(), status }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_begin_of_a_range_is_read() {
        assert_eq!(range_start("bytes 1000-1999/2000"), Some(1000));
        for text in ["", "bytes */2000", "bytes -1-2/3", "lines 1-2/3", "bytes 99999999999999999999-1/2"] {
            assert_eq!(range_start(text), None, "{text}");
        }
    }

    #[test]
    fn two_downloads_to_one_file_are_refused() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("a.part");
        let _first = PartFile::open(&path).unwrap();
        assert!(matches!(PartFile::open(&path), Err(DownloadError::Busy(_))));
    }
}
