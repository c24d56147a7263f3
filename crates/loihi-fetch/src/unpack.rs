//! Unpacks the package of a data set into its folder.

use super::cache::{SUMS, sum_line};
use super::checksum::Summing;
use flate2::read::GzDecoder;
use loihi_data::package::{Form, Package};
use lzma_rust2::XzReader;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

/// The member of a Debian package that has its files.
const DEBIAN_DATA: &[u8] = b"data.tar.xz";
/// Memory that unpacking may take.
const XZ_KIB_MAX: u32 = 1 << 18;

/// Why a package was not unpacked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnpackError {
    /// The package cannot be read.
    #[error("the package cannot be unpacked: {0}")]
    Package(io::Error),
    /// The package lacks a file.
    #[error("the package has no file {0}")]
    Lacks(String),
    /// A file cannot be written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// Unpacks the files of a data set, each written aside; what was there is replaced when all of them are written.
///
/// # Errors
/// [`UnpackError`]; then nothing that was there has changed, unless renaming failed.
pub fn unpack(package: &Package, packed: impl Read, folder: &Path) -> Result<(), UnpackError> {
    fs::create_dir_all(folder).map_err(|error| UnpackError::File { path: folder.to_owned(), error })?;
    let unpacked = write_aside(package, packed, folder).and_then(|sums| rename_all(package, folder, &sums));
    if unpacked.is_err() {
        for name in package.files {
            // The error that is reported is the first one.
            let _removed = fs::remove_file(atomic_file(folder, name));
        }
    }
    unpacked
}

fn atomic_file(folder: &Path, name: &str) -> PathBuf {
    loihi_files::atomic_file::name(&folder.join(name))
}

/// Writes the files aside and returns the text of their checksums.
fn write_aside(package: &Package, packed: impl Read, folder: &Path) -> Result<String, UnpackError> {
    let packed = BufReader::new(packed);
    match package.form {
        Form::Npm => write_files(package, GzDecoder::new(packed), folder),
        Form::Debian => {
            let mut members = ar::Archive::new(packed);
            while let Some(member) = members.next_entry() {
                let member = member.map_err(UnpackError::Package)?;
                if member.header().identifier() == DEBIAN_DATA {
                    return write_files(package, XzReader::new_mem_limit(member, false, XZ_KIB_MAX), folder);
                }
            }
            Err(UnpackError::Lacks(String::from_utf8_lossy(DEBIAN_DATA).into_owned()))
        }
    }
}

/// Writes the files of a tar archive aside.
fn write_files(package: &Package, tar: impl Read, folder: &Path) -> Result<String, UnpackError> {
    let mut archive = tar::Archive::new(tar);
    let mut sums = vec![None; package.files.len()];
    for entry in archive.entries().map_err(UnpackError::Package)? {
        let mut entry = entry.map_err(UnpackError::Package)?;
        let path = entry.path().map_err(UnpackError::Package)?.into_owned();
        // Debian's begin with `./`.
        let plain = path.strip_prefix(".").unwrap_or(&path);
        let wanted = package.files.iter().position(|name| plain == Path::new(package.folder).join(name));
        let Some(number) = wanted.filter(|_| entry.header().entry_type().is_file()) else { continue };
        let name = package.files[number];
        let to = atomic_file(folder, name);
        let fails = |error| UnpackError::File { path: to.clone(), error };
        let mut file = Summing::new(File::create(&to).map_err(fails)?);
        io::copy(&mut entry, &mut file).map_err(fails)?;
        sums[number] = Some(sum_line(file.finish(), name));
    }
    let mut text = String::new();
    for (sum, name) in sums.into_iter().zip(package.files) {
        text += &sum.ok_or_else(|| UnpackError::Lacks(format!("{}/{name}", package.folder)))?;
        text.push('\n');
    }
    Ok(text)
}

/// Puts the files in their places; between the first and the last there are no checksums, so the set is absent.
fn rename_all(package: &Package, folder: &Path, sums: &str) -> Result<(), UnpackError> {
    let sums_path = folder.join(SUMS);
    let fails = |path: &Path, error| UnpackError::File { path: path.to_owned(), error };
    match fs::remove_file(&sums_path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fails(&sums_path, error)),
        _ => {}
    }
    for name in package.files {
        let path = folder.join(name);
        fs::rename(atomic_file(folder, name), &path).map_err(|error| fails(&path, error))?;
    }
    loihi_files::atomic_file::write(&sums_path, sums.as_bytes()).map_err(|error| fails(&sums_path, error))
}

#[cfg(test)]
mod tests {
    use super::super::cache::{State, state};
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use loihi_data::package::PACKAGES;

    const PACKAGE: Package = {
        let mut package = PACKAGES[0];
        package.files = &["a", "b"];
        package
    };

    fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, name, *bytes).unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn only_the_named_files_are_unpacked_and_damage_is_noticed() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("set");
        assert_eq!(state(&PACKAGE, &folder), State::Absent);
        let package = packed(&[
            ("package/data/a", b"one"),
            ("package/run.sh", b"no"),
            ("other/b", b"no"),
            ("package/data/b", b""),
        ]);
        unpack(&PACKAGE, &package[..], &folder).unwrap();
        assert_eq!(names(&folder), [SUMS, "a", "b"]);
        assert_eq!(fs::read(folder.join("a")).unwrap(), b"one");
        assert_eq!(state(&PACKAGE, &folder), State::Whole);

        fs::write(folder.join("a"), "onf").unwrap();
        assert_eq!(state(&PACKAGE, &folder), State::Damaged("a does not match its checksum".to_owned()));
        fs::remove_file(folder.join("a")).unwrap();
        assert_eq!(state(&PACKAGE, &folder), State::Damaged("a cannot be read".to_owned()));
        unpack(&PACKAGE, &package[..], &folder).unwrap();
        assert_eq!(state(&PACKAGE, &folder), State::Whole);
    }

    /// `data.tar.xz` of [`DEBIAN`]: `./share/a` is `one`, `./share/b` is `two`; made by tar and xz.
    const DATA_TAR_XZ: &[u8] = &[
        253, 55, 122, 88, 90, 0, 0, 4, 230, 214, 180, 70, 2, 0, 33, 1, 22, 0, 0, 0, 116, 47, 229, 163, 224, 39, 255, 0,
        107, 93, 0, 23, 11, 202, 230, 233, 137, 228, 207, 75, 184, 1, 5, 113, 122, 102, 27, 112, 231, 34, 41, 115, 175,
        211, 133, 54, 143, 177, 78, 80, 84, 66, 236, 72, 186, 59, 63, 213, 224, 93, 252, 157, 118, 199, 114, 80, 149,
        168, 55, 242, 160, 119, 241, 184, 24, 221, 168, 254, 12, 26, 14, 1, 0, 125, 152, 36, 123, 20, 134, 54, 131,
        252, 58, 56, 51, 2, 130, 50, 191, 125, 226, 74, 53, 126, 51, 44, 103, 33, 139, 149, 243, 203, 250, 140, 156,
        49, 85, 189, 156, 226, 126, 73, 173, 103, 138, 119, 183, 0, 0, 0, 136, 28, 3, 165, 5, 227, 168, 14, 0, 1, 135,
        1, 128, 80, 0, 0, 134, 65, 101, 124, 177, 196, 103, 251, 2, 0, 0, 0, 0, 4, 89, 90,
    ];

    const DEBIAN: Package = {
        let mut package = PACKAGE;
        (package.form, package.folder) = (Form::Debian, "share");
        package
    };

    #[test]
    fn a_debian_package_is_unpacked_and_a_cut_one_is_not() {
        let temporary = tempfile::tempdir().unwrap();
        let of = |members: &[(&[u8], &[u8])]| {
            let mut archive = ar::Builder::new(Vec::new());
            for (name, bytes) in members {
                archive.append(&ar::Header::new(name.to_vec(), bytes.len() as u64), *bytes).unwrap();
            }
            archive.into_inner().unwrap()
        };
        let whole = of(&[(b"debian-binary", b"2.0\n"), (b"control.tar.xz", b"no"), (DEBIAN_DATA, DATA_TAR_XZ)]);
        unpack(&DEBIAN, &whole[..], temporary.path()).unwrap();
        assert_eq!(names(temporary.path()), [SUMS, "a", "b"]);
        assert_eq!(fs::read(temporary.path().join("b")).unwrap(), b"two");
        assert_eq!(state(&DEBIAN, temporary.path()), State::Whole);
        let other = of(&[(b"debian-binary", b"2.0\n")]);
        let said = unpack(&DEBIAN, &other[..], temporary.path()).unwrap_err().to_string();
        assert!(said.contains("data.tar.xz"), "{said}");
        for cut in [0, 7, 100, whole.len() / 2] {
            assert!(unpack(&DEBIAN, &whole[..cut], temporary.path()).is_err(), "cut at {cut}");
        }
        assert_eq!(state(&DEBIAN, temporary.path()), State::Whole);
    }

    #[test]
    fn a_package_that_lacks_something_or_is_cut_changes_nothing() {
        let temporary = tempfile::tempdir().unwrap();
        let whole = packed(&[("package/data/a", b"one"), ("package/data/b", b"two")]);
        unpack(&PACKAGE, &whole[..], temporary.path()).unwrap();
        let lacking = packed(&[("package/data/a", b"new")]);
        let said = unpack(&PACKAGE, &lacking[..], temporary.path()).unwrap_err().to_string();
        assert!(said.contains("package/data/b"), "{said}");
        for cut in [0, 5, whole.len() / 2] {
            assert!(unpack(&PACKAGE, &whole[..cut], temporary.path()).is_err(), "cut at {cut}");
        }
        assert_eq!(names(temporary.path()), [SUMS, "a", "b"]);
        assert_eq!(state(&PACKAGE, temporary.path()), State::Whole);
    }
}
