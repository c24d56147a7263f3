//! The run folder: what ran, what came out, what was learned.
//!
//! | file | what |
//! |---|---|
//! | `manifest.toml` | experiment, device, seed, versions, image hash, steps; `finished = false` until the run has ended |
//! | `README.txt` | what each file is |
//! | `network.txt` | what there is to know of a network from a file |
//! | `populations.csv`, `neurons.npy` | who is on the chip, see [`neurons`] |
//! | `utilisation.csv`, `ops.csv` | what each core holds; exact counts |
//! | `spikes.npy`, `probe-LABEL.npy`, `weights-*.npy` | see [`crate::samples`] |
//! | `metrics.csv` | one line per row of metrics, written as they come |
//! | `learned.bin` | learned state, for `--learned` |
//! | `checkpoint.bin` | where an unfinished run stood, and all state of its device, for `--resume` |
//! | `log.txt` | log lines of the device, if there were any |
//!
//! `metrics.csv` and `log.txt` grow line by line; every other file is written aside and then renamed, so that what can
//! be seen is whole.

pub mod checkpoint;
pub mod neurons;
pub(crate) mod read;
mod readme;
pub mod score;

use crate::aside;
use crate::limits::usage::usage;
use crate::whole;
use checkpoint::Checkpoint;
use loihi_core::image::Image;
use loihi_core::ops::OpCounts;
use loihi_core::wire::frame::CRC;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Why something could not be recorded or read back.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The folder that should hold the run folder is not there.
    #[error("the folder {} does not exist: create it, or choose another place for --out", .0.display())]
    NoParent(PathBuf),
    /// The run folder holds something else.
    #[error("{} is not an empty folder: choose another place for --out", .0.display())]
    Occupied(PathBuf),
    /// A file cannot be written or read.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file of learned state is none, or is damaged.
    #[error("{}: {why}", path.display())]
    Learned {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A file of a checkpoint is none, or is damaged.
    #[error("{}: {why}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Learned state of another network.
    #[error(
        "what is given belongs to another network (image {found:016x}, this run has {expected:016x}): give --learned or --resume a run \
         of the same experiment and seed"
    )]
    OtherImage {
        /// Hash of the image of this run.
        expected: u64,
        /// Hash of the image that learned.
        found: u64,
    },
}

/// `manifest.toml`.
#[derive(Clone, Debug, Serialize)]
pub struct Manifest {
    /// Name of the experiment.
    pub experiment: String,
    /// Name of the device.
    pub device: String,
    /// What the device says of its board.
    pub board: String,
    /// The seed.
    pub seed: u32,
    /// Duration of a step in milliseconds; steps are the truth, this is for labels.
    pub dt_ms: f64,
    /// The command that ran.
    pub command: String,
    /// What is sampled, as `--probe` takes it.
    pub probes: Vec<String>,
    /// The commit of the repository in which the run was started, if it is in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Version of this program.
    pub version: String,
    /// Version of the protocol.
    pub protocol_version: u16,
    /// Schema of the protocol, as 16 hexadecimal digits.
    pub schema: String,
    /// Version of the image's layout.
    pub image_version: u32,
    /// FNV-1a 64 of the image, as 16 hexadecimal digits; empty before it was built.
    pub image_hash: String,
    /// Steps computed; 0 until the run has ended.
    pub steps: u64,
    /// Digest of all state at the end, as 16 hexadecimal digits; empty until the run has ended.
    pub digest: String,
    /// Whether the run came to its end.
    pub finished: bool,
    /// Figures of the whole run.
    pub result: BTreeMap<String, f64>,
}

/// An open run folder.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// Whether it was there, and empty.
    was_there: bool,
    metrics: Option<File>,
    log: Option<File>,
}

