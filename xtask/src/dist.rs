//! `cargo xtask dist`: the program and its Debian package, in `dist/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::command::{line, printed, run};
use crate::deb::Package;
use crate::firmware::{self, FIRMWARE};
use crate::{licences, paths, toolchain};

/// The workspace profile of what is given away.
const PROFILE: &str = "dist";
/// The package and the program in it.
const CRATE: &str = "host-harness";
const PROGRAM: &str = "loihi";
/// What the Debian package is called.
pub(crate) const NAME: &str = "open-loihi";
/// Each shell that `loihi completions` knows, and where Debian's looks for completions of a program.
const COMPLETIONS: [[&str; 2]; 3] = [
    ["bash", "usr/share/bash-completion/completions/loihi"],
    ["zsh", "usr/share/zsh/vendor-completions/_loihi"],
    ["fish", "usr/share/fish/vendor_completions.d/loihi.fish"],
];

/// Makes the program and its package, with a firmware that is built for it, and returns the package.
///
/// The package is the same for the same sources and compiler: its files are sorted, belong to root, and are as old as
/// the commit, or as `SOURCE_DATE_EPOCH` says.
///
/// # Errors
///
/// When the firmware or the program cannot be built, or the program does not write its completions and manual.
pub(crate) fn make() -> Result<PathBuf> {
    firmware::build(&[loihi_boards::default()], &[])?;
    let built = build()?;
    let folder = paths::root().join("dist");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let program = folder.join(PROGRAM);
    fs::copy(&built, &program).with_context(|| format!("cannot write {}", program.display()))?;
    println!("program: {}", program.display());

    let package = gather(&program)?;
    let file = folder.join(package.file_name());
    fs::write(&file, package.bytes(time()?)?).with_context(|| format!("cannot write {}", file.display()))?;
    println!("package: {}", file.display());
    Ok(file)
}

/// Builds the program with all its features.
fn build() -> Result<PathBuf> {
    let mut command = Command::new(paths::cargo());
    command
        .current_dir(paths::root())
        .args(["build", "--quiet", "--profile", PROFILE, "--package", CRATE, "--bin", PROGRAM, "--all-features"])
        .env("CARGO_ENCODED_RUSTFLAGS", remapped().join("\u{1f}"))
        .env_remove("RUSTFLAGS");
    run(&mut command).context("the program does not build")?;
    Ok(paths::target().join(PROFILE).join(PROGRAM))
}

/// Flags by which the program names its sources independently of where they lie on this machine.
pub(crate) fn remapped() -> Vec<String> {
    let folders =
        [(paths::cargo_home(), "cargo"), (toolchain::folder(), "rust"), (Some(paths::root().to_owned()), NAME)];
    let known = folders.into_iter().filter_map(|(folder, name)| Some((folder?, name)));
    known.map(|(folder, name)| format!("--remap-path-prefix={}=/{name}", folder.display())).collect()
}

/// All files of the package.
fn gather(program: &Path) -> Result<Package> {
    let mut package = Package::new(NAME, &fs::read(program)?)?;
    let board = loihi_boards::default();
    package.add(&format!("usr/share/loihi/{}", board.image(FIRMWARE)), fs::read(firmware::image(FIRMWARE, board))?);
    for [shell, path] in COMPLETIONS {
        let mut command = Command::new(program);
        let text = printed(command.args(["completions", shell]));
        package.add(path, text.with_context(|| format!("`{}` fails", line(&command)))?.into_bytes());
    }
    add_manual(&mut package, program)?;
    add_documents(&mut package)?;
    Ok(package)
}

/// The manual pages, as the program writes them.
fn add_manual(package: &mut Package, program: &Path) -> Result<()> {
    let folder = paths::target().join(PROFILE).join("man");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut command = Command::new(program);
    printed(command.arg("man").arg(&folder)).with_context(|| format!("`{}` fails", line(&command)))?;
    let pages = files(&folder)?;
    ensure!(!pages.is_empty(), "`{PROGRAM} man` has written no page into {}", folder.display());
    for page in pages {
        package.add_packed(&format!("usr/share/man/man1/{}", file_name(&page)), &fs::read(&page)?)?;
    }
    Ok(())
}

/// Folders of the book's pages.
const PAGES: [&str; 6] =
    ["docs", "docs/coming-from", "docs/decisions", "docs/reference", "docs/specification", "docs/tutorial"];

/// The README, what it refers to, and the licences.
fn add_documents(package: &mut Package) -> Result<()> {
    let root = paths::root();
    let documents = format!("usr/share/doc/{NAME}");
    for page in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md"] {
        package.add_packed(&format!("{documents}/{page}"), &fs::read(root.join(page))?)?;
    }
    for folder in PAGES {
        let mut pages = files(&root.join(folder))?;
        pages.retain(|page| page.extension().is_some_and(|ending| ending == "md"));
        for page in pages {
            package.add_packed(&format!("{documents}/{folder}/{}", file_name(&page)), &fs::read(&page)?)?;
        }
    }
    let network = "examples/mnist_fc128.nir";
    package.add(&format!("{documents}/{network}"), fs::read(root.join(network))?);
    package.add(&format!("{documents}/copyright"), licences::own()?.into_bytes());
    package.add_packed(&format!("{documents}/crates.txt"), licences::of_crates(CRATE)?.as_bytes())
}

/// The files of a folder, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.retain(|path| path.is_file());
    files.sort();
    Ok(files)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The time of every file, in seconds since 1970.
fn time() -> Result<u64> {
    let commit = || {
        let mut git = Command::new("git");
        printed(git.current_dir(paths::root()).args(["log", "-1", "--format=%ct"]))
    };
    let text = std::env::var("SOURCE_DATE_EPOCH").ok().or_else(commit).unwrap_or_else(|| "0".to_owned());
    text.trim().parse().with_context(|| format!("SOURCE_DATE_EPOCH is {text:?}, expected seconds since 1970"))
}
