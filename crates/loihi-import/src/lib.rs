//! Networks of real numbers in the integers of a Loihi chip.
//!
//! ```
//! use loihi_import::quantise::{Exporter, quantise};
//! use loihi_nir::import::Fidelity;
//! use std::path::Path;
//!
//! # let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/mnist_fc128.nir");
//! let graph = loihi_nir::read(Path::new(file))?;
//! // What files leave open is settled by who wrote them.
//! let imported = quantise(&graph, "mnist", Exporter::Snntorch.options())?;
//! assert_eq!(imported.fidelity(), Fidelity::Approximate);
//! println!("{}", imported.table());
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! imported.network.save(&folder.join("mnist.toml"))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A module uses only what stands above it, which a test keeps so:
//!
//! | module | its one job |
//! |---|---|
//! | [`quantise`] | networks of real numbers in the chip's integers |
//! | [`lava_dl`] | networks of lava-dl |
//! | [`head`] | a head that learns in the place of the last layer |

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod head;
pub mod lava_dl;
pub mod quantise;
