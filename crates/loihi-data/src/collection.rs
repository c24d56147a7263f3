//! Samples as users have them: a folder, an archive, or a file.
//!
//! | what | labels |
//! |---|---|
//! | a folder, `.tar` or `.tar.gz` of recordings, see [`FORMATS`], of `.wav`, and of `.npy` and `.npz` recordings | `labels.txt` (name, white space, class), else a folder a class, else the first number in the name |
//! | a `.csv` file, a sample a row | in its column |
//! | an `.npy` or `.npz` file of samples, see [`super::arrays`] | in its array `y` or `labels` |
//! | an `.h5` file of the Heidelberg data sets, see [`super::shd`] | in it |
//! | a folder with `PREFIX-images-idx3-ubyte` or `PREFIX-…-idx3-ubyte` and `PREFIX-labels-idx1-ubyte`, plain or `.gz` | in that file |
//! | a folder with CIFAR-10 as it is fetched | in its lists |
//! | an IDX file, plain or `.gz`: its first extent are the samples | none |
//!
//! A path that is not there and is the name of a data set that is built in, or was fetched, is that data set.

use super::events::{Events, EventsError, parse_bin, parse_bs2};
use super::files::{self, Files, extension, name_of, read, read_error};
use super::folder::data_folder;
use super::idx::{self, IdxError};
use super::labels::{self, Labels};
use super::package::PACKAGES;
use super::{aedat, arrays, cifar, digits, prophesee, records, shd, table, wav};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What reads a format of recordings: offset and what is wrong, if anything is.
type Parse = fn(&[u8]) -> Result<Events, (usize, String)>;

/// Formats of recordings of cameras, by extension.
pub const FORMATS: [(&str, Parse); 6] = [
    ("bs2", parse_bs2),
    ("bin", parse_bin),
    ("aedat", aedat::parse),
    ("aedat4", aedat::parse),
    ("raw", prophesee::parse_raw),
    ("dat", prophesee::parse_dat),
];

/// What a sample is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SampleData {
    /// Values, the last extent fastest.
    Values {
        /// Extents.
        shape: Vec<usize>,
        /// As many as the product of the extents.
        values: Vec<u8>,
    },
    /// Events of a sensor.
    Events(Events),
}

/// A sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Its file, or its number in the file.
    pub name: String,
    /// Its class, if it is known.
    pub label: Option<u32>,
    /// What it is.
    pub data: SampleData,
}

/// Why samples cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CollectionError {
    /// A file cannot be read.
    #[error("{}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A data set that has not been fetched.
    #[error("the data set {name} is not here: `loihi data get {name}` fetches it", name = .0.display())]
    NotFetched(PathBuf),
    /// A file of events is damaged.
    #[error(transparent)]
    Events(#[from] EventsError),
    /// An IDX file is damaged.
    #[error(transparent)]
    Idx(#[from] IdxError),
    /// A file of arrays is damaged, or holds none of samples.
    #[error("{}: {what}", path.display())]
    Arrays {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A row of a CSV file is invalid.
    #[error("{}, line {line}: {what}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// A line of labels is invalid.
    #[error("{}, line {line}: expected a name and a class, found `{text}`", path.display())]
    Label {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// The line.
        text: String,
    },
    /// There are not as many labels as samples.
    #[error("{}: {labels} labels for {samples} samples: the files do not belong together", path.display())]
    Count {
        /// The file of labels.
        path: PathBuf,
        /// Labels.
        labels: usize,
        /// Samples.
        samples: usize,
    },
    /// Nothing in it can be read.
    #[error(
        "{}: there is nothing here that can be read; there can be .{}, .wav, .csv, .npy, .npz and .h5 files, and IDX files \
         {prefix}-…-idx3-ubyte",
        path.display(),
        FORMATS.map(|(extension, _)| extension).join(", .")
    )]
    Nothing {
        /// Where.
        path: PathBuf,
        /// What IDX files would begin with.
        prefix: String,
    },
}

