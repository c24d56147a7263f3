//! Puts every file of `boards` into the table, once it was read: one that is wrong does not compile.

#[path = "src/board.rs"]
#[expect(unreachable_pub, reason = "the library uses all of it")]
mod board;

use board::Board;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("boards");
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=src/board.rs");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|end| end == "toml"));
    files.sort();
    let mut table = format!("const FILES: [(&str, &str); {}] = [\n", files.len());
    for file in &files {
        let text = fs::read_to_string(file)?;
        let [name, file] = [file.file_stem().unwrap_or_default(), file.as_os_str()].map(|part| part.to_string_lossy());
        Board::parse(&name, &text).map_err(|error| io::Error::other(error.to_string()))?;
        writeln!(table, "    ({name:?}, include_str!({file:?})),").map_err(io::Error::other)?;
    }
    table.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR").map_err(io::Error::other)?).join("files.rs"), table)
}
