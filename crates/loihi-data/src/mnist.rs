//! MNIST, handwritten digits, and Fashion-MNIST, clothes: each 60,000 training images and 10,000 test images,
//! 28 × 28 pixels of 0 to 255.

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