/// The path itself; or the folder of a data set that was fetched, if that is its name and there is no such path.
pub fn locate(path: &Path) -> PathBuf {
    let fetched = || {
        let package = PACKAGES.iter().find(|package| path == Path::new(package.name))?;
        let folder = data_folder(None).ok()?.join(package.name);
        folder.is_dir().then_some(folder)
    };
    if path.exists() { path.to_owned() } else { fetched().unwrap_or_else(|| path.to_owned()) }
}

/// Whether a path is the name of the data set that is built in, and nothing else.
pub fn is_built_in(path: &Path) -> bool {
    path == Path::new(digits::NAME) && !path.exists()
}

/// Reads samples; of IDX files those whose names begin with `prefix` (`train`, `test`, `t10k`), of a file that holds them
/// one after the other only the first ones, `most`.
///
/// # Errors
/// [`CollectionError`] names the file, and where in it.
pub fn open(path: &Path, prefix: &str, most: usize) -> Result<Vec<Sample>, CollectionError> {
    if is_built_in(path) {
        return Ok(digits::items(prefix));
    }
    let path = &*locate(path);
    if !path.exists() && PACKAGES.iter().any(|package| path == Path::new(package.name)) {
        return Err(CollectionError::NotFetched(path.to_owned()));
    }
    let items = if cifar::is_in(path) {
        cifar::open(path, prefix)?
    } else if path.is_dir() {
        // MNIST and its kin call their test samples so.
        let found = match (idx_files(path, prefix)?, prefix) {
            (None, "test") => idx_files(path, "t10k")?,
            (found, _) => found,
        };
        match found {
            Some([samples, labels]) => return of_idx(&samples, &labels),
            None => of_files(files::of_folder(path, is_of_samples)?, path, prefix)?,
        }
    } else if matches!(extension(path).as_str(), "tar" | "tgz") {
        of_files(files::of_archive(path, is_of_samples)?, path, prefix)?
    } else if name_of(path).contains("-ubyte") {
        of_idx_alone(path)?
    } else {
        of_file(path, prefix, most)?
    };
    if items.is_empty() {
        return Err(CollectionError::Nothing { path: path.to_owned(), prefix: prefix.to_owned() });
    }
    Ok(items)
}

/// Samples of one file: as many as it has.
fn of_file(path: &Path, prefix: &str, most: usize) -> Result<Vec<Sample>, CollectionError> {
    let bytes = read(path)?;
    let invalid = |what: String| CollectionError::Arrays { path: path.to_owned(), what };
    match extension(path).as_str() {
        "csv" => {
            table::parse(&bytes).map_err(|(line, what)| CollectionError::Row { path: path.to_owned(), line, what })
        }
        "h5" | "hdf5" => shd::parse(bytes, most).map_err(invalid),
        "npy" | "npz" => match records::parse(&bytes).map_err(invalid)? {
            Some(recording) => Ok(vec![Sample {
                name: name_of(path),
                label: labels::number_in(&name_of(path)),
                data: SampleData::Events(recording),
            }]),
            None => arrays::parse(&bytes).map_err(invalid),
        },
        // The folder in which a file alone lies is not a class.
        _ => of_files(vec![(path.to_owned(), bytes)], path.parent().unwrap_or(path), prefix),
    }
}

/// Whether a file of this name can hold samples, or say what they are.
pub fn is_of_samples(path: &Path) -> bool {
    let extension = extension(path);
    FORMATS.iter().any(|(own, _)| *own == extension)
        || matches!(extension.as_str(), "wav" | "npy" | "npz")
        || name_of(path) == labels::LIST
}

/// What a file holds; `None` if it holds no samples.
fn data(path: &Path, bytes: &[u8]) -> Result<Option<SampleData>, CollectionError> {
    let extension = extension(path);
    let at = |fault| EventsError::of(path, fault);
    if let Some((_, parse)) = FORMATS.iter().find(|(own, _)| *own == extension) {
        return Ok(Some(SampleData::Events(parse(bytes).map_err(at)?)));
    }
    match extension.as_str() {
        "wav" => {
            let values = wav::parse(bytes).map_err(at)?;
            Ok(Some(SampleData::Values { shape: vec![wav::FRAMES, wav::CHANNELS], values }))
        }
        "npy" | "npz" => {
            let recording = records::parse(bytes);
            let recording = recording.map_err(|what| CollectionError::Arrays { path: path.to_owned(), what })?;
            Ok(recording.map(SampleData::Events))
        }
        _ => Ok(None),
    }
}

