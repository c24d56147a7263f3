//! Files of a run folder that are sampled: spikes, probes, weights.

use crate::record::read::text;
use crate::record::write_whole;
use loihi_core::register::Register;
use loihi_device::recorder::{RecordedFile, Recorder, Sink};
use loihi_files::npy::{ElementType, I32, NpyWriter, RowShape, SPIKE, write_words};
use loihi_net::probe::{Meaning, Probe, meaning};
use serde_json::json;
use std::io;
use std::path::{Path, PathBuf};

/// What is recorded besides metrics.
#[derive(Clone, Debug, Default)]
pub struct RecordingOptions {
    /// Registers to sample.
    pub probes: Vec<Probe>,
    /// Whether every spike is recorded.
    pub spikes: bool,
}

impl RecordingOptions {
    /// The same with more probes.
    #[must_use]
    pub fn with(&self, more: &[Probe]) -> Self {
        let more = more.iter().filter(|probe| !self.probes.contains(probe));
        Self { probes: self.probes.iter().chain(more).cloned().collect(), spikes: self.spikes }
    }

    /// All probes, those of spikes too.
    pub fn probes(&self) -> Vec<Probe> {
        let spikes = self.spikes.then_some(Probe::SPIKES).filter(|spikes| !self.probes.contains(spikes));
        self.probes.iter().cloned().chain(spikes).collect()
    }

    /// A recorder that writes into a run folder; `dt_us` are microseconds of a step, for labels. Files of `kept` are
    /// appended to at that length; without any, all start anew.
    ///
    /// # Errors
    /// A file cannot be written, two probes would write the same one, or a file to append to is not among `kept`.
    pub fn recorder(&self, folder: &Path, dt_us: u64, kept: Option<&[RecordedFile]>) -> io::Result<Recorder> {
        let mut recorder = Recorder::default();
        let of_spikes = |probe: &Probe| probe.register == Register::Spikes;
        let (spikes, probes): (Vec<Probe>, Vec<Probe>) = self.probes().into_iter().partition(of_spikes);
        for (number, probe) in probes.iter().enumerate() {
            let label = probe.label();
            if probes[..number].iter().any(|other| other.label() == label) {
                return Err(io::Error::other(format!("{label} is probed twice: give one probe for it")));
            }
            let npy = array(folder, format!("probe-{label}.npy"), (I32, RowShape::Items), kept)?;
            let first = if npy.npy.rows() > 0 { first_of(&npy.path)? } else { None };
            recorder.probe(probe.clone(), Box::new(Rows { npy, probe: probe.clone(), dt_us, first }));
        }
        if !spikes.is_empty() {
            let npy = array(folder, "spikes.npy".to_owned(), (SPIKE, RowShape::Item), kept)?;
            recorder.spikes(spikes, Box::new(Spikes(npy)));
        }
        if kept.is_none() {
            recorder.weights_at_start(Box::new(Weights(folder.join("weights-before.npy"))));
        }
        Ok(recorder)
    }
}

/// Writes the weights at the end, if there are any.
///
/// # Errors
/// The file cannot be written.
pub fn weights_after(folder: &Path, words: &[i32]) -> io::Result<()> {
    Weights(folder.join("weights-after.npy")).sample(0, words)
}

/// An array that grows, by the name of its file.
struct Growing {
    name: String,
    path: PathBuf,
    npy: NpyWriter,
}

/// Starts an array, or appends to it from the length that it had.
fn array(
    folder: &Path,
    name: String,
    (element, row): (ElementType, RowShape),
    kept: Option<&[RecordedFile]>,
) -> io::Result<Growing> {
    let path = folder.join(&name);
    let npy = match kept {
        None => NpyWriter::create(&path, element, row)?,
        Some(kept) => {
            let was = kept.iter().find(|kept| kept.file == name).ok_or_else(|| {
                io::Error::other(format!(
                    "{name} was not recorded when the run began: give the same --probe and --spikes"
                ))
            })?;
            NpyWriter::go_on(&path, element, row, was.bytes)?
        }
    };
    Ok(Growing { name, path, npy })
}

