//! Builds the firmware images, board by board.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use loihi_boards::Board;

use crate::command::{printed, run};
use crate::setup::{self, Detail, Tools};
use crate::{paths, toolchain};

/// The program that is the firmware itself.
pub(crate) const FIRMWARE: &str = "firmware";
/// The firmware of the example with a rule of its own.
const OWN_RULE: &str = "own-rule";

/// A program that is built for boards.
struct Program {
    /// What its images are called.
    name: &'static str,
    /// Its package; `None`: that of the board's firmware.
    package: Option<&'static str>,
    /// Whether it keeps what it learns, and is only for boards that have a store. Such a program is built apart, since memory
    /// is divided in another way for it.
    keeps: bool,
}

/// Everything that is built for a board: a rule of one's own is a row; one program has faults, for a test of their reports.
const PROGRAMS: [Program; 4] = [
    Program { name: FIRMWARE, package: None, keeps: false },
    Program { name: "fault", package: None, keeps: false },
    Program { name: OWN_RULE, package: Some(OWN_RULE), keeps: false },
    Program { name: "standalone", package: Some("firmware-standalone"), keeps: true },
];

/// Where a program of a board is found by the host and by the tests.
pub(crate) fn image(program: &str, board: &Board) -> PathBuf {
    paths::images().join(board.image(program))
}

/// The example of a board outside of the table, and its file.
const OWN_BOARD: &str = "examples/own-board";
const OWN_BOARD_FILE: &str = "lm3s6965evb.toml";

/// The board of the example.
///
/// # Errors
///
/// When its file is wrong.
pub(crate) fn own_board() -> Result<Board> {
    Ok(Board::read(&paths::root().join(OWN_BOARD).join(OWN_BOARD_FILE))?)
}

/// Whether a board is in the table, and not that of the example.
fn is_listed(board: &Board) -> bool {
    loihi_boards::named(&board.name).is_ok()
}

/// The boards that QEMU emulates: all tests take them.
pub(crate) fn emulated() -> Vec<&'static Board> {
    loihi_boards::all().iter().filter(|board| board.qemu.is_some()).collect()
}

/// The boards that people own.
pub(crate) fn hardware() -> Vec<&'static Board> {
    loihi_boards::all().iter().filter(|board| board.qemu.is_none()).collect()
}

/// Builds all images of these boards into `target/firmware`, setting the machine up first where needed.
///
/// `features` of `loihi-core` take the place of those that each board has in its file.
///
/// # Errors
///
/// When the set-up or the build fails. No image of an earlier build is left then.
pub(crate) fn build(boards: &[&Board], features: &[String]) -> Result<()> {
    for board in boards {
        let features = if features.is_empty() { &board.features } else { features };
        build_board(board, features).with_context(|| format!("the firmware of {} does not build", board.name))?;
        println!("firmware: {}", image(FIRMWARE, board).display());
    }
    Ok(())
}

fn build_board(board: &Board, features: &[String]) -> Result<()> {
    if !is_listed(board) && *board != own_board()? {
        bail!("it is a board of your own: build it in its folder, by `cargo build --release`");
    }
    let programs = programs(board);
    for program in &programs {
        paths::remove(&image(program.name, board))?;
    }
    if board.name == loihi_boards::DEFAULT {
        // It holds an earlier build.
        paths::remove(&paths::cd())?;
    }
    let tools = setup::install_for_firmware(Detail::Changes, board)?;
    for programs in groups(board) {
        run(&mut compile("build", &tools, board, &programs, features))?;
        programs.into_iter().try_for_each(|program| publish(program.name, board))?;
    }
    Ok(())
}

/// What is built for a board: for hardware and the example the firmware alone, and what keeps its state where there is a
/// store.
fn programs(board: &Board) -> Vec<&'static Program> {
    let emulated = board.qemu.is_some() && is_listed(board);
    let has = |program: &&Program| program.name == FIRMWARE || emulated && (!program.keeps || board.store.is_some());
    PROGRAMS.iter().filter(has).collect()
}

/// The same, by what is built at once.
fn groups(board: &Board) -> Vec<Vec<&'static Program>> {
    let (keep, others): (Vec<_>, Vec<_>) = programs(board).into_iter().partition(|program| program.keeps);
    [others, keep].into_iter().filter(|programs| !programs.is_empty()).collect()
}

/// The commands that lint the programs of a board, with those parts of their workspace that are compiled for the board only.
/// `None` where `cargo clippy` belongs to another compiler than the one that can build for the board.
///
/// # Errors
///
/// When the set-up fails.
pub(crate) fn lints(board: &Board) -> Result<Option<Vec<Command>>> {
    let tools = setup::install_for_firmware(Detail::Changes, board)?;
    if !toolchain::is_in_use(&tools.compiler) {
        return Ok(None);
    }
    let lint = |programs: Vec<&Program>| {
        let mut command = compile("clippy", &tools, board, &programs, &board.features);
        command.args(["--", "--deny", "warnings"]);
        command
    };
    let mut commands: Vec<Command> = groups(board).into_iter().map(lint).collect();
    if board.hardware.is_some() && board.target.starts_with("thumb") {
        // Cargo lints no package of another workspace: what Cortex-M boards of hardware share is linted in its own, for no board.
        let mut shared = for_target("clippy", &tools, board);
        shared.current_dir(paths::root()).args(["--package", SHARED, "--lib", "--", "--deny", "warnings"]);
        commands.push(shared);
    }
    Ok(Some(commands))
}

