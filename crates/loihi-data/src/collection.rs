//! One door: the name of a data set, a file, an archive or a folder, opened and read split by split.

use super::error::DataError;
use super::files::{self, extension, name_of};
use super::format::{Content, Format};
use super::formats::{format_of, readable};
use super::labels::{self, Labels};
use super::legend::Legend;
use super::listing::{FOLDERS, Layout, Listing, has_split_folders};
use super::options::DataOptions;
use super::package::Package;
use super::sample::Sample;
use super::sets::{DATA_SETS, DataSet, Origin};
use super::{cifar, idx};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Layouts of folders; the first that fits is that of a folder.
const LAYOUTS: [Layout; 3] = [cifar::IMAGES, idx::PAIRS, cifar::BATCHES];

/// Samples that were found, and are read when they are asked for.
#[derive(Clone, Debug)]
pub struct Collection {
    /// What was opened.
    path: PathBuf,
    set: Option<&'static DataSet>,
    options: DataOptions,
    source: Source,
    splits: Vec<String>,
}

/// Where samples are.
#[derive(Clone, Debug)]
enum Source {
    /// In this crate.
    BuiltIn(fn(u32, &str) -> Vec<Sample>),
    /// In a file.
    File,
    /// In files that belong together; of a data set they must be its own.
    Layout(Listing, Layout, Option<&'static Package>),
    /// In a file each, in a folder for each split if there are splits.
    Files(Listing),
}

/// Opens data: the name of a data set ([`DATA_SETS`](super::DATA_SETS)), a file of one of the [`FORMATS`](super::FORMATS),
/// an archive (`.tar`, `.tar.gz`, `.tgz`) or a folder. A name comes before a file or folder
/// of that name, which is given as `./NAME`.
///
/// | what | splits | labels |
/// |---|---|---|
/// | a data set | `train`, `test` | its own |
/// | a folder with `PREFIX-…-idx3-ubyte` and `PREFIX-labels-idx1-ubyte`, plain or `.gz` | the prefixes | the file of labels |
/// | a folder with CIFAR-10, as it is fetched or as its authors distribute it | `train`, `test` | its own |
/// | a folder or archive with the folders `train` and `test` | these | as below |
/// | a folder or archive of files, a sample each | none | `labels.txt` (name, white space, class), else a folder a class, else the first number in the name |
/// | a file | none | its own, else the first number in its name |
///
/// # Errors
/// [`DataError`]. Files are read later, by [`Collection::samples`].
pub fn open(what: impl AsRef<Path>, options: &DataOptions) -> Result<Collection, DataError> {
    let path = what.as_ref();
    let set = path.to_str().and_then(DataSet::of);
    let (path, package) = match set.map(|set| (set, set.origin)) {
        Some((set, Origin::BuiltIn(samples))) => {
            let splits = ["test", "train"].map(str::to_owned).to_vec();
            let (path, options, source) = (path.to_owned(), options.clone(), Source::BuiltIn(samples));
            return Ok(Collection { path, set: Some(set), options, source, splits });
        }
        Some((_, Origin::Fetched(package))) => (DataSet::folder(package, options)?, Some(package)),
        None => (path.to_owned(), None),
    };
    let (source, splits) = if path.is_dir() {
        of_listing(Listing::of_folder(&path)?, package)
    } else if matches!(extension(&path).as_str(), "tar" | "tgz") {
        of_listing(Listing::of_archive(&path, is_of_samples)?, package)
    } else {
        // That it is missing is said before anything else is done.
        std::fs::metadata(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound if path.components().count() == 1 => {
                DataError::Unknown { path: path.clone(), sets: DATA_SETS.map(|set| set.name).to_vec() }
            }
            _ => DataError::read(&path)(error),
        })?;
        (Source::File, Vec::new())
    };
    Ok(Collection { path, set, options: options.clone(), source, splits })
}

fn of_listing(listing: Listing, package: Option<&'static Package>) -> (Source, Vec<String>) {
    let layout = LAYOUTS.iter().find_map(|layout| Some((layout, (layout.splits)(&listing)?)));
    if let Some((layout, splits)) = layout {
        return (Source::Layout(listing, *layout, package), splits);
    }
    let splits = if has_split_folders(&listing) { FOLDERS.map(str::to_owned).to_vec() } else { Vec::new() };
    (Source::Files(listing), splits)
}

impl Collection {
    /// Where its files are, or the name of a data set that is built in.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its splits in alphabetical order; none if its samples are not divided.
    pub fn splits(&self) -> &[String] {
        &self.splits
    }

    /// The split to read: `named` if it is given, else `unnamed`; all samples of data without splits.
    ///
    /// # Errors
    /// [`DataError::NoSplits`] if a split is named and the data have none.
    pub fn split<'s>(&self, named: Option<&'s str>, unnamed: &'s str) -> Result<&'s str, DataError> {
        match named {
            Some(split) if self.splits.is_empty() => {
                Err(DataError::NoSplits { path: self.path.clone(), split: split.to_owned() })
            }
            Some(split) => Ok(split),
            None if self.splits.is_empty() => Ok(""),
            None => Ok(unnamed),
        }
    }

    /// Reads at most the first `most` samples of a split, with values of 0 to 255, or with real numbers as they are if
    /// [`DataOptions::reals`] asks for them. Samples that are not divided are of every split.
    ///
    /// # Errors
    /// [`DataError`] names the file, and where in it; also if there are no samples.
    pub fn samples(&self, split: &str, most: usize) -> Result<Vec<Sample>, DataError> {
        Ok(self.samples_and_legend(split, most)?.0)
    }

