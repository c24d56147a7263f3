//! What is written into a run folder.

use super::checkpoint::Checkpoint;
use super::contents::{CHECKPOINT, MANIFEST, remove};
use super::folder::RunFolder;
use super::{Manifest, RecordError, learned, tensors, write_whole};
use loihi_core::image::Image;
use loihi_core::ops::OpCounts;
use loihi_data::Scale;
use loihi_device::recorder::RecordedFile;
use loihi_image::image::ImageFile;
use loihi_image::limits::usage::usage;
use loihi_place::neuron_map::NeuronMap;
use std::io;

impl RunFolder {
    /// Writes the description of what runs, unless it is empty.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn about(&self, about: &str) -> Result<(), RecordError> {
        if about.is_empty() { Ok(()) } else { write_whole(&self.path().join("network.txt"), about.as_bytes()) }
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
        write_whole(&self.path().join("utilisation.csv"), (lines.join("\n") + "\n").as_bytes())
    }

    /// Writes exact counts.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn ops(&self, ops: &OpCounts) -> Result<(), RecordError> {
        let path = self.path().join("ops.csv");
        let counts = serde_json::to_value(ops)
            .map_err(|error| RecordError::File { path: path.clone(), error: io::Error::other(error) })?;
        let mut lines = vec!["operation,count".to_owned()];
        for (name, count) in counts.as_object().into_iter().flatten() {
            lines.push(format!("{name},{count}"));
        }
        write_whole(&path, (lines.join("\n") + "\n").as_bytes())
    }

    /// Writes a table of figures: a row after its number, empty cells for what is not a number.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn table(&self, name: &str, rows: &[Vec<f64>]) -> Result<(), RecordError> {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let cell =
            |value: Option<&f64>| value.filter(|value| value.is_finite()).map_or_else(String::new, f64::to_string);
        let numbers = (0..columns).map(|column| column.to_string());
        let mut lines = vec![["row".to_owned()].into_iter().chain(numbers).collect::<Vec<_>>().join(",")];
        for (number, row) in rows.iter().enumerate() {
            let cells = (0..columns).map(|column| cell(row.get(column)));
            lines.push([number.to_string()].into_iter().chain(cells).collect::<Vec<_>>().join(","));
        }
        write_whole(&self.path().join(format!("table-{name}.csv")), (lines.join("\n") + "\n").as_bytes())
    }

    /// Writes the manifest, over the one that is there.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn manifest(&self, manifest: &Manifest) -> Result<(), RecordError> {
        let path = self.path().join(MANIFEST);
        let text = toml::to_string(manifest);
        let text = text.map_err(|error| RecordError::File { path: path.clone(), error: io::Error::other(error) })?;
        write_whole(&path, text.as_bytes())
    }

    /// Adds a line to `metrics.csv`; the first one also writes the column names.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn metrics(&mut self, columns: &[(&str, String)]) -> Result<(), RecordError> {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let values: Vec<&str> = columns.iter().map(|(_, value)| value.as_str()).collect();
        self.metrics.add(Some(&names.join(",")), &values.join(","))
    }

    /// Adds log lines of the device.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn log(&mut self, lines: &[String]) -> Result<(), RecordError> {
        lines.iter().try_for_each(|line| self.log.add(None, line))
    }

    /// Puts metrics and log lines on the disk; says how long their files are then.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn keep(&self) -> Result<Vec<RecordedFile>, RecordError> {
        let kept = [self.metrics.keep()?, self.log.keep()?];
        Ok(kept.into_iter().flatten().collect())
    }

    /// Writes where a run stands, over what is there.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn checkpoint(&self, checkpoint: &Checkpoint) -> Result<(), RecordError> {
        let path = self.path().join(CHECKPOINT);
        let bytes =
            checkpoint.to_bytes().map_err(|error| RecordError::File { path: path.clone(), error: error.into() })?;
        write_whole(&path, &bytes)
    }

    /// Writes learned state, and how the numbers of its samples were scaled: for runs that continue with it, and by the names of its
    /// populations for other programs.
    ///
    /// # Errors
    /// [`RecordError::File`], or [`RecordError::Tensors`] if it is not that of the image.
    pub fn learned(
        &self,
        image: &ImageFile,
        map: &NeuronMap,
        learned: &[u8],
        scale: Option<Scale>,
    ) -> Result<(), RecordError> {
        let tensors = tensors::to_bytes(image, map, learned)?;
        write_whole(&self.path().join("learned.bin"), &learned::to_bytes(image.hash(), learned, scale))?;
        write_whole(&self.path().join("learned.safetensors"), &tensors)
    }

    /// Writes that the run has finished; it needs no checkpoint any more.
    ///
    /// # Errors
    /// [`RecordError::File`].
    pub fn conclude(&self, manifest: &Manifest) -> Result<(), RecordError> {
        self.manifest(manifest)?;
        remove(&self.path().join(CHECKPOINT))
    }
}
