//! The neuron map in a run folder: `populations.csv` (name, neurons, compartments of a neuron) and `neurons.npy`, by
//! compartment of the chip, core after core, its neuron, or −1 if it spikes for none; `utilisation.csv` says how many
//! compartments a core has.

use super::read::{refused, table};
use super::{RecordError, write_whole};
use loihi_files::npy;
use loihi_place::neuron_map::{MappedPopulation, NeuronMap};
use std::io;
use std::path::Path;

const POPULATIONS: &str = "populations.csv";
const NEURONS: &str = "neurons.npy";

/// Writes it.
///
/// # Errors
/// [`RecordError::File`].
pub fn write(folder: &Path, neuron_map: &NeuronMap) -> Result<(), RecordError> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let error = |name: &str, error| RecordError::File { path: folder.join(name), error };
    let mut row = |cells: [&str; 3]| table.write_record(cells).map_err(|why| error(POPULATIONS, io::Error::other(why)));
    row(["population", "neurons", "compartments"])?;
    for MappedPopulation { name, neurons, compartments } in &neuron_map.populations {
        row([name, &neurons.to_string(), &compartments.to_string()])?;
    }
    let bytes = table.into_inner().map_err(|why| error(POPULATIONS, why.into_error()))?;
    write_whole(&folder.join(POPULATIONS), &bytes)?;
    let word = |neuron: &Option<u32>| neuron.map_or(-1, |neuron| i32::try_from(neuron).unwrap_or(i32::MAX));
    let words: Vec<i32> = neuron_map.neurons().iter().map(word).collect();
    npy::write_words(&folder.join(NEURONS), &words).map_err(|why| error(NEURONS, why))
}

/// Reads it; `None` if the folder does not say.
///
/// # Errors
/// A file of it cannot be read.
pub fn read(folder: &Path) -> io::Result<Option<NeuronMap>> {
    if !folder.join(POPULATIONS).exists() {
        return Ok(None);
    }
    let populations = rows(folder, POPULATIONS, 2)?.into_iter().map(|(name, counts)| {
        let [neurons, compartments] = [0, 1].map(|column| counts.get(column).copied().unwrap_or(1));
        MappedPopulation { name, neurons, compartments }
    });
    let mut next = 0_usize;
    let firsts = rows(folder, "utilisation.csv", 1)?.into_iter().map(|(_, counts)| {
        let first = u32::try_from(next).unwrap_or(u32::MAX);
        next = next.saturating_add(counts.first().copied().unwrap_or(0));
        first
    });
    let (_, words) = npy::words(&folder.join(NEURONS))?;
    let neurons = words.into_iter().map(|word| u32::try_from(word).ok()).collect();
    Ok(Some(NeuronMap::new(populations.collect(), firsts.collect(), neurons)))
}

/// The first columns of a table: a name, and this many counts.
fn rows(folder: &Path, name: &str, counts: usize) -> io::Result<Vec<(String, Vec<usize>)>> {
    let path = folder.join(name);
    let (_, rows) = table(&path)?.ok_or_else(|| refused(format!("{} is missing", path.display())))?;
    let row = |(line, row): (u64, Vec<String>)| {
        let count = |column: usize| {
            let wrong = || refused(format!("{}, line {line}: column {} must be a count", path.display(), column + 1));
            row.get(column).and_then(|cell| cell.parse().ok()).ok_or_else(wrong)
        };
        Ok((row.first().cloned().unwrap_or_default(), (1..=counts).map(count).collect::<io::Result<_>>()?))
    };
    (2..).zip(rows).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_neuron_map_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap(), None);
        let population =
            |name: &str, neurons, compartments| MappedPopulation { name: name.to_owned(), neurons, compartments };
        let populations = vec![population("a, \"b\"", 2, 1), population("out", 1, 2)];
        let neurons = vec![Some(0), Some(1), None, Some(2)];
        let neuron_map = NeuronMap::new(populations, vec![0, 2], neurons);
        write(folder.path(), &neuron_map).unwrap();
        fs::write(folder.path().join("utilisation.csv"), "core,compartments,x\n0,2,9\n1,2,9\n").unwrap();
        let found = read(folder.path()).unwrap().unwrap();
        assert_eq!(found, neuron_map);
        assert_eq!(
            [found.neuron(0, 1), found.neuron(1, 1), found.neuron(1, 0), found.neuron(2, 0)],
            [Some(1), Some(2), None, None]
        );
        let places = |compartment| found.compartments("out", compartment);
        assert_eq!([places(None), places(Some(1)), places(Some(0))], [Some(vec![3]), Some(vec![3]), Some(vec![2])]);
        assert_eq!((places(Some(2)), found.compartments("b", None)), (None, None));
        fs::write(folder.path().join("populations.csv"), "population,neurons,compartments\na,many,1\n").unwrap();
        assert!(read(folder.path()).unwrap_err().to_string().contains("populations.csv, line 2: column 2 must"));
    }
}
