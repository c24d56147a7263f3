//! The live view: it changes no result, ends as its keys say, and says what it needs.

use crate::process::loihi;
use crate::process::{assert_one_sentence, command, wait_for};
use host_harness::device::inproc::InProcess;
use host_harness::device::recorder::Recorder;
use host_harness::device::session::{RetryPolicy, Session};
use host_harness::experiment::{Experiment, NoObserver, Observer, Outcome, RunOptions};
use host_harness::view::live::{Live, LiveObserver, LiveTap};
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn run(name: &str, live: Option<&Arc<Live>>) -> Outcome {
    let mut session = Session::open(Box::new(InProcess::new(1 << 22)), RetryPolicy::default(), 1, || false).unwrap();
    let mut observer: Box<dyn Observer> = Box::new(NoObserver);
    if let Some(live) = live {
        let mut recorder = Recorder::default();
        recorder.tap(Box::new(LiveTap::new(Arc::clone(live))));
        session.set_recorder(Some(recorder));
        observer = Box::new(LiveObserver::new(Arc::clone(live)));
    }
    let experiment = Experiment::named(name).unwrap();
    let options = RunOptions { epochs: Some(1), samples: Some(20), ..RunOptions::default() };
    experiment.run(&mut session, &options, &mut *observer).unwrap()
}

#[test]
fn a_run_that_is_looked_at_computes_the_same_bits() {
    for name in ["digits-pes", "stdp-pair", "digits-continual"] {
        let live = Arc::new(Live::new(name.to_owned(), None, || false));
        let over = AtomicBool::new(false);
        let looked = std::thread::scope(|scope| {
            // The screen, which asks for as many steps again and again.
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    live.drawn(50);
                    std::thread::sleep(Duration::from_millis(1));
                }
            });
            let looked = run(name, Some(&live));
            over.store(true, Ordering::Relaxed);
            looked
        });
        assert_eq!(looked, run(name, None), "{name}");
        let scene = live.scene();
        let (first, end) = scene.raster.steps().unwrap();
        assert!(end - first <= 50 && end <= looked.steps, "{name}: {first} to {end}");
        assert!(!scene.neuron_map.is_empty(), "{name}");
    }
}

#[test]
fn without_a_terminal_or_samples_a_sentence_says_what_is_needed() {
    let output = command(&["view", "digits-pes"]).output().unwrap();
    assert_one_sentence(&output, &["terminal", "`loihi run`"]);
}

/// A command on a terminal of its own, which the system's `script` makes; what it wrote so far, after its number.
fn on_a_terminal(arguments: &str) -> (Child, Arc<Mutex<Vec<u8>>>) {
    let line = format!("echo process $$; stty cols 90 rows 30; exec '{}' {arguments}", loihi().display());
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--flush", "--command", &line, "/dev/null"]);
    command.env("TERM", "xterm-256color").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut output = child.stdout.take().unwrap();
    let written = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&written);
    std::thread::spawn(move || {
        let mut part = [0; 4096];
        while let Ok(count @ 1..) = output.read(&mut part) {
            into.lock().unwrap().extend(&part[..count]);
        }
    });
    (child, written)
}

fn has(written: &Mutex<Vec<u8>>, text: &str) -> bool {
    written.lock().unwrap().windows(text.len()).any(|part| part == text.as_bytes())
}

#[test]
fn a_run_is_shown_to_its_end_and_left_by_a_key() {
    let (mut child, written) = on_a_terminal("view stdp-pair");
    wait_for("the end of the run", || has(&written, "finished"));
    child.stdin.as_mut().unwrap().write_all(b"q").unwrap();
    assert!(child.wait().unwrap().success());
    wait_for("the summary", || has(&written, "digest of all state"));
}

#[test]
fn a_run_can_be_left_in_the_middle() {
    for key in ["q", "\x03"] {
        let (mut child, written) = on_a_terminal("view digits-pes --pace 100");
        wait_for("the run", || has(&written, "running") && has(&written, "hidden"));
        child.stdin.as_mut().unwrap().write_all(key.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success(), "{key:?}");
        wait_for("where it was left", || has(&written, "left at step"));
    }
}

/// What went wrong is still wrong after the key that leaves the screen.
#[test]
fn a_run_that_failed_says_why_and_ends_as_a_failure() {
    let (mut child, written) = on_a_terminal("view mnist-decolle --data /nowhere");
    wait_for("the reason", || has(&written, "stopped"));
    child.stdin.as_mut().unwrap().write_all(b"q").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    wait_for("the sentence", || has(&written, "loihi: the run did not finish: "));
}

/// A closed window or a lost connection leaves no process behind.
#[cfg(target_os = "linux")]
#[test]
fn a_view_ends_with_its_terminal() {
    for arguments in ["view digits-pes --pace 100", "view digits-decolle --epochs 500"] {
        let (mut terminal, written) = on_a_terminal(arguments);
        wait_for("the run", || has(&written, "running") && has(&written, "hidden"));
        let text = String::from_utf8_lossy(&written.lock().unwrap()).into_owned();
        let process = text.strip_prefix("process ").and_then(|text| text.split_whitespace().next()).unwrap();
        // A zombie has no command line any more.
        let goes_on = || std::fs::read(format!("/proc/{process}/cmdline")).is_ok_and(|words| !words.is_empty());
        assert!(goes_on());
        terminal.kill().unwrap();
        terminal.wait().unwrap();
        let start = std::time::Instant::now();
        wait_for("the end of the view", || !goes_on());
        assert!(start.elapsed() < Duration::from_secs(2), "{arguments}: {:?}", start.elapsed());
    }
}
