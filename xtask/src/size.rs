//! What the firmware takes of the board's memory.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind, elf};

use crate::command::printed;
use crate::firmware::{FIRMWARE, OWN_RULE_FIRMWARE};
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
/// most of the stack that was in use in a few experiments in QEMU.
///
/// # Errors
///
/// When the firmware has not been built or is not an ELF file.
pub(crate) fn print() -> Result<()> {
    let used = running();
    println!("| firmware | text | data | bss | arena | line | stack |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    for name in [FIRMWARE, OWN_RULE_FIRMWARE] {
        let path = paths::image(name);
        let image = fs::read(&path)
            .with_context(|| format!("cannot read {}: run `cargo xtask firmware` first", path.display()))?;
        let sizes = measure(&image).with_context(|| format!("{} is not a firmware image", path.display()))?;
        let Sizes { text, data, bss, arena } = sizes;
        let [line, stack] = match &used {
            Some(used) if name == FIRMWARE => used.clone(),
            _ => ["", ""].map(str::to_owned),
        };
        println!("| {name} | {text} | {data} | {bss} | {arena} | {line} | {stack} |");
    }
    if used.is_none() {
        eprintln!(
            "line and stack were not measured: run `cargo xtask setup` and `cargo xtask firmware`, then this again"
        );
    }
    Ok(())
}

/// Bytes of line and stack of the firmware while it runs in QEMU; `None` if it does not.
fn running() -> Option<[String; 2]> {
    let mut command = Command::new(paths::cargo());
    command
        .current_dir(paths::root())
        .args(["run", "--quiet", "--profile", "tests", "--package", "conformance", "--features", "footprint"])
        .args(["--bin", "footprint", "--"])
        .arg(paths::image(FIRMWARE));
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
    sizes.bss -= sizes.arena;
    Ok(sizes)
}
