//! What the firmware takes of the board's memory.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};
use loihi_boards::Board;
use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind, elf};

use crate::command::printed;
use crate::firmware::{self, FIRMWARE, OWN_RULE};
use crate::paths;

/// The symbol of the memory that networks are loaded into.
const ARENA: &str = "ARENA";

/// Bytes of each kind.
#[derive(Default)]
struct Sizes {
    text: u64,
    data: u64,
    bss: u64,
    arena: u64,
}

/// Prints the sizes of the firmware images as a Markdown table, in bytes.
///
/// Text is code and constants, data is variables with a value, bss is zeroed memory with the
/// stacks and without the arena. Of bss, line is the buffers of the serial line, and stack is the
/// most of the stack that was in use in QEMU, in those of a few experiments that fit the arena.
///
/// # Errors
///
/// When the firmware of the bare x86 has not been built, or one is not an ELF file.
pub(crate) fn print() -> Result<()> {
    println!("| firmware | text | data | bss | arena | line | stack |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    let mut missing = Vec::new();
    for board in firmware::all() {
        for program in [FIRMWARE, OWN_RULE] {
            let path = firmware::image(program, board);
            let Ok(image) = fs::read(&path) else {
                missing.push(path.display().to_string());
                continue;
            };
            let sizes = measure(&image).with_context(|| format!("{} is not a firmware image", path.display()))?;
            let Sizes { text, data, bss, arena } = sizes;
            let used = (program == FIRMWARE).then(|| running(board)).flatten();
            let [line, stack] = used.unwrap_or_default();
            println!("| {program}-{} | {text} | {data} | {bss} | {arena} | {line} | {stack} |", board.name);
        }
    }
    if !missing.is_empty() {
        bail!("run `cargo xtask firmware` first: there is no {}", missing.join(", "));
    }
    Ok(())
}

/// Bytes of line and stack of the firmware of a board while it runs in QEMU; `None` if it does not.
fn running(board: &Board) -> Option<[String; 2]> {
    let mut command = Command::new(paths::cargo());
    command
        .current_dir(paths::root())
        .args(["run", "--quiet", "--profile", "tests", "--package", "conformance", "--features", "footprint"])
        .args(["--bin", "footprint", "--", &board.name])
        .arg(firmware::image(FIRMWARE, board));
    let said = printed(&mut command)?;
    let (line, stack) = said.trim().split_once(' ')?;
    Some([line, stack].map(str::to_owned))
}

fn measure(image: &[u8]) -> Result<Sizes> {
    let file = object::File::parse(image)?;
    let mut sizes = Sizes::default();
    for section in file.sections() {
        let SectionFlags::Elf { sh_flags } = section.flags() else {
            continue;
        };
        if sh_flags & u64::from(elf::SHF_ALLOC) == 0 {
            continue;
        }
        let kind = match section.kind() {
            SectionKind::UninitializedData => &mut sizes.bss,
            _ if sh_flags & u64::from(elf::SHF_WRITE) == 0 => &mut sizes.text,
            _ => &mut sizes.data,
        };
        *kind += section.size();
    }
    let arena = file.symbols().find(|symbol| symbol.name() == Ok(ARENA));
    sizes.arena = arena.context("it has no arena")?.size();
    sizes.bss = sizes.bss.saturating_sub(sizes.arena);
    Ok(sizes)
}
