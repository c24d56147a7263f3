//! The folder in which data sets are kept.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The environment's word for the folder.
pub const VARIABLE: &str = "LOIHI_DATA";

/// Nothing says where data sets are kept.
#[derive(Debug, thiserror::Error)]
#[error("there is no folder for data sets, since there is no home folder: give one by --data DIR or by {VARIABLE}")]
pub struct NoFolder;

/// The folder that is given, else `$LOIHI_DATA`, else `open-loihi` in `$XDG_CACHE_HOME` or in `~/.cache`.
///
/// # Errors
/// [`NoFolder`] if there is no home either.
pub fn data_folder(given: Option<&Path>) -> Result<PathBuf, NoFolder> {
    choose(given, env::var_os(VARIABLE), env::var_os("XDG_CACHE_HOME"), env::home_dir()).ok_or(NoFolder)
}

fn choose(
    given: Option<&Path>,
    variable: Option<OsString>,
    cache: Option<OsString>,
    home: Option<PathBuf>,
) -> Option<PathBuf> {
    let named = given.map(Path::to_owned).or_else(|| variable.filter(|text| !text.is_empty()).map(PathBuf::from));
    named.or_else(|| {
        // The rules of XDG: a path that is not absolute is ignored.
        let cache = cache.map(PathBuf::from).filter(|cache| cache.is_absolute());
        let home = home.filter(|home| home.is_absolute()).map(|home| home.join(".cache"));
        cache.or(home).map(|cache| cache.join("open-loihi"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_counts() {
        let chosen = |given: Option<&str>, variable: Option<&str>, cache: Option<&str>, home: Option<&str>| {
            let chosen =
                choose(given.map(Path::new), variable.map(Into::into), cache.map(Into::into), home.map(Into::into));
            chosen.map(|path| path.to_str().unwrap().to_owned())
        };
        let (all, home) = ((Some("a"), Some("b"), Some("/c")), Some("/h"));
        assert_eq!(chosen(all.0, all.1, all.2, home).unwrap(), "a");
        assert_eq!(chosen(None, all.1, all.2, home).unwrap(), "b");
        assert_eq!(chosen(None, Some(""), all.2, home).unwrap(), "/c/open-loihi");
        assert_eq!(chosen(None, None, Some("relative"), home).unwrap(), "/h/.cache/open-loihi");
        assert_eq!(chosen(None, None, None, home).unwrap(), "/h/.cache/open-loihi");
        assert_eq!(chosen(None, None, None, None), None);
    }
}
