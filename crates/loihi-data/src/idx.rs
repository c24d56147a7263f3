//! IDX files: arrays of unsigned bytes, as MNIST and its kin are distributed, packed by gzip or not.
//!
//! Two zero bytes, the type of the values (0x08: unsigned bytes), the number of dimensions, each dimension as a
//! big-endian `u32`, then the values, the last dimension fastest.

use super::error::{DataError, FormatError};
use super::files::name_of;
use super::format::{Content, Format};
use super::legend::Legend;
use super::listing::{Layout, Listing};
use super::sample::Sample;
use flate2::read::MultiGzDecoder;
use std::collections::BTreeSet;
use std::io::{self, Cursor, Read};
use std::path::Path;

/// Dimensions an array may have.
pub const DIMENSIONS_MAX: usize = 4;
/// Values an array may have.
pub const VALUES_MAX: usize = 1 << 30;

const UNSIGNED_BYTE: u8 = 0x08;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// An array that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Idx {
    /// Its dimensions, 1 to [`DIMENSIONS_MAX`].
    pub dimensions: Vec<usize>,
    /// Its values, the last dimension fastest: as many as the product of the dimensions.
    pub values: Vec<u8>,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
enum IdxFault {
    /// It does not begin as IDX files do.
    #[error("not an IDX file: it starts with {:02x} {:02x}, not with 00 00", .0[0], .0[1])]
    Magic([u8; 2]),
    /// Its values are not unsigned bytes.
    #[error("the values are of type {0:#04x}, but only unsigned bytes (type 0x08) can be used: convert the file")]
    Type(u8),
    /// It has no dimension, or too many.
    #[error("the array has {0} dimensions, but 1 to {DIMENSIONS_MAX} can be used")]
    Dimensions(u8),
    /// Its dimensions multiply to more than can be used.
    #[error("the dimensions {0:?} make more than {VALUES_MAX} values: the file is damaged, or too large to be used")]
    TooLarge(Vec<usize>),
    /// It ends in its header.
    #[error("the file ends in its header: it was cut, get it again")]
    CutHeader,
    /// It holds fewer values than its dimensions say.
    #[error("the file ends after {found} of {expected} values: it was cut, get it again")]
    CutValues {
        /// Values that its dimensions say.
        expected: usize,
        /// Values that are there.
        found: usize,
    },
    /// It continues after its values.
    #[error("the file continues after its {0} values: it is damaged, or its dimensions are wrong; get it again")]
    Trailing(usize),
    /// It cannot be read, or not be unpacked.
    #[error("it cannot be read ({0})")]
    Unreadable(io::Error),
}

/// Reads an array from anything, unpacking it if it is packed by gzip.
///
/// # Errors
/// [`FormatError`] says where in what is unpacked.
pub fn parse(source: impl Read) -> Result<Idx, FormatError> {
    perhaps_packed(source)
        .map_err(|(offset, fault)| FormatError::at(usize::try_from(offset).unwrap_or(usize::MAX), fault))
}

fn perhaps_packed(mut source: impl Read) -> Result<Idx, (u64, IdxFault)> {
    let mut first = Vec::new();
    (&mut source).take(2).read_to_end(&mut first).map_err(|error| (0, IdxFault::Unreadable(error)))?;
    let packed = first == GZIP_MAGIC;
    let whole = Cursor::new(first).chain(source);
    if packed { unpacked(MultiGzDecoder::new(whole)) } else { unpacked(whole) }
}

/// Arrays alone, and in pairs of samples and labels.
pub const FORMAT: Format = Format::new("idx", &[], "IDX arrays; the first extent counts samples", |bytes, _, _| {
    Ok(Content::Many(items(&parse(bytes)?, None), Legend::default()))
})
.named(|name| name.contains("-ubyte"))
.of_many("none in a file alone; in a folder with `PREFIX-labels-idx1-ubyte`, that file");

/// Pairs of files; each prefix is a split.
pub(crate) const PAIRS: Layout = Layout { splits, read };

fn items(array: &Idx, labels: Option<&[u8]>) -> Vec<Sample> {
    let shape: Vec<usize> = array.dimensions.iter().skip(1).copied().collect();
    let each = shape.iter().product::<usize>().max(1);
    let label = |number: usize| labels.and_then(|labels| labels.get(number)).map(|label| u32::from(*label));
    let item = |(number, values): (usize, &[u8])| {
        Sample::values(number.to_string(), &shape, values.to_vec()).labelled(label(number))
    };
    array.values.chunks(each).enumerate().map(item).collect()
}

