//! Texts and tables of a run folder, as reports and exports read them.

use loihi_core::register::Register;
use loihi_files::whole;
use loihi_net::probe::Probe;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

/// A table: names of its columns, and its rows.
pub type CsvTable = (Vec<String>, Vec<Vec<String>>);

/// The text of a file, if it is there.
///
/// # Errors
/// It is there and cannot be read.
pub fn text(path: &Path) -> io::Result<Option<String>> {
    match whole::text(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
    }
}

/// The table of a CSV file, if it is there; rows may be of different lengths. A line without an end is one that its writer
/// had no time to write.
///
/// # Errors
/// It is there and cannot be read.
pub fn table(path: &Path) -> io::Result<Option<CsvTable>> {
    let Some(text) = text(path)? else { return Ok(None) };
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(whole.as_bytes());
    let cells = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect::<Vec<_>>();
    let wrong = |error: csv::Error| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()));
    let head = cells(reader.headers().map_err(wrong)?);
    let rows = reader.records().map(|record| Ok(cells(&record.map_err(wrong)?)));
    Ok(Some((head, rows.collect::<io::Result<_>>()?)))
}

/// The populations whose spikes a run has recorded, as its manifest says; `None`: all.
pub fn spiking(manifest: &toml::Table) -> Option<BTreeSet<String>> {
    let probes = manifest.get("probes")?.as_array()?.iter().filter_map(|text| text.as_str()?.parse::<Probe>().ok());
    let spikes = probes.filter(|probe| probe.register == Register::Spikes);
    spikes.map(|probe| probe.of.map(|target| target.population)).collect()
}

/// What a file says that cannot be.
pub fn refused(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_line_without_an_end_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.csv");
        assert_eq!(table(&path).unwrap(), None);
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        for (text, rows) in [("a,b\n1,2\n3,4\n", 2), ("a,b\n1,2\n3,4", 1), ("a,b\n1,2\n3", 1), ("a,b\n", 0)] {
            fs::write(&path, text).unwrap();
            let expected = [row(["1", "2"]), row(["3", "4"])];
            assert_eq!(table(&path).unwrap(), Some((row(["a", "b"]), expected[..rows].to_vec())), "{text:?}");
        }
    }
}
