//! Every way to go wrong is reported with its address, and ends the machine.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use defmt_decoder::Table;
use host_harness::boards;
use loihi_core::wire::frame::{BODY_LEAST, CHANNEL_LOG, FrameReader, Received, plain_bytes};
use object::{Object, ObjectSymbol};

/// No boot and no report takes this long, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// QEMU's status after a fault: `2 * 0x20 + 1`.
const STATUS_FAULT: i32 = 65;
/// QEMU's status after a panic: `2 * 0x21 + 1`.
const STATUS_PANIC: i32 = 67;

/// QEMU's status where there is too little memory: `2 * 0x23 + 1`.
const STATUS_MEMORY: i32 = 71;

fn image_path() -> PathBuf {
    built("fault-x86-mcu.elf")
}

fn built(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let path = root.join("target/firmware").join(name);
    assert!(path.is_file(), "{} is missing; run `cargo xtask firmware` first", path.display());
    path
}

/// QEMU, killed when the test is done with it.
struct Machine {
    child: Child,
    output: Receiver<Vec<u8>>,
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Machine {
    fn boot() -> Self {
        Self::boot_with(&image_path(), 16)
    }

    /// Boots an image in a machine with `mib` MiB.
    fn boot_with(image: &Path, memory_mib: u32) -> Self {
        let mut child = Command::new("qemu-system-i386")
            .args(["-M", "isapc", "-cpu", "pentium", "-icount", "shift=0", "-m", &memory_mib.to_string()])
            .args(["-display", "none", "-serial", "stdio", "-monitor", "none", "-no-reboot", "-nodefaults"])
            .args(["-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-kernel"])
            .arg(image)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("QEMU starts; `cargo xtask setup` installs it");
        let mut stdout = child.stdout.take().unwrap();
        let (sender, output) = mpsc::channel();
        thread::spawn(move || {
            let mut chunk = [0; 512];
            while let Ok(length @ 1..) = stdout.read(&mut chunk) {
                if sender.send(chunk[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, output }
    }

    /// Lets the machine go wrong in the way called `choice`; returns all that it sent and its status.
    fn fail(mut self, choice: u8) -> (Vec<u8>, i32) {
        // The log frame of the start-up: from here on the machine listens.
        let mut sent = Vec::new();
        while !sent.contains(&0) {
            sent.extend(self.output.recv_timeout(PATIENCE).expect("the machine boots"));
        }
        self.child.stdin.as_mut().unwrap().write_all(&[choice]).unwrap();
        self.end(sent)
    }

    /// All that the machine sent, after what it `sent` before, and its status.
    fn end(mut self, mut sent: Vec<u8>) -> (Vec<u8>, i32) {
        loop {
            match self.output.recv_timeout(PATIENCE) {
                Ok(bytes) => sent.extend(bytes),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    panic!("the machine hangs; it sent {sent:02x?}")
                }
            }
        }
        (sent, self.child.wait().unwrap().code().expect("QEMU ends by itself"))
    }
}

/// The line of plain text that starts with `start`.
fn text_line(sent: &[u8], start: &str) -> String {
    let parts = sent.split(|&byte| byte == 0);
    let line = parts.map(String::from_utf8_lossy).find(|part| part.starts_with(start));
    line.unwrap_or_else(|| panic!("no {start:?} in {sent:02x?}")).trim_end().to_owned()
}

/// The hexadecimal number behind `label` in `line`.
fn number_after(line: &str, label: &str) -> u64 {
    let (_, rest) = line.split_once(&format!("{label} 0x")).unwrap_or_else(|| panic!("no {label:?} in {line:?}"));
    u64::from_str_radix(rest.split(',').next().unwrap(), 16).unwrap()
}

/// The log records among `sent`, in words, with their sequence numbers.
fn log_records(sent: &[u8]) -> Vec<(u16, String)> {
    let elf = fs::read(image_path()).unwrap();
    let table = Table::parse(&elf).unwrap().unwrap();
    let mut reader = FrameReader::new([0; plain_bytes(BODY_LEAST)]);
    let mut records = Vec::new();
    for &byte in sent {
        if let Received::Frame(frame) = reader.push(byte) {
            assert_eq!(frame.channel, CHANNEL_LOG);
            let (record, used) = table.decode(frame.body).unwrap();
            assert_eq!(used, frame.body.len(), "one record a frame");
            records.push((frame.sequence, record.display_message().to_string()));
        }
    }
    records
}

/// Boots, goes wrong, and checks that both reports name the exception `name` at an address inside
/// `function`. Returns the line of text.
fn assert_reported(choice: u8, name: &str, function: &str) -> String {
    let (sent, status) = Machine::boot().fail(choice);
    assert_eq!(status, STATUS_FAULT);

    let line = text_line(&sent, "fault: ");
    assert!(line.starts_with(&format!("fault: {name}, ")), "{line}");
    let elf = fs::read(image_path()).unwrap();
    let file = object::File::parse(&*elf).unwrap();
    let symbol = file.symbols().find(|symbol| symbol.name() == Ok(function)).unwrap();
    let body = symbol.address()..symbol.address() + symbol.size();
    let instruction = number_after(&line, "eip");
    assert!(body.contains(&instruction), "{line}: {function} is at {body:x?}");

    let records = log_records(&sent);
    let [(0, _), (1, record)] = records.as_slice() else { panic!("records {records:?}") };
    assert!(record.starts_with(&format!("fault: {name}, ")), "{record}");
    assert_eq!(number_after(record, "eip"), instruction);
    line
}

#[test]
fn a_floating_point_instruction_is_reported() {
    assert_reported(b'f', "#NM floating point instruction", "fault_float");
}

#[test]
fn a_division_by_zero_is_reported() {
    assert_reported(b'd', "#DE divide error", "fault_divide");
}

#[test]
fn an_invalid_opcode_is_reported() {
    assert_reported(b'i', "#UD invalid opcode", "fault_invalid_opcode");
}

#[test]
fn a_protection_fault_is_reported_with_its_error_code() {
    let line = assert_reported(b'g', "#GP general protection", "fault_general_protection");
    assert_eq!(number_after(&line, "error code"), 0xfff8, "the selector of the failed load");
}

#[test]
fn a_null_pointer_is_reported_with_its_address() {
    let line = assert_reported(b'n', "#PF page fault", "fault_null");
    assert_eq!(number_after(&line, "cr2"), 4);
}

#[test]
fn a_write_to_code_is_reported_with_its_address() {
    let line = assert_reported(b'w', "#PF page fault", "fault_write_to_code");
    assert_eq!(number_after(&line, "error code"), 0b11, "a write to a page that is present");
}

#[test]
fn a_stack_overflow_is_reported() {
    assert_reported(b's', "#DF stack overflow", "fault_stack_overflow");
}

/// What needs more memory than there is says so before it writes where none is.
#[test]
fn too_little_memory_is_reported_with_what_is_needed() {
    let elf = fs::read(built("firmware-x86-mcu.elf")).unwrap();
    let file = object::File::parse(&*elf).unwrap();
    let end = file.symbols().find(|symbol| symbol.name() == Ok("__image_end")).unwrap().address();
    // An arena, and five pages for the tables that map it.
    let needed = (end + boards::default().arena_bytes + (5 << 12)) >> 10;
    let grouped = |kib: u64| format!("{},{:03}", kib / 1000, kib % 1000);
    for memory_mib in [2, 3, 4, 6, 8, 9] {
        let there = u64::from(memory_mib) << 10;
        assert!(needed > there, "{needed} KiB are enough");
        let (sent, status) = Machine::boot_with(&built("firmware-x86-mcu.elf"), memory_mib).end(Vec::new());
        let line = text_line(&sent, "memory: ");
        let [needed, there] = [needed, there].map(grouped);
        assert!(line.contains(&format!("needs {needed} KiB of memory, the machine has {there} KiB")), "{line}");
        assert_eq!(status, STATUS_MEMORY, "{line}");
    }
}

#[test]
fn a_panic_is_reported_with_its_place() {
    let (sent, status) = Machine::boot().fail(b'p');
    assert_eq!(status, STATUS_PANIC);
    let line = text_line(&sent, "panic: ");
    assert!(line.contains("fault.rs, line "), "{line}");
    let records = log_records(&sent);
    assert!(matches!(records.as_slice(), [(0, _), (1, record)] if *record == line), "{records:?}");
}
