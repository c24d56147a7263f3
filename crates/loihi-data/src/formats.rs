//! The format of a file, looked up in the table of formats.

use super::FORMATS;
use super::format::Format;
use std::path::Path;

/// The format of a file, by its name or by how it begins.
pub fn format_of(path: &Path, start: &[u8]) -> Option<&'static Format> {
    let by_name = FORMATS.iter().find(|format| format.is_of(path));
    by_name.or_else(|| FORMATS.iter().find(|format| format.begins.iter().any(|begins| start.starts_with(begins))))
}

/// Files that can be read, for messages: `.bs2, .bin, … files, …`.
pub(crate) fn readable() -> String {
    let endings = |is_in_folders: bool| {
        let formats = FORMATS.iter().filter(|format| format.is_in_folders == is_in_folders);
        formats.flat_map(|format| format.endings).map(|ending| format!(".{ending}")).collect::<Vec<_>>().join(", ")
    };
    let (one, many) = (endings(true), endings(false));
    format!(
        "{one} files, alone or in folders and archives, {many} files, only alone, and IDX files with labels in a folder"
    )
}

#[cfg(test)]
mod tests {
    use super::super::options::DataOptions;
    use super::super::wav;
    use super::*;

    #[test]
    fn every_ending_and_start_is_that_of_one_format() {
        for (at, format) in FORMATS.iter().enumerate() {
            assert!(
                !format.about.is_empty()
                    && (!format.endings.is_empty() || format.name == "idx" || format.name == "cifar-batch")
            );
            for other in &FORMATS[at + 1..] {
                assert!(format.endings.iter().all(|ending| !other.endings.contains(ending)), "{}", other.name);
                assert!(format.name != other.name, "{}", other.name);
            }
        }
        let off = wav::FORMAT.needs("audio", false).read(b"RIFF", 1, &DataOptions::default()).unwrap_err().to_string();
        assert_eq!(off, "files of the format wav need the feature `audio`, without which this program was built");
        let of = |path: &str, start: &[u8]| format_of(Path::new(path), start).map(|format| format.name);
        assert_eq!(of("a/train-images-idx3-ubyte.gz", b""), Some("idx"));
        assert_eq!((of("data_batch_3.bin", b""), of("00003.bin", b"")), (Some("cifar-batch"), Some("bin")));
        assert_eq!(of("A.AEDAT4", b""), Some("aedat"));
        assert_eq!((of("recording", b"#!AER-DAT3.1\r\n"), of("notes", b"hello")), (Some("aedat"), None));
    }
}
