//! Files of a run folder that are sampled: spikes, probes, weights.

use crate::device::recorder::{Recorder, Sink};
use crate::npy::{I32, NpyWriter, SPIKE};
use crate::probe::{Meaning, Probe, meaning};
use crate::record::write_whole;
use loihi_core::register::Register;
use serde_json::json;
use std::io;
use std::path::{Path, PathBuf};

/// What is recorded besides metrics.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Wanted {
    /// Sample a register: [POPULATION.]REGISTER[FIRST..END]@every=N,from=N,to=N (`loihi list --registers`); needs --out
    #[arg(long = "probe", value_name = "PROBE", requires = "out")]
    pub probes: Vec<Probe>,
    /// Record every spike, as --probe spikes does; needs --out
    #[arg(long, requires = "out")]
    pub spikes: bool,
}

impl Wanted {
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

    /// A recorder that writes into a run folder; `dt_us` are microseconds of a step, for labels.
    ///
    /// # Errors
    /// A file cannot be written, or two probes would write the same one.
    pub fn recorder(&self, folder: &Path, dt_us: u64) -> io::Result<Recorder> {
        let mut recorder = Recorder::default();
        let of_spikes = |probe: &Probe| probe.register == Register::Spikes;
        let (spikes, probes): (Vec<Probe>, Vec<Probe>) = self.probes().into_iter().partition(of_spikes);
        for (number, probe) in probes.iter().enumerate() {
            let label = probe.label();
            if probes[..number].iter().any(|other| other.label() == label) {
                return Err(io::Error::other(format!("{label} is probed twice: give one probe for it")));
            }
            let path = folder.join(format!("probe-{label}.npy"));
            recorder.probe(probe.clone(), Box::new(Rows::create(path, Some((probe.clone(), dt_us)))?));
        }
        if !spikes.is_empty() {
            let sink = Spikes(NpyWriter::create(&folder.join("spikes.npy"), SPIKE)?);
            recorder.spikes(spikes, Box::new(sink));
        }
        recorder.weights_at_begin(Box::new(Rows::create(folder.join("weights-before.npy"), None)?));
        Ok(recorder)
    }
}

/// Writes the weights at the end, if there are any.
///
/// # Errors
/// The file cannot be written.
pub fn weights_after(folder: &Path, words: &[i32]) -> io::Result<()> {
    let mut rows = Rows::create(folder.join("weights-after.npy"), None)?;
    rows.sample(0, words)?;
    Box::new(rows).finish()
}

/// Samples of a register: a row each; without a probe, one row of values in an array of one dimension.
struct Rows {
    path: PathBuf,
    npy: NpyWriter,
    /// The probe, and microseconds of a step.
    probe: Option<(Probe, u64)>,
    /// Values of a row, known from the first one on.
    width: Option<usize>,
    first: Option<u64>,
}

impl Rows {
    fn create(path: PathBuf, probe: Option<(Probe, u64)>) -> io::Result<Self> {
        let npy = NpyWriter::create(&path, I32)?;
        Ok(Self { path, npy, probe, width: None, first: None })
    }
}

impl Sink for Rows {
    fn sample(&mut self, step: u64, words: &[i32]) -> io::Result<()> {
        if words.len() != *self.width.get_or_insert(words.len()) {
            let why = format!(
                "probe {}: the register had {} elements and has {} in step {step}: give a range that is in both",
                self.probe.as_ref().map_or_else(String::new, |(probe, _)| probe.to_string()),
                self.width.unwrap_or(0),
                words.len()
            );
            return Err(io::Error::other(why));
        }
        self.first.get_or_insert(step);
        if self.probe.is_some() {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            return self.npy.row(&bytes);
        }
        words.iter().try_for_each(|word| self.npy.row(&word.to_le_bytes()))
    }

    #[expect(clippy::cast_precision_loss, reason = "a step is far shorter than 2^52 microseconds")]
    fn finish(self: Box<Self>) -> io::Result<()> {
        let Self { path, npy, probe, width, first } = *self;
        let rows = npy.rows();
        let Some((probe, dt_us)) = probe else {
            // No file says that nothing learns.
            return if rows == 0 { Ok(()) } else { npy.finish(None) };
        };
        npy.finish(Some(width.unwrap_or(0)))?;
        let Meaning { unit, format, .. } = meaning(probe.register);
        let about = json!({
            "population": probe.of.as_ref().map(|target| &target.population),
            "register": probe.register.name(),
            "column": probe.column(),
            "first_element": probe.elements.as_ref().map_or(0, |elements| elements.start),
            "shape": [rows, width.unwrap_or(0)],
            "axes": ["sample", if probe.of.is_some() { "neuron" } else { "element" }],
            "unit": unit,
            "q_format": format,
            "steps": { "first": first, "every": probe.every, "count": rows },
            "dt_ms": dt_us as f64 / 1000.0,
        });
        write_whole(&path.with_extension("json"), format!("{about:#}\n").as_bytes()).map_err(io::Error::other)
    }
}

/// `spikes.npy`.
struct Spikes(NpyWriter);

impl Sink for Spikes {
    fn sample(&mut self, step: u64, words: &[i32]) -> io::Result<()> {
        let step = u32::try_from(step).map_err(|_| io::Error::other("spikes.npy counts steps only up to 2^32"))?;
        for [core, id] in words.as_chunks::<2>().0 {
            let [core, id] = [core, id].map(|word| u16::try_from(*word).unwrap_or(u16::MAX));
            let mut row = [0; 12];
            row[..4].copy_from_slice(&step.to_le_bytes());
            row[4..6].copy_from_slice(&core.to_le_bytes());
            row[6..8].copy_from_slice(&id.to_le_bytes());
            row[8..].copy_from_slice(&1_i32.to_le_bytes());
            self.0.row(&row)?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.0.finish(None)
    }
}
