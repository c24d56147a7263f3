//! Programs of the shell as plants, good and bad.

use super::super::Checked;
use super::*;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Answers each line with what it counts: episodes by tens, steps by ones.
const GOOD: &str = r#"
read greeting
n=0
while read line; do
    case "$line" in
        *reset*) n=$((n / 10 * 10 + 10)) ;;
        *) n=$((n + 1)) ;;
    esac
    echo "{\"sensed\": [$n], \"error\": [0.5], \"cost\": -1}"
done
"#;

/// Answers once.
const GOOD_ONCE: &str = "read a; read b; echo '{\"sensed\": [1], \"error\": [0]}'; read c; exit 1";

fn plant(script: &str, timeout: &str) -> Process {
    let mut table = toml::Table::new();
    table.insert("command".to_owned(), vec!["sh", "-c", script].into());
    table.insert("timeout".to_owned(), timeout.into());
    table.insert("sensed".to_owned(), 1.into());
    table.insert("actions".to_owned(), 1.into());
    Process::deserialize(table).unwrap()
}

/// What is said of a program in its first reset or in the step after it.
fn refused(script: &str, timeout: &str) -> String {
    let mut plant = plant(script, timeout);
    let mut plant = Checked::new(&mut plant);
    let error = plant.reset(3).and_then(|_| plant.step(&[0.25])).unwrap_err().to_string();
    assert!(!error.contains('\n') && !error.contains(". "), "{error}");
    error
}

#[test]
fn a_program_answers_line_by_line() {
    let mut plant = plant(GOOD, "5 s");
    let mut plant = Checked::new(&mut plant);
    assert_eq!(plant.ports(), Ports { sensed: 1, actions: 1, errors: 1 });
    let first = plant.reset(3).unwrap();
    assert_eq!(first, Observation { sensed: vec![10.0], error: vec![0.5], cost: Some(-1.0), ..Observation::default() });
    let sensed: Vec<f64> = (0..3).map(|_| plant.step(&[0.25]).unwrap().sensed[0]).collect();
    assert_eq!(sensed, [11.0, 12.0, 13.0]);
    assert_eq!(plant.reset(4).unwrap().sensed, [20.0], "the same program");
}

#[test]
fn what_a_program_is_told_is_as_documented() {
    let folder = tempfile::tempdir().unwrap();
    let heard = folder.path().join("heard");
    let mut plant = plant(&format!("tee {} | {{ {GOOD} }}", heard.display()), "5 s");
    plant.reset(7).unwrap();
    plant.step(&[-0.125]).unwrap();
    drop(plant);
    let heard = fs::read_to_string(heard).unwrap();
    assert_eq!(heard, "{\"plant\":1,\"sensed\":1,\"actions\":1,\"errors\":1}\n{\"reset\":7}\n{\"action\":[-0.125]}\n");
}

#[test]
fn a_program_that_ends_is_told_with_its_status_and_last_line() {
    let said = refused("read a; echo one >&2; echo 'no motor' >&2; exit 3", "5 s");
    assert!(said.contains("ended with exit status 3 (no motor)"), "{said}");
    let said = refused("read a; read b; echo '{\"sensed\": [0], \"error\": [0]}'; kill -9 $$", "5 s");
    assert!(said.contains("ended with signal 9:"), "{said}");
    let said = refused("exec >&-; sleep 20", "5 s");
    assert!(said.contains("closed its output"), "{said}");
}

#[test]
fn a_program_that_is_not_there_is_told() {
    let mut absent: Process =
        toml::from_str("command = [\"/nowhere/plant\", \"-v\"]\nsensed = 1\nactions = 1\n").unwrap();
    let said = absent.reset(0).unwrap_err().to_string();
    assert_eq!(
        said,
        "the plant's program `/nowhere/plant -v` cannot be started: program not found: install it, or give its path"
    );
}

