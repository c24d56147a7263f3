//! A board without a host: it learns digits from lines of text, and goes on after a reset at any instant, in the bits of the
//! host that was left alone.

use crate::common::{Digit, digits, experiment, image, open_host};
use host_harness::boards::{self, Board};
use host_harness::device::session::Session;
use host_harness::experiment::{NoObserver, RunOptions, image_of};
use host_harness::image::ImageFile;
use loihi_core::chip::ResetScope;
use loihi_core::num::word;
use loihi_core::wire::message::Record;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// No answer takes this long, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// Samples after which the board keeps what it has learned.
const KEEP_EVERY: usize = 10;
/// Least and most resets, and samples that are learned meanwhile and after.
const RESETS: [u32; 2] = [50, 200];
const SAMPLES: usize = 600;

/// The socket of the monitor.
const MONITOR: &str = "monitor";

fn netduino() -> &'static Board {
    boards::named("netduinoplus2").unwrap()
}

/// A board in QEMU with the example's program, and a file in its flash.
struct Machine {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    /// What resets it, from the first time on: a board that cannot learn ends before.
    monitor: Option<BufReader<UnixStream>>,
    folder: TempDir,
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Where the monitor listens, once it does.
fn connected(path: &Path) -> UnixStream {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match UnixStream::connect(path) {
            Ok(stream) => return stream,
            Err(error) => assert!(Instant::now() < deadline, "QEMU has no monitor: {error}"),
        }
        thread::sleep(Duration::from_millis(10));
    }
}

impl Machine {
    fn start(flash: &[u8]) -> Self {
        let board = netduino();
        let folder = tempfile::tempdir().unwrap();
        let [file, monitor]: [PathBuf; 2] = ["net.img", MONITOR].map(|name| folder.path().join(name));
        fs::write(&file, flash).unwrap();
        let qemu = board.qemu.as_ref().unwrap();
        let (origin, file) = (board.network.unwrap().origin, file.display());
        let mut child = Command::new(&qemu.program)
            // A reset is to begin anew, and not to end the emulator.
            .args(qemu.all_arguments().iter().filter(|argument| *argument != "-no-reboot"))
            .args(["-device", &format!("loader,file={file},addr={origin:#x},force-raw=on")])
            .args(["-qmp", &format!("unix:{},server=on,wait=off", monitor.display())])
            .arg("-kernel")
            .arg(image("standalone", board))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in output.split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).replace(['\0', '\r'], "");
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let input = child.stdin.take().unwrap();
        Self { child, input, lines, monitor: None, folder }
    }

    /// Has the monitor do something.
    fn command(&mut self, name: &str) {
        if self.monitor.is_none() {
            self.monitor = Some(BufReader::new(connected(&self.folder.path().join(MONITOR))));
            self.command("qmp_capabilities");
        }
        let monitor = self.monitor.as_mut().unwrap();
        writeln!(monitor.get_mut(), r#"{{"execute": "{name}"}}"#).unwrap();
        let mut line = String::new();
        while !line.contains("\"return\"") {
            line.clear();
            assert!(monitor.read_line(&mut line).unwrap() > 0, "QEMU has ended");
        }
    }

    fn send(&mut self, line: &str) {
        self.input.write_all(format!("{line}\n").as_bytes()).unwrap();
        self.input.flush().unwrap();
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("the board answers")
    }

    /// Samples, right answers and the digest that it tells after a start.
    fn ready(&self) -> State {
        loop {
            if let Some((_, figures)) = self.line().split_once("ready: ") {
                return State::read(figures);
            }
        }
    }

    fn state(&mut self) -> State {
        self.send("state");
        State::read(&self.line())
    }

    /// Resets it; what it tells after the start.
    fn reset(&mut self) -> State {
        self.command("system_reset");
        let found = self.ready();
        // The rest of a line that it had not taken comes after the reset: a part is an error, and a whole sample is learned.
        self.send("state");
        loop {
            let line = self.line();
            if !line.contains(" samples, ") {
                continue;
            }
            if State::read(&line) == found {
                return found;
            }
            self.command("system_reset");
            assert_eq!(self.ready(), found, "a sample alone is not kept");
            self.send("state");
        }
    }

    fn learn(&mut self, digit: &Digit) -> String {
        self.send(&line_of(&digit.label.to_string(), digit));
        self.line()
    }
}

