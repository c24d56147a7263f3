//! Samples in `.npy` and `.npz` files: a sample for every element of the first extent of an array, and what else is known of
//! them in arrays beside it.
//!
//! | array | holds |
//! |---|---|
//! | `x`, `samples`, `data`, `spikes`, or the only one of another name | values `[samples, ...]` |
//! | `labels` | classes `[samples]` |
//! | `y` or `targets`, of whole numbers `[samples]` | classes |
//! | `y` or `targets`, of real numbers `[samples]`, or of any `[samples, k]` | targets, `k` a sample |
//! | the one that [`DataOptions::stage_column`] names | stages `[samples]`: texts or whole numbers |
//!
//! Values become 0 to 255: booleans, and numbers of 0 to 1, are shares of 255; whole numbers of 0 to 255 stay; others are
//! scaled by the smallest and the largest of all; [`DataOptions::scale`] sets another scale. If [`DataOptions::reals`] asks for it, all stay real numbers, not scaled.
//! Numbers that are not finite are refused. A series in time is `x` `[steps, n]` and `y` `[steps, k]`, a sample a step.

use super::answers::{Answers, not_finite, singles};
use super::error::FormatError;
use super::format::{Content, Format};
use super::legend::Legend;
use super::options::DataOptions;
use super::records;
use super::sample::Sample;
use super::scale::{Scale, TOO_WIDE};
use loihi_files::npz::{self, Values};

/// Arrays of samples, if there are several others.
const SAMPLES: [&str; 4] = ["x", "samples", "data", "spikes"];

/// Arrays: of samples, or of the events of a recording.
pub const FORMAT: Format = Format::new(
    "numpy",
    &["npy", "npz"],
    "arrays of samples, or of the events of a recording",
    |bytes, most, options| match records::parse(bytes)? {
        Some(recording) => Ok(Content::events(recording)),
        None => read(bytes, most, options).map(|(samples, legend)| Content::Many(samples, legend)),
    },
)
.begins(&[b"\x93NUMPY", b"PK\x03\x04"])
.with_targets("in `y` or `targets`, real numbers or `[samples, k]`")
.with_classes("in `labels`, or in `y` or `targets`, whole numbers; of a recording as of other files");

/// Reads samples.
///
/// # Errors
/// [`FormatError`] names the array, and row and column of a number that is not finite.
pub fn parse(bytes: &[u8], options: &DataOptions) -> Result<Vec<Sample>, FormatError> {
    Ok(read(bytes, usize::MAX, options)?.0)
}

/// At least the first `most` samples, and their scale if they have values.
fn read(bytes: &[u8], most: usize, options: &DataOptions) -> Result<(Vec<Sample>, Legend), FormatError> {
    let names = npz::names_in(bytes).map_err(FormatError::new)?;
    let answers = Answers::read(bytes, &names, options)?;
    let name = sample_array(&names, &answers)?;
    if !options.reals
        && let Some(rows) = npz::byte_rows(bytes, name, most).map_err(FormatError::new)?
    {
        return of_bytes(rows, answers, options);
    }
    let array = npz::parse(bytes, name).map_err(FormatError::new)?;
    let [count, shape @ ..] = array.shape() else {
        return Err("a single number is not an array of samples: the first extent is that of the samples".into());
    };
    let each = shape.iter().product::<usize>();
    if each == 0 || *count == 0 {
        return Err(no_elements(array.shape()).into());
    }
    if options.reals {
        let of = |(number, row): (usize, &[f32])| Sample::reals(number.to_string(), shape, row.to_vec());
        let samples = singles(&array, name, each)?.chunks(each).enumerate().map(of).collect();
        return Ok((answers.given_to(samples)?, Legend::default()));
    }
    let numbers = array.real();
    if let Some((at, number)) = numbers.iter().enumerate().find(|(_, number)| !number.is_finite()) {
        return Err(not_finite(name, at, each, *number).into());
    }
    let misfit = options.scale.and_then(|given| given.misfit(numbers.iter().copied()));
    let own = || scale_of(array.values(), &numbers).ok_or(TOO_WIDE);
    let scale = options.scale.map_or_else(own, Ok)?;
    let of = |(number, row): (usize, &[f64])| {
        Sample::values(number.to_string(), shape, row.iter().map(|number| scale.value(*number)).collect())
    };
    let samples = numbers.chunks(each).enumerate().map(of).collect();
    Ok((answers.given_to(samples)?, Legend::of_scale(scale, misfit)))
}

