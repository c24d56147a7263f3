//! Every reader of files: its name, the reader, small files to begin from. A new reader is a new row.
//!
//! The targets of cargo-fuzz in `fuzz/` and the bounded run of the test command read the same table.

#[path = "seeds.rs"]
mod seeds;

use host_harness::cost::prices::Prices;
use host_harness::data::collection::{Sample, SampleData};
use host_harness::data::events::Events;
use host_harness::data::{aedat, arrays, cifar, events, idx, prophesee, records, shd, show, table, wav};
use host_harness::experiment::{Experiment, parameters};
use host_harness::import::NodeError;
use host_harness::lava_dl;
use host_harness::network::file;
use host_harness::nir;
use host_harness::npz;
use host_harness::quantise::{self, quantise};
use host_harness::record::checkpoint::Checkpoint;
use loihi_core::chip::Chip;
use loihi_core::image::Image;
use loihi_core::rules;
use loihi_core::snip::Snips;
use loihi_core::wire::frame::CRC;
use std::path::Path;
use zerocopy::IntoBytes as _;

/// A reader of files.
pub struct Reader {
    /// Its name, and that of its fuzz target.
    pub name: &'static str,
    /// Reads; what is wrong with the bytes, if anything is.
    pub read: fn(&[u8]) -> Result<(), String>,
    /// Small files that it reads, to begin from.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Memory that it may take for a byte of a file; what is packed grows by up to 1,032.
    pub growth: usize,
    /// Whether its errors quote the lines around the fault.
    pub quotes: bool,
}

/// Memory for a byte of a plain file.
const PLAIN: usize = 256;
/// Memory for a byte of a packed file.
const PACKED: usize = 1032 * 16;

const PLAIN_READER: Reader = Reader { name: "", read: |_| Ok(()), seeds: Vec::new, growth: PLAIN, quotes: false };

/// All of them.
pub const READERS: &[Reader] = &[
    Reader { name: "idx", read: read_idx, seeds: seeds::idx, growth: PACKED, ..PLAIN_READER },
    Reader { name: "bs2", read: |bytes| shown(events::parse_bs2(bytes)), seeds: seeds::events, ..PLAIN_READER },
    Reader { name: "bin", read: |bytes| shown(events::parse_bin(bytes)), seeds: seeds::events, ..PLAIN_READER },
    Reader {
        name: "aedat",
        read: |bytes| shown(aedat::parse(bytes)),
        seeds: seeds::aedat,
        growth: PACKED,
        ..PLAIN_READER
    },
    Reader { name: "raw", read: |bytes| shown(prophesee::parse_raw(bytes)), seeds: seeds::raw, ..PLAIN_READER },
    Reader { name: "dat", read: |bytes| shown(prophesee::parse_dat(bytes)), seeds: seeds::dat, ..PLAIN_READER },
    Reader { name: "records", read: read_records, seeds: seeds::records, growth: PACKED, ..PLAIN_READER },
    Reader { name: "shd", read: read_shd, seeds: seeds::shd, growth: PACKED, ..PLAIN_READER },
    Reader { name: "cifar", read: read_cifar, seeds: seeds::cifar, growth: PACKED, ..PLAIN_READER },
    Reader { name: "cifar_batch", read: read_cifar_batch, seeds: seeds::cifar_batch, ..PLAIN_READER },
    Reader { name: "wav", read: read_wav, seeds: seeds::wav, ..PLAIN_READER },
    Reader { name: "csv", read: read_csv, seeds: seeds::csv, ..PLAIN_READER },
    Reader { name: "npz", read: read_npz, seeds: seeds::npz, growth: PACKED, ..PLAIN_READER },
    Reader { name: "arrays", read: read_arrays, seeds: seeds::arrays, growth: PACKED, ..PLAIN_READER },
    Reader { name: "nir", read: read_nir, seeds: seeds::nir, growth: PACKED, ..PLAIN_READER },
    Reader { name: "net", read: read_net, seeds: seeds::net, growth: PACKED, ..PLAIN_READER },
    Reader { name: "network", read: read_network, seeds: seeds::network, growth: PACKED, quotes: true },
    Reader { name: "image", read: read_image, seeds: seeds::image, ..PLAIN_READER },
    Reader { name: "checkpoint", read: read_checkpoint, seeds: seeds::checkpoint, ..PLAIN_READER },
    Reader { name: "experiment", read: read_experiment, seeds: seeds::experiment, quotes: true, ..PLAIN_READER },
    Reader { name: "prices", read: read_prices, seeds: seeds::prices, quotes: true, ..PLAIN_READER },
];

/// Reads by the reader of a name; what it says of damage does not matter.
pub fn read(name: &str, bytes: &[u8]) {
    let reader = READERS.iter().find(|reader| reader.name == name).unwrap();
    let _said = (reader.read)(bytes);
}

/// What was read is also shown, as `loihi data show` does.
fn show_sample(data: SampleData) {
    let item = Sample { name: "a".to_owned(), label: None, data };
    let lines = show::describe(&[item]);
    assert!(lines.len() >= 4, "{lines:?}");
}

fn at<O: std::fmt::Display, W: std::fmt::Display>((offset, what): (O, W)) -> String {
    format!("byte {offset}: {what}")
}

fn shown(read: Result<Events, (usize, String)>) -> Result<(), String> {
    show_sample(SampleData::Events(read.map_err(at)?));
    Ok(())
}

