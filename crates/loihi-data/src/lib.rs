//! Samples for spiking networks: read from files of many formats and from data sets with names.
//!
//! [`open`] is the one door: it takes the name of a data set, a file, an archive or a folder.
//!
//! ```
//! use loihi_data::{DataOptions, open};
//!
//! let digits = open("digits", &DataOptions::default())?;
//! let samples = digits.samples("test", 10)?;
//! assert_eq!((samples.len(), samples[0].label), (10, Some(8)));
//! // Values of 0 to 255, of 8 rows and 8 columns.
//! assert_eq!(samples[0].flat().map(<[u8]>::len), Some(64));
//! # Ok::<(), loihi_data::DataError>(())
//! ```
//!
//! A sample has values of 0 to 255 or events of a sensor, and may have a class. For learning online it can have more:
//!
//! | what | in `.npz` | in CSV |
//! |---|---|---|
//! | targets, [`Sample::targets`] | `y` or `targets`, of real numbers or `[samples, k, ...]` | the columns `target` and `target_...` |
//! | a stage, [`Sample::stage`] | the array that [`DataOptions::stage_column`] names | the column that it names |
//! | real numbers, [`SampleData::Reals`] | with [`DataOptions::reals`] all values, not scaled | the same |
//!
//! A number that is not finite is an error with its row and column. [`Collection::divided`] makes a training set and a test
//! set; of a series in time, which has targets and no classes, the end is tested.
//!
//! A format is a constant in the file of its reader and a row of [`FORMATS`]; what a program is built without is still
//! recognised, and its error names the feature.
//!
//! | feature | for |
//! |---|---|
//! | `audio` | sounds |
//! | `hdf5` | the Heidelberg data sets |

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod aedat;
mod aedat2;
mod aedat4;
mod answers;
pub mod arrays;
mod cell;
pub mod cifar;
#[cfg(feature = "hdf5")]
pub mod cochlea;
mod collection;
mod columns;
pub mod digits;
mod error;
pub mod events;
mod evt;
mod files;
pub mod five_bytes;
pub mod folder;
mod format;
mod formats;
pub mod idx;
mod labels;
mod legend;
mod listing;
#[cfg(feature = "audio")]
pub mod mel;
pub mod mnist;
mod options;
pub mod package;
pub mod poisson;
pub mod prophesee;
pub mod records;
mod sample;
mod scale;
mod sets;
mod shd;
mod split;
pub mod table;
mod wav;

pub use collection::{Collection, open};
pub use error::{DataError, FormatError, Position};
pub use format::{Content, Format, Read};
pub use formats::format_of;
pub use labels::classes_missing;
pub use legend::{Headings, Legend};
pub use options::DataOptions;
pub use sample::{Sample, SampleData, rescale};
pub use scale::Scale;
pub use sets::{DATA_SETS, DataSet, Origin};
pub use split::{Divided, Sets};

/// All formats of files; a file is of the first that its name fits. A new format is a file with its reader, and two lines here:
/// its module and its row.
pub const FORMATS: &[Format] = &[
    idx::FORMAT,
    cifar::FORMAT,
    five_bytes::BS2,
    five_bytes::BIN,
    aedat::FORMAT,
    prophesee::RAW,
    prophesee::DAT,
    wav::FORMAT,
    arrays::FORMAT,
    table::FORMAT,
    shd::FORMAT,
];
