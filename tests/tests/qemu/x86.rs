//! The firmware of the bare PC on PCs of several kinds: from a loader and from a CD, with more and with less memory, on a
//! processor that does not count.

use crate::common::pc::{Medium, Pc};
use crate::common::{experiment, firmware, open, open_host, root};
use crate::devices_agree::shortened;
use host_harness::device::framed::Framed;
use host_harness::device::serial::Serial;
use host_harness::device::session::Session;
use host_harness::experiment::{NoObserver, Outcome, RunOptions, Task as _};
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// No boot takes this long, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// The image of a CD that `cargo xtask test` and `cargo xtask iso` make; `None`, with a line that says why, where there is
/// no GRUB to make one with.
fn cd() -> Option<PathBuf> {
    let path = root().join("target/firmware/x86-mcu.iso");
    if path.is_file() {
        return Some(path);
    }
    let there = Command::new("grub-mkrescue").arg("--version").output().is_ok();
    assert!(!there, "{} is missing: run `cargo xtask iso`", path.display());
    eprintln!("skipped: GRUB is not installed, and only root can install it: `cargo xtask setup`");
    None
}

fn session(pc: &Pc) -> Session {
    open(Box::new(Framed::new(Serial::open(&pc.terminal, 115_200).unwrap())))
}

/// Runs the experiment on a machine; both it and the host end in the same bits.
fn ends_in_the_bits_of_the_host(medium: Medium<'_>, machine: &str, processor: &str) -> Outcome {
    let task = shortened(experiment("pes-channel"), "1500");
    let run = |session: &mut Session| task.run(session, &RunOptions::default(), &mut NoObserver).unwrap();
    let pc = Pc::boot(medium, machine, processor, 16);
    let (host, there) = (run(&mut open_host()), run(&mut session(&pc)));
    assert_eq!(host.digest, there.digest, "{machine}, {processor}");
    there
}

#[test]
fn every_pc_ends_in_the_bits_of_the_host() {
    let firmware = firmware();
    for machine in ["isapc", "pc", "q35"] {
        let outcome = ends_in_the_bits_of_the_host(Medium::Kernel(&firmware), machine, "pentium");
        assert!(outcome.instructions.is_some(), "{machine}");
    }
}

#[test]
fn a_486_counts_nothing_and_ends_in_the_bits_of_the_host() {
    let firmware = firmware();
    for machine in ["isapc", "pc"] {
        let outcome = ends_in_the_bits_of_the_host(Medium::Kernel(&firmware), machine, "486");
        assert_eq!(outcome.instructions, None, "{machine}");
    }
}

#[test]
fn a_pc_that_starts_from_a_cd_ends_in_the_bits_of_the_host() {
    let Some(cd) = cd() else { return };
    for (machine, processor) in [("pc", "pentium"), ("q35", "pentium"), ("pc", "486")] {
        ends_in_the_bits_of_the_host(Medium::Cd(&cd), machine, processor);
    }
}

#[test]
fn more_memory_is_a_larger_arena() {
    let firmware = firmware();
    let arena = |machine, memory_mib| {
        let pc = Pc::boot(Medium::Kernel(&firmware), machine, "pentium", memory_mib);
        session(&pc).identity().arena_bytes >> 20
    };
    for machine in ["isapc", "pc"] {
        assert_eq!([16, 64].map(|memory_mib| arena(machine, memory_mib)), [14, 62], "MiB on {machine}");
    }
}

/// What a machine with `memory_mib` MiB sends, and what its text screen shows, once `said` has been sent.
fn sent_and_shown(medium: Medium<'_>, machine: &str, memory_mib: u32, said: &str) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let [serial, screen] = ["serial", "screen"].map(|name| folder.path().join(name));
    let display = if machine == "isapc" { "isa-vga" } else { "VGA" };
    let mut child = Command::new("qemu-system-i386")
        .args(["-M", machine, "-cpu", "pentium", "-m", &memory_mib.to_string(), "-display", "none"])
        .args(["-monitor", "stdio", "-no-reboot", "-nodefaults", "-device", display, "-serial"])
        .arg(format!("file:{}", serial.display()))
        .args(medium.arguments())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("QEMU starts; `cargo xtask setup` installs it");
    let start = Instant::now();
    let sent = loop {
        let sent = fs::read(&serial).map_or_else(|_| String::new(), |sent| String::from_utf8_lossy(&sent).into_owned());
        if sent.contains(said) || start.elapsed() > PATIENCE {
            break sent;
        }
        thread::sleep(Duration::from_millis(50));
    };
    // Two rows of 80 characters, each with its colours behind it.
    let ask = format!("pmemsave 0xb8000 320 \"{}\"\nquit\n", screen.display());
    child.stdin.take().unwrap().write_all(ask.as_bytes()).unwrap();
    child.wait().unwrap();
    let cells = fs::read(&screen).unwrap();
    let shown: String = cells.chunks(2).map(|cell| char::from(cell[0])).collect();
    (sent, shown.trim_end().to_owned())
}

/// Asserts that a machine with too little memory says so on its line and on its screen.
fn too_little_is_said(medium: Medium<'_>, machine: &str, memory_mib: u32) {
    let (sent, shown) = sent_and_shown(medium, machine, memory_mib, "smaller arena\r\n");
    let start = "memory: this firmware needs ";
    assert!(shown.starts_with(start) && shown.ends_with("with a smaller arena"), "{machine}: {shown:?}, sent {sent:?}");
    assert!(sent.contains(&format!("\0{shown}\r\n\0")), "{machine}: {sent:?}");
    // What a BIOS keeps for itself is not there.
    let (_, there) = shown.split_once("the machine has ").unwrap();
    let there = there.split_once(" KiB").unwrap().0.replace(',', "").parse::<u32>().unwrap();
    let all = memory_mib << 10;
    assert!((all - 256..=all).contains(&there), "{machine}: {shown}");
}

#[test]
fn too_little_memory_is_said_on_line_and_screen() {
    let firmware = firmware();
    for machine in ["isapc", "pc", "q35"] {
        for memory_mib in [2, 4, 8] {
            too_little_is_said(Medium::Kernel(&firmware), machine, memory_mib);
        }
    }
    let Some(cd) = cd() else { return };
    // GRUB itself does not start in 2 MiB.
    for memory_mib in [4, 8] {
        too_little_is_said(Medium::Cd(&cd), "pc", memory_mib);
    }
}

#[test]
fn the_screen_says_that_the_firmware_runs() {
    let (_, shown) = sent_and_shown(Medium::Kernel(&firmware()), "pc", 16, "x86-mcu");
    assert!(shown.starts_with("loihi: serves on COM1 at 115,200 baud, with 14,"), "{shown}");
}
