//! Brings a machine to the point where firmware and page can be built and run, and everything tested.
//!
//! Nothing is done when nothing is missing, which takes a fraction of a second to find out.

use std::fmt::Display;
use std::process::Command;

use anyhow::{Context, Result, bail};
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

const PYTHON: Program =
    Program { what: "Python, makes the samples of the tutorial in the tests", name: "python3", package: "python3" };

/// What is said while setting up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// One line for each tool.
    Everything,
    /// Only what had to be installed.
    Changes,
}

/// What a build for a target needs.
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
    for program in emulators()?.into_iter().chain([&VALGRIND, &BROWSER, &DRIVER, &PYTHON]) {
        found.push(say(program.what, program.version().as_ref()));
    }
    for target in targets().into_iter().chain([toolchain::PAGE]) {
        found.push(say(&format!("compiler for {target}"), toolchain::compiler(target).as_ref()));
        found.push(say(&format!("linker for {target}"), toolchain::linker(target).as_ref()));
    }
    if found.contains(&false) {
        bail!("something is missing: `cargo xtask setup` installs it");
    }
    Ok(())
}

/// Installs what is missing for the firmware, for the page in the browser and for the tests, and says what it does.
///
/// # Errors
///
/// When something is missing and cannot be installed; the message says what to do by hand.
pub(crate) fn install(detail: Detail) -> Result<()> {
    for program in emulators()? {
        program.install(detail)?;
    }
    for target in targets().into_iter().chain([toolchain::PAGE]) {
        install_for_target(detail, target)?;
    }
    install_for_tests(detail)
}

/// The targets of the boards in QEMU; those of hardware are installed when its firmware is built.
fn targets() -> Vec<&'static str> {
    let emulated = loihi_boards::all().iter().filter(|board| board.qemu.is_some());
    let mut targets: Vec<&str> = emulated.map(|board| board.target.as_str()).collect();
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
    [VALGRIND, BROWSER, DRIVER, PYTHON].iter().try_for_each(|program| program.install(detail))
}

/// Installs what is missing for the firmware of a board, and for running it.
///
/// # Errors
///
/// Those of [`install`].
pub(crate) fn install_for_firmware(detail: Detail, board: &Board) -> Result<Tools> {
    if let Some(program) = emulator(board)? {
        program.install(detail)?;
    }
    install_for_target(detail, &board.target)
}

/// The emulators of all boards.
fn emulators() -> Result<Vec<&'static Program>> {
    let all = loihi_boards::all().iter().map(emulator).collect::<Result<Vec<_>>>()?;
    Ok(QEMU.iter().filter(|program| all.iter().flatten().any(|own| own.name == program.name)).collect())
}

/// The emulator of a board, if it has one.
fn emulator(board: &Board) -> Result<Option<&'static Program>> {
    let Some(qemu) = &board.qemu else { return Ok(None) };
    let known = QEMU.iter().find(|program| program.name == qemu.program).with_context(|| {
        let (name, program) = (&board.name, &qemu.program);
        format!("boards/{name}.toml: no package is known for {program}: give it a row of `QEMU` in xtask/src/setup.rs")
    })?;
    Ok(Some(known))
}

/// Installs a compiler and a linker for a target.
///
/// # Errors
///
/// Those of [`install`].
pub(crate) fn install_for_target(detail: Detail, target: &str) -> Result<Tools> {
    let everything = detail == Detail::Everything;
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
fn install_compiler(target: &str) -> Result<Compiler> {
    println!("compiler for {target}: missing; needs one that has `core` for this target, or its sources");
    if on_search_path("rustup").is_some() {
        for arguments in [["target", "add", target], ["component", "add", "rust-src"]] {
            // Rust knows no target of this project's own.
            if toolchain::description(target).is_some() && arguments.contains(&target) {
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
        None => bail!("LLVM's linker is still not on the search path; install it by hand"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_emulator_has_a_package_and_one_without_is_named() -> Result<()> {
        assert_eq!(emulators()?.len(), QEMU.len());
        let mut board = loihi_boards::default().clone();
        board.name = "mine".to_owned();
        if let Some(qemu) = &mut board.qemu {
            qemu.program = "qemu-system-avr".to_owned();
        }
        let said = emulator(&board).map(drop).map_err(|error| error.to_string());
        let expected = "boards/mine.toml: no package is known for qemu-system-avr: ";
        assert!(said.as_ref().is_err_and(|said| said.starts_with(expected)), "{said:?}");
        board.qemu = None;
        assert!(emulator(&board)?.is_none());
        Ok(())
    }
}
