//! Spikes of an artificial cochlea, as the Heidelberg data sets (SHD, SSC) come: an HDF5 file of many words.
//!
//! `spikes/times` are lists of seconds from the start of a word, `spikes/units` lists of channels, `labels` the classes.
//! Channels are the columns of a sensor of one row, and every spike has polarity 1, as Tonic gives them.
//!
//! Source: the data sets' description by their authors.

use super::error::FormatError;
use super::events::{Event, Events};
use super::format::Content;
use super::legend::Legend;
use super::options::DataOptions;
use super::sample::{Sample, SampleData};
use loihi_files::npz::Values;
use loihi_hdf5::File;

/// What [`super::shd::FORMAT`] reads.
pub(crate) fn read(bytes: &[u8], most: usize, _: &DataOptions) -> Result<Content, FormatError> {
    Ok(Content::Many(parse(bytes.to_vec(), most)?, Legend::default()))
}

/// Reads the first `most` words of a file.
///
/// # Errors
/// [`FormatError`].
pub fn parse(bytes: Vec<u8>, most: usize) -> Result<Vec<Sample>, FormatError> {
    let file = File::open(bytes).map_err(FormatError::new)?;
    let lists = |name: &str| file.lists(name).map_err(FormatError::new);
    let (times, units) = (lists("spikes/times")?, lists("spikes/units")?);
    let labels =
        file.array("labels").map_err(FormatError::new)?.whole().ok_or("`labels`: a class is not a whole number")?;
    if times.len() != units.len() || times.len() != labels.len() {
        let (times, units, labels) = (times.len(), units.len(), labels.len());
        return Err(format!("it has {times} lists of times, {units} of units, and {labels} labels").into());
    }
    let mut items = Vec::new();
    for (number, ((times, units), label)) in times.zip(units).zip(labels).take(most).enumerate() {
        let invalid = |what: String| FormatError::new(format!("word {number}: {what}"));
        let label = u32::try_from(label).map_err(|_| invalid(format!("{label} is not a class")))?;
        let events = word(
            &real(times.map_err(FormatError::new)?),
            &whole(units.map_err(FormatError::new)?)
                .ok_or_else(|| invalid("a unit is not a whole number".to_owned()))?,
        );
        // Time begins with the word, not with its first spike.
        let recording = Events { start_us: 0, ..Events::of(events.map_err(invalid)?) };
        items.push(Sample::events(number.to_string(), recording).labelled(label));
    }
    one_size(&mut items);
    Ok(items)
}

fn real(values: Values) -> Vec<f64> {
    match values {
        #[expect(clippy::cast_precision_loss, reason = "what double precision is")]
        Values::Whole(values) => values.into_iter().map(|value| value as f64).collect(),
        Values::Real(values) => values,
    }
}

fn whole(values: Values) -> Option<Vec<i64>> {
    match values {
        Values::Whole(values) => Some(values),
        Values::Real(_) => None,
    }
}

fn word(seconds: &[f64], units: &[i64]) -> Result<Vec<Event>, String> {
    if seconds.len() != units.len() {
        return Err(format!("{} times for {} units", seconds.len(), units.len()));
    }
    let event = |(seconds, unit): (&f64, &i64)| {
        let us = (seconds * 1e6).round();
        // Beyond 2^53 µs, which are centuries, they would not be whole.
        if !(0.0..9.0e15).contains(&us) {
            return Err(format!("{seconds} s is not a time from its start"));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and in range")]
        let t_us = us as u64;
        let x = u16::try_from(*unit).ok().filter(|unit| *unit < u16::MAX);
        let x = x.ok_or_else(|| format!("{unit} is not a unit: expected 0 to 65534"))?;
        Ok(Event { t_us, x, y: 0, polarity: 1 })
    };
    seconds.iter().zip(units).map(event).collect()
}

/// All words are of one cochlea: as many channels as any of them has.
fn one_size(items: &mut [Sample]) {
    let recordings = || items.iter();
    let width = recordings().map(|item| match &item.data {
        SampleData::Events(recording) => recording.size[0],
        SampleData::Values { .. } | SampleData::Reals { .. } => 0,
    });
    let width = width.max().unwrap_or(0);
    for item in items {
        if let SampleData::Events(recording) = &mut item.data {
            recording.size = [width, 1];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &[u8] = include_bytes!("../../../tests/golden/shd/h5py.h5");

    #[test]
    fn words_are_spikes_of_channels() {
        let items = parse(FILE.to_vec(), usize::MAX).unwrap();
        let labels: Vec<Option<u32>> = items.iter().map(|item| item.label).collect();
        assert_eq!(labels, [Some(7), Some(0), Some(19), Some(3)]);
        let SampleData::Events(first) = &items[0].data else { panic!("{:?}", items[0]) };
        let own = |t_us, x| Event { t_us, x, y: 0, polarity: 1 };
        assert_eq!(first.events, [own(250_000, 5), own(0, 699), own(62_500, 0)]);
        assert!(items.iter().all(|item| matches!(&item.data, SampleData::Events(own) if own.size == [700, 1])));
        assert_eq!(parse(FILE.to_vec(), 2).unwrap().len(), 2);
        let SampleData::Events(late) = &items[2].data else { panic!("{:?}", items[2]) };
        assert_eq!((late.start_us, late.end_us()), (0, 1_000_000), "time begins with the word");
    }

    #[test]
    fn what_cannot_be_is_said() {
        assert_eq!(word(&[0.5], &[1, 2]).unwrap_err(), "1 times for 2 units");
        assert_eq!(word(&[-0.5], &[1]).unwrap_err(), "-0.5 s is not a time from its start");
        assert_eq!(word(&[f64::NAN], &[1]).unwrap_err(), "NaN s is not a time from its start");
        assert_eq!(word(&[f64::INFINITY], &[1]).unwrap_err(), "inf s is not a time from its start");
        assert_eq!(word(&[0.5], &[-1]).unwrap_err(), "-1 is not a unit: expected 0 to 65534");
        assert!(word(&[0.5], &[65_535]).is_err());
        assert!(parse(b"\x89HDF\r\n\x1a\n".to_vec(), 1).unwrap_err().message.contains("HDF5"));
    }
}
