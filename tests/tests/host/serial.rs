//! Boards at serial ports, here pseudo-terminals: bytes that are lost, ports that come and go, boards that forget.

use crate::common::pty::PtyBoard;
use crate::common::{experiment, open, open_host};
use crate::lossy_link::Older;
use host_harness::boards;
use host_harness::device::framed::Framed;
use host_harness::device::inproc::InProcessLine;
use host_harness::device::lossy::{Faults, Lossy};
use host_harness::device::serial::Serial;
use host_harness::device::session::{RetryPolicy, Session, SessionError};
use host_harness::device::{DeviceFault, Line};
use host_harness::experiment::{NoObserver, RunOptions};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

const ARENA_BYTES: usize = 1 << 20;
/// Between two looks at a port.
const PAUSE: Duration = Duration::from_millis(20);

fn port(folder: &TempDir) -> PathBuf {
    folder.path().join("ttyBOARD")
}

fn session(board: &str) -> Session {
    open(Box::new(Framed::new(Serial::open(board, 115_200).unwrap())))
}

/// A board without faults at a port, and a session with it.
fn plugged(path: &Path) -> (PtyBoard<InProcessLine>, Session) {
    let board = PtyBoard::plug(path, InProcessLine::new(ARENA_BYTES));
    let session = session(board.path());
    (board, session)
}

fn digest(session: &mut Session) -> u64 {
    let options = RunOptions { epochs: Some(1), samples: Some(30), ..RunOptions::default() };
    experiment("digits-pes").run(session, &options, &mut NoObserver).unwrap().digest.total()
}

#[test]
fn a_line_that_loses_bytes_ends_in_the_same_digest() {
    let folder = TempDir::new().unwrap();
    let faults = Faults { bytes_per_million: 300, flip: 4, double: 4, ..Faults::default() };
    let board = PtyBoard::plug(&port(&folder), Lossy::new(InProcessLine::new(ARENA_BYTES), faults, 5));
    let mut session = session(board.path());
    assert_eq!(digest(&mut session), digest(&mut open_host()));
    assert!(session.repetitions() > 0, "no fault mattered");
    assert!(board.unplug().faults_total > 0);
}

/// The run waits, and its board has forgotten nothing.
#[test]
fn a_port_that_comes_back_ends_in_the_same_digest() {
    let folder = TempDir::new().unwrap();
    let path = port(&folder);
    let (mut board, mut session) = plugged(&path);
    let run = thread::spawn(move || digest(&mut session));
    for _ in 0..3 {
        thread::sleep(Duration::from_millis(60));
        let device = board.unplug();
        thread::sleep(Duration::from_millis(120));
        board = PtyBoard::plug(&path, device);
    }
    assert_eq!(run.join().unwrap(), digest(&mut open_host()));
}

#[test]
fn a_board_that_was_reset_says_what_is_lost() {
    let folder = TempDir::new().unwrap();
    let path = port(&folder);
    let (board, mut session) = plugged(&path);
    session.digest().unwrap_err();
    drop(board.unplug());
    let _anew = PtyBoard::plug(&path, InProcessLine::new(ARENA_BYTES));
    let error = session.ops().unwrap_err();
    assert!(matches!(error, SessionError::Restarted { .. }), "{error}");
    assert!(
        error.to_string().contains("the device serial was reset") && error.to_string().contains("--resume"),
        "{error}"
    );
}

/// Half of a run is lost, and nothing of it is left: the next run ends in the bits of any other.
#[test]
fn a_board_that_is_reset_in_a_run_starts_anew() {
    let folder = TempDir::new().unwrap();
    let path = port(&folder);
    let (board, mut opened) = plugged(&path);
    let run = thread::spawn(move || {
        experiment("digits-pes").run(&mut opened, &RunOptions::default(), &mut NoObserver).map(|_| ()).unwrap_err()
    });
    thread::sleep(Duration::from_millis(150));
    drop(board.unplug());
    let anew = PtyBoard::plug(&path, InProcessLine::new(ARENA_BYTES));
    let said = run.join().unwrap().to_string();
    assert!(said.contains("the device serial was reset"), "{said}");
    assert_eq!(digest(&mut session(anew.path())), digest(&mut open_host()));
}

#[test]
fn firmware_of_another_version_is_named_with_what_to_do() {
    let folder = TempDir::new().unwrap();
    let board = PtyBoard::plug(&port(&folder), Older::default());
    let line = Serial::open(board.path(), 115_200).unwrap();
    let error = Session::open(Box::new(Framed::new(line)), RetryPolicy::default(), 1, || false).unwrap_err();
    let said = error.to_string();
    assert!(said.starts_with("the device speaks protocol version 61234"), "{said}");
    assert!(said.ends_with("build firmware and host from the same source (`cargo xtask firmware`)"), "{said}");
}