/// The beginnings of the names of files of labels.
fn splits(listing: &Listing) -> Option<Vec<String>> {
    let prefix = |path: &Path| Some(name_of(path).split_once("-labels-idx1-ubyte")?.0.to_owned());
    let prefixes: BTreeSet<String> = listing.at_top().filter_map(prefix).collect();
    (!prefixes.is_empty()).then(|| prefixes.into_iter().collect())
}

/// Reads the files whose names begin with that of the split; MNIST and its kin call their test samples `t10k`.
fn read(listing: &Listing, split: &str, _: usize) -> Result<Vec<Sample>, DataError> {
    let pair = |prefix: &str| {
        let find = |parts: &[&str]| {
            let fits = |name: &str| name.starts_with(prefix) && parts.iter().all(|part| name.contains(part));
            listing.at_top().find(|path| fits(&name_of(path)))
        };
        find(&["idx3-ubyte"]).zip(find(&["labels", "idx1-ubyte"]))
    };
    let pair = pair(split).or_else(|| pair("t10k").filter(|_| split == "test"));
    let Some((samples, labels)) = pair else { return Ok(Vec::new()) };
    let array = |path: &Path| parse(&*listing.read(path)?).map_err(|error| DataError::format(path, error));
    let (values, classes) = (array(samples)?, array(labels)?);
    let count = values.dimensions.first().copied().unwrap_or(0);
    if classes.values.len() != count {
        return Err(DataError::Count { path: labels.to_owned(), labels: classes.values.len(), samples: count });
    }
    Ok(items(&values, Some(&classes.values)))
}

fn unpacked(mut source: impl Read) -> Result<Idx, (u64, IdxFault)> {
    let [zero0, zero1, kind, count] = header(&mut source, 0)?;
    if [zero0, zero1] != [0, 0] {
        return Err((0, IdxFault::Magic([zero0, zero1])));
    }
    if kind != UNSIGNED_BYTE {
        return Err((2, IdxFault::Type(kind)));
    }
    if !(1..=DIMENSIONS_MAX).contains(&usize::from(count)) {
        return Err((3, IdxFault::Dimensions(count)));
    }
    let mut dimensions = Vec::new();
    for number in 0..u64::from(count) {
        let dimension = u32::from_be_bytes(header(&mut source, 4 + 4 * number)?);
        // One that does not fit is too large in any case.
        dimensions.push(usize::try_from(dimension).unwrap_or(usize::MAX));
    }
    let start = 4 + 4 * u64::from(count);
    let expected = dimensions.iter().try_fold(1_usize, |product, dimension| product.checked_mul(*dimension));
    let Some(expected) = expected.filter(|expected| *expected <= VALUES_MAX) else {
        return Err((4, IdxFault::TooLarge(dimensions)));
    };
    // What a file announces is not reserved: memory grows with what is there. One more shows whether it continues.
    let mut values = Vec::new();
    if let Err(error) = source.take(expected as u64 + 1).read_to_end(&mut values) {
        return Err((start + values.len() as u64, IdxFault::Unreadable(error)));
    }
    if values.len() < expected {
        let found = values.len();
        return Err((start + found as u64, IdxFault::CutValues { expected, found }));
    }
    if values.len() > expected {
        return Err((start + expected as u64, IdxFault::Trailing(expected)));
    }
    Ok(Idx { dimensions, values })
}

