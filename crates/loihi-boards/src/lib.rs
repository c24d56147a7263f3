//! The boards that have a firmware: a file of data for each, `boards/NAME.toml`.
//!
//! ```
//! let board = loihi_boards::named("mps2-an386")?;
//! assert_eq!(board.target, "thumbv7em-none-eabi");
//! assert!(board.qemu.is_some(), "QEMU emulates it");
//! # Ok::<(), loihi_boards::UnknownBoard>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod board;
pub mod build;
pub mod fit;
pub mod link;

pub use board::{Board, BoardFileError, Counts, Hardware, Memory, Qemu, Strobe};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The name of the default board.
pub const DEFAULT: &str = "x86-mcu";

static BOARDS: LazyLock<Vec<Board>> = LazyLock::new(|| {
    // A file that is wrong fails the build of this crate.
    let read = |(name, text): &(&str, &str)| Board::parse(name, text).unwrap_or_else(|error| panic!("{error}"));
    let mut boards: Vec<Board> = FILES.iter().map(read).collect();
    boards.sort_by_key(|board| board.name != DEFAULT);
    boards
});

/// Unknown board.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown board `{name}`; there are: {there}")]
pub struct UnknownBoard {
    /// The name that was given.
    pub name: String,
    /// Those that there are.
    pub there: String,
}

/// All boards: the default one, then the others by name.
pub fn all() -> &'static [Board] {
    &BOARDS
}

/// The default board.
///
/// # Panics
/// The table has no board, which a test rules out.
pub fn default() -> &'static Board {
    &all()[0]
}

/// The board of a name.
///
/// # Errors
/// [`UnknownBoard`] lists those that there are.
pub fn named(name: &str) -> Result<&'static Board, UnknownBoard> {
    all()
        .iter()
        .find(|board| board.name == name)
        .ok_or_else(|| UnknownBoard { name: name.to_owned(), there: names(all()) })
}

/// No board has this name, and no file describes one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GivenError {
    /// No such name.
    #[error("{0} (or FILE.toml)")]
    Unknown(UnknownBoard),
    /// A file that cannot be read, or is wrong.
    #[error(transparent)]
    File(#[from] BoardFileError),
}

/// The board of a name or, for a path that ends in `.toml`, that of a file: a board of one's own needs no row here.
///
/// Every call with a path reads the file, and keeps what it has read until the program ends.
///
/// # Errors
/// [`GivenError`].
pub fn given(name_or_path: &str) -> Result<&'static Board, GivenError> {
    let path = Path::new(name_or_path);
    if path.extension().is_none_or(|end| end != "toml") {
        return named(name_or_path).map_err(GivenError::Unknown);
    }
    Ok(Box::leak(Box::new(Board::read(path)?)))
}

/// The command that builds the firmware of the board of a name: a board that is not in the table has a folder of its own.
pub fn build_command(name: &str) -> String {
    match named(name) {
        Ok(board) => format!("`cargo xtask firmware --board {}`", board.name),
        Err(_) => "`cargo build --release` in its folder".to_owned(),
    }
}

/// The names of boards, with commas.
fn names<'b>(boards: impl IntoIterator<Item = &'b Board>) -> String {
    boards.into_iter().map(|board| board.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The names of the boards that QEMU emulates, with commas.
pub fn emulated() -> String {
    names(all().iter().filter(|board| board.qemu.is_some()))
}

/// The boards with an arena that is larger where there is more memory.
pub fn that_grow() -> impl Iterator<Item = &'static Board> {
    all().iter().filter(|board| board.arena_grows)
}

impl Board {
    /// Reads the file of a board, which has the file's name without its end.
    ///
    /// # Errors
    /// [`BoardFileError`]: it cannot be read, it has the name of a board of the table, whose firmware would be taken for its
    /// own, or a key is missing, unknown or of another type.
    pub fn read(path: &Path) -> Result<Self, BoardFileError> {
        let file = path.display().to_string();
        let wrong = |what| BoardFileError { file: file.clone(), line: None, what };
        let text = fs::read_to_string(path).map_err(|error| wrong(format!("it cannot be read: {error}")))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if named(&name).is_ok() {
            return Err(wrong(format!("`{name}` is a built-in board: give the file another name")));
        }
        Self::parse(&name, &text).map_err(|error| BoardFileError { file, ..error })
    }

    /// File name of the board's image, the firmware itself if `program` is `firmware`.
    pub fn image(&self, program: &str) -> String {
        format!("{program}-{}.elf", self.name)
    }
}

impl Counts {
    /// The unit, in the plural.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Instructions => "instructions",
            Self::Cycles => "cycles",
        }
    }
}

