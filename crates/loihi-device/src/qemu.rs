//! The device on a bare i586 in QEMU: the firmware's UART is QEMU's standard input and output.

use super::framed::Framed;
use super::log::LogReader;
use super::transport::Transport;
use super::{DeviceFault, Line, child};
use loihi_files::whole;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

/// `qemu`.
pub const TRANSPORT: Transport = Transport {
    name: "qemu",
    about: "A bare i586 without FPU in QEMU",
    arguments: "",
    open: |_, options| Ok(Box::new(Framed::new(Qemu::start(&firmware_path(options.firmware.as_deref()))?))),
};

/// The program that emulates the board.
pub const PROGRAM: &str = "qemu-system-i386";
/// Environment variable that names another firmware file.
pub const FIRMWARE_VARIABLE: &str = "LOIHI_FIRMWARE";
/// Where `cargo xtask firmware` puts the firmware, from the workspace's root.
pub const FIRMWARE_PATH: &str = "target/firmware/firmware-x86-mcu.elf";

/// `-icount shift=0` makes one instruction one tick of the time stamp counter, so that instructions are counted exactly.
const ARGUMENTS: [&str; 18] = [
    "-M",
    "isapc",
    "-cpu",
    "pentium",
    "-m",
    "16",
    "-icount",
    "shift=0",
    "-display",
    "none",
    "-serial",
    "stdio",
    "-monitor",
    "none",
    "-no-reboot",
    "-nodefaults",
    "-device",
    "isa-debug-exit,iobase=0xf4,iosize=4",
];

/// Exit status of QEMU after a fault of the processor, as the firmware sets it.
const EXIT_FAULT: i32 = 65;
/// Exit status of QEMU where it has too little memory for the firmware, as the firmware sets it.
const EXIT_MEMORY: i32 = 71;
/// Exit status of QEMU after a panic, as the firmware sets it.
const EXIT_PANIC: i32 = 67;
/// How long the firmware may take to listen; a firmware that is silent is found out by the first request.
const START_WAIT: Duration = Duration::from_secs(5);

/// A running QEMU; it is killed when this is dropped, or when this process ends in any other way.
#[derive(Debug)]
pub struct Qemu {
    child: Child,
    input: ChildStdin,
    output: Receiver<Vec<u8>>,
    complaints: Receiver<Vec<u8>>,
    log: LogReader,
    /// What came before anything was sent.
    early: Vec<u8>,
}

/// The firmware file: `given`, or `LOIHI_FIRMWARE`, or where the workspace of this program builds it, or where its package
/// installs it.
pub fn firmware_path(given: Option<&Path>) -> PathBuf {
    if let Some(path) = given {
        return path.to_owned();
    }
    if let Some(path) = std::env::var_os(FIRMWARE_VARIABLE) {
        return PathBuf::from(path);
    }
    let here = PathBuf::from(FIRMWARE_PATH);
    if here.exists() {
        return here;
    }
    let near = std::env::current_exe().ok().and_then(|exe| beside(&exe));
    near.unwrap_or(here)
}

/// The firmware that goes with a program in `TARGET/PROFILE` (tests lie one folder deeper), or in `PREFIX/bin`.
fn beside(program: &Path) -> Option<PathBuf> {
    let folders = program.ancestors().skip(1);
    let places = folders.flat_map(|folder| ["firmware", "share/loihi"].map(|place| folder.join(place)));
    places.map(|place| place.join("firmware-x86-mcu.elf")).find(|path| path.exists())
}

impl Qemu {
    /// Starts QEMU with a firmware file.
    ///
    /// # Errors
    /// [`DeviceFault`] if the firmware or QEMU is missing; it says what to do.
    pub fn start(firmware: &Path) -> Result<Self, DeviceFault> {
        let elf = whole::bytes(firmware).map_err(|error| {
            DeviceFault(format!("no firmware at {}: {error}; build it with `cargo xtask firmware`", firmware.display()))
        })?;
        let mut command = Command::new(PROGRAM);
        command
            .args(ARGUMENTS)
            .arg("-kernel")
            .arg(firmware)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = child::spawn(command).map_err(|error| match error.kind() {
            ErrorKind::NotFound => DeviceFault(format!("{PROGRAM} is not installed; `cargo xtask setup` installs it")),
            _ => DeviceFault(format!("{PROGRAM} could not be started: {error}")),
        })?;
        let (Some(input), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(DeviceFault(format!("{PROGRAM} has no pipes")));
        };
        let (output, complaints) = (pump(stdout), pump(stderr));
        // The firmware sends a byte when it listens; what is sent before that waits in QEMU for much longer.
        let early = output.recv_timeout(START_WAIT).unwrap_or_default();
        Ok(Self { child, input, output, complaints, log: LogReader::new(&elf), early })
    }

    /// Why QEMU ended.
    fn fault(&mut self) -> DeviceFault {
        let status = self.child.wait();
        let said: Vec<u8> = self.complaints.iter().flatten().collect();
        let mut said = String::from_utf8_lossy(&said).trim().to_owned();
        let last_bytes: Vec<u8> = self.output.iter().flatten().collect();
        for report in plain_reports(&last_bytes) {
            said.push_str(&report);
        }
        let how = match status {
            Ok(status) => match (status.code(), child::signal(status)) {
                (Some(EXIT_FAULT), _) => "a fault of the processor".to_owned(),
                (Some(EXIT_PANIC), _) => "a panic of the firmware".to_owned(),
                (Some(EXIT_MEMORY), _) => "too little memory".to_owned(),
                (Some(code), _) => format!("exit status {code}"),
                (None, Some(signal)) => format!("signal {signal}"),
                (None, None) => "an unknown status".to_owned(),
            },
            Err(error) => error.to_string(),
        };
        let said = if said.is_empty() { String::new() } else { format!(": {said}") };
        DeviceFault(format!("QEMU ended by itself with {how}{said}"))
    }
}

impl Line for Qemu {
    fn name(&self) -> &'static str {
        "qemu"
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), DeviceFault> {
        let sent = self.input.write_all(bytes).and_then(|()| self.input.flush());
        sent.map_err(|_| self.fault())
    }

    fn receive(&mut self, into: &mut Vec<u8>, wait: Duration) -> Result<(), DeviceFault> {
        if !self.early.is_empty() {
            into.append(&mut self.early);
            return Ok(());
        }
        match self.output.recv_timeout(wait) {
            Ok(bytes) => into.extend(bytes),
            Err(RecvTimeoutError::Timeout) => return Ok(()),
            Err(RecvTimeoutError::Disconnected) => return Err(self.fault()),
        }
        into.extend(self.output.try_iter().flatten());
        Ok(())
    }

    fn log(&mut self, payload: &[u8]) -> Vec<String> {
        self.log.lines(payload)
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        child::end(&mut self.child);
    }
}

/// The reports in plain text that a firmware sends between zeros before it gives up.
fn plain_reports(bytes: &[u8]) -> Vec<String> {
    let readable = |part: &&[u8]| part.len() > 8 && part.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\r' | b'\n'));
    let parts = bytes.split(|byte| *byte == 0).filter(readable);
    parts.map(|part| String::from_utf8_lossy(part).trim().to_owned()).collect()
}

/// Reads a pipe to its end on a thread of its own.
fn pump(mut pipe: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = sync_channel(64);
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = pipe.read(&mut buffer) {
            let bytes = buffer.get(..count).unwrap_or_default().to_vec();
            if sender.send(bytes).is_err() {
                return;
            }
        }
    });
    receiver
}