/// The step of the first row, as it was written beside the rows.
fn first_of(path: &Path) -> io::Result<Option<u64>> {
    let about = text(&path.with_extension("json"))?.unwrap_or_default();
    Ok(serde_json::from_str::<serde_json::Value>(&about).unwrap_or_default()["steps"]["first"].as_u64())
}

impl Growing {
    fn keep(&mut self) -> io::Result<Option<RecordedFile>> {
        Ok(Some(RecordedFile { file: self.name.clone(), bytes: self.npy.sync()? }))
    }
}

/// Samples of a register: a row each.
struct Rows {
    npy: Growing,
    probe: Probe,
    /// Microseconds of a step.
    dt_us: u64,
    /// Step of the first row, if that was seen.
    first: Option<u64>,
}

impl Rows {
    /// Writes what the rows are, beside them.
    #[expect(clippy::cast_precision_loss, reason = "a step is far shorter than 2^52 microseconds")]
    fn describe(&self) -> io::Result<()> {
        let Self { npy: Growing { path, npy, .. }, probe, dt_us, first } = self;
        let Meaning { unit, format, .. } = meaning(probe.register);
        let about = json!({
            "population": probe.of.as_ref().map(|target| &target.population),
            "register": probe.register.name(),
            "column": probe.column(),
            "first_element": probe.elements.as_ref().map_or(0, |elements| elements.start),
            "shape": [npy.rows(), npy.columns()],
            "axes": ["sample", if probe.of.is_some() { "neuron" } else { "element" }],
            "unit": unit,
            "q_format": format,
            "steps": { "first": first, "every": probe.every, "count": npy.rows() },
            "dt_ms": *dt_us as f64 / 1000.0,
        });
        write_whole(&path.with_extension("json"), format!("{about:#}\n").as_bytes()).map_err(io::Error::other)
    }
}

impl Sink for Rows {
    fn sample(&mut self, step: u64, words: &[i32]) -> io::Result<()> {
        let (rows, width) = (self.npy.npy.rows(), self.npy.npy.columns());
        if rows > 0 && words.len() != width {
            let why = format!(
                "probe {}: the register had {width} elements and has {} in step {step}: give a range that is in both",
                self.probe,
                words.len()
            );
            return Err(io::Error::other(why));
        }
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.npy.npy.add(&bytes)?;
        if rows == 0 {
            // Also who is killed leaves rows that can be read.
            self.first = Some(step);
            self.describe()?;
        }
        Ok(())
    }

    fn keep(&mut self) -> io::Result<Option<RecordedFile>> {
        let kept = self.npy.keep()?;
        self.describe()?;
        Ok(kept)
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.keep().map(|_| ())
    }
}

/// `spikes.npy`.
struct Spikes(Growing);

impl Sink for Spikes {
    fn sample(&mut self, step: u64, words: &[i32]) -> io::Result<()> {
        let step = u32::try_from(step).map_err(|_| io::Error::other("spikes.npy counts steps only up to 2^32"))?;
        let mut rows = Vec::new();
        for [core, id] in words.as_chunks::<2>().0 {
            let [core, id] = [core, id].map(|word| u16::try_from(*word).unwrap_or(u16::MAX));
            rows.extend(step.to_le_bytes());
            rows.extend(core.to_le_bytes());
            rows.extend(id.to_le_bytes());
            rows.extend(1_i32.to_le_bytes());
        }
        self.0.npy.add(&rows)
    }

    fn keep(&mut self) -> io::Result<Option<RecordedFile>> {
        self.0.keep()
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.keep().map(|_| ())
    }
}

/// `weights-*.npy`: no file says that nothing learns.
struct Weights(PathBuf);

impl Sink for Weights {
    fn sample(&mut self, _step: u64, words: &[i32]) -> io::Result<()> {
        if words.is_empty() { Ok(()) } else { write_words(&self.0, words) }
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        Ok(())
    }
}