/// The next four bytes of the header.
fn header(source: &mut impl Read, offset: u64) -> Result<[u8; 4], (u64, IdxFault)> {
    let mut bytes = [0; 4];
    match source.read_exact(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err((offset, IdxFault::CutHeader)),
        Err(error) => Err((offset, IdxFault::Unreadable(error))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::error::Position;
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;
    use std::io::Write as _;

    /// Two times three values, 1 to 6.
    const SMALL: [u8; 18] = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6];

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn refusal(bytes: &[u8]) -> (u64, String) {
        let error = parse(bytes).unwrap_err();
        let Some(Position::Byte(offset)) = error.position else { panic!("{error:?}") };
        (offset, error.message)
    }

    fn changed(at: usize, byte: u8) -> Vec<u8> {
        let mut bytes = SMALL.to_vec();
        bytes[at] = byte;
        bytes
    }

    #[test]
    fn an_array_is_read_plain_and_packed() {
        let expected = Idx { dimensions: vec![2, 3], values: vec![1, 2, 3, 4, 5, 6] };
        assert_eq!(parse(&SMALL[..]).unwrap(), expected);
        assert_eq!(parse(&packed(&SMALL)[..]).unwrap(), expected);
    }

    #[test]
    fn every_fault_is_named_where_it_is() {
        let cases: [(Vec<u8>, u64, &str); 10] = [
            (changed(1, 7), 0, "starts with 00 07"),
            (changed(2, 0x0d), 2, "type 0x0d"),
            (changed(3, 0), 3, "0 dimensions"),
            (changed(3, 5), 3, "5 dimensions"),
            (changed(4, 0xff), 4, "more than 1073741824 values"),
            (changed(7, 3), 18, "6 of 9 values"),
            (changed(11, 2), 16, "after its 4 values"),
            (SMALL[..17].to_vec(), 17, "5 of 6 values"),
            (SMALL[..10].to_vec(), 8, "ends in its header"),
            (Vec::new(), 0, "ends in its header"),
        ];
        for (bytes, offset, part) in cases {
            for bytes in [packed(&bytes), bytes] {
                let (at, said) = refusal(&bytes);
                assert!(at == offset && said.contains(part), "{part}, byte {offset}: {said}, byte {at}");
            }
        }
        let four = [0, 0, 8, 4, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 1, 0];
        assert!(refusal(&four).1.contains("more than"), "a product that overflows");
    }

    #[test]
    fn a_pair_of_files_is_a_split() {
        let temporary = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| std::fs::write(temporary.path().join(name), bytes).unwrap();
        write("t10k-images-idx3-ubyte.gz", &packed(&SMALL));
        write("t10k-labels-idx1-ubyte", &[0, 0, 8, 1, 0, 0, 0, 2, 7, 5]);
        let listing = Listing::of_folder(temporary.path()).unwrap();
        assert_eq!(splits(&listing).unwrap(), ["t10k"]);
        let samples = read(&listing, "test", usize::MAX).unwrap();
        assert_eq!(
            samples,
            [
                Sample::values("0", &[3], vec![1, 2, 3]).labelled(7),
                Sample::values("1", &[3], vec![4, 5, 6]).labelled(5),
            ]
        );
        assert_eq!(read(&listing, "train", usize::MAX).unwrap(), []);
        write("t10k-labels-idx1-ubyte", &[0, 0, 8, 1, 0, 0, 0, 3, 7, 5, 5]);
        let said = read(&listing, "test", usize::MAX).unwrap_err().to_string();
        assert!(said.contains("t10k-labels-idx1-ubyte: 3 labels for 2 samples"), "{said}");
        write("t10k-images-idx3-ubyte.gz", &SMALL[..15]);
        let said = read(&listing, "test", usize::MAX).unwrap_err().to_string();
        assert!(said.contains("t10k-images-idx3-ubyte.gz"), "{said}");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(dimensions in prop::collection::vec(0_u8..6, 1..=4), seed: u8) {
            let lengths: Vec<usize> = dimensions.iter().map(|dimension| usize::from(*dimension)).collect();
            let values: Vec<u8> = (0..lengths.iter().product()).map(|at: usize| at.to_le_bytes()[0] ^ seed).collect();
            let mut bytes = vec![0, 0, 8, u8::try_from(dimensions.len()).unwrap()];
            bytes.extend(dimensions.iter().flat_map(|dimension| u32::from(*dimension).to_be_bytes()));
            bytes.extend(&values);
            prop_assert_eq!(parse(&bytes[..]).unwrap(), Idx { dimensions: lengths, values });
        }

        #[test]
        fn cut_and_longer_files_are_refused(cut in 0..SMALL.len(), more in prop::collection::vec(any::<u8>(), 1..9)) {
            let whole = packed(&SMALL);
            prop_assert!(parse(&SMALL[..cut]).is_err());
            prop_assert!(parse(&whole[..whole.len() * cut / SMALL.len()]).is_err());
            prop_assert!(parse(&[&SMALL, &more[..]].concat()[..]).is_err());
            prop_assert!(parse(&[&whole, &more[..]].concat()[..]).is_err());
        }

        #[test]
        fn random_bytes_do_not_panic(
            start in prop::sample::select(vec![&[][..], &[0, 0], &[0, 0, 8], &[0, 0, 8, 1, 0, 0, 0], &GZIP_MAGIC]),
            bytes in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            let bytes = [start, &bytes].concat();
            if let Ok(read) = parse(&bytes[..]) {
                prop_assert_eq!(read.values.len(), read.dimensions.iter().product::<usize>());
            }
        }

        #[test]
        fn a_damaged_packed_file_does_not_panic(at in 0_usize..1000, byte: u8) {
            let mut bytes = packed(&SMALL);
            let at = at % bytes.len();
            bytes[at] = byte;
            let _read_or_refused = parse(&bytes[..]);
        }
    }
}
