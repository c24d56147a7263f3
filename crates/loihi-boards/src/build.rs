//! The build script of a firmware: which board, its memory map, its constants, how it is linked.

use super::{Board, all};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What both linkers and both start-up crates want: the crates add the folders of these scripts to the search path.
const ARGUMENTS: [&str; 4] = ["-Tlink.x", "-Tdefmt.x", "--nmagic", "--gc-sections"];

/// The feature of a firmware that keeps what it learns.
const STORE_FEATURE: &str = "CARGO_FEATURE_STORE";

/// Writes `memory.x` and `board.rs` of the board whose feature is on, or of the only one of the package, and links all
/// programs with them. The feature `store` sets the board's store aside. Does nothing in a build for a host, or for
/// processors of another kind.
///
/// # Errors
/// The features name no board of this package or several, or a store that the board lacks, or a file cannot be written.
pub fn run(package: &str, processor: &str) -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    if variable("CARGO_CFG_TARGET_OS")? != "none" || variable("CARGO_CFG_TARGET_ARCH")? != processor {
        return Ok(());
    }
    link_for(&write_constants(package)?)
}

/// The same for a board of one's own, from its file, whose path is relative to the package's folder.
///
/// # Errors
/// The file is wrong, it has no store for the feature `store`, or a file cannot be written.
pub fn run_file(file: &str) -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={file}");
    let board = with_features(&Board::read(Path::new(file)).map_err(io::Error::other)?)?;
    write_board(&board)?;
    link_for(&board)
}

/// Writes `memory.x`, and links all programs with it.
fn link_for(board: &Board) -> io::Result<()> {
    let folder = PathBuf::from(variable("OUT_DIR")?);
    fs::write(folder.join("memory.x"), board.memory_script())?;
    let search = format!("-L{}", folder.display());
    let arguments = [[search.as_str()].as_slice(), &ARGUMENTS].concat();
    // Before the folders of a chip's crate, which may have a memory map, too.
    println!("cargo::rustc-link-search={}", folder.display());
    for argument in &arguments {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
    // For the build script of a firmware with programs of a user's.
    println!("cargo::metadata=LINK_ARGUMENTS={}", arguments.join(" "));
    Ok(())
}

/// Writes `board.rs` alone, for a board whose chip's crate has a memory map and a start of its own.
///
/// # Errors
/// The features name no board of this package or several, or the file cannot be written.
pub fn write_constants(package: &str) -> io::Result<Board> {
    let board = with_features(chosen(package)?)?;
    write_board(&board)?;
    Ok(board)
}

/// Writes `board.rs`, the board's data as constants.
fn write_board(board: &Board) -> io::Result<()> {
    fs::write(PathBuf::from(variable("OUT_DIR")?).join("board.rs"), board.constants())
}

/// Links the programs of a package as the board of the firmware that they are made from wants it: for the build script of a
/// program outside of that firmware's package. A host build needs nothing.
///
/// # Errors
/// It does not run in a build script.
pub fn link() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    if variable("CARGO_CFG_TARGET_OS")? != "none" {
        return Ok(());
    }
    for firmware in ["X86_MCU", "CORTEX_M_BOARD", "RISCV_BOARD"] {
        let arguments = env::var(format!("DEP_{firmware}_LINK_ARGUMENTS")).unwrap_or_default();
        for argument in arguments.split_whitespace() {
            println!("cargo::rustc-link-arg-bins={argument}");
        }
    }
    Ok(())
}

/// Whether the feature of a board of this package is on.
pub fn is_chosen(package: &str) -> bool {
    all().iter().any(|board| board.firmware == package && is_on(board))
}

fn is_on(board: &Board) -> bool {
    let feature = board.name.to_uppercase().replace('-', "_");
    env::var_os(format!("CARGO_FEATURE_{feature}")).is_some()
}

/// The board of this package: the only one, or the one whose feature is on.
fn chosen(package: &str) -> io::Result<&'static Board> {
    let all: Vec<&Board> = all().iter().filter(|board| board.firmware == package).collect();
    if let [board] = all[..] {
        return Ok(board);
    }
    let mut boards = all.into_iter().filter(|board| is_on(board));
    match (boards.next(), boards.next()) {
        (Some(board), None) => Ok(board),
        (None, _) => Err(io::Error::other(format!("{package} is built for one board: give its name as `--features`"))),
        _ => Err(io::Error::other(format!("{package} is built for one board at a time: give one as `--features`"))),
    }
}

/// The board with its store if the features want one, and without it if not.
fn with_features(board: &Board) -> io::Result<Board> {
    if env::var_os(STORE_FEATURE).is_none() {
        return Ok(board.without_store());
    }
    let none = || io::Error::other(format!("{} has no store: give one in its file", board.name));
    board.store.is_some().then(|| board.clone()).ok_or_else(none)
}

fn variable(name: &str) -> io::Result<String> {
    env::var(name).map_err(|error| io::Error::other(format!("{name}: {error}")))
}
