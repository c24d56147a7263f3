//! Finds a compiler and a linker that can build for bare machines, and for the browser.
//!
//! A compiler needs the library `core` for the target, or its sources: no compiler comes with one for the bare x86. Which
//! compiler builds the rest of the workspace does not matter.

use std::env;
use std::fmt::{self, Display, Formatter};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::printed;
use crate::paths::{self, on_search_path};

/// A version as major, minor.
pub(crate) type Version = (u32, u32);

/// The oldest compiler that the workspace builds with, as in its Cargo.toml.
pub(crate) const OLDEST: Version = (1, 93);

/// The target of the page in the browser.
pub(crate) const PAGE: &str = "wasm32-unknown-unknown";

/// A compiler with `core` for a target, or with the sources of its libraries.
#[derive(Debug)]
pub(crate) struct Compiler {
    pub(crate) program: PathBuf,
    /// As the compiler tells it, for example `rustc 1.96.0 (ac68faa20 2026-05-25)`.
    pub(crate) title: String,
    /// Whether `core` for the target is installed; else it is built from its sources.
    pub(crate) has_core: bool,
}

impl Display for Compiler {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at {}", self.title, self.program.display())
    }
}

/// A linker for images of a target, with what the compiler must be told about it.
#[derive(Debug)]
pub(crate) struct Linker {
    pub(crate) program: PathBuf,
    /// Compiler flags that go with it.
    pub(crate) flags: &'static [&'static str],
}

impl Display for Linker {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        self.program.display().fmt(formatter)
    }
}

/// The first compiler that is new enough and has `core` for the target or its sources: the usual one, then those of the
/// distribution.
pub(crate) fn compiler(target: &str) -> Option<Compiler> {
    candidates().into_iter().find_map(|program| {
        let title = printed(Command::new(&program).arg("--version"))?.trim().to_owned();
        let version = parse_version(title.strip_prefix("rustc ")?)?;
        let libraries = sysroot(&program)?.join("lib/rustlib");
        let has_core = libraries.join(target).join("lib").is_dir();
        let has_sources = libraries.join("src/rust/library/core/Cargo.toml").is_file();
        (version >= OLDEST && (has_core || has_sources)).then_some(Compiler { program, title, has_core })
    })
}

/// The file that describes a target of this project's own to the compiler; `None` for targets that the compiler knows.
pub(crate) fn description(target: &str) -> Option<PathBuf> {
    let boards = loihi_boards::all().iter().filter(|board| board.target == target);
    let files = boards.map(|board| paths::root().join(&board.firmware).join(target).with_extension("json"));
    files.into_iter().find(|file| file.is_file())
}

/// Programs that may be such a compiler, the most wanted first.
fn candidates() -> Vec<PathBuf> {
    let named = env::var_os("RUSTC").map(PathBuf::from);
    let mut versioned: Vec<_> = fs::read_dir("/usr/bin")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().starts_with("/usr/bin/rustc-1."))
        .collect();
    versioned.sort();
    let packaged = PathBuf::from("/usr/bin/rustc");
    named
        .into_iter()
        .chain(on_search_path("rustc"))
        .chain(Some(packaged))
        .chain(versioned.into_iter().rev())
        .filter(|path| path.is_file())
        .collect()
}

/// The folder of the compiler that cargo uses.
pub(crate) fn folder() -> Option<PathBuf> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    sysroot(Path::new(&rustc))
}

/// Whether the compiler that cargo uses comes with `core` for a target.
pub(crate) fn has_core(target: &str) -> bool {
    folder().is_some_and(|folder| folder.join("lib/rustlib").join(target).join("lib").is_dir())
}

/// Whether a compiler is the one that cargo uses, with its lints.
pub(crate) fn is_in_use(compiler: &Compiler) -> bool {
    sysroot(&compiler.program) == folder()
}

fn sysroot(rustc: &Path) -> Option<PathBuf> {
    let folder = printed(Command::new(rustc).args(["--print", "sysroot"]))?;
    Some(PathBuf::from(folder.trim()))
}

/// The version at the start of `text`, for example of `1.96.0+dfsg1-1`.
pub(crate) fn parse_version(text: &str) -> Option<Version> {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// The first linker for a target: the one that comes with a compiler, LLVM's from the distribution, then, for x86, GNU's.
pub(crate) fn linker(target: &str) -> Option<Linker> {
    if let Some(program) = bundled_linker() {
        return Some(Linker { program, flags: &[] });
    }
    if let Some(program) = on_search_path(if target == PAGE { "wasm-ld" } else { "ld.lld" }) {
        return Some(Linker { program, flags: &[] });
    }
    let program = on_search_path("ld").filter(|_| target.starts_with("i586"))?;
    let emulations = printed(Command::new(&program).arg("-V"))?;
    emulations
        .contains("elf_i386")
        .then_some(Linker { program, flags: &["-Clinker-flavor=ld", "-Clink-arg=-melf_i386"] })
}

/// `rust-lld`, which rustup installs beside the compiler.
fn bundled_linker() -> Option<PathBuf> {
    candidates().iter().find_map(|rustc| {
        let about = printed(Command::new(rustc).arg("-vV"))?;
        let host = about.lines().find_map(|line| line.strip_prefix("host: "))?;
        let program = sysroot(rustc)?.join("lib/rustlib").join(host).join("bin/rust-lld");
        program.is_file().then_some(program)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bare_x86_has_a_description() {
        for board in loihi_boards::all() {
            assert_eq!(description(&board.target).is_some(), board.name == loihi_boards::DEFAULT, "{}", board.name);
        }
        assert_eq!(description(PAGE), None);
    }
}