/// Samples in the order of their names.
fn of_files(mut files: Files, path: &Path, prefix: &str) -> Result<Vec<Sample>, CollectionError> {
    files.sort_by(|(a, _), (b, _)| a.cmp(b));
    if let Some(items) = cifar::of_batches(&files, prefix)? {
        return Ok(items);
    }
    let mut contents = Vec::new();
    for (path, bytes) in &files {
        if let Some(data) = data(path, bytes)? {
            contents.push((path, data));
        }
    }
    let samples: Vec<&PathBuf> = contents.iter().map(|(path, _)| *path).collect();
    let labels = Labels::of(&files, &samples, path)?;
    let item = |(path, data): (&PathBuf, SampleData)| Sample { name: name_of(path), label: labels.get(path), data };
    Ok(contents.into_iter().map(item).collect())
}

/// The IDX files of samples and of labels with a prefix.
fn idx_files(folder: &Path, prefix: &str) -> Result<Option<[PathBuf; 2]>, CollectionError> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(read_error(folder))? {
        paths.push(entry.map_err(read_error(folder))?.path());
    }
    paths.sort();
    let find = |wanted: &dyn Fn(&str) -> bool| paths.iter().find(|path| wanted(&name_of(path))).cloned();
    let samples = find(&|name| name.starts_with(prefix) && name.contains("idx3-ubyte"));
    let labels = find(&|name| name.starts_with(prefix) && name.contains("labels") && name.contains("idx1-ubyte"));
    Ok(samples.zip(labels).map(|(samples, labels)| [samples, labels]))
}

/// The parts of a data set in a folder, in alphabetical order: beginnings of IDX files that have labels.
///
/// # Errors
/// [`CollectionError::Read`].
pub fn splits(folder: &Path) -> Result<Vec<String>, CollectionError> {
    if is_built_in(folder) || cifar::is_in(folder) {
        return Ok(["test", "train"].map(str::to_owned).to_vec());
    }
    let mut prefixes = std::collections::BTreeSet::new();
    for entry in fs::read_dir(folder).map_err(read_error(folder))? {
        let name = name_of(&entry.map_err(read_error(folder))?.path());
        if cifar::is_batch(&name) {
            prefixes.insert(if name.starts_with("test") { "test" } else { "train" }.to_owned());
        }
        if let Some((prefix, _)) = name.split_once("-labels-idx1-ubyte") {
            prefixes.insert(prefix.to_owned());
        }
    }
    Ok(prefixes.into_iter().collect())
}

/// Samples of an IDX file without labels.
fn of_idx_alone(path: &Path) -> Result<Vec<Sample>, CollectionError> {
    let values = idx::read(path)?;
    let shape: Vec<usize> = values.dimensions.iter().skip(1).copied().collect();
    let each = shape.iter().product::<usize>().max(1);
    let item = |(number, values): (usize, &[u8])| Sample {
        name: number.to_string(),
        label: None,
        data: SampleData::Values { shape: shape.clone(), values: values.to_vec() },
    };
    Ok(values.values.chunks(each).enumerate().map(item).collect())
}

fn of_idx(samples: &Path, labels: &Path) -> Result<Vec<Sample>, CollectionError> {
    let (values, classes) = (idx::read(samples)?, idx::read(labels)?);
    let count = values.dimensions.first().copied().unwrap_or(0);
    if classes.values.len() != count {
        return Err(CollectionError::Count { path: labels.to_owned(), labels: classes.values.len(), samples: count });
    }
    let shape: Vec<usize> = values.dimensions.iter().skip(1).copied().collect();
    let each = shape.iter().product::<usize>().max(1);
    let items = values.values.chunks(each).zip(&classes.values).enumerate();
    Ok(items
        .map(|(number, (values, label))| Sample {
            name: number.to_string(),
            label: Some(u32::from(*label)),
            data: SampleData::Values { shape: shape.clone(), values: values.to_vec() },
        })
        .collect())
}
