//! What the firmware takes of a board's memory, for every board and set of features: a table, which the documentation has
//! between two marks.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use loihi_boards::Board;
use object::{Object, ObjectSection, SectionFlags, SectionKind, elf};

use crate::command::line;
use crate::firmware::{self, FIRMWARE};
use crate::paths;
use crate::sets::{FeatureSet, SETS};

/// The section of the stack, where the start-up crate has one.
const STACK: &str = ".stack";
/// What stands before the table in a file, and behind it.
const MARKS: [&str; 2] = ["<!-- printed by `cargo xtask size --set all` -->\n", "<!-- end -->"];

/// Status of `footprint` if the firmware stops answering.
const SILENT: i32 = 3;

/// Bytes of each kind.
#[derive(Default)]
struct Sizes {
    text: u64,
    data: u64,
    bss: u64,
}

/// The sizes of the firmware images in bytes, as a Markdown table. Builds each image.
///
/// Text is code and constants, data is variables with a value, bss is zeroed memory with the
/// stacks and without the arena, which may be larger on a machine with more memory. Of bss, line is the buffers of the
/// serial line, and stack is the most of the stack that was in use in QEMU, in the experiments that the last column counts:
/// those that fit the arena and whose programs the firmware has. They are empty for hardware, which does not run here, and for
/// a firmware that stops answering in QEMU, which is reported on standard error.
///
/// # Errors
///
/// When an image does not build, or cannot be measured for another reason.
pub(crate) fn table(board: Option<&'static Board>, set: Option<&str>) -> Result<String> {
    let boards = board.map_or_else(|| loihi_boards::all().iter().collect(), |board| vec![board]);
    let sets = set.map_or_else(|| Ok(SETS.iter().collect()), |name| FeatureSet::named(name).map(|set| vec![set]))?;
    let mut table = "| board | features | text | data | bss | arena | line | stack | of |\n".to_owned();
    table.push_str("|---|---|---:|---:|---:|---:|---:|---:|---:|\n");
    for board in boards {
        for set in &sets {
            let row = row(board, set).with_context(|| format!("the firmware of {} with `{}`", board.name, set.name))?;
            table.push_str(&row);
        }
    }
    Ok(table)
}

/// Compares the table in a file.
///
/// # Errors
///
/// Those of [`table`]; when the file cannot be read or has no marks; with the rows that differ.
pub(crate) fn check(file: &Path, set: Option<&str>) -> Result<()> {
    let text = read(file)?;
    let [_, found, _] = parts(&text, file)?;
    let table = table(None, set)?;
    let is_new = |row: &&str| !found.lines().any(|line| line == *row);
    let new: Vec<&str> = table.lines().filter(is_new).collect();
    if table != found {
        bail!(
            "the table in {} is not what `cargo xtask size` prints; `--write {0}` puts it there:\n{}",
            file.display(),
            new.join("\n")
        );
    }
    Ok(())
}

/// Holds the firmware of a board against its flash and RAM, and prints what it takes of both.
///
/// # Errors
///
/// When it does not fit, or is not there.
pub(crate) fn fits(board: &Board) -> Result<()> {
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

/// Puts the table into a file.
///
/// # Errors
///
/// Those of [`table`]; when the file cannot be read or written, or has no marks.
pub(crate) fn write(file: &Path, set: Option<&str>) -> Result<()> {
    let text = read(file)?;
    let [before, _, after] = parts(&text, file)?;
    paths::write(file, &[before, &table(None, set)?, after].concat())
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

/// A file before the table, the table, and the rest; the marks belong to the first and the last.
fn parts<'t>(text: &'t str, file: &Path) -> Result<[&'t str; 3]> {
    let [first, last] = MARKS;
    let missing = || format!("{} has no table between the lines `{}` and `{last}`", file.display(), first.trim_end());
    let start = text.find(first).with_context(missing)? + first.len();
    let end = start + text[start..].find(last).with_context(missing)?;
    Ok([&text[..start], &text[start..end], &text[end..]])
}

/// The row of a firmware.
fn row(board: &Board, set: &FeatureSet) -> Result<String> {
    let image = firmware::build_aside(board, &set.features())?;
    let Sizes { text, data, bss } = measure(board, &image)?;
    let path = paths::target().join(format!("size-{}.elf", board.name));
    fs::write(&path, &image).with_context(|| format!("cannot write {}", path.display()))?;
    let [line, stack, of] = running(board, &path)?;
    let _ = fs::remove_file(&path);
    let mut row = String::new();
    let Board { name, arena_bytes, .. } = board;
    writeln!(row, "| `{name}` | {} | {text} | {data} | {bss} | {arena_bytes} | {line} | {stack} | {of} |", set.name)?;
    Ok(row)
}

/// Bytes of line and stack of a firmware while it runs in QEMU, and how many experiments it ran.
fn running(board: &Board, firmware: &Path) -> Result<[String; 3]> {
    if board.qemu.is_none() {
        return Ok(Default::default());
    }
    let mut command = Command::new(paths::cargo());
    command
        .current_dir(paths::root())
        .args(["run", "--quiet", "--profile", "tests", "--package", "conformance", "--features", "footprint"])
        .args(["--bin", "footprint", "--", &board.name])
        .arg(firmware);
    let output = command.output().with_context(|| format!("cannot start `{}`", line(&command)))?;
    let [said, complaints] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    let last = complaints.trim().lines().last().unwrap_or("it ended without a word");
    if output.status.code() == Some(SILENT) {
        eprintln!("{} is not measured: {last}", board.name);
        return Ok(Default::default());
    }
    ensure!(output.status.success(), "{last}");
    let words: Vec<&str> = said.split_whitespace().collect();
    match words[..] {
        [line, stack, of] => Ok([line, stack, of].map(str::to_owned)),
        _ => bail!("the footprint is `{said}`"),
    }
}

/// Bytes of the sections of a board's image.
fn measure(board: &Board, image: &[u8]) -> Result<Sizes> {
    let file = object::File::parse(image).context("it is not a firmware image")?;
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
            // It takes the rest of the RAM; the board's data say how much it needs.
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
