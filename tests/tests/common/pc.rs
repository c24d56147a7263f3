//! A PC in QEMU whose serial port is a pseudo-terminal, as a real one's is at a serial port.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// QEMU, killed when the test is done with it.
pub(crate) struct Pc {
    child: Child,
    /// The pseudo-terminal of its serial port.
    pub(crate) terminal: String,
}

/// What a PC starts from.
#[derive(Clone, Copy)]
pub(crate) enum Medium<'p> {
    /// A firmware, which QEMU itself loads.
    Kernel(&'p Path),
    /// The image of a CD.
    Cd(&'p Path),
}

impl Medium<'_> {
    /// What QEMU is told.
    pub(crate) fn arguments(&self) -> [String; 2] {
        let (option, path) = match self {
            Medium::Kernel(path) => ("-kernel", path),
            Medium::Cd(path) => ("-cdrom", path),
        };
        [option.to_owned(), path.to_str().unwrap().to_owned()]
    }
}

impl Pc {
    /// Starts a machine of QEMU's with a processor and `memory_mib` MiB.
    pub(crate) fn boot(medium: Medium<'_>, machine: &str, processor: &str, memory_mib: u32) -> Self {
        let mut child = Command::new("qemu-system-i386")
            .args(["-M", machine, "-cpu", processor, "-m", &memory_mib.to_string(), "-display", "none"])
            .args(["-serial", "pty", "-monitor", "none", "-no-reboot", "-nodefaults", "-icount", "shift=0"])
            .args(medium.arguments())
            .stdout(Stdio::piped())
            .spawn()
            .expect("QEMU starts; `cargo xtask setup` installs it");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let terminal = line.split(' ').find(|word| word.starts_with("/dev/")).unwrap_or_else(|| panic!("{line}"));
        Self { terminal: terminal.to_owned(), child }
    }
}

impl Drop for Pc {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
