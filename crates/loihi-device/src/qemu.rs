//! The device on a board in QEMU: the firmware's UART is QEMU's standard input and output.

mod flash;

use super::framed::Framed;
use super::log::LogReader;
use super::report::Latest;
use super::transport::{OpenOption, Transport};
use super::{DeviceFault, Line, child};
use flash::Flash;
use loihi_boards::Board;
use loihi_files::whole;
use loihi_image::image::ImageFile;
use std::ffi::OsString;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

/// `qemu`.
pub const TRANSPORT: Transport = Transport {
    name: "qemu",
    about: "A board in QEMU: a bare i586 without FPU, or that of --board",
    arguments: "",
    takes: &[OpenOption::Board, OpenOption::Firmware, OpenOption::Flash],
    open: |_, options| {
        let firmware = firmware_path(options.board, options.firmware.as_deref());
        Ok(Box::new(Framed::new(Qemu::start_with(options.board, &firmware, options.flash.as_ref())?)))
    },
};

/// Environment variable that names another firmware file for the default board.
pub const FIRMWARE_VARIABLE: &str = "LOIHI_FIRMWARE";
/// Where `cargo xtask firmware` puts the firmware, from the workspace's root.
pub const FIRMWARE_FOLDER: &str = "target/firmware";
/// The firmware's program; tests have others.
const FIRMWARE: &str = "firmware";

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
    /// The end of what was received, in which a report may stand.
    latest: Latest,
    /// The file of a network that QEMU may still have to read.
    _flash: Option<Flash>,
}

/// The firmware file of a board: `given`, or `LOIHI_FIRMWARE` for the default board, or where the workspace of this program
/// builds it, or where its package installs it.
pub fn firmware_path(board: &Board, given: Option<&Path>) -> PathBuf {
    if let Some(path) = firmware_named(board, given, std::env::var_os(FIRMWARE_VARIABLE)) {
        return path;
    }
    let image = board.image(FIRMWARE);
    let here = Path::new(FIRMWARE_FOLDER).join(&image);
    if here.exists() {
        return here;
    }
    let near = std::env::current_exe().ok().and_then(|exe| beside(&exe, &image));
    near.unwrap_or(here)
}

/// The firmware file that the user names. A variable of the environment cannot say for which board it is: it is taken for
/// the default one.
fn firmware_named(board: &Board, given: Option<&Path>, variable: Option<OsString>) -> Option<PathBuf> {
    let variable = variable.filter(|_| board.name == loihi_boards::DEFAULT);
    given.map(Path::to_owned).or_else(|| variable.map(PathBuf::from))
}

/// The firmware that goes with a program in `TARGET/PROFILE` (tests lie one folder deeper), or in `PREFIX/bin`.
fn beside(program: &Path, image: &str) -> Option<PathBuf> {
    let folders = program.ancestors().skip(1);
    let places = folders.flat_map(|folder| ["firmware", "share/loihi"].map(|place| folder.join(place)));
    places.map(|place| place.join(image)).find(|path| path.exists())
}

/// How the firmware of a board is built and named.
fn way_to_firmware(board: &Board) -> String {
    let command = loihi_boards::build_command(&board.name);
    match loihi_boards::named(&board.name) {
        Ok(_) => format!("{command} in the project's folder, or name another, --firmware FILE"),
        Err(_) => format!("{command}, and give --firmware ELF"),
    }
}

/// Whether a file is a 32-bit ELF image for the board's processor whose entry lies in the board's flash. QEMU would start any
/// file, which then faults or stays silent.
fn is_for(board: &Board, elf: &[u8]) -> bool {
    const MACHINES: [(&str, u16); 3] = [("thumb", 40), ("riscv", 243), ("i586", 3)];
    let half = |at| elf.get(at..).and_then(|bytes| bytes.first_chunk()).map(|bytes| u16::from_le_bytes(*bytes));
    let word = |at| elf.get(at..).and_then(|bytes| bytes.first_chunk()).map(|bytes| u32::from_le_bytes(*bytes));
    let machine = MACHINES.iter().find(|(target, _)| board.target.starts_with(target)).map(|(_, machine)| *machine);
    let flash = board.flash.origin..board.flash.origin + board.flash.bytes;
    elf.starts_with(b"\x7fELF\x01\x01")
        && half(18) == machine
        && word(24).is_some_and(|entry| flash.contains(&u64::from(entry)))
}

impl Qemu {
    /// Starts QEMU as a board with a firmware file.
    ///
    /// # Errors
    /// [`DeviceFault`] if QEMU does not emulate the board, or the firmware or QEMU is missing; it says what to do.
    pub fn start(board: &Board, firmware: &Path) -> Result<Self, DeviceFault> {
        Self::start_with(board, firmware, None)
    }

