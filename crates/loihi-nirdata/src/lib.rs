//! Runs as NIRData: spikes and probes by population, in HDF5 (the classes `NIRGraphData`, `NIRNodeData`, `EventData` and
//! `TimeGriddedData` of Python's `nir`, whose `read_data` takes the file).
//!
//! ```no_run
//! use std::path::Path;
//!
//! // A folder of `loihi run … --out FOLDER --spikes`.
//! let bytes = loihi_nirdata::bytes(Path::new("my-run"), &mut |done, total| eprintln!("{done} of {total} spikes"))?;
//! loihi_files::atomic_file::write(Path::new("my-run.h5"), &bytes)?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Times are in seconds. A spike of a step is dated to the middle of the step: a reader that divides by the duration of a
//! step and rounds down finds the step again. Samples of a network that was shown one after the other are samples here;
//! a run without samples is one.

#![cfg_attr(test, allow(clippy::unwrap_used))]

use loihi_files::npy::{self, told};
use loihi_files::npz::{Array, Values};
use loihi_hdf5::{self as h5, H5Item, Note};
use loihi_net::probe::{is_by_compartment, registers};
use loihi_place::neuron_map::NeuronMap;
use loihi_run::record::neurons;
use loihi_run::record::read::{refused, spiking, table, text};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

/// Most places for spikes of a population: samples times the spikes of the busiest one.
const PLACES_MAX: usize = 1 << 25;

/// Node of what is not by compartment.
const OTHER: &str = "probes";

/// Observables by node and name.
type Nodes = BTreeMap<String, BTreeMap<String, H5Item>>;

/// What is needed of a run folder.
struct Run<'r> {
    folder: &'r Path,
    neuron_map: NeuronMap,
    /// Duration of a step.
    dt_s: f64,
    /// Steps of each sample.
    samples: Vec<u64>,
    /// Populations whose spikes were recorded; `None`: all.
    spiking: Option<BTreeSet<String>>,
}

/// The bytes of a file with the spikes and probes of a run folder; `after` is told how many of how many spikes are done.
///
/// # Errors
/// Something in the folder cannot be read, or there is nothing to export.
pub fn bytes(folder: &Path, after: &mut dyn FnMut(u64, u64)) -> io::Result<Vec<u8>> {
    let neuron_map = neurons::read(folder)?
        .ok_or_else(|| refused(format!("{} is not a run folder with populations.csv", folder.display())))?;
    let manifest = text(&folder.join("manifest.toml"))?.ok_or_else(|| refused("manifest.toml is missing"))?;
    let manifest: toml::Table =
        toml::from_str(&manifest).map_err(|error| refused(format!("manifest.toml: {error}")))?;
    let dt_s = manifest.get("dt_ms").and_then(toml::Value::as_float).unwrap_or(1.0) / 1000.0;
    let steps = manifest.get("steps").and_then(toml::Value::as_integer).and_then(|steps| u64::try_from(steps).ok());
    let steps = match steps.filter(|steps| *steps > 0) {
        Some(steps) => steps,
        // The run did not finish: up to its last spike.
        None => last_step(folder)?.map_or(0, |step| u64::from(step) + 1),
    };
    let samples = samples(folder, steps)?;
    let run = Run { folder, neuron_map, dt_s, samples, spiking: spiking(&manifest) };
    let mut nodes = Nodes::new();
    run.spikes(&mut nodes, after)?;
    run.probes(&mut nodes)?;
    if nodes.is_empty() {
        return Err(refused("it has neither spikes nor probes: give the run --spikes or --probe".to_owned()));
    }
    let node = |(name, observables): (String, BTreeMap<String, H5Item>)| {
        (name, typed("NIRNodeData", [("observables".to_owned(), H5Item::Group(observables))]))
    };
    let nodes = H5Item::Group(nodes.into_iter().map(node).collect());
    h5::bytes(&typed("NIRGraphData", [("nodes".to_owned(), nodes)])).map_err(io::Error::other)
}

/// A group that says which class it is.
fn typed(class: &str, items: impl IntoIterator<Item = (String, H5Item)>) -> H5Item {
    let class = ("__type__".to_owned(), H5Item::Note(Note::Text(class.to_owned())));
    H5Item::Group(items.into_iter().chain([class]).collect())
}

fn array(shape: &[usize], values: Values) -> io::Result<H5Item> {
    let array = Array::new(shape.to_vec(), values);
    array.map(H5Item::Array).ok_or_else(|| refused(format!("values do not fill the shape {shape:?}")))
}

fn last_step(folder: &Path) -> io::Result<Option<u32>> {
    let path = folder.join("spikes.npy");
    if !path.exists() {
        return Ok(None);
    }
    npy::spikes(&path)?.try_fold(None, |last, spike| Ok(last.max(Some(spike?.step))))
}