/// Samples in a file of arrays that is not a recording are for another reader.
fn read_records(bytes: &[u8]) -> Result<(), String> {
    let events = records::parse(bytes)?.ok_or("it is not a recording")?;
    show_sample(SampleData::Events(events));
    Ok(())
}

fn read_shd(bytes: &[u8]) -> Result<(), String> {
    let items = shd::parse(bytes.to_vec(), usize::MAX)?;
    assert!(items.is_empty() || show::describe(&items).len() >= 4);
    Ok(())
}

fn read_idx(bytes: &[u8]) -> Result<(), String> {
    let array = idx::parse(bytes).map_err(at)?;
    assert_eq!(array.values.len(), array.dimensions.iter().product::<usize>());
    show_sample(SampleData::Values { shape: array.dimensions, values: array.values });
    Ok(())
}

fn read_cifar(bytes: &[u8]) -> Result<(), String> {
    let samples = cifar::images(bytes)?;
    assert!(samples.iter().all(|sample| sample.len() == 3072));
    Ok(())
}

fn read_cifar_batch(bytes: &[u8]) -> Result<(), String> {
    let samples = cifar::batch(bytes).map_err(at)?;
    assert!(samples.iter().all(|(values, class)| values.len() == cifar::VALUES && *class < cifar::CLASSES));
    Ok(())
}

fn read_wav(bytes: &[u8]) -> Result<(), String> {
    let values = wav::parse(bytes).map_err(at)?;
    assert_eq!(values.len(), wav::FRAMES * wav::CHANNELS);
    Ok(())
}

fn read_csv(bytes: &[u8]) -> Result<(), String> {
    let items = table::parse(bytes).map_err(|(line, what)| format!("line {line}: {what}"))?;
    assert!(show::describe(&items).len() >= 4);
    Ok(())
}

fn read_npz(bytes: &[u8]) -> Result<(), String> {
    let array = npz::parse(bytes, "w").map_err(|error| error.to_string())?;
    assert_eq!(array.real().len(), array.shape().iter().product::<usize>());
    Ok(())
}

fn read_arrays(bytes: &[u8]) -> Result<(), String> {
    let items = arrays::parse(bytes)?;
    assert!(show::describe(&items).len() >= 4);
    Ok(())
}

/// A graph is also made into a network of the chip's integers.
fn read_nir(bytes: &[u8]) -> Result<(), String> {
    let said = |wrong: NodeError| wrong.of(Path::new("a.nir")).to_string();
    let graph = nir::parse(bytes).map_err(said)?;
    let imported = quantise(&graph, "a", quantise::QuantiseOptions::default()).map_err(said)?;
    assert!(imported.table().lines().count() > imported.rows.len());
    Ok(())
}

fn read_net(bytes: &[u8]) -> Result<(), String> {
    lava_dl::parse(bytes, "a").map(drop).map_err(|wrong| wrong.of(Path::new("a.net")).to_string())
}

/// A network of text alone: files that it names are looked for where there are none.
fn read_network(bytes: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(bytes);
    file::parse(&text, Path::new("/nowhere/net.toml")).map(drop).map_err(|error| error.to_string())
}

/// An image, whose length is set right so that damage is looked for further on; what is accepted also runs.
fn read_image(bytes: &[u8]) -> Result<(), String> {
    let mut words: Vec<u32> = bytes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
    let length = u32::try_from(words.len()).unwrap();
    if let Some(word) = words.get_mut(2) {
        *word = length;
    }
    let image = Image::open(words.as_bytes(), &Snips(&rules::ALL)).map_err(|error| error.to_string())?;
    let needed = Chip::bytes_needed(&image, &rules::ALL);
    if needed > CHIP_BYTES {
        return Err(format!("a chip of {needed} bytes"));
    }
    let mut memory = vec![0_u64; needed.div_ceil(8)];
    let mut chip = Chip::new(image, &rules::ALL, memory.as_mut_bytes()).map_err(|_| "too small".to_owned())?;
    for step in 0..3 {
        chip.inject(step);
        chip.step();
    }
    assert_eq!(chip.digest().t, 3);
    Ok(())
}

/// Most memory of a chip that is run.
const CHIP_BYTES: usize = 4 << 20;

/// A checkpoint, whose check is set right for the same reason.
fn read_checkpoint(bytes: &[u8]) -> Result<(), String> {
    let body = bytes.get(..bytes.len().saturating_sub(4)).unwrap_or_default();
    let checked = [body, &CRC.checksum(body).to_le_bytes()].concat();
    let checkpoint = Checkpoint::parse(&checked)?;
    assert_eq!(Checkpoint::parse(&checkpoint.to_bytes().unwrap()), Ok(checkpoint));
    Ok(())
}

fn read_experiment(bytes: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(bytes);
    let name = parameters::experiment(&text).map_err(|error| error.to_string())?;
    let experiment = Experiment::ALL.iter().find(|experiment| experiment.name() == name);
    let experiment = experiment.ok_or_else(|| format!("there is no experiment {name}"))?;
    experiment.task(&text).map(drop).map_err(|error| error.to_string())
}

fn read_prices(bytes: &[u8]) -> Result<(), String> {
    Prices::parse(&String::from_utf8_lossy(bytes)).map(drop).map_err(|error| error.to_string())
}
