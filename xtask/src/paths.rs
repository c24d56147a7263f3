//! Where things are.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};

/// The workspace's folder.
pub(crate) fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// The cargo that runs this program.
pub(crate) fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Where cargo keeps what it has built.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// Where finished firmware images are found by the host and by the tests, whatever cargo's
/// target folder is.
pub(crate) fn images() -> PathBuf {
    root().join("target").join("firmware")
}

/// Where the image of a CD with the firmware of the bare PC is made, unless told otherwise, and where tests look for it.
pub(crate) fn cd() -> PathBuf {
    images().join(format!("{}.iso", loihi_boards::DEFAULT))
}

/// Writes a text to a file, as [`replace`] does.
///
/// # Errors
///
/// When it cannot be written.
pub(crate) fn write(file: &Path, text: &str) -> Result<()> {
    replace(file, |aside| Ok(fs::write(aside, text)?))
}

/// Writes a file beside its place and renames it, so that nobody sees half of it; creates its folder.
///
/// # Errors
///
/// When it cannot be written or renamed.
pub(crate) fn replace(file: &Path, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let cannot = || format!("cannot write {}", file.display());
    let aside = file.with_extension("new");
    fs::create_dir_all(file.parent().unwrap_or(file)).with_context(cannot)?;
    make(&aside).with_context(cannot)?;
    fs::rename(&aside, file).with_context(cannot)
}

/// Removes a file, if there is one.
///
/// # Errors
///
/// When it is there and cannot be removed.
pub(crate) fn remove(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot replace {}", file.display()))
        }
        _ => Ok(()),
    }
}

/// The first file called `program` on the search path.
pub(crate) fn on_search_path(program: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Where cargo keeps what it has fetched.
pub(crate) fn cargo_home() -> Option<PathBuf> {
    env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cargo")))
}
