//! Samples in `.npy` and `.npz` files: a sample for every element of the first extent; classes in an array `y` or `labels`.
//!
//! Numbers become 0 to 255: booleans, and numbers of 0 to 1, are shares of 255; whole numbers of 0 to 255 stay; others are
//! scaled by the smallest and the largest of all.

use super::error::FormatError;
use super::format::{Content, Format};
use super::records;
use super::sample::Sample;
use loihi_files::npz::{self, Array, Values};

/// Arrays of classes.
const LABELS: [&str; 2] = ["y", "labels"];
/// Arrays of samples, if there are several others.
const SAMPLES: [&str; 4] = ["x", "samples", "data", "spikes"];

/// Arrays: of samples, or of the events of a recording.
pub const FORMAT: Format =
    Format::new("numpy", &["npy", "npz"], "arrays of samples, or of the events of a recording", |bytes, _| {
        match records::parse(bytes)? {
            Some(recording) => Ok(Content::events(recording)),
            None => Ok(Content::Many(parse(bytes)?)),
        }
    })
    .begins(&[b"\x93NUMPY", b"PK\x03\x04"]);

/// Reads samples.
///
/// # Errors
/// [`FormatError`].
pub fn parse(bytes: &[u8]) -> Result<Vec<Sample>, FormatError> {
    let names = npz::names_in(bytes).map_err(FormatError::new)?;
    let labels = names.iter().find(|name| LABELS.contains(&name.as_str()));
    let samples = sample_array(&names, labels)?;
    let read = |name: &str| npz::parse(bytes, name).map_err(FormatError::new);
    let array = read(samples)?;
    let labels = labels.map(|name| classes(&read(name)?, name)).transpose()?;
    let [count, shape @ ..] = array.shape() else {
        return Err("a single number is not an array of samples: the first extent is that of the samples".into());
    };
    if let Some(labels) = labels.as_ref().filter(|labels| labels.len() != *count) {
        return Err(format!("{} classes for {count} samples", labels.len()).into());
    }
    let values = scaled(&array)?;
    let each = shape.iter().product::<usize>();
    if each == 0 || *count == 0 {
        return Err(format!("its shape {:?} has no elements", array.shape()).into());
    }
    let label = |number: usize| labels.as_ref().and_then(|labels| labels.get(number).copied());
    let sample = |(number, values): (usize, &[u8])| {
        Sample::values(number.to_string(), shape, values.to_vec()).labelled(label(number))
    };
    Ok(values.chunks(each).enumerate().map(sample).collect())
}

/// The array of samples: the only one besides that of classes, or one of the usual names.
fn sample_array<'n>(names: &'n [String], labels: Option<&String>) -> Result<&'n str, String> {
    let others: Vec<&str> = names.iter().filter(|name| Some(*name) != labels).map(String::as_str).collect();
    match &*others {
        // An .npy file has one array, whose name does not matter.
        [] if names.is_empty() => Ok(""),
        [only] => Ok(only),
        _ => {
            let usual = SAMPLES.iter().find_map(|name| others.iter().find(|own| *own == name));
            usual.copied().ok_or_else(|| {
                format!("which array holds the samples? call it {}; there are {}", SAMPLES[0], names.join(", "))
            })
        }
    }
}

fn classes(array: &Array, name: &str) -> Result<Vec<u32>, FormatError> {
    let class = |class: &i64| u32::try_from(*class).ok();
    let classes = array.whole().and_then(|classes| classes.iter().map(class).collect::<Option<Vec<u32>>>());
    classes.ok_or_else(|| format!("array {name}: a class is not a whole number of 0 or more").into())
}

