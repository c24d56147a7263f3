//! A board behind a pseudo-terminal, which can be unplugged.

use host_harness::device::Line;
use serial2::SerialPort;
use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Stays in place while the port comes and goes, as a name of udev does.
#[derive(Debug)]
pub(crate) struct PtyBoard<L> {
    path: PathBuf,
    unplugged: Arc<AtomicBool>,
    wire: Option<JoinHandle<L>>,
}

impl<L: Line + 'static> PtyBoard<L> {
    /// Plugs a board in at this path.
    pub(crate) fn plug(path: &Path, mut board: L) -> Self {
        let (outer, inner) = SerialPort::pair().unwrap();
        let terminal = fs::read_link(format!("/proc/self/fd/{}", inner.as_raw_fd())).unwrap();
        let _absent = fs::remove_file(path);
        symlink(terminal, path).unwrap();
        let unplugged = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&unplugged);
        let wire = thread::spawn(move || {
            let (mut outer, _open) = (outer, inner);
            outer.set_read_timeout(Duration::from_millis(2)).unwrap();
            let (mut buffer, mut answer) = ([0; 4096], Vec::new());
            while !ends.load(Ordering::Relaxed) {
                if let Ok(count) = outer.read(&mut buffer) {
                    board.send(&buffer[..count]).unwrap();
                }
                board.receive(&mut answer, Duration::ZERO).unwrap();
                let _unread = outer.write_all(&answer);
                answer.clear();
            }
            board
        });
        Self { path: path.to_owned(), unplugged, wire: Some(wire) }
    }

    pub(crate) fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }

    /// Pulls the plug; the board keeps its power.
    pub(crate) fn unplug(mut self) -> L {
        self.unplugged.store(true, Ordering::Relaxed);
        self.wire.take().unwrap().join().unwrap()
    }
}

impl<L> Drop for PtyBoard<L> {
    fn drop(&mut self) {
        self.unplugged.store(true, Ordering::Relaxed);
    }
}