#[test]
fn a_program_that_hangs_is_waited_for_no_longer_than_its_time() {
    let start = Instant::now();
    let said = refused("echo loading >&2; sleep 30", "300 ms");
    assert!(said.contains("did not answer within 300ms (loading)") && said.contains("`timeout`"), "{said}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

/// The pipe to it is full before any answer is missing.
#[test]
fn a_program_that_answers_without_reading_is_found_out() {
    let start = Instant::now();
    let mut plant = plant("while echo '{\"sensed\": [0], \"error\": [0]}'; do :; done", "300 ms");
    let mut result = plant.reset(0);
    while result.is_ok() {
        result = plant.step(&[0.25]);
    }
    let said = result.unwrap_err().to_string();
    assert!(said.contains("nothing was asked"), "{said}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn nonsense_is_shown() {
    for (answer, parts) in [
        ("hello world", ["answered \"hello world\"", "expected value"]),
        ("{\\\"sensed\\\": [1], \\\"eror\\\": [0]}", ["eror", "unknown field"]),
        ("{\\\"sensed\\\": [1, 2], \\\"error\\\": [0]}", ["`sensed` has 2 values", "instead of 1"]),
        ("{\\\"sensed\\\": [1]}", ["`error` has 0 values", "instead of 1"]),
        ("{\\\"sensed\\\": [NaN], \\\"error\\\": [0]}", ["`sensed[0]` is not finite", "NaN"]),
        ("{\\\"sensed\\\": [0], \\\"error\\\": [-Infinity]}", ["`error[0]` is not finite", "-inf"]),
        ("{\\\"sensed\\\": [0], \\\"error\\\": [0], \\\"cost\\\": NaN}", ["`cost` is not finite", "NaN"]),
    ] {
        let said = refused(&format!("read greeting; while read line; do echo \"{answer}\"; done"), "5 s");
        assert!(parts.iter().all(|part| said.contains(part)), "{said}");
    }
}

#[test]
fn a_line_without_end_is_refused_without_being_held() {
    let said = refused("read a; read b; while echo -n aaaaaaaaaaaaaaaa; do :; done", "20 s");
    assert!(said.contains("longer than 1048576 bytes") && said.contains("aaa\"…"), "{said}");
}

/// Whether a process is there, as a zombie too.
fn is_there(process: &str) -> bool {
    Command::new("sh").args(["-c", &format!("kill -0 {process} 2>/dev/null")]).status().unwrap().success()
}

fn process_of(file: &Path) -> String {
    fs::read_to_string(file).unwrap().trim().to_owned()
}

#[test]
fn no_program_outlives_its_plant() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("process");
    let note = format!("echo $$ > {}", file.display());
    // One that ends with its input, and one that does not.
    for script in [format!("{note}; {GOOD}"), format!("{note}; {GOOD}; trap '' TERM INT; sleep 60")] {
        let mut plant = plant(&script, "5 s");
        plant.reset(0).unwrap();
        let process = process_of(&file);
        assert!(is_there(&process));
        let start = Instant::now();
        drop(plant);
        assert!(!is_there(&process), "{process} is still there");
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }
}

#[test]
fn a_wait_ends_when_the_user_wants_to_stop() {
    static STOP: AtomicBool = AtomicBool::new(false);
    let mut plant = plant("sleep 60", "30 s");
    plant.set_stop(|| STOP.load(Ordering::Relaxed));
    let start = Instant::now();
    std::thread::spawn(|| {
        std::thread::sleep(Duration::from_millis(100));
        STOP.store(true, Ordering::Relaxed);
    });
    assert!(matches!(plant.reset(0), Err(PlantError::Stopped)));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn a_program_that_failed_is_started_anew() {
    let mut plant = plant(GOOD_ONCE, "5 s");
    plant.reset(0).unwrap();
    assert!(plant.step(&[0.0]).is_err());
    let said = plant.step(&[0.0]).unwrap_err().to_string();
    assert!(said.contains("before a reset"), "{said}");
    assert_eq!(plant.reset(0).unwrap().sensed, [1.0]);
}

#[test]
fn parameters_are_held_to_their_ranges() {
    let good = "command = [\"a\"]\nsensed = 1\nactions = 1\ntimeout = \"1 s\"\n";
    assert!(toml::from_str::<Process>(good).is_ok());
    for (was, is, why) in [
        ("[\"a\"]", "[]", "names no program"),
        ("sensed = 1", "sensed = 0", "0 values are out of their range, 1 to 1024"),
        ("actions = 1", "actions = 100000", "1 to 1024"),
        ("\"1 s\"", "\"1\"", "no unit"),
        ("\"1 s\"", "\"1e9 s\"", "not a unit"),
        ("\"1 s\"", "\"90000 s\"", "longer than a day"),
        ("sensed = 1", "sensed = 1\nerrors = 3", "3 errors for 1 actions"),
    ] {
        let said = PLANT.open(toml::from_str(&good.replace(was, is)).unwrap()).unwrap_err().to_string();
        assert!(said.contains(why), "{said}");
    }
}