/// Builds the firmware of a board with these features of `loihi-core`, and returns its bytes; what others find in
/// `target/firmware` stays as it is.
///
/// # Errors
///
/// When the set-up or the build fails.
pub(crate) fn build_aside(board: &Board, features: &[String]) -> Result<Vec<u8>> {
    let tools = setup::install_for_firmware(Detail::Changes, board)?;
    let firmware: Vec<&Program> = PROGRAMS.iter().filter(|program| program.name == FIRMWARE).collect();
    run(&mut compile("build", &tools, board, &firmware, features))?;
    let built = built(FIRMWARE, board);
    fs::read(&built).with_context(|| format!("cannot read {}", built.display()))
}

/// Cargo keeps apart what this build makes: it may be of another compiler.
fn build_folder() -> PathBuf {
    paths::target().join("firmware-build")
}

/// The package that all Cortex-M boards share.
const SHARED: &str = "firmware-cortex-m";

/// What the packages of firmware end in, and the programs in them.
fn family(board: &Board) -> &str {
    board.firmware.strip_prefix("firmware-").unwrap_or(&board.firmware)
}

/// The workspace that the firmware belongs to: a board that someone owns has a package of its own in another one, and so has
/// that of the example.
fn workspace(board: &Board) -> PathBuf {
    let root = paths::root();
    match &board.qemu {
        _ if !is_listed(board) => root.join(OWN_BOARD),
        Some(_) => root.to_owned(),
        None => root.join("firmware-boards").join(&board.name),
    }
}

/// The command of cargo, `build` or `clippy`, for programs of a board, with features of `loihi-core`.
fn compile(subcommand: &str, tools: &Tools, board: &Board, programs: &[&Program], features: &[String]) -> Command {
    let mut command = for_target(subcommand, tools, board);
    command.current_dir(workspace(board));
    for program in programs {
        let package = program.package.unwrap_or(&board.firmware);
        command.args(["--package", package, "--bin", &format!("{}-{}", program.name, family(board))]);
    }
    for feature in features {
        command.args(["--features", &format!("loihi-core/{feature}")]);
    }
    // A firmware with the name of its board is for no other.
    if family(board) != board.name {
        command.args(["--features", &format!("{}/{}", board.firmware, board.name)]);
    }
    command
}

/// A command of cargo with the compiler, the linker and the profile of a board, and nothing chosen yet.
fn for_target(subcommand: &str, tools: &Tools, board: &Board) -> Command {
    let mut flags = vec![format!("-Clinker={}", tools.linker.program.display())];
    flags.extend(tools.linker.flags.iter().map(|&flag| flag.to_owned()));

    let mut command = Command::new(paths::cargo());
    command
        .args([subcommand, "--quiet", "--profile", &board.profile, "--no-default-features"])
        .arg("--target-dir")
        .arg(build_folder())
        .env("RUSTC", &tools.compiler.program)
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
        // Meant for the host's compiler.
        .env_remove("RUSTFLAGS")
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTC_WORKSPACE_WRAPPER");
    command.arg("--target");
    if let Some(description) = toolchain::description(&board.target) {
        command.arg(description);
        if wants_permission_for_json() {
            command.arg("-Zjson-target-spec");
        }
    } else {
        command.arg(&board.target);
    }
    if !tools.compiler.has_core {
        // Building `core` is an unstable feature, which this allows a stable compiler.
        command.arg("-Zbuild-std=core").env("RUSTC_BOOTSTRAP", "1");
    }
    if std::env::var_os("DEFMT_LOG").is_none() {
        command.env("DEFMT_LOG", "info");
    }
    command
}

/// Newer cargos take a target description only with a flag that older ones do not know.
fn wants_permission_for_json() -> bool {
    let mut help = Command::new(paths::cargo());
    help.args(["-Z", "help"]).env("RUSTC_BOOTSTRAP", "1");
    printed(&mut help).is_some_and(|flags| flags.contains("json-target-spec"))
}

/// Where cargo leaves a program of a board.
fn built(program: &str, board: &Board) -> PathBuf {
    build_folder().join(&board.target).join(&board.profile).join(format!("{program}-{}", family(board)))
}

/// Puts a finished image where it is looked for.
fn publish(program: &str, board: &Board) -> Result<()> {
    let built = built(program, board);
    paths::replace(&image(program, board), |aside| {
        fs::copy(&built, aside).map(drop).with_context(|| format!("cannot read {}", built.display()))
    })
}
