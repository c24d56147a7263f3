//! What the firmware takes of the board's memory.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use loihi_boards::Board;
use object::{Object, ObjectSection, SectionFlags, SectionKind, elf};

use crate::command::line;
use crate::firmware::{self, FIRMWARE, OWN_RULE};
use crate::paths;

/// The section of the stack, where the start-up crate has one.
const STACK: &str = ".stack";

/// Bytes of each kind.
#[derive(Default)]
struct Sizes {
    text: u64,
    data: u64,
    bss: u64,
}

/// Prints the sizes of the firmware images as a Markdown table, in bytes.
///
/// Text is code and constants, data is variables with a value, bss is zeroed memory with the
/// stacks and without the arena, which may be larger on a machine with more memory. Of bss, line is the buffers of the serial line, and stack is the
/// most of the stack that was in use in QEMU, in those of a few experiments that fit the arena. What could not be measured
/// there says so, and why.
///
/// # Errors
///
/// When an image has not been built or is not an ELF file.
pub(crate) fn print() -> Result<()> {
    println!("| firmware | text | data | bss | arena | line | stack |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    let (mut missing, mut unmeasured) = (Vec::new(), Vec::new());
    for board in loihi_boards::all() {
        for program in [FIRMWARE, OWN_RULE] {
            let path = firmware::image(program, board);
            let Ok(image) = fs::read(&path) else {
                if board.qemu.is_some() {
                    missing.push(path.display().to_string());
                }
                continue;
            };
            let Board { name, arena_bytes, .. } = board;
            let Sizes { text, data, bss } = measure(board, &image)
                .with_context(|| format!("{} is not a firmware image of {name}", path.display()))?;
            let used = if program == FIRMWARE { running(board) } else { Ok(Default::default()) };
            let [line, stack] = used.unwrap_or_else(|error| {
                unmeasured.push(format!("{program}-{name}: {error:#}"));
                ["not measured", "not measured"].map(str::to_owned)
            });
            println!("| {program}-{name} | {text} | {data} | {bss} | {arena_bytes} | {line} | {stack} |");
        }
    }
    for why in unmeasured {
        println!("\nnot measured: {why}");
    }
    if !missing.is_empty() {
        bail!("run `cargo xtask firmware` first; missing: {}", missing.join(", "));
    }
    Ok(())
}

/// Holds the firmware of a board against its flash and RAM, and prints what it takes of both.
///
/// # Errors
///
/// When it does not fit, or is not there.
pub(crate) fn check(board: &Board) -> Result<()> {
    let path = firmware::image(FIRMWARE, board);
    let image = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let Sizes { text, data, bss } = measure(board, &image)?;
    let stack = if board.stack_origin.is_some() { 0 } else { board.stack_bytes };
    for (what, taken, there) in
        [("flash", text + data, board.flash.bytes), ("RAM", data + bss + board.arena_bytes + stack, board.ram.bytes)]
    {
        println!("  {what}: {taken} of {there} bytes");
        if taken > there {
            bail!("the firmware of {} takes {taken} bytes of {what}, and there are {there}", board.name);
        }
    }
    Ok(())
}

/// Bytes of line and stack of the firmware of a board while it runs in QEMU; empty for a board that QEMU does not emulate.
fn running(board: &Board) -> Result<[String; 2]> {
    if board.qemu.is_none() {
        return Ok(Default::default());
    }
    let mut command = Command::new(paths::cargo());
    command
        .current_dir(paths::root())
        .args(["run", "--quiet", "--profile", "tests", "--package", "conformance", "--features", "footprint"])
        .args(["--bin", "footprint", "--", &board.name])
        .arg(firmware::image(FIRMWARE, board));
    let output = command.output().with_context(|| format!("cannot start `{}`", line(&command)))?;
    let [said, complaints] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    ensure!(output.status.success(), "{}", complaints.trim().lines().last().unwrap_or("it ended without a word"));
    let (line, stack) = said.trim().split_once(' ').with_context(|| format!("`{said}` is not two sizes"))?;
    Ok([line, stack].map(str::to_owned))
}

/// Bytes of the sections of a board's image.
fn measure(board: &Board, image: &[u8]) -> Result<Sizes> {
    let file = object::File::parse(image)?;
    let mut sizes = Sizes::default();
    for section in file.sections() {
        let SectionFlags::Elf { sh_flags } = section.flags() else {
            continue;
        };
        if sh_flags & u64::from(elf::SHF_ALLOC) == 0 {
            continue;
        }
        let in_ram = board.ram.origin..board.ram.origin + board.ram.bytes;
        if section.kind() == SectionKind::UninitializedData && !in_ram.contains(&section.address()) {
            // A gap between addresses of the flash.
            continue;
        }
        if board.qemu.is_none() && section.name() == Ok(STACK) {
            // All that is left, of which the board's data say how much has to be.
            continue;
        }
        let kind = match section.kind() {
            SectionKind::UninitializedData => &mut sizes.bss,
            _ if sh_flags & u64::from(elf::SHF_WRITE) == 0 => &mut sizes.text,
            _ => &mut sizes.data,
        };
        *kind += section.size();
    }
    // A board whose arena grows finds it when it starts.
    let arena_bytes = if board.arena_grows { 0 } else { board.arena_bytes };
    sizes.bss = sizes.bss.checked_sub(arena_bytes).context("its arena is not that of the board")?;
    Ok(sizes)
}
