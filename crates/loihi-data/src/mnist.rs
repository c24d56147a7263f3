//! MNIST, handwritten digits, and Fashion-MNIST, clothes: each 60,000 training images and 10,000 test images,
//! 28 × 28 pixels of 0 to 255.

use super::folder::data_folder;
use super::idx::{self, Idx};
use super::{DataError, Dataset, LabelledValues};
use std::path::{Path, PathBuf};

/// Name of the digits, and of their folder.
pub const MNIST: &str = "mnist";
/// Name of the clothes, and of their folder.
pub const FASHION: &str = "fashion-mnist";
/// Rows and columns of an image.
pub const SIDE: usize = 28;
/// Values of a sample, row by row.
pub const INPUTS: u32 = 784;
/// Classes.
pub const CLASSES: u32 = 10;

/// Files of the data set: images and labels of the training set, then of the test set.
pub const FILES: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];
/// The same, packed by gzip.
pub const PACKED_FILES: [&str; 4] = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
];

/// Reads [`MNIST`] or [`FASHION`] from a folder, or from the one that `loihi data get` fetches into.
///
/// The files may lie in the folder or in its folder of that name, plain or packed by gzip with `.gz` at their names' ends.
///
/// # Errors
/// [`DataError`] says what is missing or wrong, and what to do.
pub fn dataset(name: &'static str, data: Option<&Path>) -> Result<Dataset, DataError> {
    let folder = data_folder(data)?;
    let found = [folder.join(name), folder.clone()].iter().find_map(|place| files(place));
    let Some([learn_images, learn_labels, test_images, test_labels]) = found else {
        return Err(missing(name, folder, data));
    };
    let learn = samples(name, &learn_images, &learn_labels)?;
    let test = samples(name, &test_images, &test_labels)?;
    Ok(Dataset { name, inputs: INPUTS, classes: CLASSES, learn, test })
}

fn missing(name: &'static str, folder: PathBuf, data: Option<&Path>) -> DataError {
    let get = match data {
        Some(given) => format!("loihi data get {name} --data {}", given.display()),
        None => format!("loihi data get {name}"),
    };
    DataError::Missing { name, folder, get }
}

/// The four files, if all of them lie in a folder.
fn files(folder: &Path) -> Option<[PathBuf; 4]> {
    let find =
        |name: &str| [folder.join(name), folder.join(format!("{name}.gz"))].into_iter().find(|path| path.is_file());
    let [a, b, c, d] = FILES.map(find);
    Some([a?, b?, c?, d?])
}

fn samples(name: &'static str, image_path: &Path, label_path: &Path) -> Result<Vec<LabelledValues>, DataError> {
    let images = idx::read(image_path)?;
    let labels = idx::read(label_path)?;
    let invalid = |path: &Path, array: &Idx, expected| DataError::Dimensions {
        path: path.to_owned(),
        name,
        found: array.dimensions.clone(),
        expected,
    };
    let [count, SIDE, SIDE] = images.dimensions[..] else {
        return Err(invalid(image_path, &images, "[any, 28, 28]"));
    };
    if labels.dimensions.len() != 1 {
        return Err(invalid(label_path, &labels, "[any]"));
    }
    if labels.values.len() != count {
        return Err(DataError::Count {
            sample_path: image_path.to_owned(),
            samples: count,
            label_path: label_path.to_owned(),
            labels: labels.values.len(),
        });
    }
    if let Some(number) = labels.values.iter().position(|label| u32::from(*label) >= CLASSES) {
        let label = labels.values[number];
        return Err(DataError::Label { path: label_path.to_owned(), number, label, classes: CLASSES });
    }
    let images = images.values.chunks_exact(SIDE * SIDE);
    Ok(images
        .zip(&labels.values)
        .map(|(image, label)| LabelledValues { values: image.to_vec(), label: *label })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::fs;
    use std::io::Write as _;

    fn array(dimensions: &[u32], values: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, 8, u8::try_from(dimensions.len()).unwrap()];
        bytes.extend(dimensions.iter().flat_map(|dimension| dimension.to_be_bytes()));
        bytes.extend(values);
        bytes
    }

    /// Three training images, one test image.
    fn contents() -> [Vec<u8>; 4] {
        let images: Vec<u8> = (0..3_u8).flat_map(|number| [number; 784]).collect();
        [array(&[3, 28, 28], &images), array(&[3], &[9, 0, 4]), array(&[1, 28, 28], &[255; 784]), array(&[1], &[7])]
    }

    fn write(folder: &Path, contents: &[Vec<u8>; 4]) {
        fs::create_dir_all(folder).unwrap();
        for (name, bytes) in FILES.iter().zip(contents) {
            fs::write(folder.join(name), bytes).unwrap();
        }
    }

    #[test]
    fn it_is_read_from_the_folder_or_from_the_one_within_plain_or_packed() {
        let temporary = tempfile::tempdir().unwrap();
        let (own, flat, packed) =
            (temporary.path().join("own"), temporary.path().join("flat"), temporary.path().join("packed"));
        write(&own.join("mnist"), &contents());
        write(&flat, &contents());
        fs::create_dir_all(&packed).unwrap();
        for (name, bytes) in FILES.iter().zip(contents()) {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&bytes).unwrap();
            fs::write(packed.join(format!("{name}.gz")), encoder.finish().unwrap()).unwrap();
        }
        let read = dataset(MNIST, Some(&own)).unwrap();
        assert_eq!((read.inputs, read.classes, read.learn.len(), read.test.len()), (784, 10, 3, 1));
        assert_eq!(read.learn[2], LabelledValues { values: vec![2; 784], label: 4 });
        assert_eq!(read.test[0], LabelledValues { values: vec![255; 784], label: 7 });
        assert_eq!(dataset(MNIST, Some(&flat)).unwrap(), read);
        assert_eq!(dataset(MNIST, Some(&packed)).unwrap(), read);
    }

    #[test]
    fn what_is_missing_is_said_with_the_command_that_gets_it() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path();
        write(&folder.join("mnist"), &contents());
        fs::remove_file(folder.join("mnist").join(FILES[3])).unwrap();
        let said = dataset(MNIST, Some(folder)).unwrap_err().to_string();
        assert!(said.contains(&format!("`loihi data get mnist --data {}`", folder.display())), "{said}");
    }

    #[test]
    fn files_that_do_not_fit_are_named() {
        let cases: [(usize, Vec<u8>, &str); 5] = [
            (0, array(&[3, 28, 27], &[0; 3 * 28 * 27]), "train-images-idx3-ubyte: the dimensions are [3, 28, 27]"),
            (1, array(&[3, 1], &[1, 2, 3]), "train-labels-idx1-ubyte: the dimensions are [3, 1]"),
            (1, array(&[2], &[1, 2]), "2 labels for the 3 samples"),
            (3, array(&[1], &[10]), "label 0 is 10, but the classes are 0 to 9"),
            (2, array(&[1, 28, 28], &[0; 700]), "t10k-images-idx3-ubyte, byte 716: the file ends after 700 of 784"),
        ];
        for (at, bytes, part) in cases {
            let temporary = tempfile::tempdir().unwrap();
            let mut contents = contents();
            contents[at] = bytes;
            write(temporary.path(), &contents);
            let said = dataset(MNIST, Some(temporary.path())).unwrap_err().to_string();
            assert!(said.contains(part), "{part}: {said}");
        }
    }
}
