//! Brings a machine to the point where the firmware can be built and run, and everything tested.
//!
//! Nothing is done when nothing is missing, which takes a fraction of a second to find out.

use std::fmt::Display;
use std::process::Command;

use anyhow::{Result, bail};
use loihi_boards::Board;

use crate::apt;
use crate::command::{announced, printed};
use crate::paths::on_search_path;
use crate::toolchain::{self, Compiler, Linker};

/// A program of the distribution that only has to be there.
struct Program {
    what: &'static str,
    name: &'static str,
    /// What Debian and its relatives call its package.
    package: &'static str,
}

const QEMU: [Program; 3] = [
    Program { what: "QEMU, runs the firmware", name: "qemu-system-i386", package: "qemu-system-x86" },
    Program { what: "QEMU, runs that of Arm boards", name: "qemu-system-arm", package: "qemu-system-arm" },
    Program { what: "QEMU, runs that of RISC-V boards", name: "qemu-system-riscv32", package: "qemu-system-misc" },
];
const VALGRIND: Program =
    Program { what: "valgrind, counts instructions in the tests", name: "valgrind", package: "valgrind" };
const BROWSER: Program =
    Program { what: "Chromium, opens the page in the tests", name: "chromium", package: "chromium" };
const DRIVER: Program =
    Program { what: "driver of Chromium, for the tests", name: "chromedriver", package: "chromium-driver" };

/// What is said while setting up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// One line for each tool.
    Everything,
    /// Only what had to be installed.
    Changes,
}

/// What a firmware build needs.
pub(crate) struct Tools {
    pub(crate) compiler: Compiler,
    pub(crate) linker: Linker,
}

/// Says what is there and what is missing, one line for each tool.
///
/// # Errors
///
/// When something is missing.
pub(crate) fn check() -> Result<()> {
    let mut found = Vec::new();
    for program in QEMU.iter().chain([&VALGRIND, &BROWSER, &DRIVER]) {
        found.push(say(program.what, program.version().as_ref()));
    }
    for target in targets() {
        found.push(say(&format!("compiler for {target}"), toolchain::compiler(target).as_ref()));
        found.push(say(&format!("linker for {target}"), toolchain::linker(target).as_ref()));
    }
    if found.contains(&false) {
        bail!("something is missing: `cargo xtask setup` installs it");
    }
    Ok(())
}

/// Installs what is missing for the firmware and for the tests, and says what it does.
///
/// # Errors
///
/// When something is missing and cannot be installed; the message says what to do by hand.
pub(crate) fn install(detail: Detail) -> Result<()> {
    for target in targets() {
        let board = loihi_boards::all().iter().find(|board| board.target == target);
        board.map_or(Ok(()), |board| install_for_firmware(detail, board).map(drop))?;
    }
    install_for_tests(detail)
}

/// The targets of all boards.
fn targets() -> Vec<&'static str> {
    let mut targets: Vec<&str> = loihi_boards::all().iter().map(|board| board.target.as_str()).collect();
    targets.sort_unstable();
    targets.dedup();
    targets
}

/// Installs what is missing for the tests besides the firmware.
///
/// # Errors
///
/// Those of [`install`].
pub(crate) fn install_for_tests(detail: Detail) -> Result<()> {
    [VALGRIND, BROWSER, DRIVER].iter().try_for_each(|program| program.install(detail))
}

/// Installs what is missing for the firmware of a board, and for running it.
///
/// # Errors
///
/// Those of [`install`].
pub(crate) fn install_for_firmware(detail: Detail, board: &Board) -> Result<Tools> {
    let everything = detail == Detail::Everything;
    let emulator = board.qemu.as_ref().and_then(|qemu| QEMU.iter().find(|program| program.name == qemu.program));
    emulator.map_or(Ok(()), |program| program.install(detail))?;

    let target = &board.target;
    let compiler = match toolchain::compiler(target) {
        Some(compiler) => compiler,
        None => install_compiler(target)?,
    };
    if everything {
        say(&format!("compiler for {target}"), Some(&compiler));
    }

    let linker = match toolchain::linker(target) {
        Some(linker) => linker,
        None => install_linker(target)?,
    };
    if everything {
        say(&format!("linker for {target}"), Some(&linker));
    }
    Ok(Tools { compiler, linker })
}

/// Installs `core` for the compiler in use or, failing that, its sources, or another compiler with its.
pub(crate) fn install_compiler(target: &str) -> Result<Compiler> {
    println!("compiler for {target}: missing, it takes one with the library `core` for it, or with its sources");
    if on_search_path("rustup").is_some() {
        for arguments in [["target", "add", target], ["component", "add", "rust-src"]] {
            // Rust knows no target of this project's own.
            if target == loihi_boards::default().target && arguments.contains(&target) {
                continue;
            }
            let mut command = Command::new("rustup");
            command.args(arguments);
            if announced(&mut command).is_ok()
                && let Some(compiler) = toolchain::compiler(target)
            {
                return Ok(compiler);
            }
        }
        println!("  rustup cannot, so the distribution's packages must do");
    }
    if apt::is_here() {
        if apt::compiler_packages().is_none() {
            apt::refresh()?;
        }
        if let Some(packages) = apt::compiler_packages() {
            apt::install(&packages)?;
        }
        if let Some(compiler) = toolchain::compiler(target) {
            return Ok(compiler);
        }
    }
    let (major, minor) = toolchain::OLDEST;
    bail!(
        "no compiler for {target} can be had: neither rustup nor apt offers Rust {major}.{minor} \
         or newer with its library sources; with a network, install Rust from https://rustup.rs and \
         run `rustup component add rust-src`"
    );
}

fn install_linker(target: &str) -> Result<Linker> {
    println!("linker for {target}: missing, will be installed");
    apt::install(&["lld".to_owned()])?;
    match toolchain::linker(target) {
        Some(linker) => Ok(linker),
        None => bail!("ld.lld is still not on the search path; install LLVM's linker by hand"),
    }
}

impl Program {
    /// The first line of what it says about itself.
    fn version(&self) -> Option<String> {
        let about = printed(Command::new(self.name).arg("--version"))?;
        about.lines().next().map(str::to_owned)
    }

    fn install(&self, detail: Detail) -> Result<()> {
        let Self { what, name, package } = self;
        if self.version().is_none() {
            println!("{what}: missing, will be installed");
            apt::install(&[(*package).to_owned()])?;
        }
        let Some(version) = self.version() else {
            bail!("{name} is still not on the search path; install {package} or what your system calls it by hand");
        };
        if detail == Detail::Everything {
            say(what, Some(&version));
        }
        Ok(())
    }
}

/// Prints the line of one tool and returns whether it was found.
fn say<T: Display>(what: &str, found: Option<&T>) -> bool {
    match found {
        Some(found) => println!("{what}: {found}"),
        None => println!("{what}: missing"),
    }
    found.is_some()
}
