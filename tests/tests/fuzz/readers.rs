//! Every reader of files: its name, the reader, small files to begin from. A new reader is a new row.
//!
//! The targets of cargo-fuzz in `fuzz/` and the bounded run of the test command read the same table.

#[path = "seeds.rs"]
mod seeds;

use host_harness::convert::onnx;
use host_harness::cost::prices::Prices;
use host_harness::data::{Content, DataOptions, FORMATS, Format, Legend, Sample, SampleData, cifar};
use host_harness::import::NodeError;
use host_harness::lava_dl;
use host_harness::learn::Learner;
use host_harness::network::file;
use host_harness::nir;
use host_harness::npz;
use host_harness::quantise::{self, quantise};
use host_harness::record::checkpoint::Checkpoint;
use host_harness::show;
use host_harness::sweep::Results;
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
    read: Read,
    /// Small files that it reads, to begin from.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Memory that it may take for a byte of a file; what is packed grows by up to 1,032.
    pub growth: usize,
    /// Whether its errors quote the lines around the fault.
    pub quotes: bool,
}

/// What reads.
#[derive(Clone, Copy)]
enum Read {
    /// A row of the table of formats of samples.
    Format(&'static Format),
    /// A function of the rows below.
    Own(fn(&[u8]) -> Result<(), String>),
}

impl Reader {
    /// Reads; what is wrong with the bytes, if anything is.
    ///
    /// # Errors
    /// The reader's.
    pub fn read(&self, bytes: &[u8]) -> Result<(), String> {
        match self.read {
            Read::Format(format) => read_samples(format, bytes),
            Read::Own(read) => read(bytes),
        }
    }
}

/// Memory for a byte of a plain file.
const PLAIN: usize = 256;
/// Memory for a byte of a packed file.
const PACKED: usize = 1032 * 16;

const PLAIN_READER: Reader =
    Reader { name: "", read: Read::Own(|_| Ok(())), seeds: Vec::new, growth: PLAIN, quotes: false };

/// All of them: those of samples by the table of formats, and the others.
pub fn readers() -> Vec<Reader> {
    let of_format = |format: &'static Format| {
        let (seeds, is_packed) = seeds::of_format(format.name);
        let growth = if is_packed { PACKED } else { PLAIN };
        Reader { name: format.name, read: Read::Format(format), seeds, growth, quotes: false }
    };
    FORMATS.iter().map(of_format).chain(OTHERS).collect()
}

const OTHERS: [Reader; 11] = [
    Reader { name: "cifar", read: Read::Own(read_cifar), seeds: seeds::cifar, growth: PACKED, ..PLAIN_READER },
    Reader { name: "npz", read: Read::Own(read_npz), seeds: seeds::npz, growth: PACKED, ..PLAIN_READER },
    Reader { name: "nir", read: Read::Own(read_nir), seeds: seeds::nir, growth: PACKED, ..PLAIN_READER },
    Reader { name: "onnx", read: Read::Own(read_onnx), seeds: seeds::onnx, ..PLAIN_READER },
    Reader { name: "net", read: Read::Own(read_net), seeds: seeds::net, growth: PACKED, ..PLAIN_READER },
    Reader { name: "network", read: Read::Own(read_network), seeds: seeds::network, growth: PACKED, quotes: true },
    Reader { name: "image", read: Read::Own(read_image), seeds: seeds::image, ..PLAIN_READER },
    Reader { name: "checkpoint", read: Read::Own(read_checkpoint), seeds: seeds::checkpoint, ..PLAIN_READER },
    Reader {
        name: "experiment",
        read: Read::Own(read_experiment),
        seeds: seeds::experiment,
        quotes: true,
        ..PLAIN_READER
    },
    Reader { name: "prices", read: Read::Own(read_prices), seeds: seeds::prices, quotes: true, ..PLAIN_READER },
    Reader { name: "sweep", read: Read::Own(read_sweep), seeds: seeds::sweep, quotes: true, ..PLAIN_READER },
];

/// Reads by the reader of a name; what it says of damage does not matter.
pub fn read(name: &str, bytes: &[u8]) {
    let readers = readers();
    let reader = readers.iter().find(|reader| reader.name == name).unwrap();
    let _said = reader.read(bytes);
}

/// What was read is also shown, as `loihi data show` does.
fn read_samples(format: &Format, bytes: &[u8]) -> Result<(), String> {
    let reals = DataOptions::default().reals(true).stage_column("stage");
    let _read_or_refused = read_with(format, bytes, &reals);
    read_with(format, bytes, &DataOptions::default())
}

fn read_with(format: &Format, bytes: &[u8], options: &DataOptions) -> Result<(), String> {
    let plain = |sample| (vec![sample], Legend::default());
    let (samples, legend) = match format.read(bytes, usize::MAX, options).map_err(|error| error.to_string())? {
        Content::One(SampleData::Events(events)) => plain(Sample::events("a", events)),
        Content::One(SampleData::Values { shape, values }) => {
            assert_eq!(values.len(), shape.iter().product::<usize>());
            plain(Sample::values("a", &shape, values))
        }
        Content::Many(samples, legend) => (samples, legend),
        other => panic!("{}: {other:?}", format.name),
    };
    assert!(samples.is_empty() || show::describe(&samples, &legend).len() >= 4);
    Ok(())
}

fn read_cifar(bytes: &[u8]) -> Result<(), String> {
    let samples = cifar::images(bytes).map_err(|error| error.to_string())?;
    assert!(samples.iter().all(|sample| sample.len() == 3072));
    Ok(())
}

fn read_npz(bytes: &[u8]) -> Result<(), String> {
    let array = npz::parse(bytes, "w").map_err(|error| error.to_string())?;
    assert_eq!(array.real().len(), array.shape().iter().product::<usize>());
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

fn read_onnx(bytes: &[u8]) -> Result<(), String> {
    let ann = onnx::read(bytes, "a").map_err(|wrong| wrong.to_string())?;
    assert!(ann.depths().len() == ann.layers.len() && ann.parameters() <= bytes.len() * bytes.len());
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
    let checkpoint = Checkpoint::parse(&checked).map_err(|error| error.to_string())?;
    assert_eq!(Checkpoint::parse(&checkpoint.to_bytes().unwrap()), Ok(checkpoint));
    Ok(())
}

fn read_experiment(bytes: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(bytes);
    let learner = Learner::parse(&text, Path::new("/nowhere/net.toml"));
    learner.map(drop).map_err(|error| error.to_string())
}

fn read_prices(bytes: &[u8]) -> Result<(), String> {
    Prices::parse(&String::from_utf8_lossy(bytes)).map(drop).map_err(|error| error.to_string())
}

/// What was read is written again.
fn read_sweep(bytes: &[u8]) -> Result<(), String> {
    let results = Results::parse(bytes).map_err(|error| error.to_string())?;
    results.csv().map(drop).map_err(|error| error.to_string())
}
