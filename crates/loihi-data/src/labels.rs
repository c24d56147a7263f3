//! Classes of samples that are files: from a list, from the folders they lie in, or from their names; and which are missing.

use super::error::{DataError, FormatError};
use super::files::name_of;
use super::sample::Sample;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The file that lists them, a line of name, white space and class each.
pub(super) const LIST: &str = "labels.txt";

/// Where classes come from.
pub(super) struct Labels {
    /// By the name of a file, before its first dot; empty: there is no list.
    listed: BTreeMap<String, u32>,
    /// By the name of a folder.
    folders: BTreeMap<String, u32>,
}

impl Labels {
    /// Those of samples, by lists and by folders other than `roots`.
    ///
    /// # Errors
    /// A line of a list is invalid.
    pub(super) fn of(lists: &[(&Path, Vec<u8>)], samples: &[&Path], roots: &[&Path]) -> Result<Self, DataError> {
        let mut listed = BTreeMap::new();
        for (path, bytes) in lists {
            read(path, bytes, &mut listed)?;
        }
        Ok(Self { listed, folders: folders(samples, roots) })
    }

    /// The class of a file: in the list, if there is one; else that of its folder, else the number in its name.
    pub(super) fn get(&self, path: &Path) -> Option<u32> {
        let name = name_of(path);
        if !self.listed.is_empty() {
            return self.listed.get(name.split('.').next()?).copied();
        }
        let parent = path.parent().map(name_of).unwrap_or_default();
        self.folders.get(&parent).copied().or_else(|| number_in(&name))
    }
}

/// The first number in the name of a file, before its first dot.
pub(super) fn number_in(name: &str) -> Option<u32> {
    let stem = name.split('.').next()?;
    let number = stem.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    number.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

fn read(path: &Path, bytes: &[u8], listed: &mut BTreeMap<String, u32>) -> Result<(), DataError> {
    for (number, text) in String::from_utf8_lossy(bytes).lines().enumerate() {
        let mut words = text.split_whitespace();
        let pair = words.next().zip(words.next().and_then(|class| class.parse().ok()));
        match pair {
            Some((name, class)) => {
                listed.insert(name.split('.').next().unwrap_or(name).to_owned(), class);
            }
            None if text.trim().is_empty() => {}
            None => {
                let invalid = FormatError::in_line(number + 1, format!("`{text}` is not a name and a class"));
                return Err(DataError::format(path, invalid));
            }
        }
    }
    Ok(())
}

/// If all samples are one folder down: the folders in alphabetical order, or by their number if all are numbers.
fn folders(samples: &[&Path], roots: &[&Path]) -> BTreeMap<String, u32> {
    let parents = samples.iter().filter_map(|sample| sample.parent());
    let names: Vec<String> = parents.filter(|parent| !roots.contains(parent)).map(name_of).collect();
    if names.len() < samples.len() {
        return BTreeMap::new();
    }
    let ordered: BTreeSet<String> = names.into_iter().collect();
    let by_number: Option<BTreeMap<String, u32>> =
        ordered.iter().map(|name| Some((name.clone(), name.parse().ok()?))).collect();
    by_number.unwrap_or_else(|| ordered.into_iter().zip(0..).collect())
}

/// A warning if the classes of a training set look wrong: all samples are of one class, classes count from 1, or more than
/// half of them have no samples.
///
/// ```
/// use loihi_data::{Sample, classes_missing};
///
/// let samples = |labels: &[u32]| -> Vec<Sample> {
///     labels.iter().map(|label| Sample::values("", &[1], vec![0]).labelled(*label)).collect()
/// };
/// assert_eq!(classes_missing(&samples(&[0, 1, 3])), None);
/// assert_eq!(classes_missing(&samples(&[2, 2])).as_deref(), Some("all samples are of class 2"));
/// let missing = classes_missing(&samples(&[1, 2, 3]));
/// assert_eq!(missing.as_deref(), Some("class 0 has no samples: classes count from 0"));
/// let missing = classes_missing(&samples(&[0, 1, 2, 17]));
/// assert_eq!(missing.as_deref(), Some("of the classes 0 to 17 only 4 have samples: is one of them wrong?"));
/// ```
pub fn classes_missing(samples: &[Sample]) -> Option<String> {
    let classes: BTreeSet<u32> = samples.iter().filter_map(|sample| sample.label).collect();
    match (classes.first()?, classes.len()) {
        (only, 1) => Some(format!("all samples are of class {only}")),
        (1, _) => Some("class 0 has no samples: classes count from 0".to_owned()),
        (_, there) => {
            let largest = *classes.last()?;
            let is_sparse = largest as usize >= 2 * there;
            is_sparse.then(|| format!("of the classes 0 to {largest} only {there} have samples: is one of them wrong?"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn labels(list: Option<&str>, samples: &[&str]) -> Vec<Option<u32>> {
        let lists: Vec<_> =
            list.into_iter().map(|text| (Path::new("/s/labels.txt"), text.as_bytes().to_vec())).collect();
        let paths: Vec<PathBuf> = samples.iter().map(|sample| Path::new("/s").join(sample)).collect();
        let borrowed: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
        let labels = Labels::of(&lists, &borrowed, &[Path::new("/s")]).unwrap();
        paths.iter().map(|path| labels.get(path)).collect()
    }

    #[test]
    fn classes_come_from_a_list_folders_or_names() {
        assert_eq!(labels(Some("a 3\nb.bs2\t1\n\n"), &["a.bs2", "b.bs2", "c5.bs2"]), [Some(3), Some(1), None]);
        assert_eq!(labels(None, &["x/1.bs2", "w/2.bs2"]), [Some(1), Some(0)]);
        assert_eq!(labels(None, &["7/1.bs2", "5/2.bs2"]), [Some(7), Some(5)]);
        assert_eq!(labels(None, &["user02_3.bs2", "none.bs2"]), [Some(2), None]);
        assert_eq!(labels(None, &["4.bs2", "x/5.bs2"]), [Some(4), Some(5)], "not all are in folders");
    }
}