impl RunFolder {
    /// Creates the folder; it may exist if it is empty, its parent must exist.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn create(path: &Path) -> Result<Self, RecordError> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        if let Some(parent) = parent
            && !parent.is_dir()
        {
            return Err(RecordError::NoParent(parent.to_owned()));
        }
        let created = fs::create_dir(path);
        let was_there = created.is_err();
        match created {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let empty = fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
                if !empty {
                    return Err(RecordError::Occupied(path.to_owned()));
                }
            }
            created => created.map_err(|error| RecordError::File { path: path.to_owned(), error })?,
        }
        write_whole(&path.join("README.txt"), readme::README.as_bytes())?;
        Ok(Self { path: path.to_owned(), was_there, metrics: None, log: None })
    }

    /// Takes everything out of the folder again, and the folder too if it was not there before.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn discard(self) -> Result<(), RecordError> {
        let error = |error| RecordError::File { path: self.path.clone(), error };
        fs::remove_dir_all(&self.path).map_err(error)?;
        if self.was_there { fs::create_dir(&self.path).map_err(error) } else { Ok(()) }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes what there is to know of what runs, if there is something.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn about(&self, about: &str) -> Result<(), RecordError> {
        if about.is_empty() { Ok(()) } else { write_whole(&self.path.join("network.txt"), about.as_bytes()) }
    }

    /// Writes what an image takes of each core.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn utilisation(&self, image: &Image<'_>) -> Result<(), RecordError> {
        let mut lines =
            vec!["core,compartments,input_axons,output_axons,synaptic_words,profiles,thresholds".to_owned()];
        for (core, usage) in usage(image).iter().enumerate() {
            let own = [usage.compartments, usage.input_axons, usage.output_axons, usage.synaptic_words];
            let own = own.iter().chain([&usage.profiles, &usage.thresholds]).map(usize::to_string);
            lines.push(format!("{core},{}", own.collect::<Vec<_>>().join(",")));
        }
        write_whole(&self.path.join("utilisation.csv"), (lines.join("\n") + "\n").as_bytes())
    }

    /// Writes exact counts.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn ops(&self, ops: &OpCounts) -> Result<(), RecordError> {
        let path = self.path.join("ops.csv");
        let counts = serde_json::to_value(ops)
            .map_err(|error| RecordError::File { path: path.clone(), error: io::Error::other(error) })?;
        let mut lines = vec!["operation,count".to_owned()];
        for (name, count) in counts.as_object().into_iter().flatten() {
            lines.push(format!("{name},{count}"));
        }
        write_whole(&path, (lines.join("\n") + "\n").as_bytes())
    }

    /// Writes the manifest, over the one that is there.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn manifest(&self, manifest: &Manifest) -> Result<(), RecordError> {
        let path = self.path.join("manifest.toml");
        let text = toml::to_string(manifest);
        let text = text.map_err(|error| RecordError::File { path: path.clone(), error: io::Error::other(error) })?;
        write_whole(&path, text.as_bytes())
    }

    /// Adds a line to `metrics.csv`; the first one also writes the column names.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn metrics(&mut self, columns: &[(&str, String)]) -> Result<(), RecordError> {
        let path = self.path.join("metrics.csv");
        if self.metrics.is_none() {
            let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
            self.metrics = Some(begin(&path, &names.join(","))?);
        }
        let values: Vec<&str> = columns.iter().map(|(_, value)| value.as_str()).collect();
        add_line(self.metrics.as_mut(), &path, &values.join(","))
    }

    /// Adds log lines of the device.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn log(&mut self, lines: &[String]) -> Result<(), RecordError> {
        let path = self.path.join("log.txt");
        for line in lines {
            if self.log.is_none() {
                self.log = Some(File::create(&path).map_err(|error| RecordError::File { path: path.clone(), error })?);
            }
            add_line(self.log.as_mut(), &path, line)?;
        }
        Ok(())
    }

    /// Writes where a run stands, over what is there.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn checkpoint(&self, checkpoint: &Checkpoint) -> Result<(), RecordError> {
        let path = self.path.join("checkpoint.bin");
        let bytes =
            checkpoint.to_bytes().map_err(|error| RecordError::File { path: path.clone(), error: error.into() })?;
        write_whole(&path, &bytes)
    }

    /// Writes learned state.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn learned(&self, image_hash: u64, learned: &[u8]) -> Result<(), RecordError> {
        write_whole(&self.path.join("learned.bin"), &learned_to_bytes(image_hash, learned))
    }
}

fn begin(path: &Path, line: &str) -> Result<File, RecordError> {
    let created = File::create(path).and_then(|mut file| writeln!(file, "{line}").map(|()| file));
    created.map_err(|error| RecordError::File { path: path.to_owned(), error })
}

fn add_line(file: Option<&mut File>, path: &Path, line: &str) -> Result<(), RecordError> {
    let Some(file) = file else { return Ok(()) };
    writeln!(file, "{line}").map_err(|error| RecordError::File { path: path.to_owned(), error })
}

/// Writes a file aside and renames it, so that a reader sees the old one or the new one.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), RecordError> {
    aside::write(path, bytes).map_err(|error| RecordError::File { path: path.to_owned(), error })
}