#[test]
fn firmware_of_another_board_is_named_with_what_to_do() {
    let folder = TempDir::new().unwrap();
    let (_board, session) = plugged(&port(&folder));
    let said = session.expect_board(boards::named("stm32f405").unwrap()).unwrap_err().to_string();
    let found = &session.identity().board;
    assert_eq!(
        said,
        format!(
            "the device serial has the firmware of the board {found}, not of stm32f405: leave --board out, or put that of \
             stm32f405 on it (`cargo xtask firmware --board stm32f405`)"
        )
    );
    assert_eq!(session.counted_unit(), "ticks", "nobody knows what it counts");
}

/// What a board is that answers with nothing that could be an answer: at another baud rate, or after it has given up.
struct Babble {
    answer: &'static [u8],
    asked: bool,
}

impl Line for Babble {
    fn name(&self) -> &'static str {
        "babble"
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), DeviceFault> {
        self.asked |= !bytes.is_empty();
        Ok(())
    }

    fn receive(&mut self, into: &mut Vec<u8>, _wait: Duration) -> Result<(), DeviceFault> {
        if std::mem::take(&mut self.asked) {
            into.extend(self.answer);
        }
        Ok(())
    }
}

#[test]
fn silence_says_what_to_look_at() {
    let folder = TempDir::new().unwrap();
    let cases: [(&[u8], &str); 3] = [
        (b"", "nothing came from"),
        (&[0x1f, 0xe0, 0x7f], "see that 9600 is the board's baud rate"),
        (b"\0memory: this firmware needs more\r\n\0", "times: the board says: memory: this firmware needs more"),
    ];
    for (answer, expected) in cases {
        let board = PtyBoard::plug(&port(&folder), Babble { answer, asked: false });
        let line = Serial::open(board.path(), 9600).unwrap();
        let error = Session::open(Box::new(Framed::new(line)), RetryPolicy { attempts: 2 }, 1, || false).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(error.to_string().contains(" s, although it was asked 2 times"), "{error}");
    }
}

/// A board that loses its power, after which its line is as `babbles` says.
struct Mortal {
    board: InProcessLine,
    is_dead: Arc<AtomicBool>,
    babbles: bool,
    asked: bool,
}

impl Line for Mortal {
    fn name(&self) -> &'static str {
        "mortal"
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), DeviceFault> {
        if self.is_dead.load(Ordering::Relaxed) {
            self.asked |= self.babbles && !bytes.is_empty();
            return Ok(());
        }
        self.board.send(bytes)
    }

    fn receive(&mut self, into: &mut Vec<u8>, wait: Duration) -> Result<(), DeviceFault> {
        if std::mem::take(&mut self.asked) {
            into.extend([0x1f, 0xe0, 0x7f]);
        }
        self.board.receive(into, wait)
    }
}

#[test]
fn a_board_that_has_answered_has_the_right_baud_rate() {
    let folder = TempDir::new().unwrap();
    for (babbles, expected) in [(false, "nothing more came from"), (true, "power and cable")] {
        let is_dead = Arc::new(AtomicBool::new(false));
        let board = InProcessLine::new(ARENA_BYTES);
        let mortal = Mortal { board, is_dead: Arc::clone(&is_dead), babbles, asked: false };
        let board = PtyBoard::plug(&port(&folder), mortal);
        let line = Framed::new(Serial::open(board.path(), 115_200).unwrap());
        let mut session = Session::open(Box::new(line), RetryPolicy { attempts: 2 }, 1, || false).unwrap();
        is_dead.store(true, Ordering::Relaxed);
        let error = session.ops().unwrap_err().to_string();
        assert!(error.contains(expected) && !error.contains("baud"), "{error}");
    }
}

/// The port is back, but another program was faster.
#[test]
fn a_port_that_cannot_be_opened_again_says_why() {
    let folder = TempDir::new().unwrap();
    let path = port(&folder);
    let board = PtyBoard::plug(&path, InProcessLine::new(ARENA_BYTES));
    let mut line = Serial::open(board.path(), 115_200).unwrap().with_patience(Duration::from_millis(300));
    let gone = |line: &mut Serial| (0..100).find_map(|_| line.receive(&mut Vec::new(), PAUSE).err()).unwrap();
    drop(board.unplug());
    fs::remove_file(&path).unwrap();
    let said = gone(&mut line).to_string();
    let name = path.display();
    let after = ", then continue with `loihi run --resume DIR`";
    let expected =
        format!("the serial port {name} disappeared and did not come back within 0 s: plug the board in{after}");
    assert_eq!(said, expected);

    let board = PtyBoard::plug(&path, InProcessLine::new(ARENA_BYTES));
    let _other = Serial::open(board.path(), 115_200).unwrap();
    let said = gone(&mut line).to_string();
    let why = format!("{name} is in use by another program: close that{after}");
    assert_eq!(said, format!("the serial port {name} could not be opened again within 0 s: {why}"));
}

#[test]
fn a_port_in_use_is_refused() {
    let folder = TempDir::new().unwrap();
    let board = PtyBoard::plug(&port(&folder), InProcessLine::new(ARENA_BYTES));
    let _first = Serial::open(board.path(), 115_200).unwrap();
    let said = Serial::open(board.path(), 115_200).unwrap_err().to_string();
    assert_eq!(said, format!("{} is in use by another program: close that", board.path()));
}
