//! What a network file asks of a run, and what comes out.
//!
//! A module uses only what stands above it, which a test keeps so:
//!
//! | module | its one job |
//! |---|---|
//! | [`metrics`] | figures of a run by their names |
//! | [`observer`] | who follows a run, and what it is told |
//! | [`names`] | names that a network file gives to figures and columns |
//! | [`by_row`] | numbers of the rows of an input or a population |
//! | [`spikes`] | when inputs spike in a trial |
//! | [`measure`] | what of the learned weights is reported |
//! | [`task`] | what runs, how, and what comes out |
//! | [`sizes`] | sizes held to what there can be |
//! | [`signal_figures`] | figures of a signal that a network gives |
//! | [`settings`] | what a network file says of a run |
//! | [`sets`] | samples to learn from and to test on, as they are read and scaled |
//! | [`sample_hash`] | hashes of samples |
//! | [`samples`] | a training set and a test set of samples of any kind |
//! | [`stage`] | a part of a run: what it learns or tests |

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod by_row;
pub mod measure;
pub mod metrics;
pub mod names;
pub mod observer;
pub mod sample_hash;
pub mod samples;
pub mod sets;
pub mod settings;
pub mod signal_figures;
pub mod sizes;
pub mod spikes;
pub mod stage;
pub mod task;

pub use metrics::{Metrics, figure};
pub use observer::{Answer, MetricsRow, NoObserver, Observer, Running};
pub use task::{ExperimentError, FigureTable, Outcome, RunOptions, Task, conclude, mailbox, restore};