/// A sample as a line.
fn line_of(class: &str, digit: &Digit) -> String {
    let values: Vec<String> = digit.values.iter().map(u8::to_string).collect();
    format!("{class} {}", values.join(" "))
}

/// What was learned, in figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    samples: usize,
    right: usize,
    digest: u64,
}

impl State {
    fn read(figures: &str) -> Self {
        let words: Vec<&str> = figures.split([' ', ',']).filter(|word| !word.is_empty()).collect();
        let [samples, "samples", right, "right", "digest", digest] = words[..] else { panic!("{figures}") };
        let digest = u64::from_str_radix(digest, 16).unwrap();
        Self { samples: samples.parse().unwrap(), right: right.parse().unwrap(), digest }
    }
}

/// The host's run of the same samples: what it answers, and its state after each.
struct Host {
    answers: Vec<usize>,
    states: Vec<State>,
    /// Answers to samples of the test set after all others.
    tested: Vec<usize>,
}

fn digits_image() -> ImageFile {
    image_of(&experiment("digits-pes").learner().unwrap(), &RunOptions::default(), || false).unwrap()
}

impl Host {
    fn run(training: &[Digit], test: &[Digit]) -> Self {
        let mut session = open_host();
        session.load(&digits_image()).unwrap();
        let mut host = Self { answers: Vec::new(), states: Vec::new(), tested: Vec::new() };
        let mut right = 0;
        for (samples, digit) in training.iter().map(Some).chain([None]).enumerate() {
            session.reset(ResetScope::State).unwrap();
            let digest = session.digest().unwrap().total();
            host.states.push(State { samples, right, digest });
            let Some(digit) = digit else { break };
            let answer = show(&mut session, digit, true);
            right += usize::from(answer == usize::from(digit.label));
            host.answers.push(answer);
        }
        host.tested = test.iter().map(|digit| show(&mut session, digit, false)).collect();
        host
    }
}

/// The answer to a sample, which is learned or not, as the experiment shows it.
fn show(session: &mut Session, digit: &Digit, learn: bool) -> usize {
    let stimulus: Vec<u8> = digit.values.iter().flat_map(|value| i16::from(*value).to_le_bytes()).collect();
    let one_of = |class: u8| if class == digit.label { 4096_i16 } else { 0 };
    let target: Vec<u8> = (0..10).flat_map(|class| one_of(class).to_le_bytes()).collect();
    let predict = Record { reset: true, steps: 16, stimulus: &stimulus, target: &target, ..Record::PLAIN };
    let lesson = Record { learn: true, steps: 8, ..Record::PLAIN };
    let mut outputs = Vec::new();
    let records = [Some(predict), Some(lesson).filter(|_| learn)];
    session.stream(records.into_iter().flatten(), |words| outputs.push(words.to_vec())).unwrap();
    let most = outputs[0].iter().max().unwrap();
    outputs[0].iter().position(|output| output == most).unwrap()
}

#[test]
fn it_learns_digits_as_the_host_does() {
    let digits = digits();
    let (training, test) = (&*digits.training, &*digits.test);
    let host = Host::run(training, test);
    let mut board = Machine::start(&digits_image().sealed());
    assert_eq!(board.ready(), host.states[0]);
    for (at, digit) in training.iter().enumerate() {
        let State { samples, right, .. } = host.states[at + 1];
        let answer = host.answers[at];
        let word = if answer == usize::from(digit.label) { "right" } else { "wrong" };
        assert_eq!(board.learn(digit), format!("{answer} {word}, {right} of {samples}"));
    }
    assert_eq!(board.state(), host.states[training.len()]);
    let mut right = 0;
    for (digit, answer) in test.iter().zip(&host.tested) {
        board.send(&line_of("?", digit));
        assert_eq!(board.line(), answer.to_string());
        right += usize::from(*answer == usize::from(digit.label));
    }
    // The experiment itself, an epoch of it, counts as many.
    let options = RunOptions { epochs: Some(1), ..RunOptions::default() };
    let outcome = experiment("digits-pes").run(&mut open_host(), &options, &mut NoObserver).unwrap();
    let share =
        |part: usize, all: usize| f64::from(u32::try_from(part).unwrap()) / f64::from(u32::try_from(all).unwrap());
    let online = share(host.states[training.len()].right, training.len());
    let tested = share(right, test.len());
    for (metric, found) in [("accuracy_online", online), ("accuracy_test", tested)] {
        let expected = outcome.metrics.get(metric).unwrap();
        assert!((expected - found).abs() < 1e-9, "{metric} is {found}, and {expected} in the experiment");
    }
    assert!(tested > 0.9, "{tested}");
}