    /// The same with a network in the board's flash.
    ///
    /// # Errors
    /// As [`Qemu::start`], or [`DeviceFault`] if the board has no place for the network, or too little.
    pub fn start_with(board: &Board, firmware: &Path, flash: Option<&ImageFile>) -> Result<Self, DeviceFault> {
        let Some(qemu) = &board.qemu else {
            return Err(DeviceFault(format!(
                "QEMU does not emulate the board {}: take one of {}, or the board itself, --device serial:PORT",
                board.name,
                loihi_boards::emulated()
            )));
        };
        let program = &qemu.program;
        let elf = whole::bytes(firmware).map_err(|error| {
            DeviceFault(format!("no firmware at {}: {error}; build it, {}", firmware.display(), way_to_firmware(board)))
        })?;
        if !is_for(board, &elf) {
            return Err(DeviceFault(format!(
                "{} is not a firmware of {}: build that, {}",
                firmware.display(),
                board.name,
                way_to_firmware(board)
            )));
        }
        let mut command = Command::new(program);
        command
            .args(qemu.all_arguments())
            .arg("-kernel")
            .arg(firmware)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let flash = flash.map(|image| Flash::write(board, image)).transpose()?;
        if let Some(flash) = &flash {
            command.args(flash.arguments());
        }
        let child = child::spawn(command).map_err(|error| match error.kind() {
            ErrorKind::NotFound => DeviceFault(format!("{program} is not installed; `cargo xtask setup` installs it")),
            _ => DeviceFault(format!("{program} could not be started: {error}")),
        })?;
        Self::listen(child, LogReader::new(&elf), flash).ok_or_else(|| DeviceFault(format!("{program} has no pipes")))
    }

    /// Takes the pipes of a child that has just started; `None` if it has none.
    fn listen(mut child: Child, log: LogReader, flash: Option<Flash>) -> Option<Self> {
        let (input, stdout, stderr) = (child.stdin.take()?, child.stdout.take()?, child.stderr.take()?);
        let (output, complaints) = (pump(stdout), pump(stderr));
        // The firmware sends a byte when it listens; what is sent before that waits in QEMU for much longer.
        let early = output.recv_timeout(START_WAIT).unwrap_or_default();
        // Once the firmware speaks, QEMU has read the file.
        let flash = flash.filter(|_| early.is_empty());
        Some(Self { child, input, output, complaints, log, early, latest: Latest::default(), _flash: flash })
    }

    /// Why QEMU ended.
    fn fault(&mut self) -> DeviceFault {
        let status = self.child.wait();
        let rest: Vec<u8> = self.output.iter().flatten().collect();
        self.latest.add(&rest);
        let mut said = self.latest.reports();
        if said.is_empty() {
            let complaints: Vec<u8> = self.complaints.iter().flatten().collect();
            String::from_utf8_lossy(&complaints).trim().clone_into(&mut said);
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
        let begin = into.len();
        if self.early.is_empty() {
            match self.output.recv_timeout(wait) {
                Ok(bytes) => into.extend(bytes),
                Err(RecvTimeoutError::Timeout) => return Ok(()),
                Err(RecvTimeoutError::Disconnected) => return Err(self.fault()),
            }
            into.extend(self.output.try_iter().flatten());
        } else {
            into.append(&mut self.early);
        }
        self.latest.add(into.get(begin..).unwrap_or_default());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_names_the_firmware_of_the_default_board_only() {
        let variable = || Some(OsString::from("own.elf"));
        let named = |board: &str, given: Option<&str>| {
            firmware_named(loihi_boards::named(board).unwrap(), given.map(Path::new), variable())
        };
        assert_eq!(named(loihi_boards::DEFAULT, None), Some(PathBuf::from("own.elf")));
        assert_eq!(named("virt", None), None);
        assert_eq!(named("virt", Some("given.elf")), Some(PathBuf::from("given.elf")));
        assert_eq!(named(loihi_boards::DEFAULT, Some("given.elf")), Some(PathBuf::from("given.elf")));
    }

    #[test]
    fn the_way_to_a_firmware_is_one_that_exists() {
        let listed = loihi_boards::named("virt").unwrap();
        let way = "`cargo xtask firmware --board virt` in the project's folder, or name another, --firmware FILE";
        assert_eq!(way_to_firmware(listed), way);
        let own = Board { name: "mine".to_owned(), ..listed.clone() };
        let said = Qemu::start(&own, Path::new("none/firmware-mine.elf")).unwrap_err().to_string();
        assert!(said.starts_with("no firmware at none/firmware-mine.elf: "), "{said}");
        assert!(said.ends_with("; build it, `cargo build --release` in its folder, and give --firmware ELF"), "{said}");
    }

    #[cfg(unix)]
    #[test]
    fn a_report_in_the_first_bytes_is_told() {
        let mut command = Command::new("sh");
        command.args(["-c", r"printf '\0panic: out of luck\0'; exit 67"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut line = Qemu::listen(child::spawn(command).unwrap(), LogReader::default(), None).unwrap();
        let (mut bytes, wait) = (Vec::new(), Duration::from_secs(10));
        line.receive(&mut bytes, wait).unwrap();
        assert!(!bytes.is_empty());
        let fault = line.receive(&mut bytes, wait).unwrap_err().to_string();
        assert_eq!(fault, "QEMU ended by itself with a panic of the firmware: panic: out of luck");
    }
}
