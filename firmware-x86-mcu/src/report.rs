//! Says what went wrong, then ends the machine.
//!
//! Everything is said twice. First as a line of plain text between two frame delimiters, which
//! needs nothing but a working transmitter: a terminal shows it, and a frame decoder drops it as
//! damaged. Then as a log frame, which needs the logger and its memory.

use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering};

use embedded_io::Write;

use crate::exit::{Reason, exit};
use crate::paging;
use crate::uart;

/// An exception, as the processor tells it.
pub(crate) struct Fault {
    /// 0..=31.
    pub(crate) vector: u32,
    /// Zero for exceptions without one.
    pub(crate) error_code: u32,
    /// EIP: the instruction that faulted or, for traps, the one after it.
    pub(crate) instruction: u32,
    /// CR2, which means something for page faults and double faults only.
    pub(crate) page_address: u32,
}

impl Fault {
    fn name(&self) -> &'static str {
        match self.vector {
            0 => "#DE divide error",
            1 => "#DB debug",
            2 => "NMI",
            3 => "#BP breakpoint",
            4 => "#OF overflow",
            5 => "#BR bound range exceeded",
            6 => "#UD invalid opcode",
            7 => "#NM floating point instruction",
            8 if paging::is_stack_guard(self.page_address) => "#DF stack overflow",
            8 => "#DF double fault",
            10 => "#TS invalid task state",
            11 => "#NP segment not present",
            12 => "#SS stack segment",
            13 => "#GP general protection",
            14 => "#PF page fault",
            16 => "#MF floating point error",
            17 => "#AC alignment check",
            18 => "#MC machine check",
            _ => "reserved exception",
        }
    }
}

/// Reports an exception and ends the machine.
pub(crate) fn fault(fault: &Fault) -> ! {
    enter();
    let name = fault.name();
    line(&[
        ReportPart::Text("fault: "),
        ReportPart::Text(name),
        ReportPart::Text(", error code "),
        ReportPart::Hex(fault.error_code),
        ReportPart::Text(", eip "),
        ReportPart::Hex(fault.instruction),
        ReportPart::Text(", cr2 "),
        ReportPart::Hex(fault.page_address),
    ]);
    defmt::error!(
        "fault: {=str}, error code {=u32:#x}, eip {=u32:#x}, cr2 {=u32:#x}",
        name,
        fault.error_code,
        fault.instruction,
        fault.page_address
    );
    leave(Reason::Fault)
}

/// Reports a panic. None can be reached in the firmware, which a test of the image proves; the
/// language wants a handler all the same.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    enter();
    let (file, row) = info.location().map_or(("", 0), |place| (place.file(), place.line()));
    line(&[ReportPart::Text("panic: "), ReportPart::Text(file), ReportPart::Text(", line "), ReportPart::Decimal(row)]);
    defmt::error!("panic: {=str}, line {=u32}", file, row);
    leave(Reason::Panic)
}

/// Reports that the machine has less memory above 1 MiB than the image needs, and exits. Text only, since the logger uses
/// statics.
pub(crate) fn too_little_memory(needed_kib: u32, there_kib: u32) -> ! {
    line(&[
        ReportPart::Text("memory: this firmware needs "),
        ReportPart::Decimal(needed_kib + 1024),
        ReportPart::Text(" KiB, the machine has "),
        ReportPart::Decimal(there_kib + 1024),
        ReportPart::Text(" KiB: give it more, or build the firmware with a smaller arena"),
    ]);
    leave(Reason::Memory)
}

/// Gives up at once when the reporting itself has failed.
fn enter() {
    static REPORTING: AtomicBool = AtomicBool::new(false);
    if REPORTING.swap(true, Ordering::Relaxed) {
        exit(Reason::Nested);
    }
}

/// Ends the machine when the last byte has left the port.
fn leave(reason: Reason) -> ! {
    let _ = uart::com1().flush();
    exit(reason)
}

/// A piece of a line of text.
enum ReportPart<'a> {
    Text(&'a str),
    Hex(u32),
    Decimal(u32),
}

/// Sends a line of text; the delimiter before it ends the frame that the trouble may have
/// interrupted.
fn line(parts: &[ReportPart<'_>]) {
    uart::send(&[0]);
    for part in parts {
        match *part {
            ReportPart::Text(text) => uart::send(text.as_bytes()),
            ReportPart::Hex(value) => hex(value),
            ReportPart::Decimal(value) => decimal(value),
        }
    }
    uart::send(b"\r\n\0");
}

fn hex(value: u32) {
    uart::send(b"0x");
    for shift in (0..u32::BITS).step_by(4).rev() {
        let digit = (value >> shift & 0xf) as u8;
        uart::send(&[if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }]);
    }
}

fn decimal(value: u32) {
    if value >= 10 {
        decimal(value / 10);
    }
    uart::send(&[b'0' + (value % 10) as u8]);
}