impl Qemu {
    /// The arguments of the program, without the firmware: its serial line is standard input and output.
    pub fn all_arguments(&self) -> Vec<String> {
        let icount = format!("shift={}", self.icount_shift);
        let common = ["-M", &self.machine, "-icount", &icount, "-display", "none", "-serial", "stdio"];
        let more = ["-monitor", "none", "-no-reboot", "-nodefaults"];
        let common = common.into_iter().chain(more).map(str::to_owned);
        common.chain(self.arguments.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_a_board_and_the_default_comes_first() {
        assert_eq!(all().len(), FILES.len());
        assert_eq!(all()[0].name, DEFAULT);
    }

    #[test]
    fn a_mistyped_key_is_named_with_its_file_and_line() {
        let (name, text) = FILES[0];
        let at = text.lines().position(|line| line.starts_with("target = ")).unwrap() + 1;
        let error = Board::parse(name, &text.replace("\ntarget = ", "\ntargt = ")).unwrap_err().to_string();
        assert!(error.starts_with(&format!("boards/{name}.toml, line {at}: unknown field `targt`, ")), "{error}");
        let cut = text.lines().filter(|line| !line.starts_with("ram")).collect::<Vec<_>>().join("\n");
        let error = Board::parse(name, &cut).unwrap_err().to_string();
        assert!(error.starts_with(&format!("boards/{name}.toml")) && error.ends_with("missing field `ram`"), "{error}");
    }

    #[test]
    fn a_board_is_given_by_name_or_by_file() {
        assert_eq!(given(DEFAULT).unwrap().name, DEFAULT);
        let said = given("mine").unwrap_err().to_string();
        assert!(
            said.starts_with("unknown board `mine`; there are: x86-mcu, ") && said.ends_with(" (or FILE.toml)"),
            "{said}"
        );
        let own = concat!(env!("OUT_DIR"), "/mine.toml");
        fs::write(own, FILES[0].1).unwrap();
        assert_eq!(*given(own).unwrap(), Board { name: "mine".to_owned(), ..named(FILES[0].0).unwrap().clone() });
        let said = given("no/mine.toml").unwrap_err().to_string();
        assert!(said.starts_with("no/mine.toml: it cannot be read: "), "{said}");
        let said = given(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap_err().to_string();
        assert!(said.starts_with(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml, line ")), "{said}");
    }

    #[test]
    fn a_file_has_no_name_of_the_table() {
        for (name, _) in FILES {
            let path = format!("{}/boards/{name}.toml", env!("CARGO_MANIFEST_DIR"));
            let said = given(&path).unwrap_err().to_string();
            assert_eq!(said, format!("{path}: `{name}` is a built-in board: give the file another name"));
        }
    }

    #[test]
    fn a_firmware_is_built_where_its_board_is_known() {
        assert_eq!(build_command("virt"), "`cargo xtask firmware --board virt`");
        assert_eq!(build_command("mine"), "`cargo build --release` in its folder");
    }

    #[test]
    fn stack_and_arena_fit_the_memory() {
        for board in all() {
            let stack_bytes = if board.stack_origin.is_some() { 0 } else { board.stack_bytes };
            let taken = stack_bytes + board.arena_bytes + 3 * board.body_bytes;
            assert!(taken < board.ram.bytes, "{}: {taken} of {}", board.name, board.ram.bytes);
        }
    }

    #[test]
    fn a_board_is_emulated_or_hardware() {
        for board in all() {
            assert!(board.qemu.is_some() != board.hardware.is_some(), "{}", board.name);
        }
    }

    #[test]
    fn network_and_store_lie_in_the_memory_that_is_theirs() {
        for &Board { ref name, flash, network, ram, store, arena_bytes, .. } in all() {
            if let Some(network) = network {
                assert!(network.origin > flash.origin && network.origin.is_multiple_of(8), "{name}");
                assert!(network.origin + network.bytes <= flash.origin + flash.bytes, "{name}");
            }
            if let Some(store) = store {
                assert_eq!(store.origin + store.bytes, ram.origin + ram.bytes, "{name}: the store ends the RAM");
                assert!(
                    store.bytes.is_multiple_of(0x2000) && store.bytes < arena_bytes,
                    "{name}: two slots of whole blocks"
                );
            }
        }
    }

    #[test]
    fn boards_are_found_by_name() {
        let error = named("arduino").unwrap_err().to_string();
        assert!(error.starts_with("unknown board `arduino`; there are: x86-mcu, "), "{error}");
        assert_eq!(that_grow().map(|board| board.name.as_str()).collect::<Vec<_>>(), [DEFAULT]);
    }

    #[test]
    fn the_bare_pc_starts_as_isapc() {
        let arguments = named(DEFAULT).unwrap().qemu.as_ref().unwrap().all_arguments().join(" ");
        assert_eq!(
            arguments,
            "-M isapc -icount shift=0 -display none -serial stdio -monitor none -no-reboot -nodefaults -cpu pentium -m 16 \
             -device isa-debug-exit,iobase=0xf4,iosize=4"
        );
    }
}