/// First bytes of a file of learned state; the version of the file follows as a digit.
const LEARNED_MAGIC: [u8; 7] = *b"LOIHILS";
/// Version of the file.
const LEARNED_VERSION: u8 = b'2';

/// Magic, version, image hash, number of bytes, the bytes, CRC-32 of all before it; little-endian.
fn learned_to_bytes(image_hash: u64, learned: &[u8]) -> Vec<u8> {
    let mut bytes = LEARNED_MAGIC.to_vec();
    bytes.push(LEARNED_VERSION);
    bytes.extend(image_hash.to_le_bytes());
    bytes.extend((learned.len() as u64).to_le_bytes());
    bytes.extend(learned);
    bytes.extend(CRC.checksum(&bytes).to_le_bytes());
    bytes
}

/// Reads a checkpoint from a file, or from the file `checkpoint.bin` of a run folder.
///
/// # Errors
/// [`RecordError`] says what is wrong with it.
pub fn read_checkpoint(path: &Path) -> Result<Checkpoint, RecordError> {
    let path = if path.is_dir() { path.join("checkpoint.bin") } else { path.to_owned() };
    let bytes = whole::bytes(&path).map_err(|error| RecordError::File { path: path.clone(), error })?;
    Checkpoint::parse(&bytes).map_err(|why| RecordError::Checkpoint { path, why })
}

/// Learned state that was written by a run, and the hash of the image that learned it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learned {
    /// Hash of the image.
    pub image_hash: u64,
    /// What [`loihi_core::chip::Keep::Learned`] is.
    pub bytes: Vec<u8>,
}

impl Learned {
    /// Reads a file, or the file `learned.bin` of a run folder.
    ///
    /// # Errors
    /// [`RecordError`] says what is wrong with it.
    pub fn read(path: &Path) -> Result<Self, RecordError> {
        let path = if path.is_dir() { path.join("learned.bin") } else { path.to_owned() };
        let bytes = whole::bytes(&path).map_err(|error| RecordError::File { path: path.clone(), error })?;
        Self::parse(&bytes).map_err(|why| RecordError::Learned { path, why })
    }

    fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        let (checked, check) = bytes.split_last_chunk::<4>().ok_or("the file is too short for learned state")?;
        let rest = checked.strip_prefix(&LEARNED_MAGIC).ok_or("this is not a file of learned state")?;
        let (version, rest) = rest.split_first().ok_or("the file ends within its header")?;
        if *version != LEARNED_VERSION {
            return Err("the file is of another version of this program: learn again");
        }
        if CRC.checksum(checked) != u32::from_le_bytes(*check) {
            return Err("the file is cut or damaged (its check does not match)");
        }
        let (image_hash, rest) = rest.split_first_chunk::<8>().ok_or("the file ends within its header")?;
        let (count, rest) = rest.split_first_chunk::<8>().ok_or("the file ends within its header")?;
        if rest.len() as u64 != u64::from_le_bytes(*count) {
            return Err("the file holds another number of bytes than it announces");
        }
        Ok(Self { image_hash: u64::from_le_bytes(*image_hash), bytes: rest.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learned_state_comes_back_and_damage_is_noticed() {
        let bytes = learned_to_bytes(0x1234, &[1, 2, 255]);
        let read = Learned::parse(&bytes).unwrap();
        assert_eq!((read.image_hash, read.bytes.as_slice()), (0x1234, &[1, 2, 255][..]));
        assert!(Learned::parse(b"LOIHILS1 and learned state of before").unwrap_err().contains("another version"));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert!(Learned::parse(&damaged).is_err(), "byte {at}");
            assert!(Learned::parse(&bytes[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_folder_is_not_written_over_and_its_parent_must_exist() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("run");
        let mut run = RunFolder::create(&folder).unwrap();
        run.metrics(&[("pass", "1".to_owned()), ("rmse", "0.5".to_owned())]).unwrap();
        run.metrics(&[("pass", "2".to_owned()), ("rmse", "0.25".to_owned())]).unwrap();
        assert_eq!(fs::read_to_string(folder.join("metrics.csv")).unwrap(), "pass,rmse\n1,0.5\n2,0.25\n");
        assert!(matches!(RunFolder::create(&folder), Err(RecordError::Occupied(_))));
        run.discard().unwrap();
        assert!(!folder.exists());
        fs::create_dir(&folder).unwrap();
        RunFolder::create(&folder).unwrap().discard().unwrap();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        assert!(matches!(RunFolder::create(&temporary.path().join("a/b")), Err(RecordError::NoParent(_))));
    }
}