/// Steps of each sample as metrics.csv says, else all steps as one.
fn samples(folder: &Path, steps: u64) -> io::Result<Vec<u64>> {
    let path = folder.join("metrics.csv");
    let Some((head, rows)) = table(&path)? else { return Ok(vec![steps]) };
    let column = head.iter().position(|name| name == "steps");
    let Some(column) = column.filter(|_| head.first().is_some_and(|name| name == "sample")) else {
        return Ok(vec![steps]);
    };
    let steps_of = |row: &Vec<String>| {
        let steps = row.get(column).and_then(|cell| cell.parse().ok());
        steps.ok_or_else(|| refused(format!("{}: a row says not how many steps its sample had", path.display())))
    };
    rows.iter().map(steps_of).collect()
}

impl Run<'_> {
    /// Spikes of every population.
    fn spikes(&self, nodes: &mut Nodes, after: &mut dyn FnMut(u64, u64)) -> io::Result<()> {
        let path = self.folder.join("spikes.npy");
        if !path.exists() {
            return Ok(());
        }
        let ends: Vec<u64> = self
            .samples
            .iter()
            .scan(0, |end, steps| {
                *end += steps;
                Some(*end)
            })
            .collect();
        let ranges: Vec<_> = self.neuron_map.ranges().collect();
        // By population and sample: neuron of the population, and time.
        let mut events = vec![vec![Vec::new(); self.samples.len()]; ranges.len()];
        for spike in told(npy::spikes(&path)?, after) {
            let spike = spike?;
            let Some(neuron) = self.neuron_map.neuron(spike.core.into(), spike.id.into()) else { continue };
            let population = ranges.partition_point(|(_, range)| range.end <= neuron);
            let sample = ends.partition_point(|end| *end <= u64::from(spike.step));
            let start = sample.checked_sub(1).map_or(0, |before| ends[before]);
            let Some(list) = events.get_mut(population).and_then(|samples| samples.get_mut(sample)) else { continue };
            let step = u32::try_from(u64::from(spike.step) - start).unwrap_or(u32::MAX);
            list.push((neuron - ranges[population].1.start, (f64::from(step) + 0.5) * self.dt_s));
        }
        let recorded = |name: &String| self.spiking.as_ref().is_none_or(|spiking| spiking.contains(name));
        for ((population, _), samples) in ranges.into_iter().zip(events).filter(|((own, _), _)| recorded(&own.name)) {
            let observable = self.events(population.neurons, &samples)?;
            nodes.entry(population.name.clone()).or_default().insert("spikes".to_owned(), observable);
        }
        Ok(())
    }

    /// `EventData`: as many places for every sample, those after its last event with the index −1 and an endless time.
    fn events(&self, neurons: usize, samples: &[Vec<(u32, f64)>]) -> io::Result<H5Item> {
        let most = samples.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let places = samples.len().checked_mul(most).filter(|places| *places <= PLACES_MAX);
        let places =
            places.ok_or_else(|| refused(format!("{} samples of up to {most} spikes are too many", samples.len())))?;
        let (mut idx, mut time) = (Vec::with_capacity(places), Vec::with_capacity(places));
        for events in samples {
            idx.extend(events.iter().map(|(neuron, _)| i64::from(*neuron)));
            time.extend(events.iter().map(|(_, time)| *time));
            idx.resize(idx.len() + most - events.len(), -1);
            time.resize(time.len() + most - events.len(), f64::INFINITY);
        }
        let shape = [samples.len(), most];
        let n_neurons = Note::Whole(i64::try_from(neurons).unwrap_or(i64::MAX));
        let t_max = Note::Real(self.t_max(self.samples.iter().copied().max().unwrap_or(0)));
        Ok(typed(
            "EventData",
            [
                ("idx".to_owned(), array(&shape, Values::Whole(idx))?),
                ("time".to_owned(), array(&shape, Values::Real(time))?),
                ("n_neurons".to_owned(), H5Item::Note(n_neurons)),
                ("t_max".to_owned(), H5Item::Note(t_max)),
            ],
        ))
    }

    /// The duration of this many steps: the smallest number that, divided by that of a step, is not less than the
    /// steps.
    #[expect(clippy::cast_precision_loss, reason = "steps stay far below 2^52")]
    fn t_max(&self, steps: u64) -> f64 {
        let t_max = steps as f64 * self.dt_s;
        if t_max / self.dt_s < steps as f64 { t_max.next_up() } else { t_max }
    }

    /// Every probe: by population if the register is by compartment.
    fn probes(&self, nodes: &mut Nodes) -> io::Result<()> {
        let mut names: Vec<String> =
            fs::read_dir(self.folder)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        for name in names {
            let Some(label) = name.strip_prefix("probe-").and_then(|name| name.strip_suffix(".npy")) else { continue };
            let (shape, values) = npy::words(&self.folder.join(&name))?;
            let about = format!("probe-{label}.json");
            let about = text(&self.folder.join(&about))?.ok_or_else(|| refused(format!("{about} is missing")))?;
            let about: serde_json::Value =
                serde_json::from_str(&about).map_err(|error| refused(format!("probe-{label}.json: {error}")))?;
            let [rows, columns] = *shape else { return Err(refused(format!("{name}: expected two dimensions"))) };
            let whole = |key: &str| about["steps"][key].as_u64().unwrap_or(0);
            let grid = Grid { rows, columns, first: whole("first"), every: whole("every").max(1), values };
            if let Some(population) = about["population"].as_str() {
                let column = about["column"].as_str().unwrap_or(label).to_owned();
                let all: Vec<usize> = (0..columns).collect();
                nodes.entry(population.to_owned()).or_default().insert(column, self.grid(&grid, &all)?);
                continue;
            }
            let first = about["first_element"].as_u64().and_then(|first| usize::try_from(first).ok()).unwrap_or(0);
            let by_compartment =
                registers().any(|register| about["register"] == register.name() && is_by_compartment(register));
            for (node, columns) in self.columns(first, columns, by_compartment) {
                nodes.entry(node).or_default().insert(label.to_owned(), self.grid(&grid, &columns)?);
            }
        }
        Ok(())
    }

    /// Columns of a probe by node, those of a population in the order of its neurons.
    fn columns(&self, first: usize, columns: usize, by_compartment: bool) -> BTreeMap<String, Vec<usize>> {
        if !by_compartment {
            return BTreeMap::from([(OTHER.to_owned(), (0..columns).collect())]);
        }
        let neuron = |column: usize| Some(((*self.neuron_map.neurons().get(first + column)?)?, column));
        let mut neurons: Vec<(u32, usize)> = (0..columns).filter_map(neuron).collect();
        neurons.sort_unstable();
        let own = |range: std::ops::Range<u32>| {
            neurons.iter().filter(|(neuron, _)| range.contains(neuron)).map(|(_, column)| *column).collect::<Vec<_>>()
        };
        let node = |(population, range): (&loihi_place::neuron_map::MappedPopulation, _)| {
            (population.name.clone(), own(range))
        };
        self.neuron_map.ranges().map(node).filter(|(_, columns)| !columns.is_empty()).collect()
    }

    /// `TimeGriddedData`: a sample each if all have as many rows, else all rows as one.
    fn grid(&self, grid: &Grid, columns: &[usize]) -> io::Result<H5Item> {
        let steps = self.samples.first().copied().unwrap_or(0);
        let alike =
            self.samples.iter().all(|other| *other == steps) && grid.first == 0 && steps.is_multiple_of(grid.every);
        let samples = if alike && (grid.rows as u64) == steps / grid.every * self.samples.len() as u64 {
            self.samples.len()
        } else {
            1
        };
        let values = (0..grid.rows)
            .flat_map(|row| columns.iter().map(move |column| f64::from(grid.values[row * grid.columns + column])));
        let shape = [samples, grid.rows / samples.max(1), columns.len()];
        #[expect(clippy::cast_precision_loss, reason = "intervals stay far below 2^52")]
        let dt = Note::Real(self.dt_s * grid.every as f64);
        let data = array(&shape, Values::Real(values.collect()))?;
        Ok(typed("TimeGriddedData", [("data".to_owned(), data), ("dt".to_owned(), H5Item::Note(dt))]))
    }
}

