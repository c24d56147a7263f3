//! The folder of one data set: its files, and `SHA512SUMS`, which is written last and shows that they are whole.

use super::checksum::Checksum;
use loihi_data::package::Package;
use loihi_files::whole;
use std::path::Path;

/// Name of the file of checksums, which `sha512sum --check` reads too.
pub const SUMS: &str = "SHA512SUMS";

/// What there is of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// Nothing that was fetched to its end.
    Absent,
    /// All of it, as it was fetched.
    Whole,
    /// It was fetched to its end, but it is not whole any more.
    Damaged(String),
}

/// Reads all files of a data set and compares their checksums.
pub fn state(package: &Package, folder: &Path) -> State {
    let Ok(sums) = whole::text(&folder.join(SUMS)) else {
        return State::Absent;
    };
    for name in package.files {
        let file = whole::open(&folder.join(name), whole::DATA);
        let Ok(sum) = file.and_then(|(file, limit)| Checksum::of(whole::Limited::new(file, limit))) else {
            return State::Damaged(format!("{name} cannot be read"));
        };
        if !sums.lines().any(|line| line == sum_line(sum, name)) {
            return State::Damaged(format!("{name} does not match its checksum"));
        }
    }
    State::Whole
}

/// A line of [`SUMS`].
pub(crate) fn sum_line(sum: Checksum, name: &str) -> String {
    format!("{}  {name}", sum.hexadecimal())
}
