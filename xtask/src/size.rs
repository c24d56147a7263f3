//! What the firmware takes of the board's memory.

use std::fs;

use anyhow::{Context, Result};
use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind, elf};

use crate::firmware::FIRMWARE;
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

/// Prints the sizes of the firmware as a Markdown table, in bytes.
///
/// Text is code and constants, data is variables with a value, bss is zeroed memory with the
/// stacks and without the arena.
///
/// # Errors
///
/// When the firmware has not been built or is not an ELF file.
pub(crate) fn print() -> Result<()> {
    let path = paths::image(FIRMWARE);
    let image =
        fs::read(&path).with_context(|| format!("cannot read {}: run `cargo xtask firmware` first", path.display()))?;
    let sizes = measure(&image).with_context(|| format!("{} is no firmware image", path.display()))?;
    println!("| firmware | text | data | bss | arena |");
    println!("|---|---:|---:|---:|---:|");
    println!("| {FIRMWARE} | {} | {} | {} | {} |", sizes.text, sizes.data, sizes.bss, sizes.arena);
    Ok(())
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