#[test]
fn after_a_reset_at_any_instant_it_has_the_old_state_or_the_new_one() {
    let digits = digits();
    let training = &digits.training[..SAMPLES];
    let host = Host::run(training, &[]);
    let mut board = Machine::start(&digits_image().sealed());
    assert_eq!(board.ready(), host.states[0]);
    let start = Instant::now();
    for digit in &training[..KEEP_EVERY] {
        board.learn(digit);
    }
    // Half as much again as a sample takes on this machine now.
    let most_us = usize::try_from(start.elapsed().as_micros()).unwrap() * 3 / 2 / KEEP_EVERY + 1;
    let mut learned = KEEP_EVERY;
    let (mut old, mut new) = (0, 0);
    let mut resets = 0;
    // Until a store was hit before and after it was complete.
    for reset in 0..RESETS[1] {
        if (reset >= RESETS[0] && old > 0 && new > 0) || learned + KEEP_EVERY >= SAMPLES {
            break;
        }
        resets += 1;
        let draw = |what, below: usize| word(11, reset, what, 0) as usize % below;
        // Half of them while what was learned is kept.
        let before = if reset % 2 == 0 { KEEP_EVERY - 1 - learned % KEEP_EVERY } else { draw(1, KEEP_EVERY) };
        for _ in 0..before {
            let State { samples, right, .. } = host.states[learned + 1];
            let said = board.learn(&training[learned]);
            assert!(said.ends_with(&format!(", {right} of {samples}")), "{said}");
            learned += 1;
        }
        board.send(&line_of(&training[learned].label.to_string(), &training[learned]));
        thread::sleep(Duration::from_micros(draw(2, most_us) as u64));
        let found = board.reset();
        let kept = [learned, learned + 1].map(|samples| samples - samples % KEEP_EVERY);
        assert!(kept.contains(&found.samples), "{} samples after {learned}", found.samples);
        assert_eq!(found, host.states[found.samples], "reset {reset}");
        if kept[0] != kept[1] {
            *(if found.samples == kept[0] { &mut old } else { &mut new }) += 1;
        }
        learned = found.samples;
    }
    assert!(resets >= RESETS[0], "{resets} resets");
    assert!(old > 0 && new > 0, "while a state was kept, {old} resets left the old one and {new} the new one");
    while learned < SAMPLES {
        board.learn(&training[learned]);
        learned += 1;
    }
    assert_eq!(board.state(), host.states[SAMPLES]);
    board.send("keep");
    assert_eq!(State::read(&board.line()), host.states[SAMPLES]);
    assert_eq!(board.reset(), host.states[SAMPLES]);
}

#[test]
fn unusable_flash_is_explained() {
    let whole = digits_image().sealed();
    let mut damaged = whole.clone();
    damaged[1000] ^= 1;
    let mut other_version = whole.clone();
    other_version[4] += 1;
    let image = |name| image_of(&experiment(name).learner().unwrap(), &RunOptions::default(), || false).unwrap();
    for (flash, said) in [
        (vec![0xFF; 64], "there is no network in flash"),
        (whole[4..].to_vec(), "what lies in flash is not a network"),
        (whole[..whole.len() - 9].to_vec(), "the network in flash is cut or damaged"),
        (damaged, "the network in flash is cut or damaged"),
        (other_version, "the network in flash has another layout version than this firmware"),
        (image("stdp-pair").sealed(), "the network takes no values"),
        (image("digits-decolle-2").sealed(), "the state of the network takes"),
    ] {
        let board = Machine::start(&flash);
        let line = board.line();
        assert!(line.starts_with("error: ") && line.contains(said), "{said}: {line}");
    }
}

#[test]
fn a_line_that_is_wrong_is_said_and_changes_nothing() {
    let mut board = Machine::start(&digits_image().sealed());
    let begin = board.ready();
    for (line, said) in [
        ("7 1 2 3", "error: the line has 3 values: give 64"),
        ("12 1", "error: the network has no such class: give one of 0 to 9"),
        ("x", "error: word 1 is not a number"),
    ] {
        board.send(line);
        let answer = board.line();
        assert!(answer.starts_with(said), "{answer}");
    }
    assert_eq!(board.state(), begin);
}