/// Samples of bytes or booleans, which stay the bytes that they are but for their scale.
fn of_bytes(
    array: npz::ByteRows,
    answers: Answers<'_>,
    options: &DataOptions,
) -> Result<(Vec<Sample>, Legend), FormatError> {
    if array.shape.contains(&0) {
        return Err(no_elements(&array.shape).into());
    }
    let scale = options.scale.unwrap_or(if array.largest <= 1 { Scale::SHARES } else { Scale::BYTES });
    let numbers = array.rows.iter().flatten().copied().map(f64::from);
    let misfit = options.scale.and_then(|given| given.misfit(numbers));
    let mut values = [0; 256];
    for (value, byte) in values.iter_mut().zip(0_u8..) {
        *value = scale.value(byte.into());
    }
    let shape = array.shape.get(1..).unwrap_or_default();
    let of = |(number, mut row): (usize, Vec<u8>)| {
        for byte in &mut row {
            *byte = values[usize::from(*byte)];
        }
        Sample::values(number.to_string(), shape, row)
    };
    let samples = array.rows.into_iter().enumerate().map(of).collect();
    Ok((answers.given_to_first(array.shape[0], samples)?, Legend::of_scale(scale, misfit)))
}

fn no_elements(shape: &[usize]) -> String {
    format!("its shape {shape:?} has no elements")
}

/// The array of samples: the only one besides those of answers, or one of the usual names.
fn sample_array<'n>(names: &'n [String], answers: &Answers<'_>) -> Result<&'n str, String> {
    let others: Vec<&str> = names.iter().map(String::as_str).filter(|name| !answers.has(name)).collect();
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

/// The scale of the numbers of an array: 0 to 1 are shares, whole numbers of 0 to 255 stay; `None` if their range is not finite.
fn scale_of(values: &Values, numbers: &[f64]) -> Option<Scale> {
    let are_within = |high: f64| numbers.iter().all(|number| (0.0..=high).contains(number));
    match values {
        _ if are_within(1.0) => Some(Scale::SHARES),
        Values::Whole(_) if are_within(255.0) => Some(Scale::BYTES),
        _ => Scale::of_extremes(numbers.iter().copied()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loihi_files::npz::Array;

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
        parse(&file(arrays), &DataOptions::default()).unwrap().into_iter().map(values).collect()
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
        let alone = parse(&npz_of_one(&spikes), &DataOptions::default()).unwrap();
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
    fn bytes_and_shares_are_recognised_and_other_scales_kept() {
        let legend = |numbers, options: &DataOptions| super::read(&file(vec![("x", numbers)]), 9, options).unwrap().1;
        let plain = DataOptions::default();
        let (pixels, shares) = (whole(&[2, 2], &[0, 7, 200, 255]), real(&[2, 2], &[0.0, 0.03, 0.8, 1.0]));
        for own in [&pixels, &shares] {
            let kept = legend(own.clone(), &plain).scale.unwrap().kept();
            assert_eq!(kept, None);
            // What is shown later says its scale, in both directions.
            for other in [&pixels, &shares] {
                let samples = super::read(&file(vec![("x", other.clone())]), 9, &plain.clone().scale(kept)).unwrap().0;
                assert_eq!(samples[1].flat().map(|row| row[1]), Some(255));
            }
        }
        let kept = legend(real(&[2, 1], &[-1.0, 3.0]), &plain).scale.unwrap().kept();
        assert_eq!(kept, Scale::of_ends([-1.0, 3.0]));
        let bytes = plain.scale(Scale::of_ends([0.0, 255.0]));
        assert!(legend(shares, &bytes).misfit.unwrap().starts_with("all numbers lie within less than a 64th"));
        assert_eq!(legend(pixels, &bytes).misfit, None);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let said = |arrays| parse(&file(arrays), &DataOptions::default()).unwrap_err().message;
        let one = || whole(&[2, 1], &[1, 2]);
        assert_eq!(said(vec![("a", one()), ("b", one())]), "which array holds the samples? call it x; there are a, b");
        assert_eq!(said(vec![("x", one()), ("y", whole(&[1], &[0]))]), "1 classes for 2 samples");
        let class = said(vec![("x", one()), ("y", whole(&[2], &[0, -1]))]);
        assert_eq!(class, "array y: a class is not a whole number of 0 or more");
        let nan = said(vec![("x", real(&[2, 2], &[0.0, 1.0, f64::NAN, 2.0]))]);
        assert_eq!(nan, "array x, row 1, column 0 (from 0): NaN is not a finite number");
        assert_eq!(said(vec![("x", whole(&[2, 0], &[]))]), "its shape [2, 0] has no elements");
        assert_eq!(said(vec![("x", real(&[2, 1], &[-1e308, 1e308]))]), TOO_WIDE);
        assert!(said(vec![("x", whole(&[], &[3]))]).starts_with("a single number is not an array of samples"));
        assert!(parse(b"nonsense", &DataOptions::default()).unwrap_err().message.contains("not an .npz file"));
    }
}
