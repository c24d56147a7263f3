//! The host's side of an open Loihi: builds networks, drives devices, runs experiments, records what came out.
//!
//! Two inputs that must fire together for a neuron to spike:
//!
//! ```
//! use host_harness::prelude::*;
//!
//! let mut network = Network::new("coincidence");
//! let pair = network.input("pair", 2);
//! let both = network.population(Population::new("both", 1).decay_v(512).v_th(100));
//! network.connect(Connection::new(pair, both, [60, 60]));
//!
//! let mut runner = Runner::new(network, InProcess::default())?;
//! assert!(runner.step(&[(0, 0)])?.is_empty(), "one alone");
//! runner.rest();
//! assert_eq!(runner.step(&[(0, 0), (0, 1)])?.len(), 1);
//! # Ok::<(), RunnerError>(())
//! ```
//!
//! Everything is in crates of its own, each of use alone; this one has them all under one name, from the ground up:
//!
//! | here | crate | its one job |
//! |---|---|---|
//! | [`npy`], [`npz`] | `loihi-files` | arrays in files |
//! | `h5` | `loihi-hdf5` | HDF5 files |
//! | [`data`] | `loihi-data` | samples: formats, data sets |
//! | [`fetch`] | `loihi-fetch` | data sets, downloaded, checked and unpacked |
//! | [`encode`] | `loihi-encode` | samples as spikes |
//! | `adjoint` | `loihi-adjoint` | compartments for many samples at once, forward and backward |
//! | [`augment`] | `loihi-augment` | samples that are moved at random |
//! | [`image`], [`limits`], [`rule`] | `loihi-image` | images, register by register |
//! | [`network`], [`probe`], [`draw`] | `loihi-net` | networks: built, or from a TOML file |
//! | [`snip`] | `loihi-snip` | programs of the embedded CPU in networks |
//! | [`place`], [`neuron_map`] | `loihi-place` | networks on cores |
//! | [`twin`] | `loihi-twin` | learning rules in double precision |
//! | [`boards`] | `loihi-boards` | the boards that have a firmware |
//! | [`device`] | `loihi-device` | requests to a chip in this process, or behind a line |
//! | [`plant`] | `loihi-plant` | plants: what a network senses and moves |
//! | [`runner`], [`inference`], [`record`], [`samples`] | `loihi-run` | a placed network on a device, sample by sample; the run folder |
//! | [`task`] | `loihi-task` | what a network file asks of a run, and what comes out |
//! | [`learn`] | `loihi-learn` | networks that learn online, one sample at a time |
//! | [`infer`] | `loihi-infer` | networks that were trained elsewhere, on samples |
//! | `train` | `loihi-train` | networks trained offline, in the chip's integers |
//! | `convert` | `loihi-convert` | networks of rectified units as spiking ones |
//! | [`experiment`] | `loihi-experiments` | the built-in experiments |
//! | [`sweep`] | `loihi-sweep` | grids over the values of a TOML file, and the table of what came out |
//! | `nir`, `import` | `loihi-nir` | NIR files |
//! | `nirdata` | `loihi-nirdata` | run folders as NIRData |
//! | `quantise`, `lava_dl`, `head` | `loihi-import` | networks of real numbers in the chip's integers |
//! | [`conform`] | `loihi-testkit` | recorded vectors, replayed |
//! | [`bench`](mod@bench) | `loihi-bench` | whole networks, timed on this host |
//! | [`cost`] | `loihi-cost` | what a run costs on the chip |
//! | [`show`], [`report`], `view` | `loihi-show` | what data are; a run folder as one HTML file; a run in the terminal |
//! | (the command) | `loihi-terminal` | what the command prints, its progress, and how it is stopped |
//! | (the command) | `loihi-args` | what its arguments name: networks, samples, devices, runs |

pub mod prelude;

#[cfg(feature = "train")]
pub use loihi_adjoint as adjoint;
pub use loihi_augment as augment;
pub use loihi_bench as bench;
pub use loihi_boards as boards;
#[cfg(feature = "train")]
pub use loihi_convert as convert;
pub use loihi_cost as cost;
pub use loihi_data as data;
pub use loihi_device as device;
pub use loihi_encode as encode;
pub use loihi_experiments as experiment;
pub use loihi_fetch as fetch;
pub use loihi_files::choice::Choice;
pub use loihi_files::{atomic_file, npy, npz, whole};
#[cfg(feature = "hdf5")]
pub use loihi_hdf5 as h5;
pub use loihi_image::{image, limits, rule};
#[cfg(feature = "hdf5")]
pub use loihi_import::{head, lava_dl, quantise};
pub use loihi_infer as infer;
pub use loihi_learn as learn;
pub use loihi_net::{draw, network, probe};
#[cfg(feature = "hdf5")]
pub use loihi_nir::{self as nir, import};
#[cfg(feature = "hdf5")]
pub use loihi_nirdata as nirdata;
pub use loihi_place::{neuron_map, place};
pub use loihi_plant as plant;
pub use loihi_run::{inference, record, runner, samples};
pub use loihi_show::report;
pub use loihi_show::samples as show;
#[cfg(feature = "view")]
pub use loihi_show::view;
pub use loihi_snip as snip;
pub use loihi_sweep as sweep;
pub use loihi_task as task;
pub use loihi_testkit as conform;
#[cfg(feature = "train")]
pub use loihi_train as train;
pub use loihi_twin as twin;