fn scaled(array: &Array) -> Result<Vec<u8>, String> {
    let values = array.real();
    if !values.iter().all(|value| value.is_finite()) {
        return Err("it has values that are not numbers".to_owned());
    }
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (low, range) = match array.values() {
        _ if low >= 0.0 && high <= 1.0 => (0.0, 1.0),
        Values::Whole(_) if low >= 0.0 && high <= 255.0 => (0.0, 255.0),
        _ if high > low => (low, high - low),
        _ => (low, 1.0),
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
    let scaled = |value: &f64| (255.0 * ((value - low) / range)).round().clamp(0.0, 255.0) as u8;
    Ok(values.iter().map(scaled).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(shape: &[usize], values: &[i64]) -> Array {
        Array::new(shape.to_vec(), Values::Whole(values.to_vec())).unwrap()
    }

    fn real(shape: &[usize], values: &[f64]) -> Array {
        Array::new(shape.to_vec(), Values::Real(values.to_vec())).unwrap()
    }

    fn file(arrays: Vec<(&str, Array)>) -> Vec<u8> {
        let arrays: Vec<_> = arrays.into_iter().map(|(name, array)| (name.to_owned(), array)).collect();
        npz::bytes(&arrays).unwrap()
    }

    fn read(arrays: Vec<(&str, Array)>) -> Vec<(Vec<u8>, Option<u32>)> {
        let values = |sample: Sample| (sample.flat().unwrap().to_vec(), sample.label);
        parse(&file(arrays)).unwrap().into_iter().map(values).collect()
    }

    #[test]
    fn arrays_are_samples_with_their_classes() {
        let spikes = whole(&[2, 3], &[0, 1, 1, 1, 0, 0]);
        let expected = [(vec![0, 255, 255], Some(4)), (vec![255, 0, 0], Some(0))];
        assert_eq!(read(vec![("whatever", spikes.clone()), ("y", whole(&[2], &[4, 0]))]), expected);
        let pixels = whole(&[2, 3], &[0, 7, 9, 3, 0, 200]);
        let expected = [(vec![0, 7, 9], None), (vec![3, 0, 200], None)];
        assert_eq!(read(vec![("a", spikes.clone()), ("x", pixels)]), expected, "by its name");
        assert_eq!(read(vec![("a", real(&[1, 3], &[0.0, 0.5, 1.0]))]), [(vec![0, 128, 255], None)]);
        assert_eq!(read(vec![("a", real(&[1, 3], &[-1.0, 3.0, 1.0]))]), [(vec![0, 255, 128], None)]);
        let alone = parse(&npz_of_one(&spikes)).unwrap();
        assert_eq!((alone.len(), alone[1].name.as_str(), alone[1].label), (2, "1", None));
    }

    /// The bytes of an .npy file.
    fn npz_of_one(array: &Array) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        let text = format!("{{'descr': '|i1', 'fortran_order': False, 'shape': {:?}}}\n", (2, 3));
        bytes.extend(u16::try_from(text.len()).unwrap().to_le_bytes());
        bytes.extend(text.as_bytes());
        bytes.extend(array.whole().unwrap().iter().map(|value| u8::try_from(*value).unwrap()));
        bytes
    }

    #[test]
    fn what_is_wrong_is_said() {
        let said = |arrays| parse(&file(arrays)).unwrap_err().message;
        let one = || whole(&[2, 1], &[1, 2]);
        assert_eq!(said(vec![("a", one()), ("b", one())]), "which array holds the samples? call it x; there are a, b");
        assert_eq!(said(vec![("x", one()), ("y", whole(&[1], &[0]))]), "1 classes for 2 samples");
        let class = said(vec![("x", one()), ("y", whole(&[2], &[0, -1]))]);
        assert_eq!(class, "array y: a class is not a whole number of 0 or more");
        assert_eq!(said(vec![("x", real(&[1, 1], &[f64::NAN]))]), "it has values that are not numbers");
        assert_eq!(said(vec![("x", whole(&[2, 0], &[]))]), "its shape [2, 0] has no elements");
        assert!(said(vec![("x", whole(&[], &[3]))]).starts_with("a single number is not an array of samples"));
        assert!(parse(b"nonsense").unwrap_err().message.contains("not an .npz file"));
    }
}