/// Samples of a probe.
struct Grid {
    rows: usize,
    columns: usize,
    /// Step of the first row.
    first: u64,
    /// Steps from a row to the next.
    every: u64,
    values: Vec<i32>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_files::npy::{I32, NpyWriter, RowShape, SPIKE};
    use loihi_place::neuron_map::MappedPopulation;

    /// Two samples of 4 and 3 steps; a hidden neuron has two compartments, and the second spikes.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let population = |name: &str, neurons| MappedPopulation { name: name.to_owned(), neurons, compartments: 1 };
        let neurons = vec![None, Some(1), None, Some(0), Some(2)];
        let neuron_map = NeuronMap::new(vec![population("hidden", 2), population("out", 1)], vec![0, 4], neurons);
        neurons::write(folder.path(), &neuron_map).unwrap();
        fs::write(at("utilisation.csv"), "core,compartments\n0,4\n1,1\n").unwrap();
        fs::write(at("manifest.toml"), "dt_ms = 0.1\nsteps = 7\n").unwrap();
        fs::write(at("metrics.csv"), "sample,steps,label\n0,4,1\n1,3,0\n").unwrap();
        let mut spikes = NpyWriter::create(&at("spikes.npy"), SPIKE, RowShape::Item).unwrap();
        for (step, core, id) in [(0_u32, 0_u16, 3_u16), (3, 0, 1), (3, 1, 0), (4, 0, 3), (6, 0, 2)] {
            let mut row = [0; 12];
            row[..4].copy_from_slice(&step.to_le_bytes());
            row[4..6].copy_from_slice(&core.to_le_bytes());
            row[6..8].copy_from_slice(&id.to_le_bytes());
            spikes.add(&row).unwrap();
        }
        spikes.sync().unwrap();
        let mut probe = NpyWriter::create(&at("probe-v.npy"), I32, RowShape::Items).unwrap();
        for step in 0..7_i32 {
            probe.add(&(0..5).flat_map(|element| (10 * step + element).to_le_bytes()).collect::<Vec<u8>>()).unwrap();
        }
        probe.sync().unwrap();
        let about = r#"{"register": "v", "first_element": 0, "steps": {"first": 0, "every": 1, "count": 7}}"#;
        fs::write(at("probe-v.json"), about).unwrap();
        folder
    }

    fn observable<'t>(tree: &'t H5Item, node: &str, name: &str, field: &str) -> &'t Array {
        let group = tree.get("nodes").and_then(|nodes| nodes.get(node)?.get("observables")?.get(name)?.get(field));
        let Some(H5Item::Array(array)) = group else { panic!("no {node}/{name}/{field}") };
        array
    }

    #[test]
    fn spikes_and_probes_are_found_by_population_and_sample() {
        let tree = h5::parse(&bytes(folder().path(), &mut |_, _| {}).unwrap()).unwrap();
        let idx = observable(&tree, "hidden", "spikes", "idx");
        assert_eq!((idx.shape(), idx.values()), ([2, 2].as_slice(), &Values::Whole(vec![0, 1, 0, -1])));
        let time = observable(&tree, "hidden", "spikes", "time").real();
        let expected = [0.000_05, 0.000_35, 0.000_05];
        assert!(time.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-9), "{time:?}");
        assert!(time[3].is_infinite(), "{time:?}");
        assert_eq!(observable(&tree, "out", "spikes", "idx").values(), &Values::Whole(vec![0, -1]));
        // Samples of different lengths: all rows as one. Neuron 0 is compartment 3, neuron 1 compartment 1.
        let v = observable(&tree, "hidden", "v", "data");
        assert_eq!(v.shape(), [1, 7, 2]);
        let whole = |array: &Array| array.real().iter().map(|value| format!("{value}")).collect::<Vec<_>>().join(" ");
        assert!(whole(v).starts_with("3 1 13 11 "), "{}", whole(v));
        assert!(whole(observable(&tree, "out", "v", "data")).starts_with("4 14 24 "));
    }

    #[test]
    fn every_register_by_compartment_is_split_and_others_are_not() {
        let folder = folder();
        for (register, node) in [("activity", "out"), ("v_readout", "out"), ("x1", OTHER)] {
            let at = |end: &str| folder.path().join(format!("probe-{register}.{end}"));
            let mut probe = NpyWriter::create(&at("npy"), I32, RowShape::Items).unwrap();
            probe.add(&(0..5_i32).flat_map(i32::to_le_bytes).collect::<Vec<u8>>()).unwrap();
            probe.sync().unwrap();
            let about = format!("{{\"register\": \"{register}\", \"steps\": {{\"first\": 0, \"every\": 7}}}}");
            fs::write(at("json"), about).unwrap();
            let tree = h5::parse(&bytes(folder.path(), &mut |_, _| {}).unwrap()).unwrap();
            let columns = if node == OTHER { 5 } else { 1 };
            assert_eq!(observable(&tree, node, register, "data").shape(), [1, 1, columns], "{register}");
        }
    }

    #[test]
    fn a_step_is_found_again_by_dividing() {
        for dt_ms in [0.1, 1.0, 0.3, 2.5] {
            let run = Run {
                folder: Path::new(""),
                neuron_map: NeuronMap::default(),
                dt_s: dt_ms / 1000.0,
                samples: Vec::new(),
                spiking: None,
            };
            for steps in 0..20_000_u32 {
                let found = (run.t_max(steps.into()) / run.dt_s).floor();
                assert!((found - f64::from(steps)).abs() < 0.5, "{steps} steps of {dt_ms} ms are read as {found}");
            }
        }
    }

    #[test]
    fn a_folder_with_nothing_to_export_says_so() {
        let empty = tempfile::tempdir().unwrap();
        assert!(bytes(empty.path(), &mut |_, _| {}).unwrap_err().to_string().contains("not a run folder"));
        let folder = folder();
        for name in ["spikes.npy", "probe-v.npy"] {
            fs::remove_file(folder.path().join(name)).unwrap();
        }
        assert!(bytes(folder.path(), &mut |_, _| {}).unwrap_err().to_string().contains("--spikes or --probe"));
    }
}