    /// The same, and what their file says of all of them.
    ///
    /// # Errors
    /// As [`Collection::samples`].
    pub fn samples_and_legend(&self, split: &str, most: usize) -> Result<(Vec<Sample>, Legend), DataError> {
        let from = self.full_scale();
        let (samples, legend) = self.as_they_are(split, most)?;
        Ok((samples.into_iter().map(|sample| sample.rescaled(from, u8::MAX)).collect(), legend))
    }

    /// The data set whose name was opened.
    pub const fn set(&self) -> Option<&'static DataSet> {
        self.set
    }

    /// The largest value of samples as they are: 255, or that of the data set. It does not hold for real numbers of arrays
    /// and CSV files.
    pub fn full_scale(&self) -> u8 {
        self.set.map_or(u8::MAX, |set| set.full_scale)
    }

    /// Reads samples with values of 0 to [`Collection::full_scale`], or with real numbers, and what their file says of all of
    /// them.
    ///
    /// # Errors
    /// As [`Collection::samples`].
    pub fn as_they_are(&self, split: &str, most: usize) -> Result<(Vec<Sample>, Legend), DataError> {
        let mut legend = Legend::default();
        let mut samples = match &self.source {
            Source::BuiltIn(samples) => samples(self.options.seed, split),
            Source::File => {
                let (samples, own) = self.of_file(most)?;
                legend = own;
                samples
            }
            Source::Layout(listing, layout, package) => {
                let samples = (layout.read)(listing, split, most)?;
                if let Some(package) = package {
                    let other = |error| DataError::Other { path: self.path.clone(), error };
                    package.check(&samples).map_err(other)?;
                }
                samples
            }
            Source::Files(listing) if self.splits.is_empty() => of_files(listing, &[listing], &self.options)?,
            Source::Files(listing) => {
                let all = FOLDERS.map(|folder| listing.below(folder));
                match FOLDERS.iter().zip(&all).find(|(folder, _)| **folder == split) {
                    Some((_, own)) => of_files(own, &all.each_ref(), &self.options)?,
                    None => Vec::new(),
                }
            }
        };
        if samples.is_empty() {
            let (path, split) = (self.path.clone(), split.to_owned());
            return Err(DataError::Nothing { path, split, formats: readable() });
        }
        samples.truncate(most);
        if let Some(column) = &self.options.stage_column
            && let Some(without) = samples.iter().find(|sample| sample.stage.is_none())
        {
            let (path, sample) = (self.path.clone(), without.name.clone());
            return Err(DataError::NoStage { path, sample, column: column.clone() });
        }
        if self.options.reals {
            samples = samples.into_iter().map(Sample::with_reals).collect();
        }
        Ok((samples, legend))
    }

    fn of_file(&self, most: usize) -> Result<(Vec<Sample>, Legend), DataError> {
        let path = &*self.path;
        let bytes = files::read(path)?;
        let Some(format) = format_of(path, &bytes) else { return Ok((Vec::new(), Legend::default())) };
        Ok(match content(format, path, &bytes, most, &self.options)? {
            // The folder in which a file alone lies is not a class.
            Content::One(data) => {
                let name = name_of(path);
                let label = labels::number_in(&name);
                (vec![Sample::new(name, data).labelled(label)], Legend::default())
            }
            Content::Many(samples, legend) => (samples, legend),
        })
    }
}

fn content(
    format: &Format,
    path: &Path,
    bytes: &[u8],
    most: usize,
    options: &DataOptions,
) -> Result<Content, DataError> {
    format.read(bytes, most, options).map_err(|error| DataError::format(path, error))
}

/// Whether a file is or may be a sample, or says the classes of others, by its name.
fn is_of_samples(path: &Path) -> bool {
    format_of(path, &[]).is_some_and(|format| format.is_in_folders || format.name == cifar::FORMAT.name)
        || name_of(path) == labels::LIST
}

/// Samples in the order of their names. Folders that are classes count in all listings.
fn of_files(listing: &Listing, all: &[&Listing], options: &DataOptions) -> Result<Vec<Sample>, DataError> {
    let is_sample = |path: &&Path| format_of(path, &[]).is_some_and(|format| format.is_in_folders);
    let (mut samples, mut of_many) = (Vec::new(), None);
    for path in listing.paths() {
        let Some(format) = format_of(path, &[]) else { continue };
        let read = || content(format, path, &listing.read(path)?, usize::MAX, options);
        match format.is_in_folders.then(read).transpose()? {
            Some(Content::One(data)) => samples.push((path, data)),
            Some(Content::Many(..)) | None => of_many = of_many.or(Some(path)),
        }
    }
    if let Some(path) = of_many.filter(|_| samples.is_empty()) {
        return Err(DataError::OfMany { path: path.to_owned() });
    }
    let lists = listing.paths().filter(|path| name_of(path) == labels::LIST);
    let lists = lists.map(|path| Ok((path, listing.read(path)?))).collect::<Result<Vec<_>, DataError>>()?;
    let own: Vec<&Path> = samples.iter().map(|(path, _)| *path).collect();
    let others =
        all.iter().filter(|other| other.root != listing.root).flat_map(|other| other.paths().filter(is_sample));
    let paths: Vec<&Path> = own.into_iter().chain(others).collect();
    let roots: Vec<&Path> = all.iter().map(|listing| listing.root.as_path()).collect();
    let labels = Labels::of(&lists, &paths, &roots)?;
    let sample = |(path, data)| Sample::new(name_of(path), data).labelled(labels.get(path));
    Ok(samples.into_iter().map(sample).collect())
}
